//! The report as a file: size, shape, safety, and that it opens on any data.

mod synthetic;

use ravine_lab::comparison::{Comparison, End};
use ravine_lab::report::{SIZE_LIMIT, html};
use ravine_lab::verdict::verdict;
use std::io::Read;

/// Elements of HTML that have no end tag.
const VOID: [&str; 4] = ["meta", "input", "br", "link"];

/// Goes through all tags and gives back the elements and attributes' text, checking that every element is closed in
/// order.
fn tags(html: &str) -> Vec<String> {
    let mut open: Vec<String> = Vec::new();
    let mut tags = Vec::new();
    let mut rest = html.split_once("<html").map(|(_, rest)| format!("<html{rest}")).unwrap();
    while let Some(start) = rest.find('<') {
        let end = start + rest[start..].find('>').expect("a tag that ends");
        let tag = rest[start + 1..end].to_owned();
        rest = rest[end + 1..].to_owned();
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(name), "after {:?}", tags.last());
            continue;
        }
        let name = tag.split([' ', '/']).next().unwrap().to_owned();
        assert!(name.chars().all(|c| c.is_ascii_alphanumeric()), "a strange tag: {tag}");
        // What stands in a script or style sheet is no markup.
        if name == "script" || name == "style" {
            let close = format!("</{name}>");
            rest = rest[rest.find(&close).expect("an end") + close.len()..].to_owned();
        } else if !tag.ends_with('/') && !VOID.contains(&name.as_str()) {
            open.push(name);
        }
        tags.push(tag);
    }
    assert!(open.is_empty(), "left open: {open:?}");
    tags
}

fn check(html: &str) -> Vec<String> {
    let tags = tags(html);
    for tag in &tags {
        for attribute in [" src=", " style=", " onclick=", " onload=", "xlink"] {
            assert!(!tag.contains(attribute), "{tag}");
        }
        if let Some((_, link)) = tag.split_once(" href=\"") {
            assert!(link.starts_with('#') || link.starts_with("data:"), "{}", &link[..link.len().min(80)]);
        }
        if let Some((_, rest)) = tag.split_once(" d=\"") {
            let path = rest.split('"').next().unwrap();
            assert!(!path.contains("NaN") && !path.contains("inf"), "{tag}");
        }
    }
    // The letters of packed data may spell anything.
    let text: String =
        html.split("base64,").map(|part| part.split_once("\">").map_or(part, |p| p.1)).collect();
    for word in ["NaN", "http://", "https://", "@import", "url(h"] {
        assert!(!text.contains(word), "{word}");
    }
    tags
}

#[test]
fn a_full_report_is_small_whole_and_closed_to_the_network() {
    for comparison in [synthetic::comparison(10), synthetic::two_workloads(10)] {
        let html = html(&comparison);
        assert!(html.len() < SIZE_LIMIT, "{} bytes", html.len());
        let tags = check(&html);
        assert!(html.contains("default-src 'none'") && html.contains("script-src 'sha256-"));
        let mut ids: Vec<&str> = tags
            .iter()
            .filter_map(|tag| tag.split_once(" id=\"").or(tag.split_once("clipPath id=\"")))
            .map(|(_, rest)| rest.split('"').next().unwrap())
            .collect();
        let all = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), all, "an id is used twice");
        for tag in tags.iter().filter(|tag| tag.contains(" href=\"#")) {
            let target = tag.split_once(" href=\"#").unwrap().1.split('"').next().unwrap();
            assert!(ids.contains(&target), "{target} is linked but not there");
        }
    }
}

#[test]
fn every_claim_and_its_trials_are_on_the_page() {
    let comparison = synthetic::comparison(10);
    let html = html(&comparison);
    let verdict = verdict(&comparison.workloads[0]);
    let plain: String = {
        let mut out = String::new();
        let mut inside = false;
        for c in html.chars() {
            match c {
                '<' => inside = true,
                '>' => inside = false,
                c if !inside => out.push(c),
                _ => {}
            }
        }
        out
    };
    for (i, claim) in verdict.claims.iter().enumerate() {
        let text = claim.text.strip_prefix("For digits-mlp: u").unwrap_or(&claim.text);
        assert!(plain.contains(text), "{text}");
        assert!(html.contains(&format!("href=\"#w0-n{i}\"")) && html.contains(&format!("id=\"w0-n{i}\"")));
    }
    for word in [
        "rmsprop with constant (4 of 10)",
        "none of them used for tuning",
        "Welch",
        "Holm",
        &comparison.plan_hash,
    ] {
        assert!(html.contains(word), "{word}");
    }
}

#[test]
fn text_from_outside_does_no_harm() {
    let evil = "<b>\"x\"</script><script>alert(1)</script>&'\u{0}";
    let mut comparison = synthetic::two_workloads(3);
    comparison.command = evil.into();
    comparison.machine = evil.into();
    comparison.tuning.search = evil.into();
    comparison.version = evil.into();
    comparison.started = evil.into();
    comparison.plan_hash = evil.into();
    for workload in &mut comparison.workloads {
        for text in
            [&mut workload.name, &mut workload.title, &mut workload.metric, &mut workload.target_reason]
        {
            *text = evil.into();
        }
        for arm in &mut workload.arms {
            arm.optimizer = format!("{}{evil}", arm.optimizer);
            arm.schedule = format!("{}{evil}", arm.schedule);
            for layer in arm.runs.iter_mut().flat_map(|r| &mut r.curve).flat_map(|p| &mut p.layers) {
                layer.name += evil;
            }
        }
    }
    let html = html(&comparison);
    check(&html);
    assert!(!html.contains("<b>\"x\"") && !html.contains("<script>alert") && !html.contains('\u{0}'));
    assert!(html.contains("&lt;b&gt;&quot;x&quot;"));
}

#[test]
fn it_opens_on_any_data() {
    let whole = synthetic::two_workloads(4);
    let mut cases: Vec<(&str, Comparison)> = vec![("one seed", synthetic::comparison(1))];
    let mut add = |name, change: &dyn Fn(&mut Comparison)| {
        let mut comparison = whole.clone();
        change(&mut comparison);
        cases.push((name, comparison));
    };
    add("no workloads", &|c| c.workloads.clear());
    add("no arms", &|c| c.workloads.iter_mut().for_each(|w| w.arms.clear()));
    add("no runs", &|c| c.workloads.iter_mut().flat_map(|w| &mut w.arms).for_each(|arm| arm.runs.clear()));
    add("no tuning", &|c| {
        c.workloads.iter_mut().flat_map(|w| &mut w.arms).for_each(|arm| arm.tuning.clear())
    });
    add("one arm", &|c| c.workloads.iter_mut().for_each(|w| w.arms.truncate(1)));
    let runs = |c: &mut Comparison, change: &dyn Fn(&mut ravine_lab::comparison::Run)| {
        c.workloads.iter_mut().flat_map(|w| &mut w.arms).flat_map(|arm| &mut arm.runs).for_each(change);
    };
    add("all diverged", &|c| {
        runs(c, &|run| {
            (run.end, run.validation, run.test, run.steps_to_target) = (End::Diverged, None, None, None)
        });
    });
    add("no curves", &|c| runs(c, &|run| run.curve.clear()));
    add("nothing reached", &|c| runs(c, &|run| (run.steps_to_target, run.seconds_to_target) = (None, None)));
    add("all the same", &|c| runs(c, &|run| (run.validation, run.test) = (Some(0.5), Some(0.5))));
    add("not numbers", &|c| {
        runs(c, &|run| {
            run.seconds = f64::NAN;
            run.curve.iter_mut().for_each(|p| {
                (p.validation, p.train_loss, p.seconds) = (f64::NAN, f64::INFINITY, f64::NEG_INFINITY);
                p.layers.iter_mut().for_each(|l| (l.grad_norm, l.update_ratio) = (f64::NAN, f64::INFINITY));
            });
        });
        c.seconds = f64::INFINITY;
        for arm in c.workloads.iter_mut().flat_map(|w| &mut w.arms) {
            (arm.lr, arm.lr_works) = (f64::NAN, [0.0, f64::INFINITY]);
        }
    });
    add("huge values", &|c| {
        runs(c, &|run| (run.validation, run.test) = (Some(1e300), Some(-1e300)));
        c.workloads.iter_mut().for_each(|w| (w.target, w.split) = (1e300, [0, 0, 0]));
    });
    for (name, comparison) in cases {
        let html = html(&comparison);
        tags(&html);
        assert!(html.len() < SIZE_LIMIT, "{name}");
        for path in html.split(" d=\"").skip(1).map(|rest| rest.split('"').next().unwrap()) {
            assert!(!path.contains("NaN") && !path.contains("inf"), "{name}: {path}");
        }
        match name {
            "no workloads" => assert!(html.contains("no workloads")),
            "no runs" | "no arms" => {
                assert!(html.contains("There are no runs, so nothing can be recommended."))
            }
            "all diverged" => assert!(html.contains("runs failed, so nothing can be recommended.")),
            "one seed" => assert!(html.contains("one run gives no interval")),
            _ => {}
        }
    }
}

#[test]
fn large_comparisons_lose_detail_rather_than_shape() {
    let mut comparison = synthetic::comparison(10);
    for run in comparison.workloads[0].arms.iter_mut().flat_map(|arm| &mut arm.runs) {
        let point = run.curve[0].clone();
        for step in 1000..1400 {
            let mut next = point.clone();
            (next.step, next.validation) = (step, (step as f64).sin().abs());
            run.curve.push(next);
        }
    }
    let html = html(&comparison);
    check(&html);
    assert!(html.len() < SIZE_LIMIT, "{} bytes", html.len());
    assert!(html.contains("download=\"runs.csv\""));
}

#[test]
fn the_data_can_be_taken_from_the_page() {
    let comparison = synthetic::comparison(10);
    let html = html(&comparison);
    let link = |kind: &str| {
        let rest = html.split_once(kind).expect("a link").1;
        base64(rest.split('"').next().unwrap())
    };
    let csv = String::from_utf8(link("data:text/csv;charset=utf-8;base64,")).unwrap();
    assert_eq!(csv.lines().count(), 1 + 150);
    assert!(
        csv.lines().any(|line| line.starts_with("digits-mlp,rmsprop,constant,0.001,61,1,diverged,,,")),
        "{csv}"
    );
    let mut json = String::new();
    let packed = link("data:application/gzip;base64,");
    flate2::read::GzDecoder::new(packed.as_slice()).read_to_string(&mut json).unwrap();
    let value: serde_json::Value = serde_json::from_str(&json).unwrap();
    let runs = &value["workloads"][0]["arms"][0]["runs"];
    assert_eq!(runs.as_array().unwrap().len(), 10);
    assert_eq!(runs[0]["curve"].as_array().unwrap().len(), 20);
    assert_eq!(runs[3]["test"].as_f64(), comparison.workloads[0].arms[0].runs[3].test);
}

fn base64(text: &str) -> Vec<u8> {
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut bits, mut count, mut out) = (0u32, 0, Vec::new());
    for digit in text.bytes().filter_map(|b| alphabet.bytes().position(|a| a == b)) {
        (bits, count) = (bits << 6 | digit as u32, count + 6);
        if count >= 8 {
            count -= 8;
            out.push((bits >> count) as u8);
        }
    }
    out
}

#[test]
fn the_same_comparison_gives_the_same_page() {
    let comparison = synthetic::two_workloads(3);
    assert_eq!(html(&comparison), html(&comparison));
}

//! `ravine schedule`, and specs in TOML files.

use crate::command::{Ran, csv, finish, ravine, run};
use ravine::schedules;
use std::fs;
use std::path::Path;

fn ask(arguments: &[&str]) -> Ran {
    run(&std::env::temp_dir(), &[&["schedule"], arguments].concat())
}

/// The cells of the lines of a table, which is below the picture, that begin with a number.
fn table(text: &str) -> Vec<Vec<&str>> {
    let lines = text.lines().skip_while(|line| !line.starts_with('\u{2500}'));
    let rows = lines.map(|line| line.split_whitespace().collect::<Vec<_>>());
    rows.filter(|row| row.first().is_some_and(|cell| cell.parse::<u64>().is_ok())).collect()
}

/// Whether there are dots of a picture in it.
fn is_drawn(text: &str) -> bool {
    text.contains(|letter| ('\u{2801}'..='\u{28ff}').contains(&letter))
}

#[test]
fn csv_and_json_give_the_engines_numbers_at_every_step() {
    let specs = ["cosine:warmup=5%,min=1e-5", "constant for 50% then cosine", "linear * step", "one-cycle"];
    let more = ["--steps=40", "--lr=0.3"];
    let rows = csv(&ask(&[&specs[..], &more, &["--format=csv"]].concat()).well().stdout);
    assert_eq!((rows.len(), &rows[0][..].join(" ")[..]), (1 + 4 * 40, "schedule step lr momentum"));
    let everything = ask(&[&specs[..], &more, &["--format=json"]].concat()).well().json();
    assert_eq!((&everything["steps"], &everything["base"]), (&40.into(), &0.3.into()));
    for (n, spec) in specs.iter().enumerate() {
        let engine = schedules::parse(spec, 40).unwrap();
        let values = &everything["schedules"][n];
        assert_eq!((&values["spec"], &values["reads_as"]), (&(*spec).into(), &engine.spec().into()));
        assert_eq!(values["momentum"].is_null(), engine.momentum(0).is_none());
        for step in 0..40 {
            let row = &rows[1 + 40 * n + step];
            let lr = engine.lr(0.3, step as u64);
            assert_eq!((&*row[0], &*row[1], row[2].parse()), (*spec, &*step.to_string(), Ok(lr)));
            assert_eq!(row[3].parse().ok(), engine.momentum(step as u64));
            assert_eq!((&values["at"][step], values["lr"][step].as_f64()), (&step.into(), Some(lr)));
            assert_eq!(values["momentum"][step].as_f64(), engine.momentum(step as u64));
        }
    }
}

#[test]
fn the_table_shows_where_something_happens() {
    let text = ask(&["cosine:steps=1000,warmup=50,min=1e-5"]).well().stdout;
    let rows = table(&text);
    assert_eq!((rows.len(), &rows[0], &rows[1]), (12, &vec!["0", "2e-3"], &vec!["49", "0.1"]), "{text}");
    assert_eq!(rows[11][0], "1049", "as long as the schedule says");
    assert!(
        text.contains(
            "\ncosine:steps=1000,warmup=50,min=1e-5 reads as cosine:steps=1000,min=1e-5,warmup=50\n"
        )
    );
    assert!(!text.contains('\u{1b}') && is_drawn(&text), "{text}");
    let text = ask(&["one-cycle,step", "--steps=100", "--at=29,1000,0"]).well().stdout;
    let rows = table(&text);
    assert_eq!(
        rows,
        [["29", "0.1", "0.85", "0.1"], ["1000", "4e-7", "0.95", "1e-30"], ["0", "4e-3", "0.95", "0.1"]]
    );
    assert_eq!(table(&ask(&["constant"]).well().stdout)[11], ["999", "0.1"], "no schedule says how long");
    let longest = ask(&["cosine:steps=20", "linear:steps=30,warmup=10", "step"]).well().stdout;
    assert_eq!(table(&longest)[11][0], "39");
}

#[test]
fn a_run_of_any_length_is_sampled() {
    for steps in ["1000000000000", "18446744073709551615"] {
        let arguments = ["cosine", "sgdr:t_0=1", "cyclic", "--steps", steps];
        let text = ask(&arguments).well().stdout;
        assert_eq!(table(&text).len(), 12, "{text}");
        let ran = ask(&[&arguments[..], &["--format=csv"]].concat());
        assert_eq!(ran.stderr, format!("note: of {steps} steps 10001 are given; --at names others\n"));
        let rows = csv(&ran.stdout);
        assert_eq!((ran.code, rows.len()), (Some(0), 1 + 3 * 10_001));
        assert_eq!(rows[10_001][1].parse::<u64>().unwrap(), steps.parse::<u64>().unwrap() - 1);
    }
    ask(&["cosine", "--steps=1000000000000", "--format=csv", "--at=7"]).well();
    let one = table(&ask(&["cosine", "--steps=1"]).well().stdout).len();
    assert_eq!(one, 1);
}

#[test]
fn what_makes_no_sense_is_refused() {
    let refused = |arguments: &[&str], words: &[&str]| {
        ask(arguments).refused(2, words);
    };
    refused(
        &["cosine:stepz=3"],
        &["cosine has no 'stepz' (did you mean 'steps'?)", "min_factor", "warmup_shape"],
    );
    refused(&["cosin"], &["unknown schedule 'cosin' (did you mean 'cosine'?)", "one-cycle"]);
    refused(&["cosine * plateau:patience=3"], &["'plateau:patience=3'", "listens to a metric"]);
    refused(&["cosine then step"], &["'cosine' needs a length"]);
    refused(&[","], &["no schedule"]);
    refused(&[], &["<SPEC>"]);
    for steps in ["0", "-1", "1e12", "x", "99999999999999999999"] {
        refused(&["cosine", "--steps", steps], &["--steps", steps, "whole number, 1 or more"]);
    }
    for lr in ["0", "-1", "nan", "inf", "x"] {
        refused(&["cosine", "--lr", lr], &["--lr", lr, "a number above 0"]);
    }
    refused(&["cosine", "--at", "3,-1"], &["--at", "'-1'", "whole number"]);
    for (option, value) in
        [("--width", "199"), ("--height", "4001"), ("--theme", "blue"), ("--format", "svg")]
    {
        refused(&["cosine", option, value], &[option, value]);
    }
}

#[test]
fn pictures_are_whole_or_absent() {
    let folder = tempfile::tempdir().unwrap();
    let ask =
        |arguments: &[&str]| run(folder.path(), &[&["schedule", "cosine,one-cycle"], arguments].concat());
    let text = ask(&["--svg=new/a.svg", "--png=a.png", "--width=600", "--height=300"]).well().stdout;
    assert!(text.ends_with("\nPicture: new/a.svg\nPicture: a.png\n"), "{text}");
    let svg = fs::read_to_string(folder.path().join("new/a.svg")).unwrap();
    assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"), "{svg}");
    assert!(svg.contains("600") && svg.contains("one-cycle") && svg.contains("light-dark("));
    let png = fs::read(folder.path().join("a.png")).unwrap();
    assert!(png.starts_with(b"\x89PNG") && png.ends_with(b"IEND\xaeB`\x82"));
    assert_eq!([&png[16..20], &png[20..24]], [1200_u32.to_be_bytes(), 600_u32.to_be_bytes()]);
    let data = ask(&["--svg=dark.svg", "--theme=dark", "--format=json"]).well();
    assert!(data.json().is_object(), "nothing but the data");
    let dark = fs::read_to_string(folder.path().join("dark.svg")).unwrap();
    assert!(!dark.contains("light-dark("));
    ask(&["--svg=a.png/b.svg"]).refused(1, &["cannot write a.png/b.svg"]);
    fs::create_dir(folder.path().join("c.svg")).unwrap();
    ask(&["--svg=c.svg"]).refused(1, &["cannot write c.svg"]);
    ask(&["--svg=d.svg", "--steps=0"]).refused(2, &["--steps"]);
    let mut names: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["a.png", "c.svg", "dark.svg", "new"]);
}

#[cfg(unix)]
#[test]
fn a_device_is_written_to_and_stays_one() {
    use std::os::unix::fs::FileTypeExt;
    let text = ask(&["cosine", "--format=csv", "--at=0", "--svg=/dev/null"]).well().stdout;
    assert_eq!(csv(&text).len(), 2);
    assert!(fs::metadata("/dev/null").unwrap().file_type().is_char_device());
}

const SPECS: &str = "
[schedule.slow]
name = \"cosine\"
steps = 60
warmup = \"5%\"
min = 1e-5

[schedule.\"two parts\"]
spec = \"constant for 50% then cosine\"

[optimizer.mine]
name = \"adam\"
betas = [0.9, 0.95]
";

fn write(folder: &Path, name: &str, text: &str) {
    fs::write(folder.join(name), text).unwrap();
}

#[test]
fn a_file_holds_specs() {
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| run(folder.path(), arguments);
    write(folder.path(), "specs.toml", SPECS);
    let same = |file: &str, text: &str| {
        let of = |specs: &str| run(&["schedule", specs, "--format=csv"]).well().stdout;
        assert_eq!(of(file), of(text));
    };
    same("@specs.toml#slow", "cosine:steps=60,warmup=5%,min=1e-5");
    same("step,@specs.toml", "step,cosine:steps=60,warmup=5%,min=1e-5,constant for 50% then cosine");
    same("@specs.toml#two parts", "constant for 50% then cosine");
    let few = [
        "compare",
        "-wiris-softmax",
        "--seeds=2",
        "--budget=1",
        "--tuning-seeds=1",
        "--epochs=1",
        "--format=json",
    ];
    let specs = ["--optimizers=@specs.toml,sgd", "--schedules=@specs.toml#slow"];
    let comparison = run(&[&few[..], &specs].concat()).well().json();
    let arms = &comparison["comparison"]["workloads"][0]["arms"];
    assert_eq!(
        (&arms[0]["optimizer"], &arms[1]["optimizer"]),
        (&"adam:betas=0.9/0.95".into(), &"sgd".into())
    );
    assert_eq!(arms[0]["schedule"], "cosine:steps=60,warmup=5%,min=1e-5");
}

#[test]
fn a_wrong_file_is_named_with_the_place() {
    let folder = tempfile::tempdir().unwrap();
    let ask = |spec: &str| run(folder.path(), &["schedule", spec]);
    ask("@no.toml").refused(1, &["cannot read no.toml"]);
    ask("@.").refused(1, &["cannot read .: "]);
    ask("@").refused(2, &["'@' names no file"]);
    write(folder.path(), "specs.toml", SPECS);
    ask("@specs.toml#fast").refused(2, &["specs.toml has no schedule 'fast'; it has: slow, two parts"]);
    ask("@specs.toml#mine").refused(2, &["specs.toml has no schedule 'mine'"]);
    for (text, words) in [
        (
            "[schedule.a]\nname = 'cosine'\nstepz = 3",
            &["a.toml, line 3: [schedule.a]: cosine has no 'stepz'", "steps, min"][..],
        ),
        (
            "[schedule.a]\nname = 'cosin'",
            &["a.toml, line 2: [schedule.a]: unknown schedule 'cosin' (did you mean"],
        ),
        ("[schedule.a]\nname = ", &["a.toml, line 2: "]),
        ("[schedules.a]\nname = 'cosine'", &["a.toml, line 1: unknown field `schedules`", "[schedule.mine]"]),
        ("", &["a.toml has no schedule", "[schedule.mine]"]),
    ] {
        write(folder.path(), "a.toml", text);
        ask("@a.toml").refused(2, words);
    }
    write(folder.path(), "large.toml", &"#".repeat(1 << 20));
    ask("@large.toml").refused(1, &["large.toml", "smaller than 1048576 bytes"]);
    fs::write(folder.path().join("b.toml"), [0xff, 0xfe]).unwrap();
    ask("@b.toml").refused(1, &["cannot read b.toml", "UTF-8"]);
}

#[test]
fn any_width_will_do() {
    for width in [1, 30, 80, 200] {
        let specs =
            ["schedule", "cosine:warmup=5%", "one-cycle", "constant for 50% then cosine", "--steps=90"];
        let text = finish(ravine(&specs).env("COLUMNS", width.to_string())).well().stdout;
        assert!(is_drawn(&text) && text.contains("one-cycle:steps=90"), "{text}");
        let widest = text.lines().map(|line| line.chars().count()).max().unwrap();
        assert!(widest <= width.max(44), "{width}: {text}");
    }
}

//! What is advised on made-up comparisons whose truth is known.

mod synthetic;

use ravine_lab::advice::{Advice, Basis, Sentence, Subject, advise};
use ravine_lab::comparison::{Arm, Comparison, End, Point, WorkloadResult};
use ravine_lab::report;
use ravine_lab::verdict::verdict;
use ravine_lab::workloads::Field;

/// A comparison with ten seeds on a workload of accuracy.
fn result() -> WorkloadResult {
    synthetic::comparison(10).workloads.remove(0)
}

fn about(result: &WorkloadResult) -> Advice {
    advise(&result.name, Field::Image, &[result])
}

fn recommended(result: &WorkloadResult) -> usize {
    verdict(result).recommended.unwrap()
}

/// The sentences on a subject, one text.
fn text(advice: &Advice, subject: Subject) -> String {
    let sentences = advice.sentences.iter().filter(|sentence| sentence.subject == subject);
    sentences.map(|sentence| &*sentence.text).collect::<Vec<_>>().join(" ")
}

#[track_caller]
fn says(advice: &Advice, subject: Subject, words: &[&str]) {
    let text = text(advice, subject);
    words.iter().for_each(|word| assert!(text.contains(word), "'{text}' does not say '{word}'"));
}

fn trials(sentence: &Sentence) -> Option<&[i64]> {
    match &sentence.basis {
        Basis::Runs { trials } => Some(trials),
        Basis::Prior { .. } => None,
    }
}

fn of_optimizer<'a>(
    result: &'a mut WorkloadResult,
    optimizer: &'a str,
) -> impl Iterator<Item = &'a mut Arm> + 'a {
    result.arms.iter_mut().filter(move |arm| arm.optimizer == optimizer)
}

/// The evaluation nearest to a tenth of the run.
const EARLY: usize = 2;

/// Sets what all runs of an optimizer have after a tenth of the steps, a little different from seed to seed.
fn set_early(result: &mut WorkloadResult, optimizer: &str, value: f64) {
    for run in of_optimizer(result, optimizer).flat_map(|arm| &mut arm.runs) {
        run.curve[EARLY].validation = value + 1e-3 * (run.seed as f64 - 5.5) / 5.0;
    }
}

#[test]
fn an_early_winner_and_a_final_one_are_told_apart() {
    let mut result = result();
    let winner = result.arms[recommended(&result)].optimizer.clone();
    assert_ne!(winner, "adagrad");
    set_early(&mut result, "adagrad", 0.98);
    let advice = about(&result);
    let end = format!("At the end it is {winner}: who stops early chooses otherwise.");
    says(
        &advice,
        Subject::Optimizer,
        &[&format!("Use {winner} with"), "After 10 % of the steps (60)", "adagrad leads: 0.980", &end],
    );
    // What leads early must be among what the sentence rests on.
    let early = advice.sentences.iter().find(|sentence| sentence.text.starts_with("After")).unwrap();
    let adagrad = result.arms.iter().filter(|arm| arm.optimizer == "adagrad").flat_map(|arm| &arm.runs);
    assert!(adagrad.map(|run| run.trial).any(|trial| trials(early).unwrap().contains(&trial)));

    // A winner that the test does not tell from the early one is no reason to run longer.
    let mut alike = result.clone();
    for arm in alike.arms.iter_mut().filter(|arm| arm.optimizer == "adagrad" || arm.optimizer == winner) {
        arm.runs.iter_mut().for_each(|run| run.test = Some(0.975 + 1e-4 * (run.seed % 3) as f64));
    }
    let end = format!("At the end it is {winner} by validation; the test does not confirm it.");
    says(&about(&alike), Subject::Optimizer, &["adagrad leads: 0.980", &end]);

    set_early(&mut result, "adagrad", 0.3);
    set_early(&mut result, &winner, 0.98);
    says(
        &about(&result),
        Subject::Optimizer,
        &[&format!("{winner} leads: 0.980"), "It leads at the end too."],
    );

    set_early(&mut result, "adagrad", 0.98);
    let text = text(&about(&result), Subject::Optimizer);
    assert!(text.contains("do not tell them apart") && !text.contains("chooses otherwise"), "{text}");
}

#[test]
fn a_tie_is_called_a_tie_and_ignorance_is_not() {
    let mut result = result();
    let arm = recommended(&result);
    let winner = result.arms[arm].optimizer.clone();
    let other = ["adam", "sgd:momentum=0.9"].into_iter().find(|name| *name != winner).unwrap();
    let text = |result: &WorkloadResult| text(&about(result), Subject::Optimizer);
    let unknown = text(&result);
    let (before, _) = unknown.split_once(": not enough runs to tell").unwrap();
    assert!(before.split_once("Against ").unwrap().1.contains(other), "{unknown}");
    assert!(!unknown.contains("Tie with"), "{unknown}");
    for arm in &mut result.arms {
        for run in arm.runs.iter_mut().filter(|_| arm.optimizer == other || arm.optimizer == winner) {
            run.test = Some(0.975 + 1e-4 * (run.seed % 3) as f64);
        }
    }
    let tie = text(&result);
    assert!(tie.contains(&format!("Tie with {other}: the difference is less than")), "{tie}");
    assert!(tie.contains("better than") && !tie.contains(&format!("better than {other}")), "{tie}");
}

/// The result where the validation loss of every run is this at each share of the run.
fn with_losses(loss: impl Fn(f64) -> f64) -> WorkloadResult {
    let mut result = result();
    let steps = result.steps as f64;
    let points = |result: &mut WorkloadResult, set: &dyn Fn(&mut Point)| {
        result.arms.iter_mut().flat_map(|arm| &mut arm.runs).flat_map(|run| &mut run.curve).for_each(set);
    };
    points(&mut result, &|point| point.validation_loss = loss(point.step as f64 / steps));
    result
}

#[test]
fn the_length_follows_from_the_validation_loss() {
    let says =
        |loss: &dyn Fn(f64) -> f64, words: &[&str]| says(&about(&with_losses(loss)), Subject::Length, words);
    let dip = |at: f64| move |share: f64| 0.3 + (share - at).abs();
    says(&dip(0.5), &["After 600 steps: it overfits", "lowest at step 315", "130 % above", "Stop early"]);
    // A dip near the end is no overfitting yet, and the last half goes both ways.
    says(&dip(0.9), &["cannot be told"]);
    says(&|share| 0.3 + 0.001 * (share - 0.5).abs(), &["flat over the last half", "gain little"]);
    says(&|share| 2.0 - share, &["still fell, by", "a longer run would gain"]);
    says(&|share| 0.3 + (-20.0 * share).exp(), &["flat over the last half"]);
}

#[test]
fn a_learning_rate_at_the_edge_of_those_tried_is_named_whoever_has_it() {
    let mut result = result();
    let arm = recommended(&result);
    let name = result.arms[arm].optimizer.clone();
    result.arms.iter_mut().for_each(|arm| arm.lr_on_boundary = arm.optimizer != name);
    let of_others = text(&about(&result), Subject::LearningRate);
    assert!(of_others.contains("at the edge of those tried") && !of_others.contains("search further"));
    result.arms.iter_mut().for_each(|arm| arm.lr_on_boundary = arm.optimizer == name);
    let own = text(&about(&result), Subject::LearningRate);
    assert!(own.contains("search further") && !own.contains("at the edge"), "{own}");
}

#[test]
fn spikes_and_failures_call_for_clipping() {
    let mut result = result();
    says(
        &about(&result),
        Subject::Clipping,
        &["None needed: no run failed", "the gradient norm that stands out most, of "],
    );
    let arm = recommended(&result);
    result.arms[arm].runs[3].curve[9].grad_norm = 50.0;
    says(&about(&result), Subject::Clipping, &["is 50, ", " times those beside it"]);
    let spiky = text(&about(&result), Subject::Clipping);
    let limit: f64 =
        spiky.strip_prefix("Clip the norm to ").unwrap().split(':').next().unwrap().parse().unwrap();
    assert!((2.0..=4.0).contains(&limit), "{spiky}");
    // The first gradient, at untrained weights, is no spike, nor is one that is no number.
    result.arms[arm].runs[3].curve[9].grad_norm = f64::NAN;
    result.arms[arm].runs[3].curve[0].grad_norm = 50.0;
    says(&about(&result), Subject::Clipping, &["None needed"]);
    // Norms that fall from step to step have no spikes, however far they fall.
    let mut falling = result.clone();
    for run in &mut falling.arms[arm].runs {
        run.curve.iter_mut().enumerate().for_each(|(i, point)| point.grad_norm = 0.5f64.powi(i as i32));
    }
    says(&about(&falling), Subject::Clipping, &["None needed"]);
    result.arms.retain(|arm| arm.optimizer == "rmsprop" && arm.schedule == "constant");
    says(&about(&result), Subject::Clipping, &["4 runs failed, and the gradient norm", "clip the norm to "]);
}

/// The same with another spec, other trials, and a validation metric so much higher.
fn variant(result: &WorkloadResult, name: &str, number: i64, gain: f64) -> WorkloadResult {
    let mut variant = result.clone();
    variant.name = name.into();
    for run in variant.arms.iter_mut().flat_map(|arm| &mut arm.runs) {
        run.trial += 1000 * number;
        run.validation = run.validation.map(|validation| validation + gain);
    }
    variant
}

#[test]
fn sizes_of_batches_are_compared_where_nothing_else_differs() {
    let own = result();
    let large = variant(&own, "digits-mlp:batch=128", 1, -0.1);
    let small = variant(&own, "digits-mlp:batch=8", 2, 0.01);
    let again = variant(&own, "digits-mlp:batch=8", 3, 0.02);
    let deep = variant(&own, "digits-mlp:depth=4,batch=8", 4, 0.02);
    let he = variant(&own, "digits-mlp:init=he", 5, 0.001);
    let evidence = [&own, &large, &small, &again, &deep, &he];
    let advice = advise(&own.name, Field::Image, &evidence);
    let batch: Vec<&Sentence> =
        advice.sentences.iter().filter(|sentence| sentence.subject == Subject::Batch).collect();
    let [sentence] = batch[..] else { panic!("{batch:?}") };
    let place = |words: &str| {
        sentence.text.find(words).unwrap_or_else(|| panic!("'{}' does not say '{words}'", sentence.text))
    };
    let order = [place("digits-mlp:batch=8: "), place("digits-mlp: "), place("digits-mlp:batch=128: ")];
    assert!(order.is_sorted(), "{}", sentence.text);
    assert_eq!(sentence.text.matches("batch=8: ").count(), 1, "the newest only: {}", sentence.text);
    assert!(!sentence.text.contains("depth") && !sentence.text.contains("init"));
    let arm = recommended(&own);
    let from =
        |result: &WorkloadResult| result.arms[arm].runs.iter().map(|run| run.trial).collect::<Vec<_>>();
    assert_eq!(trials(sentence).unwrap(), [from(&own), from(&large), from(&small)].concat());
    says(&advice, Subject::Initialisation, &["digits-mlp:init=he: ", "; digits-mlp: "]);

    let alone = about(&own);
    let known = alone.sentences.iter().filter(|sentence| sentence.subject == Subject::Batch);
    assert!(known.map(trials).all(|trials| trials.is_none()), "one size says nothing of others");
    let elsewhere = advise("digits-mlp:batch=32", Field::Image, &evidence);
    assert!(elsewhere.sentences.iter().all(|sentence| trials(sentence).is_none()));
}

#[test]
fn a_smaller_loss_is_the_better_batch() {
    let own = synthetic::two_workloads(5).workloads.remove(1);
    let name = format!("{}:batch=8", own.name);
    let other = variant(&own, &name, 9, -0.2);
    let advice = advise(&own.name, Field::Language, &[&own, &other]);
    let text = text(&advice, Subject::Batch);
    assert!(text.find(&name).unwrap() < text.find(&format!("; {}: ", own.name)).unwrap(), "{text}");
}

/// Each sentence rests on trials of the evidence, or on a source.
fn check(advice: &Advice, evidence: &[&WorkloadResult]) {
    let runs = evidence.iter().flat_map(|result| &result.arms).flat_map(|arm| &arm.runs);
    let known: Vec<i64> = runs.map(|run| run.trial).collect();
    for sentence in &advice.sentences {
        let end =
            sentence.text.ends_with('.') && !sentence.text.contains("NaN") && !sentence.text.contains("inf ");
        assert!(end, "{sentence:?}");
        match &sentence.basis {
            Basis::Runs { trials } => {
                assert!(!trials.is_empty() && trials.is_sorted_by(|a, b| a < b), "{sentence:?}");
                assert!(trials.iter().all(|trial| known.contains(trial)), "{sentence:?}");
            }
            Basis::Prior { source } => assert!(!source.is_empty(), "{sentence:?}"),
        }
    }
    for subject in Subject::ALL {
        assert!(advice.sentences.iter().any(|sentence| sentence.subject == subject), "{subject:?}");
    }
    assert!(advice.sentences.is_sorted_by_key(|sentence| sentence.subject as usize));
}

#[test]
fn nothing_is_claimed_without_trials() {
    let full = result();
    let mut bare = full.clone();
    bare.arms.iter_mut().for_each(|arm| arm.runs.clear());
    let mut failed = full.clone();
    for run in failed.arms.iter_mut().flat_map(|arm| &mut arm.runs) {
        run.end = End::Diverged;
        (run.validation, run.test) = (None, None);
    }
    let mut single = synthetic::comparison(1).workloads.remove(0);
    single.arms.truncate(1);
    let mut empty = full.clone();
    empty.arms.clear();
    for field in Field::ALL {
        for result in [&full, &bare, &failed, &single, &empty] {
            check(&advise(&result.name, field, &[result]), &[result]);
        }
        check(&advise("digits-mlp", field, &[]), &[]);
    }
    for nothing in [&bare, &empty] {
        let advice = about(nothing);
        assert!(advice.sentences.iter().all(|sentence| trials(sentence).is_none()), "{:?}", advice.sentences);
        assert!(advice.criteria.is_empty() && advice.configuration.is_none());
        // An older comparison that has runs is better than a newer one that has none.
        assert_eq!(advise(&full.name, Field::Image, &[nothing, &full]), about(&full));
    }
    let advice = about(&failed);
    says(&advice, Subject::Optimizer, &["all 150 runs failed, so nothing can be recommended"]);
    assert!(advice.configuration.is_none());
}

#[test]
fn prior_knowledge_gives_way_to_runs() {
    let priors = |advice: &Advice| -> Vec<Subject> {
        let priors = advice.sentences.iter().filter(|sentence| trials(sentence).is_none());
        priors.map(|sentence| sentence.subject).collect()
    };
    let own = result();
    let before = advise(&own.name, Field::Image, &[]);
    assert!(Subject::ALL.iter().all(|subject| priors(&before).contains(subject)));
    // All but the size of the batch was run, and on pictures SGD is what one would try.
    let after = about(&own);
    assert_eq!(priors(&after), [Subject::Batch]);
    assert_eq!((after.criteria.len(), after.configuration.is_some()), (4, true));
    let other = variant(&own, "digits-mlp:batch=8", 1, 0.0);
    assert_eq!(priors(&advise(&own.name, Field::Image, &[&own, &other])), []);
    // What suits the field and was not tried is named all the same.
    let text = text(&advise(&own.name, Field::Language, &[&own]), Subject::Optimizer);
    assert!(text.contains("AdamW"), "{text}");
    let mut tried = own.clone();
    of_optimizer(&mut tried, "rmsprop").for_each(|arm| arm.optimizer = "adamw:weight_decay=0.1".into());
    assert_eq!(priors(&advise(&own.name, Field::Language, &[&tried])), [Subject::Batch]);
}

#[test]
fn the_report_ends_with_the_same_sentences() {
    let unescaped = |html: &str| {
        let pairs = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")];
        pairs.iter().fold(html.to_owned(), |text, (from, to)| text.replace(from, to))
    };
    let mut comparison: Comparison = synthetic::two_workloads(10);
    let batch = variant(&comparison.workloads[0], "digits-mlp:batch=8", 7, 0.01);
    comparison.workloads.push(batch);
    let html = report::html(&comparison);
    let sections: Vec<&str> = html.split("<section class=\"advice\">").skip(1).collect();
    assert_eq!(sections.len(), 3);
    let evidence: Vec<&WorkloadResult> = comparison.workloads.iter().collect();
    for (section, result) in sections.iter().zip(&comparison.workloads) {
        let section = section.split("</section>").next().unwrap();
        let field = ravine_lab::workloads::field(&result.name);
        let advice = advise(&result.name, field, &evidence);
        let rows: Vec<&str> = section.split("<tr").skip(2).collect();
        assert_eq!(rows.len(), advice.sentences.len());
        for (row, sentence) in rows.iter().zip(&advice.sentences) {
            assert!(unescaped(row).contains(&sentence.text), "{row} is not {sentence:?}");
            let basis =
                if trials(sentence).is_some() { "<small>trials " } else { "<small>prior knowledge: " };
            assert!(row.contains(basis), "{row}");
        }
    }
}

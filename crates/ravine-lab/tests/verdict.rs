//! The verdict against the numbers that it speaks of.

mod synthetic;

use ravine_lab::comparison::{End, WorkloadResult};
use ravine_lab::rows::{HEADINGS, rows};
use ravine_lab::stats::{Outcome, holm, score, summary, survival, welch};
use ravine_lab::verdict::{Topic, Verdict, verdict};

fn text(verdict: &Verdict, topic: Topic) -> &str {
    verdict.claims.iter().find(|claim| claim.topic == topic).map_or("", |claim| &claim.text)
}

fn mean(workload: &WorkloadResult, arm: usize, split: score::Split) -> f64 {
    summary::mean(&score::values(workload, &workload.arms[arm], split)).unwrap()
}

#[test]
fn the_arm_is_chosen_by_validation_even_where_test_disagrees() {
    let mut workload = synthetic::comparison(10).workloads.remove(0);
    let before = verdict(&workload).recommended.unwrap();
    for run in &mut workload.arms[before].runs {
        run.test = Some(0.5);
    }
    let after = verdict(&workload);
    assert_eq!(after.recommended, Some(before));
    assert!(text(&after, Topic::Optimizers).contains("it is worse than"), "{}", after.sentence);
    let best = (0..workload.arms.len())
        .max_by(|a, b| {
            let validation = |arm: &usize| mean(&workload, *arm, score::Split::Validation);
            validation(a).total_cmp(&validation(b))
        })
        .unwrap();
    assert_eq!(before, best);
}

#[test]
fn a_learning_rate_that_works_alone_is_named_once() {
    let mut workload = synthetic::two_workloads(10).workloads.remove(0);
    workload.arms.iter_mut().for_each(|arm| arm.lr_works = [arm.lr; 2]);
    let verdict = verdict(&workload);
    let opening = text(&verdict, Topic::Recommendation);
    assert!(opening.contains(" at lr 3.2e-3 with "), "{opening}");
}

#[test]
fn every_sentence_says_what_the_numbers_say() {
    for workload in &synthetic::two_workloads(10).workloads {
        let verdict = verdict(workload);
        let arm = verdict.recommended.unwrap();
        let own = &workload.arms[arm];
        let opening = format!(
            "For {}: use {} at lr 3.2e-3 (works 1e-3..1e-2) with {}.",
            workload.name, own.optimizer, own.schedule
        );
        assert_eq!(text(&verdict, Topic::Recommendation), opening);

        let test = verdict.arms[arm].test.unwrap();
        assert!((test.mean - mean(workload, arm, score::Split::Test)).abs() < 1e-12);
        let interval = test.interval.unwrap();
        assert!(interval.contains(test.mean));
        let claim = format!(
            "Test {} {:.3} [{:.3}, {:.3}] over 10 seeds.",
            workload.metric, test.mean, interval.low, interval.high
        );
        assert_eq!(text(&verdict, Topic::Test), claim);

        let median = survival::median(&score::steps(workload, own)).unwrap();
        let target = text(&verdict, Topic::Target);
        assert!(target.contains(&format!(" in {median} steps [")), "{target}");
        assert!(verdict.sentence.starts_with(&opening) && verdict.sentence.contains(target));
    }
}

#[test]
fn pairs_are_one_family_with_holm_and_each_outcome_is_named() {
    let workload = &synthetic::comparison(10).workloads[0];
    let verdict = verdict(workload);
    // 5 optimizers against each other and 3 schedules among themselves.
    assert_eq!(verdict.pairs.len(), 10 + 3);
    let values = |arm: usize| score::values(workload, &workload.arms[arm], score::Split::Test);
    let p: Vec<f64> =
        verdict.pairs.iter().map(|pair| welch::test(&values(pair.a), &values(pair.b)).unwrap().p).collect();
    for (pair, adjusted) in verdict.pairs.iter().zip(holm::adjust(&p)) {
        assert_eq!(pair.p_holm, Some(adjusted));
        if matches!(pair.outcome, Outcome::Better) {
            assert!(adjusted < 0.05 && pair.difference.unwrap() > 0.0 && pair.improvement.unwrap() > 0.5);
        }
    }
    let sentence = text(&verdict, Topic::Optimizers);
    for pair in verdict.pairs.iter().filter(|pair| Some(pair.a) == verdict.recommended) {
        let other = &workload.arms[pair.b];
        let words = if other.optimizer == workload.arms[pair.a].optimizer {
            (text(&verdict, Topic::Schedules), &other.schedule)
        } else {
            (sentence, &other.optimizer)
        };
        assert!(words.0.contains(words.1.as_str()), "{words:?}");
        if let Outcome::NotEnoughRuns { detectable, seeds } = pair.outcome {
            assert!(words.0.contains("not enough runs to tell (a difference below"));
            assert!(detectable.unwrap() > 0.0 && seeds.is_none_or(|seeds| seeds > 10));
        }
    }
}

#[test]
fn lower_is_better_turns_everything_round() {
    let workload = &synthetic::two_workloads(10).workloads[1];
    let verdict = verdict(workload);
    assert!(!verdict.unit.share);
    let mean = verdict.arms[verdict.recommended.unwrap()].test.unwrap().mean;
    assert!((verdict.margin - 0.01 * mean.abs().max(workload.target.abs())).abs() < 1e-12);
    let better: Vec<_> = verdict.pairs.iter().filter(|pair| pair.outcome == Outcome::Better).collect();
    assert!(!better.is_empty());
    for pair in better {
        assert!(pair.difference.unwrap() < 0.0 && pair.improvement.unwrap() > 0.5);
    }
    assert!(text(&verdict, Topic::Optimizers).contains("better than sgd by 0.0"), "{}", verdict.sentence);
}

#[test]
fn failed_runs_pull_the_mean_down_and_never_reach_the_target() {
    let workload = &synthetic::comparison(10).workloads[0];
    let arm =
        workload.arms.iter().position(|arm| arm.runs.iter().any(|run| run.end == End::Diverged)).unwrap();
    let verdict = verdict(workload);
    let (broken, worst) = (&verdict.arms[arm], verdict.failure_counts_as.unwrap());
    assert_eq!((broken.failed, broken.runs, broken.steps.reached), (4, 10, 6));
    let finished: Vec<f64> = workload.arms[arm].runs.iter().filter_map(|run| run.test).collect();
    let expected = (finished.iter().sum::<f64>() + 4.0 * worst) / 10.0;
    assert!((broken.test.unwrap().mean - expected).abs() < 1e-12);
    assert!(worst <= 0.11, "an untrained model is worse than any trained one: {worst}");
}

#[test]
fn an_arm_that_breaks_is_not_recommended_for_its_best_runs() {
    let mut workload = synthetic::comparison(10).workloads.remove(0);
    let arm = verdict(&workload).recommended.unwrap();
    for run in workload.arms[arm].runs.iter_mut().skip(7) {
        run.end = End::Diverged;
    }
    let after = verdict(&workload);
    assert_ne!(after.recommended, Some(arm));
    assert_eq!(after.arms[arm].failed, 3);
}

#[test]
fn one_seed_makes_no_claim_against_others() {
    let verdict = verdict(&synthetic::comparison(1).workloads[0]);
    assert!(text(&verdict, Topic::Test).contains("one run gives no interval"));
    assert!(
        verdict
            .pairs
            .iter()
            .all(|pair| matches!(pair.outcome, Outcome::NotEnoughRuns { detectable: None, seeds: None }))
    );
    assert!(!verdict.sentence.contains("better than"));
}

#[test]
fn nothing_to_recommend_is_said_and_not_hidden() {
    let mut workload = synthetic::comparison(3).workloads.remove(0);
    for run in workload.arms.iter_mut().flat_map(|arm| &mut arm.runs) {
        (run.end, run.validation, run.test) = (End::Diverged, None, None);
    }
    let all_failed = verdict(&workload);
    assert_eq!(all_failed.recommended, None);
    assert_eq!(all_failed.sentence, "For digits-mlp: all 45 runs failed, so nothing can be recommended.");
    for arm in &mut workload.arms {
        arm.runs.clear();
    }
    let no_runs = verdict(&workload);
    let sentence = &no_runs.sentence;
    assert!(
        sentence.starts_with("For digits-mlp: there are no runs, so nothing can be recommended. "),
        "{sentence}"
    );
    // Every arm says why.
    assert_eq!(
        sentence.matches("no learning rate got through tuning with every seed").count(),
        15,
        "{sentence}"
    );
    assert_eq!(no_runs.without_runs.len(), 15);
    workload.arms.clear();
    assert_eq!(verdict(&workload).recommended, None);
}

#[test]
fn a_metric_that_is_not_a_number_is_a_failure() {
    let mut workload = synthetic::comparison(4).workloads.remove(0);
    workload.arms[0].runs[0].test = Some(f64::NAN);
    workload.arms[0].runs[1].validation = Some(f64::INFINITY);
    let verdict = verdict(&workload);
    assert_eq!(verdict.arms[0].failed, 2);
    assert!(verdict.arms[0].test.unwrap().mean.is_finite());
}

#[test]
fn an_edge_of_the_search_is_a_warning() {
    let mut workload = synthetic::comparison(4).workloads.remove(0);
    let arm = verdict(&workload).recommended.unwrap();
    workload.arms[arm].lr_on_boundary = true;
    let verdict = verdict(&workload);
    let optimizer = &workload.arms[verdict.recommended.unwrap()].optimizer;
    assert!(text(&verdict, Topic::Warning).contains(optimizer.as_str()));
}

#[test]
fn verdicts_are_the_same_every_time_and_survive_json() {
    let workload = &synthetic::comparison(10).workloads[0];
    let first = verdict(workload);
    assert_eq!(first, verdict(workload));
    let json = serde_json::to_string(&first).unwrap();
    assert_eq!(serde_json::from_str::<Verdict>(&json).unwrap(), first);
}

#[test]
fn rows_hold_what_the_verdict_holds() {
    let workload = &synthetic::comparison(10).workloads[0];
    let (rows, verdict) = (rows(workload), verdict(workload));
    assert_eq!(rows.len(), workload.arms.len());
    assert_eq!(rows.iter().filter(|row| row.recommended).count(), 1);
    for (row, summary) in rows.iter().zip(&verdict.arms) {
        assert_eq!((row.test, row.failed), (summary.test, summary.failed));
        let cells = row.cells();
        assert_eq!(cells.len(), HEADINGS.len());
        assert!(cells.iter().all(|cell| !cell.is_empty()), "{cells:?}");
        assert_eq!(cells[2].ends_with('!'), row.lr_on_boundary);
    }
}

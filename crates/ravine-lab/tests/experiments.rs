//! Every experiment: its key numbers, those that the teaching texts print among them, and its verdict.

use ravine_lab::experiments::Verdict::{Depends, Fails, Holds};
use ravine_lab::experiments::{CATALOGUE, Finding, Verdict, find};

/// Runs an experiment at seed 0. All that it found must be fit to be shown, and the page on experiments must say the same.
#[track_caller]
fn ran(name: &str, verdict: Verdict) -> Finding {
    let experiment = find(name).unwrap();
    let finding = (experiment.run)(0).unwrap();
    assert_eq!(finding.verdict, verdict, "{}", finding.because);
    let page = include_str!("../../../docs/experiments.md");
    let (_, section) = page.split_once(&format!("\n## {name}\n")).expect("the page has every experiment");
    let said = section.split("**").nth(1).expect("with its verdict");
    assert_eq!(said.to_lowercase(), format!("{}.", verdict.word()), "docs/experiments.md");
    let columns = finding.table.headings.len();
    assert!(!finding.table.rows.is_empty() && finding.table.rows.iter().all(|row| row.len() == columns));
    let words = [&finding.because, &finding.setup].into_iter().chain(finding.table.rows.iter().flatten());
    for text in words {
        assert!(!text.contains("NaN") && !text.contains('{'), "{text}");
    }
    assert!(!finding.pictures.is_empty());
    for picture in &finding.pictures {
        assert!(!picture.svg.standalone().contains("NaN"), "{}", picture.name);
    }
    finding
}

impl Near for Finding {
    #[track_caller]
    fn near(&self, name: &str, golden: f64, tolerance: f64) {
        let x = self.number(name).unwrap_or_else(|| panic!("there is no '{name}'"));
        assert!((x - golden).abs() <= tolerance, "{name}: {x} instead of {golden}");
    }
}

trait Near {
    fn near(&self, name: &str, golden: f64, tolerance: f64);
}

/// Half a unit of the sixth digit after the point, and a little.
const PRINTED: f64 = 6e-7;

#[test]
fn names_are_one_each_and_pictures_too() {
    let mut names: Vec<&str> = CATALOGUE.iter().map(|experiment| experiment.name).collect();
    names.sort_unstable();
    let count = names.len();
    names.dedup();
    assert_eq!(names.len(), count);
    assert!(find("nothing").err().unwrap().to_string().contains("museum"));
}

#[test]
fn escape_minimum() {
    let found = ran("escape-minimum", Holds);
    found.near("still", 0.0, 0.0);
    assert!(found.number("best_share").unwrap() > 0.9 && found.number("thrown_out").unwrap() > 0.5);
}

#[test]
fn escape_saddle() {
    let found = ran("escape-saddle", Depends);
    assert_eq!(found.number("gd_from_ridge"), Some(f64::INFINITY));
    found.near("gd_from_1e-6", found.number("theory_from_1e-6").unwrap(), 2.0);
    assert!(found.number("noisy_from_ridge").unwrap() < 150.0);
}

#[test]
fn global_minimum() {
    let found = ran("global-minimum", Depends);
    found.near("bowl", 1.0, 0.0);
    found.near("himmelblau", 1.0, 0.0);
    assert!(found.number("styblinski_tang").unwrap() < 0.5 && found.number("rastrigin").unwrap() < 0.1);
}

#[test]
fn large_rate() {
    let found = ran("large-rate", Depends);
    found.near("end_2_after_10", -1.528166, PRINTED);
    found.near("end_0.5", 7.269388, PRINTED);
    found.near("end_2", -1.820831, PRINTED);
    for (name, golden) in [("end_1.5", 5.452), ("end_2.5", -2.739), ("end_3", 1.173)] {
        found.near(name, golden, 6e-4);
    }
}

#[test]
fn rate_limits() {
    let found = ran("rate-limits", Fails);
    found.near("tanh_0.1", 3750.0, 0.0);
    found.near("tanh_1", 378.0, 0.0);
    found.near("tanh_gradient", 0.00134095, 5e-9);
    found.near("first_gradient_spread", 0.0, 0.0);
    found.near("square_diverged", 1.0, 0.0);
}

#[test]
fn descent_lemma() {
    let found = ran("descent-lemma", Holds);
    found.near("rises", 0.0, 0.0);
    assert!(found.number("least_quadratic").unwrap() > 1.0 - 1e-6 && found.number("least").unwrap() < 1.0);
}

#[test]
fn steepest_direction() {
    let found = ran("steepest-direction", Depends);
    found.near("euclidean_growth", 4.999999, PRINTED);
    found.near("euclidean_angle", 306.9, 1e-9);
    found.near("maximum_angle", 315.0, 1e-9);
}

#[test]
fn sgd_floor() {
    let found = ran("sgd-floor", Holds);
    found.near("sd_x", 0.1667, 0.01);
    found.near("sd_y", 0.1250, 0.008);
}

#[test]
fn minibatch_noise() {
    let found = ran("minibatch-noise", Holds);
    found.near("bias", 0.0, 1e-12);
    for (name, theory) in
        [("normal_4", 0.5), ("normal_16", 0.25), ("normal_64", 0.125), ("normal_256", 0.0625)]
    {
        found.near(name, theory, 0.07 * theory);
    }
}

#[test]
fn batch_throughput() {
    // Its verdict hangs on the clock.
    let finding = (find("batch-throughput").unwrap().run)(0).unwrap();
    let steps = |name| finding.number(name).unwrap();
    assert!(steps("steps_1") > 4.0 * steps("steps_1024"), "{} {}", steps("steps_1"), steps("steps_1024"));
}

#[test]
fn ill_conditioning() {
    let found = ran("ill-conditioning", Holds);
    found.near("gd_power", 1.0, 0.01);
    found.near("heavy_ball_power", 0.5, 0.04);
    for (name, golden) in [
        ("gd_0.4_x", -0.943467),
        ("gd_0.4_y", -0.000073),
        ("gd_0.6_x", -0.387814),
        ("gd_0.6_y", -1673.365109),
        ("momentum_0.5_x", 0.007188),
        ("momentum_0.5_y", 0.002553),
        ("momentum_0.25_x", -0.126340),
        ("momentum_0.25_y", -0.186632),
    ] {
        found.near(name, golden, PRINTED);
    }
}

#[test]
fn nesterov_limit() {
    let found = ran("nesterov-limit", Fails);
    found.near("error", 0.0, 1e-4);
    found.near("nesterov_y", -8.14e7, 1e5);
}

#[test]
fn momentum_forms() {
    let found = ran("momentum-forms", Holds);
    for name in ["forms", "expansion", "stretch"] {
        found.near(name, 0.0, 1e-12);
    }
}

#[test]
fn adagrad_stall() {
    let found = ran("adagrad-stall", Depends);
    found.near("adagrad_power", -0.5, 1e-3);
    found.near("rmsprop_power", 0.0, 1e-3);
    for (name, golden) in [
        ("adagrad_0.4_x", -2.382563),
        ("adagrad_0.4_y", -0.158591),
        ("adagrad_2_x", -0.002295),
        ("adagrad_2_y", 0.0),
        ("rmsprop_0.4_x", -0.010599),
        ("rmsprop_0.4_y", 0.0),
    ] {
        found.near(name, golden, PRINTED);
    }
}

#[test]
fn adagrad_direction() {
    let found = ran("adagrad-direction", Fails);
    found.near("adagrad_apart", 0.0, 1e-6);
    found.near("gd_angle", 0.0, 1e-9);
    assert!(found.number("adagrad_angle").unwrap() > 30.0 && found.number("gd_apart").unwrap() > 3.0);
}

#[test]
fn sparse_features() {
    let found = ran("sparse-features", Holds);
    assert!(found.number("gain_over_sgd").unwrap() > 0.03);
}

#[test]
fn drifting_minimum() {
    let found = ran("drifting-minimum", Depends);
    assert!(found.number("losses").unwrap() > 0.0);
}

#[test]
fn bias_correction() {
    let found = ran("bias-correction", Fails);
    found.near("corrected", 1.0, 5e-5);
    found.near("uncorrected", 3.1620, 3e-4);
    for (name, golden) in [
        ("corrected_x", 0.996029),
        ("corrected_y", -0.212750),
        ("uncorrected_x", 0.384875),
        ("uncorrected_y", -0.557979),
    ] {
        found.near(name, golden, PRINTED);
    }
}

#[test]
fn adam_claims() {
    let found = ran("adam-claims", Fails);
    found.near("longest_default", 10f64.sqrt(), 1e-5);
    found.near("slots", 2.0, 0.0);
    assert!(found.number("scale_1e-3").unwrap() < 1e-4 && found.number("scale_1e-9").unwrap() > 0.1);
}

#[test]
fn adaptive_decay() {
    let found = ran("adaptive-decay", Fails);
    assert!(found.number("adam").unwrap() > 1.2);
}

#[test]
fn restarts() {
    let found = ran("warm-restarts", Depends);
    // They help over a constant rate, but not over a single cosine.
    found.near("better", 2.0, 0.0);
    assert!(found.number("rastrigin_over_constant").unwrap() > 0.02);
    assert!(found.number("rastrigin_over_cosine").unwrap() < 0.02);
    // Restarts or not, the global minimum of an egg box is seldom found.
    assert!(found.number("rastrigin_restarts").unwrap() < 0.2);
}

#[test]
fn museum() {
    let found = ran("museum", Fails);
    found.near("momentum", 0.7354, 5e-5);
    found.near("adagrad", -62877.0, 1.0);
    found.near("adagrad_formula_x", -0.8675, 5e-5);
    found.near("adagrad_formula", 0.1948, 5e-5);
    found.near("rmsprop_average", 1.054, 5e-4);
    found.near("adam_formula", 3.162, 5e-4);
    found.near("momentum_2d_x", -0.126340, PRINTED);
    found.near("momentum_2d", -2.0, 0.0);
    found.near("momentum_2d_corrected_y", -0.186632, PRINTED);
    found.near("dynamic_rate_128", 3.05e-7, 5e-10);
    found.near("dynamic_rate_64", 0.0, 0.0);
    found.near("dynamic_rate_32", -0.01, 1e-15);
    found.near("hexadecimal", 0.00333, 5e-6);
    found.near("keras_corrected", 0.00097980, 5e-9);
    found.near("keras_staircase", 0.001, 1e-15);
}

#[test]
fn the_same_bits_on_any_number_of_threads() {
    let pool = |threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    for name in ["sparse-features", "minibatch-noise", "descent-lemma"] {
        let run = |threads| pool(threads).install(|| (find(name).unwrap().run)(5).unwrap());
        let (one, three) = (run(1), run(3));
        assert_eq!((one.table, one.because, one.numbers), (three.table, three.because, three.numbers));
        let svgs = |pictures: &[ravine_lab::experiments::Picture]| -> Vec<String> {
            pictures.iter().map(|picture| picture.svg.standalone()).collect()
        };
        assert_eq!(svgs(&one.pictures), svgs(&three.pictures));
    }
}

#[test]
fn vanishing_gradients() {
    let found = ran("vanishing-gradients", Fails);
    for (name, golden) in [("sigmoid_10", 4e-6), ("tanh_20", 1.1), ("relu_20", 0.68), ("small_first", 2e-13)]
    {
        let x = found.number(name).unwrap();
        assert!((golden / 3.0..golden * 3.0).contains(&x), "{name}: {x}");
    }
    // Few examples change nothing: the ratio is that of the layers.
    assert!((0.2..5.0).contains(&found.number("batches").unwrap()));
}

#[test]
fn dead_signal() {
    let found = ran("dead-signal", Fails);
    let number = |name| found.number(name).unwrap();
    assert!(number("dead_best") < 0.35);
    assert!(number("relu_sgd").max(number("relu_momentum")) + 0.1 < number("relu_adam"));
    assert!(number("relu_adam") > 0.75 && number("tanh_worst") > 0.75);
}

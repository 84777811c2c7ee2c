//! The textbook numbers, and the rules that are often given in place of warmup.

use ravine::{Schedule, schedules};

fn lr(text: &str, base: f64, step: u64) -> f64 {
    schedules::parse(text, 0).unwrap().lr(base, step)
}

#[test]
fn textbook_numbers() {
    for (text, base, step, expected) in [
        ("natural-exponential:k=0.1", 0.1, 10, 0.036_787_944_117_144_23),
        ("time-based:k=0.1", 0.1, 10, 0.05),
        ("step:step_size=10,gamma=0.1", 0.1, 25, 0.001),
        ("cosine:steps=100", 0.1, 50, 0.05),
        ("exponential:gamma=0.96,decay_steps=10000", 1e-3, 5000, 0.000_979_795_897_113_271_2),
        ("exponential:gamma=0.96,decay_steps=10000,staircase=true", 1e-3, 5000, 0.001),
    ] {
        let ours = lr(text, base, step);
        assert!((ours - expected).abs() < 1e-15, "{text}: {ours}");
    }
}

#[test]
fn warmup_rises_to_the_base_and_is_not_a_smaller_constant() {
    // Dividing by 1 + batch / warmup_batch is called warmup; it gives one number below the base for ever.
    let divided = |base: f64, batch: f64, warmup_batch: f64| base / (1.0 + batch / warmup_batch);
    assert!((divided(0.01, 64.0, 32.0) - 0.003_333_333).abs() < 1e-9);
    let warmup = schedules::parse("constant:warmup=5", 100).unwrap();
    let lrs: Vec<f64> = (0..7).map(|step| warmup.lr(0.01, step)).collect();
    assert!(lrs.is_sorted() && lrs[0] < lrs[4]);
    assert_eq!(lrs[4..], [0.01; 3]);
    for (step, lr) in lrs.iter().enumerate() {
        assert_eq!(*lr, 0.01 * ((step + 1) as f64 / 5.0).min(1.0));
    }
}

#[test]
fn a_decay_by_the_batch_is_no_warmup_and_may_turn_negative() {
    // Multiplying by 1 - batch / warmup_batch at every batch.
    let after = |lr: f64, batch: f64, warmup_batch: f64, batches: i32| {
        lr * (1.0 - batch / warmup_batch).powi(batches)
    };
    assert!((after(0.01, 64.0, 128.0, 15) - 3.05e-7).abs() < 1e-9);
    assert_eq!(after(0.01, 64.0, 64.0, 1), 0.0);
    assert_eq!(after(0.01, 64.0, 32.0, 1), -0.01);
    let warmup = schedules::parse("constant:warmup=15", 100).unwrap();
    assert!((0..30).all(|step| warmup.lr(0.01, step) > 0.0));
    assert_eq!(warmup.lr(0.01, 15), 0.01);
}

#[test]
fn a_rate_is_no_factor() {
    // e^(-k t) is d^t for d = e^-k, not for d = k or 1 - k.
    let natural = lr("natural-exponential:k=0.1", 0.1, 10);
    let factor = (-0.1_f64).exp();
    assert!((lr(&format!("exponential:gamma={factor}"), 0.1, 10) - natural).abs() < 1e-16);
    assert!((lr("exponential:gamma=0.9", 0.1, 10) - natural).abs() > 1e-3);
}

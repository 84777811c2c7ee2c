//! Which chain of transforms equals which of optax's.

use super::cases::ROUNDING;
use ravine::chain::*;
use ravine::compose::Lambda;
use ravine::{Builder, Optimizer};

/// A chain that must give the trajectory of a golden.
pub(crate) struct ChainCase {
    /// As in a [`Case`](super::cases::Case).
    pub(crate) golden: &'static str,
    /// The chain in words.
    pub(crate) ours: &'static str,
    pub(crate) builder: fn() -> Builder,
    /// Largest relative difference in f64 over 50 steps.
    pub(crate) tolerance: f64,
    /// Why the tolerance is not that of rounding; may be empty.
    pub(crate) note: &'static str,
}

fn chain<T: Transform>(lr: f64, transform: T) -> Builder {
    Optimizer::builder(Chain::new(lr, transform))
}

macro_rules! case {
    ($golden:literal, $lr:literal, $($transform:expr),+) => {
        ChainCase {
            golden: concat!("optax.", $golden),
            ours: concat!("Chain::new(", stringify!($lr), ", (", stringify!($($transform),+), "))"),
            builder: || chain($lr, ($($transform,)+)),
            tolerance: ROUNDING,
            note: "",
        }
    };
}

const fn decay(weight_decay: f64) -> AddDecayedWeights {
    AddDecayedWeights { weight_decay }
}

fn adam() -> ScaleByAdam {
    ScaleByAdam::default()
}

fn nadam() -> ScaleByNadam {
    ScaleByNadam::default()
}

/// optax's warmup_cosine_decay_schedule(0.0, 0.02, 10, 50, 0.001), as a factor on 0.02.
fn warmup_cosine(step: u64) -> f64 {
    let t = step as f64;
    match step {
        0..10 => t / 10.0,
        _ => 0.95 * 0.5 * (1.0 + (std::f64::consts::PI * (t - 10.0) / 40.0).cos()) + 0.05,
    }
}

const SINGLE: &str = "optax computes its schedules in f32, 4e-8 off";

/// All cases, one line each.
pub(crate) const CHAINS: &[ChainCase] = &[
    case!("transform.clip", 0.1, Clip { max_delta: 0.5 }),
    case!("transform.ema", 0.1, Ema::default()),
    case!("transform.ema_nodebias", 0.1, Ema { debias: false, ..Ema::default() }),
    case!("transform.trace", 0.1, Trace::default()),
    case!("transform.trace_nesterov", 0.1, Trace { nesterov: true, ..Trace::default() }),
    case!("transform.add_decayed_weights", 0.1, decay(0.1)),
    case!("transform.scale_by_sign", 0.1, ScaleBySign),
    case!("transform.scale_by_stddev", 0.1, ScaleByStddev::default()),
    case!("transform.scale_by_rms", 0.1, ScaleByRms::default()),
    case!("transform.scale_by_rss", 0.1, ScaleByRss::default()),
    case!("transform.scale_by_adam", 0.1, adam()),
    case!("transform.scale_by_adam", 1.0, adam(), Scale { step_size: 0.1 }),
    case!("adam.eps_root", 0.01, ScaleByAdam { eps_root: 1e-6, ..adam() }),
    case!("adam.nesterov", 0.01, nadam()),
    case!("adamw.default", 0.01, adam(), decay(1e-4)),
    case!("adamw.wd", 0.01, adam(), decay(0.1)),
    case!("adamw.nesterov", 0.01, nadam(), decay(0.1)),
    case!("lion.wd", 0.01, ScaleByLion::default(), decay(0.1)),
    ChainCase {
        golden: "optax.chain.clip_adam_decay_schedule",
        ours: "Chain::new(0.02, (Clip { max_delta: 0.5 }, adam(), decay(0.1))) with a schedule",
        builder: || {
            chain(0.02, (Clip { max_delta: 0.5 }, adam(), decay(0.1))).schedule(Lambda::new(warmup_cosine))
        },
        tolerance: 2e-8,
        note: SINGLE,
    },
    ChainCase {
        golden: "optax.chain.clip_adam_decay_schedule",
        ours: "the same with the schedule as a transform",
        builder: || {
            let scale = ScaleBySchedule::new(Lambda::new(warmup_cosine));
            chain(0.02, (Clip { max_delta: 0.5 }, adam(), decay(0.1), scale))
        },
        tolerance: 2e-8,
        note: SINGLE,
    },
];

//! L-BFGS against torch.optim.LBFGS.

use super::{STEPS, difference, golden, input, loss};
use ravine::{Lbfgs, LbfgsOptions, LineSearch, ParamSpec};

/// A golden configuration, its options here, and the largest relative difference of the weights.
pub(crate) struct Case {
    pub(crate) golden: &'static str,
    /// The options that are not the defaults, in words.
    pub(crate) ours: &'static str,
    options: fn() -> LbfgsOptions,
    pub(crate) tolerance: f64,
}

/// Rounding over 50 calls. The gradients are those at the weights, so that it is fed back, but the path ends in a minimum.
const ROUNDING: f64 = 1e-12;

pub(crate) const CASES: &[Case] = &[
    Case {
        golden: "torch.LBFGS.default",
        ours: "lr 0.1",
        options: || LbfgsOptions { lr: 0.1, ..LbfgsOptions::default() },
        tolerance: ROUNDING,
    },
    Case {
        golden: "torch.LBFGS.history",
        ours: "lr 0.5, history_size 3, max_iter 5",
        options: || LbfgsOptions { lr: 0.5, history_size: 3, max_iter: 5, ..LbfgsOptions::default() },
        tolerance: ROUNDING,
    },
    Case {
        golden: "torch.LBFGS.max_eval",
        ours: "strong Wolfe, max_iter 4, max_eval 6",
        options: || LbfgsOptions {
            max_iter: 4,
            max_eval: Some(6),
            line_search: LineSearch::StrongWolfe,
            ..LbfgsOptions::default()
        },
        tolerance: ROUNDING,
    },
    Case {
        golden: "torch.LBFGS.tolerances",
        ours: "lr 0.2, max_iter 6, tolerance_grad 1e-2, tolerance_change 1e-4",
        options: || LbfgsOptions {
            lr: 0.2,
            max_iter: 6,
            tolerance_grad: 1e-2,
            tolerance_change: 1e-4,
            ..LbfgsOptions::default()
        },
        tolerance: ROUNDING,
    },
    Case {
        golden: "torch.LBFGS.wolfe",
        ours: "strong Wolfe",
        options: || LbfgsOptions { line_search: LineSearch::StrongWolfe, ..LbfgsOptions::default() },
        tolerance: ROUNDING,
    },
];

fn stray(name: &str, options: LbfgsOptions) -> f64 {
    let golden = golden(name);
    let (mut values, shapes): (Vec<_>, Vec<_>) = (0..3).map(|i| input(golden, &format!("p{i}"))).unzip();
    let params: Vec<ParamSpec> =
        shapes.iter().enumerate().map(|(i, shape)| ParamSpec::new(format!("p{i}"), shape.clone())).collect();
    let mut lbfgs = Lbfgs::new(&params, options).unwrap();
    let mut worst = 0.0f64;
    for step in 0..STEPS {
        lbfgs.step(&mut values.iter_mut().map(|x| &mut x[..]).collect::<Vec<_>>(), loss).unwrap();
        let Some(row) = golden.rows.iter().position(|&row| row == step + 1) else { continue };
        for (i, values) in values.iter().enumerate() {
            worst = worst.max(difference(values, &golden.tensors[&format!("p{i}")], row));
        }
    }
    worst
}

#[test]
fn it_is_that_of_torch() {
    let strays = CASES.iter().map(|case| (case.golden, stray(case.golden, (case.options)()), case.tolerance));
    let failed: Vec<_> = strays.filter(|(_, stray, tolerance)| stray > tolerance).collect();
    assert!(failed.is_empty(), "{failed:?}");
}

#[test]
fn another_option_is_seen() {
    assert!(
        stray("torch.LBFGS.history", LbfgsOptions { lr: 0.5, max_iter: 5, ..LbfgsOptions::default() }) > 1e-9
    );
}

//! What the papers claim of their rules, for any gradients.

mod common;

use common::{builder, normal, shaped};
use proptest::prelude::*;
use ravine::Optimizer;

const SHAPES: [&[usize]; 2] = [&[3, 4], &[5]];
const LEN: usize = 17;

/// The weights after each of `steps` steps along the gradients of these seeds, times `scale`.
fn walk(spec: &str, seed: u64, scale: f64, steps: u64) -> Vec<Vec<f64>> {
    let mut optimizer: Optimizer<f64> = builder(spec).build(&shaped(&SHAPES)).unwrap();
    let mut w = normal::<f64>(seed, LEN);
    let step = |step| {
        // Gradients with a direction in common, so that distances are found.
        let mut g: Vec<f64> = normal::<f64>(seed + 1 + step, LEN).iter().map(|g| scale * (g + 0.5)).collect();
        let _ = optimizer.step_flat(&mut w, &mut g).unwrap();
        w.clone()
    };
    (0..steps).map(step).collect()
}

fn norm(x: impl Iterator<Item = f64>) -> f64 {
    x.map(|x| x * x).sum::<f64>().sqrt()
}

/// Norms of the weights of each tensor, and of how far they are from others.
fn lengths(w: &[f64], other: &[f64]) -> [[f64; 2]; 2] {
    [0..12, 12..17].map(|part| {
        let (w, other) = (&w[part.clone()], &other[part]);
        [norm(w.iter().copied()), norm(w.iter().zip(other).map(|(a, b)| a - b))]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// Rules that find their learning rate do not see in which unit the loss is measured.
    #[test]
    fn the_scale_of_the_loss_does_not_matter_to_rules_without_a_learning_rate(seed in 0u64..9999, power in -20i32..20) {
        for spec in [
            "dog:eps=1e-300",
            "ldog:eps=1e-300",
            "dowg:init_estim_sq_dist=1e-4,eps=1e-200",
            "prodigy:d0=1e-3,eps=1e-200",
            "prodigy:d0=1e-3,eps=1e-200,bias_correction=true,safeguard_warmup=true",
            "dadapt-sgd:d0=1e-3",
            "dadapt-adam:d0=1e-3,eps=1e-200",
            "dadapt-lion:d0=1e-3",
        ] {
            let (one, other) = (walk(spec, seed, 1.0, 12), walk(spec, seed, 2f64.powi(power), 12));
            for (a, b) in one.iter().flatten().zip(other.iter().flatten()) {
                prop_assert!((a - b).abs() <= 1e-9 * a.abs().max(1.0), "{spec}: {a} {b}");
            }
            prop_assert!(one[11] != one[0], "{spec} moves");
        }
    }

    /// AdaBelief divides by how far gradients stray from their mean, which is Adam's divisor where the mean is 0: here
    /// as it has hardly moved from there.
    #[test]
    fn adabelief_is_adam_where_the_mean_of_the_gradient_is_zero(seed in 0u64..9999) {
        let betas = "betas=0.999999999/0.99,eps=1e-200";
        let adam = walk(&format!("adam:lr=0.1,{betas}"), seed, 1.0, 10);
        let belief = walk(&format!("adabelief:lr=0.1,{betas},eps_root=0"), seed, 1.0, 10);
        for (a, b) in adam.iter().flatten().zip(belief.iter().flatten()) {
            prop_assert!((a - b).abs() < 1e-6, "{a} {b}");
        }
        let apart = walk("adabelief:lr=0.1,betas=0.9/0.99,eps=1e-200,eps_root=0", seed, 1.0, 10);
        let usual = walk("adam:lr=0.1,betas=0.9/0.99,eps=1e-200", seed, 1.0, 10);
        prop_assert!(apart.iter().flatten().zip(usual.iter().flatten()).any(|(a, b)| (a - b).abs() > 1e-3));
    }

    /// Whatever the gradients, a step of LAMB is lr as long as the weights of its tensor, and of LARS no longer than lr
    /// times the trust coefficient.
    #[test]
    fn trust_ratios_bound_the_step_of_each_tensor(seed in 0u64..9999, power in -20i32..20, decay in 0.0..0.5f64) {
        let scale = 2f64.powi(power);
        let lamb = format!("lamb:lr=0.1,weight_decay={decay},eps=1e-200");
        let limited = format!("lamb:lr=0.1,weight_decay={decay},eps=1e-200,max_weight_norm=0.7");
        let lars = format!("lars:lr=2,trust_coefficient=0.05,momentum=0,skip_1d=false,weight_decay={decay}");
        for (spec, share, exact, most) in
            [(&lamb, 0.1, true, f64::INFINITY), (&limited, 0.1, true, 0.7), (&lars, 0.1, false, f64::INFINITY)]
        {
            let path = walk(spec, seed, scale, 8);
            let mut before = normal::<f64>(seed, LEN);
            for after in path {
                for [weights, moved] in lengths(&before, &after) {
                    let longest = share * weights.min(most);
                    prop_assert!(moved <= longest * (1.0 + 1e-9), "{spec}: {moved} {longest}");
                    prop_assert!(!exact || moved >= longest * (1.0 - 1e-9), "{spec}: {moved} {longest}");
                }
                before = after;
            }
        }
    }
}

//! What the schedule-free rules share: the sequences x, y and z (Defazio et al., arXiv 2405.15682, section 2).
//!
//! y is what is trained, and where gradients are taken. z moves like the weights of the base rule. x, the weights to evaluate
//! with, is the weighted mean of all z; it is not kept, as y = (1 - beta) z + beta x.

use crate::error::{Error, Result};
use crate::real::Real;

/// The sum of the weights of all z, and the largest learning rate, so far.
pub(super) const MEMORY: [(&str, f64); 2] = [("weight_sum", 0.0), ("lr_max", 0.0)];

/// How much of x the newest z makes up, where z has weight t^r lr_max^power in step t = `step` + 1.
pub(super) fn share(memory: &mut [f64], step: u64, lr: f64, r: f64, power: f64) -> f64 {
    let largest = lr.max(memory[1]);
    let weight = (step as f64 + 1.0).powf(r) * largest.powf(power);
    memory[0] += weight;
    memory[1] = largest;
    if memory[0] > 0.0 { weight / memory[0] } else { 0.0 }
}

/// The share of the learning rate in a linear warmup.
pub(super) fn warmup(steps: u64, step: u64) -> f64 {
    if step < steps { (step as f64 + 1.0) / steps as f64 } else { 1.0 }
}

/// What is left of `beta` in y, as x comes from it.
pub(super) fn check(rule: &str, beta: f64) -> Result<()> {
    if beta > 0.0 {
        return Ok(());
    }
    Err(Error::rule(rule, "the share of x in y, momentum or the first beta, must be above 0"))
}

/// The new y and z along a direction: the scalars are the share of the new z in x, how far y moves, and how far z does.
#[inline(always)]
pub(super) fn moved<R: Real>([share, on_y, on_z]: [R; 3], y: R, z: R, direction: R) -> (R, R) {
    (y + (z - y) * share - on_y * direction, z - on_z * direction)
}

/// Those scalars.
pub(super) fn scalars(share: f64, beta: f64, lr: f64) -> [f64; 3] {
    [share, lr * (1.0 - beta * (1.0 - share)), lr]
}

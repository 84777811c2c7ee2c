//! What the rules that estimate d, the distance to the solution, share.

use crate::error::{Error, Result};

/// d after an estimate: never smaller, and not more than `growth_rate` times as large where that is not 0.
pub(super) fn grown(d: f64, estimate: f64, growth_rate: f64) -> f64 {
    // A NaN, from an estimate of 0 / 0, changes nothing.
    d.max(if growth_rate > 0.0 { estimate.min(d * growth_rate) } else { estimate })
}

/// Refuses a growth rate that would shrink d.
pub(super) fn check(rule: &str, growth_rate: f64) -> Result<()> {
    if growth_rate == 0.0 || growth_rate >= 1.0 {
        return Ok(());
    }
    Err(Error::rule(rule, format!("growth_rate must be 0 for any, or 1 or more, not {growth_rate}")))
}

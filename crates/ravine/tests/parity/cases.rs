//! Which of our configurations equals which of theirs.

use ravine::Builder;

/// A configuration that must give the same trajectory as a golden one.
#[derive(Clone, Copy)]
pub(crate) struct Case {
    /// `<library>.<Class>.<config>` of a golden file.
    pub(crate) golden: &'static str,
    /// Our spec.
    pub(crate) ours: &'static str,
    /// Largest relative difference in f64 over 50 steps.
    pub(crate) tolerance: f64,
    /// Why the tolerance is not that of rounding, or what is different; may be empty.
    pub(crate) note: &'static str,
    /// Options of the optimizer around the rule.
    pub(crate) with: fn(Builder) -> Builder,
}

/// Rounding over 50 steps.
pub(crate) const ROUNDING: f64 = 1e-12;

/// A case that differs by rounding alone, without options.
const fn same(golden: &'static str, ours: &'static str) -> Case {
    Case { golden, ours, tolerance: ROUNDING, note: "", with: |builder| builder }
}

/// All cases. One line each, by library and class.
pub(crate) const CASES: &[Case] = &[same("torch.Adam.default", "adam:lr=0.01")];

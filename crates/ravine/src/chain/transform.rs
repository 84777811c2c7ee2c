//! What a gradient transform is.

use super::numbers::Numbers;
use crate::error::Result;
use crate::hyper::Hyper;
use crate::real::Real;
use crate::rule::{At, Slot};

/// A transform of updates, element by element: a link of a [`Chain`](super::Chain).
///
/// One of one's own is its hyper-parameters and a pure function:
///
/// ```
/// use ravine::chain::{Chain, Clip, Transform};
/// use ravine::{At, Optimizer, ParamSpec, Range, Real, Slot};
///
/// ravine::hyper! {
///     /// u = u / (|u| + eps): all but the sign of large updates is lost, small ones pass.
///     pub struct SoftSign {
///         /// What is small.
///         eps: f64 = 1e-3, Range::Positive;
///     }
/// }
///
/// impl Transform for SoftSign {
///     type Slots<T: Copy> = [T; 0];
///     type Scalars<T: Copy> = [T; 1];
///     fn name(&self) -> &'static str {
///         "soft-sign"
///     }
///     fn slots(&self) -> [Slot; 0] {
///         []
///     }
///     fn scalars(&self, _: At) -> [f64; 1] {
///         [self.eps]
///     }
///     #[inline(always)]
///     fn apply<R: Real>([eps]: [R; 1], _w: R, u: R, s: [R; 0]) -> (R, [R; 0]) {
///         (u / (u.abs() + eps), s)
///     }
/// }
///
/// let mut optimizer = Optimizer::builder(Chain::new(1.0, (Clip { max_delta: 1.0 }, SoftSign { eps: 1.0 })))
///     .build::<f64>(&[ParamSpec::new("w", [1])])?;
/// let mut w = [0.0];
/// let _ = optimizer.step(&mut [&mut w], &mut [&mut [7.0]])?;
/// assert_eq!(w, [-0.5]);
/// # Ok::<(), ravine::Error>(())
/// ```
///
/// Tuples of up to eight transforms are transforms too, each working on what the one before it made.
pub trait Transform: Hyper + Clone + Send + Sync + 'static {
    /// An array of as many things as it has state slots, such as `[T; 2]`.
    type Slots<T: Copy>: Numbers<T>;
    /// An array of as many things as its function takes scalars.
    type Scalars<T: Copy>: Numbers<T>;
    /// What it is called in the name of a chain.
    fn name(&self) -> &'static str;
    /// The state it keeps for each element. Where two transforms of a chain name a slot alike, the chain puts their places
    /// before the names: `0.trace`, `2.trace`. So it does with hyper-parameters.
    fn slots(&self) -> Self::Slots<Slot>;
    /// The scalars of a step, computed in f64 and rounded once.
    fn scalars(&self, at: At) -> Self::Scalars<f64>;
    /// Whether its hyper-parameters go together: see [`Rule::check`](crate::Rule::check).
    ///
    /// # Errors
    /// What does not, as an [`Error::rule`](crate::Error::rule).
    fn check(&self) -> Result<()> {
        Ok(())
    }
    /// The new update and state from the parameter `w`, the update `u` so far (the gradient, for the first of a chain) and
    /// the state `s`.
    ///
    /// Mark it `#[inline(always)]`, else the loop around it cannot be vectorised.
    fn apply<R: Real>(k: Self::Scalars<R>, w: R, u: R, s: Self::Slots<R>) -> (R, Self::Slots<R>);
}

//! The shape of one example.

use std::fmt;

/// The shape of one example, without the batch: `[784]`, `[1, 28, 28]`, `[tokens, features]`. Row-major.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shape(Vec<usize>);

impl Shape {
    /// Its extents, outermost first.
    pub fn dims(&self) -> &[usize] {
        &self.0
    }

    /// Values in one example: the product of the extents, or the largest number if it is beyond that.
    pub fn size(&self) -> usize {
        self.0.iter().fold(1, |size, &dim| size.saturating_mul(dim))
    }

    /// The innermost extent; 1 for the shape of a single number.
    pub fn last(&self) -> usize {
        self.0.last().copied().unwrap_or(1)
    }

    /// This shape with another innermost extent.
    pub fn with_last(&self, last: usize) -> Self {
        let outer = self.0.len().saturating_sub(1);
        Self(self.0[..outer].iter().copied().chain([last]).collect())
    }
}

impl From<usize> for Shape {
    fn from(features: usize) -> Self {
        Self(vec![features])
    }
}

impl<const N: usize> From<[usize; N]> for Shape {
    fn from(dims: [usize; N]) -> Self {
        Self(dims.to_vec())
    }
}

impl From<&[usize]> for Shape {
    fn from(dims: &[usize]) -> Self {
        Self(dims.to_vec())
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

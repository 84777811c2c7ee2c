//! Inverted dropout.

use ravine::random::Random;

use crate::{Backward, Error, Float, Forward, Layer, Mode, Scope, Shape, parallel};

/// In training each value is zero with probability `p`, else divided by `1 - p`; in evaluation nothing happens
/// (Srivastava et al., JMLR 2014).
///
/// The mask is a function of the network's seed, the step, the layer and the element: it does not depend on threads,
/// and a resumed run draws the same.
#[derive(Clone, Debug)]
pub struct Dropout<T> {
    p: f64,
    random: Random,
    /// 0 or 1 / (1 - p) for each value; empty if the last pass dropped nothing.
    mask: Vec<T>,
}

impl<T: Float> Dropout<T> {
    /// Drops with probability `p`, at least 0 and below 1.
    pub fn new(p: f64) -> Self {
        Self { p, random: Random::new(0), mask: Vec::new() }
    }
}

impl<T: Float> Layer<T> for Dropout<T> {
    fn build(&mut self, input: &Shape, scope: &mut Scope<'_, T>) -> Result<Shape, Error> {
        if !(0.0..1.0).contains(&self.p) {
            let problem = format!("the probability of dropout must be in [0, 1), got {}", self.p);
            return Err(Error::layer(scope.path(), problem));
        }
        self.random = scope.stream();
        Ok(input.clone())
    }

    fn forward(&mut self, pass: &Forward<'_, T>, x: &[T], y: &mut [T]) {
        self.mask.clear();
        let Mode::Train { step } = pass.mode else {
            return y.copy_from_slice(x);
        };
        self.mask.resize(x.len(), T::ZERO);
        let (random, p) = (self.random.stream(step), self.p);
        let scale = T::from_f64(1.0 / (1.0 - p));
        // 64 random bits are below this with probability p.
        let threshold = (p * 2f64.powi(64)) as u64;
        parallel::chunks(&mut self.mask, |start, mask| draw(random, start as u64, threshold, scale, mask));
        scale_by(x, &self.mask, y);
    }

    fn backward(&mut self, _pass: &mut Backward<'_, T>, _x: &[T], _y: &[T], dy: &[T], dx: Option<&mut [T]>) {
        match dx {
            Some(dx) if self.mask.is_empty() => dx.copy_from_slice(dy),
            Some(dx) => scale_by(dy, &self.mask, dx),
            None => {}
        }
    }
}

fn scale_by<T: Float>(x: &[T], mask: &[T], y: &mut [T]) {
    parallel::chunks(y, |start, y| multiply(&x[start..][..y.len()], &mask[start..][..y.len()], y));
}

ravine::simd! {
    fn draw<T: Float>(random: Random, start: u64, threshold: u64, scale: T, mask: &mut [T]) {
        for (index, mask) in (start..).zip(mask) {
            *mask = T::select(random.bits(index) < threshold, T::ZERO, scale);
        }
    }

    fn multiply<T: Float>(x: &[T], mask: &[T], y: &mut [T]) {
        for ((y, &x), &mask) in y.iter_mut().zip(x).zip(mask) {
            *y = x * mask;
        }
    }
}

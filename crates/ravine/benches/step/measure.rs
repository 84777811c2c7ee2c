//! One case: a step and the limit, in turns.

use crate::shapes::Shape;
use ravine::{Builder, Element, Optimizer, Outcome, ParamSpec};
use rayon::prelude::*;
use std::time::Instant;

pub(crate) struct Case<'a> {
    pub(crate) name: String,
    pub(crate) storage: String,
    pub(crate) shape: &'a Shape,
    /// Readings of parameter, gradient and state before the update.
    pub(crate) looks: usize,
    /// Bytes an element that are moved besides.
    pub(crate) extra: usize,
    pub(crate) quick: bool,
}

/// What came of it.
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) storage: String,
    pub(crate) shape: &'static str,
    pub(crate) ns: f64,
    pub(crate) ratio: f64,
}

/// An optimizer with parameters and gradients to step.
pub(crate) struct Subject<T: Element> {
    pub(crate) optimizer: Optimizer<T>,
    values: Vec<Vec<T>>,
    grads: Vec<Vec<T>>,
}

impl<T: Element> Subject<T> {
    pub(crate) fn new(builder: Builder, params: &[ParamSpec]) -> ravine::Result<Self> {
        let optimizer = builder.build(params)?;
        let value = |_| T::nearest(0.1);
        let grad = |i| T::nearest(((i % 101) as f64 - 50.0) * 0.01);
        let fill = |make: &dyn Fn(usize) -> T| {
            params.iter().map(|param| (0..param.len()).map(make).collect()).collect()
        };
        Ok(Self { optimizer, values: fill(&value), grads: fill(&grad) })
    }

    /// Seconds of a step.
    pub(crate) fn step(&mut self) -> f64 {
        let mut values: Vec<&mut [T]> = self.values.iter_mut().map(|x| &mut x[..]).collect();
        let mut grads: Vec<&mut [T]> = self.grads.iter_mut().map(|x| &mut x[..]).collect();
        let start = Instant::now();
        let outcome = self.optimizer.step(&mut values, &mut grads).expect("the case is valid");
        let seconds = start.elapsed().as_secs_f64();
        assert!(matches!(outcome, Outcome::Stepped { .. }));
        seconds
    }
}

/// Measures a case; none for a rule that does not take these tensors.
pub(crate) fn measure<T: Element>(case: Case<'_>, builder: Builder) -> Option<Row> {
    let params = (case.shape.params)();
    let mut subject = match Subject::<T>::new(builder, &params) {
        Ok(subject) => subject,
        Err(error) => {
            println!("{:<38} {:<8} {:<9} {error}", case.name, case.storage, case.shape.name);
            return None;
        }
    };
    let elements: usize = params.iter().map(ParamSpec::len).sum();
    subject.step();
    let state = subject.optimizer.state_bytes();
    let read = 2 * elements * size_of::<T>() + state;
    let written = elements * size_of::<T>() + state;
    let bytes = read * (1 + case.looks) + written + elements * case.extra;
    let mut stream = vec![1.0f32; bytes / 8];
    let (mut steps, mut limits) = (Vec::new(), Vec::new());
    let rounds = if case.quick { case.shape.rounds.div_ceil(3) } else { case.shape.rounds };
    for round in 0..=rounds {
        let step = subject.step();
        let start = Instant::now();
        stream.par_chunks_mut(1 << 15).for_each(scale);
        let limit = start.elapsed().as_secs_f64();
        // The first round touches fresh pages.
        if round > 0 {
            steps.push(step);
            limits.push(limit);
        }
    }
    let (step, limit) = (median(steps), median(limits));
    let (ns, ratio) = (step * 1e9 / elements as f64, limit / step);
    println!(
        "{:<38} {:<8} {:<9} {:>9.3} {:>9.3} {ns:>7.3} {:>8.1} {ratio:>6.2} {:>5}",
        case.name,
        case.storage,
        case.shape.name,
        step * 1e3,
        limit * 1e3,
        bytes as f64 / step / 1e9,
        case.looks,
    );
    Some(Row { name: case.name, storage: case.storage, shape: case.shape.name, ns, ratio })
}

ravine::simd! {
    /// The streaming pass.
    fn scale(chunk: &mut [f32]) {
        for x in chunk {
            *x *= 1.000_000_1;
        }
    }
}

pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

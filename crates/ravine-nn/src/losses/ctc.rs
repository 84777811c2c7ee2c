//! Connectionist temporal classification.

use rayon::prelude::*;

use crate::error::Kind;
use crate::{Error, Float, Loss};

/// Minus the log of the probability of a label sequence, summed over all ways to spread it over the frames: each frame
/// says a class or blank, repeats are one, blanks part them (Graves et al., ICML 2006).
///
/// `output` are logits `[examples, time, classes]`; class 0 is the blank. The value is the mean over the examples of the
/// loss divided by the number of labels (at least 1), PyTorch's default. An example whose frames are too few for its
/// labels is an error, or counts 0 without a gradient if `zero_infinity`; so does any loss that is infinite then.
///
/// The sums are taken in f64 and of logarithms, so long inputs neither overflow nor vanish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ctc {
    /// Classes with the blank: the innermost extent of the output.
    pub classes: usize,
    /// Whether labels that cannot be said count as no loss.
    pub zero_infinity: bool,
}

/// What an example says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transcript {
    /// Frames of the output that belong to the example; the rest is padding.
    pub frames: usize,
    /// The classes in order, from 1 to below the number of classes.
    pub labels: Vec<u32>,
}

impl Transcript {
    /// The fewest frames that can say the labels: one each, and a blank between two that are equal.
    pub fn least_frames(&self) -> usize {
        self.labels.len() + self.labels.windows(2).filter(|pair| pair[0] == pair[1]).count()
    }
}

impl<T: Float> Loss<T> for Ctc {
    type Target = Transcript;

    fn forward(&self, output: &[T], target: &[Transcript]) -> Result<f64, Error> {
        let size = self.check(output, target)?;
        let losses: Vec<f64> = output
            .par_chunks(size)
            .zip(target)
            .map(|(z, transcript)| self.weight(transcript, Lattice::new(z, self.classes, transcript).loss()))
            .collect();
        Ok(losses.iter().sum::<f64>() / target.len() as f64)
    }

    fn forward_backward(&self, output: &[T], target: &[Transcript], grad: &mut Vec<T>) -> Result<f64, Error> {
        let size = self.check(output, target)?;
        grad.resize(output.len(), T::ZERO);
        let examples = target.len() as f64;
        let losses: Vec<f64> = output
            .par_chunks(size)
            .zip(grad.par_chunks_mut(size))
            .zip(target)
            .map(|((z, grad), transcript)| {
                let lattice = Lattice::new(z, self.classes, transcript);
                let loss = lattice.loss();
                grad.fill(T::ZERO);
                if !(self.zero_infinity && loss == f64::INFINITY) {
                    lattice.gradient(self.weight(transcript, 1.0) / examples, grad);
                }
                self.weight(transcript, loss)
            })
            .collect();
        Ok(losses.iter().sum::<f64>() / examples)
    }
}

impl Ctc {
    /// For outputs of so many classes with the blank; labels that do not fit are an error.
    pub fn new(classes: usize) -> Self {
        Self { classes, zero_infinity: false }
    }

    /// The share of an example's loss in the sum.
    fn weight(&self, transcript: &Transcript, loss: f64) -> f64 {
        let finite = if self.zero_infinity && loss == f64::INFINITY { 0.0 } else { loss };
        finite / transcript.labels.len().max(1) as f64
    }

    /// The values of an example, if all fits together.
    fn check<T>(&self, output: &[T], target: &[Transcript]) -> Result<usize, Error> {
        let (examples, classes) = (target.len(), self.classes);
        if examples == 0 {
            return Err(Kind::EmptyBatch.into());
        }
        if output.is_empty() || classes == 0 || !output.len().is_multiple_of(examples * classes) {
            return Err(Kind::RaggedFrames { values: output.len(), examples, classes }.into());
        }
        let time = output.len() / (examples * classes);
        for (example, transcript) in target.iter().enumerate() {
            let Transcript { frames, labels } = transcript;
            if let Some(&label) = labels.iter().find(|&&label| label == 0 || label as usize >= classes) {
                return Err(Kind::Spoken { label, example, classes }.into());
            }
            let (least, most) = (if self.zero_infinity { 0 } else { transcript.least_frames() }, time);
            if *frames < least || *frames > most {
                let (frames, labels) = (*frames, labels.len());
                return Err(Kind::Frames { example, frames, labels, least, most }.into());
            }
        }
        Ok(time * classes)
    }
}

/// All ways through one example. States are blank, first label, blank, second label, .., blank.
struct Lattice<'a> {
    frames: usize,
    classes: usize,
    labels: &'a [u32],
    /// Log-probabilities of the classes in each frame.
    log_p: Vec<f64>,
    /// Log of the probability of being in a state at a frame, with all that was said up to it: `[frames, states]`.
    alpha: Vec<f64>,
}

impl<'a> Lattice<'a> {
    fn new<T: Float>(z: &[T], classes: usize, transcript: &'a Transcript) -> Self {
        let Transcript { frames, ref labels } = *transcript;
        let mut log_p: Vec<f64> = z[..frames * classes].iter().map(|z| z.to_f64()).collect();
        for row in log_p.chunks_exact_mut(classes) {
            let top = row.iter().fold(f64::NEG_INFINITY, |top, &z| z.max(top));
            let log_sum = row.iter().map(|z| (z - top).exp()).sum::<f64>().ln() + top;
            row.iter_mut().for_each(|z| *z -= log_sum);
        }
        let mut lattice = Self { frames, classes, labels, log_p, alpha: Vec::new() };
        lattice.run_forward();
        lattice
    }

    fn states(&self) -> usize {
        2 * self.labels.len() + 1
    }

    fn class(&self, state: usize) -> usize {
        if state.is_multiple_of(2) { 0 } else { self.labels[state / 2] as usize }
    }

    /// Whether a way may go to this state from two before it: over a blank that need not be said.
    fn skips(&self, state: usize) -> bool {
        !state.is_multiple_of(2) && state > 2 && self.class(state) != self.class(state - 2)
    }

    fn run_forward(&mut self) {
        let states = self.states();
        let mut alpha = vec![f64::NEG_INFINITY; self.frames * states];
        for frame in 0..self.frames {
            let (past, now) = alpha.split_at_mut(frame * states);
            let log_p = &self.log_p[frame * self.classes..];
            for state in 0..states {
                let arrived = match past.len().checked_sub(states) {
                    None if state < 2 => 0.0,
                    None => f64::NEG_INFINITY,
                    Some(start) => {
                        let past = &past[start..];
                        let step = if state > 0 { past[state - 1] } else { f64::NEG_INFINITY };
                        let skip = if self.skips(state) { past[state - 2] } else { f64::NEG_INFINITY };
                        log_add(past[state], step, skip)
                    }
                };
                now[state] = arrived + log_p[self.class(state)];
            }
        }
        self.alpha = alpha;
    }

    fn loss(&self) -> f64 {
        if self.frames == 0 {
            // Nothing is said, for certain.
            return if self.labels.is_empty() { 0.0 } else { f64::INFINITY };
        }
        let last = &self.alpha[(self.frames - 1) * self.states()..];
        let before = if last.len() > 1 { last[last.len() - 2] } else { f64::NEG_INFINITY };
        -log_add(last[last.len() - 1], before, f64::NEG_INFINITY)
    }

    /// Writes `scale` times (softmax - the probability that a frame says the class, given the labels).
    fn gradient<T: Float>(&self, scale: f64, grad: &mut [T]) {
        let (states, classes, loss) = (self.states(), self.classes, self.loss());
        // The log of the probability of all that is said after a frame, given the state in it.
        let mut beta = vec![f64::NEG_INFINITY; states];
        let mut next = vec![0.0; states];
        let mut said = vec![0.0; classes];
        beta[states.saturating_sub(2)..].fill(0.0);
        for frame in (0..self.frames).rev() {
            said.fill(0.0);
            for (state, beta) in beta.iter().enumerate() {
                said[self.class(state)] += (self.alpha[frame * states + state] + beta + loss).exp();
            }
            let log_p = &self.log_p[frame * classes..][..classes];
            for ((grad, log_p), said) in grad[frame * classes..].iter_mut().zip(log_p).zip(&said) {
                *grad = T::from_f64(scale * (log_p.exp() - said));
            }
            for (state, next) in next.iter_mut().enumerate() {
                *next = beta[state] + log_p[self.class(state)];
            }
            for state in 0..states {
                let step = next.get(state + 1).copied().unwrap_or(f64::NEG_INFINITY);
                let skip = if state + 2 < states && self.skips(state + 2) {
                    next[state + 2]
                } else {
                    f64::NEG_INFINITY
                };
                beta[state] = log_add(next[state], step, skip);
            }
        }
    }
}

/// log(e^a + e^b + e^c).
fn log_add(a: f64, b: f64, c: f64) -> f64 {
    let top = a.max(b).max(c);
    if top == f64::NEG_INFINITY {
        // NaN is passed over by `max`.
        return a + b + c;
    }
    top + ((a - top).exp() + (b - top).exp() + (c - top).exp()).ln()
}

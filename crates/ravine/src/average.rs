//! Averages of the weights over the steps.

use crate::hyper::Range;

crate::hyper! {
    /// An exponential moving average of the weights: average += (1 - decay) (weights - average) after each step
    /// (Polyak averaging; Tarvainen and Valpola, arXiv 1703.01780). It starts as a copy of the weights before the first
    /// step.
    #[derive(Copy)]
    pub struct Ema {
        /// How much of the average each step keeps.
        decay: f64 = 0.999, Range::UnitOpen;
        /// Whether the decay rises with the steps made, min(decay, (1 + t) / (10 + t)), so that the average forgets a
        /// bad start sooner.
        warmup: bool = false, Range::Bool;
    }
}

impl Ema {
    /// An average of this decay, without warmup.
    pub const fn new(decay: f64) -> Self {
        Self { decay, warmup: false }
    }

    /// The decay after `step` steps.
    fn decay_at(self, step: u64) -> f64 {
        let t = step as f64;
        if self.warmup { self.decay.min((1.0 + t) / (10.0 + t)) } else { self.decay }
    }
}

crate::hyper! {
    /// Stochastic weight averaging: the mean of the weights after steps `start`, `start + every`, `start + 2 every`, ...,
    /// with steps counted from 1 (Izmailov et al., arXiv 1803.05407). [`schedules::swa`](crate::schedules) has its
    /// learning rate. By default the mean of all steps.
    #[derive(Copy, Eq)]
    pub struct Swa {
        /// The step after which the weights are taken for the first time.
        start: u64 = 1, Range::AtLeastOne;
        /// Steps between those that are taken.
        every: u64 = 1, Range::AtLeastOne;
    }
}

impl Swa {
    /// An average that begins after step `start` and takes in every `every`-th.
    pub const fn new(start: u64, every: u64) -> Self {
        Self { start, every }
    }
}

crate::hyper! {
    /// Latest weight averaging: the mean of the weights after the latest `latest` of steps `every`, `2 every`, ..., counted
    /// from 1 (Kaddour, arXiv 2209.14981, section 2, where `every` is an epoch). Each of them is kept, in memory of its
    /// own.
    #[derive(Copy, Eq)]
    pub struct Lawa {
        /// How many weights are kept.
        latest: u64 = 6, Range::AtLeastOne;
        /// Steps between those that are taken.
        every: u64 = 100, Range::AtLeastOne;
    }
}

impl Lawa {
    /// The mean of the latest `latest` weights, taken every `every` steps.
    pub const fn new(latest: u64, every: u64) -> Self {
        Self { latest, every }
    }

    /// The place of the weights after step `step`, counted from 0, among those that are kept, if they are taken.
    pub(crate) fn place(self, step: u64) -> Option<usize> {
        let steps = step.saturating_add(1);
        steps.is_multiple_of(self.every).then(|| ((steps / self.every - 1) % self.latest) as usize)
    }

    /// How many weights are kept after `steps` steps.
    pub(crate) fn kept(self, steps: u64) -> usize {
        (steps / self.every).min(self.latest) as usize
    }
}

/// What kind of average is kept.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Average {
    Ema(Ema),
    Swa(Swa),
    Lawa(Lawa),
}

impl Average {
    /// What checkpoints call it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ema(_) => "ema",
            Self::Swa(_) => "swa",
            Self::Lawa(_) => "lawa",
        }
    }

    /// How far the average moves towards the weights after step `step`, counted from 0; not at all where there is none.
    pub(crate) fn weight(self, step: u64) -> Option<f64> {
        match self {
            Self::Ema(ema) => Some(1.0 - ema.decay_at(step)),
            Self::Swa(Swa { start, every }) => {
                let since = step.saturating_add(1).checked_sub(start)?;
                (since % every == 0).then(|| 1.0 / (since / every + 1) as f64)
            }
            // A mean of weights that are kept apart.
            Self::Lawa(_) => None,
        }
    }

    /// Whether it has taken in any weights after `steps` steps.
    pub(crate) fn is_there(self, steps: u64) -> bool {
        match self {
            Self::Ema(_) => steps > 0,
            Self::Swa(swa) => steps >= swa.start,
            Self::Lawa(lawa) => steps >= lawa.every,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lawa_goes_round_the_places_it_has() {
        let lawa = Lawa::new(3, 2);
        let places: Vec<_> = (0..10).map(|step| lawa.place(step)).collect();
        let expected = [None, Some(0), None, Some(1), None, Some(2), None, Some(0), None, Some(1)];
        assert_eq!(places, expected);
        assert_eq!([1, 2, 5, 6, 100].map(|steps| lawa.kept(steps)), [0, 1, 2, 3, 3]);
    }

    #[test]
    fn swa_is_the_mean_of_what_it_took_in() {
        let average = Average::Swa(Swa::new(3, 2));
        let (mut mean, mut taken) = (f64::NAN, Vec::new());
        for step in 0..10u64 {
            let w = (step * step) as f64;
            if let Some(weight) = average.weight(step) {
                taken.push(w);
                mean = if weight == 1.0 { w } else { mean + (w - mean) * weight };
            }
            assert_eq!(average.is_there(step + 1), !taken.is_empty());
        }
        assert_eq!(taken, [4.0, 16.0, 36.0, 64.0]);
        assert!((mean - 30.0).abs() < 1e-12);
    }
}

//! Averages of the weights over the steps.

/// An exponential moving average of the weights: average += (1 - decay) (weights - average) after each step
/// (Polyak averaging; Tarvainen and Valpola, arXiv 1703.01780). It starts as a copy of the weights before the first
/// step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ema {
    /// How much of the average each step keeps: at least 0 and below 1.
    pub decay: f64,
    /// Whether the decay rises with the steps made, min(decay, (1 + t) / (10 + t)), so that the average forgets a
    /// bad start sooner.
    pub warmup: bool,
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

/// Stochastic weight averaging: the mean of the weights after steps `start`, `start + every`, `start + 2 every`, ..., with
/// steps counted from 1 (Izmailov et al., arXiv 1803.05407). [`schedules::swa`](crate::schedules) has its learning rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Swa {
    /// The step after which the weights are taken for the first time: 1 or more.
    pub start: u64,
    /// Steps between those that are taken: 1 or more.
    pub every: u64,
}

impl Swa {
    /// An average that begins after step `start` and takes in every `every`-th.
    pub const fn new(start: u64, every: u64) -> Self {
        Self { start, every }
    }
}

/// What kind of average is kept.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Average {
    Ema(Ema),
    Swa(Swa),
}

impl Average {
    /// What checkpoints call it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ema(_) => "ema",
            Self::Swa(_) => "swa",
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
        }
    }

    /// Whether it has taken in any weights after `steps` steps.
    pub(crate) fn is_there(self, steps: u64) -> bool {
        match self {
            Self::Ema(_) => steps > 0,
            Self::Swa(swa) => steps >= swa.start,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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

//! Has it converged, and does it overfit? Judged from losses, with intervals that know of autocorrelation.
//!
//! The slope is that of the straight line of least squares. Losses that follow one another are alike, so the usual
//! standard error is too small. The variance of the slope is instead taken from the residuals' first cosine transforms,
//! whose mean square estimates the long-run variance, with Student's quantile of as many degrees of freedom: the
//! equal-weighted cosine estimator of Lazarus, Lewis, Stock and Watson, Journal of Business and Economic Statistics 36
//! (2018), 541, with their nu = 0.4 n^(2/3). The first cosine is left out, since the line takes nearly all of it.

use crate::stats::number::significant;
use crate::stats::{Interval, summary};
use serde::Serialize;
use statrs::distribution::{ContinuousCDF, StudentsT};
use std::f64::consts::PI;

/// Fewest values that a slope is judged from.
pub const FEWEST: usize = 8;

/// Change over a window, relative to the level, that counts as none.
pub const TOLERANCE: f64 = 0.01;

/// Rise of the validation loss above its best, relative to it, below which nothing is said.
const RISE: f64 = 0.05;

/// How values change over a window.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Trend {
    /// The change from the first value to the last along the line of least squares.
    pub change: f64,
    /// Its interval at 95 %.
    pub interval: Interval,
}

/// What losses do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Motion {
    /// The interval of the change lies below 0.
    Falling,
    /// It lies within the tolerance.
    Flat,
    /// It lies above 0.
    Rising,
    /// It is too wide to tell, or there are too few values.
    Unclear,
}

/// The change of equally spaced values; `None` below [`FEWEST`] values, or if one is not finite.
pub fn trend(values: &[f64]) -> Option<Trend> {
    let n = values.len();
    if n < FEWEST || values.iter().any(|y| !y.is_finite()) {
        return None;
    }
    let mean = summary::mean(values)?;
    let place = |i: usize| i as f64 - (n - 1) as f64 / 2.0;
    let spread: f64 = (0..n).map(|i| place(i).powi(2)).sum();
    let slope = values.iter().enumerate().map(|(i, y)| place(i) * (y - mean)).sum::<f64>() / spread;
    let residuals: Vec<f64> = values.iter().enumerate().map(|(i, y)| y - mean - slope * place(i)).collect();
    let terms = (0.4 * (n as f64).powf(2.0 / 3.0)).round().max(2.0) as usize;
    let cosine = |j: usize| {
        let wave = |i: usize| (PI * j as f64 * (i as f64 + 0.5) / n as f64).cos();
        (2.0 / n as f64).sqrt() * residuals.iter().enumerate().map(|(i, r)| r * wave(i)).sum::<f64>()
    };
    let long_run = (2..terms + 2).map(|j| cosine(j).powi(2)).sum::<f64>() / terms as f64;
    let quantile = StudentsT::new(0.0, 1.0, terms as f64).ok()?.inverse_cdf(0.975);
    let (length, half) = ((n - 1) as f64, quantile * (long_run / spread).sqrt());
    Some(Trend {
        change: slope * length,
        interval: Interval { low: (slope - half) * length, high: (slope + half) * length },
    })
}

/// The relative change of a loss over a window. Where all values are positive the line is that of their logarithms, so
/// that a loss falls by 1, 100 %, at most; else the change is one over the mean of their size.
pub fn relative(losses: &[f64]) -> Option<Trend> {
    if losses.iter().all(|loss| *loss > 0.0) {
        let Trend { change, interval } = trend(&losses.iter().map(|loss| loss.ln()).collect::<Vec<_>>())?;
        let interval = Interval { low: interval.low.exp_m1(), high: interval.high.exp_m1() };
        return Some(Trend { change: change.exp_m1(), interval });
    }
    let size = losses.iter().map(|loss| loss.abs()).sum::<f64>() / losses.len() as f64;
    let size = if size > 0.0 { size } else { 1.0 };
    trend(&losses.iter().map(|loss| loss / size).collect::<Vec<_>>())
}

/// What a trend says, where changes up to `tolerance` do not matter.
pub fn motion(trend: Option<&Trend>, tolerance: f64) -> Motion {
    match trend.map(|trend| trend.interval) {
        Some(Interval { low, high }) if -tolerance <= low && high <= tolerance => Motion::Flat,
        Some(Interval { high, .. }) if high < 0.0 => Motion::Falling,
        Some(Interval { low, .. }) if low > 0.0 => Motion::Rising,
        _ => Motion::Unclear,
    }
}

/// A training loss and a validation loss at the same time.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Losses {
    /// Optimizer steps made.
    pub step: u64,
    /// On the training split.
    pub train: f64,
    /// On the validation split.
    pub validation: f64,
}

/// How far training and validation have come apart.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Generalisation {
    /// The step of the best validation loss.
    pub best_step: u64,
    /// The best validation loss.
    pub best: f64,
    /// The training loss around that step.
    pub trained: f64,
    /// How far the validation loss lies above its best at the end: the median of the last three, relative to the best.
    pub rise: f64,
    /// The rise that chance alone may make: four standard deviations of what is between neighbours, relative to the best.
    pub chance: f64,
    /// Validation loss less training loss at the end, medians of the last three.
    pub gap: f64,
    /// How the gap changed over all.
    pub gap_trend: Option<Trend>,
    /// The step from which on it overfits: the training loss falls or stays, the validation loss rises.
    pub since: Option<u64>,
}

/// Judges evaluations at equal distances; `None` if there are none, or none is finite.
///
/// It overfits since its best validation loss if the last ones lie above it by 5 % and by more than chance makes the best
/// of many the lowest, four standard deviations of what is between neighbours, while the training loss did not rise.
pub fn generalisation(losses: &[Losses]) -> Option<Generalisation> {
    let finite: Vec<Losses> =
        losses.iter().copied().filter(|at| at.train.is_finite() && at.validation.is_finite()).collect();
    let best = (0..finite.len()).min_by(|&a, &b| finite[a].validation.total_cmp(&finite[b].validation))?;
    let middle = |range: &[Losses], part: fn(&Losses) -> f64| {
        summary::median(&range.iter().map(part).collect::<Vec<_>>())
    };
    let last = &finite[finite.len().saturating_sub(3)..];
    let around = &finite[best.saturating_sub(1)..(best + 2).min(finite.len())];
    let floor = finite[best].validation;
    let size = floor.abs().max(f64::MIN_POSITIVE);
    let rise = (middle(last, |at| at.validation)? - floor) / size;
    let after = &finite[best.min(finite.len() / 2)..];
    let steps: Vec<f64> =
        after.windows(2).map(|pair| (pair[1].validation - pair[0].validation).abs() / size).collect();
    // From the median of what is between neighbours: no single spike hides a rise.
    let chance = 4.0 * summary::median(&steps).map_or(f64::INFINITY, |step| 1.4826 * step / 2f64.sqrt());
    let trained = middle(around, |at| at.train)?;
    let rose = middle(last, |at| at.train)? > trained;
    let overfits = best + 3 < finite.len() && rise > RISE.max(chance) && !rose;
    Some(Generalisation {
        best_step: finite[best].step,
        best: floor,
        trained,
        rise,
        chance,
        gap: middle(last, |at| at.validation - at.train)?,
        gap_trend: trend(&finite.iter().map(|at| at.validation - at.train).collect::<Vec<_>>()),
        since: overfits.then_some(finite[best].step),
    })
}

/// What a run's evaluations say of its length.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(tag = "outlook", rename_all = "lowercase")]
pub enum Outlook {
    /// The validation loss has risen since this step while the training loss has not.
    Overfits {
        /// The step of the best validation loss.
        since: u64,
        /// How far the loss lies above its best at the end, relative to it.
        rise: f64,
    },
    /// The validation loss changed by this share over the last half of the run, and the interval leaves no doubt.
    Moves {
        /// The relative change, below 0 where it falls.
        change: f64,
    },
    /// The validation loss has been flat over the last half.
    Flat,
    /// There is too little to tell, or it is too noisy.
    Unclear,
}

/// Judges the evaluations of a run, at equal distances and in their order.
pub fn outlook(losses: &[Losses]) -> Outlook {
    if let Some(Generalisation { since: Some(since), rise, .. }) = generalisation(losses) {
        return Outlook::Overfits { since, rise };
    }
    let last: Vec<f64> = losses[losses.len() / 2..].iter().map(|at| at.validation).collect();
    let trend = relative(&last);
    match (motion(trend.as_ref(), TOLERANCE), trend) {
        (Motion::Falling | Motion::Rising, Some(trend)) => Outlook::Moves { change: trend.change },
        (Motion::Flat, _) => Outlook::Flat,
        _ => Outlook::Unclear,
    }
}

impl Outlook {
    /// In a sentence, with what to do.
    pub fn sentence(&self) -> String {
        let percent = |share: f64| significant(100.0 * share.abs(), 2);
        match *self {
            Self::Overfits { since, rise } => format!(
                "It overfits: the validation loss is lowest at step {since} and {} % above that at the end. Stop early, \
                 augment, or decay the weights.",
                percent(rise)
            ),
            Self::Moves { change } if change < 0.0 => format!(
                "The validation loss still fell, by {} % over the last half: a longer run would gain.",
                percent(change)
            ),
            Self::Moves { change } => format!(
                "The validation loss rose by {} % over the last half, and the training loss with it or not by enough to tell: \
                 lower or decay the learning rate.",
                percent(change)
            ),
            Self::Flat => format!(
                "The validation loss has been flat over the last half, within {} %: a longer run would gain little.",
                percent(TOLERANCE)
            ),
            Self::Unclear => "Whether the validation loss still falls cannot be told from this run.".into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use ravine::random::Random;

    /// An autoregression of order one: each value keeps a share of the one before.
    fn noise(n: usize, keep: f64, stream: u64) -> Vec<f64> {
        let normal = Random::new(5).stream(stream);
        let mut before = normal.normal(0) / (1.0 - keep * keep).sqrt();
        (0..n as u64)
            .map(|i| {
                before = keep * before + normal.normal(i + 1);
                before
            })
            .collect()
    }

    #[test]
    fn intervals_cover_the_slope_even_where_noise_is_alike_from_step_to_step() {
        // The standard error of 1000 trials at 95 % is 0.7 points.
        for (n, keep, lowest) in [
            (8, 0.0, 0.925),
            (20, 0.0, 0.925),
            (100, 0.0, 0.93),
            (400, 0.0, 0.93),
            (100, 0.5, 0.91),
            (400, 0.8, 0.91),
        ] {
            let covered = |trial: &u64| {
                let values: Vec<f64> = noise(n, keep, *trial)
                    .iter()
                    .enumerate()
                    .map(|(i, e)| 3.0 - 0.1 * i as f64 + e)
                    .collect();
                trend(&values).unwrap().interval.contains(-0.1 * (n - 1) as f64)
            };
            let share = (0..1000).filter(covered).count() as f64 / 1000.0;
            assert!((lowest..0.975).contains(&share), "{n} values, {keep} kept: {share}");
        }
    }

    #[test]
    fn motions_are_told_apart() {
        let line = |slope: f64| -> Vec<f64> {
            noise(200, 0.3, 1).iter().enumerate().map(|(i, e)| 2.0 + slope * i as f64 + 0.01 * e).collect()
        };
        let said = |slope| motion(relative(&line(slope)).as_ref(), TOLERANCE);
        assert_eq!((said(-1e-3), said(0.0), said(1e-3)), (Motion::Falling, Motion::Flat, Motion::Rising));
        let loud: Vec<f64> = noise(200, 0.3, 1).iter().map(|e| 20.0 + 10.0 * e).collect();
        assert_eq!(motion(relative(&loud).as_ref(), TOLERANCE), Motion::Unclear);
        assert_eq!(motion(trend(&[1.0; 7]).as_ref(), TOLERANCE), Motion::Unclear);
        assert_eq!(
            motion(trend(&[1.0, f64::NAN, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]).as_ref(), 1.0),
            Motion::Unclear
        );
        assert_eq!(motion(relative(&[0.0; 20]).as_ref(), TOLERANCE), Motion::Flat);
        // An exponential decay falls by the same share of itself to its end, however small it has become.
        let decay: Vec<f64> = (0..50).map(|i| (-0.5 * f64::from(i)).exp()).collect();
        assert!((relative(&decay).unwrap().change - (-24.5f64).exp_m1()).abs() < 1e-9);
    }

    fn curve(validation: impl Fn(f64) -> f64, train: impl Fn(f64) -> f64) -> Vec<Losses> {
        let at = |i: u32| Losses {
            step: u64::from(i) * 10,
            train: train(f64::from(i)),
            validation: validation(f64::from(i)),
        };
        (0..40).map(at).collect()
    }

    #[test]
    fn overfitting_begins_at_the_best_validation_loss() {
        let wave = |t: f64| 0.002 * (7.0 * t).sin();
        let over = curve(|t| 1.0 + 0.001 * (t - 12.0).powi(2) + wave(t), |t| (-0.1 * t).exp());
        let said = generalisation(&over).unwrap();
        assert!((100..=140).contains(&said.since.unwrap()), "{said:?}");
        assert!(said.rise > 0.5 && said.gap > 1.0 && said.gap_trend.unwrap().interval.low > 0.0);
        // Both rise: that is no overfitting. Both fall: neither.
        let lost = curve(|t| 1.0 + 0.1 * t, |t| 1.0 + 0.1 * t);
        assert_eq!(generalisation(&lost).unwrap().since, None);
        let well = curve(|t| (-0.1 * t).exp() + 0.1 + wave(t), |t| (-0.1 * t).exp());
        assert_eq!(generalisation(&well).unwrap().since, None);
        assert_eq!(generalisation(&[]), None);
    }

    #[test]
    fn noise_alone_is_seldom_overfitting() {
        let alarms = (0..200).filter(|stream| {
            let e = noise(40, 0.0, 1000 + stream);
            let flat = curve(|t| 1.0 + 0.1 * e[t as usize], |_| 1.0);
            generalisation(&flat).is_some_and(|said| said.since.is_some())
        });
        assert!(alarms.count() <= 8);
    }

    proptest! {
        #[test]
        fn a_trend_moves_with_its_values(scale in 0.1..10.0f64, shift in -5.0..5.0f64, stream in 0u64..100) {
            let values = noise(30, 0.2, stream);
            let first = trend(&values).unwrap();
            let moved: Vec<f64> = values.iter().map(|y| scale * y + shift).collect();
            let second = trend(&moved).unwrap();
            prop_assert!((second.change - scale * first.change).abs() < 1e-9 * scale.max(1.0) * 10.0);
            prop_assert!(second.interval.low <= second.change && second.change <= second.interval.high);
            let mirrored = trend(&values.iter().map(|y| -y).collect::<Vec<_>>()).unwrap();
            prop_assert!((mirrored.interval.high + first.interval.low).abs() < 1e-9);
        }
    }

    #[test]
    fn runs_are_told_by_what_their_last_half_does() {
        let run = |train: fn(f64) -> f64, validation: fn(f64) -> f64| -> Outlook {
            let wiggle = noise(21, 0.0, 9);
            let at = |i: usize| Losses {
                step: 50 * i as u64,
                train: train(i as f64),
                validation: validation(i as f64) + 0.001 * wiggle[i],
            };
            outlook(&(0..21).map(at).collect::<Vec<_>>())
        };
        let falls = |i: f64| 2.0 * (-0.2 * i).exp();
        assert!(
            matches!(run(falls, |i| 0.2 + 2.0 * (-0.08 * i).exp()), Outlook::Moves { change } if change < -0.1)
        );
        assert_eq!(run(falls, |i| 0.5 + 2.0 * (-1.5 * i).exp()), Outlook::Flat);
        let overfits = run(falls, |i| 0.5 + 0.004 * (i - 8.0).powi(2));
        assert!(matches!(overfits, Outlook::Overfits { since: 300..=500, .. }), "{overfits:?}");
        assert_eq!(outlook(&[]), Outlook::Unclear);
        assert!(overfits.sentence().contains("Stop early"));
    }
}

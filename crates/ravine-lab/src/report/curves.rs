//! The curves of the race: the middle of the runs of every arm over time, and the axes that show them best.

use super::palette::Palette;
use crate::comparison::{Arm, Point, WorkloadResult};
use crate::stats::number::significant;
use crate::stats::{score, summary};
use crate::svg::decimate::decimate;
use crate::svg::plot::Sample;
use crate::svg::{Scale, Series};
use crate::verdict::Verdict;

/// What is drawn.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct View {
    /// Training loss rather than the validation metric.
    pub(super) loss: bool,
    /// Over seconds rather than steps.
    pub(super) seconds: bool,
}

impl View {
    /// What is on the vertical axis.
    pub(super) fn what(self, workload: &WorkloadResult) -> String {
        if self.loss { "training loss".into() } else { format!("validation {}", workload.metric) }
    }
}

/// All of them, the most important first.
pub(super) const VIEWS: [View; 4] = [
    View { loss: false, seconds: false },
    View { loss: false, seconds: true },
    View { loss: true, seconds: false },
    View { loss: true, seconds: true },
];

/// Points of a line at most, for the best schedule of an optimizer and for the others.
const POINTS: [usize; 2] = [80, 24];

/// The middle of the runs of one arm over time.
pub(super) struct Curve {
    pub(super) arm: usize,
    pub(super) series: Series,
    /// Number of its optimizer on the page.
    pub(super) number: usize,
    /// Best schedule of its optimizer.
    pub(super) best: bool,
    pub(super) samples: Vec<Sample>,
}

/// The curves of all arms, in the order in which they are drawn.
pub(super) fn curves(
    workload: &WorkloadResult,
    verdict: &Verdict,
    view: View,
    palette: &Palette,
) -> Vec<Curve> {
    let of = |(arm, best): (usize, bool)| Curve {
        arm,
        best,
        series: palette.optimizer(&workload.arms[arm].optimizer),
        number: palette.number(&workload.arms[arm].optimizer),
        samples: samples(workload, &workload.arms[arm], view, POINTS[usize::from(!best)]),
    };
    let others = (0..workload.arms.len()).filter(|arm| !verdict.best.contains(arm));
    // The best ones last, so that they are on top; the recommended one on top of all.
    others.map(|arm| (arm, false)).chain(verdict.best.iter().rev().map(|arm| (*arm, true))).map(of).collect()
}

/// Median and quantiles at every step evaluated. A failed run counts as worst from where its curve ends.
fn samples(workload: &WorkloadResult, arm: &Arm, view: View, budget: usize) -> Vec<Sample> {
    let worst = if workload.higher_is_better && !view.loss { f64::NEG_INFINITY } else { f64::INFINITY };
    let mut steps: Vec<u64> = arm.runs.iter().flat_map(|run| &run.curve).map(|point| point.step).collect();
    steps.sort_unstable();
    steps.dedup();
    let value = |point: &Point| if view.loss { point.train_loss } else { point.validation };
    let samples: Vec<Sample> = steps
        .into_iter()
        .filter_map(|step| {
            let mut values = Vec::new();
            let mut seconds = Vec::new();
            for run in &arm.runs {
                match run.at(step) {
                    Some(point) => {
                        seconds.push(point.seconds);
                        values.push(if value(point).is_finite() { value(point) } else { worst });
                    }
                    None if score::failed(run) => values.push(worst),
                    None => {}
                }
            }
            let x = if view.seconds { summary::median(&seconds)? } else { step as f64 };
            let q = |q| summary::quantile(&values, q);
            Some(Sample { x, mid: q(0.5)?, low: q(0.1)?, high: q(0.9)? })
        })
        .collect();
    let middles: Vec<f64> = samples.iter().map(|sample| sample.mid).collect();
    decimate(&middles, budget).into_iter().map(|i| samples[i]).collect()
}

/// From 0 to the end of the longest curve.
pub(super) fn x_domain(curves: &[Curve]) -> [f64; 2] {
    let xs = curves.iter().filter(|c| c.best).flat_map(|c| &c.samples).map(|s| s.x).filter(|x| x.is_finite());
    [0.0, xs.fold(0.0, f64::max)]
}

/// The vertical axis: all of a training loss; of a metric what lies beyond the first third of the steps, so that the
/// finish can be seen. With it, what is cut off, in words.
pub(super) fn y_scale(
    workload: &WorkloadResult,
    view: View,
    curves: &[Curve],
    range: [f64; 2],
) -> (Scale, Option<String>) {
    let end = x_domain(curves)[1];
    let best = || curves.iter().filter(|curve| curve.best).flat_map(|curve| &curve.samples);
    let finite = |x: &f64| x.is_finite();
    let all: Vec<f64> = best().flat_map(|s| [s.mid, s.low, s.high]).filter(finite).collect();
    let fold = |values: &[f64]| {
        (
            values.iter().copied().fold(f64::INFINITY, f64::min),
            values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        )
    };
    let (low, high) = fold(&all);
    if view.loss {
        let log = low > 0.0 && high / low > 10.0;
        return (
            if log { Scale::log10([low, high], range) } else { Scale::linear([low, high], range) },
            None,
        );
    }
    let late: Vec<f64> =
        best().filter(|s| s.x >= end / 3.0).map(|s| s.mid).chain([workload.target]).filter(finite).collect();
    let (late_low, late_high) = fold(&late);
    let air = 0.08 * (late_high - late_low);
    let domain = if workload.higher_is_better {
        [(late_low - air).max(low), high.max(late_high)]
    } else {
        [low.min(late_low), (late_high + air).min(high)]
    };
    let cut = match (workload.higher_is_better, domain) {
        (true, [bottom, _]) if bottom > low => {
            format!("from {}, lower values not shown", significant(bottom, 2))
        }
        (false, [_, top]) if top < high => format!("up to {}, higher values not shown", significant(top, 3)),
        _ => return (Scale::linear(domain, range), None),
    };
    (Scale::linear(domain, range), Some(cut))
}

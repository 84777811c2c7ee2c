//! Learning rates that the curvature at a point allows, and whether the engine's optimizers keep to them.
//!
//! Along an eigenvector of the Hessian with eigenvalue L, each method is a linear recurrence of its own. It shrinks for
//! learning rates below a limit in proportion to 1 / L, so the largest eigenvalue decides:
//!
//! ```text
//! gradient descent  2 / L
//! heavy ball        2 (1 + b) / L
//! Nesterov          2 (1 + b) / ((1 + 2 b) L)
//! ```
//!
//! Along an eigenvector with L < 0 each of them leaves at every learning rate.

use crate::objective::Objective;
use crate::point::{Kind, Point};
use crate::trace::{distance, length};
use crate::{Result, error};
use ravine::{Climb, Guard, Optimizer, ParamSpec, Value, rules};
use serde::Serialize;

/// Shares of the limit at which it is put to the test.
pub const SHARES: [f64; 2] = [0.98, 1.02];

/// Steps of a test; as many times more as momentum makes memory longer.
const STEPS: f64 = 400.0;
const LONGEST: f64 = 100_000.0;
/// A run farther away than this multiple of its start has left. Momentum alone swings out some ten times as far, and
/// comes back.
const LEFT: f64 = 30.0;

/// The learning rates of a point.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Stability {
    /// The largest stable learning rates; none where no eigenvalue is above 0.
    pub limits: Vec<Limit>,
    /// The most negative eigenvalue, if one is below 0: along its eigenvector no learning rate is stable.
    pub unstable: Option<f64>,
    /// Gradient descent's best learning rate, if all eigenvalues are above 0.
    pub best: Option<Best>,
}

/// The largest stable learning rate of a method.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Limit {
    /// Its name.
    pub method: &'static str,
    /// The formula, with L for the largest eigenvalue.
    pub formula: &'static str,
    /// Spec of the optimizer, without a learning rate.
    pub optimizer: String,
    /// The limit.
    pub lr: f64,
    /// What it does on the quadratic function of this Hessian.
    pub model: Check,
    /// What it does on the function itself, started beside the point, if that is a minimum.
    pub function: Option<Check>,
}

/// What a method does a little below and a little above its limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// It comes nearer at 0.98 of the limit.
    pub converges_below: bool,
    /// It leaves at 1.02 of the limit.
    pub diverges_above: bool,
}

/// The learning rate at which gradient descent shrinks the error of the flattest and of the steepest direction alike.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Best {
    /// Largest eigenvalue over smallest.
    pub condition: f64,
    /// 2 / (smallest + largest).
    pub lr: f64,
    /// What is left of the error after a step: (condition - 1) / (condition + 1).
    pub factor: f64,
}

impl Stability {
    /// The learning rates at a point in step `t`, for momentum `beta`.
    ///
    /// # Errors
    /// A `beta` that is not from 0 up to but not 1.
    pub fn new(objective: &Objective, point: &Point, beta: f64, t: f64) -> Result<Self> {
        if !(0.0..1.0).contains(&beta) {
            let expected = "from 0 up to but not 1".into();
            return Err(error::Kind::BadOption { option: "beta", expected, got: beta.to_string() }.into());
        }
        let steepest = point.eigenvalues.iter().fold(0.0, |m: f64, x| m.max(x.abs()));
        let (largest, smallest) = match point.eigenvalues[..] {
            [largest, .., smallest] => (largest, smallest),
            [one] => (one, one),
            [] => (0.0, 0.0),
        };
        // As in the kind of a point, what is lost in rounding is 0; so is what no learning rate can be too large for.
        let clear = |x: f64| x.abs() > 1e-12 * steepest && (4.0 / x).is_finite();
        let curvatures: Vec<f64> =
            point.eigenvalues.iter().copied().filter(|l| *l > 0.0 && clear(*l)).collect();
        let mut limits = Vec::new();
        if largest > 0.0 && clear(largest) {
            let nesterov = 2.0 * (1.0 + beta) / (1.0 + 2.0 * beta);
            for (method, formula, optimizer, product) in [
                ("gradient descent", "2 / L", "sgd".to_string(), 2.0),
                ("heavy ball", "2 (1 + b) / L", format!("sgd:momentum={beta}"), 2.0 * (1.0 + beta)),
                (
                    "Nesterov",
                    "2 (1 + b) / ((1 + 2 b) L)",
                    format!("sgd:momentum={beta},nesterov=true"),
                    nesterov,
                ),
            ] {
                // Nesterov's rule asks for momentum; without, both are gradient descent.
                let optimizer = if beta > 0.0 { optimizer } else { "sgd".into() };
                let lr = product / largest;
                let trial = Trial { optimizer: &optimizer, lr, beta };
                let function = match point.kind {
                    Some(Kind::Minimum) => Some(trial.function(objective, point, t)?),
                    _ => None,
                };
                let model = trial.model(&curvatures)?;
                limits.push(Limit { method, formula, lr, model, function, optimizer });
            }
        }
        let best = (smallest > 0.0 && clear(smallest)).then(|| {
            let condition = largest / smallest;
            Best { condition, lr: 2.0 / (smallest + largest), factor: (condition - 1.0) / (condition + 1.0) }
        });
        Ok(Self { limits, unstable: (smallest < 0.0 && clear(smallest)).then_some(smallest), best })
    }
}

/// A method at its limit, put to the test.
struct Trial<'a> {
    optimizer: &'a str,
    lr: f64,
    beta: f64,
}

impl Trial<'_> {
    fn steps(&self) -> usize {
        (STEPS / (1.0 - self.beta)).min(LONGEST) as usize
    }

    /// On half the sum of L z^2, in the coordinates of the eigenvectors with L above 0: none of these optimizers knows which
    /// way coordinates point.
    fn model(&self, curvatures: &[f64]) -> Result<Check> {
        let slope = |z: &[f64], g: &mut [f64]| {
            g.iter_mut().zip(z).zip(curvatures).for_each(|((g, z), l)| *g = l * z);
        };
        let n = curvatures.len();
        let [below, above] = SHARES.map(|share| self.run(share, &vec![1.0; n], &vec![0.0; n], slope));
        let (below, above) = (below?, above?);
        Ok(Check { converges_below: below.end.iter().all(|z| z.abs() < 1.0), diverges_above: above.left })
    }

    /// On the function, from beside a minimum along its steepest eigenvector.
    fn function(&self, objective: &Objective, point: &Point, t: f64) -> Result<Check> {
        let slope = |x: &[f64], g: &mut [f64]| {
            objective.gradient(x, t, g);
        };
        let n = point.at.len();
        let (vector, curvature) = (&point.eigenvectors[0], point.eigenvalues[0]);
        let beside = |h: f64| -> Vec<f64> { point.at.iter().zip(vector).map(|(x, v)| x + h * v).collect() };
        let slope_at = |x: &[f64]| {
            let mut g = vec![0.0; n];
            slope(x, &mut g);
            g
        };
        // So near that the gradient is the Hessian's for all that a run may do before it has left.
        let mut h = 1e-2 * length(&point.at).max(1.0);
        let off = |h: f64| {
            let expected = point.gradient.iter().zip(vector).map(|(g, v)| g + h * curvature * v);
            length(&slope_at(&beside(h)).iter().zip(expected).map(|(g, e)| g - e).collect::<Vec<_>>())
        };
        while h > 1e-7 && (off(h).is_nan() || off(h) > 1e-5 * h * curvature) {
            h /= 10.0;
        }
        let start = beside(h);
        let [below, above] = SHARES.map(|share| self.run(share, &start, &point.at, slope));
        let (below, above) = (below?, above?);
        Ok(Check {
            converges_below: length(&slope_at(&below.end)) < 0.1 * length(&slope_at(&start)),
            diverges_above: above.left,
        })
    }

    /// What the engine's optimizer does at a share of the limit, around a centre.
    fn run(
        &self,
        share: f64,
        start: &[f64],
        centre: &[f64],
        slope: impl Fn(&[f64], &mut [f64]),
    ) -> Result<Run> {
        let mut rule = rules::parse(self.optimizer)?;
        rule.set("lr", Value::Float(share * self.lr))?;
        let mut engine: Optimizer<f64> =
            Optimizer::builder_boxed(rule).guard(Guard::Off).build(&[ParamSpec::new("x", [start.len()])])?;
        let (mut x, mut g) = (start.to_vec(), vec![0.0; start.len()]);
        let away = |x: &[f64]| distance(x, centre);
        let reach = LEFT * away(start);
        for _ in 0..self.steps() {
            slope(&x, &mut g);
            if engine.climb_flat(&mut x, &mut g)? == Climb::Climbed {
                slope(&x, &mut g);
            }
            let _ = engine.step_flat(&mut x, &mut g)?;
            if away(&x).is_nan() || away(&x) > reach {
                return Ok(Run { end: x, left: true });
            }
        }
        Ok(Run { end: x, left: false })
    }
}

/// Where a run ended, and whether because it had left.
struct Run {
    end: Vec<f64>,
    left: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stability(text: &str, at: &[f64], beta: f64) -> Stability {
        let objective = Objective::parse(text).unwrap();
        Stability::new(&objective, &Point::new(&objective, at, 0.0).unwrap(), beta, 0.0).unwrap()
    }

    const HOLDS: Check = Check { converges_below: true, diverges_above: true };

    #[test]
    fn limits_of_the_ravine() {
        // Curvature 4: at a learning rate of 0.6 heavy ball is below its limit, Nesterov and gradient descent are not.
        let Stability { limits, unstable, best } = stability("ravine", &[0.0, 0.0], 0.5);
        assert_eq!(limits.iter().map(|limit| limit.lr * 4.0).collect::<Vec<_>>(), [2.0, 3.0, 1.5]);
        assert_eq!(unstable, None);
        let best = best.unwrap();
        assert!((best.condition - 20.0).abs() < 1e-12 && (best.lr - 2.0 / 4.2).abs() < 1e-15);
        assert!((best.factor - 19.0 / 21.0).abs() < 1e-15);
    }

    #[test]
    fn the_engine_keeps_to_the_limits() {
        for (text, at) in [
            ("ravine", vec![0.0, 0.0]),
            ("square", vec![0.0]),
            ("rosenbrock", vec![1.0, 1.0]),
            ("himmelblau", vec![3.0, 2.0]),
            ("two-minima", vec![1.090408]),
            ("rastrigin:n=5", vec![0.0; 5]),
            ("booth", vec![1.0, 3.0]),
            ("quadratic:n=50,condition=1e6", vec![0.0; 50]),
            ("1e-6x^2 + 1e-3y^2", vec![0.0, 0.0]),
        ] {
            for beta in [0.0, 0.5, 0.9, 0.99] {
                for limit in stability(text, &at, beta).limits {
                    assert_eq!(
                        (limit.model, limit.function),
                        (HOLDS, Some(HOLDS)),
                        "{text} {beta}: {limit:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_saddle_has_a_limit_one_way_and_none_the_other() {
        let Stability { limits, unstable, best } = stability("saddle", &[0.0, 0.0], 0.9);
        assert_eq!((unstable, best), (Some(-2.0), None));
        assert!(limits.iter().all(|limit| (limit.model, limit.function) == (HOLDS, None)));
        let top = stability("-x^2", &[0.0], 0.9);
        assert_eq!((top.limits.len(), top.unstable), (0, Some(-2.0)));
        let level = stability("x^3", &[0.0], 0.9);
        assert_eq!((level.limits.len(), level.unstable, level.best), (0, None, None));
    }

    #[test]
    fn curvatures_at_the_end_of_the_numbers() {
        let steep = stability("x^2 + 1e300y^2", &[0.0, 0.0], 0.9);
        assert!(steep.best.is_none() && steep.limits.iter().all(|limit| limit.model == HOLDS), "{steep:?}");
        assert!(stability("1e-320x^2", &[0.0], 0.9).limits.is_empty());
    }

    #[test]
    fn gradient_descents_best_rate_shrinks_both_ends_alike() {
        let best = stability("ravine", &[0.0, 0.0], 0.0).best.unwrap();
        for curvature in [0.2, 4.0f64] {
            assert!(((1.0 - best.lr * curvature).abs() - best.factor).abs() < 1e-12);
        }
    }

    #[test]
    fn a_beta_that_cannot_be() {
        let objective = Objective::parse("square").unwrap();
        let point = Point::new(&objective, &[0.0], 0.0).unwrap();
        for beta in [1.0, -0.1, f64::NAN] {
            let error = Stability::new(&objective, &point, beta, 0.0).unwrap_err();
            assert!(error.is_usage() && error.to_string().contains("beta must be from 0"), "{error}");
        }
    }
}

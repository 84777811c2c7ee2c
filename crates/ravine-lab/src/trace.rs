//! Traces: the path that an optimizer takes over an objective, step by step, through the real engine in f64.

mod ending;

pub use ending::Ending;

use crate::error::Kind;
use crate::objective::Objective;
use crate::{Result, plan};
use ravine::random::Random;
use ravine::{Climb, Guard, Optimizer, ParamSpec, Value, rules, schedules};
use serde::{Deserialize, Serialize};

/// The most numbers that the points of a trace may hold.
pub const MAX_NUMBERS: u64 = 10_000_000;

/// What to trace.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The function to minimise.
    pub objective: Objective,
    /// Specs of the optimizers.
    pub optimizers: Vec<String>,
    /// The learning rate of those whose spec has none of its own; else their default.
    pub lr: Option<f64>,
    /// Spec of the learning-rate schedule.
    pub schedule: String,
    /// Where all of them start.
    pub start: Vec<f64>,
    /// How many steps they make at most.
    pub steps: u64,
    /// Standard deviation of the normal noise added to each coordinate of the gradient; the same noise for all.
    pub noise: f64,
    /// Seed of the noise.
    pub seed: u64,
    /// A trace ends where the norm of its gradient (without noise) is at or below this; 0 for where it is 0.
    pub tolerance: f64,
}

/// The path of one optimizer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trace {
    /// The optimizer's spec, with its learning rate.
    pub optimizer: String,
    /// Where it stood before each step, and at the end.
    pub points: Vec<Vec<f64>>,
    /// The value at each point.
    pub losses: Vec<f64>,
    /// The Euclidean norm of the gradient at each point, without noise.
    pub grad_norms: Vec<f64>,
    /// The learning rate of each step.
    pub lrs: Vec<f64>,
    /// How it ended.
    pub ending: Ending,
}

impl Trace {
    /// Where it ended.
    pub fn end(&self) -> &[f64] {
        self.points.last().map_or(&[], Vec::as_slice)
    }

    /// The value where it ended.
    pub fn loss(&self) -> f64 {
        self.losses.last().copied().unwrap_or(f64::NAN)
    }

    /// How many steps it made.
    pub fn steps(&self) -> usize {
        self.lrs.len()
    }
}

/// Traces each optimizer.
///
/// # Errors
/// A spec that cannot be read; a start, noise, tolerance or number of steps that makes no sense; a schedule that asks for
/// a learning rate that cannot be.
pub fn run(setup: &Setup) -> Result<Vec<Trace>> {
    let Setup { objective, optimizers, start, steps, noise, tolerance, .. } = setup;
    objective.check_point("the start", start)?;
    for (option, x) in [("noise", noise), ("tolerance", tolerance)] {
        if !(x.is_finite() && *x >= 0.0) {
            return Err(Kind::BadOption { option, expected: "0 or more".into(), got: x.to_string() }.into());
        }
    }
    let numbers = steps.saturating_mul(objective.dim() as u64).saturating_mul(optimizers.len() as u64);
    if numbers > MAX_NUMBERS {
        let expected = format!("at most {} for this function and these optimizers", {
            MAX_NUMBERS / (objective.dim() * optimizers.len()) as u64
        });
        return Err(Kind::BadOption { option: "steps", expected, got: steps.to_string() }.into());
    }
    optimizers.iter().map(|spec| trace(setup, spec)).collect()
}

fn trace(setup: &Setup, spec: &str) -> Result<Trace> {
    let Setup { objective, start, steps, noise, tolerance, .. } = setup;
    let mut rule = rules::parse(spec)?;
    if let Some(lr) = setup.lr.filter(|_| plan::without_lr(spec).is_none()) {
        rule.set("lr", Value::Float(lr))?;
    }
    let optimizer = with_lr(&rules::spec(&*rule), rule.lr());
    let mut engine: Optimizer<f64> = Optimizer::builder_boxed(rule)
        .schedule(schedules::parse(&setup.schedule, *steps)?)
        .guard(Guard::Off)
        .build(&[ParamSpec::new("x", [objective.dim()])])?;
    let random = Random::new(setup.seed);
    let (mut x, mut gradient) = (start.clone(), vec![0.0; objective.dim()]);
    let (mut points, mut losses, mut grad_norms, mut lrs) = (vec![x.clone()], vec![], vec![], vec![]);
    let noisy = |step: u64, gradient: &mut [f64]| {
        let random = random.stream(step);
        gradient.iter_mut().enumerate().for_each(|(i, g)| *g += noise * random.normal(i as u64));
    };
    for step in 0..=*steps {
        losses.push(objective.gradient(&x, step as f64, &mut gradient));
        let norm = length(&gradient);
        grad_norms.push(norm);
        let gone = ending::is_away(&x, start) || !losses[losses.len() - 1].is_finite();
        if step == *steps
            || gone
            || !norm.is_finite()
            || (norm <= *tolerance && *noise == 0.0 && !objective.expression.moves())
        {
            break;
        }
        if *noise > 0.0 {
            noisy(step, &mut gradient);
        }
        lrs.push(engine.lr("default")?);
        if engine.climb_flat(&mut x, &mut gradient)? == Climb::Climbed {
            objective.gradient(&x, step as f64, &mut gradient);
            if *noise > 0.0 {
                noisy(step, &mut gradient);
            }
        }
        let _ = engine.step_flat(&mut x, &mut gradient)?;
        points.push(x.clone());
    }
    let mut trace = Trace { optimizer, points, losses, grad_norms, lrs, ending: Ending::Descending };
    trace.ending = ending::of(&trace, objective, *tolerance);
    Ok(trace)
}

/// A spec that says its learning rate, also where it is the default.
fn with_lr(spec: &str, lr: f64) -> String {
    let (own, wrappers) = rules::split(spec);
    match (plan::without_lr(spec), own.split_once(':')) {
        (Some(_), _) => spec.into(),
        (None, Some((name, keys))) => format!("{name}:lr={},{keys}{wrappers}", Value::Float(lr)),
        (None, None) => format!("{own}:lr={}{wrappers}", Value::Float(lr)),
    }
}

/// The Euclidean length of a vector; not a number if one of its coordinates is none.
pub fn length(x: &[f64]) -> f64 {
    x.iter().fold(0.0, |length, x| if x.is_nan() { f64::NAN } else { f64::hypot(length, *x) })
}

/// The Euclidean distance of two points.
pub fn distance(a: &[f64], b: &[f64]) -> f64 {
    length(&a.iter().zip(b).map(|(a, b)| a - b).collect::<Vec<f64>>())
}

/// The length of the diagonal of a box, given by a range for each coordinate.
pub fn diagonal(domain: &[[f64; 2]]) -> f64 {
    length(&domain.iter().map(|[low, high]| high - low).collect::<Vec<f64>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn end(objective: &str, optimizer: &str, steps: u64) -> Trace {
        let objective = Objective::parse(objective).unwrap();
        let setup = Setup {
            start: objective.start.clone(),
            noise: objective.noise,
            objective,
            optimizers: vec![optimizer.into()],
            lr: None,
            schedule: "constant".into(),
            steps,
            seed: 0,
            tolerance: 0.0,
        };
        run(&setup).unwrap().remove(0)
    }

    #[test]
    fn slides_and_their_numbers() {
        for (objective, optimizer, steps, golden) in [
            ("bowl", "sgd:lr=0.1", 20, [-0.057646, -0.000073]),
            ("ravine", "sgd:lr=0.6,momentum=0.25", 20, [-0.126340, -0.186632]),
            ("ravine", "adagrad:lr=2,eps=1e-6,eps_in_sqrt=true", 20, [-0.002295, 0.0]),
        ] {
            let trace = end(objective, optimizer, steps);
            for (x, golden) in trace.end().iter().zip(golden) {
                assert!((x - golden).abs() < 6e-7, "{objective} {optimizer}: {:?}", trace.end());
            }
        }
        assert!((end("waves", "sgd:lr=2", 10).end()[0] + 1.528166).abs() < 6e-7);
    }

    #[test]
    fn a_step_of_sam_goes_by_the_gradient_at_the_worst_point_nearby() {
        // The gradient of x^2 + y^2 at (1, 0) + 0.5 (1, 0) is (3, 0).
        let objective = Objective::parse("x^2 + y^2").unwrap();
        let setup = Setup {
            start: vec![1.0, 0.0],
            noise: 0.0,
            objective,
            optimizers: vec!["sgd:lr=0.1 + sam:0.5".into()],
            lr: None,
            schedule: "constant".into(),
            steps: 1,
            seed: 0,
            tolerance: 0.0,
        };
        let trace = run(&setup).unwrap().remove(0);
        assert!((trace.end()[0] - 0.7).abs() < 1e-11, "{:?}", trace.end());
    }

    /// The slides' function falls so slowly at 4 that 3750 steps with lr 0.1, or 378 with lr 1, lead to 0.
    #[test]
    fn the_plateau_of_tanh_takes_thousands_of_steps() {
        for (optimizer, steps) in [("sgd:lr=0.1", 3750), ("sgd:lr=1", 378)] {
            let trace = end("tanh", optimizer, 4000);
            let crossed = trace.points.iter().position(|x| x[0] < 0.0).unwrap();
            assert!(crossed.abs_diff(steps) <= 1, "{optimizer}: {crossed}");
        }
        assert!((end("tanh", "sgd", 0).grad_norms[0] - 0.00134095).abs() < 1e-8);
    }

    #[test]
    fn noise_is_the_same_for_the_same_seed() {
        let objective = Objective::parse("noisy").unwrap();
        let setup = |seed| Setup {
            start: vec![-5.0, -2.0],
            noise: 1.0,
            objective: objective.clone(),
            optimizers: vec!["sgd".into(), "sgd".into()],
            lr: Some(0.1),
            schedule: "constant".into(),
            steps: 50,
            seed,
            tolerance: 0.0,
        };
        let traces = run(&setup(1)).unwrap();
        assert_eq!(traces[0], traces[1]);
        assert_ne!(traces[0].end(), run(&setup(2)).unwrap()[0].end());
    }

    #[test]
    fn a_trace_says_its_learning_rate() {
        for (spec, said) in [
            ("sgd", "sgd:lr=1e-3"),
            ("momentum", "sgd:lr=1e-3,momentum=0.9"),
            ("momentum:lr=0.2", "sgd:lr=0.2,momentum=0.9"),
        ] {
            assert_eq!(end("bowl", spec, 1).optimizer, said);
        }
    }

    #[test]
    fn lengths_neither_overflow_nor_vanish() {
        for scale in [1e200, 1e-200] {
            assert!((length(&[3.0 * scale, 4.0 * scale]) / scale - 5.0).abs() < 1e-12);
        }
        assert!(length(&[1.0, f64::NAN]).is_nan());
        assert_eq!(length(&[1.0, f64::INFINITY]), f64::INFINITY);
    }
}

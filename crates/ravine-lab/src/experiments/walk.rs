//! A run through the real engine, step by step, without a record.

use crate::Result;
use crate::objective::Objective;
use ravine::random::Random;
use ravine::{Guard, Optimizer, ParamSpec, rules, schedules};

/// An optimizer and where it stands.
pub(super) struct Walk {
    engine: Optimizer<f64>,
    gradient: Vec<f64>,
    /// Where it stands.
    pub(super) x: Vec<f64>,
    /// Steps made.
    pub(super) steps: u64,
}

impl Walk {
    /// At a constant learning rate.
    pub(super) fn new(spec: &str, start: &[f64]) -> Result<Self> {
        Self::scheduled(spec, "constant", 0, start)
    }

    /// With a schedule over this many steps.
    pub(super) fn scheduled(spec: &str, schedule: &str, steps: u64, start: &[f64]) -> Result<Self> {
        let engine = Optimizer::builder_boxed(rules::parse(spec)?)
            .schedule(schedules::parse(schedule, steps)?)
            .guard(Guard::Off)
            .build(&[ParamSpec::new("x", [start.len()])])?;
        Ok(Self { engine, gradient: vec![0.0; start.len()], x: start.to_vec(), steps: 0 })
    }

    /// One step along the gradient that is written for the place and the number of the step.
    pub(super) fn step(&mut self, gradient: impl FnOnce(&[f64], u64, &mut [f64])) -> Result<()> {
        gradient(&self.x, self.steps, &mut self.gradient);
        self.steps += 1;
        let _ = self.engine.step_flat(&mut self.x, &mut self.gradient)?;
        Ok(())
    }

    /// One step down an objective, with normal noise of this standard deviation on each coordinate of its gradient.
    pub(super) fn descend(&mut self, objective: &Objective, noise: f64, random: Random) -> Result<()> {
        self.descend_all(objective, noise, &[random])
    }

    /// The same of several points that lie one after the other, each with noise of its own. A rule that treats each number
    /// for itself leads each where it would alone.
    pub(super) fn descend_all(
        &mut self,
        objective: &Objective,
        noise: f64,
        randoms: &[Random],
    ) -> Result<()> {
        let dimensions = objective.domain.len();
        self.step(|x, step, gradient| {
            let points = x.chunks_exact(dimensions).zip(gradient.chunks_exact_mut(dimensions));
            for ((x, gradient), random) in points.zip(randoms) {
                objective.gradient(x, step as f64, gradient);
                if noise > 0.0 {
                    let random = random.stream(step);
                    gradient.iter_mut().zip(0..).for_each(|(g, i)| *g += noise * random.normal(i));
                }
            }
        })
    }

    /// As many steps without noise.
    pub(super) fn go(mut self, objective: &Objective, steps: u64) -> Result<Vec<f64>> {
        for _ in 0..steps {
            self.descend(objective, 0.0, Random::new(0))?;
        }
        Ok(self.x)
    }
}

/// Where `steps` steps lead from a start.
pub(super) fn end(spec: &str, objective: &Objective, start: &[f64], steps: u64) -> Result<Vec<f64>> {
    Walk::new(spec, start)?.go(objective, steps)
}

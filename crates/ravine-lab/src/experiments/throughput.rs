//! Batch size: steps against examples a second.

use super::{Experiment, Finding, Picture, Verdict, plot};
use crate::Result;
use crate::data::{Batches, Dataset, Order, digits};
use crate::gallery::Table;
use crate::pictures::lines::{Axis, Line, Look};
use crate::stats::number::{lr as rate, seconds, significant};
use crate::stats::summary;
use crate::workloads::Classifier;
use ravine::{Guard, Optimizer, ParamSpec, rules};
use ravine_nn::Network;
use rayon::prelude::*;
use std::time::Instant;

pub(super) const ENTRY: Experiment = Experiment {
    name: "batch-throughput",
    title: "Minibatches are the fastest",
    claim: "A minibatch is faster than single examples, which use the machine badly, and than all examples \
        at once, which make few steps.",
    source: "S2, slides on optimization for deep learning",
    run,
};

const BATCHES: [usize; 6] = [1, 4, 16, 64, 256, 1024];
const RATES: [f64; 6] = [0.01, 0.03, 0.1, 0.3, 1.0, 3.0];
/// The training loss to come down to.
const TARGET: f64 = 0.1;
const EPOCHS: usize = 60;
/// Steps that it is given if its epochs are fewer.
const STEPS: usize = 500;
/// Looks at the loss in an epoch of small batches.
const LOOKS: usize = 4;
/// Rounds of measurement, each of all batch sizes in turn, and examples in each.
const ROUNDS: usize = 7;
const EXAMPLES: usize = 8192;
/// A time is shorter beyond the clock's doubt if it is below this share of the other.
const SHORTER: f64 = 0.8;

struct Trainer<'a> {
    data: &'a Dataset,
    model: Classifier<f32>,
    optimizer: Optimizer<f32>,
    batches: Batches,
    x: Vec<f32>,
    y: Vec<u32>,
    steps: u64,
}

impl<'a> Trainer<'a> {
    fn new(data: &'a Dataset, batch: usize, lr: f64, seed: u64) -> Result<Self> {
        let network = Network::<f32>::builder(data.features).linear(64).relu().linear(10).build(seed);
        let network = network.expect("the layers fit");
        let params: Vec<ParamSpec> = network.params().specs().iter().map(ParamSpec::from).collect();
        let optimizer = Optimizer::builder_boxed(rules::parse(&format!("sgd:lr={lr}"))?)
            .guard(Guard::Off)
            .zero_grad(true)
            .build(&params)?;
        let batches = Batches::new(data.train.len(), batch, seed, Order::Reshuffled);
        Ok(Self {
            data,
            model: Classifier::new(network, 0.0),
            optimizer,
            batches,
            x: vec![],
            y: vec![],
            steps: 0,
        })
    }

    fn step(&mut self) -> Result<()> {
        self.x.clear();
        self.y.clear();
        for row in self.batches.rows(self.steps) {
            self.x.extend_from_slice(self.data.row(self.data.train.start + row));
            self.y.push(self.data.y[self.data.train.start + row]);
        }
        let _ = self.model.backward(&self.x, &self.y, self.steps).expect("a batch fits its network");
        let (values, grads) = self.model.params_mut().split_mut();
        let _ = self.optimizer.step_flat(values, grads)?;
        self.steps += 1;
        Ok(())
    }

    fn loss(&mut self) -> f64 {
        let (rows, width) = (self.data.train.clone(), self.data.features);
        let x = &self.data.x[rows.start * width..rows.end * width];
        self.model.evaluate(x, &self.data.y[rows]).map_or(f64::NAN, |(loss, _)| loss)
    }
}

fn run(seed: u64) -> Result<Finding> {
    let data = (digits::ENTRY.load)(None)?;
    // Steps to the target are the same on every machine; only then is the clock looked at.
    let work: Vec<(usize, f64)> = BATCHES.iter().flat_map(|batch| RATES.map(|lr| (*batch, lr))).collect();
    let reached =
        work.par_iter().map(|(batch, lr)| steps(&data, *batch, *lr, seed)).collect::<Result<Vec<_>>>()?;
    let best: Vec<Option<(u64, f64)>> = reached
        .chunks(RATES.len())
        .map(|row| {
            row.iter()
                .zip(RATES)
                .filter_map(|(steps, lr)| Some(((*steps)?, lr)))
                .min_by_key(|(steps, _)| *steps)
        })
        .collect();

    let mut trainers =
        BATCHES.iter().map(|batch| Trainer::new(&data, *batch, 0.01, seed)).collect::<Result<Vec<_>>>()?;
    let mut times = vec![Vec::new(); BATCHES.len()];
    for _ in 0..ROUNDS {
        for ((trainer, batch), times) in trainers.iter_mut().zip(BATCHES).zip(&mut times) {
            let clock = Instant::now();
            (0..EXAMPLES / batch).try_for_each(|_| trainer.step())?;
            times.push(clock.elapsed().as_secs_f64() / EXAMPLES as f64);
        }
    }
    // Seconds for an example, and until the target.
    let each: Vec<f64> = times.iter().map(|times| summary::median(times).unwrap_or(f64::NAN)).collect();
    let total =
        |i: usize| best[i].map_or(f64::INFINITY, |(steps, _)| steps as f64 * BATCHES[i] as f64 * each[i]);
    let totals: Vec<f64> = (0..BATCHES.len()).map(total).collect();

    let mut table = Table::new([
        "batch",
        "thousand examples a second",
        "best lr",
        "steps to the loss",
        "epochs",
        "time to the loss",
    ]);
    for (i, batch) in BATCHES.iter().enumerate() {
        let (steps, lr, epochs) = match best[i] {
            Some((steps, lr)) => (
                steps.to_string(),
                rate(lr),
                significant(steps as f64 * *batch as f64 / data.train.len() as f64, 2),
            ),
            None => ("never".into(), String::new(), String::new()),
        };
        let time = if totals[i].is_finite() { seconds(totals[i]) } else { "never".into() };
        table.row([batch.to_string(), significant(1e-3 / each[i], 3), lr, steps, epochs, time]);
    }
    let fastest =
        (0..BATCHES.len()).min_by(|a, b| totals[*a].total_cmp(&totals[*b])).expect("there are batches");
    let last = BATCHES.len() - 1;
    let beaten = [0, last].iter().filter(|end| totals[fastest] < SHORTER * totals[**end]).count();
    let because = format!(
        "Batches of {} came to a training loss of {TARGET} soonest: single examples took {} times as long, \
         batches of {} {} times. From batches of 1 to {} the machine goes through {} times as many examples \
         in a second, and the steps needed go from {} to {}.",
        BATCHES[fastest],
        significant(totals[0] / totals[fastest], 2),
        BATCHES[last],
        significant(totals[last] / totals[fastest], 2),
        BATCHES[last],
        significant(each[0] / each[last], 2),
        best[0].map_or("never".into(), |(steps, _)| steps.to_string()),
        best[last].map_or("never".into(), |(steps, _)| steps.to_string()),
    );
    let drawn = drawn(&each, &totals);
    Ok(Finding {
        setup: format!(
            "An MLP 64-64-10 on {} handwritten digits by plain SGD. Steps: fewest over {} learning rates \
             until the loss over all training examples is {TARGET}, looked at up to {LOOKS} times an epoch, \
             within {EPOCHS} epochs or {STEPS} steps. Speed: median of {ROUNDS} interleaved rounds of \
             {EXAMPLES} examples, forward, backward and step, on this machine. The claim holds if the best \
             batch takes less than {SHORTER} of the time of both ends. Times differ from run to run.",
            data.train.len(),
            RATES.len(),
        ),
        table,
        verdict: Verdict::of(beaten, 2),
        because,
        pictures: drawn,
        numbers: vec![
            ("fastest_batch", BATCHES[fastest] as f64),
            ("steps_1", best[0].map_or(f64::INFINITY, |best| best.0 as f64)),
            ("steps_1024", best[last].map_or(f64::INFINITY, |best| best.0 as f64)),
        ],
    })
}

/// Steps until the training loss is at the target, if it gets there.
fn steps(data: &Dataset, batch: usize, lr: f64, seed: u64) -> Result<Option<u64>> {
    let mut trainer = Trainer::new(data, batch, lr, seed)?;
    let per_epoch = data.train.len() / batch;
    let every = (per_epoch / LOOKS).max(1) as u64;
    for step in 1..=(EPOCHS * per_epoch).max(STEPS) as u64 {
        trainer.step()?;
        if step % every == 0 {
            let loss = trainer.loss();
            if loss <= TARGET {
                return Ok(Some(step));
            }
            // Beyond ten times the loss of guessing there is no way back.
            if loss.is_nan() || loss > 23.0 {
                return Ok(None);
            }
        }
    }
    Ok(None)
}

fn drawn(each: &[f64], totals: &[f64]) -> Vec<Picture> {
    let picture = |name, title: &str, caption: &str, y: Vec<f64>| {
        let mut lines = plot(Axis::log("batch size"), Axis::log(title));
        let points = BATCHES.iter().zip(y).map(|(batch, y)| [*batch as f64, y]).collect();
        lines.lines.push(Line::new(0, "", Look::Both, points));
        Picture { name, caption: caption.into(), svg: lines.draw() }
    };
    vec![
        picture(
            "speed",
            "examples a second",
            "Examples a second against batch size.",
            each.iter().map(|x| 1.0 / x).collect(),
        ),
        picture(
            "time",
            "seconds to the loss",
            "Seconds to a training loss of 0.1 against batch size.",
            totals.to_vec(),
        ),
    ]
}

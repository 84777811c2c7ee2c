//! The paths of optimizers over a function.

use super::{MAX_DIM, MAX_NUMBERS, MAX_OPTIMIZERS, MAX_POINTS, Shared, within};
use crate::refusal::Refusal;
use crate::work::Json;
use axum::response::Response;
use ravine_lab::objective::Objective;
use ravine_lab::shell::quote;
use ravine_lab::trace::{self, Setup};
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Request {
    objective: String,
    /// Specs.
    optimizers: Vec<String>,
    /// For those whose spec has no learning rate of its own.
    lr: Option<f64>,
    #[serde(default = "constant")]
    schedule: String,
    /// The function's own if not given.
    start: Option<Vec<f64>>,
    steps: u64,
    /// The function's own if not given.
    noise: Option<f64>,
    #[serde(default)]
    seed: u64,
}

fn constant() -> String {
    "constant".into()
}

#[derive(Serialize)]
struct Answer {
    traces: Vec<Trace>,
    /// The command that prints the same.
    command: String,
}

#[derive(Serialize)]
struct Trace {
    #[serde(flatten)]
    trace: trace::Trace,
    /// How it ended, in a word or two.
    word: &'static str,
}

pub(super) async fn post(api: Shared, Json(request): Json<Request>) -> Result<Response, Refusal> {
    api.workers.answer(move || answer(request)).await
}

fn answer(request: Request) -> Result<Answer, Refusal> {
    let count = request.optimizers.len();
    within("optimizers", count as u64, MAX_OPTIMIZERS as u64)?;
    within("steps times optimizers", request.steps.saturating_mul(count as u64), MAX_POINTS)?;
    let command = command(&request);
    let objective = Objective::parse(&request.objective)?;
    within("coordinates", objective.dim() as u64, MAX_DIM as u64)?;
    let numbers = request.steps * count as u64 * objective.dim() as u64;
    within("steps times optimizers times coordinates", numbers, MAX_NUMBERS)?;
    let setup = Setup {
        start: request.start.unwrap_or_else(|| objective.start.clone()),
        noise: request.noise.unwrap_or(objective.noise),
        objective,
        optimizers: request.optimizers,
        lr: request.lr,
        schedule: request.schedule,
        steps: request.steps,
        seed: request.seed,
        tolerance: 0.0,
    };
    let traces = trace::run(&setup)?.into_iter();
    let traces = traces.map(|trace| Trace { word: trace.ending.word(), trace }).collect();
    Ok(Answer { traces, command })
}

/// What the request is on the command line.
fn command(request: &Request) -> String {
    let Request { objective, optimizers, lr, schedule, start, steps, noise, seed } = request;
    let mut words: Vec<String> = ["ravine", "trace", objective].map(String::from).into();
    for optimizer in optimizers {
        words.extend(["--optimizer".into(), optimizer.clone()]);
    }
    // Joined by '=': a number below zero would be taken for an option.
    let mut option = |name: &str, value: String| words.push(format!("--{name}={value}"));
    if let Some(lr) = lr {
        option("lr", lr.to_string());
    }
    if schedule != "constant" {
        option("schedule", schedule.clone());
    }
    if let Some(start) = start {
        option("start", start.iter().map(f64::to_string).collect::<Vec<_>>().join(","));
    }
    option("steps", steps.to_string());
    if let Some(noise) = noise {
        option("noise", noise.to_string());
    }
    if *seed != 0 {
        option("seed", seed.to_string());
    }
    if objective.starts_with('-') {
        // After `--` nothing is taken for an option.
        let objective = words.remove(2);
        words.extend(["--".into(), objective]);
    }
    words.iter().map(|word| quote(word)).collect::<Vec<_>>().join(" ")
}

//! What the page asks for, in JSON.

mod catalogue;
mod events;
mod landscape;
mod runs;
mod schedule;
mod trace;

use crate::refusal::Refusal;
use crate::work::Workers;
use axum::Router;
use axum::http::StatusCode;
use axum::routing::{get, post};
use std::path::PathBuf;
use std::sync::Arc;

/// Points of all traces of a request together, and steps of a schedule.
const MAX_POINTS: u64 = 20_000;
/// Optimizers in one race.
const MAX_OPTIMIZERS: usize = 12;
/// Coordinates of an objective, and numbers in all traces together.
const MAX_DIM: usize = 200;
const MAX_NUMBERS: u64 = 200_000;

/// What all requests share.
pub(crate) struct Api {
    workers: Workers,
    store: PathBuf,
}

type Shared = axum::extract::State<Arc<Api>>;

/// The routes.
pub(crate) fn router(workers: Workers, store: PathBuf) -> Router {
    Router::new()
        .route("/api/catalogue", get(catalogue::get))
        .route("/api/landscape", post(landscape::post))
        .route("/api/trace", post(trace::post))
        .route("/api/schedule", post(schedule::post))
        .route("/api/runs", get(runs::list))
        .route("/api/runs/{id}", get(runs::one))
        .route("/api/runs/{id}/events", get(events::get))
        .route("/runs/{id}/report", get(runs::report))
        .method_not_allowed_fallback(async || {
            Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "this address is asked in another way")
        })
        .with_state(Arc::new(Api { workers, store }))
}

/// Refuses what is beyond a limit.
fn within(what: &str, got: u64, most: u64) -> Result<(), Refusal> {
    if got <= most {
        return Ok(());
    }
    Err(Refusal::unprocessable(format!("{what}: at most {most}, not {got}")))
}

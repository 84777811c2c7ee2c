//! The learning rates of a schedule.

use super::{MAX_POINTS, Shared, within};
use crate::refusal::Refusal;
use crate::work::Json;
use axum::response::Response;
use ravine::schedules;
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Request {
    /// Spec.
    schedule: String,
    steps: u64,
    lr: f64,
}

#[derive(Serialize)]
struct Answer {
    /// The spec with everything filled in.
    spec: String,
    lrs: Vec<f64>,
}

pub(super) async fn post(api: Shared, Json(request): Json<Request>) -> Result<Response, Refusal> {
    within("steps", request.steps, MAX_POINTS)?;
    api.workers
        .answer(move || {
            let schedule = schedules::parse(&request.schedule, request.steps)?;
            let lrs = (0..request.steps).map(|step| schedule.lr(request.lr, step)).collect();
            Ok(Answer { spec: schedule.spec(), lrs })
        })
        .await
}

//! Work asked for by a request: read from JSON, done beside the server's own thread, answered in JSON.

use crate::refusal::{self, Refusal};
use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, Request};
use axum::http::{StatusCode, header};
use axum::response::Response;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// Bytes of a request's body at most.
pub(crate) const BODY_LIMIT: usize = 64 * 1024;
/// Requests that may wait for their turn. A page has at most a few under way.
const QUEUE: usize = 64;

/// A request's body, read from JSON.
pub(crate) struct Json<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request<Body>, state: &S) -> Result<Self, Refusal> {
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let essence = kind.unwrap_or("nothing").split(';').next().unwrap_or_default().trim();
        if !essence.eq_ignore_ascii_case("application/json") {
            let message = format!("the content type must be application/json, not {essence}");
            return Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, message));
        }
        let body =
            Bytes::from_request(request, state).await.map_err(|rejection| match rejection.status() {
                StatusCode::PAYLOAD_TOO_LARGE => Refusal::new(
                    StatusCode::PAYLOAD_TOO_LARGE,
                    format!("a request has at most {BODY_LIMIT} bytes"),
                ),
                status => Refusal::new(status, "the request broke off"),
            })?;
        let value = serde_json::from_slice(&body);
        value.map(Self).map_err(|error| {
            let status = match error.classify() {
                serde_json::error::Category::Data => StatusCode::UNPROCESSABLE_ENTITY,
                _ => StatusCode::BAD_REQUEST,
            };
            Refusal::new(status, format!("cannot read the request: {error}"))
        })
    }
}

/// Threads for heavy work, and who waits for them.
pub(crate) struct Workers {
    turns: Arc<Semaphore>,
    queue: Arc<Semaphore>,
}

impl Workers {
    /// As many as `threads`.
    pub(crate) fn new(threads: usize) -> Self {
        Self { turns: Arc::new(Semaphore::new(threads)), queue: Arc::new(Semaphore::new(QUEUE)) }
    }

    /// Does `work` when its turn has come, and answers with its result.
    pub(crate) async fn answer<T: Serialize>(
        &self,
        work: impl FnOnce() -> Result<T, Refusal> + Send + 'static,
    ) -> Result<Response, Refusal> {
        let written = move || {
            let result = work()?;
            serde_json::to_vec(&result).map_err(broken)
        };
        self.run(written).await.map(|body| refusal::json(StatusCode::OK, body))
    }

    /// Does `work` when its turn has come.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        let busy = |_| Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "too many requests at once; try again");
        let _place = self.queue.try_acquire().map_err(busy)?;
        let turn = self.turns.clone().acquire_owned().await.map_err(broken)?;
        // The turn goes with the work, which goes on where its request is given up.
        let done = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            work()
        });
        done.await.map_err(broken)?
    }
}

fn broken(error: impl std::fmt::Display) -> Refusal {
    Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, format!("the server could not do this: {error}"))
}

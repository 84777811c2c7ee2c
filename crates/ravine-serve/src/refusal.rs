//! What the server says when it does not do what it was asked.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// A refusal: `{"error": "..."}`, with the column of a fault in a text where there is one.
#[derive(Debug, Serialize)]
pub(crate) struct Refusal {
    #[serde(skip)]
    status: StatusCode,
    error: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<usize>,
}

impl Refusal {
    pub(crate) fn new(status: StatusCode, error: impl ToString) -> Self {
        Self { status, error: error.to_string(), column: None }
    }

    /// What was asked for makes no sense.
    pub(crate) fn unprocessable(error: impl ToString) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, error)
    }
}

impl From<ravine_lab::Error> for Refusal {
    fn from(error: ravine_lab::Error) -> Self {
        let status = match error.is_usage() {
            true => StatusCode::UNPROCESSABLE_ENTITY,
            false => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self { column: error.column(), ..Self::new(status, error) }
    }
}

impl From<ravine::Error> for Refusal {
    fn from(error: ravine::Error) -> Self {
        Self::unprocessable(error)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        json(self.status, serde_json::to_vec(&self).unwrap_or_default())
    }
}

/// A response of JSON.
pub(crate) fn json(status: StatusCode, body: Vec<u8>) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let kind = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

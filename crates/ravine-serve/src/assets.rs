//! The files of the page, inside the program.

use crate::refusal::Refusal;
use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};

/// Path, kind, contents.
type Asset = (&'static str, &'static str, &'static [u8]);

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SVG: &str = "image/svg+xml";
const TEXT: &str = "text/plain; charset=utf-8";
const JS: &str = "text/javascript; charset=utf-8";

macro_rules! assets {
    ($($path:literal $kind:ident $file:literal;)*) => {
        &[$(($path, $kind, include_bytes!(concat!("../assets/", $file))),)*]
    };
}

const ASSETS: &[Asset] = assets![
    "/" HTML "index.html";
    "/icon.svg" SVG "icon.svg";
    "/controls.css" CSS "controls.css";
    "/page.css" CSS "page.css";
    "/playground.css" CSS "playground.css";
    "/runs.css" CSS "runs.css";
    "/api.js" JS "api.js";
    "/charts.js" JS "charts.js";
    "/clock.js" JS "clock.js";
    "/dom.js" JS "dom.js";
    "/fields.js" JS "fields.js";
    "/landscape.js" JS "landscape.js";
    "/lessons.js" JS "lessons.js";
    "/main.js" JS "main.js";
    "/markers.js" JS "markers.js";
    "/objective.js" JS "objective.js";
    "/playground.js" JS "playground.js";
    "/pointer.js" JS "pointer.js";
    "/race.js" JS "race.js";
    "/racers.js" JS "racers.js";
    "/results.js" JS "results.js";
    "/runs.js" JS "runs.js";
    "/schedule.js" JS "schedule.js";
    "/spec.js" JS "spec.js";
    "/state.js" JS "state.js";
    "/theme.js" JS "theme.js";
    "/uplot/LICENSE" TEXT "uplot/LICENSE";
    "/uplot/uplot.css" CSS "uplot/uplot.css";
    "/uplot/uplot.js" JS "uplot/uplot.js";
];

/// The file at a path. Its contents are of this very version of the program: a browser asks again each time.
pub(crate) async fn serve(uri: Uri) -> Response {
    let of_pictures: Asset = ("/series.css", CSS, ravine_lab::svg::STYLE.as_bytes());
    let found = ASSETS.iter().chain([&of_pictures]).find(|(path, ..)| *path == uri.path());
    let Some((_, kind, contents)) = found.copied() else {
        return Refusal::new(StatusCode::NOT_FOUND, format!("there is no {}", uri.path())).into_response();
    };
    let mut response = Response::new(Body::from(contents));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

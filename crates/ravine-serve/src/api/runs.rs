//! Comparisons in the run store.

use super::Shared;
use crate::refusal::Refusal;
use axum::extract::Path;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use ravine_lab::comparison::Comparison;
use ravine_lab::store::{Store, Stored};
use ravine_lab::verdict::{Verdict, verdict};
use ravine_lab::{report, results, rows};
use serde::Serialize;
use std::path::Path as File;

#[derive(Serialize)]
struct List {
    store: String,
    /// Newest first.
    runs: Vec<Run>,
}

/// A comparison in the list.
#[derive(Serialize)]
struct Run {
    #[serde(flatten)]
    stored: Stored,
    ended: u64,
    trials: u64,
    running: bool,
}

/// A comparison with what follows from it.
#[derive(Serialize)]
struct Whole {
    run: Run,
    verdicts: Vec<Verdict>,
    rows: Vec<Vec<rows::Row>>,
}

pub(super) async fn list(api: Shared) -> Result<Response, Refusal> {
    let path = api.store.clone();
    api.workers
        .answer(move || {
            let runs = match open(&path)? {
                None => Vec::new(),
                Some(store) => {
                    let stored = store.comparisons()?.into_iter().rev();
                    stored.map(|stored| run(&store, stored)).collect::<Result<_, _>>()?
                }
            };
            Ok(List { store: path.display().to_string(), runs })
        })
        .await
}

pub(super) async fn one(api: Shared, Path(id): Path<String>) -> Result<Response, Refusal> {
    let path = api.store.clone();
    api.workers
        .answer(move || {
            let (store, stored) = find(&path, &id)?;
            let (comparison, verdicts) = load(&store, &stored)?;
            let rows = comparison.workloads.iter().zip(&verdicts);
            let rows = rows.map(|(workload, verdict)| rows::rows_of(workload, verdict)).collect();
            Ok(Whole { run: run(&store, stored)?, verdicts, rows })
        })
        .await
}

pub(super) async fn report(api: Shared, Path(id): Path<String>) -> Result<Response, Refusal> {
    let path = api.store.clone();
    let made = move || {
        let (store, stored) = find(&path, &id)?;
        let (comparison, verdicts) = load(&store, &stored)?;
        Ok(report::html_of(&comparison, &verdicts))
    };
    let mut response = Html(api.workers.run(made).await?).into_response();
    // The page's own policy, which names its style sheet and its script by their hashes, and no frames.
    if let Ok(policy) = HeaderValue::from_str(&format!("{}; frame-ancestors 'none'", report::policy())) {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    Ok(response)
}

/// The store, if it is there yet.
pub(super) fn open(path: &File) -> Result<Option<Store>, Refusal> {
    match Store::reader(path) {
        Ok(store) => Ok(Some(store)),
        Err(error) if error.is_no_store() => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The number of a comparison.
pub(super) fn number(id: &str) -> Result<i64, Refusal> {
    id.parse().map_err(|_| unknown(id))
}

fn unknown(id: impl std::fmt::Display) -> Refusal {
    Refusal::new(StatusCode::NOT_FOUND, format!("there is no comparison {id}"))
}

fn find(path: &File, id: &str) -> Result<(Store, Stored), Refusal> {
    let number = number(id)?;
    let store = open(path)?.ok_or_else(|| unknown(id))?;
    let stored = store.comparisons()?.into_iter().find(|stored| stored.id == number);
    Ok((store, stored.ok_or_else(|| unknown(id))?))
}

fn load(store: &Store, stored: &Stored) -> Result<(Comparison, Vec<Verdict>), Refusal> {
    let comparison = results::load(store, stored)?;
    let verdicts = comparison.workloads.iter().map(verdict).collect();
    Ok((comparison, verdicts))
}

fn run(store: &Store, stored: Stored) -> Result<Run, Refusal> {
    let (ended, running) = (store.ended(stored.id)?, store.is_claimed(stored.id));
    Ok(Run { ended, trials: stored.plan.trials(), running, stored })
}

//! A comparison as it runs: server-sent events.

use super::{Api, Shared, runs};
use crate::live::{Live, News};
use crate::refusal::Refusal;
use axum::extract::Path;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::stream::{self, Stream};
use serde::Serialize;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

/// How often the store is looked at.
const LOOK: Duration = Duration::from_millis(300);

/// One who watches.
struct Watcher {
    api: Arc<Api>,
    id: i64,
    live: Option<Live>,
    /// What was told last.
    told: Option<News>,
    ended: bool,
}

/// `news` whenever something changed, and `end` once the comparison is finished; nothing but comments while it is not
/// there.
pub(super) async fn get(
    api: Shared,
    Path(id): Path<String>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Refusal> {
    let id = runs::number(&id)?;
    let watcher = Watcher { api: api.0, id, live: Some(Live::new()), told: None, ended: false };
    let events = stream::unfold(watcher, |mut watcher| async move {
        let event = watcher.next().await?;
        Some((Ok(event), watcher))
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(Duration::from_secs(10))))
}

fn event(name: &str, data: &impl Serialize) -> Option<Event> {
    Some(Event::default().event(name).data(serde_json::to_string(data).ok()?))
}

impl Watcher {
    async fn next(&mut self) -> Option<Event> {
        loop {
            if self.ended {
                return None;
            }
            if self.told.as_ref().is_some_and(|news| news.finished) {
                self.ended = true;
                return Some(Event::default().event("end").data("finished"));
            }
            if self.told.is_some() {
                tokio::time::sleep(LOOK).await;
            }
            match self.look().await {
                Ok(news) if news.is_some() && news != self.told => {
                    self.told = news;
                    return event("news", &self.told);
                }
                // It is not there yet.
                Ok(None) => tokio::time::sleep(LOOK).await,
                Ok(_) => {}
                Err(refusal) => {
                    self.ended = true;
                    return event("trouble", &refusal);
                }
            }
        }
    }

    async fn look(&mut self) -> Result<Option<News>, Refusal> {
        let (path, id) = (self.api.store.clone(), self.id);
        let mut live = self.live.take().unwrap_or_else(Live::new);
        let looked = move || {
            let news = match runs::open(&path)? {
                Some(store) => live.look(&store, id)?,
                None => None,
            };
            Ok((live, news))
        };
        let (live, news) = self.api.workers.run(looked).await?;
        self.live = Some(live);
        Ok(news)
    }
}

//! The server: where it listens, and for how long.

use crate::error::{Kind, Result};
use crate::guard::{self, Guard};
use crate::token::Token;
use crate::work::{BODY_LIMIT, Workers};
use crate::{api, assets};
use axum::extract::DefaultBodyLimit;
use axum::{Router, middleware};
use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// The port that is tried first where none is named.
pub const PORT: u16 = 8420;
/// How many ports after it are tried.
const TRIES: u16 = 100;
/// How often the server looks whether it should stop.
const LOOK: Duration = Duration::from_millis(50);

/// What to serve, and where.
#[derive(Clone, Debug)]
pub struct Options {
    /// Name or address to listen on. Another than this machine's own lets others in.
    pub host: String,
    /// Port to listen on, 0 for any; if not given [`PORT`], or the next that is free.
    pub port: Option<u16>,
    /// The run store. It need not be there yet.
    pub store: PathBuf,
}

impl Default for Options {
    fn default() -> Self {
        Self { host: "127.0.0.1".into(), port: None, store: "ravine-out/runs.sqlite".into() }
    }
}

/// A server that listens.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    guard: Arc<Guard>,
    store: PathBuf,
}

impl Server {
    /// Listens. Requests wait until [`run`](Self::run).
    ///
    /// # Errors
    /// The host is not one of this machine; the port is taken, or there is none left.
    pub fn bind(options: &Options) -> Result<Self> {
        let host = options.host.trim_matches(['[', ']']);
        let (listener, address) = match options.port {
            Some(port) => listen(host, port)?,
            None => free(host)?,
        };
        let guard = Arc::new(Guard::new(Token::random()?, host, address));
        Ok(Self { listener, address, guard, store: options.store.clone() })
    }

    /// The address to open in a browser, with the token.
    pub fn url(&self) -> String {
        self.guard.url()
    }

    /// Whether other machines can reach it.
    pub fn is_open(&self) -> bool {
        !self.address.ip().is_loopback()
    }

    /// Serves until `stop` is set.
    ///
    /// # Errors
    /// The system does not let it listen any longer.
    pub fn run(self, stop: &AtomicBool) -> Result<()> {
        let threads = std::thread::available_parallelism().map_or(2, usize::from).max(2);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .build()
            .map_err(Kind::Serve)?;
        let app = Router::new()
            .merge(api::router(Workers::new(threads), self.store))
            .fallback(assets::serve)
            .layer(DefaultBodyLimit::max(BODY_LIMIT))
            .layer(middleware::from_fn_with_state(self.guard, guard::guard));
        let served = runtime.block_on(async {
            self.listener.set_nonblocking(true)?;
            let listener = tokio::net::TcpListener::from_std(self.listener)?;
            tokio::select! {
                served = async { axum::serve(listener, app).await } => served,
                () = stopped(stop) => Ok(()),
            }
        });
        // Pages that watch a comparison would keep it up for ever.
        runtime.shutdown_background();
        Ok(served.map_err(Kind::Serve)?)
    }
}

/// Listens on the first free port from [`PORT`] on.
fn free(host: &str) -> Result<(TcpListener, SocketAddr)> {
    let mut last = listen(host, PORT);
    for port in PORT + 1..=PORT + TRIES {
        match &last {
            Err(error) if error.is_taken() => last = listen(host, port),
            _ => break,
        }
    }
    last
}

fn listen(host: &str, port: u16) -> Result<(TcpListener, SocketAddr)> {
    let bad = |source| Kind::BadHost { host: host.into(), source };
    let addresses: Vec<SocketAddr> = (host, port).to_socket_addrs().map_err(bad)?.collect();
    let bound = TcpListener::bind(&*addresses).and_then(|listener| {
        let address = listener.local_addr()?;
        Ok((listener, address))
    });
    bound.map_err(|source| {
        match source.kind() {
            ErrorKind::AddrNotAvailable => bad(source),
            _ => Kind::Listen { address: format!("{host}:{port}"), source },
        }
        .into()
    })
}

async fn stopped(stop: &AtomicBool) {
    while !stop.load(Ordering::Relaxed) {
        tokio::time::sleep(LOOK).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_is_told_where_it_was_named_and_else_left_for_the_next() {
        let taken = Server::bind(&Options { port: Some(0), ..Options::default() }).unwrap();
        let port = Some(taken.address.port());
        let error = Server::bind(&Options { port, ..Options::default() }).err().unwrap();
        assert!(error.to_string().contains(&taken.address.to_string()) && !error.is_usage());
        let [first, second] = [(); 2].map(|()| Server::bind(&Options::default()).unwrap());
        assert_ne!(first.address.port(), second.address.port());
        assert!(!first.is_open());
    }

    #[test]
    fn a_host_of_another_machine_is_a_wrong_argument() {
        for host in ["203.0.113.7", "no such host"] {
            let error = Server::bind(&Options { host: host.into(), ..Options::default() }).err().unwrap();
            assert!(error.is_usage() && error.to_string().contains(host), "{error}");
        }
    }
}

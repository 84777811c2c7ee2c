//! Why the page cannot be served.

/// An error of the server. Its message says what was expected, what came, and where.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct Error(#[from] Kind);

/// The server's result.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// Whether what was asked for makes no sense, rather than that it cannot be done.
    pub fn is_usage(&self) -> bool {
        matches!(self.0, Kind::BadHost { .. })
    }

    /// Whether another program listens there.
    pub(crate) fn is_taken(&self) -> bool {
        matches!(&self.0, Kind::Listen { source, .. } if source.kind() == std::io::ErrorKind::AddrInUse)
    }
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum Kind {
    #[error("the host '{host}' is not a name or an address of this machine: {source}")]
    BadHost { host: String, source: std::io::Error },
    #[error("cannot listen on {address}: {source}")]
    Listen { address: String, source: std::io::Error },
    #[error("the system gives no random numbers for the token: {0}")]
    Random(getrandom::Error),
    #[error("the server stopped: {0}")]
    Serve(std::io::Error),
}

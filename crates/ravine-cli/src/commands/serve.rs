//! `ravine serve`: the live page.

use super::report::STORE;
use crate::failure::{Failure, Result, say};
use crate::{interrupt, output};
use ravine_serve::{Options, Server};
use std::path::{Path, PathBuf};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Name or address to listen on. Another than this machine's own lets other machines in.
    #[arg(long, value_name = "HOST", default_value_t = Options::default().host)]
    host: String,
    /// Port to listen on, 0 for any free one; 8420 or the next that is free if not given.
    #[arg(long, value_name = "PORT")]
    port: Option<u16>,
    /// The run store whose comparisons are shown; it need not be there yet.
    #[arg(long, value_name = "FILE", default_value_os_t = Path::new("ravine-out").join(STORE))]
    store: PathBuf,
}

pub(super) fn run(arguments: Arguments) -> Result {
    let Arguments { host, port, store } = arguments;
    let stop = interrupt::flag();
    let server = Server::bind(&Options { host, port, store })?;
    if server.is_open() {
        say(
            "warning: other machines can reach this page, without encryption: whoever sees the address below on the \
             way can use it",
        );
    }
    output::print(&format!("{}\n", server.url()))?;
    Ok(server.run(stop)?)
}

impl From<ravine_serve::Error> for Failure {
    fn from(error: ravine_serve::Error) -> Self {
        if error.is_usage() { Self::usage(error) } else { Self::Error(error.to_string()) }
    }
}

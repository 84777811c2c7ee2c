//! The live page of Ravine: optimizers race over landscapes, and comparisons are watched as they run.
//!
//! A small web server for one's own machine. The page is hand-written HTML, CSS and script inside the program; what it
//! shows is computed by the engine and the laboratory and asked for as JSON.
//!
//! ```no_run
//! use ravine_serve::{Options, Server};
//! use std::sync::atomic::AtomicBool;
//!
//! let server = Server::bind(&Options { store: "ravine-out/runs.sqlite".into(), ..Options::default() })?;
//! println!("{}", server.url());
//! server.run(&AtomicBool::new(false))?;
//! # Ok::<(), ravine_serve::Error>(())
//! ```
//!
//! It refuses whoever does not know the token in the printed address, whoever asks for another host, and other pages in
//! the same browser.

mod api;
mod assets;
mod error;
mod guard;
mod live;
mod refusal;
mod server;
mod token;
mod work;

pub use error::{Error, Result};
pub use server::{Options, PORT, Server};

//! The server as its clients see it.

mod client;
mod events;
mod limits;
mod races;
mod security;

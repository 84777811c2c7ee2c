//! The command as its users meet it: every test runs the program.

mod catalogues;
mod command;
mod compare;
mod data;
#[cfg(unix)]
mod interruption;
mod report;
#[cfg(unix)]
mod trouble;
mod usage;
mod width;

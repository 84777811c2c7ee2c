//! The command as its users meet it: every test runs the program.

mod catalogues;
mod command;
mod compare;
mod data;
mod diagnose;
mod experiment;
mod figures;
mod gradient;
#[cfg(unix)]
mod interruption;
mod lr_find;
mod own;
mod report;
mod schedule;
#[cfg(unix)]
mod serve;
mod trace;
#[cfg(unix)]
mod train;
#[cfg(unix)]
mod trouble;
mod usage;
mod width;

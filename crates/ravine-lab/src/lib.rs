//! The laboratory: workloads, trials, honest statistics, and reports on optimizers and learning-rate schedules.
//!
//! A [`Plan`](plan::Plan) names workloads, optimizers and schedules. [`compare`] turns it into trials: a
//! [`search`] for the learning rate of each arm on the validation split, then runs over fresh seeds, each tested once.
//! Every trial's records go to the run [`store`] as they happen. [`results`] reads them back as a
//! [`Comparison`](comparison::Comparison), which is all that [`verdict`], [`rows`] and [`report`] know.

pub mod advice;
pub mod basins;
pub mod braille;
pub mod compare;
pub mod comparison;
pub mod configuration;
pub mod convergence;
pub mod criteria;
pub mod curvature;
pub mod data;
pub mod diagnose;
pub mod eigen;
mod error;
mod evaluated;
pub mod experiments;
pub mod expression;
pub mod gallery;
pub mod health;
pub mod lr_find;
pub mod objective;
pub mod objectives;
pub mod pictures;
pub mod plan;
pub mod point;
pub mod report;
pub mod results;
pub mod rows;
pub mod search;
pub mod shell;
mod snapshot;
pub mod stability;
pub mod stationary;
pub mod stats;
mod stepped;
pub mod store;
pub mod svg;
pub mod trace;
pub mod train;
pub mod trial;
pub mod verdict;
pub mod whole;
pub mod workload;
pub mod workloads;

pub use error::{Error, Result};

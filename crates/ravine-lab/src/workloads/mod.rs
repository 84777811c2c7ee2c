//! The workloads that come with the laboratory, one a file.

mod breast_cancer_softmax;
mod classification;
mod classifier;
mod digits_mlp;
mod digits_softmax;
mod fashion_mlp;
mod iris_softmax;
mod mlp;
mod quadratic_deep;
mod rotation;
mod setup;
mod softmax;
mod wine_softmax;

pub use classifier::Classifier;
pub use quadratic_deep::QuadraticDeep;
pub use setup::{Choice, Setup, with};

use std::path::Path;

use crate::error::{Kind, Result};
use crate::workload::Workload;

/// What the catalogue says of a workload.
pub struct Entry {
    /// Its name on the command line.
    pub name: &'static str,
    /// Model and data, in a line.
    pub title: &'static str,
    /// What can be chosen about it.
    pub choices: &'static [Choice],
    /// Makes it.
    pub load: fn(&Setup) -> Result<Box<dyn Workload>>,
}

/// Every workload.
pub const WORKLOADS: &[Entry] = &[
    digits_mlp::ENTRY,
    fashion_mlp::ENTRY,
    quadratic_deep::ENTRY,
    digits_softmax::ENTRY,
    iris_softmax::ENTRY,
    wine_softmax::ENTRY,
    breast_cancer_softmax::ENTRY,
];

/// Makes the workload of this spec, `name` or `name:key=value,key=value`, reading data that is not embedded from the
/// folder `data` (`None`: the default place).
///
/// # Errors
/// An unknown name or option; a value that makes no sense; data that is missing or damaged.
pub fn load(spec: &str, data: Option<&Path>) -> Result<Box<dyn Workload>> {
    let (name, pairs) = spec.split_once(':').unwrap_or((spec, ""));
    let name = name.trim();
    let Some(entry) = WORKLOADS.iter().find(|entry| entry.name == name) else {
        let known: Vec<&str> = WORKLOADS.iter().map(|entry| entry.name).collect();
        return Err(Kind::UnknownName { what: "workload", name: name.into(), known: known.join(", ") }.into());
    };
    (entry.load)(&Setup::parse(entry, pairs, data)?)
}

//! The workloads that come with the laboratory, one a file.

mod breast_cancer_softmax;
mod classification;
mod classifier;
mod digits_mlp;
mod digits_softmax;
mod fashion_mlp;
mod iris_softmax;
mod quadratic_deep;
mod rotation;
mod softmax;
mod wine_softmax;

pub use classifier::Classifier;
pub use quadratic_deep::QuadraticDeep;

use std::path::Path;

use crate::error::{Kind, Result};
use crate::workload::Workload;

/// What the catalogue says of a workload.
pub struct Entry {
    /// Its name on the command line.
    pub name: &'static str,
    /// Model and data, in a line.
    pub title: &'static str,
    /// Makes it, reading data that is not embedded from a folder (`None`: the default place).
    pub load: fn(Option<&Path>) -> Result<Box<dyn Workload>>,
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

/// Makes the workload of this name, reading data that is not embedded from `data` (`None`: the default place).
pub fn load(name: &str, data: Option<&Path>) -> Result<Box<dyn Workload>> {
    let Some(entry) = WORKLOADS.iter().find(|entry| entry.name == name) else {
        let known: Vec<&str> = WORKLOADS.iter().map(|entry| entry.name).collect();
        return Err(Kind::UnknownName { what: "workload", name: name.into(), known: known.join(", ") }.into());
    };
    (entry.load)(data)
}

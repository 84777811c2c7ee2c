//! The workloads that come with the laboratory, one a file.

mod breast_cancer_softmax;
mod classification;
mod classifier;
mod digits_mlp;
mod digits_softmax;
mod documents;
mod fashion;
mod fashion_2c2d;
mod fashion_mlp;
mod fashion_resnet;
mod fashion_softmax;
mod fashion_vae;
mod images;
mod iris_softmax;
mod mlp;
mod quadratic_deep;
mod ratings;
mod resnet;
mod rotation;
mod setup;
mod softmax;
mod speech;
mod table;
mod task;
mod text;
mod text_gpt;
mod text_lstm;
mod wine_softmax;

pub use classifier::Classifier;
pub use quadratic_deep::QuadraticDeep;
pub use setup::{Choice, Setup, with};

use std::path::Path;

use serde::Serialize;

use crate::error::{Kind, Result};
use crate::workload::Workload;

/// What kind of problem a workload is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Field {
    /// One minimum, which is known.
    Convex,
    /// Rows of a table.
    Tabular,
    /// Pictures.
    Image,
    /// Text.
    Language,
    /// Spoken or sounding sequences.
    Speech,
    /// Inputs that are mostly absent.
    Sparse,
}

impl Field {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Convex, Self::Tabular, Self::Image, Self::Language, Self::Speech, Self::Sparse];
}

/// What the catalogue says of a workload.
pub struct Entry {
    /// Its name on the command line.
    pub name: &'static str,
    /// Model and data, in a line.
    pub title: &'static str,
    /// What kind of problem it is.
    pub field: Field,
    /// What can be chosen about it.
    pub choices: &'static [Choice],
    /// Makes it.
    pub load: fn(&Setup) -> Result<Box<dyn Workload>>,
}

/// Every workload.
pub const WORKLOADS: &[Entry] = &[
    digits_mlp::ENTRY,
    fashion_softmax::ENTRY,
    fashion_mlp::ENTRY,
    fashion_2c2d::ENTRY,
    fashion_resnet::ENTRY,
    fashion_vae::ENTRY,
    text_gpt::ENTRY,
    text_lstm::ENTRY,
    speech::ENTRY,
    documents::ENTRY,
    ratings::ENTRY,
    images::ENTRY,
    table::ENTRY,
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
    let Some(entry) = entry(name) else {
        let known: Vec<&str> = WORKLOADS.iter().map(|entry| entry.name).collect();
        return Err(Kind::UnknownName { what: "workload", name: name.into(), known: known.join(", ") }.into());
    };
    (entry.load)(&Setup::parse(entry, pairs, data)?)
}

/// What the catalogue says of the workload of this name.
pub fn entry(name: &str) -> Option<&'static Entry> {
    WORKLOADS.iter().find(|entry| entry.name == name)
}

/// What kind of problem a workload of this spec is; a table if nobody knows it.
pub fn field(spec: &str) -> Field {
    let name = spec.split(':').next().unwrap_or_default();
    entry(name).map_or(Field::Tabular, |entry| entry.field)
}

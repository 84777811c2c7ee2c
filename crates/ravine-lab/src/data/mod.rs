//! Data sets: four small ones inside the library, one read from files, all with fixed splits.
//!
//! | Name | Examples x features, classes | Train / validation / test | Scaling |
//! |---|---|---|---|
//! | `digits` | 1797 x 64, 10 | 1078 / 360 / 359 | divided by 16, the largest value |
//! | `iris` | 150 x 4, 3 | 90 / 30 / 30 | training mean and standard deviation of each feature |
//! | `wine` | 178 x 13, 3 | 107 / 35 / 36 | as `iris` |
//! | `breast-cancer` | 569 x 30, 2 | 341 / 114 / 114 | as `iris` |
//! | `fashion-mnist` | 70000 x 784, 10 | 50000 / 10000 / 10000 | training mean and standard deviation of all pixels |
//!
//! **Splits.** The examples are put in the stratified order of [`stratified_order`] with the seed [`SPLIT_SEED`]; the
//! first 60 % train, the next 20 % validate, the rest test. Fashion-MNIST keeps its official test set; its 60000
//! training examples are put in that order and cut at 50000. The order never depends on a trial's seed, so every
//! optimizer and every seed sees the same three sets.
//!
//! **Scaling.** Mean and standard deviation (of the population, divisor n) come from the training part alone and are
//! applied to all three.
//!
//! The embedded sets also come whole, scaled by all of it and with every split the whole, for convex problems that
//! have a known minimum: [`Embedded::whole`].

mod batches;
pub mod breast_cancer;
mod dataset;
pub mod digits;
mod embedded;
pub mod fashion_mnist;
pub mod idx;
mod inventory;
pub mod iris;
pub mod numpy;
pub mod speech;
pub mod wine;

pub use batches::{Batches, Order};
pub use dataset::{Dataset, SPLIT_SEED, Split, Table, stratified_order};
pub use embedded::Embedded;
pub(crate) use idx::hex;
pub use inventory::{Item, Status, inventory};

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::error::Result;

/// What the catalogue says of a data set.
pub struct Entry {
    /// Its name on the command line.
    pub name: &'static str,
    /// What it is, in a line.
    pub title: &'static str,
    /// Examples in all splits together.
    pub examples: usize,
    /// Numbers in an example.
    pub features: usize,
    /// Classes to tell apart.
    pub classes: usize,
    /// Its licence.
    pub license: &'static str,
    /// Who made it, and where it was first published.
    pub origin: &'static str,
    /// Its files, if it is not embedded.
    pub files: Option<Files>,
    /// Reads it, from a folder if it is not embedded (`None`: the default place).
    pub load: fn(Option<&Path>) -> Result<Arc<Dataset>>,
}

/// How a data set in files is found.
pub struct Files {
    /// The command that installs it.
    pub command: &'static str,
    /// The folder that is looked in when this one is given (`None`: the default place).
    pub folder: fn(Option<&Path>) -> PathBuf,
    /// Reads and verifies all files.
    pub check: fn(Option<&Path>) -> Result<()>,
}

/// Every data set.
pub const DATASETS: &[Entry] =
    &[digits::ENTRY, iris::ENTRY, wine::ENTRY, breast_cancer::ENTRY, fashion_mnist::ENTRY];

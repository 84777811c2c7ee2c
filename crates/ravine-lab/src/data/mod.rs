//! Data: small sets inside the library, larger ones read from files, and the user's own; all with fixed splits.
//!
//! Examples with a class each are a [`Dataset`], texts a [`Corpus`], ratings are [`Ratings`], documents as words
//! [`Documents`]. The user's own come from [`folder`] (pictures), [`table`](mod@table) and [`text`].
//!
//! | Name | Examples x features, classes | Train / validation / test | Scaling |
//! |---|---|---|---|
//! | `digits` | 1797 x 64, 10 | 1078 / 360 / 359 | divided by 16, the largest value |
//! | `iris` | 150 x 4, 3 | 90 / 30 / 30 | training mean and standard deviation of each feature |
//! | `wine` | 178 x 13, 3 | 107 / 35 / 36 | as `iris` |
//! | `breast-cancer` | 569 x 30, 2 | 341 / 114 / 114 | as `iris` |
//! | `fashion-mnist` | 70000 x 784, 10 | 50000 / 10000 / 10000 | training mean and standard deviation of all pixels |
//!
//! **Splits.** The examples of a [`Dataset`] are put in the stratified order of [`stratified_order`] with the seed [`SPLIT_SEED`]; the
//! first 60 % train, the next 20 % validate, the rest test. Fashion-MNIST keeps its official test set; its 60000
//! training examples are put in that order and cut at 50000. The order never depends on a trial's seed, so every
//! optimizer and every seed sees the same three sets.
//!
//! **Scaling.** Mean and standard deviation (of the population, divisor n) come from the training part alone and are
//! applied to all three.
//!
//! The embedded tables also come whole, scaled by all of it and with every split the whole, for convex problems that
//! have a known minimum: [`Embedded::whole`].

mod augment;
mod batches;
mod bpe;
pub mod breast_cancer;
mod dataset;
pub mod digits;
mod documents;
mod embedded;
pub mod fashion_mnist;
mod files;
pub mod folder;
pub mod genesis_exodus;
pub mod idx;
pub mod inst_eval;
mod inventory;
pub mod iris;
pub mod king_james;
pub mod low_rank_ratings;
pub mod numpy;
pub(crate) mod problem;
pub mod rare_words;
mod ratings;
mod rdata;
pub mod reuters_corn;
pub mod speech;
pub mod table;
pub mod text;
mod tokens;
pub mod trouble;
pub mod wine;

pub use augment::{Augment, Augmentation};
pub use batches::{Batches, Order};
pub use bpe::Bpe;
pub use dataset::{Dataset, SPLIT_SEED, Split, Table, standardise, stratified_order};
pub use documents::Documents;
pub use embedded::Embedded;
pub use files::{FOLDER_VARIABLE, Files};
pub(crate) use idx::hex;
pub use inventory::{Item, Status, inventory};
pub use problem::Problem;
pub use ratings::Ratings;
pub use text::Corpus;
pub use tokens::{Tokens, Window};

use std::path::Path;
use std::sync::Arc;

use crate::error::Result;

/// What the catalogue says of data of one kind.
pub struct Entry<T = Dataset> {
    /// Its name on the command line.
    pub name: &'static str,
    /// What it is, in a line.
    pub title: &'static str,
    /// How much there is, in words.
    pub size: &'static str,
    /// Its licence.
    pub license: &'static str,
    /// Who made it, and where it was first published.
    pub origin: &'static str,
    /// Its files, if it is not part of this library.
    pub files: Option<Files>,
    /// Reads it, from a folder if it is in files (`None`: the default place).
    pub load: fn(Option<&Path>) -> Result<Arc<T>>,
}

/// Every set of examples with a class each.
pub const DATASETS: &[Entry] =
    &[digits::ENTRY, iris::ENTRY, wine::ENTRY, breast_cancer::ENTRY, fashion_mnist::ENTRY];

/// Every text.
pub const TEXTS: &[Entry<Corpus>] = &[genesis_exodus::ENTRY, king_james::ENTRY];

/// Every set of ratings.
pub const RATINGS: &[Entry<Ratings>] = &[low_rank_ratings::ENTRY, inst_eval::ENTRY];

/// Every set of documents.
pub const DOCUMENTS: &[Entry<Documents>] = &[rare_words::ENTRY, reuters_corn::ENTRY];

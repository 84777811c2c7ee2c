//! `documents`: logistic regression on the words of documents, nearly all of which are absent from each.

use std::sync::Arc;

use ravine_nn::{CrossEntropy, EmbeddingBag, Init, Loss, Mode, Network, accuracy};

use super::classification::{batch, entropy, epochs};
use super::task::{self, Task};
use super::{Choice, Entry, Field, Setup};
use crate::data::{Batches, DOCUMENTS, Documents, Order, Split};
use crate::error::{Kind, Result};
use crate::workload::{Evaluation, Info, Workload};

/// Documents evaluated at once.
const CHUNK: usize = 256;

/// What the catalogue says of it.
pub(super) const ENTRY: Entry = Entry {
    name: "documents",
    title: "softmax regression on the words of documents: sparse inputs and gradients",
    field: Field::Sparse,
    choices: &[
        Choice::new(
            "source",
            "rare-words",
            "rare-words: drawn here; reuters-corn: news from the package weka",
        ),
        batch("16"),
        epochs("10"),
    ],
    load,
};

fn load(setup: &Setup) -> Result<Box<dyn Workload>> {
    let name = setup.text("source");
    let Some(entry) = DOCUMENTS.iter().find(|entry| entry.name == name) else {
        let known: Vec<&str> = DOCUMENTS.iter().map(|entry| entry.name).collect();
        return Err(Kind::UnknownName { what: "source", name: name.into(), known: known.join(", ") }.into());
    };
    let data = (entry.load)(setup.data())?;
    let split = [Split::Train, Split::Validation, Split::Test].map(|split| data.range(split).len());
    let slots = (0..data.y.len()).map(|i| data.row(i).0.len()).max().unwrap_or(0).max(1);
    let model = Model { slots, size: setup.number("batch", 1..=split[0])?, data };
    let shares = class_shares(&model.data);
    let common = shares.iter().copied().fold(0.0, f64::max);
    let info = Info {
        name: setup.spec(),
        title: format!("softmax regression on {} words of {}", model.data.words.len(), model.data.name),
        metric: "accuracy",
        higher_is_better: true,
        target: common + 0.75 * (1.0 - common),
        target_reason: "three quarters of the way from always naming the commonest class to no mistake"
            .into(),
        guess: Some(entropy(&shares)),
        split,
        data_sha256: model.data.sha256.clone(),
        batch: model.size,
        epochs: setup.number("epochs", 1..=1_000_000)?,
        parameters: task::parameters(&model)?,
    };
    Ok(task::workload(info, model))
}

/// The share of each class in the documents to train on.
fn class_shares(data: &Documents) -> Vec<f64> {
    let mut shares = vec![0.0; data.classes];
    let train = &data.y[data.train.clone()];
    train.iter().for_each(|&class| shares[class as usize] += 1.0 / train.len() as f64);
    shares
}

struct Model {
    data: Arc<Documents>,
    /// Words of the longest document; the others have empty places.
    slots: usize,
    size: usize,
}

impl Model {
    /// Appends the words and weights of a document to the inputs.
    fn document(&self, i: usize, x: &mut Vec<f32>) {
        let end = x.len() + 2 * self.slots;
        let (words, weights) = self.data.row(i);
        x.extend(words.iter().zip(weights).flat_map(|(&word, &weight)| [word as f32, weight]));
        x.resize(end, 0.0);
    }
}

struct Feed {
    batches: Batches,
    y: Vec<u32>,
}

impl Task for Model {
    type Feed = Feed;

    fn network(&self, seed: u64) -> Result<Network<f32>> {
        let table = EmbeddingBag::new(self.data.words.len(), self.data.classes).init(Init::zeros());
        Ok(Network::new([self.slots, 2], table, seed)?)
    }

    fn feed(&self, seed: u64, order: Order) -> Feed {
        Feed { batches: Batches::new(self.data.train.len(), self.size, seed, order), y: Vec::new() }
    }

    fn batch(&self, feed: &mut Feed, step: u64, x: &mut Vec<f32>) -> usize {
        feed.y.clear();
        for row in feed.batches.rows(step) {
            let row = self.data.train.start + row;
            self.document(row, x);
            feed.y.push(self.data.y[row]);
        }
        self.size
    }

    fn loss(&self, feed: &mut Feed, results: &[f32], grad: &mut Vec<f32>) -> Result<f64> {
        Ok(CrossEntropy.forward_backward(results, &feed.y, grad)?)
    }

    fn evaluate(&self, network: &mut Network<f32>, split: Split) -> Result<Evaluation> {
        let (mut x, mut loss, mut correct) = (Vec::new(), 0.0, 0.0);
        let rows: Vec<usize> = self.data.range(split).collect();
        for rows in rows.chunks(CHUNK) {
            x.clear();
            rows.iter().for_each(|&row| self.document(row, &mut x));
            let y: Vec<u32> = rows.iter().map(|&row| self.data.y[row]).collect();
            let results = network.forward(&x, rows.len(), Mode::Eval)?;
            loss += CrossEntropy.forward(results, &y)? * rows.len() as f64;
            correct += accuracy(results, &y)? * rows.len() as f64;
        }
        let count = rows.len() as f64;
        Ok(Evaluation { loss: loss / count, metric: correct.round() / count })
    }
}

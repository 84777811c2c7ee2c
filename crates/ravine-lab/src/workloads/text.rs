//! What the language models share: a text, its tokens, and the loss of telling the next one.

use std::path::Path;
use std::sync::Arc;

use ravine_nn::{CrossEntropy, Loss, Mode, Network, NetworkBuilder};

use super::classification::{batch, entropy, epochs};
use super::task::{self, Task};
use super::{Choice, Setup};
use crate::data::text::{self, Corpus};
use crate::data::{Order, Split, TEXTS, Tokens};
use crate::error::{Kind, Result};
use crate::workload::{Evaluation, Info, Workload};

/// Tokens of a stretch that are looked at while training, evenly spread: enough for a bit in two hundred, and quick.
const SAMPLE: usize = 1 << 15;

/// Tokens evaluated at once.
const CHUNK: usize = 1 << 11;

/// What a language model chooses.
pub(super) struct Recipe {
    pub(super) title: &'static str,
    pub(super) target: f64,
    pub(super) target_reason: &'static str,
    /// Adds the layers from `[context]` token numbers to `[context, vocabulary]` logits.
    pub(super) layers: fn(NetworkBuilder<f32>, &Setup, usize) -> Result<NetworkBuilder<f32>>,
}

/// The choices that all of them have.
pub(super) const fn choices(context: &'static str, size: &'static str, passes: &'static str) -> [Choice; 5] {
    [
        Choice::new("text", "genesis-exodus", "genesis-exodus, king-james, or the path of a text file"),
        Choice::new("merges", "0", "merges of byte-pair encoding; 0 for single characters"),
        Choice::new("context", context, "tokens that the model sees"),
        batch(size),
        epochs(passes),
    ]
}

impl Recipe {
    /// Reads the text; then it is a workload.
    pub(super) fn load(self, setup: &Setup) -> Result<Box<dyn Workload>> {
        let corpus = corpus(setup)?;
        let tokens = match setup.number("merges", 0..=100_000)? {
            0 => corpus.characters(),
            merges => corpus.pairs(merges),
        };
        let shortest = tokens.split().into_iter().min().unwrap_or(0);
        let context = setup.number("context", 1..=shortest.saturating_sub(1))?;
        let split = tokens.split().map(|tokens| tokens / context);
        let size = setup.number("batch", 1..=split[0])?;
        let model = Model { recipe: self, setup: setup.clone(), tokens: Arc::new(tokens), context, size };
        let info = Info {
            name: setup.spec(),
            title: format!("{} on {}", model.recipe.title, corpus.name()),
            metric: "bits/char",
            higher_is_better: false,
            target: model.recipe.target,
            target_reason: model.recipe.target_reason.into(),
            guess: Some(entropy(&shares(&model.tokens))),
            split,
            data_sha256: corpus.sha256().into(),
            batch: size,
            epochs: setup.number("epochs", 1..=1_000_000)?,
            parameters: task::parameters(&model)?,
        };
        Ok(task::workload(info, model))
    }
}

fn corpus(setup: &Setup) -> Result<Arc<Corpus>> {
    let name = setup.text("text");
    if let Some(entry) = TEXTS.iter().find(|entry| entry.name == name) {
        return (entry.load)(setup.data());
    }
    let path = Path::new(name);
    if !path.exists() && !name.contains(['/', '.']) {
        let known: Vec<&str> = TEXTS.iter().map(|entry| entry.name).collect();
        let known = format!("{}, or the path of a text file", known.join(", "));
        return Err(Kind::UnknownName { what: "text", name: name.into(), known }.into());
    }
    text::read(path).map(Arc::new)
}

/// The share of each token in the training stretch.
fn shares(tokens: &Tokens) -> Vec<f64> {
    let ids = tokens.ids(Split::Train);
    let mut counts = vec![0usize; tokens.vocabulary()];
    ids.iter().for_each(|&id| counts[id as usize] += 1);
    counts.into_iter().map(|count| count as f64 / ids.len() as f64).collect()
}

struct Model {
    recipe: Recipe,
    setup: Setup,
    tokens: Arc<Tokens>,
    context: usize,
    size: usize,
}

/// The seed of the windows, whether an epoch repeats the first, and the batch at hand.
struct Feed {
    seed: u64,
    fixed: bool,
    inputs: Vec<u32>,
    targets: Vec<u32>,
}

impl Task for Model {
    type Feed = Feed;

    fn network(&self, seed: u64) -> Result<Network<f32>> {
        let layers =
            (self.recipe.layers)(Network::builder(self.context), &self.setup, self.tokens.vocabulary())?;
        Ok(layers.build(seed)?)
    }

    fn feed(&self, seed: u64, order: Order) -> Feed {
        Feed { seed, fixed: order == Order::Fixed, inputs: Vec::new(), targets: Vec::new() }
    }

    fn batch(&self, feed: &mut Feed, step: u64, x: &mut Vec<f32>) -> usize {
        let per_epoch = (self.tokens.split()[0] / self.context / self.size) as u64;
        let step = if feed.fixed { step % per_epoch } else { step };
        feed.inputs.clear();
        feed.targets.clear();
        self.tokens.batch(feed.seed, step, [self.size, self.context], &mut feed.inputs, &mut feed.targets);
        x.extend(feed.inputs.iter().map(|&id| id as f32));
        self.size
    }

    fn loss(&self, feed: &mut Feed, results: &[f32], grad: &mut Vec<f32>) -> Result<f64> {
        Ok(CrossEntropy.forward_backward(results, &feed.targets, grad)?)
    }

    /// Over all of the test stretch, and over a sample of the others.
    fn evaluate(&self, network: &mut Network<f32>, split: Split) -> Result<Evaluation> {
        let windows = self.tokens.windows(split, self.context);
        let every = match split {
            Split::Test => 1,
            _ => (windows.len() * self.context).div_ceil(SAMPLE),
        };
        let windows: Vec<_> = windows.step_by(every).collect();
        let classes = self.tokens.vocabulary();
        let (mut sum, mut count) = (0.0, 0);
        let mut x = Vec::new();
        for windows in windows.chunks((CHUNK / self.context).max(1)) {
            x.clear();
            x.extend(windows.iter().flat_map(|window| window.inputs).map(|&id| id as f32));
            let results = network.forward(&x, windows.len(), Mode::Eval)?;
            for (window, results) in windows.iter().zip(results.chunks(self.context * classes)) {
                let from = self.context - window.fresh;
                let loss = CrossEntropy.forward(&results[from * classes..], &window.targets[from..])?;
                sum += loss * window.fresh as f64;
                count += window.fresh;
            }
        }
        let loss = sum / count as f64;
        let metric = loss / (std::f64::consts::LN_2 * self.tokens.characters_per_token(split));
        Ok(Evaluation { loss, metric })
    }
}

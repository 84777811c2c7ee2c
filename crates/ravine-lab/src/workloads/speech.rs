//! `speech`: a recurrent network that writes down spoken digits; its voices are strangers to it in every test.

use std::sync::Arc;

use ravine_nn::{Ctc, Dropout, Linear, Loss, Lstm, Mode, Network, Transcript, error_rate, greedy_decode};

use super::classification::{batch, epochs};
use super::task::{self, Task};
use super::{Choice, Entry, Field, Setup};
use crate::data::speech::{self, SPEECH, Speech};
use crate::data::{Batches, Order, Split};
use crate::error::Result;
use crate::workload::{Evaluation, Info, Workload};

/// Utterances evaluated at once.
const CHUNK: usize = 50;

const LOSS: Ctc = Ctc { classes: speech::CLASSES, zero_infinity: false };

/// What the catalogue says of it.
pub(super) const ENTRY: Entry = Entry {
    name: "speech",
    title: "LSTM with CTC that writes down strings of spoken digits, voices apart",
    field: Field::Speech,
    choices: &[
        Choice::new("source", "tones", "tones: a code made here; espeak: English by the program espeak-ng"),
        Choice::new("hidden", "96", "units of each direction"),
        Choice::new("depth", "1", "recurrent layers"),
        Choice::new("dropout", "0.1", "share of features dropped after each recurrent layer"),
        batch("32"),
        epochs("12"),
    ],
    load,
};

fn load(setup: &Setup) -> Result<Box<dyn Workload>> {
    let known: Vec<_> = SPEECH.iter().map(|entry| (entry.name, entry)).collect();
    let source = setup.one_of("source", &known)?;
    let data = (source.load)(setup.data())?;
    let longest = data.steps.iter().copied().max().unwrap_or(0);
    let split = data.split();
    let model = Model { setup: setup.clone(), longest, size: setup.number("batch", 1..=split[0])?, data };
    let info = Info {
        name: setup.spec(),
        title: format!("bidirectional LSTM with CTC on {}", source.title),
        metric: "char error",
        higher_is_better: false,
        target: 0.1,
        target_reason: "one digit in ten wrong, by voices that it has not heard; one in twenty is good"
            .into(),
        guess: None,
        split,
        data_sha256: model.data.sha256.clone(),
        batch: model.size,
        epochs: setup.number("epochs", 1..=1_000_000)?,
        parameters: task::parameters(&model)?,
    };
    Ok(task::workload(info, model))
}

struct Model {
    setup: Setup,
    data: Arc<Speech>,
    /// Steps of the longest utterance; the others are filled up with zeros.
    longest: usize,
    size: usize,
}

impl Model {
    /// Appends an utterance to the inputs and gives what it says.
    fn utterance(&self, i: usize, x: &mut Vec<f32>) -> Transcript {
        let end = x.len() + self.longest * self.data.inputs;
        x.extend_from_slice(self.data.features(i));
        x.resize(end, 0.0);
        Transcript { frames: self.data.steps[i], labels: self.data.labels(i).to_vec() }
    }
}

struct Feed {
    batches: Batches,
    said: Vec<Transcript>,
}

impl Task for Model {
    type Feed = Feed;

    fn network(&self, seed: u64) -> Result<Network<f32>> {
        let hidden = self.setup.number("hidden", 1..=65536)?;
        let dropout = self.setup.number("dropout", 0.0..=0.99)?;
        let mut network = Network::builder([self.longest, self.data.inputs]);
        for _ in 0..self.setup.number("depth", 1..=100)? {
            network = network.layer(Lstm::new(hidden).bidirectional());
            if dropout > 0.0 {
                network = network.layer(Dropout::new(dropout));
            }
        }
        Ok(network.layer(Linear::new(speech::CLASSES)).build(seed)?)
    }

    fn feed(&self, seed: u64, order: Order) -> Feed {
        Feed { batches: Batches::new(self.data.train.len(), self.size, seed, order), said: Vec::new() }
    }

    fn batch(&self, feed: &mut Feed, step: u64, x: &mut Vec<f32>) -> usize {
        let rows = feed.batches.rows(step);
        feed.said.clear();
        feed.said.extend(rows.iter().map(|row| self.utterance(self.data.train.start + row, x)));
        self.size
    }

    fn loss(&self, feed: &mut Feed, results: &[f32], grad: &mut Vec<f32>) -> Result<f64> {
        Ok(LOSS.forward_backward(results, &feed.said, grad)?)
    }

    fn evaluate(&self, network: &mut Network<f32>, split: Split) -> Result<Evaluation> {
        let (mut x, mut sum) = (Vec::new(), 0.0);
        let (mut written, mut said) = (Vec::new(), Vec::new());
        // As many training utterances as there are to validate on tell enough.
        let rows: Vec<usize> = self.data.range(split).take(self.data.test.len()).collect();
        for rows in rows.chunks(CHUNK) {
            x.clear();
            let transcripts: Vec<Transcript> = rows.iter().map(|&row| self.utterance(row, &mut x)).collect();
            let results = network.forward(&x, rows.len(), Mode::Eval)?;
            sum += LOSS.forward(results, &transcripts)? * rows.len() as f64;
            for (logits, transcript) in results.chunks(self.longest * speech::CLASSES).zip(transcripts) {
                let frames = &logits[..transcript.frames * speech::CLASSES];
                written.push(greedy_decode(frames, speech::CLASSES));
                said.push(transcript.labels);
            }
        }
        let metric = error_rate(written.iter().zip(&said));
        Ok(Evaluation { loss: sum / rows.len() as f64, metric })
    }
}

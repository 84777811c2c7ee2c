//! What all workloads that train a network to tell classes apart share.

use std::sync::Arc;

use ravine::ParamSpec;
use ravine_nn::{Network, NetworkBuilder, Seen};

use super::{Choice, Classifier, Entry, Field, Setup};
use crate::data::{
    Augment, Augmentation, Batches, Dataset, Order, Split,
    trouble::{self, Remark},
};
use crate::error::Result;
use crate::workload::{Evaluation, Info, Session, Workload};

/// What one of them chooses.
pub(super) struct Recipe {
    pub(super) name: &'static str,
    pub(super) title: &'static str,
    /// What it is where options differ from their defaults; `None` for the same.
    pub(super) title_of: Option<fn(&Setup, &Dataset) -> Result<String>>,
    pub(super) field: Field,
    pub(super) metric: Metric,
    /// The target and where it comes from; `None` for three quarters of the way from a blind guess to no mistake.
    pub(super) target: Option<(f64, &'static str)>,
    /// The network for an example of the data.
    pub(super) layers: fn(&Setup, &Dataset) -> Result<NetworkBuilder<f32>>,
    pub(super) ridge: f64,
    /// With [`batch`] and [`epochs`] among them; [`augment`] for pictures.
    pub(super) choices: &'static [Choice],
}

/// The choice of a batch's size.
pub(super) const fn batch(default: &'static str) -> Choice {
    Choice::new("batch", default, "examples in a batch")
}

/// The choice of a run's length.
pub(super) const fn epochs(default: &'static str) -> Choice {
    Choice::new("epochs", default, "passes over the training data in a full run")
}

/// The choice of how pictures are changed while training.
pub(super) const fn augment(default: &'static str) -> Choice {
    Choice::new(
        AUGMENT,
        default,
        "shift=2/flip/crop=4/noise=0.1: how pictures are changed in training, or none",
    )
}

const AUGMENT: &str = "augment";

/// What is compared, besides the loss.
#[derive(Clone, Copy)]
pub(super) enum Metric {
    /// The share of examples whose class has the largest result.
    Accuracy,
    /// The loss less its known minimum.
    Gap {
        /// The loss that no weights can be below.
        minimum: f64,
    },
}

impl Recipe {
    pub(super) const fn entry(&self, load: fn(&Setup) -> Result<Box<dyn Workload>>) -> Entry {
        Entry { name: self.name, title: self.title, field: self.field, choices: self.choices, load }
    }

    /// With its data it is a workload. `notes` say what was done to the data.
    pub(super) fn load(
        self,
        setup: &Setup,
        data: Arc<Dataset>,
        notes: Vec<String>,
    ) -> Result<Box<dyn Workload>> {
        let parameters = self.network(setup, &data, 0)?.params().len();
        let (metric, higher_is_better) = match self.metric {
            Metric::Accuracy => ("accuracy", true),
            Metric::Gap { .. } => ("gap", false),
        };
        let shares = data.shares();
        let common = shares.iter().copied().fold(0.0, f64::max);
        let (target, target_reason) = self.target.unwrap_or((
            common + 0.75 * (1.0 - common),
            "three quarters of the way from always naming the commonest class to no mistake",
        ));
        let info = Info {
            name: setup.spec(),
            title: match self.title_of.filter(|_| setup.spec() != self.name) {
                Some(title_of) => title_of(setup, &data)?,
                None => self.title.into(),
            },
            metric,
            higher_is_better,
            target,
            target_reason: target_reason.into(),
            guess: Some(entropy(&shares)),
            split: data.split(),
            data_sha256: data.sha256.clone(),
            batch: setup.number("batch", 1..=data.train.len())?,
            epochs: setup.number("epochs", 1..=1_000_000)?,
            parameters,
        };
        let augment = self.augmentations(setup)?;
        if !augment.is_empty() {
            Augment::new(picture(&data), augment.clone(), 0)?;
        }
        let setup = setup.clone();
        Ok(Box::new(Classification { recipe: self, setup, info, data, augment, notes }))
    }

    fn network(&self, setup: &Setup, data: &Dataset, seed: u64) -> Result<Network<f32>> {
        Ok((self.layers)(setup, data)?.build(seed)?)
    }

    fn augmentations(&self, setup: &Setup) -> Result<Vec<Augmentation>> {
        match self.choices.iter().any(|choice| choice.name == AUGMENT).then(|| setup.text(AUGMENT)) {
            None | Some("none") => Ok(Vec::new()),
            Some(list) => list.split('/').map(str::parse).collect(),
        }
    }
}

/// The extents of a picture.
fn picture(data: &Dataset) -> [usize; 3] {
    data.shape[..].try_into().expect("only workloads of pictures take augmentations")
}

/// The cross-entropy of always guessing classes in these proportions, in nats.
pub(super) fn entropy(shares: &[f64]) -> f64 {
    -shares.iter().filter(|share| **share > 0.0).map(|share| share * share.ln()).sum::<f64>()
}

struct Classification {
    recipe: Recipe,
    setup: Setup,
    info: Info,
    data: Arc<Dataset>,
    augment: Vec<Augmentation>,
    notes: Vec<String>,
}

impl Workload for Classification {
    fn info(&self) -> &Info {
        &self.info
    }

    fn start(&self, seed: u64, order: Order) -> Box<dyn Session> {
        let network = self.recipe.network(&self.setup, &self.data, seed).expect("built when it was loaded");
        let specs = network.params().specs();
        Box::new(Run {
            data: self.data.clone(),
            augment: (!self.augment.is_empty()).then(|| {
                Augment::new(picture(&self.data), self.augment.clone(), seed)
                    .expect("made when it was loaded")
            }),
            metric: self.recipe.metric,
            specs: specs.iter().map(ParamSpec::from).collect(),
            model: Classifier::new(network, self.recipe.ridge),
            batches: Batches::new(self.data.train.len(), self.info.batch, seed, order),
            x: Vec::new(),
            y: Vec::new(),
        })
    }

    fn notes(&self) -> &[String] {
        &self.notes
    }

    fn trouble(&self) -> Vec<Remark> {
        trouble::look(&self.data)
    }
}

struct Run {
    data: Arc<Dataset>,
    augment: Option<Augment>,
    metric: Metric,
    specs: Vec<ParamSpec>,
    model: Classifier<f32>,
    batches: Batches,
    /// The batch, used again from step to step.
    x: Vec<f32>,
    y: Vec<u32>,
}

impl Session for Run {
    fn params(&self) -> &[ParamSpec] {
        &self.specs
    }

    fn buffers(&mut self) -> (&mut [f32], &mut [f32]) {
        self.model.params_mut().split_mut()
    }

    fn backward(&mut self, step: u64) -> f64 {
        self.x.clear();
        self.y.clear();
        for &row in self.batches.rows(step) {
            let row = self.data.train.start + row;
            self.x.extend_from_slice(self.data.row(row));
            self.y.push(self.data.y[row]);
        }
        if let Some(augment) = &self.augment {
            augment.apply(step, &mut self.x);
        }
        self.model.backward(&self.x, &self.y, step).expect("a batch fits its network")
    }

    fn evaluate(&mut self, split: Split) -> Evaluation {
        let rows = self.data.range(split);
        let features = self.data.features;
        let (x, y) = (&self.data.x[rows.start * features..rows.end * features], &self.data.y[rows]);
        let (loss, accuracy) = self.model.evaluate(x, y).expect("a split fits its network");
        let metric = match self.metric {
            Metric::Accuracy => accuracy,
            Metric::Gap { minimum } => loss - minimum,
        };
        Evaluation { loss, metric }
    }

    fn state(&mut self, see: &mut dyn FnMut(&str, &mut [f32])) {
        self.model.network_mut().state(see);
    }

    fn inspect(&self, see: &mut dyn FnMut(&Seen<'_, f32>)) {
        self.model.network().inspect(see);
    }
}

//! What all workloads that train a network to tell classes apart share.

use std::sync::Arc;

use ravine::ParamSpec;
use ravine_nn::{Network, NetworkBuilder, Seen};

use super::{Choice, Classifier, Entry, Field, Setup};
use crate::data::{Batches, Dataset, Order, Split};
use crate::error::Result;
use crate::workload::{Evaluation, Info, Session, Workload};

/// What one of them chooses.
pub(super) struct Recipe {
    pub(super) name: &'static str,
    pub(super) title: &'static str,
    pub(super) field: Field,
    pub(super) metric: Metric,
    pub(super) target: f64,
    pub(super) target_reason: &'static str,
    pub(super) data: fn(&Setup) -> Result<Arc<Dataset>>,
    /// Adds the layers to a network that takes one example.
    pub(super) layers: fn(NetworkBuilder<f32>, &Setup, &Dataset) -> Result<NetworkBuilder<f32>>,
    pub(super) ridge: f64,
    /// With [`batch`] and [`epochs`] among them.
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

    /// Loads the data; then it is a workload.
    pub(super) fn load(self, setup: &Setup) -> Result<Box<dyn Workload>> {
        let data = (self.data)(setup)?;
        let parameters = self.network(setup, &data, 0)?.params().len();
        let (metric, higher_is_better) = match self.metric {
            Metric::Accuracy => ("accuracy", true),
            Metric::Gap { .. } => ("gap", false),
        };
        let info = Info {
            name: setup.spec(),
            title: self.title.into(),
            metric,
            higher_is_better,
            target: self.target,
            target_reason: self.target_reason.into(),
            guess: Some(data.guess()),
            split: data.split(),
            data_sha256: data.sha256.into(),
            batch: setup.number("batch", 1..=data.train.len())?,
            epochs: setup.number("epochs", 1..=1_000_000)?,
            parameters,
        };
        Ok(Box::new(Classification { recipe: self, setup: setup.clone(), info, data }))
    }

    fn network(&self, setup: &Setup, data: &Dataset, seed: u64) -> Result<Network<f32>> {
        Ok((self.layers)(Network::builder(data.features), setup, data)?.build(seed)?)
    }
}

struct Classification {
    recipe: Recipe,
    setup: Setup,
    info: Info,
    data: Arc<Dataset>,
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
            metric: self.recipe.metric,
            specs: specs.iter().map(ParamSpec::from).collect(),
            model: Classifier::new(network, self.recipe.ridge),
            batches: Batches::new(self.data.train.len(), self.info.batch, seed, order),
            x: Vec::new(),
            y: Vec::new(),
        })
    }
}

struct Run {
    data: Arc<Dataset>,
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

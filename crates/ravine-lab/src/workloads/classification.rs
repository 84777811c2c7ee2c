//! What all workloads that train a network to tell classes apart share.

use std::path::Path;
use std::sync::Arc;

use ravine::ParamSpec;
use ravine_nn::{Network, NetworkBuilder};

use super::{Classifier, Entry};
use crate::data::{Batches, Dataset, Order, Split};
use crate::error::Result;
use crate::workload::{Evaluation, Info, Session, Workload};

/// What one of them chooses.
pub(super) struct Recipe {
    pub(super) name: &'static str,
    pub(super) title: &'static str,
    pub(super) metric: Metric,
    pub(super) target: f64,
    pub(super) target_reason: &'static str,
    pub(super) data: fn(Option<&Path>) -> Result<Arc<Dataset>>,
    /// Adds the layers to a network that takes one example.
    pub(super) layers: fn(NetworkBuilder<f32>) -> NetworkBuilder<f32>,
    pub(super) ridge: f64,
    pub(super) batch: usize,
    pub(super) epochs: u64,
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
    pub(super) const fn entry(&self, load: fn(Option<&Path>) -> Result<Box<dyn Workload>>) -> Entry {
        Entry { name: self.name, title: self.title, load }
    }

    /// Loads the data; then it is a workload.
    pub(super) fn load(self, dir: Option<&Path>) -> Result<Box<dyn Workload>> {
        let data = (self.data)(dir)?;
        let parameters = self.network(data.features, 0).params().len();
        let (metric, higher_is_better) = match self.metric {
            Metric::Accuracy => ("accuracy", true),
            Metric::Gap { .. } => ("gap", false),
        };
        let info = Info {
            name: self.name,
            title: self.title,
            metric,
            higher_is_better,
            target: self.target,
            target_reason: self.target_reason,
            split: data.split(),
            data_sha256: data.sha256.clone(),
            batch: self.batch,
            epochs: self.epochs,
            parameters,
        };
        Ok(Box::new(Classification { recipe: self, info, data }))
    }

    fn network(&self, features: usize, seed: u64) -> Network<f32> {
        (self.layers)(Network::builder(features)).build(seed).expect("the layers of a recipe fit")
    }
}

struct Classification {
    recipe: Recipe,
    info: Info,
    data: Arc<Dataset>,
}

impl Workload for Classification {
    fn info(&self) -> &Info {
        &self.info
    }

    fn start(&self, seed: u64, order: Order) -> Box<dyn Session> {
        let network = self.recipe.network(self.data.features, seed);
        let specs = network.params().specs();
        Box::new(Run {
            data: self.data.clone(),
            metric: self.recipe.metric,
            specs: specs.iter().map(ParamSpec::from).collect(),
            model: Classifier::new(network, self.recipe.ridge),
            batches: Batches::new(self.data.train.len(), self.recipe.batch, seed, order),
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
}

//! What all workloads that train one network have in common.

use std::sync::Arc;

use ravine::ParamSpec;
use ravine_nn::{Mode, Network, Seen};

use crate::data::trouble::Remark;
use crate::data::{Order, Split};
use crate::error::Result;
use crate::workload::{Evaluation, Info, Session, Workload};

/// A network, its data and its loss.
pub(super) trait Task: Send + Sync + 'static {
    /// What a run keeps besides the network: the order of the examples, and buffers.
    type Feed: Send;

    /// A fresh network, drawn from `seed`.
    fn network(&self, seed: u64) -> Result<Network<f32>>;

    /// The beginning of a run.
    fn feed(&self, seed: u64, order: Order) -> Self::Feed;

    /// Puts the inputs of batch number `step` into `x` and gives the number of examples.
    fn batch(&self, feed: &mut Self::Feed, step: u64, x: &mut Vec<f32>) -> usize;

    /// The loss of the network's results for that batch, and its gradient by them.
    fn loss(&self, feed: &mut Self::Feed, results: &[f32], grad: &mut Vec<f32>) -> Result<f64>;

    /// What of the loss does not follow from the results, once `backward` is done.
    fn aside(&self, _network: &Network<f32>) -> f64 {
        0.0
    }

    /// Loss and metric over a split.
    fn evaluate(&self, network: &mut Network<f32>, split: Split) -> Result<Evaluation>;

    /// What was done to the data, a sentence each.
    fn notes(&self) -> &[String] {
        &[]
    }

    /// What is wrong with the data, or worth knowing of them.
    fn trouble(&self) -> Vec<Remark> {
        Vec::new()
    }
}

/// The number of parameters of a task's network.
///
/// # Errors
/// The network cannot be built.
pub(super) fn parameters(task: &impl Task) -> Result<usize> {
    Ok(task.network(0)?.params().len())
}

/// A task as a workload. Its network has been built once: [`parameters`].
pub(super) fn workload<T: Task>(info: Info, task: T) -> Box<dyn Workload> {
    Box::new(Trained { info, task: Arc::new(task) })
}

struct Trained<T> {
    info: Info,
    task: Arc<T>,
}

impl<T: Task> Workload for Trained<T> {
    fn info(&self) -> &Info {
        &self.info
    }

    fn start(&self, seed: u64, order: Order) -> Box<dyn Session> {
        let network = self.task.network(seed).expect("built when it was loaded");
        Box::new(Run {
            feed: self.task.feed(seed, order),
            specs: network.params().specs().iter().map(ParamSpec::from).collect(),
            task: self.task.clone(),
            network,
            x: Vec::new(),
            grad: Vec::new(),
        })
    }

    fn notes(&self) -> &[String] {
        self.task.notes()
    }

    fn trouble(&self) -> Vec<Remark> {
        self.task.trouble()
    }
}

struct Run<T: Task> {
    task: Arc<T>,
    network: Network<f32>,
    specs: Vec<ParamSpec>,
    feed: T::Feed,
    /// The batch and the gradient by its results, used again from step to step.
    x: Vec<f32>,
    grad: Vec<f32>,
}

impl<T: Task> Session for Run<T> {
    fn params(&self) -> &[ParamSpec] {
        &self.specs
    }

    fn buffers(&mut self) -> (&mut [f32], &mut [f32]) {
        self.network.params_mut().split_mut()
    }

    fn backward(&mut self, step: u64) -> f64 {
        const FITS: &str = "a batch fits its network";
        self.x.clear();
        let batch = self.task.batch(&mut self.feed, step, &mut self.x);
        let results = self.network.forward(&self.x, batch, Mode::Train { step }).expect(FITS);
        let loss = self.task.loss(&mut self.feed, results, &mut self.grad).expect(FITS);
        self.network.backward(&self.grad).expect(FITS);
        loss + self.task.aside(&self.network)
    }

    fn evaluate(&mut self, split: Split) -> Evaluation {
        self.task.evaluate(&mut self.network, split).expect("a split fits its network")
    }

    fn state(&mut self, see: &mut dyn FnMut(&str, &mut [f32])) {
        self.network.state(see);
    }

    fn inspect(&self, see: &mut dyn FnMut(&Seen<'_, f32>)) {
        self.network.inspect(see);
    }
}

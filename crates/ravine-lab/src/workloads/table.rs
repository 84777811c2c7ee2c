//! `table`: a network on the user's own table.

use std::path::Path;
use std::sync::Arc;

use ravine_nn::{Loss, MeanSquared, Mode, Network};

use super::classification::{Metric, Recipe, batch, epochs};
use super::task::{self, Task};
use super::{Choice, Entry, Field, Setup, mlp};
use crate::data::{
    Batches, Dataset, Order, Split, problem, table,
    trouble::{self, Remark},
};
use crate::error::{Kind, Result};
use crate::workload::{Evaluation, Info, Workload};

const MLP: [Choice; 4] = mlp::choices("1", "64");

/// Rows evaluated at once.
const CHUNK: usize = 4096;

const RECIPE: Recipe = Recipe {
    name: "table",
    title: "your own table: an MLP tells one column from the others",
    title_of: None,
    field: Field::Tabular,
    metric: Metric::Accuracy,
    target: None,
    layers: |setup, data| mlp::layers(setup, data.features, data.classes),
    ridge: 0.0,
    choices: &[
        Choice::new("file", "", "file of comma-separated values with a header"),
        Choice::new("target", "", "the column to tell"),
        MLP[0],
        MLP[1],
        MLP[2],
        MLP[3],
        batch("32"),
        epochs("20"),
    ],
};

/// What the catalogue says of it.
pub(super) const ENTRY: Entry = RECIPE.entry(load);

fn load(setup: &Setup) -> Result<Box<dyn Workload>> {
    if setup.text("file").is_empty() || setup.text("target").is_empty() {
        let what = "it needs a file and a column to tell: --csv FILE --target COLUMN".into();
        return Err(Kind::BadSpec { name: RECIPE.name, what }.into());
    }
    let csv = table::read(Path::new(setup.text("file")), setup.text("target"))?;
    let rows = csv.problems.len() + csv.target.rows();
    let mut notes = csv.notes;
    notes.extend(problem::left_out(&csv.problems, rows, "rows"));
    match csv.target {
        table::Target::Classes { data, .. } => RECIPE.load(setup, Arc::new(data), notes),
        table::Target::Numbers { data, sd, .. } => numbers(setup, data, sd, notes),
    }
}

/// The table where a number is to be told.
fn numbers(setup: &Setup, data: Dataset<f32>, sd: f64, notes: Vec<String>) -> Result<Box<dyn Workload>> {
    let (split, sha256) = (data.split(), data.sha256.clone());
    let size = setup.number("batch", 1..=split[0])?;
    let model = Model { setup: setup.clone(), data, sd, size, notes };
    let info = Info {
        name: setup.spec(),
        title: format!("MLP that tells {} from {} features", setup.text("target"), model.data.features),
        metric: "rmse",
        higher_is_better: false,
        target: 0.5 * sd,
        target_reason: "half of what the mean for all comes to".into(),
        guess: Some(1.0),
        split,
        data_sha256: sha256,
        batch: size,
        epochs: setup.number("epochs", 1..=1_000_000)?,
        parameters: task::parameters(&model)?,
    };
    Ok(task::workload(info, model))
}

struct Model {
    setup: Setup,
    data: Dataset<f32>,
    /// Turns errors back into the target's own unit.
    sd: f64,
    size: usize,
    notes: Vec<String>,
}

struct Feed {
    batches: Batches,
    y: Vec<f32>,
}

impl Task for Model {
    type Feed = Feed;

    fn network(&self, seed: u64) -> Result<Network<f32>> {
        Ok(mlp::layers(&self.setup, self.data.features, 1)?.build(seed)?)
    }

    fn feed(&self, seed: u64, order: Order) -> Feed {
        Feed { batches: Batches::new(self.data.train.len(), self.size, seed, order), y: Vec::new() }
    }

    fn batch(&self, feed: &mut Feed, step: u64, x: &mut Vec<f32>) -> usize {
        feed.y.clear();
        for row in feed.batches.rows(step) {
            let row = self.data.train.start + row;
            x.extend_from_slice(self.data.row(row));
            feed.y.push(self.data.y[row]);
        }
        self.size
    }

    fn loss(&self, feed: &mut Feed, results: &[f32], grad: &mut Vec<f32>) -> Result<f64> {
        Ok(MeanSquared.forward_backward(results, &feed.y, grad)?)
    }

    fn evaluate(&self, network: &mut Network<f32>, split: Split) -> Result<Evaluation> {
        let rows = self.data.range(split);
        let features = self.data.features;
        let (x, y) = (&self.data.x[rows.start * features..rows.end * features], &self.data.y[rows]);
        let mut sum = 0.0;
        for (x, y) in x.chunks(CHUNK * features).zip(y.chunks(CHUNK)) {
            sum += MeanSquared.forward(network.forward(x, y.len(), Mode::Eval)?, y)? * y.len() as f64;
        }
        let loss = sum / y.len() as f64;
        Ok(Evaluation { loss, metric: self.sd * loss.sqrt() })
    }

    fn notes(&self) -> &[String] {
        &self.notes
    }

    fn trouble(&self) -> Vec<Remark> {
        trouble::look_at_numbers(&self.data)
    }
}

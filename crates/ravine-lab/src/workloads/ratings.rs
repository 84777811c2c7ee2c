//! `ratings`: matrix factorisation, the model of recommenders; each step touches the few users and items of its batch.

use std::sync::Arc;

use ravine_nn::{
    Backward, Embedding, Error, Float, Forward, Init, Layer, Loss, MeanSquared, Mode, Network, Scope, Shape,
};

use super::classification::{batch, epochs};
use super::task::{self, Task};
use super::{Choice, Entry, Field, Setup};
use crate::data::{Batches, Order, RATINGS, Ratings, Split};
use crate::error::{Kind, Result};
use crate::workload::{Evaluation, Info, Workload};

/// Ratings evaluated at once.
const CHUNK: usize = 4096;

/// What the catalogue says of it.
pub(super) const ENTRY: Entry = Entry {
    name: "ratings",
    title: "matrix factorisation of ratings: sparse inputs and gradients",
    field: Field::Sparse,
    choices: &[
        Choice::new(
            "source",
            "low-rank-ratings",
            "low-rank-ratings: drawn here; inst-eval: lectures rated, from the package lme4",
        ),
        Choice::new("dim", "8", "features of a user and of an item"),
        batch("64"),
        epochs("10"),
    ],
    load,
};

fn load(setup: &Setup) -> Result<Box<dyn Workload>> {
    let name = setup.text("source");
    let Some(entry) = RATINGS.iter().find(|entry| entry.name == name) else {
        let known: Vec<&str> = RATINGS.iter().map(|entry| entry.name).collect();
        return Err(Kind::UnknownName { what: "source", name: name.into(), known: known.join(", ") }.into());
    };
    let data = (entry.load)(setup.data())?;
    let (mean, split) = (data.mean(), data.split());
    let variance = |split| {
        let values = &data.value[data.range(split)];
        values.iter().map(|&value| (f64::from(value) - mean).powi(2)).sum::<f64>() / values.len() as f64
    };
    let (guess, blind) = (variance(Split::Train), variance(Split::Validation).sqrt());
    let biases = data.error_of_biases(Split::Validation);
    let dim = setup.number("dim", 1..=4096)?;
    let model = Model { dim, size: setup.number("batch", 1..=split[0])?, mean: mean as f32, data };
    let info = Info {
        name: setup.spec(),
        title: format!(
            "matrix factorisation of {} ratings of {} items by {} users ({})",
            model.data.value.len(),
            model.data.items,
            model.data.users,
            model.data.name
        ),
        metric: "rmse",
        higher_is_better: false,
        target: blind - 0.8 * (blind - biases),
        target_reason:
            "four fifths of the way from the mean rating for all to what biases of users and items \
                        tell without a product of features"
                .into(),
        guess: Some(guess),
        split,
        data_sha256: model.data.sha256.clone(),
        batch: model.size,
        epochs: setup.number("epochs", 1..=1_000_000)?,
        parameters: task::parameters(&model)?,
    };
    Ok(task::workload(info, model))
}

struct Model {
    data: Arc<Ratings>,
    dim: usize,
    size: usize,
    /// Taken off every rating.
    mean: f32,
}

impl Model {
    /// Appends the numbers of user and item: rows of one table, the items after the users.
    fn place(&self, i: usize, x: &mut Vec<f32>) {
        x.extend([self.data.user[i] as f32, (self.data.users as u32 + self.data.item[i]) as f32]);
    }

    fn value(&self, i: usize) -> f32 {
        self.data.value[i] - self.mean
    }
}

struct Feed {
    batches: Batches,
    y: Vec<f32>,
}

impl Task for Model {
    type Feed = Feed;

    fn network(&self, seed: u64) -> Result<Network<f32>> {
        let table = Embedding::new(self.data.users + self.data.items, self.dim + 1).init(Init::normal(0.1));
        Ok(Network::builder(2).layer(table).layer(Affinity).build(seed)?)
    }

    fn feed(&self, seed: u64, order: Order) -> Feed {
        Feed { batches: Batches::new(self.data.train.len(), self.size, seed, order), y: Vec::new() }
    }

    fn batch(&self, feed: &mut Feed, step: u64, x: &mut Vec<f32>) -> usize {
        feed.y.clear();
        for row in feed.batches.rows(step) {
            let row = self.data.train.start + row;
            self.place(row, x);
            feed.y.push(self.value(row));
        }
        self.size
    }

    fn loss(&self, feed: &mut Feed, results: &[f32], grad: &mut Vec<f32>) -> Result<f64> {
        Ok(MeanSquared.forward_backward(results, &feed.y, grad)?)
    }

    fn evaluate(&self, network: &mut Network<f32>, split: Split) -> Result<Evaluation> {
        let (mut x, mut sum) = (Vec::new(), 0.0);
        let rows: Vec<usize> = self.data.range(split).collect();
        for rows in rows.chunks(CHUNK) {
            x.clear();
            rows.iter().for_each(|&row| self.place(row, &mut x));
            let y: Vec<f32> = rows.iter().map(|&row| self.value(row)).collect();
            sum += MeanSquared.forward(network.forward(&x, rows.len(), Mode::Eval)?, &y)? * rows.len() as f64;
        }
        let loss = sum / rows.len() as f64;
        Ok(Evaluation { loss, metric: loss.sqrt() })
    }
}

/// What a user u makes of an item v: `u_1 v_1 + ... + u_d v_d + u_0 + v_0`, from two rows of d + 1 features whose last
/// is a bias (Koren, Bell and Volinsky, Computer 42 (2009), 30).
#[derive(Debug)]
struct Affinity;

impl<T: Float> Layer<T> for Affinity {
    fn build(&mut self, input: &Shape, scope: &mut Scope<'_, T>) -> Result<Shape, Error> {
        match input.dims() {
            [2, dim] if *dim > 0 => Ok(Shape::from(1)),
            _ => Err(Error::layer(scope.path(), format!("expected two rows of features, got {input}"))),
        }
    }

    fn forward(&mut self, pass: &Forward<'_, T>, x: &[T], y: &mut [T]) {
        let width = x.len() / pass.batch / 2;
        for (pair, y) in x.chunks_exact(2 * width).zip(y) {
            let (user, item) = pair.split_at(width);
            let bias = user[width - 1] + item[width - 1];
            let both = user.iter().zip(item).take(width - 1);
            *y = both.fold(bias, |sum, (&u, &v)| sum + u * v);
        }
    }

    fn backward(&mut self, pass: &mut Backward<'_, T>, x: &[T], _y: &[T], dy: &[T], dx: Option<&mut [T]>) {
        let Some(dx) = dx else { return };
        let width = x.len() / pass.batch / 2;
        for ((pair, dx), &dy) in x.chunks_exact(2 * width).zip(dx.chunks_exact_mut(2 * width)).zip(dy) {
            for i in 0..width - 1 {
                dx[i] = dy * pair[width + i];
                dx[width + i] = dy * pair[i];
            }
            dx[width - 1] = dy;
            dx[2 * width - 1] = dy;
        }
    }
}

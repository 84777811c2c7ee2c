//! A table of rows: what embeddings share.

use crate::{Error, Float, Forward, Init, Param, Scope, SparseRows, parallel};

/// A table of rows that are looked up by number, and their sparse gradient.
#[derive(Clone, Debug)]
pub(super) struct Lookup {
    rows: usize,
    pub(super) dim: usize,
    pub(super) init: Init,
    weight: Param,
    path: String,
    /// The row of each place of the last input.
    found: Vec<usize>,
    /// Row and place of all that takes part in the gradient, by row, then by place.
    order: Vec<(usize, usize)>,
    /// The rows in `order`, each once.
    touched: Vec<usize>,
}

impl Lookup {
    pub(super) fn new(rows: usize, dim: usize) -> Self {
        Self {
            rows,
            dim,
            init: Init::normal(1.0),
            weight: Param::default(),
            path: String::new(),
            found: Vec::new(),
            order: Vec::new(),
            touched: Vec::new(),
        }
    }

    pub(super) fn build<T: Float>(&mut self, scope: &mut Scope<'_, T>) -> Result<(), Error> {
        let Self { rows, dim, .. } = *self;
        if rows == 0 || dim == 0 {
            let problem =
                format!("an embedding needs at least one row and one value in it, got {rows} x {dim}");
            return Err(Error::layer(scope.path(), problem));
        }
        self.path = scope.path().into();
        self.weight = scope.param("weight", [rows, dim], self.init, (rows, dim))?;
        Ok(())
    }

    /// Finds the rows of the places of an input; one that is none is refused, and is row 0 from then on.
    pub(super) fn find<T: Float>(&mut self, pass: &Forward<'_, T>, ids: impl Iterator<Item = T>) {
        self.found.clear();
        for (place, id) in ids.enumerate() {
            let row = id.to_f64() as usize;
            let known = row < self.rows && row as f64 == id.to_f64();
            if !known {
                let last = self.rows - 1;
                let problem =
                    format!("value {place} of the batch must be the number of a row, 0 to {last}, got {id}");
                pass.refuse(Error::layer(&self.path, problem));
            }
            self.found.push(if known { row } else { 0 });
        }
    }

    /// The row at this place of the last input.
    pub(super) fn row<'a, T>(&self, values: &'a [T], place: usize) -> &'a [T] {
        &self.weight.of(values)[self.found[place] * self.dim..][..self.dim]
    }

    /// Adds to the gradients of the rows, where `add(place, row)` adds what comes from that place of the last input.
    /// Places that `counts` leaves out have no part in it.
    pub(super) fn scatter<T: Float>(
        &mut self,
        grads: &mut [T],
        counts: impl Fn(usize) -> bool,
        add: impl Fn(usize, &mut [T]) + Sync,
    ) {
        let places = self.found.iter().enumerate().filter(|&(place, _)| counts(place));
        self.order.clear();
        self.order.extend(places.map(|(place, &row)| (row, place)));
        self.order.sort_unstable();
        self.touched.clear();
        self.touched.extend(self.order.iter().map(|&(row, _)| row));
        self.touched.dedup();
        scatter(&self.order, 0, self.dim, self.weight.of_mut(grads), &add);
    }

    pub(super) fn touched(&self) -> SparseRows<'_> {
        SparseRows { range: self.weight.range(), width: self.dim, rows: &self.touched }
    }
}

/// Halves the work between two rows; each row gets its parts in the order of their places, whoever adds them.
fn scatter<T: Float>(
    order: &[(usize, usize)],
    first: usize,
    dim: usize,
    grads: &mut [T],
    add: &(impl Fn(usize, &mut [T]) + Sync),
) {
    if order.len() * dim > parallel::CHUNK {
        let middle = order[order.len() / 2].0;
        let cut = match order.partition_point(|&(row, _)| row < middle) {
            0 => order.partition_point(|&(row, _)| row <= middle),
            cut => cut,
        };
        if cut < order.len() {
            let row = order[cut].0;
            let (low, high) = grads.split_at_mut((row - first) * dim);
            let (left, right) = order.split_at(cut);
            parallel::join(|| scatter(left, first, dim, low, add), || scatter(right, row, dim, high, add));
            return;
        }
    }
    for &(row, place) in order {
        add(place, &mut grads[(row - first) * dim..][..dim]);
    }
}

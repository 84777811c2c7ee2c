//! Long short-term memory.

use rayon::prelude::*;

use crate::layers::linear::add_column_sums;
use crate::packed::Packed;
use crate::{
    Backward, Error, Float, Forward, Init, Layer, Mat, MatMut, Param, Scope, Shape, matmul, parallel,
};

/// A recurrent layer over `[time, in]`, which gives its state at every step, `[time, hidden]` (Hochreiter and
/// Schmidhuber, 1997; with the forget gate of Gers et al., 2000). It starts from zeros.
///
/// ```text
/// i, f, o = sigmoid(W x + b + U h + c)     g = tanh(W x + b + U h + c), each with parameters of its own
/// cell = f cell + i g                      h = o tanh(cell)
/// ```
/// Parameters as PyTorch's `nn.LSTM` names and orders them, gates i, f, g, o: `weight_ih_l0` `[4 hidden, in]`,
/// `weight_hh_l0` `[4 hidden, hidden]`, `bias_ih_l0` and `bias_hh_l0` `[4 hidden]`; all start uniform within
/// 1 / sqrt(hidden). A second direction has the same with `_reverse` at the end.
#[derive(Clone, Debug)]
pub struct Lstm<T> {
    inputs: usize,
    time: usize,
    hidden: usize,
    directions: Vec<Direction<T>>,
}

/// One way through time: parameters, and what `backward` needs of the last `forward`.
#[derive(Clone, Debug, Default)]
struct Direction<T> {
    reverse: bool,
    weight_x: Param,
    weight_h: Param,
    bias_x: Param,
    bias_h: Param,
    /// Both biases.
    bias: Vec<T>,
    /// The recurrent weight: transposed in `forward`, as it is in `backward`.
    recurrent: Packed<T>,
    /// i, f, g and o after their activations: `[batch, time, 4 hidden]`.
    gates: Vec<T>,
    /// The gradient before them.
    d_gates: Vec<T>,
    /// The state that each time starts from: `[batch, time, hidden]`.
    before: Vec<T>,
    /// The cell before each step and after the last: `[batch, 1 + time, hidden]`.
    cells: Vec<T>,
    /// The gradients by state and cell in a step: `[batch, 2, hidden]`.
    carried: Vec<T>,
    sums: Vec<T>,
    partial: Vec<T>,
}

/// Examples that go through time together, on one thread.
const GROUP: usize = 16;

impl<T: Float> Lstm<T> {
    /// A layer with so many hidden units, from the first step to the last.
    pub fn new(hidden: usize) -> Self {
        Self { inputs: 0, time: 0, hidden, directions: vec![Direction::default()] }
    }

    /// With a second direction, from the last step to the first: the result is `[time, 2 hidden]`, the second after the
    /// first.
    pub fn bidirectional(mut self) -> Self {
        self.directions = vec![Direction::default(), Direction { reverse: true, ..Direction::default() }];
        self
    }
}

impl<T: Float> Layer<T> for Lstm<T> {
    fn build(&mut self, input: &Shape, scope: &mut Scope<'_, T>) -> Result<Shape, Error> {
        let &[time, inputs] = input.dims() else {
            let problem = format!("an LSTM needs examples of shape [time, features], got {input}");
            return Err(Error::layer(scope.path(), problem));
        };
        if self.hidden == 0 {
            return Err(Error::layer(scope.path(), "an LSTM needs at least one hidden unit, got 0"));
        }
        (self.time, self.inputs) = (time, inputs);
        let (hidden, init) = (self.hidden, Init::torch_linear());
        for direction in &mut self.directions {
            let reverse = direction.reverse;
            let name = |name: &str| format!("{name}_l0{}", if reverse { "_reverse" } else { "" });
            let fan = (hidden, 4 * hidden);
            *direction = Direction {
                reverse,
                weight_x: scope.param(&name("weight_ih"), [4 * hidden, inputs], init, fan)?,
                weight_h: scope.param(&name("weight_hh"), [4 * hidden, hidden], init, fan)?,
                bias_x: scope.param(&name("bias_ih"), 4 * hidden, init, fan)?,
                bias_h: scope.param(&name("bias_hh"), 4 * hidden, init, fan)?,
                ..Direction::default()
            };
        }
        Ok(Shape::from([time, hidden * self.directions.len()]))
    }

    fn forward(&mut self, pass: &Forward<'_, T>, x: &[T], y: &mut [T]) {
        let x = Mat::new(x, pass.batch * self.time, self.inputs);
        let width = self.hidden * self.directions.len();
        let sizes = Sizes { time: self.time, hidden: self.hidden, width };
        for (i, direction) in self.directions.iter_mut().enumerate() {
            direction.forward(sizes, pass, x, i * self.hidden, y);
        }
    }

    fn backward(
        &mut self,
        pass: &mut Backward<'_, T>,
        x: &[T],
        _y: &[T],
        dy: &[T],
        mut dx: Option<&mut [T]>,
    ) {
        let x = Mat::new(x, pass.batch * self.time, self.inputs);
        let width = self.hidden * self.directions.len();
        let sizes = Sizes { time: self.time, hidden: self.hidden, width };
        for (i, direction) in self.directions.iter_mut().enumerate() {
            direction.backward(sizes, pass, x, i * self.hidden, dy);
            let d_gates = Mat::new(&direction.d_gates, pass.batch * self.time, 4 * self.hidden);
            if let Some(dx) = dx.as_deref_mut() {
                let weight = Mat::new(direction.weight_x.of(pass.values), 4 * self.hidden, self.inputs);
                matmul(dx, i > 0, d_gates, weight, |_, _| {});
            }
        }
    }
}

#[derive(Clone, Copy)]
struct Sizes {
    time: usize,
    hidden: usize,
    /// Values in a row of the result, of all directions.
    width: usize,
}

impl<T: Float> Direction<T> {
    fn forward(&mut self, sizes: Sizes, pass: &Forward<'_, T>, x: Mat<'_, T>, offset: usize, y: &mut [T]) {
        let Sizes { time, hidden, width } = sizes;
        let (rows, gates) = (pass.batch * time, 4 * hidden);
        self.bias.clear();
        self.bias.extend_from_slice(self.bias_x.of(pass.values));
        parallel::add(self.bias_h.of(pass.values), &mut self.bias);
        self.gates.resize(rows * gates, T::ZERO);
        self.before.resize(rows * hidden, T::ZERO);
        self.cells.resize(pass.batch * (1 + time) * hidden, T::ZERO);
        let weight = Mat::new(self.weight_x.of(pass.values), gates, x.cols());
        matmul(&mut self.gates, false, x, weight.transposed(), |start, row| {
            parallel::add(&self.bias[start..][..row.len()], row);
        });
        self.recurrent.pack(self.weight_h.of(pass.values), hidden, gates, true);
        let recurrent = &self.recurrent;
        let reverse = self.reverse;
        let groups = self.gates.par_chunks_mut(GROUP * time * gates);
        groups
            .zip(self.before.par_chunks_mut(GROUP * time * hidden))
            .zip(self.cells.par_chunks_mut(GROUP * (1 + time) * hidden))
            .zip(y.par_chunks_mut(GROUP * time * width))
            .for_each(|(((gates, before), cells), y)| {
                let group = Group { sizes, reverse, offset };
                group.forward(recurrent, gates, before, cells, y);
            });
    }

    fn backward(&mut self, sizes: Sizes, pass: &mut Backward<'_, T>, x: Mat<'_, T>, offset: usize, dy: &[T]) {
        let Sizes { time, hidden, width } = sizes;
        let (rows, gates) = (pass.batch * time, 4 * hidden);
        self.d_gates.resize(rows * gates, T::ZERO);
        self.carried.resize(pass.batch * 2 * hidden, T::ZERO);
        self.recurrent.pack(self.weight_h.of(pass.values), gates, hidden, false);
        let recurrent = &self.recurrent;
        let reverse = self.reverse;
        let groups = self.d_gates.par_chunks_mut(GROUP * time * gates);
        groups
            .zip(self.carried.par_chunks_mut(GROUP * 2 * hidden))
            .zip(self.gates.par_chunks(GROUP * time * gates))
            .zip(self.cells.par_chunks(GROUP * (1 + time) * hidden))
            .zip(dy.par_chunks(GROUP * time * width))
            .for_each(|((((d_gates, carried), gates), cells), dy)| {
                let group = Group { sizes, reverse, offset };
                group.backward(recurrent, gates, cells, dy, carried, d_gates);
            });
        self.sums.clear();
        self.sums.resize(gates, T::ZERO);
        add_column_sums(&self.d_gates, &mut self.sums, &mut self.partial);
        parallel::add(&self.sums, self.bias_x.of_mut(pass.grads));
        parallel::add(&self.sums, self.bias_h.of_mut(pass.grads));
        let (d_gates, before) = (Mat::new(&self.d_gates, rows, gates), Mat::new(&self.before, rows, hidden));
        matmul(self.weight_x.of_mut(pass.grads), true, d_gates.transposed(), x, |_, _| {});
        matmul(self.weight_h.of_mut(pass.grads), true, d_gates.transposed(), before, |_, _| {});
    }
}

/// Some examples on their way through time.
struct Group {
    sizes: Sizes,
    reverse: bool,
    offset: usize,
}

impl Group {
    /// The place in time of a step.
    fn at(&self, step: usize) -> usize {
        if self.reverse { self.sizes.time - 1 - step } else { step }
    }

    fn forward<T: Float>(
        &self,
        recurrent: &Packed<T>,
        gates: &mut [T],
        before: &mut [T],
        cells: &mut [T],
        y: &mut [T],
    ) {
        let Sizes { time, hidden, width } = self.sizes;
        let examples = before.len() / (time * hidden);
        for step in 0..time {
            let at = self.at(step);
            if step > 0 {
                let state = Mat::strided(&before[at * hidden..], examples, hidden, time * hidden);
                let gates =
                    MatMut::strided(&mut gates[at * 4 * hidden..], examples, 4 * hidden, time * 4 * hidden);
                recurrent.product(gates, true, state);
            }
            for example in 0..examples {
                let row = example * time + at;
                let cells = &mut cells[(example * (1 + time) + step) * hidden..][..2 * hidden];
                if step == 0 {
                    before[row * hidden..][..hidden].fill(T::ZERO);
                    cells[..hidden].fill(T::ZERO);
                }
                let y = &mut y[row * width + self.offset..][..hidden];
                advance(&mut gates[row * 4 * hidden..][..4 * hidden], cells, y);
                if step + 1 < time {
                    let next = example * time + self.at(step + 1);
                    before[next * hidden..][..hidden].copy_from_slice(y);
                }
            }
        }
    }

    fn backward<T: Float>(
        &self,
        recurrent: &Packed<T>,
        gates: &[T],
        cells: &[T],
        dy: &[T],
        carried: &mut [T],
        d_gates: &mut [T],
    ) {
        let Sizes { time, hidden, width } = self.sizes;
        let examples = carried.len() / (2 * hidden);
        carried.fill(T::ZERO);
        for step in (0..time).rev() {
            let at = self.at(step);
            for example in 0..examples {
                let row = example * time + at;
                retreat(
                    &gates[row * 4 * hidden..][..4 * hidden],
                    &cells[(example * (1 + time) + step) * hidden..][..2 * hidden],
                    &dy[row * width + self.offset..][..hidden],
                    &mut carried[example * 2 * hidden..][..2 * hidden],
                    &mut d_gates[row * 4 * hidden..][..4 * hidden],
                );
            }
            if step > 0 {
                let d_gates =
                    Mat::strided(&d_gates[at * 4 * hidden..], examples, 4 * hidden, time * 4 * hidden);
                recurrent.product(MatMut::strided(carried, examples, hidden, 2 * hidden), false, d_gates);
            }
        }
    }
}

ravine::simd! {
    /// One step of one example: the gates take their activations, the cell goes from the first half of `cells` to the second.
    fn advance<T: Float>(gates: &mut [T], cells: &mut [T], y: &mut [T]) {
        let hidden = y.len();
        let (i, rest) = gates.split_at_mut(hidden);
        let (f, rest) = rest.split_at_mut(hidden);
        let (g, o) = rest.split_at_mut(hidden);
        let (old, new) = cells.split_at_mut(hidden);
        let (o, old, new) = (&mut o[..hidden], &old[..hidden], &mut new[..hidden]);
        for j in 0..hidden {
            i[j] = i[j].sigmoid();
            f[j] = f[j].sigmoid();
            g[j] = g[j].tanh();
            o[j] = o[j].sigmoid();
            new[j] = f[j] * old[j] + i[j] * g[j];
            y[j] = o[j] * new[j].tanh();
        }
    }

    /// The step back: `carried` holds the gradients by the state and by the cell after the step, and then that by the
    /// cell before it.
    fn retreat<T: Float>(gates: &[T], cells: &[T], dy: &[T], carried: &mut [T], d_gates: &mut [T]) {
        let hidden = dy.len();
        let (i, f) = (&gates[..hidden], &gates[hidden..][..hidden]);
        let (g, o) = (&gates[2 * hidden..][..hidden], &gates[3 * hidden..][..hidden]);
        let (old, new) = (&cells[..hidden], &cells[hidden..][..hidden]);
        let (dh, dc) = carried.split_at_mut(hidden);
        let (dh, dc) = (&dh[..hidden], &mut dc[..hidden]);
        let (di, rest) = d_gates.split_at_mut(hidden);
        let (df, rest) = rest.split_at_mut(hidden);
        let (dg, d_o) = rest.split_at_mut(hidden);
        let (di, df, dg, d_o) = (&mut di[..hidden], &mut df[..hidden], &mut dg[..hidden], &mut d_o[..hidden]);
        for j in 0..hidden {
            let (dh, t) = (dh[j] + dy[j], new[j].tanh());
            let d = dc[j] + dh * o[j] * (T::ONE - t * t);
            di[j] = d * g[j] * i[j] * (T::ONE - i[j]);
            df[j] = d * old[j] * f[j] * (T::ONE - f[j]);
            dg[j] = d * i[j] * (T::ONE - g[j] * g[j]);
            d_o[j] = dh * t * o[j] * (T::ONE - o[j]);
            dc[j] = d * f[j];
        }
    }
}

//! Causal self-attention.

use rayon::prelude::*;

use crate::{
    Backward, Error, Float, Forward, Init, Layer, Linear, Mat, MatMut, Scope, Shape, lanes, matmul_serial,
};

/// Multi-head self-attention in which each place of `[time, features]` sees itself and what came before it: per head
/// `softmax(q k^T / sqrt(d)) v`, with d = features / heads (Vaswani et al., 2017).
///
/// Two linear layers hold the parameters: `qkv.weight` `[3 features, features]` and `qkv.bias`, whose results are
/// queries, keys and values in this order, each head after head; `out.weight` `[features, features]` and `out.bias`.
#[derive(Clone, Debug)]
pub struct CausalSelfAttention<T> {
    heads: usize,
    time: usize,
    features: usize,
    /// How the two weights start; biases start at zero then.
    inits: Option<[Init; 2]>,
    qkv: Linear<T>,
    out: Linear<T>,
    /// `[batch, time, 3, heads, d]`.
    projected: Vec<T>,
    /// `[batch, heads, time, time]`; what lies above the diagonal blocks is never read.
    shares: Vec<T>,
    /// `[batch, time, heads, d]`.
    mixed: Vec<T>,
    d_projected: Vec<T>,
    d_mixed: Vec<T>,
    /// `[batch, BLOCK, time]`.
    d_shares: Vec<T>,
}

/// Queries taken together: what lies wholly in their future is not computed.
const BLOCK: usize = 32;

impl<T: Float> CausalSelfAttention<T> {
    /// A layer with so many heads; the features must divide by them.
    pub fn new(heads: usize) -> Self {
        let none = Vec::new;
        Self {
            heads,
            time: 0,
            features: 0,
            inits: None,
            qkv: Linear::new(0),
            out: Linear::new(0),
            projected: none(),
            shares: none(),
            mixed: none(),
            d_projected: none(),
            d_mixed: none(),
            d_shares: none(),
        }
    }

    /// How the weights start, in place of PyTorch's default for linear layers; the biases at zero.
    pub fn init(self, qkv: Init, out: Init) -> Self {
        Self { inits: Some([qkv, out]), ..self }
    }

    /// The sizes of a head.
    fn head(&self) -> Head {
        let d = self.features / self.heads;
        Head { time: self.time, d, features: self.features }
    }
}

impl<T: Float> Layer<T> for CausalSelfAttention<T> {
    fn build(&mut self, input: &Shape, scope: &mut Scope<'_, T>) -> Result<Shape, Error> {
        let heads = self.heads;
        let &[time, features] = input.dims() else {
            let problem = format!("attention needs examples of shape [time, features], got {input}");
            return Err(Error::layer(scope.path(), problem));
        };
        if heads == 0 || !features.is_multiple_of(heads) {
            let problem = format!("{features} features cannot be split into {heads} heads");
            return Err(Error::layer(scope.path(), problem));
        }
        *self = Self { time, features, inits: self.inits, ..Self::new(heads) };
        (self.qkv, self.out) = (Linear::new(3 * features), Linear::new(features));
        if let Some([qkv, out]) = self.inits {
            self.qkv = Linear::new(3 * features).weight_init(qkv).bias_init(Init::zeros());
            self.out = Linear::new(features).weight_init(out).bias_init(Init::zeros());
        }
        self.qkv.build(input, &mut scope.child("qkv"))?;
        self.out.build(input, &mut scope.child("out"))
    }

    fn forward(&mut self, pass: &Forward<'_, T>, x: &[T], y: &mut [T]) {
        let (head, heads) = (self.head(), self.heads);
        self.projected.resize(3 * x.len(), T::ZERO);
        self.mixed.resize(x.len(), T::ZERO);
        self.shares.resize(pass.batch * heads * head.time * head.time, T::ZERO);
        self.qkv.forward(pass, x, &mut self.projected);
        let examples = self.mixed.par_chunks_mut(head.time * head.features);
        examples
            .zip(self.projected.par_chunks(3 * head.time * head.features))
            .zip(self.shares.par_chunks_mut(heads * head.time * head.time))
            .for_each(|((mixed, projected), shares)| {
                for (i, shares) in shares.chunks_exact_mut(head.time * head.time).enumerate() {
                    head.forward(&projected[i * head.d..], shares, &mut mixed[i * head.d..]);
                }
            });
        self.out.forward(pass, &self.mixed, y);
    }

    fn backward(&mut self, pass: &mut Backward<'_, T>, x: &[T], y: &[T], dy: &[T], dx: Option<&mut [T]>) {
        let (head, heads) = (self.head(), self.heads);
        self.d_mixed.resize(x.len(), T::ZERO);
        self.d_projected.resize(3 * x.len(), T::ZERO);
        self.d_shares.resize(pass.batch * BLOCK * head.time, T::ZERO);
        self.out.backward(pass, &self.mixed, y, dy, Some(&mut self.d_mixed));
        let examples = self.d_projected.par_chunks_mut(3 * head.time * head.features);
        examples
            .zip(self.d_shares.par_chunks_mut(BLOCK * head.time))
            .zip(self.projected.par_chunks(3 * head.time * head.features))
            .zip(self.shares.par_chunks(heads * head.time * head.time))
            .zip(self.d_mixed.par_chunks(head.time * head.features))
            .for_each(|((((d_projected, scratch), projected), shares), d_mixed)| {
                for (i, shares) in shares.chunks_exact(head.time * head.time).enumerate() {
                    let at = i * head.d;
                    head.backward(&projected[at..], shares, &d_mixed[at..], scratch, &mut d_projected[at..]);
                }
            });
        self.qkv.backward(pass, x, &self.projected, &self.d_projected, dx);
    }
}

/// One head of one example: matrices of `time` rows and `d` columns, read where they lie among the others.
#[derive(Clone, Copy)]
struct Head {
    time: usize,
    d: usize,
    features: usize,
}

impl Head {
    /// Rows `from..to` of the queries (0), keys (1) or values (2).
    fn part<'a, T>(&self, projected: &'a [T], which: usize, from: usize, to: usize) -> Mat<'a, T> {
        let stride = 3 * self.features;
        Mat::strided(&projected[from * stride + which * self.features..], to - from, self.d, stride)
    }

    fn part_mut<'a, T>(&self, projected: &'a mut [T], which: usize, from: usize, to: usize) -> MatMut<'a, T> {
        let stride = 3 * self.features;
        MatMut::strided(&mut projected[from * stride + which * self.features..], to - from, self.d, stride)
    }

    /// The first and last (exclusive) query of each block.
    fn blocks(&self) -> impl DoubleEndedIterator<Item = (usize, usize)> {
        let time = self.time;
        (0..time.div_ceil(BLOCK)).map(move |i| (i * BLOCK, time.min((i + 1) * BLOCK)))
    }

    fn scale<T: Float>(&self) -> T {
        T::from_f64(1.0 / (self.d as f64).sqrt())
    }

    fn forward<T: Float>(&self, projected: &[T], shares: &mut [T], mixed: &mut [T]) {
        let Self { time, d, features } = *self;
        for (from, to) in self.blocks() {
            let shares = &mut shares[from * time..to * time];
            let (q, k) = (self.part(projected, 0, from, to), self.part(projected, 1, 0, to));
            matmul_serial(MatMut::strided(shares, to - from, to, time), false, q, k.transposed());
            softmax(shares, from, time, self.scale());
            let mixed = MatMut::strided(&mut mixed[from * features..], to - from, d, features);
            let shares = Mat::strided(shares, to - from, to, time);
            matmul_serial(mixed, false, shares, self.part(projected, 2, 0, to));
        }
    }

    /// From the last block, which reaches all keys and values, to the first.
    fn backward<T: Float>(
        &self,
        projected: &[T],
        shares: &[T],
        d_mixed: &[T],
        scratch: &mut [T],
        d_projected: &mut [T],
    ) {
        let Self { time, d, features } = *self;
        for (from, to) in self.blocks().rev() {
            let add = to < time;
            let (rows, shares) = (to - from, &shares[from * time..to * time]);
            let d_shares = &mut scratch[..rows * time];
            let d_mixed = Mat::strided(&d_mixed[from * features..], rows, d, features);
            let turned = Mat::strided(shares, rows, to, time).transposed();
            matmul_serial(self.part_mut(d_projected, 2, 0, to), add, turned, d_mixed);
            let v = self.part(projected, 2, 0, to);
            matmul_serial(MatMut::strided(d_shares, rows, to, time), false, d_mixed, v.transposed());
            softmax_backward(shares, d_shares, from, time, self.scale());
            let d_shares = Mat::strided(d_shares, rows, to, time);
            let (q, k) = (self.part(projected, 0, from, to), self.part(projected, 1, 0, to));
            matmul_serial(self.part_mut(d_projected, 0, from, to), false, d_shares, k);
            matmul_serial(self.part_mut(d_projected, 1, 0, to), add, d_shares.transposed(), q);
        }
    }
}

ravine::simd! {
    /// Softmax of `scale` times each row up to its own place, which is `from` for the first; the rest of a block is 0.
    fn softmax<T: Float>(scores: &mut [T], from: usize, time: usize, scale: T) {
        let reach = from + scores.len() / time;
        for (i, row) in scores.chunks_exact_mut(time).enumerate() {
            let past = from + i + 1;
            let top = lanes::largest(&row[..past]);
            // Whole vectors, though what is still to come is dropped.
            let row = &mut row[..reach];
            let whole = past.next_multiple_of(lanes::LANES).min(reach);
            lanes::each(&mut row[..whole], |score| Float::exp((score - top) * scale));
            row[past..].fill(T::ZERO);
            let share = T::ONE / lanes::sum(whole, |i| row[i]);
            lanes::each(&mut row[..whole], |p| p * share);
        }
    }

    /// The gradient by the scores before the scale, in place of that by the shares `p`.
    fn softmax_backward<T: Float>(p: &[T], dp: &mut [T], from: usize, time: usize, scale: T) {
        let reach = from + dp.len() / time;
        for (i, (p, dp)) in p.chunks_exact(time).zip(dp.chunks_exact_mut(time)).enumerate() {
            let (past, future) = dp[..reach].split_at_mut(from + i + 1);
            let p = &p[..past.len()];
            let mean = lanes::sum(p.len(), |i| p[i] * past[i]);
            for (dp, &p) in past.iter_mut().zip(p) {
                *dp = p * (*dp - mean) * scale;
            }
            future.fill(T::ZERO);
        }
    }
}

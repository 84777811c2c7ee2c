//! Steps over memory that somebody else owns: parameters, gradients and state of another library, at their addresses.

use crate::element::{Element, Math};
use crate::error::Result;
use crate::group::{buffers, dry_run};
use crate::job::{Job, Scratch};
use crate::params::ParamSpec;
use crate::pass::Pass;
use crate::plan::{Piece, Plan};
use crate::random::Random;
use crate::rule::{At, Decay, Rule, Slot};
use crate::simd::Level;
use crate::spot::{After, Before, Table};
use crate::state::{Format, Lane, Rounded, Storage};
use crate::sums::{self, LANES};
use crate::threads::Threads;
use half::{bf16, f16};

/// The type of the numbers at an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dtype {
    /// IEEE double precision.
    F64,
    /// IEEE single precision.
    F32,
    /// bfloat16.
    Bf16,
    /// IEEE half precision.
    F16,
    /// 8 bits in blocks of 256, see [`Storage::Int8`]: the codes of a tensor, bytes up to a multiple of 4, the scales
    /// as f32.
    Int8 {
        /// Whether numbers may be below 0.
        signed: bool,
    },
    /// 4 bits in blocks of 128, see [`Storage::Int4`]: laid out likewise.
    Int4,
}

impl Dtype {
    /// What a slot is kept in where this storage is asked for, and f64 is computed in or f32.
    pub fn of(storage: Storage, slot: &Slot, double: bool) -> Self {
        let format = match double {
            true => storage.format::<f64>(slot.signed, slot.inexact),
            false => storage.format::<f32>(slot.signed, slot.inexact),
        };
        match format {
            Format::F64 => Self::F64,
            Format::F32 => Self::F32,
            Format::Bf16 => Self::Bf16,
            Format::F16 => Self::F16,
            Format::Int8 { signed } => Self::Int8 { signed },
            Format::Int4 => Self::Int4,
        }
    }

    fn format(self) -> Format {
        match self {
            Self::F64 => Format::F64,
            Self::F32 => Format::F32,
            Self::Bf16 => Format::Bf16,
            Self::F16 => Format::F16,
            Self::Int8 { signed } => Format::Int8 { signed },
            Self::Int4 => Format::Int4,
        }
    }

    /// Bytes before the scales of `len` numbers.
    fn codes(self, len: usize) -> usize {
        self.format().bytes(len).next_multiple_of(size_of::<f32>())
    }

    /// Bytes of `len` numbers.
    pub fn bytes(self, len: usize) -> usize {
        match self.format().scales(len) {
            0 => self.format().bytes(len),
            scales => self.codes(len) + scales * size_of::<f32>(),
        }
    }

    /// The byte that fresh state of zeros is full of, scales and all: its codes stand for 0 at any finite scale, and
    /// it makes one.
    pub fn zero(self) -> u8 {
        self.format().zero()
    }

    fn lane(self, address: *mut u8, len: usize) -> Lane {
        Lane { codes: address, scales: address.wrapping_add(self.codes(len)).cast() }
    }
}

/// The sum of the squares of all numbers of some tensors, in f64: types, addresses and lengths. Its bits depend
/// neither on threads nor on how the numbers are cut into tensors. Numbers in blocks do not count.
///
/// # Safety
/// Each address is that of as many numbers of the type, and nobody writes to them during the call.
pub unsafe fn sum_of_squares(tensors: &[(Dtype, *const u8, usize)], threads: &dyn Threads) -> f64 {
    let plan = Plan::flat(tensors.iter().map(|(_, _, len)| *len));
    let tensors = Readable(tensors);
    sums::over_pieces(&plan, &mut Vec::new(), threads, |piece, lanes| {
        // SAFETY: as promised by the caller, of all of the tensor's places.
        unsafe { tensors.add_squares(piece, lanes) };
    })
}

struct Readable<'a>(&'a [(Dtype, *const u8, usize)]);
// SAFETY: what is there is only read, as `sum_of_squares` was promised.
unsafe impl Sync for Readable<'_> {}

impl Readable<'_> {
    /// # Safety
    /// The piece's tensor lies at its address in the type that it is said to have.
    unsafe fn add_squares(&self, piece: &Piece, lanes: &mut [f64; LANES]) {
        let (dtype, address, _) = self.0[piece.member];
        // SAFETY: as promised by the caller.
        unsafe {
            match dtype {
                Dtype::F64 => add_squares::<f64>(lanes, piece, address),
                Dtype::F32 => add_squares::<f32>(lanes, piece, address),
                Dtype::Bf16 => add_squares::<bf16>(lanes, piece, address),
                Dtype::F16 => add_squares::<f16>(lanes, piece, address),
                Dtype::Int8 { .. } | Dtype::Int4 => {}
            }
        }
    }
}

/// # Safety
/// The address is that of a tensor of this type that has this piece.
unsafe fn add_squares<T: Element>(lanes: &mut [f64; LANES], piece: &Piece, address: *const u8) {
    // SAFETY: as promised by the caller.
    let values = unsafe { std::slice::from_raw_parts(address.cast::<T>().add(piece.start), piece.len) };
    sums::add_squares(lanes, piece.flat, values, Level::widest());
}

/// What one step does around the rule.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ForeignStep {
    /// What the rule is told.
    pub at: At,
    /// Factor on the gradient: -1 to step up, the inverse of a loss scale, a clipping factor.
    pub scale: f64,
    /// Gradients are limited to this magnitude; infinity for no limit.
    pub clip_value: f64,
    /// See [`Builder::cautious`](crate::Builder::cautious).
    pub cautious: bool,
    /// How far an average of the weights moves, kept in one more column of the table, in the type that is computed in.
    pub average: Option<f64>,
    /// Whether gradients are set to 0.
    pub zero_grad: bool,
    /// The seed of noise.
    pub seed: u64,
}

impl ForeignStep {
    /// A plain step.
    pub fn new(at: At) -> Self {
        Self {
            at,
            scale: 1.0,
            clip_value: f64::INFINITY,
            cautious: false,
            average: None,
            zero_grad: false,
            seed: 0,
        }
    }
}

/// Steps tensors of given shapes whose memory belongs to somebody else, such as another language: bindings keep one for
/// each set of tensors that are stepped together, and hand it all addresses at each step. Rust programs want
/// [`Optimizer`](crate::Optimizer), which is safe.
///
/// `R` is the type that is computed in: f64 for [`Dtype::F64`], else f32. The results have the bits that
/// [`Optimizer`](crate::Optimizer) gives.
pub struct Foreign<R: Math> {
    params: Vec<ParamSpec>,
    lens: Vec<usize>,
    starts: Vec<usize>,
    flat: Plan,
    by_tensor: Plan,
    /// The rule's buffers of each tensor: see [`Rule::buffers`].
    pub buffers: Vec<Vec<Vec<R>>>,
    /// The rule's numbers for all tensors: see [`Rule::memory`].
    pub memory: Vec<f64>,
    /// The rule's numbers for each tensor, one tensor's after the other's: see [`Rule::tensor_memory`].
    pub tensor_memory: Vec<f64>,
    scratch: Scratch<R>,
    lanes: Vec<Lane>,
    columns: Vec<Format>,
    dry: Vec<f64>,
}

impl<R: Math> Foreign<R> {
    /// For tensors of these shapes, with what the rule keeps beside its slots at its start.
    pub fn new(rule: &dyn Rule, shapes: Vec<Vec<usize>>) -> Self {
        let params: Vec<ParamSpec> =
            shapes.into_iter().enumerate().map(|(i, shape)| ParamSpec::new(i.to_string(), shape)).collect();
        let lens: Vec<usize> = params.iter().map(ParamSpec::len).collect();
        let starts = lens.iter().scan(0, |end, len| {
            *end += len;
            Some(*end - len)
        });
        Self {
            starts: starts.collect(),
            flat: Plan::flat(lens.iter().copied()),
            by_tensor: Plan::by_tensor(lens.iter().copied()),
            buffers: params.iter().map(|param| buffers(rule, &param.shape)).collect(),
            memory: rule.memory().iter().map(|(_, init)| *init).collect(),
            tensor_memory: std::iter::repeat_n(rule.tensor_memory(), params.len())
                .flatten()
                .map(|(_, init)| init)
                .collect(),
            lens,
            params,
            scratch: Scratch::default(),
            lanes: Vec::new(),
            columns: Vec::new(),
            dry: Vec::new(),
        }
    }

    /// Makes one step. `columns` are the types of the values, the gradients, and each slot of the rule, in order, and
    /// of the average if there is one; `table` holds their addresses, tensor by tensor, each as many as there are
    /// columns. `threads` do the work, but for what is done to a tensor as a whole, which the present pool does.
    ///
    /// # Errors
    /// Those of the rule. Then nothing has changed.
    ///
    /// # Panics
    /// If the number of columns or addresses does not fit the rule and the tensors.
    ///
    /// # Safety
    /// Each address is that of as many numbers of the column's type, in row-major order, as the tensor's shape says
    /// ([`Dtype::bytes`]), and is a multiple of the size of one. None of them overlaps another or is used by anybody
    /// else during the call.
    pub unsafe fn step(
        &mut self,
        rule: &dyn Rule,
        step: &ForeignStep,
        columns: &[Dtype],
        table: &[*mut u8],
        threads: &dyn Threads,
    ) -> Result<()> {
        let slots = rule.slots().len();
        if self.params.is_empty() {
            return Ok(());
        }
        self.dry.clone_from(&self.memory);
        dry_run(rule, step.at, slots, &mut self.dry)?;
        let (l2, keep) = match rule.decay() {
            Decay::L2(lambda) => (lambda, 1.0),
            Decay::Decoupled(lambda) => (0.0, 1.0 - step.at.lr * lambda),
        };
        let sd = rule.noise(step.at);
        let noise = (sd > 0.0).then(|| (sd, Random::new(step.seed).stream(0).stream(step.at.step)));
        let before = Before { scale: step.scale, clip: step.clip_value, noise, l2, keep };
        // SAFETY: as promised by the caller.
        let mut pass = unsafe { self.pass(rule.name(), slots, before, step, columns, table, threads) };
        rule.step(step.at, &mut pass)
    }

    /// Shows the rule an estimate of curvature, which lies in the column of the gradients and is multiplied by `scale`:
    /// see [`Optimizer::observe_curvature`](crate::Optimizer::observe_curvature). False if it takes none. Columns and
    /// table are as for [`step`](Self::step), without an average; nothing but the slots changes.
    ///
    /// # Errors
    /// Those of the rule.
    ///
    /// # Panics
    /// As [`step`](Self::step).
    ///
    /// # Safety
    /// As [`step`](Self::step).
    pub unsafe fn observe(
        &mut self,
        rule: &dyn Rule,
        at: At,
        scale: f64,
        columns: &[Dtype],
        table: &[*mut u8],
        threads: &dyn Threads,
    ) -> Result<bool> {
        if self.params.is_empty() {
            return Ok(false);
        }
        let before = Before { scale, clip: f64::INFINITY, noise: None, l2: 0.0, keep: 1.0 };
        let step = ForeignStep::new(at);
        // SAFETY: as promised by the caller.
        let mut pass =
            unsafe { self.pass(rule.name(), rule.slots().len(), before, &step, columns, table, threads) };
        rule.observe(at, &mut pass)
    }

    /// What a rule goes over these tensors with.
    ///
    /// # Safety
    /// As [`step`](Self::step), for as long as the pass is there.
    #[allow(clippy::too_many_arguments)]
    unsafe fn pass<'a>(
        &'a mut self,
        rule: &'static str,
        slots: usize,
        before: Before,
        step: &ForeignStep,
        columns: &[Dtype],
        table: &[*mut u8],
        threads: &'a dyn Threads,
    ) -> Pass<'a> {
        let extra = usize::from(step.average.is_some());
        assert_eq!(columns.len(), 2 + slots + extra, "columns of the table");
        assert_eq!(table.len(), columns.len() * self.params.len(), "addresses in the table");
        self.columns.clear();
        self.columns.extend(columns.iter().map(|dtype| dtype.format()));
        self.lanes.clear();
        for (row, &len) in table.chunks_exact(columns.len()).zip(&self.lens) {
            self.lanes.extend(row.iter().zip(columns).map(|(&address, dtype)| dtype.lane(address, len)));
        }
        let in_blocks = self.columns.iter().any(|format| format.in_blocks());
        let job = Job {
            plan: if in_blocks { &self.by_tensor } else { &self.flat },
            by_tensor: &self.by_tensor,
            table: Table { lanes: &self.lanes, columns: &self.columns, lens: &self.lens, slots },
            params: &self.params,
            starts: &self.starts,
            before,
            after: After {
                cautious: step.cautious,
                slow: None,
                average: step.average.map(|weight| (2 + slots, weight)),
                residual: None,
                rounded: Rounded::Nearest,
                zero: step.zero_grad,
            },
            level: Level::widest(),
            threads,
            memory: &mut self.memory,
            tensor_memory: &mut self.tensor_memory,
            buffers: &mut self.buffers,
            scratch: &mut self.scratch,
        };
        Pass::new(rule, job)
    }
}

//! Steps over memory that somebody else owns: parameters, gradients and state of another library, at their addresses.

use crate::element::Math;
use crate::error::Result;
use crate::group::{buffers, dry_run};
use crate::job::{Job, Scratch};
use crate::params::ParamSpec;
use crate::pass::Pass;
use crate::plan::Plan;
use crate::random::Random;
use crate::rule::{At, Decay, Rule};
use crate::simd::Level;
use crate::spot::{After, Before, Table};
use crate::state::{Format, Lane, Rounded};

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
}

impl Dtype {
    fn format(self) -> Format {
        match self {
            Self::F64 => Format::F64,
            Self::F32 => Format::F32,
            Self::Bf16 => Format::Bf16,
            Self::F16 => Format::F16,
        }
    }

    /// Bytes of one number.
    pub fn size(self) -> usize {
        self.format().bytes(1)
    }
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

    /// Makes one step. `columns` are the types of the values, the gradients, and each slot of the rule, in order, and of the
    /// average if there is one; `table` holds their addresses, tensor by tensor, each as many as there are columns.
    ///
    /// # Errors
    /// Those of the rule. Then nothing has changed.
    ///
    /// # Panics
    /// If the number of columns or addresses does not fit the rule and the tensors.
    ///
    /// # Safety
    /// Each address is that of as many numbers of the column's type, in row-major order, as the tensor's shape says. None of
    /// them overlaps another or is used by anybody else during the call.
    pub unsafe fn step(
        &mut self,
        rule: &dyn Rule,
        step: &ForeignStep,
        columns: &[Dtype],
        table: &[*mut u8],
    ) -> Result<()> {
        let slots = rule.slots().len();
        let extra = usize::from(step.average.is_some());
        assert_eq!(columns.len(), 2 + slots + extra, "columns of the table");
        assert_eq!(table.len(), columns.len() * self.params.len(), "addresses in the table");
        if self.params.is_empty() {
            return Ok(());
        }
        self.columns.clear();
        self.columns.extend(columns.iter().map(|dtype| dtype.format()));
        self.lanes.clear();
        self.lanes.extend(table.iter().map(|&address| Lane::new(address)));
        self.dry.clone_from(&self.memory);
        dry_run(rule, step.at, slots, &mut self.dry)?;

        let (l2, keep) = match rule.decay() {
            Decay::L2(lambda) => (lambda, 1.0),
            Decay::Decoupled(lambda) => (0.0, 1.0 - step.at.lr * lambda),
        };
        let sd = rule.noise(step.at);
        let noise = (sd > 0.0).then(|| (sd, Random::new(step.seed).stream(0).stream(step.at.step)));
        let job = Job {
            plan: &self.flat,
            by_tensor: &self.by_tensor,
            table: Table { lanes: &self.lanes, columns: &self.columns, lens: &self.lens, slots },
            params: &self.params,
            starts: &self.starts,
            before: Before { scale: step.scale, clip: step.clip_value, noise, l2, keep },
            after: After {
                cautious: step.cautious,
                slow: None,
                average: step.average.map(|weight| (2 + slots, weight)),
                residual: None,
                rounded: Rounded::Nearest,
                zero: step.zero_grad,
            },
            level: Level::widest(),
            memory: &mut self.memory,
            tensor_memory: &mut self.tensor_memory,
            buffers: &mut self.buffers,
            scratch: &mut self.scratch,
        };
        rule.step(step.at, &mut Pass::new(rule.name(), job))
    }
}

//! What a rule does its step with.

use crate::element::Math;
use crate::error::{Kind, Result};
use crate::job::Job;
use crate::rule::{Reduce, Update};
use crate::whole::{TensorReduce, TensorUpdate};

/// The tensors of one step, handed to a [`Rule`](crate::Rule) to run its update over.
///
/// A step is any number of [`reduce`](Self::reduce)s and [`look_each`](Self::look_each)s, which look at all elements or
/// tensors, and then one update: element by element with [`run`](Self::run) or [`run_each`](Self::run_each), or tensor by tensor with [`each`](Self::each).
pub struct Pass<'a> {
    rule: &'static str,
    job: Typed<'a>,
    runs: usize,
    traffic: Traffic,
}

/// How a rule goes over memory in a step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// How often all elements are read before the update: [`Pass::reduce`] and [`Pass::reduce_each`].
    pub looks: usize,
    /// Whether tensors are gathered as a whole for it: [`Pass::each`].
    pub whole: bool,
}

#[doc(hidden)]
pub enum Typed<'a> {
    F32(Job<'a, f32>),
    F64(Job<'a, f64>),
    /// No tensors: tells only whether the updates fit this many slots.
    Check {
        slots: usize,
        memory: &'a mut [f64],
    },
}

macro_rules! with_job {
    ($self:ident, $job:ident => $then:expr, check => $check:expr) => {
        match &mut $self.job {
            Typed::F32($job) => $then,
            Typed::F64($job) => $then,
            Typed::Check { .. } => $check,
        }
    };
}

/// What [`Pass::run_each`] tells of a tensor when it asks for the scalars of its update.
pub struct Each<'a> {
    /// Its number among the tensors of the group.
    pub index: usize,
    /// Its shape.
    pub shape: &'a [usize],
    /// Its sums of the last [`Pass::reduce_each`], in order.
    pub sums: &'a [f64],
    /// The numbers that the rule keeps for it: see [`Rule::tensor_memory`](crate::Rule::tensor_memory).
    pub memory: &'a mut [f64],
}

impl Each<'_> {
    /// Its number of elements.
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<'a> Pass<'a> {
    pub(crate) fn new<R: Math>(rule: &'static str, job: Job<'a, R>) -> Self {
        Self { rule, job: R::typed(job), runs: 0, traffic: Traffic::default() }
    }

    /// A pass that changes nothing and fails if the rule's update does not fit its slots.
    pub(crate) fn check(rule: &'static str, slots: usize, memory: &'a mut [f64]) -> Self {
        Self { rule, job: Typed::Check { slots, memory }, runs: 0, traffic: Traffic::default() }
    }

    /// What has been asked of it so far.
    pub(crate) fn traffic(&self) -> Traffic {
        self.traffic
    }

    /// The numbers that the rule keeps for the whole group, to be read and changed: see
    /// [`Rule::memory`](crate::Rule::memory).
    pub fn memory(&mut self) -> &mut [f64] {
        match &mut self.job {
            Typed::F32(job) => job.memory,
            Typed::F64(job) => job.memory,
            Typed::Check { memory, .. } => memory,
        }
    }

    /// Runs an update over every element of every tensor, with `scalars` rounded to the arithmetic type. The same pass
    /// clips, decays, averages and zeroes, so a step runs one update, no more and no less.
    ///
    /// # Errors
    /// A second update; one that takes another number of slots than the rule asked for.
    pub fn run<U: Update<N, K>, const N: usize, const K: usize>(
        &mut self,
        _update: U,
        scalars: [f64; K],
    ) -> Result<()> {
        if self.begin(N)? {
            with_job!(self, job => job.run::<U, N, K>(scalars), check => {});
        }
        Ok(())
    }

    /// As [`run`](Self::run), with scalars for each tensor.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub fn run_each<U: Update<N, K>, const N: usize, const K: usize>(
        &mut self,
        _update: U,
        scalars: impl Fn(Each<'_>) -> [f64; K],
    ) -> Result<()> {
        if self.begin(N)? {
            with_job!(self, job => job.run_each::<U, N, K>(scalars), check => {});
        }
        Ok(())
    }

    /// Looks at every element of every tensor: changes the state, not the parameters, and gives the sums of what it says
    /// of each element, in f64. The sums do not depend on how the elements are cut into tensors. In the pass that a step
    /// is first asked for with, all sums are 0.
    ///
    /// # Errors
    /// A look that takes another number of slots than the rule asked for.
    pub fn reduce<U: Reduce<N, K, M>, const N: usize, const K: usize, const M: usize>(
        &mut self,
        _look: U,
        scalars: [f64; K],
    ) -> Result<[f64; M]> {
        self.fits(N)?;
        self.traffic.looks += 1;
        Ok(with_job!(self, job => job.reduce::<U, N, K, M>(scalars), check => [0.0; M]))
    }

    /// As [`reduce`](Self::reduce), with sums for each tensor, which [`run_each`](Self::run_each) then shows.
    ///
    /// # Errors
    /// As [`reduce`](Self::reduce).
    pub fn reduce_each<U: Reduce<N, K, M>, const N: usize, const K: usize, const M: usize>(
        &mut self,
        _look: U,
        scalars: [f64; K],
    ) -> Result<()> {
        self.fits(N)?;
        self.traffic.looks += 1;
        with_job!(self, job => job.reduce_each::<U, N, K, M>(scalars), check => {});
        Ok(())
    }

    /// Runs an update over each tensor as a whole, one after the other.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub fn each<U: TensorUpdate<N>, const N: usize>(&mut self, update: &U) -> Result<()> {
        self.traffic.whole = true;
        if self.begin(N)? {
            with_job!(self, job => job.each(update), check => {});
        }
        Ok(())
    }

    /// Looks at each tensor as a whole, one after the other: changes the state, not the parameters, and gives the sums of
    /// what it says of each tensor. In the pass that a step is first asked for with, all sums are 0.
    ///
    /// # Errors
    /// As [`reduce`](Self::reduce).
    pub fn look_each<U: TensorReduce<N, M>, const N: usize, const M: usize>(
        &mut self,
        look: &U,
    ) -> Result<[f64; M]> {
        self.fits(N)?;
        self.traffic.looks += 1;
        Ok(with_job!(self, job => job.look_each(look), check => [0.0; M]))
    }

    fn fits(&self, slots: usize) -> Result<()> {
        let expected = match &self.job {
            Typed::F32(job) => job.slots(),
            Typed::F64(job) => job.slots(),
            Typed::Check { slots, .. } => *slots,
        };
        if expected == slots {
            return Ok(());
        }
        Err(Kind::SlotCount { rule: self.rule, expected, got: slots }.into())
    }

    /// Whether an update may be made now: it fits, and is the first.
    fn begin(&mut self, slots: usize) -> Result<bool> {
        self.fits(slots)?;
        self.runs += 1;
        if self.runs > 1 {
            return self.once().map(|()| false);
        }
        Ok(true)
    }

    /// Fails unless one update was run.
    pub(crate) fn once(&self) -> Result<()> {
        let (rule, runs) = (self.rule, self.runs);
        if runs == 1 { Ok(()) } else { Err(Kind::UpdateCount { rule, runs }.into()) }
    }
}

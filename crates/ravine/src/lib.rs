//! The optimizer engine of Ravine: update rules, learning-rate schedules, clipping, parameter groups and exact resume.
//!
//! It depends on no tensor framework: parameters and gradients are slices of f32 or f64, the model is the caller's.
//!
//! ```
//! use ravine::{Group, Optimizer, ParamSpec, Schedule, rules::AdamW, schedules::Cosine};
//!
//! let params = [ParamSpec::new("0.weight", [2, 3]), ParamSpec::new("0.bias", [2])];
//! let mut optimizer: Optimizer<f32> = Optimizer::builder(AdamW { lr: 3e-4, ..AdamW::default() })
//!     .schedule(Cosine::new(950).warmup(50))
//!     .group(Group::new("*.bias").set("weight_decay", 0.0))
//!     .clip_norm(1.0)
//!     .zero_grad(true)
//!     .build(&params)?;
//!
//! let (mut weight, mut bias) = ([0.5; 6], [0.0; 2]);
//! let (mut weight_grad, mut bias_grad) = ([0.1; 6], [0.2; 2]); // from a backward pass
//! let outcome = optimizer.step(&mut [&mut weight, &mut bias], &mut [&mut weight_grad, &mut bias_grad])?;
//! println!("{outcome:?}, next at lr {}", optimizer.lr("default")?);
//! # assert_eq!(weight_grad, [0.0; 6]);
//! # Ok::<(), ravine::Error>(())
//! ```
//!
//! # What is where
//!
//! | For | See |
//! |---|---|
//! | A step of all parameters | [`Optimizer`], made by a [`Builder`]; what came of it: [`Outcome`] |
//! | Update rules | [`rules`], each with its formula and paper; `rules::parse("adam:lr=3e-4")` reads their text form |
//! | Learning rates over time | [`schedules`]; joined by the methods of [`Schedule`], whose results are in [`compose`] |
//! | A learning rate that listens to a metric | [`MetricSchedule`], [`Plateau`], [`Optimizer::observe`] |
//! | Parameters with settings of their own | [`Group`] |
//! | Gradients that are not finite | [`Guard`] |
//! | Averages of the weights, weights to evaluate with | [`Ema`], [`Swa`], [`Lookahead`], [`Evaluation`] |
//! | Flat minima, gradients from a closure | [`Sam`], [`Optimizer::step_with`] |
//! | Full batches, with a line search | [`Lbfgs`] |
//! | Gradients that are not finite | [`Guard`]; losses scaled for f16: [`LossScaler`] |
//! | Averages of the weights, weights to evaluate with | [`Ema`], [`Swa`], [`Lawa`], [`Lookahead`], [`Evaluation`] |
//! | All that a step does around a rule, as text | [`wrappers`]; `rules::parse("adam + ema:0.999")` |
//! | Parameters that stay as they are, layers that learn slower | [`Group::freeze`], [`layer_decay`] |
//! | Checkpoints | [`Optimizer::save`], [`Optimizer::load`] |
//! | A rule of one's own | [`Update`], [`Rule`], [`hyper!`] |
//! | A rule chained from transforms, as in optax | [`chain`] |
//! | A schedule of one's own | [`Schedule`], [`compose::Lambda`] |
//! | Catalogues and their text form, for things of one's own | [`catalogue`], [`hyper!`] |
//! | Proximal operators | [`prox`] |
//! | Products, orthogonal factors and decompositions of matrices | [`linalg`] |
//! | Random numbers by counter, loops by vector width | [`random`], [`mod@simd`] |
//!
//! # Coming from PyTorch
//!
//! | PyTorch | Here |
//! |---|---|
//! | `torch.optim.AdamW(model.parameters(), lr=3e-4)` | `Optimizer::builder(AdamW { lr: 3e-4, ..AdamW::default() })` |
//! | a parameter group with options of its own | [`Group::new`] with a pattern of names, [`Group::set`] |
//! | `maximize=True` | [`Builder::maximize`] |
//! | `scheduler.step()` | nothing: the schedule is asked at each step |
//! | `clip_grad_norm_`, `clip_grad_value_` | [`Builder::clip_norm`], [`Builder::clip_value`] |
//! | `optimizer.zero_grad()` | [`Builder::zero_grad`], in the same pass |
//! | `GradScaler` | [`LossScaler`] with [`Guard::Skip`]; [`Builder::loss_scale`] for a fixed factor |
//! | `requires_grad_(False)` | [`Group::freeze`] |
//! | `AveragedModel` with `get_ema_multi_avg_fn` | [`Builder::ema`], [`Optimizer::write_average`] |
//! | `group["lr"] = 0.1` | `optimizer.set("default", "lr", 0.1)?` |
//! | `state_dict`, `load_state_dict` | [`Optimizer::save`], [`Optimizer::load`] |
//! | `foreach`, `fused`, `capturable` | nothing: every step is fused |
//!
//! # What holds
//!
//! - **The same bits.** A step's result does not depend on the number of threads, the vector width, or on how the elements
//!   are cut into tensors.
//! - **All or nothing.** A step that returns an error has changed no parameter, gradient or state. A file is written
//!   whole or not at all, and a file that does not fit is refused with the reason.
//! - **Exact resume.** An optimizer that is saved and loaded goes on with the bits it would have had.
//! - **PyTorch's names, defaults and numbers** where PyTorch has the thing. Against recorded runs of PyTorch 2.15, f64
//!   agrees to 1e-12 relative and f32 to 6 units in the last place of the largest value passed.
//! - **Steps count from 0.** A schedule is a pure function of the step and knows no epochs.

mod average;
mod builder;
pub mod catalogue;
pub mod chain;
mod checkpoint;
pub mod codec;
pub mod compose;
mod element;
mod error;
mod evaluation;
mod extras;
mod foreign;
mod freeze;
mod functions;
mod fused;
mod group;
mod hyper;
mod job;
mod kernel;
mod lbfgs;
pub mod linalg;
mod lookahead;
mod loss_scaler;
mod metric_schedule;
mod optimizer;
mod params;
mod pass;
mod plan;
mod plateau;
mod prepare;
pub mod prox;
pub mod random;
mod real;
mod rule;
pub mod rules;
mod sam;
mod schedule;
pub mod schedules;
pub mod simd;
mod spot;
mod state;
mod sums;
mod tensors;
mod threads;
mod whole;
mod wolfe;
mod word;
pub mod wrappers;

pub use average::{Ema, Lawa, Swa};
pub use builder::{Builder, Guard};
pub use catalogue::Entry;
pub use element::{Element, Math};
pub use error::{Error, Result};
pub use evaluation::Evaluation;
pub use extras::{GradientNoise, Rounding};
pub use foreign::{Dtype, Foreign, ForeignStep, sum_of_squares};
pub use group::{Group, layer_decay};
pub use half::{bf16, f16};
pub use hyper::{Field, Hyper, Param, Range, Value};
pub use lbfgs::{Lbfgs, LbfgsOptions, LineSearch};
pub use lookahead::Lookahead;
pub use loss_scaler::LossScaler;
pub use metric_schedule::MetricSchedule;
pub use optimizer::{Optimizer, Outcome};
pub use params::ParamSpec;
pub use pass::{Each, Pass, Traffic};
pub use plateau::{Plateau, PlateauOptions};
pub use real::Real;
pub use rule::{At, Buffer, Decay, Reduce, Rule, Slot, Unwrapped, Update};
pub use sam::{Climb, Sam};
pub use schedule::Schedule;
pub use state::Storage;
pub use threads::{Pool, Threads};
pub use whole::{TensorReduce, TensorStep, TensorUpdate, Workspace};

/// Compiles and runs the examples of the project's README.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct ReadmeExamples;

/// Compiles and runs the examples of the page on rules of one's own.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/own-rule.md")]
struct OwnRuleExamples;

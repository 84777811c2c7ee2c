//! Training one model for its weights: watched, stopped, gone on with, and kept.
//!
//! A [`Folder`] holds all that is kept of a run. [`run`] trains, tells a [`Watch`] what happens and asks it for orders. A run
//! that is stopped or killed goes on from its last checkpoint to the same bits as one that was not.

mod checkpoint;
mod control;
mod folder;
mod log;
mod picture;
mod settings;
mod tensors;
mod trainer;
mod weights;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

pub use control::Order;
pub use folder::{Begin, Folder, safe_name};
pub use log::{By, Entry, Record};
pub use picture::picture;
use serde::{Deserialize, Serialize};
pub use settings::{Identity, Settings};
pub use weights::Weights;

use self::control::Control;
use self::trainer::Trainer;
use crate::convergence::{self, Losses, Outlook};
use crate::data::Split;
use crate::error::Result;
use crate::workload::{Evaluation, Workload};

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum End {
    /// It made all its steps.
    Finished,
    /// Patience was at its end.
    Stopped,
    /// Loss or gradient were not finite for ten steps in a row, or the validation loss was not finite or twice in a row a
    /// hundred times its first.
    Diverged,
    /// It was asked to stop, and can go on.
    Interrupted,
}

/// What came of a run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Done {
    /// How it ended.
    pub end: End,
    /// Steps asked for.
    pub steps: u64,
    /// Those of them that were left out.
    pub skipped: u64,
    /// Seconds of training, evaluation not counted.
    pub seconds: f64,
    /// The best evaluation, and the steps made by then.
    pub best: Option<Best>,
    /// The step of the weights that the run gives; none if it diverged.
    pub weights_step: Option<u64>,
    /// Those weights on the validation split, where they were evaluated.
    pub validation: Option<Evaluation>,
    /// Those weights on the test split: once, at the end.
    pub test: Option<Evaluation>,
}

/// What the evaluations in a log say of the run's length.
pub fn outlook(entries: &[Entry]) -> Outlook {
    let losses = entries.iter().filter_map(|entry| match entry {
        Entry::Evaluation(Record { point, .. }) => {
            Some(Losses { step: point.step, train: point.train_loss, validation: point.validation_loss })
        }
        _ => None,
    });
    convergence::outlook(&losses.collect::<Vec<_>>())
}

/// The best evaluation of a run.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Best {
    /// Optimizer steps made.
    pub step: u64,
    /// On the validation split.
    #[serde(flatten)]
    pub validation: Evaluation,
}

/// A step that was made.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// Steps made, this one included.
    pub step: u64,
    /// Mean loss of its batches.
    pub loss: f64,
    /// Its learning rate.
    pub lr: f64,
    /// Norm of its gradient.
    pub grad_norm: f64,
    /// Time of training so far, evaluation not counted.
    pub seconds: Duration,
}

/// What the one who watches a run is told.
#[derive(Clone, Debug, PartialEq)]
pub enum News {
    /// It begins, or goes on after this.
    Begin(Vec<Entry>),
    /// A step was made.
    Step(Step),
    /// Something was noted in the log.
    Noted(Entry),
    /// A checkpoint was written after this many steps.
    Saved(u64),
    /// An order could not be carried out.
    Refused(String),
}

/// One who watches a run.
pub trait Watch: Send {
    /// Is told what happens.
    fn tell(&mut self, news: News);

    /// Is asked between steps what to do.
    fn order(&mut self) -> Option<Order> {
        None
    }
}

/// How a run is carried out; none of this changes its weights.
pub struct Execution<'a> {
    /// Time between two checkpoints.
    pub checkpoint_every: Duration,
    /// Set from outside to stop.
    pub stop: &'a AtomicBool,
}

/// Runs what is left of a run. It computes on the rayon pool it is called from.
///
/// A stop from outside is no error: [`Done::end`] says so.
///
/// # Errors
/// A file that cannot be written; a checkpoint that is damaged or of another run.
///
/// # Panics
/// If the folder was taken for a run of other settings or of another workload.
pub fn run(
    workload: &dyn Workload,
    settings: &Settings,
    folder: &mut Folder,
    execution: &Execution<'_>,
    watch: &mut dyn Watch,
) -> Result<Done> {
    assert_eq!(folder.run, Identity::new(workload.info(), settings), "the folder is another run's");
    settings.check()?;
    let mut trainer = Trainer::new(workload, settings)?;
    let length = if folder.resume { checkpoint::load(&mut trainer, folder)? } else { 0 };
    let entries = folder.log.cut(length)?;
    if entries.is_empty() {
        trainer.look();
    }
    watch.tell(News::Begin(entries));
    let end = go_on(&mut trainer, folder, execution, watch)?;
    finish(trainer, folder, end, watch)
}

/// Trains to an end.
fn go_on(
    trainer: &mut Trainer<'_>,
    folder: &mut Folder,
    execution: &Execution<'_>,
    watch: &mut dyn Watch,
) -> Result<End> {
    let mut control = Control::new(folder.file("control"));
    let mut saved = Instant::now();
    loop {
        if trainer.is_due() {
            for entry in trainer.evaluate()? {
                note(entry, folder, watch)?;
            }
        }
        if let Some(end) = trainer.standing.end {
            return Ok(end);
        }
        let mut orders = control.take().unwrap_or_else(|what| {
            watch.tell(News::Refused(what));
            Vec::new()
        });
        orders.extend(std::iter::from_fn(|| watch.order()));
        let mut save = saved.elapsed() >= execution.checkpoint_every;
        let mut stop = execution.stop.load(Ordering::Relaxed);
        for order in orders {
            let changed = match order {
                Order::Scale(factor) => trainer.set_base(trainer.base() * factor),
                Order::Rate(lr) => trainer.set_base(lr),
                Order::Evaluate => trainer.glance(),
                Order::Checkpoint => {
                    save = true;
                    continue;
                }
                Order::Stop => {
                    stop = true;
                    continue;
                }
            };
            match changed {
                Ok(entry) => note(entry, folder, watch)?,
                Err(error) => watch.tell(News::Refused(error.to_string())),
            }
        }
        if stop {
            return Ok(End::Interrupted);
        }
        if save {
            checkpoint::save(trainer, folder)?;
            saved = Instant::now();
            watch.tell(News::Saved(trainer.standing.step));
        }
        let (step, entry) = trainer.step()?;
        watch.tell(News::Step(step));
        if let Some(entry) = entry {
            note(entry, folder, watch)?;
        }
    }
}

/// Writes what a run gives.
fn finish(mut trainer: Trainer<'_>, folder: &mut Folder, end: End, watch: &mut dyn Watch) -> Result<Done> {
    let mut done = Done {
        end,
        steps: trainer.standing.step,
        skipped: trainer.standing.skipped[0],
        seconds: trainer.standing.seconds,
        best: trainer.standing.best.map(|(step, validation)| Best { step, validation }),
        weights_step: None,
        validation: None,
        test: None,
    };
    if end != End::Diverged {
        checkpoint::save(&mut trainer, folder)?;
        watch.tell(News::Saved(done.steps));
        let (values, step, validation) = trainer.result()?;
        (done.weights_step, done.validation) = (Some(step), validation);
        let session = &mut *trainer.session;
        weights::write(&folder.weights(), session, &values, trainer.info, &folder.run, step, validation)?;
        if end != End::Interrupted {
            values.restore(session);
            done.test = Some(session.evaluate(Split::Test));
        }
    }
    if end != End::Interrupted {
        note(Entry::End { step: done.steps, end, test: done.test }, folder, watch)?;
    }
    Ok(done)
}

fn note(entry: Entry, folder: &mut Folder, watch: &mut dyn Watch) -> Result<()> {
    folder.log.write(&entry)?;
    watch.tell(News::Noted(entry));
    Ok(())
}

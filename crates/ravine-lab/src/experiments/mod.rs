//! Experiments: what the teaching texts claim, measured, with a verdict computed from the numbers.
//!
//! Each runs through the real engine and is a function of its seed: the same bits on any number of threads, but for the
//! times that `throughput` measures.

mod adagrad_direction;
mod adagrad_stall;
mod adam_claims;
mod adaptive_decay;
mod bias_correction;
mod dead_signal;
mod descent_lemma;
mod drifting_minimum;
mod escape_minimum;
mod escape_saddle;
mod global_minimum;
mod ill_conditioning;
mod large_rate;
mod measure;
mod minibatch_noise;
mod momentum_forms;
mod museum;
mod nesterov_limit;
mod rate_limits;
mod sgd_floor;
mod sparse_features;
mod steepest;
mod throughput;
mod vanishing_gradients;
mod walk;
mod warm_restarts;

use crate::error::Kind as ErrorKind;
use crate::gallery::{Item, Kind, Table};
use crate::pictures::lines::{Axis, Lines};
use crate::svg::Svg;
use crate::{Error, Result};
use serde::{Deserialize, Serialize};

/// Every experiment there is.
pub const CATALOGUE: &[Experiment] = &[
    escape_minimum::ENTRY,
    escape_saddle::ENTRY,
    global_minimum::ENTRY,
    large_rate::ENTRY,
    rate_limits::ENTRY,
    descent_lemma::ENTRY,
    steepest::ENTRY,
    sgd_floor::ENTRY,
    minibatch_noise::ENTRY,
    throughput::ENTRY,
    ill_conditioning::ENTRY,
    nesterov_limit::ENTRY,
    momentum_forms::ENTRY,
    adagrad_stall::ENTRY,
    adagrad_direction::ENTRY,
    sparse_features::ENTRY,
    drifting_minimum::ENTRY,
    bias_correction::ENTRY,
    adam_claims::ENTRY,
    adaptive_decay::ENTRY,
    warm_restarts::ENTRY,
    vanishing_gradients::ENTRY,
    dead_signal::ENTRY,
    museum::ENTRY,
];

/// The experiment of this name.
///
/// # Errors
/// There is none, with the names there are.
pub fn find(name: &str) -> Result<&'static Experiment> {
    CATALOGUE.iter().find(|experiment| experiment.name == name).ok_or_else(|| {
        let known: Vec<&str> = CATALOGUE.iter().map(|experiment| experiment.name).collect();
        Error::from(ErrorKind::UnknownName { what: "experiment", name: name.into(), known: known.join(", ") })
    })
}

/// A claim and how it is put to the test.
pub struct Experiment {
    /// Its name on the command line.
    pub name: &'static str,
    /// A few words.
    pub title: &'static str,
    /// What is claimed.
    pub claim: &'static str,
    /// Who says so.
    pub source: &'static str,
    /// Measures. The same seed gives the same finding.
    pub run: fn(seed: u64) -> Result<Finding>,
}

/// What an experiment found.
pub struct Finding {
    /// What was measured, and how.
    pub setup: String,
    /// The measured values.
    pub table: Table,
    /// Whether the claim holds.
    pub verdict: Verdict,
    /// Why, in a sentence or two.
    pub because: String,
    /// Its pictures.
    pub pictures: Vec<Picture>,
    /// The numbers behind the verdict, by name.
    pub numbers: Vec<(&'static str, f64)>,
}

/// A picture of a finding.
pub struct Picture {
    /// Its name within the experiment.
    pub name: &'static str,
    /// What it shows.
    pub caption: String,
    /// The picture.
    pub svg: Svg,
}

/// Whether a claim holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// The measurements bear it out.
    Holds,
    /// The measurements contradict it.
    #[serde(rename = "does not hold")]
    Fails,
    /// It is true in some of the settings measured, and not in others.
    Depends,
}

impl Verdict {
    /// The words for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::Fails => "does not hold",
            Self::Depends => "depends",
        }
    }

    /// Of a claim that is true in `yes` of `all` cases.
    fn of(yes: usize, all: usize) -> Self {
        match yes {
            0 => Self::Fails,
            _ if yes == all => Self::Holds,
            _ => Self::Depends,
        }
    }
}

impl Finding {
    /// A number behind the verdict.
    pub fn number(&self, name: &str) -> Option<f64> {
        self.numbers.iter().find(|(known, _)| *known == name).map(|(_, x)| *x)
    }
}

/// An empty plot, of a size at which two stand side by side on the index page.
fn plot(x: Axis, y: Axis) -> Lines {
    Lines { size: [540.0, 330.0], ..Lines::new("", x, y) }
}

impl Experiment {
    /// The finding as an item of a gallery. Its pictures are to be written to files of the names that it gives.
    pub fn item(&self, finding: &Finding, seed: u64) -> Item {
        let place = CATALOGUE.iter().position(|experiment| experiment.name == self.name).unwrap_or(0);
        let seed = if seed == 0 { String::new() } else { format!(" --seed {seed}") };
        Item {
            name: self.name.into(),
            kind: Kind::Experiment,
            place,
            title: self.title.into(),
            source: self.source.into(),
            sections: vec![("Claim".into(), self.claim.into()), ("Setup".into(), finding.setup.clone())],
            verdict: Some((finding.verdict, finding.because.clone())),
            table: Some(finding.table.clone()),
            // JSON has no number for what is not finite.
            numbers: finding
                .numbers
                .iter()
                .filter(|(_, x)| x.is_finite())
                .map(|(name, x)| ((*name).into(), *x))
                .collect(),
            command: format!("ravine experiment {}{seed}", self.name),
            pictures: finding
                .pictures
                .iter()
                .map(|picture| crate::gallery::Picture {
                    file: format!("{}-{}.svg", self.name, picture.name),
                    caption: picture.caption.clone(),
                })
                .collect(),
        }
    }
}

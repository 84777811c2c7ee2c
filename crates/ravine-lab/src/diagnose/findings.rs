//! From what was measured to what is wrong, and what to change.

mod rate;
mod remedy;
mod signal;
mod units;

use super::{Diagnosis, FEWEST_STEPS};
use crate::data::trouble::Remark;
use crate::stats::number::{fixed, significant};
use rate::{enough, level, measured, plateau, rate, way};
use serde::Serialize;

/// Who has come less than this share down has learnt nothing by heart.
const LEARNT: f64 = 0.1;

/// What can be wrong, in the order in which it is to be mended: what stands first makes what stands later meaningless.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trouble {
    /// The data cannot be learnt from.
    Data,
    /// The gradients of all layers are next to nothing.
    UniformlyVanishing,
    /// The gradient is lost on its way to the first layers.
    Vanishing,
    /// It grows on its way, or is far too large.
    Exploding,
    /// A smaller learning rate does better, or the run left the finite numbers.
    RateTooLarge,
    /// ReLU units that are 0 for every example.
    DyingUnits,
    /// Units at the flat ends of tanh or sigmoid.
    SaturatedUnits,
    /// A larger learning rate does better.
    RateTooSmall,
    /// The loss stands still far from where it could be.
    Plateau,
    /// The validation loss rises while the training loss falls.
    Overfitting,
}

impl Trouble {
    /// In a few words.
    pub fn word(self) -> &'static str {
        match self {
            Self::Data => "trouble in the data",
            Self::UniformlyVanishing => "uniformly vanishing gradients",
            Self::Vanishing => "vanishing gradients",
            Self::Exploding => "exploding gradients",
            Self::DyingUnits => "dying units",
            Self::SaturatedUnits => "saturated units",
            Self::RateTooLarge => "learning rate too large",
            Self::RateTooSmall => "learning rate too small",
            Self::Plateau => "plateau",
            Self::Overfitting => "overfitting",
        }
    }
}

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// What.
    pub trouble: Trouble,
    /// The numbers that say so.
    pub evidence: String,
    /// What to change; what does most stands first.
    pub advice: Vec<Advice>,
}

/// Something to change.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Advice {
    /// What, and why.
    pub change: String,
    /// A workload to try, options of the command, or another command, as a shell reads them.
    pub attempt: Option<String>,
}

/// The verdict in a sentence.
pub(super) fn verdict(diagnosis: &Diagnosis) -> String {
    let Diagnosis { loss, steps, findings, .. } = diagnosis;
    let guess =
        loss.guess.map_or(String::new(), |guess| format!(" (a blind guess has {})", significant(guess, 3)));
    let end = match loss.last {
        Some(last) => format!(
            "the loss goes from {} to {} in {steps} steps{guess}",
            significant(loss.first, 3),
            significant(last, 3)
        ),
        None => "the loss leaves the finite numbers".into(),
    };
    let names: Vec<&str> = findings.iter().map(|finding| finding.trouble.word()).collect();
    match names[..] {
        [] => format!("Healthy: {end}, and nothing that was looked at is wrong."),
        [one] => format!("{}: {end}.", capital(one)),
        [first, ref more @ ..] => format!("{}; also {}: {end}.", capital(first), more.join(", ")),
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().collect::<String>() + letters.as_str())
}

/// Everything that is wrong, in the order of [`Trouble`].
pub(super) fn find(diagnosis: &Diagnosis, remarks: &[Remark]) -> Vec<Finding> {
    let data = data(diagnosis, remarks);
    let loss = &diagnosis.loss;
    let nothing_finite = data.is_some() && measured(diagnosis).iter().all(|probe| probe.last.is_none());
    // Without labels to tell apart, or a finite loss, there is nothing to be judged by the rest.
    if loss.guess == Some(0.0) || !loss.first.is_finite() || nothing_finite {
        return data.into_iter().collect();
    }
    let (signal, rate) = (signal::signal(diagnosis), rate(diagnosis));
    let mut findings = vec![data, units::dead(diagnosis), units::saturated(diagnosis)];
    // What stands still for want of a signal is not at a plateau of its own, and what a wrong rate did to the validation
    // loss is no overfitting.
    if rate.is_none() {
        findings.push(overfitting(diagnosis));
        if signal.is_none() {
            findings.push(plateau(diagnosis));
        }
    }
    findings.extend([signal, rate]);
    let mut findings: Vec<Finding> = findings.into_iter().flatten().collect();
    findings.sort_by_key(|finding| finding.trouble);
    findings
}

fn data(diagnosis: &Diagnosis, remarks: &[Remark]) -> Option<Finding> {
    let grave = remarks.iter().filter(|remark| remark.grave);
    let mut evidence: Vec<String> = grave.map(|remark| remark.text.clone()).collect();
    if diagnosis.loss.guess == Some(0.0) && evidence.is_empty() {
        evidence.push("all training examples have the same label: there is nothing to tell apart".into());
    }
    if !diagnosis.loss.first.is_finite() {
        evidence.push(
            "the loss of the first batch, before any step, is not finite: the data or the first weights \
             hold values that are not finite, or too large"
                .into(),
        );
    }
    let advice = vec![Advice {
        change: "Look at the data: values that are not finite, labels that are all alike, classes without \
                 examples. No optimizer makes up for them."
            .into(),
        attempt: None,
    }];
    let evidence = (!evidence.is_empty()).then(|| capital(&evidence.join("; ")) + ".")?;
    Some(Finding { trouble: Trouble::Data, evidence, advice })
}

fn overfitting(diagnosis: &Diagnosis) -> Option<Finding> {
    let seen = diagnosis.generalisation.as_ref()?;
    let since = seen.since?;
    // Who learnt nothing has nothing by heart.
    let learnt = enough(diagnosis).max(LEARNT * level(diagnosis).abs());
    (way(diagnosis, Some(seen.trained)) > learnt).then(|| Finding {
        trouble: Trouble::Overfitting,
        evidence: format!(
            "Since step {since} the validation loss rises, from {} by {} %, while the training loss \
             does not; the gap between them is {}.",
            significant(seen.best, 3),
            fixed(100.0 * seen.rise, 0),
            significant(seen.gap, 3)
        ),
        advice: vec![
            Advice {
                change: format!("Stop at the best validation loss, at step {since}."),
                attempt: (since >= FEWEST_STEPS).then(|| format!("--steps {since}")),
            },
            Advice { change: "More examples, or augmentation of those there are.".into(), attempt: None },
            Advice {
                change: "Weight decay, apart from the gradient, or dropout; a smaller model.".into(),
                attempt: Some("--optimizer adamw:weight_decay=0.1".into()),
            },
        ],
    })
}

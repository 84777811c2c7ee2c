//! From what was measured to what is wrong, and what to change.

use super::signal::Signal;
use super::{Diagnosis, Layer, Probe};
use crate::convergence::Motion;
use crate::plan::without_lr;
use crate::shell::quote;
use crate::stats::number::{fixed, lr, significant};
use crate::workloads;
use serde::Serialize;

/// The share of units at flat ends, in some layer, that counts as saturated: at half of them the signal is halved at least.
const SATURATED: f64 = 0.5;
/// The share of dead units in all hidden layers together that counts as dying. Deep ReLU networks start with many units
/// that are silent for a batch of much the same examples, and train; see the share gained too.
const DEAD: f64 = 0.5;
/// The share gained over the run.
const DYING: f64 = 0.25;
/// A run that comes less than this part of the way that another learning rate comes has the wrong one.
const BEHIND: f64 = 0.5;
/// A way shorter than this share of the first loss, or than three times the noise of a batch, says nothing.
const WAY: f64 = 0.02;
/// A loss at the end above this share of a blind guess has not learnt.
const UNLEARNT: f64 = 0.5;

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
    /// A workload to try, or options of the command.
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
pub(super) fn find(diagnosis: &Diagnosis, trouble: &[String]) -> Vec<Finding> {
    let mut findings = vec![data(diagnosis, trouble)];
    // Without data there is nothing to be judged by the rest.
    if findings[0].is_none() {
        let signal = signal(diagnosis);
        let without_signal = signal.is_some();
        findings.extend([signal, dead(diagnosis), saturated(diagnosis)]);
        let rate = rate(diagnosis);
        // What stands still for want of a signal is not at a plateau of its own.
        if rate.is_none() && !without_signal {
            findings.push(plateau(diagnosis));
        }
        findings.extend([rate, overfitting(diagnosis)]);
    }
    let mut findings: Vec<Finding> = findings.into_iter().flatten().collect();
    findings.sort_by_key(|finding| finding.trouble);
    findings
}

fn data(diagnosis: &Diagnosis, trouble: &[String]) -> Option<Finding> {
    let mut evidence = trouble.to_vec();
    if diagnosis.loss.guess == Some(0.0) {
        evidence.push("All training examples have the same label: there is nothing to tell apart.".into());
    }
    if !diagnosis.loss.first.is_finite() {
        evidence.push(
            "The loss of the first batch, before any step, is not finite: the data or the first weights \
             hold values that are not finite, or too large."
                .into(),
        );
    }
    let advice = vec![Advice {
        change: "Look at the data: values that are not finite, columns on wild scales, labels that are \
                 all alike. No optimizer makes up for them."
            .into(),
        attempt: None,
    }];
    (!evidence.is_empty()).then(|| Finding { trouble: Trouble::Data, evidence: evidence.join(" "), advice })
}

/// The activation that most layers have.
fn activation(layers: &[Layer]) -> Option<&'static str> {
    let names: Vec<&str> = layers.iter().filter_map(|layer| layer.before.as_ref()?.activation).collect();
    let count = |name: &str| names.iter().filter(|other| **other == name).count();
    ["relu", "tanh", "sigmoid", "gelu"]
        .into_iter()
        .filter(|name| count(name) > 0)
        .max_by_key(|name| count(name))
}

/// Advice to choose other options, if the workload has them and not these already.
fn choose(diagnosis: &Diagnosis, pairs: &[(&str, &str)], change: &str) -> Option<Advice> {
    let has = |pair: &&(&str, &str)| {
        diagnosis.workload.split([':', ',']).any(|part| part == format!("{}={}", pair.0, pair.1))
    };
    if pairs.iter().filter(has).count() == pairs.len() {
        return None;
    }
    let attempt = pairs
        .iter()
        .try_fold(diagnosis.workload.clone(), |spec, (key, value)| workloads::with(&spec, key, value));
    Some(Advice { change: change.into(), attempt })
}

/// The scale of weights that the activation asks for.
fn scale(diagnosis: &Diagnosis) -> Option<Advice> {
    match activation(&diagnosis.layers) {
        Some("tanh" | "sigmoid") => choose(
            diagnosis,
            &[("init", "xavier")],
            "Draw the weights with the variance 2 / (inputs + outputs) of Glorot and Bengio, which \
             keeps the signal's size through tanh.",
        ),
        _ => choose(
            diagnosis,
            &[("init", "he")],
            "Draw the weights with the variance 2 / inputs of He et al., which keeps the signal's size \
             through ReLU.",
        ),
    }
}

fn signal(diagnosis: &Diagnosis) -> Option<Finding> {
    let no_optimizer = |reason: &str| Advice {
        change: format!("Do not look for it in the optimizer: {reason}{}", probed(diagnosis)),
        attempt: None,
    };
    let evidence = |text: String| {
        let ends = match &diagnosis.layers[..] {
            [first, .., last] => format!(
                " Before the first step the gradient of {} has norm {}, that of {} has {}.",
                first.name,
                lr(first.first_gradient),
                last.name,
                lr(last.first_gradient)
            ),
            _ => String::new(),
        };
        text + &ends
    };
    let fewer = || Advice {
        change:
            "Fewer layers, or residual connections and normalisation, which carry the signal past the layers."
                .into(),
        attempt: None,
    };
    match &diagnosis.signal {
        Signal::Vanishing { between: [first, last], ratio } => {
            let mut advice = Vec::new();
            match activation(&diagnosis.layers) {
                Some("sigmoid") => {
                    advice.extend(choose(
                        diagnosis,
                        &[("activation", "relu"), ("init", "he")],
                        "Another activation: the derivative of the sigmoid is at most 1/4, so each \
                        layer takes away three quarters at least, whatever the initialisation. ReLU \
                        with He's initialisation passes it on.",
                    ));
                    advice.extend(choose(
                        diagnosis,
                        &[("activation", "tanh"), ("init", "xavier")],
                        "Or tanh with Xavier's initialisation.",
                    ));
                }
                _ => advice.extend(scale(diagnosis)),
            }
            advice.push(fewer());
            advice.push(no_optimizer(
                "one that divides by the gradient's size makes up for a small scale, not for a signal \
                 that is lost on its way.",
            ));
            Some(Finding {
                trouble: Trouble::Vanishing,
                evidence: evidence(format!("{first} receives {} of the gradient of {last}.", lr(*ratio))),
                advice,
            })
        }
        Signal::Tiny { largest } => {
            let mut advice: Vec<Advice> = scale(diagnosis).into_iter().collect();
            advice.push(no_optimizer(
                "Adam divides a small scale away, but behind layers that give nearly the same for every \
                 example the gradient says little about the examples.",
            ));
            Some(Finding {
                trouble: Trouble::UniformlyVanishing,
                evidence: evidence(format!(
                    "All gradients are next to nothing, the largest norm is {}; their ratios alone look \
                     healthy.",
                    lr(*largest)
                )),
                advice,
            })
        }
        Signal::Exploding { .. } | Signal::Huge { .. } => {
            let mut advice: Vec<Advice> = scale(diagnosis).into_iter().collect();
            advice.push(Advice {
                change: "Clip the gradient by its norm, or normalise inside the layers, where the scale \
                        cannot be chosen."
                    .into(),
                attempt: None,
            });
            advice.push(no_optimizer(
                "a rule that divides by the gradient's size bears the scale, but the units behind too \
                 large weights stay where they are flat or far off.",
            ));
            let text = match &diagnosis.signal {
                Signal::Exploding { between: [first, last], ratio } => {
                    format!("{first} receives {} times the gradient of {last}.", significant(*ratio, 2))
                }
                Signal::Huge { largest } => format!(
                    "The gradients are huge in all layers: the largest norm is {}, the first loss {}.",
                    significant(*largest, 2),
                    significant(diagnosis.loss.first, 2)
                ),
                _ => String::new(),
            };
            Some(Finding { trouble: Trouble::Exploding, evidence: evidence(text), advice })
        }
        Signal::Nothing | Signal::Uneven { .. } | Signal::Healthy { .. } => None,
    }
}

/// What the learning rates came to.
fn probed(diagnosis: &Diagnosis) -> String {
    let loss = &diagnosis.loss;
    let own = Probe { lr: diagnosis.lr, last: loss.last };
    let mut all: Vec<Probe> = loss.probes.iter().copied().chain([own]).collect();
    all.sort_by(|a, b| a.lr.total_cmp(&b.lr));
    let text = |probe: &Probe| {
        let last = probe.last.map_or("lost".into(), |last| significant(last, 3));
        format!("{last} at lr {}", lr(probe.lr))
    };
    let all: Vec<String> = all.iter().map(text).collect();
    format!(" Loss after {} steps: {}.", diagnosis.steps, all.join(", "))
}

/// The command that finds a rate for this run.
fn range_test(diagnosis: &Diagnosis) -> String {
    let optimizer = without_lr(&diagnosis.optimizer).unwrap_or_else(|| diagnosis.optimizer.clone());
    format!("ravine lr-find {} --optimizer {}", diagnosis.workload, quote(&optimizer))
}

fn dead(diagnosis: &Diagnosis) -> Option<Finding> {
    let layers: Vec<(&Layer, [f64; 2])> =
        diagnosis.layers.iter().filter_map(|layer| Some((layer, layer.dead?))).collect();
    let mean = |i: usize| layers.iter().map(|layer| layer.1[i]).sum::<f64>() / layers.len() as f64;
    let (before, after) = (mean(0), mean(1));
    let (worst, [_, share]) = layers.iter().max_by(|a, b| a.1[1].total_cmp(&b.1[1]))?;
    let gained = after - before > DYING;
    if !(after > DEAD || gained || *share > 0.95) {
        return None;
    }
    let mut advice = Vec::new();
    if gained {
        advice.push(Advice {
            change: "A smaller learning rate: large steps threw the units to where they are 0, and \
                     there is no gradient to bring them back."
                .into(),
            attempt: Some(format!("--lr {}", lr(diagnosis.lr / 10.0))),
        });
    } else {
        advice.extend(choose(
            diagnosis,
            &[("init", "he")],
            "Start elsewhere: biases at zero and He's initialisation leave about half of the units \
             silent for an example, and few for all.",
        ));
    }
    advice.extend(choose(
        diagnosis,
        &[("activation", "gelu")],
        "An activation that is not flat below zero, such as GELU.",
    ));
    advice.push(Advice {
        change: "No optimizer brings a dead unit back: its gradient is exactly 0.".into(),
        attempt: None,
    });
    Some(Finding {
        trouble: Trouble::DyingUnits,
        evidence: format!(
            "{} of the ReLU units are 0 for every example of the last batches, {} before the first \
             step; most in {}: {}.",
            percent(after),
            percent(before),
            worst.name,
            percent(*share)
        ),
        advice,
    })
}

fn saturated(diagnosis: &Diagnosis) -> Option<Finding> {
    let layers = diagnosis.layers.iter().filter_map(|layer| Some((layer, layer.saturated?)));
    let (worst, [before, after]) = layers.max_by(|a, b| a.1[1].max(a.1[0]).total_cmp(&b.1[1].max(b.1[0])))?;
    if before.max(after) < SATURATED {
        return None;
    }
    let mut advice = Vec::new();
    if before >= SATURATED {
        advice.extend(scale(diagnosis));
        advice.push(Advice {
            change: "Scale the inputs to mean 0 and standard deviation 1.".into(),
            attempt: None,
        });
    } else {
        advice.push(Advice {
            change: "A smaller learning rate: the units were driven to the flat ends by the steps.".into(),
            attempt: Some(format!("--lr {}", lr(diagnosis.lr / 10.0))),
        });
    }
    advice.extend(choose(
        diagnosis,
        &[("activation", "relu"), ("init", "he")],
        "An activation with no flat end above zero: ReLU with He's initialisation.",
    ));
    Some(Finding {
        trouble: Trouble::SaturatedUnits,
        evidence: format!(
            "{} of the results of {} lie within 1 % of an end of their range, where the derivative is \
             next to 0; {} before the first step.",
            percent(after),
            worst.name,
            percent(before)
        ),
        advice,
    })
}

fn percent(share: f64) -> String {
    format!("{} %", fixed(100.0 * share, 0))
}

/// Compares with the runs at other learning rates.
fn rate(diagnosis: &Diagnosis) -> Option<Finding> {
    let loss = &diagnosis.loss;
    // How far down from the first loss; a run that was lost came nowhere.
    let way = |last: Option<f64>| last.map_or(f64::NEG_INFINITY, |last| loss.first - last);
    let own = way(loss.last);
    let batches = (super::TAIL * diagnosis.steps as f64 * diagnosis.seeds.len() as f64).max(1.0);
    let enough = (WAY * loss.first.abs()).max(3.0 * loss.noise / batches.sqrt());
    let best = |smaller: bool| {
        let side = loss.probes.iter().filter(|probe| (probe.lr < diagnosis.lr) == smaller);
        let best = side.max_by(|a, b| way(a.last).total_cmp(&way(b.last)))?;
        let theirs = way(best.last);
        (theirs > enough && own < BEHIND * theirs).then_some(best.lr)
    };
    let finding = |trouble, evidence: String, to: f64| {
        let advice = vec![
            Advice {
                change: format!("Set the learning rate to about {}.", lr(to)),
                attempt: Some(format!("--lr {}", lr(to))),
            },
            Advice { change: "Or let a range test find it.".into(), attempt: Some(range_test(diagnosis)) },
        ];
        Some(Finding { trouble, evidence: evidence + &probed(diagnosis), advice })
    };
    if let Some((lost, step)) = loss.lost {
        let evidence = format!(
            "{lost} of {} seeds left the finite numbers, the first at step {step}.",
            diagnosis.seeds.len()
        );
        return finding(Trouble::RateTooLarge, evidence, best(true).unwrap_or(diagnosis.lr / 10.0));
    }
    if let Some(to) = best(true) {
        return finding(Trouble::RateTooLarge, "A smaller learning rate comes further down.".into(), to);
    }
    // Above where it began, nothing was learnt but how to be wrong.
    if own < -enough {
        return finding(Trouble::RateTooLarge, "The loss ends above its start.".into(), diagnosis.lr / 10.0);
    }
    let evidence = "A larger learning rate comes further down in the same steps.".into();
    best(false).and_then(|to| finding(Trouble::RateTooSmall, evidence, to))
}

fn plateau(diagnosis: &Diagnosis) -> Option<Finding> {
    let loss = &diagnosis.loss;
    let (last, guess, trend) = (loss.last?, loss.guess?, loss.trend?);
    // A loss that stands where it should is at its goal.
    (loss.motion == Motion::Flat && last >= UNLEARNT * guess).then(|| Finding {
        trouble: Trouble::Plateau,
        evidence: format!(
            "Over the last half of the steps the loss changes by {} % (95 %: {} to {} %), at {} of a \
             blind guess.{}",
            significant(100.0 * trend.change, 2),
            significant(100.0 * trend.interval.low, 2),
            significant(100.0 * trend.interval.high, 2),
            significant(last / guess, 2),
            probed(diagnosis)
        ),
        advice: vec![
            Advice {
                change: "A learning rate from a range test: all that were tried here may be far too \
                        small."
                    .into(),
                attempt: Some(range_test(diagnosis)),
            },
            Advice {
                change: "More steps: some problems fall in stairs.".into(),
                attempt: Some(format!(
                    "\
                        --steps {}",
                    10 * diagnosis.steps
                )),
            },
            Advice {
                change: "A larger model or better inputs, if more steps change nothing.".into(),
                attempt: None,
            },
        ],
    })
}

fn overfitting(diagnosis: &Diagnosis) -> Option<Finding> {
    let seen = diagnosis.generalisation.as_ref()?;
    let since = seen.since?;
    Some(Finding {
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
                change: "Stop at the best validation loss.".into(),
                attempt: Some(format!("--steps {since}")),
            },
            Advice { change: "More examples, or augmentation of those there are.".into(), attempt: None },
            Advice {
                change: "Weight decay, apart from the gradient, or dropout; a smaller model.".into(),
                attempt: Some("--optimizer adamw:weight_decay=0.1".into()),
            },
        ],
    })
}

//! Gradients that vanish or explode on their way.

use super::rate::probed;
use super::remedy::{activation, choose, scale};
use super::{Advice, Finding, Trouble};
use crate::diagnose::Diagnosis;
use crate::diagnose::signal::Signal;
use crate::stats::number::{lr, significant};

pub(super) fn signal(diagnosis: &Diagnosis) -> Option<Finding> {
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

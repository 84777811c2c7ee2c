//! Units that are dead or saturated.

use super::rate::smaller;
use super::remedy::{choose, scale};
use super::{Advice, Finding, Trouble};
use crate::diagnose::{Diagnosis, Layer};
use crate::stats::number::fixed;

/// The share of units at flat ends, in some layer, that counts as saturated: at half of them the signal is halved at least.
const SATURATED: f64 = 0.5;
/// The share of dead units in all hidden layers together that counts as dying. Deep ReLU networks start with many units
/// that are silent for a batch of much the same examples, and train; see the share gained too.
const DEAD: f64 = 0.5;
/// The share gained over the run.
const DYING: f64 = 0.25;

pub(super) fn dead(diagnosis: &Diagnosis) -> Option<Finding> {
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
        advice.push(smaller(
            diagnosis,
            "A smaller learning rate: large steps threw the units to where they are 0, and there is no \
             gradient to bring them back.",
        ));
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

pub(super) fn saturated(diagnosis: &Diagnosis) -> Option<Finding> {
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
        advice.push(smaller(
            diagnosis,
            "A smaller learning rate: the units were driven to the flat ends by the steps.",
        ));
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

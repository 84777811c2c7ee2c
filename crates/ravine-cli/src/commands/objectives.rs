//! `ravine objectives`.

use super::catalogue::{self, Arguments, Facts};
use crate::failure::Result;
use crate::numbers;
use ravine_lab::objective::Objective;
use ravine_lab::objectives::CATALOGUE;
use ravine_lab::stats::number::significant;
use serde_json::json;

pub(super) fn run(arguments: &Arguments) -> Result {
    let mut items = catalogue::items(CATALOGUE, |family| &**family, None);
    for item in &mut items {
        item.facts = facts(&Objective::parse(item.name)?);
    }
    let fault =
        |name: &str| ravine::catalogue::parse("function", CATALOGUE, name, |family| &mut **family as _).err();
    catalogue::run(&items, fault, arguments)
}

/// What is known of a function, for the defaults of its hyper-parameters.
fn facts(objective: &Objective) -> Facts {
    let Objective { expression, domain, start, minima, noise, .. } = objective;
    let names = expression.variables();
    let range = |(name, [low, high]): (&String, &[f64; 2])| {
        format!("{name} from {} to {}", significant(*low, 6), significant(*high, 6))
    };
    let ranges: Vec<String> = names.iter().zip(domain).map(range).collect();
    let place = |x: &Vec<f64>| numbers::point(x, 6);
    let lowest = objective.lowest().map_or_else(
        || "none".into(),
        |value| {
            format!(
                "{}, of {}",
                minima.iter().map(place).collect::<Vec<_>>().join(", "),
                significant(value, 6)
            )
        },
    );
    let mut lines = vec![
        ("Expression", expression.text().to_owned()),
        ("Domain", ranges.join(", ")),
        ("Start", place(start)),
        ("Known global minima", lowest),
    ];
    if *noise > 0.0 {
        lines.push(("Noise on each coordinate of the gradient", format!("normal, of deviation {noise}")));
    }
    let data = json!({
        "expression": expression.text(),
        "variables": names,
        "domain": domain,
        "start": start,
        "minima": minima,
        "noise": noise,
    });
    Facts { lines, data: data.as_object().cloned().unwrap_or_default() }
}

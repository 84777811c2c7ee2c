//! Everything that can be chosen, as the catalogues state it.

use super::{MAX_OPTIMIZERS, MAX_POINTS, Shared};
use crate::refusal::Refusal;
use axum::response::Response;
use ravine::schedules::Common;
use ravine::{Entry, Hyper, Range, Value, rules, schedules};
use ravine_lab::objective::Objective;
use ravine_lab::{expression, objectives};
use serde::Serialize;

#[derive(Serialize)]
struct Catalogue {
    version: &'static str,
    objectives: Vec<Item>,
    optimizers: Vec<Item>,
    schedules: Vec<Item>,
    /// The keys that every schedule takes besides its own.
    common: Vec<Param>,
    /// The names of the functions that an expression may call.
    functions: Vec<&'static str>,
    limits: Limits,
}

#[derive(Serialize)]
struct Limits {
    /// Steps times optimizers, at most.
    points: u64,
    optimizers: usize,
    /// Bytes of an expression.
    expression: usize,
}

#[derive(Serialize)]
struct Item {
    name: &'static str,
    title: &'static str,
    formula: &'static str,
    advice: &'static str,
    source: &'static str,
    /// Coordinates of a function.
    #[serde(skip_serializing_if = "Option::is_none")]
    dim: Option<usize>,
    params: Vec<Param>,
    presets: Vec<Preset>,
}

/// Another name, with the hyper-parameters that it sets.
#[derive(Serialize)]
struct Preset {
    name: &'static str,
    sets: Vec<(&'static str, &'static str)>,
}

#[derive(Serialize)]
struct Param {
    name: &'static str,
    doc: &'static str,
    kind: &'static str,
    /// In text form.
    default: String,
    range: String,
    min: Option<f64>,
    max: Option<f64>,
    /// Whether min itself is left out, and max.
    open: [bool; 2],
    words: &'static [&'static str],
}

pub(super) async fn get(api: Shared) -> Result<Response, Refusal> {
    api.workers
        .answer(|| {
            Ok(Catalogue {
                version: env!("CARGO_PKG_VERSION"),
                objectives: functions()?,
                optimizers: items(rules::CATALOGUE, |rule| &**rule as _),
                schedules: items(schedules::CATALOGUE, |shape| &**shape as _),
                common: params(&Common::default()),
                functions: expression::functions().map(|names| names[0]).collect(),
                limits: Limits {
                    points: MAX_POINTS,
                    optimizers: MAX_OPTIMIZERS,
                    expression: expression::MAX_LENGTH,
                },
            })
        })
        .await
}

fn functions() -> Result<Vec<Item>, Refusal> {
    let mut items = items(objectives::CATALOGUE, |family| &**family as _);
    for item in &mut items {
        item.dim = Some(Objective::parse(item.name)?.dim());
    }
    Ok(items)
}

fn items<T>(entries: &[Entry<T>], hyper: fn(&T) -> &dyn Hyper) -> Vec<Item> {
    let item = |entry: &Entry<T>| Item {
        name: entry.name,
        title: entry.title,
        formula: entry.formula,
        advice: entry.advice,
        source: entry.source,
        dim: None,
        params: params(hyper(&(entry.make)())),
        presets: entry.presets.iter().map(|&(name, sets)| Preset { name, sets: pairs(sets) }).collect(),
    };
    entries.iter().map(item).collect()
}

fn pairs(sets: &'static str) -> Vec<(&'static str, &'static str)> {
    sets.split(',').filter_map(|pair| pair.split_once('=')).collect()
}

fn params(hyper: &dyn Hyper) -> Vec<Param> {
    let described = hyper.params().iter().filter_map(|param| Some((param, hyper.get(param.name)?)));
    let param = |(param, value): (&ravine::Param, Value)| {
        let (min, max, open) = bounds(param.range);
        Param {
            name: param.name,
            doc: param.doc.trim(),
            kind: kind(&value),
            default: value.to_string(),
            range: param.range.to_string(),
            min,
            max,
            open,
            words: if let Range::Words(words) = param.range { words } else { &[] },
        }
    };
    described.map(param).collect()
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Bool(_) => "bool",
        Value::Int(_) => "int",
        Value::Float(_) => "float",
        Value::Pair(_) => "pair",
        Value::Ints(_) => "ints",
        Value::Floats(_) => "floats",
        Value::Word(_) => "word",
    }
}

fn bounds(range: Range) -> (Option<f64>, Option<f64>, [bool; 2]) {
    match range {
        Range::NonNegative => (Some(0.0), None, [false; 2]),
        Range::Positive => (Some(0.0), None, [true, false]),
        Range::UnitOpen => (Some(0.0), Some(1.0), [false, true]),
        Range::Unit => (Some(0.0), Some(1.0), [false; 2]),
        Range::UnitAboveZero => (Some(0.0), Some(1.0), [true, false]),
        Range::AtLeastOne => (Some(1.0), None, [false; 2]),
        Range::Finite | Range::Bool | Range::Rising | Range::Words(_) => (None, None, [false; 2]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_those_that_the_engine_holds_to() {
        for item in items(rules::CATALOGUE, |rule| &**rule as _) {
            for param in item.params.iter().filter(|param| param.kind == "float") {
                let mut rule = rules::parse(item.name).unwrap();
                let mut holds = |value: f64| rule.set(param.name, value).is_ok();
                for (bound, open, outward) in
                    [(param.min, param.open[0], -1e-9), (param.max, param.open[1], 1e-9)]
                {
                    if let Some(bound) = bound {
                        assert_eq!(holds(bound), !open, "{} {}", item.name, param.name);
                        assert!(!holds(bound + outward), "{} {}", item.name, param.name);
                    }
                }
            }
        }
    }
}

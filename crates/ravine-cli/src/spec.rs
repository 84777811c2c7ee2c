//! Specs of optimizers and schedules on the command line, and the TOML files that may hold them.
//!
//! `@file.toml#mine` stands for the table `[schedule.mine]` or `[optimizer.mine]` of a file. A table is put in text form,
//! `name:key=value,key=value`, which the engine reads as it reads any other: there is one grammar.

use crate::failure::{Failure, Result};
use crate::list;
use ravine::{rules, schedules};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::ops::Range;
use toml::{Spanned, Value};

/// More bytes than any file of specs has.
const LARGEST: u64 = 1 << 20;

/// What a spec is of.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    Optimizer,
    Schedule,
}

impl Kind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Optimizer => "optimizer",
            Self::Schedule => "schedule",
        }
    }

    /// What the engine says against a spec.
    fn fault(self, text: &str) -> Option<ravine::Error> {
        match self {
            Self::Optimizer => rules::parse(text).err(),
            Self::Schedule => schedules::parse(text, 0).err(),
        }
    }
}

/// The specs of comma lists. `@file.toml` stands for all of its tables of that kind, in the file's order.
pub(crate) fn list(kind: Kind, texts: &[String]) -> Result<Vec<String>> {
    let mut specs = Vec::new();
    for spec in list::split(texts) {
        match spec.strip_prefix('@') {
            Some(place) => specs.extend(read(kind, place)?),
            None => specs.push(spec),
        }
    }
    Ok(specs)
}

/// A file of specs.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Tables {
    #[serde(default)]
    optimizer: BTreeMap<Spanned<String>, Table>,
    #[serde(default)]
    schedule: BTreeMap<Spanned<String>, Table>,
}

type Table = BTreeMap<Spanned<String>, Spanned<Value>>;

/// What is wrong, and where.
type Fault = (Range<usize>, String);

/// The specs at `file.toml` or `file.toml#name`.
fn read(kind: Kind, place: &str) -> Result<Vec<String>> {
    let (path, wanted) = match place.rsplit_once('#') {
        Some((path, name)) => (path, Some(name)),
        None => (place, None),
    };
    if path.is_empty() {
        return Err(Failure::Usage(format!("'@{place}' names no file; write @file.toml or @file.toml#name")));
    }
    let what = kind.name();
    let text = contents(path)?;
    let tables = tables(kind, &text).map_err(|fault| located(path, &text, fault))?;
    let known = || tables.iter().map(|(name, _)| name.get_ref().as_str()).collect::<Vec<_>>().join(", ");
    if tables.is_empty() {
        return Err(Failure::Usage(format!("{path} has no {what}: it needs a table such as [{what}.mine]")));
    }
    if let Some(name) = wanted
        && !tables.iter().any(|(table, _)| table.get_ref() == name)
    {
        return Err(Failure::Usage(format!("{path} has no {what} '{name}'; it has: {}", known())));
    }
    let chosen = tables.iter().filter(|(name, _)| wanted.is_none_or(|wanted| name.get_ref() == wanted));
    let specs = chosen.map(|(name, table)| {
        spec(kind, name, table).map_err(|(span, problem)| {
            located(path, &text, (span, format!("[{what}.{}]: {problem}", name.get_ref())))
        })
    });
    specs.collect()
}

fn contents(path: &str) -> Result<String> {
    let error = |error: std::io::Error| Failure::Error(format!("cannot read {path}: {error}"));
    let mut text = String::new();
    File::open(path).map_err(error)?.take(LARGEST).read_to_string(&mut text).map_err(error)?;
    if text.len() as u64 == LARGEST {
        return Err(Failure::Error(format!(
            "cannot read {path}: a file of specs is smaller than {LARGEST} bytes"
        )));
    }
    Ok(text)
}

/// The tables of a kind, in the order of the file.
fn tables(kind: Kind, text: &str) -> Result<Vec<(Spanned<String>, Table)>, Fault> {
    let fault = |error: toml::de::Error| (error.span().unwrap_or_default(), error.message().to_string());
    toml::from_str::<toml::Table>(text).map_err(fault)?;
    let tables: Tables = toml::from_str(text).map_err(|error| {
        let (span, problem) = fault(error);
        (span, format!("{problem}; a file of specs has tables such as [optimizer.mine] and [schedule.mine]"))
    })?;
    let tables = match kind {
        Kind::Optimizer => tables.optimizer,
        Kind::Schedule => tables.schedule,
    };
    let mut tables: Vec<_> = tables.into_iter().collect();
    tables.sort_by_key(|(name, _)| name.span().start);
    Ok(tables)
}

/// The text form of a table, which the engine has read without complaint.
fn spec(kind: Kind, name: &Spanned<String>, table: &Table) -> Result<String, Fault> {
    let mut rows: Vec<_> = table.iter().collect();
    rows.sort_by_key(|(key, _)| key.span().start);
    let (head, keys): (Vec<_>, Vec<_>) =
        rows.into_iter().partition(|(key, _)| ["name", "spec"].contains(&key.get_ref().as_str()));
    let (key, value) = match head[..] {
        [one] => one,
        [_, (key, _), ..] => return Err((key.span(), "it has both 'name' and 'spec'; one is enough".into())),
        [] => {
            let problem = "it needs name = \"...\", with hyper-parameters beside it, or spec = \"...\"";
            return Err((name.span(), problem.into()));
        }
    };
    let Value::String(head) = value.get_ref() else {
        return Err((value.span(), format!("{} must be a text in quotes", key.get_ref())));
    };
    if let ("spec", Some((key, _))) = (key.get_ref().as_str(), keys.first()) {
        return Err((key.span(), format!("'{}' beside 'spec': write it inside the spec", key.get_ref())));
    }
    let mut pairs = Vec::new();
    for (key, value) in keys {
        let word = word(value.get_ref()).ok_or_else(|| {
            (
                value.span(),
                format!("{} must be a number, a word, true or false, or a list of numbers", key.get_ref()),
            )
        })?;
        pairs.push((key.span(), format!("{}={word}", key.get_ref())));
    }
    let with =
        |pairs: &[&str]| if pairs.is_empty() { head.clone() } else { format!("{head}:{}", pairs.join(",")) };
    let text = with(&pairs.iter().map(|(_, pair)| pair.as_str()).collect::<Vec<_>>());
    let Some(fault) = kind.fault(&text).map(|fault| fault.to_string()) else {
        return Ok(text);
    };
    // The key to blame is the one that gets the same answer alone.
    let alone = |pair: &str| kind.fault(&with(&[pair])).is_some_and(|alone| alone.to_string() == fault);
    let blamed = pairs.iter().find(|(_, pair)| alone(pair) && kind.fault(head).is_none());
    Err((blamed.map_or(value.span(), |(span, _)| span.clone()), fault))
}

/// A value in text form; none for what no hyper-parameter can be.
fn word(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => (!text.contains(',')).then(|| text.clone()),
        Value::Integer(x) => Some(x.to_string()),
        Value::Float(x) => Some(ravine::Value::Float(*x).to_string()),
        Value::Boolean(x) => Some(x.to_string()),
        Value::Array(list) => {
            let numbers = list.iter().map(|x| if x.is_array() { None } else { word(x) });
            Some(numbers.collect::<Option<Vec<_>>>()?.join("/"))
        }
        Value::Table(_) | Value::Datetime(_) => None,
    }
}

/// A fault with its line.
fn located(path: &str, text: &str, (span, problem): Fault) -> Failure {
    let before = text.get(..span.start).unwrap_or_default();
    Failure::Usage(format!("{path}, line {}: {problem}", before.matches('\n').count() + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn specs(kind: Kind, text: &str) -> Result<Vec<String>, String> {
        let fault = |(span, problem)| match located("f", text, (span, problem)) {
            Failure::Usage(message) => message,
            _ => unreachable!(),
        };
        let tables = tables(kind, text).map_err(fault)?;
        tables.iter().map(|(name, table)| spec(kind, name, table).map_err(fault)).collect()
    }

    #[test]
    fn tables_become_text_in_the_order_of_the_file() {
        let text = "
            [schedule.z]
            name = 'cosine'
            steps = 1000
            warmup = '5%'
            min = 1e-5
            periodic = true
            [optimizer.b]
            name = 'adam'
            lr = 3e-4
            betas = [0.9, 0.95]
            [optimizer.a]
            spec = 'momentum:lr=1'
            [schedule.a]
            spec = 'constant for 50% then cosine'
            [schedule]
            m = { name = 'multi-step', milestones = [30, 0x50] }";
        let schedules = specs(Kind::Schedule, text).unwrap();
        let expected = [
            "cosine:steps=1000,warmup=5%,min=1e-5,periodic=true",
            "constant for 50% then cosine",
            "multi-step:milestones=30/80",
        ];
        assert_eq!(schedules, expected);
        assert_eq!(specs(Kind::Optimizer, text).unwrap(), ["adam:lr=3e-4,betas=0.9/0.95", "momentum:lr=1"]);
    }

    #[test]
    fn the_line_and_the_key_are_named() {
        for (text, expected) in [
            (
                "[schedule.a]\nname='cosine'\nmin=0\nstepz=3",
                "f, line 4: cosine has no 'stepz' (did you mean 'steps'?)",
            ),
            ("[schedule.a]\nname='cosine'\n\nmin=-1", "f, line 4: cosine: min must be 0 or more, not -1"),
            (
                "\n[schedule.a]\nname='cosin'\nmin=1",
                "f, line 3: unknown schedule 'cosin' (did you mean 'cosine'?)",
            ),
            (
                "[schedule.a]\nwarmup=3\nwarmup_shape='exponential'\nname='constant'",
                "f, line 3: constant: warmup_from must be",
            ),
            ("[schedule.a]\nsteps=3", "f, line 1: it needs name = "),
            ("[schedule.a]\nname=3", "f, line 2: name must be a text in quotes"),
            ("[schedule.a]\nname='cosine'\nspec='cosine'", "f, line 3: it has both 'name' and 'spec'"),
            ("[schedule.a]\nspec='cosine'\nmin=1", "f, line 3: 'min' beside 'spec'"),
            ("[schedule.a]\nname='cosine'\nmin='0,steps=3'", "f, line 3: min must be a number"),
            ("[schedule.a]\nname='cosine'\nmin=1979-05-27", "f, line 3: min must be a number"),
            ("[schedule.a]\nname='cosine'\nmin=[[1]]", "f, line 3: min must be a number"),
            (
                "\n[schedul.a]\nname='cosine'",
                "f, line 2: unknown field `schedul`, expected `optimizer` or `schedule`",
            ),
            (
                "[schedule]\nname='cosine'",
                "f, line 2: invalid type: string \"cosine\", expected a map; a file of specs",
            ),
            ("[schedule.a]\nname='cosine", "f, line 2: "),
            ("[schedule.a]\nname='cosine'\nname='step'", "f, line 3: duplicate key"),
        ] {
            let fault = specs(Kind::Schedule, text).unwrap_err();
            assert!(fault.starts_with(expected), "{text}: {fault}");
        }
    }
}

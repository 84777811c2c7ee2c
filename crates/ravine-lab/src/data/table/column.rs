//! What the columns of a table become.

use std::collections::{BTreeMap, BTreeSet};

use super::MOST_VALUES;
use super::rows::{Rows, missing};
use crate::stats::number::count;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Numbers,
    Texts,
}

/// A feature: its value in each row, in the order of the splits.
pub(super) struct Column {
    pub(super) name: String,
    pub(super) values: Vec<f64>,
}

/// A number that can be computed with.
pub(super) fn finite(value: &str) -> Option<f64> {
    value.parse().ok().filter(|number: &f64| number.is_finite())
}

impl Kind {
    /// Numbers, if nine of ten values are: the tenth is a slip of the pen. A column with no value at all is of numbers.
    pub(super) fn of(rows: &Rows, column: usize) -> Self {
        let present = || rows.good.iter().map(|row| row.value(column)).filter(|value| !missing(value));
        let numbers = present().filter(|value| finite(value).is_some()).count();
        if 10 * numbers >= 9 * present().count() { Self::Numbers } else { Self::Texts }
    }

    /// The features of a column, in this order of the rows; the first `train` of them train.
    pub(super) fn columns(
        self,
        rows: &Rows,
        column: usize,
        order: &[usize],
        train: usize,
        notes: &mut Vec<String>,
    ) -> Vec<Column> {
        let name = &rows.header[column];
        let values: Vec<&str> = order.iter().map(|&row| rows.good[row].value(column)).collect();
        let gaps = values.iter().filter(|value| missing(value)).count();
        let columns = match self {
            Self::Numbers => numbers(name, &values, train),
            Self::Texts => {
                let texts: BTreeSet<&str> = values.iter().copied().filter(|value| !missing(value)).collect();
                if texts.len() > MOST_VALUES {
                    let count = texts.len();
                    notes.push(format!(
                        "'{name}' is left out: {count} different texts, at most {MOST_VALUES} are told apart"
                    ));
                    return Vec::new();
                }
                one_hot(name, &values, &texts)
            }
        };
        let used: Vec<Column> =
            columns.into_iter().filter(|column| !constant(&column.values[..train])).collect();
        match (used.is_empty(), self) {
            (true, _) => notes.push(format!("'{name}' is left out: constant over the training rows")),
            (false, Self::Numbers) if gaps > 0 => {
                notes.push(format!(
                    "'{name}': {}, replaced by the mean of the training rows",
                    count(gaps, "missing value")
                ));
            }
            (false, Self::Texts) if gaps > 0 => {
                notes.push(format!("'{name}': {}, none of its texts", count(gaps, "missing value")));
            }
            _ => {}
        }
        used
    }
}

fn numbers(name: &str, values: &[&str], train: usize) -> Vec<Column> {
    let known: Vec<f64> = values[..train].iter().filter_map(|value| finite(value)).collect();
    let mean = known.iter().sum::<f64>() / known.len().max(1) as f64;
    let values = values.iter().map(|value| finite(value).unwrap_or(mean)).collect();
    vec![Column { name: name.into(), values }]
}

fn one_hot(name: &str, values: &[&str], texts: &BTreeSet<&str>) -> Vec<Column> {
    let mut columns: BTreeMap<&str, Column> = texts
        .iter()
        .map(|text| (*text, Column { name: format!("{name}={text}"), values: vec![0.0; values.len()] }))
        .collect();
    for (row, value) in values.iter().enumerate() {
        if let Some(column) = columns.get_mut(value) {
            column.values[row] = 1.0;
        }
    }
    columns.into_values().collect()
}

fn constant(values: &[f64]) -> bool {
    values.iter().all(|value| *value == values[0])
}

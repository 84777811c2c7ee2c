//! The user's own table: a file of comma-separated values with a header.

mod column;
mod rows;

use std::path::Path;

use ravine::catalogue::nearest;
use sha2::{Digest, Sha256};

use super::dataset::{cuts, standardise};
use super::{Dataset, Problem, SPLIT_SEED, files, hex, stratified_order};
use crate::error::{Kind, Result};
use column::{Column, Kind as ColumnKind};
use rows::Rows;

/// A table ready to train on.
#[derive(Clone, Debug, PartialEq)]
pub struct Csv {
    /// Features and what is to be told.
    pub target: Target,
    /// The names of the features; `column=text` for a column of texts.
    pub features: Vec<String>,
    /// What was decided and changed, in plain sentences.
    pub notes: Vec<String>,
    /// The lines left out.
    pub problems: Vec<Problem>,
}

/// What is to be told.
#[derive(Clone, Debug, PartialEq)]
pub enum Target {
    /// A class.
    Classes {
        /// The examples.
        data: Dataset,
        /// The values of the target column, by class.
        names: Vec<String>,
    },
    /// A number.
    Numbers {
        /// The examples; their numbers are less `mean`, over `sd`.
        data: Dataset<f32>,
        /// The mean over the examples to train on.
        mean: f64,
        /// Their standard deviation, in the target's own unit.
        sd: f64,
    },
}

impl Target {
    /// The rows that are used.
    pub fn rows(&self) -> usize {
        match self {
            Self::Classes { data, .. } => data.split().iter().sum(),
            Self::Numbers { data, .. } => data.split().iter().sum(),
        }
    }
}

/// The fewest rows that can be split.
pub const FEWEST: usize = 20;
/// The most different texts of a column that become features, and whole numbers of a target that become classes.
pub const MOST_VALUES: usize = 20;
/// The most classes of a target of texts.
pub const MOST_CLASSES: usize = 1000;

/// Reads a table and prepares it to tell the column `target`.
///
/// The first line names the columns; comma, semicolon or tab parts them, whichever the first line has most of. A column
/// of which nine values of ten are numbers is a feature. One of at most [`MOST_VALUES`] different texts becomes a feature of
/// 0 and 1 for each; with more it is left out. Empty values, `NA`, `N/A`, `NaN`, `null` and `?` are missing: numbers
/// become the mean of the training rows, texts none of their features. Columns that are constant over the training rows
/// are left out. Then each feature is scaled by mean and standard deviation of the training rows.
///
/// A target of texts, or of at most [`MOST_VALUES`] different whole numbers, is a class; other numbers are told as such.
/// 60 % of the rows train, 20 % validate, 20 % test, in stratified order.
///
/// Rows with a wrong number of values, no target, or text for a number are left out and listed. It is an error if these
/// are more than the good ones, and if there are fewer than [`FEWEST`] good ones, one class alone or no feature.
pub fn read(path: &Path, target: &str) -> Result<Csv> {
    let bytes = files::read(path)?;
    let mut rows = Rows::read(path, &bytes)?;
    let at =
        rows.header.iter().position(|name| name == target).ok_or_else(|| unknown(target, &rows.header))?;
    let kinds: Vec<ColumnKind> = (0..rows.header.len()).map(|column| ColumnKind::of(&rows, column)).collect();
    rows.check(&kinds, at)?;
    let bad = |reason: String| -> crate::Error {
        Kind::BadData { place: path.display().to_string(), reason }.into()
    };
    let n = rows.good.len();
    if n < FEWEST {
        return Err(bad(format!(
            "at least {FEWEST} rows are needed, here are {n} good ones{}",
            rows.first_problems()
        )));
    }
    let mut notes = Vec::new();
    let goal = Goal::of(&rows, at, kinds[at]).map_err(bad)?;
    notes.push(goal.note(target));
    let order = match &goal {
        Goal::Classes { y, .. } => stratified_order(y, SPLIT_SEED),
        Goal::Numbers(_) => stratified_order(&vec![0; n], SPLIT_SEED),
    };
    let [train, validation] = cuts(n);
    let mut columns: Vec<Column> = Vec::new();
    for (number, kind) in kinds.iter().enumerate().filter(|(number, _)| *number != at) {
        columns.extend(kind.columns(&rows, number, &order, train, &mut notes));
    }
    if columns.is_empty() {
        return Err(bad(format!("no column besides '{target}' can be used: {}", notes[1..].join("; "))));
    }
    let mut x: Vec<f64> =
        (0..n).flat_map(|row| columns.iter().map(move |column| column.values[row])).collect();
    standardise(&mut x, columns.len(), 0..train);
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    let data = Dataset {
        name,
        x: x.iter().map(|&x| x as f32).collect(),
        y: Vec::new(),
        features: columns.len(),
        shape: vec![columns.len()],
        classes: 0,
        train: 0..train,
        validation: train..validation,
        test: validation..n,
        sha256: hex(&Sha256::digest(&bytes)),
    };
    let features = columns.into_iter().map(|column| column.name).collect();
    Ok(Csv { target: goal.target(data, &order), features, notes, problems: rows.problems })
}

fn unknown(target: &str, header: &[String]) -> crate::Error {
    let mut known = header.join(", ");
    if let Some(near) = nearest(target, header.iter().map(String::as_str)) {
        known.push_str(&format!("; did you mean '{near}'?"));
    }
    Kind::UnknownName { what: "column", name: target.into(), known }.into()
}

/// What is to be told, row after row of the file.
enum Goal {
    Classes { y: Vec<u32>, names: Vec<String> },
    Numbers(Vec<f64>),
}

impl Goal {
    fn of(rows: &Rows, at: usize, kind: ColumnKind) -> Result<Self, String> {
        let name = &rows.header[at];
        let values = || rows.good.iter().map(|row| row.value(at));
        let mut names: Vec<String> = values().map(String::from).collect();
        if kind == ColumnKind::Numbers {
            let mut numbers: Vec<f64> = values().filter_map(|value| value.parse().ok()).collect();
            let y = numbers.clone();
            numbers.sort_by(f64::total_cmp);
            numbers.dedup();
            if numbers.len() > MOST_VALUES || numbers.iter().any(|number| number.fract() != 0.0) {
                return match numbers.len() {
                    1 => Err(format!("the target '{name}' is the same in every row")),
                    _ => Ok(Self::Numbers(y)),
                };
            }
            // 1 and 1.0 are one class.
            names = y.iter().map(f64::to_string).collect();
        }
        let all = names.clone();
        match kind {
            ColumnKind::Numbers => names.sort_by(|a, b| number(a).total_cmp(&number(b))),
            ColumnKind::Texts => names.sort(),
        }
        names.dedup();
        match names.len() {
            1 => Err(format!("the target '{name}' is '{}' in every row", names[0])),
            count if count > MOST_CLASSES || 2 * count > all.len() => Err(format!(
                "the target '{name}' has {count} different texts in {} rows: too many classes",
                all.len()
            )),
            _ => {
                let class = |value: &String| names.iter().position(|name| name == value).unwrap_or(0) as u32;
                Ok(Self::Classes { y: all.iter().map(class).collect(), names })
            }
        }
    }

    fn note(&self, target: &str) -> String {
        match self {
            Self::Classes { names, .. } => {
                format!("'{target}' has {} different values: classes to tell", names.len())
            }
            Self::Numbers(_) => format!("'{target}' holds numbers: numbers to tell"),
        }
    }

    fn target(self, data: Dataset, order: &[usize]) -> Target {
        match self {
            Self::Classes { y, names } => {
                let y = order.iter().map(|&row| y[row]).collect();
                Target::Classes { data: Dataset { y, classes: names.len(), ..data }, names }
            }
            Self::Numbers(y) => {
                let y: Vec<f64> = order.iter().map(|&row| y[row]).collect();
                let training = &y[data.train.clone()];
                let count = training.len() as f64;
                let mean = training.iter().sum::<f64>() / count;
                let sd = (training.iter().map(|y| (y - mean).powi(2)).sum::<f64>() / count).sqrt();
                let sd = if sd > 0.0 { sd } else { 1.0 };
                let y = y.iter().map(|y| ((y - mean) / sd) as f32).collect();
                let Dataset { name, x, features, shape, classes, train, validation, test, sha256, .. } = data;
                let data = Dataset { name, x, y, features, shape, classes, train, validation, test, sha256 };
                Target::Numbers { data, mean, sd }
            }
        }
    }
}

fn number(text: &str) -> f64 {
    text.parse().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(text: &str, target: &str) -> Result<Csv> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("table.csv");
        std::fs::write(&path, text).unwrap();
        read(&path, target)
    }

    /// A header and this many lines made by `line`.
    fn table(header: &str, rows: usize, line: impl Fn(usize) -> String) -> String {
        let lines: String = (0..rows).map(|row| line(row) + "\n").collect();
        format!("{header}\n{lines}")
    }

    fn classes(csv: &Csv) -> (&Dataset, &[String]) {
        match &csv.target {
            Target::Classes { data, names } => (data, names),
            Target::Numbers { .. } => panic!("numbers"),
        }
    }

    #[track_caller]
    fn refused(text: &str, target: &str, words: &[&str]) -> crate::Error {
        let error = read_text(text, target).unwrap_err();
        let message = error.to_string();
        words.iter().for_each(|word| assert!(message.contains(word), "'{message}' does not say '{word}'"));
        error
    }

    const KINDS: [&str; 3] = ["pine", "oak", "elm"];

    #[test]
    fn numbers_texts_and_classes_are_told_apart_whatever_parts_them() {
        for part in [",", ";", "\t"] {
            let text = table("height,soil,kind", 30, |i| {
                format!("{}.5,{},{}", i, ["wet", "dry"][i / 3 % 2], KINDS[i % 3])
            });
            let csv = read_text(&text.replace(',', part), "kind").unwrap();
            assert_eq!(csv.features, ["height", "soil=dry", "soil=wet"]);
            let (data, names) = classes(&csv);
            assert_eq!(names, ["elm", "oak", "pine"]);
            assert_eq!((data.classes, data.split(), data.shape.clone()), (3, [18, 6, 6], vec![3]));
            for j in 0..3 {
                let column = data.train.clone().map(|i| f64::from(data.row(i)[j]));
                let square = column.clone().map(|x| x * x).sum::<f64>() / 18.0;
                assert!(column.sum::<f64>().abs() < 1e-5 && (square - 1.0).abs() < 1e-5);
            }
            assert_eq!(csv.notes, ["'kind' has 3 different values: classes to tell"]);
        }
    }

    #[test]
    fn a_target_of_few_whole_numbers_is_a_class_and_one_of_many_numbers_a_number() {
        let few = read_text(&table("a,y", 40, |i| format!("{i},{}", i % 12)), "y").unwrap();
        let (data, names) = classes(&few);
        // Sorted as numbers.
        assert_eq!((&names[9], &names[10], data.classes), (&"9".into(), &"10".into(), 12));
        let many = read_text(&table("a,y", 40, |i| format!("{i},{}", 100 + 2 * i)), "y").unwrap();
        let Target::Numbers { data, mean, sd } = &many.target else { panic!("classes") };
        // The number is a line in the feature, so scaled they are one.
        assert!((0..40).all(|i| (data.row(i)[0] - data.y[i]).abs() < 1e-5));
        assert!((100.0..180.0).contains(mean) && *sd > 10.0);
        assert_eq!(many.notes, ["'y' holds numbers: numbers to tell"]);
        let real = read_text(&table("a,y", 40, |i| format!("{i},{}.5", i % 3)), "y").unwrap();
        assert!(matches!(real.target, Target::Numbers { .. }));
    }

    #[test]
    fn missing_values_become_the_training_mean_and_are_counted() {
        let text = table("a,b,y", 40, |i| match i % 8 {
            0 => format!("?,{i},{}", i % 2),
            1 => format!(",{i},{}", i % 2),
            2 => format!("NA,{i},{}", i % 2),
            _ => format!("{i},{i},{}", i % 2),
        });
        let csv = read_text(&text, "y").unwrap();
        assert!(csv.notes[1].contains("'a': 15 missing values, replaced by the mean"), "{:?}", csv.notes);
        let (data, _) = classes(&csv);
        assert_eq!((0..40).filter(|&i| data.row(i)[0].abs() < 1e-6).count(), 15);
        assert!(csv.problems.is_empty());
    }

    #[test]
    fn bad_rows_are_left_out_with_their_lines() {
        let text = table("a,b,y", 40, |i| match i {
            4 => "1,2".into(),
            5 => "1,2,".into(),
            6 => "1,twelve,0".into(),
            7 => "inf,2,0".into(),
            _ => format!("{i},{},{}", i * i % 7, i % 2),
        });
        let csv = read_text(&text, "y").unwrap();
        let said: Vec<String> = csv.problems.iter().map(Problem::to_string).collect();
        let expected = [
            "line 6: 2 values, the header has 3",
            "line 7: no value of 'y'",
            "line 8: 'twelve' in column 'b' is not a number",
            "line 9: 'inf' in column 'a' is not a number",
        ];
        assert_eq!(said.len(), 4, "{said:?}");
        for (said, expected) in said.iter().zip(expected) {
            assert!(said.ends_with(expected), "{said}");
        }
        assert_eq!(classes(&csv).0.y.len(), 36);
        let mut bytes = text.into_bytes();
        let line = bytes.windows(4).position(|four| four == b"\n30,").unwrap();
        bytes[line + 1] = 0xff;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.csv");
        std::fs::write(&path, bytes).unwrap();
        assert!(read(&path, "y").unwrap().problems[4].to_string().contains("line 32: not UTF-8"));
    }

    #[test]
    fn useless_columns_are_left_out_with_a_word() {
        let text = table("name,same,a,y", 40, |i| format!("n{i},3,{i},{}", i % 2));
        let csv = read_text(&text, "y").unwrap();
        assert_eq!(csv.features, ["a"]);
        assert!(csv.notes[1].contains("'name' is left out: 40 different texts"), "{:?}", csv.notes);
        assert!(csv.notes[2].contains("'same' is left out: constant"), "{:?}", csv.notes);
        refused(
            &table("name,same,y", 40, |i| format!("n{i},3,{}", i % 2)),
            "y",
            &["no column besides 'y'", "name", "same"],
        );
    }

    #[test]
    fn what_cannot_be_learned_is_refused() {
        let good = |rows| table("height,kind", rows, |i| format!("{i},{}", KINDS[i % 3]));
        let error =
            refused(&good(30), "knd", &["unknown column 'knd'", "height, kind", "did you mean 'kind'?"]);
        assert!(error.is_usage());
        refused(&good(19), "kind", &["table.csv", "at least 20 rows", "19"]);
        refused("", "kind", &["table.csv", "empty"]);
        refused("height,kind\n", "kind", &["at least 20 rows", "0 good"]);
        refused("a,a\n1,2\n", "a", &["'a' is named twice"]);
        refused("a,\n1,2\n", "a", &["column 2 has no name"]);
        refused(&table("a,y", 30, |i| format!("{i},oak")), "y", &["'y' is 'oak' in every row"]);
        refused(&table("a,y", 30, |i| format!("{i},n{i}")), "y", &["30 different texts in 30 rows"]);
        refused(&table("a,y", 30, |i| format!("{i},0.5")), "y", &["'y' is the same in every row"]);
        let half = table("a,y", 30, |i| if i % 3 == 0 { format!("{i},{}", i % 2) } else { "1,2,3".into() });
        refused(&half, "y", &["20 of 30 rows", "line 3: 3 values, the header has 2", "and 15 more"]);
        let message = read(Path::new("no/such.csv"), "y").unwrap_err().to_string();
        assert!(message.contains("cannot read no/such.csv"), "{message}");
    }

    proptest::proptest! {
        #[test]
        fn nothing_makes_it_panic(text in "(a,b|a;b)\n[ab0-9.,;\t\"\n?-]{0,300}") {
            let _ = read_text(&text, "a");
        }
    }

    #[test]
    fn quotes_and_a_byte_order_mark_are_understood() {
        let text = table("\u{feff}\"a;b\",y", 24, |i| format!("\"{i}\",\"x, {}\"", i % 2));
        let csv = read_text(&text, "y").unwrap();
        assert_eq!((&csv.features[0][..], classes(&csv).1), ("a;b", &["x, 0".into(), "x, 1".into()][..]));
    }
}

//! What is wrong with data, said before a model is trained on it.

use std::collections::HashMap;

use super::{Dataset, Split};

const SPLITS: [(Split, &str); 3] =
    [(Split::Train, "training"), (Split::Validation, "validation"), (Split::Test, "test")];

/// A class that has less than this share of what it had if all were equally frequent is rare.
const RARE: f64 = 0.1;
/// Features whose standard deviations differ by more than this factor are of different scale.
const SCALES: f64 = 100.0;

/// Something about data, in a plain sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// Whether nothing can be learnt from the data as they are, or not all that there is to be told. What is not grave is
    /// worth knowing, and many sets that train well have some of it.
    pub grave: bool,
    /// What.
    pub text: String,
}

fn grave(text: String) -> Remark {
    Remark { grave: true, text }
}

fn note(text: String) -> Remark {
    Remark { grave: false, text }
}

/// What is wrong with examples and classes; none if nothing is:
///
/// inputs that are no finite numbers, features that are constant over the training part or whose standard deviations there
/// differ by more than a factor of 100, rows of the training part that come again in another part, one class alone, classes
/// that a part has not, classes with less than a tenth of an equal share.
pub fn look(data: &Dataset) -> Vec<Remark> {
    let mut found = inputs(data);
    classes(data, &mut found);
    found
}

/// What is wrong with examples and numbers to be told: as [`look`], and numbers that are not finite or all the same.
pub fn look_at_numbers(data: &Dataset<f32>) -> Vec<Remark> {
    let mut found = inputs(data);
    let bad = data.y.iter().filter(|y| !y.is_finite()).count();
    if bad > 0 {
        found.push(grave(format!("{bad} of {} numbers to be told are NaN or infinite", data.y.len())));
    }
    let train = &data.y[data.train.clone()];
    if let [first, rest @ ..] = train
        && rest.iter().all(|y| y == first)
    {
        found.push(grave(format!("the number to be told is {first} in all {} training rows", train.len())));
    }
    found
}

fn inputs<Y>(data: &Dataset<Y>) -> Vec<Remark> {
    let mut found = Vec::new();
    not_finite(data, &mut found);
    scales(data, &mut found);
    leaks(data, &mut found);
    found
}

fn not_finite<Y>(data: &Dataset<Y>, found: &mut Vec<Remark>) {
    let bad = |row: usize| data.row(row).iter().filter(|x| !x.is_finite()).count();
    let rows: Vec<usize> = (0..data.y.len()).filter(|&row| bad(row) > 0).collect();
    if let [first, ..] = rows[..] {
        let values: usize = rows.iter().map(|&row| bad(row)).sum();
        found.push(grave(format!(
            "{values} inputs in {} of {} rows are NaN or infinite, the first in row {first}",
            rows.len(),
            data.y.len()
        )));
    }
}

fn scales<Y>(data: &Dataset<Y>, found: &mut Vec<Remark>) {
    let count = data.train.len() as f64;
    let sd = |feature: usize| {
        let column = || data.train.clone().map(|row| f64::from(data.row(row)[feature]));
        let mean = column().sum::<f64>() / count;
        (column().map(|x| (x - mean).powi(2)).sum::<f64>() / count).sqrt()
    };
    let constant = |feature: usize| {
        let first = data.row(data.train.start)[feature];
        data.train.clone().all(|row| data.row(row)[feature] == first)
    };
    if data.train.is_empty() {
        return found.push(grave("there are no training rows".into()));
    }
    let (still, moving): (Vec<usize>, Vec<usize>) =
        (0..data.features).partition(|&feature| constant(feature));
    if !still.is_empty() {
        found.push(note(format!(
            "{} of {} features are constant over the training rows: {}",
            still.len(),
            data.features,
            first_few(&still)
        )));
    }
    // The brightness of pixels is one scale, however little those at the border vary.
    if data.shape.len() > 1 {
        return;
    }
    let mut sds: Vec<(f64, usize)> =
        moving.into_iter().map(|feature| (sd(feature), feature)).filter(|(sd, _)| sd.is_finite()).collect();
    sds.sort_by(|a, b| a.0.total_cmp(&b.0));
    if let [(least, small), .., (most, large)] = sds[..]
        && most > SCALES * least
    {
        found.push(note(format!(
            "features are of very different scale: the standard deviation of feature {large} is {:.0} times that of \
             feature {small}",
            most / least
        )));
    }
}

/// Rows of the training part that come again.
fn leaks<Y>(data: &Dataset<Y>, found: &mut Vec<Remark>) {
    let bits = |row: usize| data.row(row).iter().map(|x| x.to_bits()).collect::<Vec<u32>>();
    // By a number for each row first, so that not all rows are held twice.
    let key = |row: usize| {
        data.row(row).iter().fold(0xcbf2_9ce4_8422_2325u64, |key, x| {
            (key ^ u64::from(x.to_bits())).wrapping_mul(0x0000_0100_0000_01b3)
        })
    };
    let mut known: HashMap<u64, Vec<usize>> = HashMap::new();
    data.train.clone().for_each(|row| known.entry(key(row)).or_default().push(row));
    for (split, name) in &SPLITS[1..] {
        let range = data.range(*split);
        // A set that is used whole says so by the ranges.
        if range == data.train || range.is_empty() {
            continue;
        }
        let again = |row: &usize| {
            known.get(&key(*row)).is_some_and(|rows| rows.iter().any(|&other| bits(other) == bits(*row)))
        };
        let count = range.clone().filter(again).count();
        if count > 0 {
            found.push(note(format!(
                "{count} of {} {name} rows are training rows too: their result says nothing about new data",
                range.len()
            )));
        }
    }
}

fn classes(data: &Dataset, found: &mut Vec<Remark>) {
    let count = |split: Split| {
        let mut counts = vec![0usize; data.classes];
        data.y[data.range(split)].iter().for_each(|&class| {
            if let Some(count) = counts.get_mut(class as usize) {
                *count += 1;
            }
        });
        counts
    };
    let outside = data.y.iter().filter(|&&class| class as usize >= data.classes).count();
    if outside > 0 {
        found.push(grave(format!(
            "{outside} of {} rows have a class that is not one of the {}",
            data.y.len(),
            data.classes
        )));
    }
    let train = count(Split::Train);
    let present: Vec<usize> = (0..data.classes).filter(|&class| train[class] > 0).collect();
    if let [only] = present[..] {
        found.push(grave(format!("all {} training rows have class {only}", data.train.len())));
        return;
    }
    for (split, name) in SPLITS {
        let counts = count(split);
        let without: Vec<usize> = (0..data.classes).filter(|&class| counts[class] == 0).collect();
        if !without.is_empty() && !data.range(split).is_empty() {
            let text = format!(
                "{} of {} classes have no {name} row: {}",
                without.len(),
                data.classes,
                first_few(&without)
            );
            found.push(Remark { grave: split == Split::Train, text });
        }
    }
    let equal = data.train.len() as f64 / data.classes as f64;
    let rare: Vec<usize> =
        present.iter().copied().filter(|&class| (train[class] as f64) < RARE * equal).collect();
    if let (Some(&least), Some(&most)) = (rare.first(), present.iter().max_by_key(|&&class| train[class])) {
        found.push(note(format!(
            "{} of {} classes are rare in training: class {least} has {} rows, class {most} has {}",
            rare.len(),
            data.classes,
            train[least],
            train[most]
        )));
    }
}

/// `0, 3, 7`, of many the first few.
fn first_few(numbers: &[usize]) -> String {
    const SHOWN: usize = 8;
    let shown: Vec<String> = numbers.iter().take(SHOWN).map(usize::to_string).collect();
    match numbers.len() > SHOWN {
        true => format!("{} and {} more", shown.join(", "), numbers.len() - SHOWN),
        false => shown.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::super::DATASETS;
    use super::*;

    /// Thirty rows of two features and three classes with nothing wrong.
    fn good() -> Dataset {
        Dataset {
            name: "good".into(),
            x: (0..60).map(|i| ((i * 37 % 61) as f32).sqrt()).collect(),
            y: (0..30).map(|i| i % 3).collect(),
            features: 2,
            shape: vec![2],
            classes: 3,
            train: 0..18,
            validation: 18..24,
            test: 24..30,
            sha256: String::new(),
        }
    }

    #[track_caller]
    fn said(grave: bool, change: impl Fn(&mut Dataset), expected: &str) {
        let mut data = good();
        change(&mut data);
        let found = look(&data);
        assert!(found.len() == 1 && found[0].grave == grave && found[0].text.contains(expected), "{found:?}");
    }

    #[test]
    fn good_data_has_no_trouble() {
        assert!(look(&good()).is_empty());
        let whole = Dataset { train: 0..30, validation: 0..30, test: 0..30, ..good() };
        assert!(look(&whole).is_empty());
    }

    #[test]
    fn each_trouble_is_said_with_its_counts() {
        said(
            true,
            |data| {
                data.x[4] = f32::NAN;
                data.x[5] = f32::INFINITY;
                data.x[50] = f32::NAN;
            },
            "3 inputs in 2 of 30 rows are NaN or infinite, the first in row 2",
        );
        said(
            false,
            |data| (0..18).for_each(|i| data.x[2 * i] = 4.0),
            "1 of 2 features are constant over the training rows: 0",
        );
        said(false, |data| (0..30).for_each(|i| data.x[2 * i] *= 1e4), "standard deviation of feature 0 is");
        said(false, |data| data.x.copy_within(0..4, 40), "2 of 6 validation rows are training rows too");
        said(false, |data| data.x.copy_within(0..4, 50), "2 of 6 test rows are training rows too");
        said(true, |data| data.y.fill(1), "all 18 training rows have class 1");
        said(false, |data| data.y[24..].fill(0), "2 of 3 classes have no test row: 1, 2");
        said(true, |data| data.y[3] = 7, "1 of 30 rows have a class that is not one of the 3");
        said(
            true,
            |data| data.y[..18].iter_mut().filter(|y| **y == 2).for_each(|y| *y = 0),
            "1 of 3 classes have no training row: 2",
        );
    }

    #[test]
    fn a_rare_class_is_told_from_the_common_one() {
        let data = Dataset {
            x: (0..400).map(|i| ((i * 37 % 401) as f32).sqrt()).collect(),
            y: (0..200).map(|i| u32::from([7, 130, 170].contains(&i))).collect(),
            classes: 2,
            train: 0..120,
            validation: 120..160,
            test: 160..200,
            ..good()
        };
        assert_eq!(
            look(&data),
            [note("1 of 2 classes are rare in training: class 1 has 1 rows, class 0 has 119".into())]
        );
    }

    #[test]
    fn numbers_to_be_told_are_looked_at_too() {
        let Dataset { name, x, features, shape, train, validation, test, sha256, .. } = good();
        let y = vec![2.0; 30];
        let mut data = Dataset { name, x, y, features, shape, classes: 0, train, validation, test, sha256 };
        assert_eq!(
            look_at_numbers(&data),
            [grave("the number to be told is 2 in all 18 training rows".into())]
        );
        data.y[3] = f32::NAN;
        assert_eq!(look_at_numbers(&data), [grave("1 of 30 numbers to be told are NaN or infinite".into())]);
    }

    #[test]
    fn what_the_embedded_sets_are_known_for_is_found() {
        let found = |name: &str| {
            let entry = DATASETS.iter().find(|entry| entry.name == name).unwrap();
            look(&(entry.load)(None).unwrap())
        };
        // Digits have pixels that are always black, iris has one flower twice.
        assert!(found("iris")[0].text.contains("1 of 30 test rows are training rows too"));
        assert!(found("digits")[0].text.contains("features are constant over the training rows: 0"));
        assert!(found("wine").is_empty());
        assert!(found("breast-cancer").is_empty());
    }
}

//! The options of a workload, and its text form `name:key=value,key=value`.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::Entry;
use crate::error::{Kind, Result};

/// An option that a workload takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Its key.
    pub name: &'static str,
    /// Its value where none is given, as text.
    pub default: &'static str,
    /// What it means, in a line.
    pub help: &'static str,
}

impl Choice {
    /// An option.
    pub const fn new(name: &'static str, default: &'static str, help: &'static str) -> Self {
        Self { name, default, help }
    }
}

/// What a workload is made from: its options, and the folder its data is looked for in.
#[derive(Clone, Debug)]
pub struct Setup {
    name: &'static str,
    choices: &'static [Choice],
    /// A value for each choice.
    values: Vec<String>,
    data: Option<PathBuf>,
}

impl Setup {
    /// The options of `entry` that the text after its name gives, `key=value,key=value`, and the defaults of the others.
    /// A comma in a value is written `\,`.
    pub(super) fn parse(entry: &Entry, pairs: &str, data: Option<&Path>) -> Result<Self> {
        let mut values: Vec<Option<String>> = vec![None; entry.choices.len()];
        for pair in split(pairs) {
            let bad = |what: String| Kind::BadSpec { name: entry.name, what };
            let Some((key, value)) = pair.split_once('=') else {
                return Err(bad(format!("'{pair}' is not of the form key=value")).into());
            };
            let (key, value) = (key.trim(), value.trim());
            let Some(i) = entry.choices.iter().position(|choice| choice.name == key) else {
                let known: Vec<&str> = entry.choices.iter().map(|choice| choice.name).collect();
                let known = if known.is_empty() { "none".into() } else { known.join(", ") };
                return Err(bad(format!("it has no option '{key}'; it has: {known}")).into());
            };
            if values[i].replace(value.into()).is_some() {
                return Err(bad(format!("'{key}' is given twice")).into());
            }
        }
        let default =
            |(value, choice): (Option<String>, &Choice)| value.unwrap_or_else(|| choice.default.into());
        let values = values.into_iter().zip(entry.choices).map(default).collect();
        Ok(Self { name: entry.name, choices: entry.choices, values, data: data.map(PathBuf::from) })
    }

    /// The shortest text form: the name, and the options that differ from their defaults.
    pub fn spec(&self) -> String {
        let changed =
            self.choices.iter().zip(&self.values).filter(|(choice, value)| choice.default != *value);
        let pairs: Vec<String> =
            changed.map(|(choice, value)| format!("{}={}", choice.name, value.replace(',', "\\,"))).collect();
        if pairs.is_empty() { self.name.into() } else { format!("{}:{}", self.name, pairs.join(",")) }
    }

    /// The folder to look for data in; `None` for the default place.
    pub fn data(&self) -> Option<&Path> {
        self.data.as_deref()
    }

    /// The value of an option as text.
    ///
    /// # Panics
    /// If the workload has no such option.
    pub fn text(&self, name: &str) -> &str {
        let index = self.choices.iter().position(|choice| choice.name == name);
        &self.values[index.expect("an option that the workload lists")]
    }

    /// The value of an option as a number in a range.
    ///
    /// # Errors
    /// It is no number, or out of the range.
    pub fn number<T: FromStr + PartialOrd + Display>(
        &self,
        name: &str,
        range: RangeInclusive<T>,
    ) -> Result<T> {
        let value = self.text(name);
        let expected = || format!("a number from {} to {}", range.start(), range.end());
        match value.parse() {
            Ok(number) if range.contains(&number) => Ok(number),
            _ => Err(self.refuse(name, &expected())),
        }
    }

    /// The value of an option that is one of a few words.
    ///
    /// # Errors
    /// It is none of them.
    pub fn one_of<T: Copy>(&self, name: &str, known: &[(&str, T)]) -> Result<T> {
        let value = self.text(name);
        let found = known.iter().find(|(word, _)| *word == value);
        let words: Vec<&str> = known.iter().map(|(word, _)| *word).collect();
        found.map(|(_, meaning)| *meaning).ok_or_else(|| self.refuse(name, &words.join(", ")))
    }

    /// Says that the value of an option is not what was expected.
    pub(crate) fn refuse(&self, name: &str, expected: &str) -> crate::Error {
        self.wrong(format!("{name} must be {expected}, not '{}'", self.text(name)))
    }

    /// Says what is wrong with the value of an option.
    pub(crate) fn wrong(&self, what: impl Display) -> crate::Error {
        Kind::BadSpec { name: self.name, what: what.to_string() }.into()
    }
}

/// The spec of a workload with an option set, in place of the value it has there; `None` if it takes no such option, or
/// there is no such workload.
pub fn with(spec: &str, key: &str, value: &str) -> Option<String> {
    let (name, pairs) = spec.split_once(':').unwrap_or((spec, ""));
    let entry = super::WORKLOADS.iter().find(|entry| entry.name == name.trim())?;
    entry.choices.iter().find(|choice| choice.name == key)?;
    let other = |pair: &String| pair.split_once('=').is_none_or(|(known, _)| known.trim() != key);
    let escaped = |text: String| text.replace(',', "\\,");
    let kept = split(pairs).into_iter().filter(other).map(escaped);
    let pairs: Vec<String> = kept.chain([format!("{key}={}", escaped(value.into()))]).collect();
    Some(format!("{}:{}", entry.name, pairs.join(",")))
}

/// The parts between commas that no backslash stands before.
fn split(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let last = parts.last_mut().expect("never empty");
        match c {
            '\\' if rest.peek() == Some(&',') => last.extend(rest.next()),
            ',' => parts.push(String::new()),
            c => last.push(c),
        }
    }
    parts.retain(|part| !part.trim().is_empty());
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workloads::Field;

    const ENTRY: Entry = Entry {
        name: "thing",
        title: "a thing",
        field: Field::Tabular,
        choices: &[Choice::new("depth", "2", "layers"), Choice::new("file", "", "a file")],
        load: |_| unreachable!("only parsed"),
    };

    #[test]
    fn options_are_read_and_written() {
        let setup = Setup::parse(&ENTRY, "file=a\\,b=c.txt, depth=20", None).unwrap();
        assert_eq!((setup.text("file"), setup.number("depth", 1..=50).unwrap()), ("a,b=c.txt", 20));
        assert_eq!(setup.spec(), "thing:depth=20,file=a\\,b=c.txt");
        let plain = Setup::parse(&ENTRY, "depth=2", None).unwrap();
        assert_eq!((plain.text("file"), plain.spec()), ("", "thing".into()));
    }

    #[test]
    fn an_option_is_put_in_place_of_another() {
        assert_eq!(with("digits-mlp", "depth", "3").unwrap(), "digits-mlp:depth=3");
        assert_eq!(
            with("digits-mlp:depth=20,width=8/4", "depth", "3").unwrap(),
            "digits-mlp:width=8/4,depth=3"
        );
        assert_eq!(with("digits-mlp", "height", "3"), None);
        assert_eq!(with("digit", "depth", "3"), None);
    }

    #[test]
    fn what_is_wrong_is_said() {
        let parse = |text: &str| Setup::parse(&ENTRY, text, None);
        for (text, part) in [("depth", "key=value"), ("width=3", "depth, file"), ("depth=1,depth=2", "twice")]
        {
            let message = parse(text).unwrap_err().to_string();
            assert!(message.contains("thing") && message.contains(part), "{message}");
        }
        for value in ["0", "51", "x", "", "nan"] {
            let setup = parse(&format!("depth={value}")).unwrap();
            let message = setup.number("depth", 1.0..=50.0).unwrap_err().to_string();
            assert!(message.contains("depth must be a number from 1 to 50"), "{message}");
        }
        let message = parse("file=x").unwrap().one_of("file", &[("a", 1), ("b", 2)]).unwrap_err().to_string();
        assert!(message.contains("file must be a, b, not 'x'"), "{message}");
    }
}

//! Catalogues of named things, and the text form `name:key=value,key=value`.

use crate::error::{Kind, Result};
use crate::hyper::{self, Hyper};

/// What a catalogue says of one of its things.
pub struct Entry<T: 'static> {
    /// Its name in text, lower case.
    pub name: &'static str,
    /// Other names, each standing for this one with some hyper-parameters set: (`momentum`, `momentum=0.9`).
    pub presets: &'static [(&'static str, &'static str)],
    /// What it is, in a few words.
    pub title: &'static str,
    /// The formula, as plain text.
    pub formula: &'static str,
    /// When to use it, in a line.
    pub advice: &'static str,
    /// Paper and section.
    pub source: &'static str,
    /// Makes it with its defaults.
    pub make: fn() -> T,
}

/// The thing that a text such as `name:key=value,key=value` stands for: a name or preset from the catalogue, and
/// hyper-parameters that differ from its defaults. `what` is the kind of thing, named in errors; `hyper` gives access to
/// the hyper-parameters of one.
///
/// # Errors
/// An unknown name or hyper-parameter, with those there are; a value out of its range.
pub fn parse<T>(
    what: &'static str,
    catalogue: &'static [Entry<T>],
    text: &str,
    hyper: fn(&mut T) -> &mut dyn Hyper,
) -> Result<T> {
    let (name, pairs) = split(text)?;
    let (entry, preset) = find(what, catalogue, name)?;
    let mut made = (entry.make)();
    apply(hyper(&mut made), name, &split_pairs(preset)?)?;
    apply(hyper(&mut made), name, &pairs)?;
    Ok(made)
}

/// Finds an entry by its name or a preset of it; the latter with the preset's hyper-parameters.
pub(crate) fn find<T>(
    what: &'static str,
    catalogue: &'static [Entry<T>],
    name: &str,
) -> Result<(&'static Entry<T>, &'static str)> {
    for entry in catalogue {
        if entry.name == name {
            return Ok((entry, ""));
        }
        if let Some((_, keys)) = entry.presets.iter().find(|(preset, _)| *preset == name) {
            return Ok((entry, keys));
        }
    }
    let names = catalogue
        .iter()
        .flat_map(|entry| std::iter::once(entry.name).chain(entry.presets.iter().map(|preset| preset.0)));
    Err(Kind::UnknownName { what, name: name.into(), known: names.collect::<Vec<_>>().join(", ") }.into())
}

/// Splits `name:key=value,key=value` into the name and its pairs.
pub(crate) fn split(text: &str) -> Result<(&str, Vec<(&str, &str)>)> {
    let (name, rest) = text.split_once(':').unwrap_or((text, ""));
    if name.trim().is_empty() {
        let reason = "it has no name; write name or name:key=value,key=value".into();
        return Err(Kind::BadSpec { text: text.into(), reason }.into());
    }
    Ok((name.trim(), split_pairs(rest)?))
}

/// Splits `key=value,key=value`.
pub(crate) fn split_pairs(text: &str) -> Result<Vec<(&str, &str)>> {
    let bad = |reason: String| Kind::BadSpec { text: text.into(), reason };
    let mut pairs: Vec<(&str, &str)> = Vec::new();
    for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        let Some((key, value)) = part.split_once('=') else {
            return Err(bad(format!("'{part}' is not of the form key=value")).into());
        };
        let key = key.trim();
        if pairs.iter().any(|(seen, _)| *seen == key) {
            return Err(bad(format!("'{key}' is given twice")).into());
        }
        pairs.push((key, value.trim()));
    }
    Ok(pairs)
}

/// Sets the pairs on a thing.
pub(crate) fn apply<H: Hyper + ?Sized>(hyper: &mut H, owner: &str, pairs: &[(&str, &str)]) -> Result<()> {
    pairs.iter().try_for_each(|(key, value)| hyper::set_text(hyper, owner, key, value))
}

/// The shortest text form: the name and what differs from the defaults.
pub fn spec<H: Hyper + ?Sized>(name: &str, hyper: &H, defaults: &H) -> String {
    let changed: Vec<String> = hyper
        .params()
        .iter()
        .filter_map(|param| {
            let value = hyper.get(param.name)?;
            (Some(&value) != defaults.get(param.name).as_ref()).then(|| format!("{}={value}", param.name))
        })
        .collect();
    if changed.is_empty() { name.into() } else { format!("{name}:{}", changed.join(",")) }
}

/// The known name nearest to a mistyped one, if it is near.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = 1 + name.chars().count() / 4;
    let nearest = known.into_iter().map(|candidate| (edit_distance(name, candidate), candidate)).min()?;
    (nearest.0 <= limit).then_some(nearest.1)
}

/// Levenshtein's distance.
fn edit_distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, &y) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distance_counts_edits() {
        assert_eq!(edit_distance("kitten", "sitting"), 3);
        assert_eq!(edit_distance("", "adam"), 4);
    }
}

//! Wrappers: what a step does around any rule, in text form.
//!
//! A text such as `adamw:lr=1e-3 + lookahead:steps=5 + ema:decay=0.999` names a rule and then its wrappers, each a name of
//! the [`CATALOGUE`] with its hyper-parameters. The value of the first may stand alone: `storage:int8`, `ema:0.999`. What
//! [`rules::parse`](crate::rules::parse) makes of it is a rule that a [`Builder`] reads the wrappers from; in code the
//! builder's methods do the same.
//!
//! ```
//! use ravine::{Optimizer, ParamSpec, rules};
//!
//! let rule = rules::parse("adam:lr=1e-3 + lookahead:steps=10 + storage:int8")?;
//! assert_eq!(rules::spec(&*rule), "adam + lookahead:10 + storage:int8");
//! let optimizer: Optimizer<f32> = Optimizer::builder_boxed(rule).build(&[ParamSpec::new("w", [4])])?;
//! # Ok::<(), ravine::Error>(())
//! ```

use crate::builder::Builder;
use crate::catalogue::{self, Entry};
use crate::error::{Kind, Result};
use crate::hyper::Hyper;

mod agc;
mod asam;
mod cautious;
mod centralize;
mod clip_norm;
mod clip_value;
mod ema;
mod lawa;
mod lookahead;
mod noise;
mod rounding;
mod rule;
mod sam;
mod storage;
mod swa;

pub use agc::AdaptiveClip;
pub use asam::AdaptiveSharpness;
pub use cautious::Cautious;
pub use centralize::Centralize;
pub use clip_norm::ClipNorm;
pub use clip_value::ClipValue;
pub use rounding::Rounded;
pub(crate) use rule::Wrapped;
pub use sam::Sharpness;
pub use storage::Stored;

/// Something that a step does around a rule, with its hyper-parameters.
pub trait Wrapper: Hyper + Send + Sync {
    /// Its name in the catalogue.
    fn name(&self) -> &'static str;
    /// The builder with it switched on.
    fn wrap(&self, builder: Builder) -> Builder;
    /// A copy of it.
    fn boxed(&self) -> Box<dyn Wrapper>;
}

/// Every wrapper there is.
pub const CATALOGUE: &[Entry<Box<dyn Wrapper>>] = &[
    clip_norm::ENTRY,
    clip_value::ENTRY,
    agc::ENTRY,
    centralize::ENTRY,
    noise::ENTRY,
    cautious::ENTRY,
    lookahead::ENTRY,
    ema::ENTRY,
    swa::ENTRY,
    lawa::ENTRY,
    storage::ENTRY,
    rounding::ENTRY,
    sam::ENTRY,
    asam::ENTRY,
];

/// Those of which one excludes the others, and what they are.
const EXCLUSIVE: [(&[&str], &str); 2] = [
    (&["ema", "swa", "lawa"], "averages of the weights"),
    (&["sam", "asam"], "searches for the worst weights"),
];

/// The wrappers of a text such as `lookahead:steps=5 + cautious`.
pub(crate) fn parse(text: &str) -> Result<Vec<Box<dyn Wrapper>>> {
    let mut wrappers: Vec<Box<dyn Wrapper>> = Vec::new();
    for part in parts(text) {
        let wrapper = one(part)?;
        let name = wrapper.name();
        for other in wrappers.iter().map(|other| other.name()) {
            let both = EXCLUSIVE.iter().find(|(names, _)| names.contains(&name) && names.contains(&other));
            let reason = match both {
                _ if other == name => format!("'{name}' is given twice"),
                Some((_, what)) => format!("'{other}' and '{name}' are both {what}; one is kept"),
                None => continue,
            };
            return Err(Kind::BadSpec { text: text.into(), reason }.into());
        }
        wrappers.push(wrapper);
    }
    Ok(wrappers)
}

fn one(text: &str) -> Result<Box<dyn Wrapper>> {
    let (name, keys) = text.split_once(':').unwrap_or((text, ""));
    let (first, rest) = keys.split_once(',').unwrap_or((keys, ""));
    let entry = catalogue::find("wrapper", CATALOGUE, name.trim()).ok();
    let key = entry.and_then(|(entry, _)| (entry.make)().params().first().map(|param| param.name));
    match key.filter(|_| !first.trim().is_empty() && !first.contains('=')) {
        Some(key) => {
            let full = format!("{name}:{key}={},{rest}", first.trim());
            catalogue::parse("wrapper", CATALOGUE, &full, |wrapper| &mut **wrapper as _)
        }
        None => catalogue::parse("wrapper", CATALOGUE, text, |wrapper| &mut **wrapper as _),
    }
}

/// The shortest text of a wrapper.
pub(crate) fn spec(wrapper: &dyn Wrapper) -> String {
    let defaults = catalogue::find("wrapper", CATALOGUE, wrapper.name()).map(|(entry, _)| (entry.make)());
    let Ok(defaults) = defaults else { return wrapper.name().into() };
    let text = catalogue::spec(wrapper.name(), wrapper as &dyn Hyper, &*defaults as &dyn Hyper);
    match wrapper.params().first() {
        Some(first) => text.replacen(&format!(":{}=", first.name), ":", 1),
        None => text,
    }
}

/// Cuts a text at each `+` that is no part of a number such as `1e+3`.
pub(crate) fn parts(text: &str) -> impl Iterator<Item = &str> {
    let bytes = text.as_bytes();
    let in_number = move |at: usize| {
        at >= 2
            && bytes[at - 1].eq_ignore_ascii_case(&b'e')
            && (bytes[at - 2].is_ascii_digit() || bytes[at - 2] == b'.')
            && bytes.get(at + 1).is_some_and(u8::is_ascii_digit)
    };
    let ends = text.match_indices('+').map(|(at, _)| at).filter(move |&at| !in_number(at));
    let mut start = 0;
    ends.chain([text.len()]).map(move |end| {
        let part = text[start..end].trim();
        start = end + 1;
        part
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plus_of_a_number_cuts_nothing() {
        let cut = |text| parts(text).map(String::from).collect::<Vec<_>>();
        assert_eq!(
            cut("adam:lr=1e+3,eps=1.E+0+ema:0.9 + cautious"),
            ["adam:lr=1e+3,eps=1.E+0", "ema:0.9", "cautious"]
        );
        assert_eq!(cut("adame+3"), ["adame", "3"]);
        assert_eq!(cut("é+"), ["é", ""]);
    }

    #[test]
    fn every_wrapper_survives_its_text_form() {
        for entry in CATALOGUE {
            let wrapper = (entry.make)();
            assert_eq!(wrapper.name(), entry.name);
            assert_eq!(spec(&*wrapper), entry.name);
        }
        for text in [
            "lookahead:10,alpha=0.8",
            "lookahead:alpha=0.8",
            "ema:0.9,warmup=true",
            "storage:int8",
            "swa:100,every=10",
        ] {
            let all = parse(text).unwrap();
            assert_eq!(all.iter().map(|wrapper| spec(&**wrapper)).collect::<Vec<_>>(), [text]);
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (text, expected) in [
            ("lokahead", "unknown wrapper 'lokahead' (did you mean 'lookahead'?)"),
            ("lookahead:stepz=3", "lookahead has no 'stepz' (did you mean 'steps'?)"),
            ("lookahead:alpha=0", "lookahead: alpha must be above 0 and at most 1, not 0"),
            ("storage:int9", "storage: kind must be full or bf16 or f16 or int8 or int4, not 'int9'"),
            ("cautious:0.5", "'0.5' is not of the form key=value"),
            ("ema + ema:0.9", "'ema' is given twice"),
            ("ema + swa", "'ema' and 'swa' are both averages of the weights"),
            ("sam + agc + asam", "'sam' and 'asam' are both searches for the worst weights"),
            ("cautious + ", "it has no name"),
        ] {
            let error = parse(text).err().expect(text).to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}

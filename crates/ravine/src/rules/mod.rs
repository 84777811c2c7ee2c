//! Every update rule, one file each.

use crate::catalogue::{self, Entry};
use crate::error::{Kind, Result};
use crate::rule::Rule;
use crate::wrappers::{self, Wrapped};

mod adagrad;
mod adam;
mod adamw;
mod rmsprop;
mod sgd;
mod suggested;

pub use adagrad::Adagrad;
pub use adam::Adam;
pub use adamw::AdamW;
pub use rmsprop::RmsProp;
pub use sgd::Sgd;
pub use suggested::suggested;

/// Every rule there is.
pub const CATALOGUE: &[Entry<Box<dyn Rule>>] =
    &[sgd::ENTRY, adagrad::ENTRY, rmsprop::ENTRY, adam::ENTRY, adamw::ENTRY];

/// The rule that a text such as `sgd:lr=0.1,momentum=0.9` stands for: a name or preset from the catalogue, and
/// hyper-parameters that differ from its defaults; then perhaps [`wrappers`](crate::wrappers), as in
/// `adamw:lr=1e-3 + lookahead:steps=5 + cautious`.
///
/// ```
/// let rule = ravine::rules::parse("adam:lr=3e-4,betas=0.9/0.95")?;
/// assert_eq!(rule.lr(), 3e-4);
/// let error = ravine::rules::parse("adm").err().unwrap();
/// assert!(error.to_string().contains("did you mean 'adam'?"));
/// # Ok::<(), ravine::Error>(())
/// ```
///
/// # Errors
/// An unknown name or hyper-parameter, with those there are; a value out of its range; values that do not go together.
pub fn parse(text: &str) -> Result<Box<dyn Rule>> {
    let (own, rest) = split(text);
    let name = own.split(':').next().unwrap_or_default().trim();
    if catalogue::find("wrapper", wrappers::CATALOGUE, name).is_ok() {
        let reason = format!("'{name}' is a wrapper; write it behind a rule, such as 'adam + {name}'");
        return Err(Kind::BadSpec { text: text.into(), reason }.into());
    }
    let rule = catalogue::parse("optimizer", CATALOGUE, own, |rule| &mut **rule as _)?;
    rule.check()?;
    match rest.trim_start().strip_prefix('+') {
        Some(rest) => Ok(Box::new(Wrapped::new(rule, wrappers::parse(rest)?))),
        None => Ok(rule),
    }
}

/// Cuts a text in two: what is the rule's own, and its wrappers from their first `+` on, blanks before it included.
///
/// ```
/// use ravine::rules::split;
///
/// assert_eq!(split("adam:lr=1e+3 + cautious"), ("adam:lr=1e+3", " + cautious"));
/// assert_eq!(split("adam"), ("adam", ""));
/// ```
pub fn split(text: &str) -> (&str, &str) {
    let own = wrappers::parts(text).next().unwrap_or_default();
    let start = text.len() - text.trim_start().len();
    (own, &text[start + own.len()..])
}

/// The shortest text that [`parse`] reads back as this rule and its wrappers. For a rule that is not in the catalogue, its name.
pub fn spec(rule: &dyn Rule) -> String {
    if let Some((rule, wrappers)) = rule.wrapped() {
        let wrappers = wrappers.iter().map(|wrapper| wrappers::spec(&**wrapper));
        return std::iter::once(spec(rule)).chain(wrappers).collect::<Vec<_>>().join(" + ");
    }
    match CATALOGUE.iter().find(|entry| entry.name == rule.name()) {
        Some(entry) => catalogue::spec(entry.name, rule, &*(entry.make)()),
        None => rule.name().into(),
    }
}

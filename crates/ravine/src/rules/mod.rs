//! Every update rule, one file each.

use crate::catalogue::{self, Entry};
use crate::error::Result;
use crate::rule::Rule;

mod adafactor;
mod adagrad;
mod adam;
mod adamw;
mod fista;
mod kron;
mod modes;
mod muon;
mod penalty;
mod prox_adam;
mod prox_sgd;
mod rmsprop;
mod sgd;
mod shampoo;
mod sm3;
mod soap;

pub use adafactor::Adafactor;
pub use adagrad::Adagrad;
pub use adam::Adam;
pub use adamw::AdamW;
pub use fista::Fista;
pub use kron::Kron;
pub use muon::Muon;
pub use prox_adam::ProxAdam;
pub use prox_sgd::ProxSgd;
pub use rmsprop::RmsProp;
pub use sgd::Sgd;
pub use shampoo::Shampoo;
pub use sm3::Sm3;
pub use soap::Soap;

/// Every rule there is.
pub const CATALOGUE: &[Entry<Box<dyn Rule>>] = &[
    sgd::ENTRY,
    adagrad::ENTRY,
    rmsprop::ENTRY,
    adam::ENTRY,
    adamw::ENTRY,
    adafactor::ENTRY,
    sm3::ENTRY,
    muon::ENTRY,
    shampoo::ENTRY,
    soap::ENTRY,
    kron::ENTRY,
    prox_sgd::ENTRY,
    fista::ENTRY,
    prox_adam::ENTRY,
];

/// The rule that a text such as `sgd:lr=0.1,momentum=0.9` stands for: a name or preset from the catalogue, and
/// hyper-parameters that differ from its defaults.
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
    let rule = catalogue::parse("optimizer", CATALOGUE, text, |rule| &mut **rule as _)?;
    rule.check()?;
    Ok(rule)
}

/// The shortest text that [`parse`] reads back as this rule. For a rule that is not in the catalogue, its name.
pub fn spec(rule: &dyn Rule) -> String {
    match CATALOGUE.iter().find(|entry| entry.name == rule.name()) {
        Some(entry) => catalogue::spec(entry.name, rule, &*(entry.make)()),
        None => rule.name().into(),
    }
}

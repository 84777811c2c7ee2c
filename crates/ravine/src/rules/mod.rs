//! Every update rule, one file each.

use crate::catalogue::{self, Entry};
use crate::error::Result;
use crate::rule::Rule;

mod acc_sgd;
mod adadelta;
mod adagrad;
mod adam;
mod adam_hd;
mod adamax;
mod adamw;
mod aggmo;
mod asgd;
mod ef_sign_sgd;
mod fromage;
mod lion;
mod nadam;
mod noisy_sgd;
mod ogd;
mod pid;
mod qhadam;
mod qhm;
mod radam;
mod rmsprop;
mod rprop;
mod sgd;
mod sgd_hd;
mod sgld;
mod sign_sgd;
mod sparse_adam;

pub use acc_sgd::AccSgd;
pub use adadelta::Adadelta;
pub use adagrad::Adagrad;
pub use adam::Adam;
pub use adam_hd::AdamHd;
pub use adamax::Adamax;
pub use adamw::AdamW;
pub use aggmo::AggMo;
pub use asgd::Asgd;
pub use ef_sign_sgd::EfSignSgd;
pub use fromage::Fromage;
pub use lion::Lion;
pub use nadam::NAdam;
pub use noisy_sgd::NoisySgd;
pub use ogd::Ogd;
pub use pid::Pid;
pub use qhadam::QhAdam;
pub use qhm::Qhm;
pub use radam::RAdam;
pub use rmsprop::RmsProp;
pub use rprop::Rprop;
pub use sgd::Sgd;
pub use sgd_hd::SgdHd;
pub use sgld::Sgld;
pub use sign_sgd::SignSgd;
pub use sparse_adam::SparseAdam;

/// Every rule there is.
#[rustfmt::skip] // One line a rule.
pub const CATALOGUE: &[Entry<Box<dyn Rule>>] = &[
    sgd::ENTRY,
    asgd::ENTRY,
    adagrad::ENTRY,
    adadelta::ENTRY,
    rmsprop::ENTRY,
    rprop::ENTRY,
    adam::ENTRY,
    adamw::ENTRY,
    adamax::ENTRY,
    nadam::ENTRY,
    radam::ENTRY,
    sparse_adam::ENTRY,
    lion::ENTRY,
    sign_sgd::ENTRY,
    ef_sign_sgd::ENTRY,
    aggmo::ENTRY,
    qhm::ENTRY,
    qhadam::ENTRY,
    acc_sgd::ENTRY,
    pid::ENTRY,
    ogd::ENTRY,
    fromage::ENTRY,
    sgd_hd::ENTRY,
    adam_hd::ENTRY,
    noisy_sgd::ENTRY,
    sgld::ENTRY,
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

//! Every update rule, one file each.

use crate::catalogue::{self, Entry};
use crate::error::Result;
use crate::rule::Rule;

mod adabelief;
mod adabound;
mod adagrad;
mod adam;
mod adam_mini;
mod adamod;
mod adamw;
mod adan;
mod adanorm;
mod ademamix;
mod adopt;
mod dadapt_adagrad;
mod dadapt_adam;
mod dadapt_lion;
mod dadapt_sgd;
mod distance;
mod dog;
mod dowg;
mod grams;
mod kate;
mod lamb;
mod laprop;
mod lars;
mod madgrad;
mod mars;
mod moments;
mod novograd;
mod prodigy;
mod rmsprop;
mod schedule_free;
mod schedule_free_adamw;
mod schedule_free_radam;
mod schedule_free_sgd;
mod sgd;
mod simplified_ademamix;
mod sophia;
mod stable_adamw;
mod yogi;

pub use adabelief::AdaBelief;
pub use adabound::AdaBound;
pub use adagrad::Adagrad;
pub use adam::Adam;
pub use adam_mini::AdamMini;
pub use adamod::AdaMod;
pub use adamw::AdamW;
pub use adan::Adan;
pub use adanorm::AdaNorm;
pub use ademamix::AdEMAMix;
pub use adopt::Adopt;
pub use dadapt_adagrad::DAdaptAdagrad;
pub use dadapt_adam::DAdaptAdam;
pub use dadapt_lion::DAdaptLion;
pub use dadapt_sgd::DAdaptSgd;
pub use dog::DoG;
pub use dowg::DoWG;
pub use grams::Grams;
pub use kate::Kate;
pub use lamb::Lamb;
pub use laprop::LaProp;
pub use lars::Lars;
pub use madgrad::MadGrad;
pub use mars::Mars;
pub use novograd::NovoGrad;
pub use prodigy::Prodigy;
pub use rmsprop::RmsProp;
pub use schedule_free_adamw::ScheduleFreeAdamW;
pub use schedule_free_radam::ScheduleFreeRAdam;
pub use schedule_free_sgd::ScheduleFreeSgd;
pub use sgd::Sgd;
pub use simplified_ademamix::SimplifiedAdEMAMix;
pub use sophia::Sophia;
pub use stable_adamw::StableAdamW;
pub use yogi::Yogi;

/// Every rule there is.
pub const CATALOGUE: &[Entry<Box<dyn Rule>>] = &[
    sgd::ENTRY,
    adagrad::ENTRY,
    rmsprop::ENTRY,
    adam::ENTRY,
    adamw::ENTRY,
    adabelief::ENTRY,
    adam_mini::ENTRY,
    adan::ENTRY,
    ademamix::ENTRY,
    adopt::ENTRY,
    dadapt_adagrad::ENTRY,
    dadapt_adam::ENTRY,
    dadapt_lion::ENTRY,
    dadapt_sgd::ENTRY,
    dog::ENTRY,
    dowg::ENTRY,
    lamb::ENTRY,
    lars::ENTRY,
    madgrad::ENTRY,
    mars::ENTRY,
    novograd::ENTRY,
    prodigy::ENTRY,
    schedule_free_adamw::ENTRY,
    schedule_free_radam::ENTRY,
    schedule_free_sgd::ENTRY,
    simplified_ademamix::ENTRY,
    sophia::ENTRY,
    yogi::ENTRY,
    adabound::ENTRY,
    adamod::ENTRY,
    adanorm::ENTRY,
    grams::ENTRY,
    kate::ENTRY,
    laprop::ENTRY,
    stable_adamw::ENTRY,
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

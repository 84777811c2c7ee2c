//! Every update rule, one file each.

use crate::catalogue::{self, Entry};
use crate::error::{Kind, Result};
use crate::rule::Rule;
use crate::wrappers::{self, Wrapped};

mod acc_sgd;
mod adabelief;
mod adabound;
mod adadelta;
mod adafactor;
mod adagrad;
mod adam;
mod adam_hd;
mod adam_mini;
mod adamax;
mod adamod;
mod adamp;
mod adamw;
mod adan;
mod adanorm;
mod ademamix;
mod adopt;
mod aggmo;
mod amos;
mod asgd;
mod came;
mod dadapt_adagrad;
mod dadapt_adam;
mod dadapt_lion;
mod dadapt_sgd;
mod diffgrad;
mod distance;
mod dog;
mod dowg;
mod ef_sign_sgd;
mod factors;
mod fista;
mod fromage;
mod ftrl;
mod grams;
mod kate;
mod kron;
mod lamb;
mod laprop;
mod lars;
mod lbfgs;
mod lion;
mod madgrad;
mod mars;
mod modes;
mod moments;
mod muon;
mod nadam;
mod noisy_sgd;
mod novograd;
mod ogd;
mod padam;
mod penalty;
mod pid;
mod prodigy;
mod projection;
mod prox_adam;
mod prox_sgd;
mod qhadam;
mod qhm;
mod radam;
mod rmsprop;
mod rprop;
mod schedule_free;
mod schedule_free_adamw;
mod schedule_free_radam;
mod schedule_free_sgd;
mod sgd;
mod sgd_hd;
mod sgdp;
mod sgld;
mod shampoo;
mod sign_sgd;
mod simplified_ademamix;
mod sm3;
mod soap;
mod sophia;
mod sparse_adam;
mod stable_adamw;
mod suggested;
mod yogi;

pub use acc_sgd::AccSgd;
pub use adabelief::AdaBelief;
pub use adabound::AdaBound;
pub use adadelta::Adadelta;
pub use adafactor::Adafactor;
pub use adagrad::Adagrad;
pub use adam::Adam;
pub use adam_hd::AdamHd;
pub use adam_mini::AdamMini;
pub use adamax::Adamax;
pub use adamod::AdaMod;
pub use adamp::AdamP;
pub use adamw::AdamW;
pub use adan::Adan;
pub use adanorm::AdaNorm;
pub use ademamix::AdEMAMix;
pub use adopt::Adopt;
pub use aggmo::AggMo;
pub use amos::Amos;
pub use asgd::Asgd;
pub use came::Came;
pub use dadapt_adagrad::DAdaptAdagrad;
pub use dadapt_adam::DAdaptAdam;
pub use dadapt_lion::DAdaptLion;
pub use dadapt_sgd::DAdaptSgd;
pub use diffgrad::DiffGrad;
pub use dog::DoG;
pub use dowg::DoWG;
pub use ef_sign_sgd::EfSignSgd;
pub use fista::Fista;
pub use fromage::Fromage;
pub use ftrl::Ftrl;
pub use grams::Grams;
pub use kate::Kate;
pub use kron::Kron;
pub use lamb::Lamb;
pub use laprop::LaProp;
pub use lars::Lars;
pub use lbfgs::Lbfgs;
pub use lion::Lion;
pub use madgrad::MadGrad;
pub use mars::Mars;
pub use muon::Muon;
pub use nadam::NAdam;
pub use noisy_sgd::NoisySgd;
pub use novograd::NovoGrad;
pub use ogd::Ogd;
pub use padam::PAdam;
pub use pid::Pid;
pub use prodigy::Prodigy;
pub use prox_adam::ProxAdam;
pub use prox_sgd::ProxSgd;
pub use qhadam::QhAdam;
pub use qhm::Qhm;
pub use radam::RAdam;
pub use rmsprop::RmsProp;
pub use rprop::Rprop;
pub use schedule_free_adamw::ScheduleFreeAdamW;
pub use schedule_free_radam::ScheduleFreeRAdam;
pub use schedule_free_sgd::ScheduleFreeSgd;
pub use sgd::Sgd;
pub use sgd_hd::SgdHd;
pub use sgdp::Sgdp;
pub use sgld::Sgld;
pub use shampoo::Shampoo;
pub use sign_sgd::SignSgd;
pub use simplified_ademamix::SimplifiedAdEMAMix;
pub use sm3::Sm3;
pub use soap::Soap;
pub use sophia::Sophia;
pub use sparse_adam::SparseAdam;
pub use stable_adamw::StableAdamW;
pub use suggested::{Problem, suggested};
pub use yogi::Yogi;

/// Every rule there is.
#[rustfmt::skip] // One line a rule.
pub const CATALOGUE: &[Entry<Box<dyn Rule>>] = &[
    sgd::ENTRY,
    asgd::ENTRY,
    sgdp::ENTRY,
    sgd_hd::ENTRY,
    acc_sgd::ENTRY,
    pid::ENTRY,
    ogd::ENTRY,
    fromage::ENTRY,
    aggmo::ENTRY,
    qhm::ENTRY,
    noisy_sgd::ENTRY,
    sgld::ENTRY,
    sign_sgd::ENTRY,
    ef_sign_sgd::ENTRY,
    lion::ENTRY,
    rprop::ENTRY,
    adagrad::ENTRY,
    ftrl::ENTRY,
    adadelta::ENTRY,
    rmsprop::ENTRY,
    adam::ENTRY,
    adamw::ENTRY,
    adamax::ENTRY,
    nadam::ENTRY,
    radam::ENTRY,
    sparse_adam::ENTRY,
    adamp::ENTRY,
    adam_hd::ENTRY,
    qhadam::ENTRY,
    adabelief::ENTRY,
    adam_mini::ENTRY,
    adan::ENTRY,
    ademamix::ENTRY,
    adopt::ENTRY,
    amos::ENTRY,
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
    padam::ENTRY,
    adamod::ENTRY,
    adanorm::ENTRY,
    diffgrad::ENTRY,
    grams::ENTRY,
    kate::ENTRY,
    laprop::ENTRY,
    stable_adamw::ENTRY,
    adafactor::ENTRY,
    came::ENTRY,
    sm3::ENTRY,
    muon::ENTRY,
    shampoo::ENTRY,
    soap::ENTRY,
    kron::ENTRY,
    lbfgs::ENTRY,
    prox_sgd::ENTRY,
    fista::ENTRY,
    prox_adam::ENTRY,
];

/// The rule that a text such as `sgd:lr=0.1,momentum=0.9` stands for: a name or preset from the catalogue, and
/// hyper-parameters that differ from its defaults; then perhaps [`wrappers`], as in
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

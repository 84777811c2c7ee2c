//! `ravine optimizers`.

use super::catalogue::{self, Arguments, Item};
use crate::failure::Result;
use ravine::{rules, wrappers};

/// What is written above the list of wrappers.
const WRAPPERS: &str =
    "Wrappers go behind any of them: --optimizer \"adamw:lr=1e-3 + lookahead + ema:0.999\"";

pub(super) fn run(arguments: &Arguments) -> Result {
    let kind = |kind: &'static str, mut items: Vec<Item>| {
        items.iter_mut().for_each(|item| {
            item.facts.data.insert("kind".into(), kind.into());
        });
        items
    };
    let rules = kind("rule", catalogue::items(rules::CATALOGUE, |rule| &**rule, None));
    let wrappers = kind("wrapper", catalogue::items(wrappers::CATALOGUE, |wrapper| &**wrapper, None));
    let fault = |spec: &str| rules::parse(spec).err();
    catalogue::run_sections(&[("", &rules), (WRAPPERS, &wrappers)], fault, arguments)
}

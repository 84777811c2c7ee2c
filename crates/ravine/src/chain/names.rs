//! Names that a chain makes up while a program runs.

use crate::hyper::Param;
use std::any::TypeId;
use std::collections::{BTreeSet, HashMap};
use std::sync::{LazyLock, Mutex, PoisonError};

/// A name that lasts as long as the program, like those written in it. Of each there is one copy, so that no more memory is
/// kept than there are different names.
pub(super) fn lasting(name: String) -> &'static str {
    static NAMES: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
    let mut names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = names.get(&*name) {
        return known;
    }
    let name: &'static str = name.leak();
    names.insert(name);
    name
}

/// The hyper-parameters of a type, which are made up once.
pub(super) fn lasting_params(of: TypeId, make: impl FnOnce() -> Vec<Param>) -> &'static [Param] {
    static PARAMS: LazyLock<Mutex<HashMap<TypeId, &'static [Param]>>> = LazyLock::new(Mutex::default);
    let known = |params: &HashMap<_, _>| params.get(&of).copied();
    if let Some(params) = known(&PARAMS.lock().unwrap_or_else(PoisonError::into_inner)) {
        return params;
    }
    // Not under the lock: chains in chains ask for theirs.
    let made = make();
    let mut params = PARAMS.lock().unwrap_or_else(PoisonError::into_inner);
    known(&params).unwrap_or_else(|| {
        let made: &'static [Param] = made.leak();
        params.insert(of, made);
        made
    })
}

/// Puts the place of a member before each name that two members have, and before those that have a place already: what
/// a chain within a chain has made up could be what this one makes up.
pub(super) fn distinct(members: &[Vec<&'static str>]) -> Vec<&'static str> {
    let count = |name| members.iter().flatten().filter(|other| **other == name).count();
    let named = |place: usize, name: &'static str| {
        if name.contains('.') || count(name) > 1 { lasting(format!("{place}.{name}")) } else { name }
    };
    let names =
        members.iter().enumerate().flat_map(|(place, names)| names.iter().map(move |name| (place, *name)));
    names.map(|(place, name)| named(place, name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_that_clash_get_their_place_and_each_lasts_once() {
        let names = distinct(&[vec!["decay"], vec![], vec!["decay", "eps"]]);
        assert_eq!(names, ["0.decay", "2.decay", "eps"]);
        assert!(std::ptr::eq(names[0], lasting("0.decay".into())));
        assert_eq!(
            distinct(&[vec!["eps"], vec!["0.eps", "1.eps"], vec!["eps"]]),
            ["0.eps", "1.0.eps", "1.1.eps", "2.eps"]
        );
    }
}

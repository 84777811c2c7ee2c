//! What to try first where a rule's default learning rate, PyTorch's or its authors', is not meant for a first try.

/// What is to be minimised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// The loss of a network in mini-batches, at some hundred steps and more. What is suggested was found on a small
    /// one with a cosine schedule: for a large one, go down from there.
    Network,
    /// A steep function of few variables, of curvatures in the hundreds, such as Rosenbrock's.
    Function,
}

/// Hyper-parameters for networks by rule, as in [`parse`](super::parse): one line each.
const NETWORKS: &[(&str, &str)] = &[
    ("sgd", "lr=0.1"),
    ("asgd", "lr=0.3"),
    ("sgdp", "lr=0.1"),
    ("acc-sgd", "lr=0.1"),
    ("pid", "lr=0.01"),
    ("ogd", "lr=0.1"),
    ("aggmo", "lr=0.03"),
    ("qhm", "lr=1"),
    ("noisy-sgd", "lr=0.3"),
    // The temperature of a posterior from some ten thousand examples; at 1 there is only noise.
    ("sgld", "lr=0.3,temperature=1e-4"),
    ("ef-signsgd", "lr=0.3"),
    ("lion", "lr=1e-3"),
    // Made for the gradient of all data: in mini-batches signs turn by chance, so that a turn must say less.
    ("rprop", "etas=0.9/1.05,step_sizes=1e-6/0.03"),
    ("ftrl", "lr=0.1"),
    ("radam", "lr=0.01"),
    ("adan", "lr=0.01"),
    // At 1 the distance of signs is overestimated without end, as with the authors' code.
    ("dadapt-lion", "lr=0.1,d0=3e-5"),
    ("dadapt-sgd", "lr=0.3"),
    ("dowg", "lr=0.5"),
    ("lamb", "lr=0.01"),
    ("amos", "lr=0.03"),
    ("schedule-free-radam", "lr=0.03"),
    ("sophia", "lr=3e-3"),
    ("adamod", "lr=0.01"),
    ("diffgrad", "lr=0.01"),
    ("grams", "lr=0.01"),
    // Its first steps are lr / g: a larger eps keeps those of weights that hardly have a gradient short.
    ("kate", "lr=3e-3,eps=1e-4"),
    ("laprop", "lr=0.01"),
    ("muon", "lr=0.02"),
    ("shampoo", "lr=0.3"),
    // Made for the gradient of all data: an old pair of two batches is no curvature.
    ("lbfgs", "history_size=3,lr=0.7"),
    ("prox-sgd", "lr=0.3"),
    ("prox-adam", "lr=3e-3"),
];

/// The same for functions.
const FUNCTIONS: &[(&str, &str)] = &[
    ("asgd", "lr=1e-3"),
    ("sgd-hd", "lr=1e-3,hypergrad_lr=1e-10"),
    ("pid", "lr=1e-4"),
    ("ogd", "lr=3e-4"),
    ("noisy-sgd", "lr=1e-3"),
    ("ef-signsgd", "lr=1e-3"),
    ("lars", "lr=1e-3"),
    ("schedule-free-sgd", "lr=1e-3"),
    ("adabound", "final_lr=1e-3"),
    ("prox-sgd", "lr=1e-3"),
    ("fista", "lr=3e-4"),
];

/// Hyper-parameters to try first with the rule of this name, in text; empty where its defaults are.
pub fn suggested(name: &str, problem: Problem) -> &'static str {
    let suggested = match problem {
        Problem::Network => NETWORKS,
        Problem::Function => FUNCTIONS,
    };
    suggested.iter().find(|(rule, _)| *rule == name).map_or("", |(_, keys)| keys)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::{CATALOGUE, parse};

    #[test]
    fn what_is_suggested_can_be_read() {
        for (name, keys) in NETWORKS.iter().chain(FUNCTIONS) {
            assert!(CATALOGUE.iter().any(|entry| entry.name == *name), "{name}");
            parse(&format!("{name}:{keys}")).unwrap();
        }
        assert_eq!(suggested("nobody", Problem::Network), "");
    }
}

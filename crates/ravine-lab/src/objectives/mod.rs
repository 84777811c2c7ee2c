//! The catalogue of objectives, one file each. A function is stated as an [`Expression`](crate::expression::Expression).

use crate::Result;
use crate::error::Kind;
use ravine::{Entry, Hyper, Param, Value};

mod ackley;
mod beale;
mod booth;
mod bowl;
mod cubic;
mod drifting;
mod himmelblau;
mod monkey_saddle;
mod noisy;
mod quadratic;
mod rastrigin;
mod ravine_valley;
mod rosenbrock;
mod saddle;
mod square;
mod styblinski_tang;
mod tanh;
mod three_hump_camel;
mod two_minima;
mod waves;

/// Every objective there is.
pub const CATALOGUE: &[Entry<Box<dyn Family>>] = &[
    square::ENTRY,
    two_minima::ENTRY,
    waves::ENTRY,
    cubic::ENTRY,
    tanh::ENTRY,
    saddle::ENTRY,
    bowl::ENTRY,
    ravine_valley::ENTRY,
    rosenbrock::ENTRY,
    beale::ENTRY,
    himmelblau::ENTRY,
    rastrigin::ENTRY,
    ackley::ENTRY,
    booth::ENTRY,
    three_hump_camel::ENTRY,
    styblinski_tang::ENTRY,
    monkey_saddle::ENTRY,
    noisy::ENTRY,
    drifting::ENTRY,
    quadratic::ENTRY,
];

/// The most coordinates that a function of the catalogue may have.
pub const MAX_DIM: u64 = 200;

/// What makes an objective from its hyper-parameters.
pub trait Family: Hyper + Send + Sync {
    /// The objective.
    ///
    /// # Errors
    /// A number of coordinates that it cannot have.
    fn parts(&self) -> Result<Parts>;
}

/// An objective without its names.
#[derive(Clone, Debug, PartialEq)]
pub struct Parts {
    /// The function as text.
    pub expression: String,
    /// The range that pictures show, for each coordinate.
    pub domain: Vec<[f64; 2]>,
    /// Where to start if nothing else is said.
    pub start: Vec<f64>,
    /// The known global minima.
    pub minima: Vec<Vec<f64>>,
    /// Standard deviation of the noise on each coordinate of the gradient.
    pub noise: f64,
}

/// The entry of a name.
pub fn entry(name: &str) -> Option<&'static Entry<Box<dyn Family>>> {
    CATALOGUE.iter().find(|entry| entry.name == name || entry.presets.iter().any(|preset| preset.0 == name))
}

/// All names, presets among them.
pub fn names() -> impl Iterator<Item = &'static str> {
    CATALOGUE
        .iter()
        .flat_map(|entry| std::iter::once(entry.name).chain(entry.presets.iter().map(|preset| preset.0)))
}

/// A function without hyper-parameters.
struct Fixed {
    expression: &'static str,
    domain: &'static [[f64; 2]],
    start: &'static [f64],
    minima: &'static [&'static [f64]],
}

impl Hyper for Fixed {
    fn params(&self) -> &'static [Param] {
        &[]
    }
    fn get(&self, _: &str) -> Option<Value> {
        None
    }
    fn put(&mut self, _: &str, _: Value) -> bool {
        false
    }
}

impl Family for Fixed {
    fn parts(&self) -> Result<Parts> {
        Ok(Parts {
            expression: self.expression.into(),
            domain: self.domain.into(),
            start: self.start.into(),
            minima: self.minima.iter().map(|point| point.to_vec()).collect(),
            noise: 0.0,
        })
    }
}

/// The names of n coordinates, of which there must be `least` or more: x, y, z up to three, else x1, x2, ...
fn variables(n: u64, least: u64) -> Result<Vec<String>> {
    if !(least..=MAX_DIM).contains(&n) {
        let expected = format!("{least} to {MAX_DIM}");
        return Err(Kind::BadOption { option: "n", expected, got: n.to_string() }.into());
    }
    Ok(match n {
        ..=3 => ["x", "y", "z"].iter().take(n as usize).map(ToString::to_string).collect(),
        _ => (1..=n).map(|i| format!("x{i}")).collect(),
    })
}

/// A sum of one term for each variable.
fn sum(variables: &[String], term: impl Fn(&str) -> String) -> String {
    variables.iter().map(|x| term(x)).collect::<Vec<_>>().join(" + ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::objective::Objective;

    #[test]
    fn minima_are_minima() {
        for entry in CATALOGUE {
            let objective = Objective::parse(entry.name).unwrap();
            let n = objective.dim();
            assert_eq!([objective.domain.len(), objective.start.len()], [n, n], "{}", entry.name);
            for minimum in &objective.minima {
                let mut gradient = vec![0.0; n];
                let value = objective.gradient(minimum, 0.0, &mut gradient);
                // Ackley's has a kink at its minimum, where the derivative is no number.
                if gradient.iter().all(|g| g.is_finite()) {
                    assert!(
                        gradient.iter().all(|g| g.abs() < 1e-4),
                        "{} {minimum:?}: {gradient:?}",
                        entry.name
                    );
                }
                assert!((value - objective.lowest().unwrap()).abs() < 1e-9, "{}: {value}", entry.name);
                let noise = ravine::random::Random::new(1);
                for i in 0..2000 {
                    let domain = objective.domain.iter().enumerate();
                    let x: Vec<f64> =
                        domain.map(|(k, [a, b])| a + (b - a) * noise.stream(k as u64).uniform(i)).collect();
                    assert!(objective.value(&x, 0.0) >= value - 1e-9, "{} is lower at {x:?}", entry.name);
                }
            }
        }
    }

    #[test]
    fn names_are_one_each_and_read_back() {
        let mut seen: Vec<&str> = names().collect();
        for name in &seen {
            let objective = Objective::parse(name).unwrap();
            assert_eq!(
                Objective::parse(&objective.name).unwrap().expression.text(),
                objective.expression.text()
            );
        }
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), names().count());
    }
}

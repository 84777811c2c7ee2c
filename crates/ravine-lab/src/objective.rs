//! Objectives: functions to minimise, from the [`catalogue`](crate::objectives) or typed by the user.

use crate::Result;
use crate::error::Kind;
use crate::expression::Expression;
use crate::objectives::{self, CATALOGUE, Parts};

/// The range drawn of each coordinate of a function that says none.
const DOMAIN: [f64; 2] = [-5.0, 5.0];
/// Each coordinate of the start of a function that says none.
const START: f64 = -4.0;

/// No name has more bytes.
const LONGEST_NAME: usize = 40;

/// A function of n coordinates and the step, with what is known of it.
///
/// ```
/// use ravine_lab::objective::Objective;
///
/// let rosenbrock = Objective::parse("rosenbrock")?;
/// assert_eq!(rosenbrock.minima, [[1.0, 1.0]]);
/// let typed = Objective::parse("x*cos(0.15*pi*x)")?;
/// let mut gradient = [0.0];
/// let value = typed.gradient(&[10.0], 0.0, &mut gradient);
/// assert!((value - 0.0).abs() < 1e-12 && (gradient[0] - 4.71238898).abs() < 1e-8);
/// let error = Objective::parse("x*cox(x)").err().unwrap().to_string();
/// assert!(error.contains("column 3") && error.contains("did you mean 'cos'"), "{error}");
/// # Ok::<(), ravine_lab::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Objective {
    /// Its text form, which [`parse`](Self::parse) reads: a name with hyper-parameters, or the expression.
    pub name: String,
    /// What it is, in a few words; the expression if it is a typed one.
    pub title: String,
    /// The function.
    pub expression: Expression,
    /// The range that pictures show, for each coordinate.
    pub domain: Vec<[f64; 2]>,
    /// Where to start if nothing else is said.
    pub start: Vec<f64>,
    /// The global minima that are known, those of step 0 if it moves.
    pub minima: Vec<Vec<f64>>,
    /// Standard deviation of the normal noise that belongs to each coordinate of its gradient.
    pub noise: f64,
}

impl Objective {
    /// Reads a name of the catalogue with hyper-parameters (`rastrigin:n=3`), or an expression (`x^2 - y^2`).
    ///
    /// # Errors
    /// An unknown name or hyper-parameter, a value out of its range, an expression that cannot be read, with the column.
    pub fn parse(text: &str) -> Result<Self> {
        let text = text.trim();
        let name = text.split(':').next().unwrap_or_default().trim_end();
        // A colon is no part of an expression. What is longer than any name is not worth repeating in an error.
        let may_be_name = name.len() <= LONGEST_NAME;
        if may_be_name && text.contains(':') || objectives::names().any(|known| known == name) {
            return Self::named(text);
        }
        let expression = match Expression::parse(text) {
            Ok(expression) => expression,
            // A word alone may be a mistyped name.
            Err(_)
                if may_be_name
                    && text.len() > 3
                    && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') =>
            {
                return Self::named(text);
            }
            Err(error) => return Err(error),
        };
        let n = expression.dim();
        Ok(Self {
            name: text.into(),
            title: text.into(),
            domain: vec![DOMAIN; n],
            start: vec![START; n],
            minima: Vec::new(),
            noise: 0.0,
            expression,
        })
    }

    fn named(text: &str) -> Result<Self> {
        let family = ravine::catalogue::parse("function", CATALOGUE, text, |family| &mut **family as _)?;
        let Parts { expression, domain, start, minima, noise } = family.parts()?;
        let name = text.split(':').next().unwrap_or_default().trim();
        let entry = objectives::entry(name).expect("the catalogue has what it has just read");
        Ok(Self {
            name: ravine::catalogue::spec(entry.name, &*family, &*(entry.make)()),
            title: entry.title.into(),
            expression: Expression::parse(&expression)?,
            domain,
            start,
            minima,
            noise,
        })
    }

    /// How many coordinates it has.
    pub fn dim(&self) -> usize {
        self.expression.dim()
    }

    /// The value at `x` in step `t`.
    pub fn value(&self, x: &[f64], t: f64) -> f64 {
        self.expression.value(x, t)
    }

    /// Writes the gradient at `x` in step `t` and gives the value.
    pub fn gradient(&self, x: &[f64], t: f64, gradient: &mut [f64]) -> f64 {
        self.expression.gradient(x, t, gradient)
    }

    /// The Hessian at `x` in step `t`, row by row.
    pub fn hessian(&self, x: &[f64], t: f64) -> Vec<f64> {
        self.expression.hessian(x, t)
    }

    /// The lowest known value at step 0.
    pub fn lowest(&self) -> Option<f64> {
        self.minima.iter().map(|x| self.value(x, 0.0)).min_by(f64::total_cmp)
    }

    /// Checks that a point has a finite number for each coordinate. `what` is named in the error.
    ///
    /// # Errors
    /// Too few or too many numbers, or one that is not finite.
    pub fn check_point(&self, what: &'static str, point: &[f64]) -> Result<()> {
        let names = self.expression.variables();
        if point.len() != names.len() {
            return Err(Kind::Dimension { what, names: names.to_vec(), got: point.len() }.into());
        }
        match point.iter().find(|x| !x.is_finite()) {
            Some(x) => {
                Err(Kind::BadOption { option: what, expected: "finite".into(), got: x.to_string() }.into())
            }
            None => Ok(()),
        }
    }
}

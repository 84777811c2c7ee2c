//! Functions that a user types, with exact derivatives.
//!
//! A text such as `x*cos(0.15*pi*x)` becomes a list of operations. Run forwards it gives the value; run backwards, the
//! gradient (reverse-mode differentiation); run backwards on numbers that carry a derivative, a column of the Hessian.
//!
//! # Grammar
//!
//! Numbers (`0.1`, `1e-3`), `pi`, `e`; variables: any other single letter, with or without digits (`x`, `y`, `x1`, `x12`);
//! `t` is the number of the step. `+ - * / ^` (also `**`), brackets, and functions: see [`functions`]. A product needs no
//! sign after a number or a bracket (`2x^2`, `3(x+1)`). `^` binds from the right and before a sign: `-x^2` is -(x^2).

mod dual;
mod function;
mod parse;

use dual::{Dual, Scalar, power_slope};
use function::{FUNCTIONS, Function};

/// The longest text that is read, in bytes.
pub const MAX_LENGTH: usize = 20_000;
/// The deepest nesting of brackets, signs and powers that is read.
pub const MAX_DEPTH: usize = 100;
/// The most variables.
pub const MAX_VARIABLES: usize = 1000;

/// A function of some variables and the step t.
#[derive(Clone)]
pub struct Expression {
    text: String,
    variables: Vec<String>,
    program: Vec<Op>,
}

/// An operation; operands are numbers of earlier operations.
#[derive(Clone, Copy)]
enum Op {
    Constant(f64),
    Variable(usize),
    Step,
    Add(usize, usize),
    Sub(usize, usize),
    Mul(usize, usize),
    Div(usize, usize),
    Min(usize, usize),
    Max(usize, usize),
    Neg(usize),
    Power(usize, f64),
    Call(usize, &'static Function),
}

/// The names of all functions of one number, each with its other names; besides there are `min` and `max` of two or more.
pub fn functions() -> impl Iterator<Item = &'static [&'static str]> {
    FUNCTIONS.iter().map(|function| function.names)
}

impl Expression {
    /// Reads an expression.
    ///
    /// # Errors
    /// With the column: what cannot be read, an unknown name (with the nearest known one), a bracket that is not closed;
    /// text longer than [`MAX_LENGTH`], nested deeper than [`MAX_DEPTH`], or of more than [`MAX_VARIABLES`] variables.
    pub fn parse(text: &str) -> crate::Result<Self> {
        parse::parse(text)
    }

    /// The text it was read from.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The names of its variables: by letter, then by number.
    pub fn variables(&self) -> &[String] {
        &self.variables
    }

    /// How many variables it has.
    pub fn dim(&self) -> usize {
        self.variables.len()
    }

    /// Whether it changes with the step.
    pub fn moves(&self) -> bool {
        self.program.iter().any(|op| matches!(op, Op::Step))
    }

    /// The value at `x` in step `t`. Not a number where it is not defined.
    ///
    /// # Panics
    /// `x` has not [`dim`](Self::dim) coordinates.
    pub fn value(&self, x: &[f64], t: f64) -> f64 {
        *self.forward(x, t).last().expect("an expression has an operation")
    }

    /// Writes the gradient at `x` in step `t` and gives the value.
    ///
    /// # Panics
    /// `x` or `gradient` has not [`dim`](Self::dim) coordinates.
    pub fn gradient(&self, x: &[f64], t: f64, gradient: &mut [f64]) -> f64 {
        let values = self.forward(x, t);
        self.backward(&values, gradient);
        *values.last().expect("an expression has an operation")
    }

    /// The Hessian at `x` in step `t`, row by row.
    ///
    /// # Panics
    /// `x` has not [`dim`](Self::dim) coordinates.
    pub fn hessian(&self, x: &[f64], t: f64) -> Vec<f64> {
        let n = self.dim();
        let mut hessian = Vec::with_capacity(n * n);
        for i in 0..n {
            let mut direction = vec![0.0; n];
            direction[i] = 1.0;
            hessian.extend(self.hessian_times(x, t, &direction));
        }
        // Both triangles are the same derivative in another order of rounding.
        for i in 0..n {
            for j in 0..i {
                hessian[i * n + j] = hessian[j * n + i];
            }
        }
        hessian
    }

    /// The Hessian times a direction: the derivative of the gradient along it.
    ///
    /// # Panics
    /// `x` or `direction` has not [`dim`](Self::dim) coordinates.
    pub fn hessian_times(&self, x: &[f64], t: f64, direction: &[f64]) -> Vec<f64> {
        assert_eq!(direction.len(), self.dim(), "the direction has a coordinate for each variable");
        let x: Vec<Dual> = x.iter().zip(direction).map(|(&value, &dot)| Dual { value, dot }).collect();
        let mut gradient = vec![Dual::constant(0.0); self.dim()];
        self.backward(&self.forward(&x, t), &mut gradient);
        gradient.into_iter().map(|g| g.dot).collect()
    }

    /// The results of all operations.
    fn forward<T: Scalar>(&self, x: &[T], t: f64) -> Vec<T> {
        assert_eq!(x.len(), self.dim(), "the point has a coordinate for each variable");
        let mut v: Vec<T> = Vec::with_capacity(self.program.len());
        for op in &self.program {
            v.push(match *op {
                Op::Constant(c) => T::constant(c),
                Op::Variable(i) => x[i],
                Op::Step => T::constant(t),
                Op::Add(a, b) => v[a] + v[b],
                Op::Sub(a, b) => v[a] - v[b],
                Op::Mul(a, b) => v[a] * v[b],
                Op::Div(a, b) => v[a] * v[b].recip(),
                Op::Min(a, b) => v[pick(v[b].value() < v[a].value(), v[b].value(), a, b)],
                Op::Max(a, b) => v[pick(v[b].value() > v[a].value(), v[b].value(), a, b)],
                Op::Neg(a) => -v[a],
                Op::Power(a, c) => v[a].power(c),
                Op::Call(a, f) => v[a].call(f),
            });
        }
        v
    }

    /// The derivatives of the result by all variables, from the results of all operations.
    fn backward<T: Scalar>(&self, v: &[T], gradient: &mut [T]) {
        assert_eq!(gradient.len(), self.dim(), "the gradient has a coordinate for each variable");
        gradient.fill(T::constant(0.0));
        let mut by: Vec<Option<T>> = vec![None; v.len()];
        if let Some(last) = by.last_mut() {
            *last = Some(T::constant(1.0));
        }
        for (i, op) in self.program.iter().enumerate().rev() {
            // What the result does not hang on has no part in it, be its slope infinite.
            let Some(d) = by[i] else { continue };
            let mut add = |to: usize, part: T| by[to] = Some(by[to].map_or(part, |sum| sum + part));
            match *op {
                Op::Constant(_) | Op::Step => {}
                Op::Variable(k) => gradient[k] = gradient[k] + d,
                Op::Add(a, b) => {
                    add(a, d);
                    add(b, d);
                }
                Op::Sub(a, b) => {
                    add(a, d);
                    add(b, -d);
                }
                Op::Mul(a, b) => {
                    add(a, d * v[b]);
                    add(b, d * v[a]);
                }
                Op::Div(a, b) => {
                    let recip = v[b].recip();
                    add(a, d * recip);
                    add(b, -(d * v[a] * recip * recip));
                }
                Op::Min(a, b) => add(pick(v[b].value() < v[a].value(), v[b].value(), a, b), d),
                Op::Max(a, b) => add(pick(v[b].value() > v[a].value(), v[b].value(), a, b), d),
                Op::Neg(a) => add(a, -d),
                Op::Power(a, c) => add(a, d * power_slope(v[a], c)),
                Op::Call(a, f) => add(a, d * v[a].slope(f)),
            }
        }
    }
}

/// The second operand if it wins or is not a number, so that a fault shows; else the first.
fn pick(wins: bool, second: f64, a: usize, b: usize) -> usize {
    if wins || second.is_nan() { b } else { a }
}

impl std::fmt::Debug for Expression {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Expression").field(&self.text).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str, x: &[f64]) -> f64 {
        Expression::parse(text).unwrap().value(x, 3.0)
    }

    #[test]
    fn reads_as_mathematics_is_written() {
        for (text, x, expected) in [
            ("2x^2", 3.0, 18.0),
            ("-x^2", 3.0, -9.0),
            ("(-x)^2", 3.0, 9.0),
            ("2^x^2", 2.0, 16.0),
            ("2**x", 3.0, 8.0),
            ("1/2x", 3.0, 1.5),
            ("x^-1", 4.0, 0.25),
            ("x^(1/3)", 8.0, 2.0),
            ("x^0.5", 9.0, 3.0),
            ("3(x+1)(x-1)", 2.0, 9.0),
            ("8-x-2", 1.0, 5.0),
            ("2 e*x", 1.0, 2.0 * std::f64::consts::E),
            ("1.5e2x + 2E-1", 1.0, 150.2),
            ("sin(x)^2 + cos(x)^2", 0.7, 1.0),
            ("min(x, 3, 1) + max(x, 0)", 2.0, 3.0),
            ("x + t", 1.0, 4.0),
            ("--x", 2.0, 2.0),
            ("\u{3c0} \u{d7} x \u{2212} .5", 0.0, -0.5),
            ("ln(e^x)", 2.0, 2.0),
        ] {
            assert!((value(text, &[x]) - expected).abs() < 1e-12, "{text}: {}", value(text, &[x]));
        }
        assert_eq!(value("y - x", &[1.0, 5.0]), 4.0, "variables come in the order of their letters");
        assert_eq!(value("x10 - x9 + 0x2", &[0.0, 9.0, 10.0]), 1.0, "and of their numbers");
    }

    #[test]
    fn errors_point_at_the_column() {
        for (text, column, part) in [
            ("", 1, "nothing to read"),
            ("   ", 1, "nothing to read"),
            ("x +", 4, "ends where"),
            ("x + * 2", 5, "not '*'"),
            ("(x + 1", 1, "not closed"),
            ("x + 1)", 6, "closes none"),
            ("2 * cox(x)", 5, "did you mean 'cos'"),
            ("foo + x", 1, "unknown name 'foo'"),
            ("sin x", 5, "write sin(...)"),
            ("x(y + 1)", 2, "not a function"),
            ("x $ 2", 3, "'$'"),
            ("3 + 4", 1, "no variable"),
            ("x 2", 3, "operator"),
            ("x y", 3, "operator"),
            ("x, 2", 2, "comma"),
            ("sin(x, 2)", 6, "comma"),
            ("min(x)", 1, "two arguments"),
            ("1.2.3x", 4, ""),
            (". + x", 1, "not a number"),
            ("1e999x", 1, "not a number"),
            ("\u{e9}x", 1, "not part"),
            ("caf\u{e9} + x", 4, "not part"),
        ] {
            let error = Expression::parse(text).expect_err(text).to_string();
            assert!(error.contains(&format!("column {column}:")) && error.contains(part), "{text}: {error}");
        }
        let pointer = Expression::parse("x*cox(x)").unwrap_err().to_string();
        assert!(pointer.ends_with("\n  x*cox(x)\n    ^"), "{pointer}");
    }

    #[test]
    fn what_is_too_long_or_too_deep_is_refused() {
        let deep = |n: usize| "(".repeat(n) + "x" + &")".repeat(n);
        assert!(Expression::parse(&deep(MAX_DEPTH)).is_ok());
        for text in [
            deep(MAX_DEPTH + 1),
            deep(9_000),
            "-".repeat(9_000) + "x",
            "x^".repeat(9_000) + "x",
            "sin(".repeat(4_000),
            "x+".repeat(60_000) + "x",
            (0..=MAX_VARIABLES).map(|i| format!("x{i}+")).collect::<String>() + "1",
        ] {
            assert!(Expression::parse(&text).unwrap_err().to_string().len() < 300);
        }
        assert!(Expression::parse(&("x+".repeat(9_000) + "x")).is_ok(), "long sums are not deep");
    }

    const SMOOTH: &[&str] = &[
        "x*cos(0.15*pi*x) + y^3",
        "(1.5 - x + x*y)^2 + (2.25 - x + x*y^2)^2",
        "exp(-x^2/3) * tanh(y) + x/(1 + y^2)",
        "sigmoid(x*y) + softplus(x - y) - ln(1 + x^2 + y^4)",
        "sqrt(1 + x^2 + y^2) + atan(x)*y^-2",
        "2^x + (1 + x^2)^y + t*x*y",
        "max(x, y)^2 + min(x, y, 9)*3",
    ];

    #[test]
    fn derivatives_agree_with_differences() {
        for text in SMOOTH {
            let f = Expression::parse(text).unwrap();
            for x in [[0.3, 0.9], [-0.8, 1.2], [1.4, -0.6]] {
                let at = |i: usize, h: f64| {
                    let mut moved = x;
                    moved[i] += h;
                    moved
                };
                let gradient = |x: [f64; 2]| {
                    let mut g = [0.0; 2];
                    f.gradient(&x, 2.0, &mut g);
                    g
                };
                let hessian = f.hessian(&x, 2.0);
                let h = 1e-5;
                for i in 0..2 {
                    let slope = (f.value(&at(i, h), 2.0) - f.value(&at(i, -h), 2.0)) / (2.0 * h);
                    assert!((slope - gradient(x)[i]).abs() < 1e-8 * (1.0 + slope.abs()), "{text} {x:?}");
                    for j in 0..2 {
                        let curve = (gradient(at(i, h))[j] - gradient(at(i, -h))[j]) / (2.0 * h);
                        assert!(
                            (curve - hessian[i * 2 + j]).abs() < 1e-8 * (1.0 + curve.abs()),
                            "{text} {x:?}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn kinks_and_edges_have_the_derivatives_that_are_documented() {
        let slope = |text: &str, x: f64| {
            let mut g = [0.0];
            Expression::parse(text).unwrap().gradient(&[x], 0.0, &mut g);
            g[0]
        };
        assert_eq!(["abs(x)", "relu(x)", "sign(x)", "x^3", "x^0"].map(|text| slope(text, 0.0)), [0.0; 5]);
        assert_eq!(slope("x^1", 0.0), 1.0);
        assert_eq!(slope("sqrt(x)", 0.0), f64::INFINITY);
        assert!(slope("ln(x)", -1.0).is_finite(), "1/x is finite where ln is not a number");
        assert!(value("ln(x)", &[-1.0]).is_nan() && value("max(ln(x), 0)", &[-1.0]).is_nan());
        assert_eq!(slope("x + 0*sqrt(0*x + 4)", 1.0), 1.0);
    }
}

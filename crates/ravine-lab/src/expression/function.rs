//! The functions of one number that an expression may use, each with its first and second derivative.

/// A function and its derivatives.
#[derive(Clone, Copy)]
pub(super) struct Function {
    /// Names in text, the usual one first.
    pub(super) names: &'static [&'static str],
    /// f.
    pub(super) value: fn(f64) -> f64,
    /// f'.
    pub(super) slope: fn(f64) -> f64,
    /// f''.
    pub(super) curve: fn(f64) -> f64,
}

/// Where a function has a kink, its derivative there is a convention: 0 for `abs`, `sign`, `relu` and the roundings.
pub(super) const FUNCTIONS: &[Function] = &[
    Function { names: &["sin"], value: f64::sin, slope: f64::cos, curve: |x| -x.sin() },
    Function { names: &["cos"], value: f64::cos, slope: |x| -x.sin(), curve: |x| -x.cos() },
    Function {
        names: &["tan"],
        value: f64::tan,
        slope: |x| 1.0 + x.tan() * x.tan(),
        curve: |x| 2.0 * x.tan() * (1.0 + x.tan() * x.tan()),
    },
    Function {
        names: &["asin", "arcsin"],
        value: f64::asin,
        slope: |x| 1.0 / (1.0 - x * x).sqrt(),
        curve: |x| x / (1.0 - x * x).powf(1.5),
    },
    Function {
        names: &["acos", "arccos"],
        value: f64::acos,
        slope: |x| -1.0 / (1.0 - x * x).sqrt(),
        curve: |x| -x / (1.0 - x * x).powf(1.5),
    },
    Function {
        names: &["atan", "arctan"],
        value: f64::atan,
        slope: |x| 1.0 / (1.0 + x * x),
        curve: |x| -2.0 * x / (1.0 + x * x).powi(2),
    },
    Function { names: &["sinh"], value: f64::sinh, slope: f64::cosh, curve: f64::sinh },
    Function { names: &["cosh"], value: f64::cosh, slope: f64::sinh, curve: f64::cosh },
    Function {
        names: &["tanh"],
        value: f64::tanh,
        slope: sech_squared,
        curve: |x| -2.0 * x.tanh() * sech_squared(x),
    },
    Function { names: &["exp"], value: f64::exp, slope: f64::exp, curve: f64::exp },
    Function { names: &["ln", "log"], value: f64::ln, slope: |x| 1.0 / x, curve: |x| -1.0 / (x * x) },
    Function {
        names: &["log2"],
        value: f64::log2,
        slope: |x| 1.0 / (x * std::f64::consts::LN_2),
        curve: |x| -1.0 / (x * x * std::f64::consts::LN_2),
    },
    Function {
        names: &["log10"],
        value: f64::log10,
        slope: |x| 1.0 / (x * std::f64::consts::LN_10),
        curve: |x| -1.0 / (x * x * std::f64::consts::LN_10),
    },
    Function {
        names: &["sqrt"],
        value: f64::sqrt,
        slope: |x| 0.5 / x.sqrt(),
        curve: |x| -0.25 / (x * x.sqrt()),
    },
    Function {
        names: &["cbrt"],
        value: f64::cbrt,
        slope: |x| 1.0 / (3.0 * x.cbrt() * x.cbrt()),
        curve: |x| -2.0 / (9.0 * x * x.cbrt() * x.cbrt()),
    },
    Function { names: &["abs"], value: f64::abs, slope: sign, curve: flat },
    Function { names: &["sign"], value: sign, slope: flat, curve: flat },
    Function { names: &["floor"], value: f64::floor, slope: flat, curve: flat },
    Function { names: &["relu"], value: |x| if x > 0.0 { x } else { 0.0 }, slope: step, curve: flat },
    Function {
        names: &["sigmoid"],
        value: sigmoid,
        slope: |x| sigmoid(x) * sigmoid(-x),
        curve: |x| sigmoid(x) * sigmoid(-x) * (sigmoid(-x) - sigmoid(x)),
    },
    Function {
        names: &["softplus"],
        value: |x| x.max(0.0) + (-x.abs()).exp().ln_1p(),
        slope: sigmoid,
        curve: |x| sigmoid(x) * sigmoid(-x),
    },
];

/// A number that is not a number stays one through every function, so that a fault shows.
fn flat(x: f64) -> f64 {
    if x.is_nan() { x } else { 0.0 }
}

fn sign(x: f64) -> f64 {
    if x > 0.0 {
        1.0
    } else if x < 0.0 {
        -1.0
    } else {
        flat(x)
    }
}

fn step(x: f64) -> f64 {
    if x > 0.0 { 1.0 } else { flat(x) }
}

fn sigmoid(x: f64) -> f64 {
    if x < 0.0 {
        let e = x.exp();
        e / (1.0 + e)
    } else {
        1.0 / (1.0 + (-x).exp())
    }
}

/// 1 - tanh(x)^2 without the loss of digits where tanh is near 1.
fn sech_squared(x: f64) -> f64 {
    let c = x.cosh();
    1.0 / (c * c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derivatives_are_those_of_the_functions() {
        for function in FUNCTIONS {
            for x in [-0.7, -0.2, 0.3, 0.6, 1.7] {
                let h = 1e-5;
                let central = |f: fn(f64) -> f64| (f(x + h) - f(x - h)) / (2.0 * h);
                let close = |a: f64, b: f64| (a - b).abs() <= 1e-7 * (1.0 + a.abs());
                if !(function.value)(x).is_finite() {
                    continue;
                }
                let (slope, curve) = ((function.slope)(x), (function.curve)(x));
                assert!(close(slope, central(function.value)), "{}'({x}) = {slope}", function.names[0]);
                assert!(close(curve, central(function.slope)), "{}''({x}) = {curve}", function.names[0]);
            }
        }
    }
}

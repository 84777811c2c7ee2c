//! Numbers as text, with as many digits as they deserve.

use super::bootstrap::Interval;

/// `x` with `decimals` digits after the point; never `-0.00`. Beyond a thousand million it is given to four digits.
pub fn fixed(x: f64, decimals: usize) -> String {
    if x.is_nan() || x.abs() >= 1e9 {
        return significant(x, 4);
    }
    let text = format!("{x:.decimals$}");
    match text.strip_prefix('-') {
        Some(digits) if digits.chars().all(|c| matches!(c, '0' | '.')) => digits.into(),
        _ => text,
    }
}

/// `x` with at most `digits` significant digits and no zeros at the end: `0.975`, `42`, `3.2e-3`.
pub fn significant(x: f64, digits: usize) -> String {
    if x == 0.0 {
        return "0".into();
    }
    if !x.is_finite() {
        return if x.is_nan() {
            "none".into()
        } else if x > 0.0 {
            "infinite".into()
        } else {
            "-infinite".into()
        };
    }
    let scientific = format!("{x:.*e}", digits.max(1) - 1);
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let power: i32 = exponent.parse().unwrap_or(0);
    if (-2..6).contains(&power) {
        let decimals = (digits as i32 - 1 - power).max(0) as usize;
        trim(&fixed(x, decimals)).into()
    } else {
        format!("{}e{power}", trim(mantissa))
    }
}

/// A learning rate, as its users write it: `0.3`, `1e-2`, `3.2e-3`.
pub fn lr(x: f64) -> String {
    digits_of_lr(x, 2)
}

/// A learning rate to copy into a program: four digits.
pub fn lr_exact(x: f64) -> String {
    digits_of_lr(x, 4)
}

/// Learning rates from the lowest to the highest: `1e-3..1e-2`, or the one.
pub fn lr_range([low, high]: [f64; 2]) -> String {
    if low == high { lr(low) } else { format!("{}..{}", lr(low), lr(high)) }
}

fn digits_of_lr(x: f64, digits: usize) -> String {
    if !(1e-300..0.1).contains(&x) {
        return significant(x, digits);
    }
    let scientific = format!("{x:.*e}", digits - 1);
    match scientific.split_once('e') {
        // Rounding may have carried 0.0999 to 0.1.
        Some((mantissa, "-1")) => significant(mantissa.parse::<f64>().unwrap_or(1.0) / 10.0, digits),
        Some((mantissa, exponent)) => format!("{}e{exponent}", trim(mantissa)),
        None => scientific,
    }
}

/// A number of optimizer steps: bounds of intervals may lie between two of them.
pub fn steps(x: f64) -> String {
    fixed(x, 0)
}

/// Seconds, in the unit that is easiest to read: `41 ms`, `42 s`, `3 min 5 s`, `2 h 10 min`.
pub fn seconds(x: f64) -> String {
    if !x.is_finite() {
        return "no time".into();
    }
    if x < 0.9995 {
        return format!("{} ms", significant(1000.0 * x, 2));
    }
    let whole = x.round() as u64;
    match whole {
        0..100 => format!("{} s", significant(x, 2)),
        100..6000 => format!("{} min {} s", whole / 60, whole % 60),
        _ => format!("{} h {} min", whole / 3600, whole % 3600 / 60),
    }
}

/// Digits after the point that show an interval to one or two digits of its half-width; `fallback` without one.
pub fn decimals(interval: Option<Interval>, fallback: usize) -> usize {
    match interval.map(|interval| interval.half_width()) {
        Some(half) if half > 0.0 && half.is_finite() => (-half.log10()).ceil().clamp(0.0, 6.0) as usize,
        _ => fallback,
    }
}

/// Drops zeros after the point.
fn trim(text: &str) -> &str {
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text }
}

/// `1 run`, `2 runs`.
pub fn count(n: usize, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}

/// A sentence to stand inside of another one.
pub(crate) fn lower_first(sentence: &str) -> String {
    let mut letters = sentence.chars();
    letters.next().map(|c| c.to_lowercase().chain(letters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn learning_rates() {
        let cases = [
            (0.0031622776, "3.2e-3"),
            (0.01, "1e-2"),
            (0.3, "0.3"),
            (0.099999, "0.1"),
            (1e-4, "1e-4"),
            (2.0, "2"),
        ];
        for (x, text) in cases {
            assert_eq!(lr(x), text);
        }
        assert_eq!(lr_exact(0.0031622776), "3.162e-3");
        assert_eq!(lr(0.0), "0");
    }

    #[test]
    fn plain_numbers() {
        let cases = [
            (0.9751, "0.975"),
            (42.0, "42"),
            (123456.0, "123456"),
            (1e-9, "1e-9"),
            (-0.5, "-0.5"),
            (0.0, "0"),
        ];
        for (x, text) in cases {
            assert_eq!(significant(x, 3), text);
        }
        assert_eq!(significant(1234567.0, 3), "1.23e6");
        assert_eq!(fixed(-0.0001, 2), "0.00");
        assert_eq!(fixed(-0.01, 2), "-0.01");
        assert_eq!(fixed(-1.5e300, 2), "-1.5e300");
        for x in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert!(!significant(x, 3).is_empty() && !lr(x).is_empty() && !seconds(x).is_empty());
        }
    }

    #[test]
    fn durations() {
        assert_eq!(seconds(0.003_42), "3.4 ms");
        assert_eq!(seconds(0.412), "412 ms");
        assert_eq!(seconds(41.7), "42 s");
        assert_eq!(seconds(185.0), "3 min 5 s");
        assert_eq!(seconds(7800.0), "2 h 10 min");
    }

    #[test]
    fn digits_follow_the_interval() {
        let width = |half: f64| Some(Interval { low: 1.0 - half, high: 1.0 + half });
        assert_eq!(decimals(width(0.004), 1), 3);
        assert_eq!(decimals(width(0.0004), 1), 4);
        assert_eq!(decimals(width(20.0), 1), 0);
        assert_eq!(decimals(None, 3), 3);
    }
}

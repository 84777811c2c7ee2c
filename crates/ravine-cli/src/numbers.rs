//! Lists of numbers on the command line, such as points: `1,-2`.

use ravine_lab::stats::number::significant;
use std::str::FromStr;

/// One argument of numbers with commas or spaces between, each finite.
///
/// An argument of this type needs `allow_hyphen_values`, so that `--at -1,2` needs no quotes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Numbers(Vec<f64>);

impl From<Numbers> for Vec<f64> {
    fn from(numbers: Numbers) -> Self {
        numbers.0
    }
}

impl FromStr for Numbers {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = |word: &str| match word.parse::<f64>() {
            Ok(x) if x.is_finite() => Ok(x),
            Ok(_) => Err(format!("'{word}' is not finite")),
            Err(_) if word.is_empty() => Err("a number is missing".into()),
            Err(_) => Err(format!("'{word}' is not a number; write numbers as 1,-2.5,1e-3")),
        };
        // Spaces around a comma part nothing more.
        let words = text.trim().split(',').flat_map(|part| match part.trim() {
            "" => vec![""],
            part => part.split_whitespace().collect(),
        });
        words.map(number).collect::<Result<_, _>>().map(Self)
    }
}

/// A point as text: `(1, -2.5)`, or the one number.
pub(crate) fn point(x: &[f64], digits: usize) -> String {
    match x {
        [one] => significant(*one, digits),
        all => format!("({})", all.iter().map(|x| significant(*x, digits)).collect::<Vec<_>>().join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commas_or_spaces_between() {
        for text in ["1,-2.5,1e-3", "1 -2.5 1e-3", " 1 , -2.5\t1e-3 ", "+1,-2.5,0.001"] {
            assert_eq!(text.parse(), Ok(Numbers(vec![1.0, -2.5, 1e-3])), "{text}");
        }
        assert_eq!("-4".parse(), Ok(Numbers(vec![-4.0])));
    }

    #[test]
    fn what_is_no_number_is_named() {
        for (text, fault) in [
            ("1,two", "'two' is not a number"),
            ("1,,2", "missing"),
            ("1,", "missing"),
            ("", "missing"),
            ("1,inf", "'inf' is not finite"),
            ("nan", "not finite"),
            ("1e999", "not finite"),
            ("1;2", "'1;2'"),
        ] {
            let error = text.parse::<Numbers>().unwrap_err();
            assert!(error.contains(fault), "{text}: {error}");
        }
    }
}

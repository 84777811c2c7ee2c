//! Hyper-parameters by name: what the command line, checkpoints, documentation and bindings see of a rule or schedule.

use crate::error::{Error, Kind, Result};
use std::fmt;

/// The value of a hyper-parameter.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `true` or `false`.
    Bool(bool),
    /// A count, such as a number of steps.
    Int(u64),
    /// A number.
    Float(f64),
    /// Two numbers, such as Adam's betas; written `0.9/0.999`.
    Pair([f64; 2]),
    /// Counts in a row, such as milestones; written `30/80`.
    Ints(Vec<u64>),
    /// Numbers in a row, such as a spectrum; written `0.1/1/10`.
    Floats(Vec<f64>),
    /// One of a few words.
    Word(&'static str),
}

impl<F: Field> From<F> for Value {
    fn from(field: F) -> Self {
        field.value()
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(x) => write!(f, "{x}"),
            Self::Int(x) => write!(f, "{x}"),
            Self::Float(x) => f.write_str(&number(*x)),
            Self::Pair([a, b]) => write!(f, "{}/{}", number(*a), number(*b)),
            Self::Ints(list) => f.write_str(&list.iter().map(u64::to_string).collect::<Vec<_>>().join("/")),
            Self::Floats(list) => f.write_str(&list.iter().map(|&x| number(x)).collect::<Vec<_>>().join("/")),
            Self::Word(word) => f.write_str(word),
        }
    }
}

/// The shorter of the plain and the scientific form, both of which read back to the same bits.
fn number(x: f64) -> String {
    let (plain, scientific) = (format!("{x}"), format!("{x:e}"));
    if scientific.len() < plain.len() { scientific } else { plain }
}

/// The values that a hyper-parameter may take.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Range {
    /// Any finite number.
    Finite,
    /// x >= 0.
    NonNegative,
    /// x > 0.
    Positive,
    /// 0 <= x < 1.
    UnitOpen,
    /// 0 <= x <= 1.
    Unit,
    /// 0 < x <= 1.
    UnitAboveZero,
    /// x >= 1.
    AtLeastOne,
    /// `true` or `false`.
    Bool,
    /// Counts that rise, such as milestones.
    Rising,
    /// One of these words.
    Words(&'static [&'static str]),
}

impl Range {
    fn holds(self, x: f64) -> bool {
        x.is_finite()
            && match self {
                Self::NonNegative => x >= 0.0,
                Self::Positive => x > 0.0,
                Self::UnitOpen => (0.0..1.0).contains(&x),
                Self::Unit => (0.0..=1.0).contains(&x),
                Self::UnitAboveZero => x > 0.0 && x <= 1.0,
                Self::AtLeastOne => x >= 1.0,
                Self::Finite | Self::Bool | Self::Rising | Self::Words(_) => true,
            }
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Finite => f.write_str("a finite number"),
            Self::NonNegative => f.write_str("0 or more"),
            Self::Positive => f.write_str("above 0"),
            Self::UnitOpen => f.write_str("at least 0 and below 1"),
            Self::Unit => f.write_str("between 0 and 1"),
            Self::UnitAboveZero => f.write_str("above 0 and at most 1"),
            Self::AtLeastOne => f.write_str("1 or more"),
            Self::Bool => f.write_str("true or false"),
            Self::Rising => f.write_str("counts that do not fall, such as 30/80"),
            Self::Words(words) => f.write_str(&words.join(" or ")),
        }
    }
}

/// The description of a hyper-parameter.
#[derive(Clone, Debug, PartialEq)]
pub struct Param {
    /// Its name, PyTorch's where PyTorch has it.
    pub name: &'static str,
    /// What it is, on one line.
    pub doc: &'static str,
    /// The values it may take.
    pub range: Range,
}

/// A thing with named hyper-parameters. Implemented by [`hyper!`](crate::hyper!).
pub trait Hyper {
    /// Its hyper-parameters.
    fn params(&self) -> &'static [Param];
    /// The value of one of them.
    fn get(&self, name: &str) -> Option<Value>;
    /// Puts a value in place; the range has been checked. False if the kind of the value does not fit.
    #[doc(hidden)]
    fn put(&mut self, name: &str, value: Value) -> bool;
}

/// Checks the range of every hyper-parameter, for fields are public and may have been written without.
pub(crate) fn check<H: Hyper + ?Sized>(hyper: &mut H, owner: &str) -> Result<()> {
    for param in hyper.params() {
        if let Some(value) = hyper.get(param.name) {
            set(hyper, owner, param.name, value)?;
        }
    }
    Ok(())
}

/// Sets a hyper-parameter after checking its name and range; a count will do for a number. `owner` is named in errors.
pub(crate) fn set<H: Hyper + ?Sized>(hyper: &mut H, owner: &str, name: &str, value: Value) -> Result<()> {
    let param = find(hyper, owner, name)?;
    let value = match (value, hyper.get(name)) {
        (Value::Int(x), Some(Value::Float(_))) => Value::Float(x as f64),
        (value, _) => value,
    };
    let inside = match &value {
        Value::Float(x) => param.range.holds(*x),
        Value::Int(x) => param.range.holds(*x as f64),
        Value::Pair(pair) => pair.iter().all(|&x| param.range.holds(x)),
        Value::Ints(list) => list.is_sorted(),
        Value::Floats(list) => list.iter().all(|&x| param.range.holds(x)),
        Value::Word(word) => matches!(param.range, Range::Words(words) if words.contains(word)),
        Value::Bool(_) => param.range == Range::Bool,
    };
    let got = value.to_string();
    if inside && hyper.put(name, value) { Ok(()) } else { Err(bad_value(hyper, owner, param, got)) }
}

/// Sets a hyper-parameter from its text form.
pub(crate) fn set_text<H: Hyper + ?Sized>(hyper: &mut H, owner: &str, name: &str, text: &str) -> Result<()> {
    let param = find(hyper, owner, name)?;
    let value = match hyper.get(name) {
        Some(Value::Bool(_)) => text.parse().ok().map(Value::Bool),
        Some(Value::Int(_)) => text.parse().ok().map(Value::Int),
        Some(Value::Float(_)) => text.parse().ok().map(Value::Float),
        Some(Value::Pair(_)) => list(text).and_then(|pair| pair.try_into().ok()).map(Value::Pair),
        Some(Value::Ints(_)) => list(text).map(Value::Ints),
        Some(Value::Floats(_)) => list(text).map(Value::Floats),
        Some(Value::Word(_)) => match param.range {
            Range::Words(words) => words.iter().find(|word| **word == text).map(|word| Value::Word(word)),
            _ => None,
        },
        None => None,
    };
    match value {
        Some(value) => set(hyper, owner, name, value),
        None => Err(bad_value(hyper, owner, param, format!("'{text}'"))),
    }
}

fn find<H: Hyper + ?Sized>(hyper: &H, owner: &str, name: &str) -> Result<&'static Param> {
    hyper.params().iter().find(|param| param.name == name).ok_or_else(|| {
        let known = hyper.params().iter().map(|param| param.name).collect::<Vec<_>>().join(", ");
        Kind::UnknownKey { owner: owner.into(), key: name.into(), known }.into()
    })
}

fn bad_value<H: Hyper + ?Sized>(hyper: &H, owner: &str, param: &Param, got: String) -> Error {
    let expected = match hyper.get(param.name) {
        Some(Value::Int(_)) => format!("a whole number, {}", param.range),
        Some(Value::Pair(_)) => format!("two numbers such as 0.9/0.999, each {}", param.range),
        Some(Value::Floats(_)) => format!("numbers such as 0.1/1/10, each {}", param.range),
        _ => param.range.to_string(),
    };
    Kind::BadValue { owner: owner.into(), key: param.name.into(), expected, got }.into()
}

fn list<T: std::str::FromStr>(text: &str) -> Option<Vec<T>> {
    text.split('/').map(|part| part.parse().ok()).collect()
}

/// Conversion between a field and a [`Value`].
pub trait Field: Sized {
    /// As a value.
    fn value(&self) -> Value;
    /// From a value of its own kind.
    fn from_value(value: Value) -> Option<Self>;
}

macro_rules! field {
    ($($t:ty => $variant:ident),*) => {$(
        impl Field for $t {
            fn value(&self) -> Value {
                Value::$variant(self.clone())
            }
            fn from_value(value: Value) -> Option<Self> {
                match value {
                    Value::$variant(x) => Some(x),
                    _ => None,
                }
            }
        }
    )*};
}
impl Field for [f64; 3] {
    fn value(&self) -> Value {
        Value::Floats(self.to_vec())
    }
    fn from_value(value: Value) -> Option<Self> {
        match value {
            Value::Floats(list) => list.try_into().ok(),
            _ => None,
        }
    }
}

field!(bool => Bool, u64 => Int, f64 => Float, [f64; 2] => Pair, Vec<u64> => Ints, Vec<f64> => Floats, &'static str => Word);

/// Defines a struct of hyper-parameters once: fields, documentation, defaults and ranges. From it come `Default`,
/// access by name, the command line's help and the documentation's tables.
///
/// A field has at least one line of documentation, a type that is a [`Field`](crate::Field), a default and a
/// [`Range`](crate::Range). A whole rule made with it stands at [`Rule`](crate::Rule).
///
/// ```
/// use ravine::{Hyper, Range, Value};
///
/// ravine::hyper! {
///     /// Gradient descent with a speed limit.
///     pub struct Limited {
///         /// Learning rate.
///         lr: f64 = 0.1, Range::NonNegative;
///     }
/// }
/// assert_eq!(Limited::default().get("lr"), Some(Value::Float(0.1)));
/// assert_eq!(Limited::default().params()[0].doc, "Learning rate.");
/// ```
#[macro_export]
macro_rules! hyper {
    ($(#[$meta:meta])* $vis:vis struct $name:ident {
        $($(#[doc = $doc:literal])+ $field:ident: $type:ty = $default:expr, $range:expr;)*
    }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq)]
        $vis struct $name {
            $($(#[doc = $doc])+ #[doc = concat!("\n\nDefault: `", stringify!($default), "`.")] pub $field: $type,)*
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $($field: $default,)* }
            }
        }

        impl $crate::Hyper for $name {
            fn params(&self) -> &'static [$crate::Param] {
                const PARAMS: &[$crate::Param] = &[$($crate::Param {
                    name: stringify!($field),
                    doc: concat!($($doc),+).trim_ascii(),
                    range: $range,
                },)*];
                PARAMS
            }
            fn get(&self, name: &str) -> Option<$crate::Value> {
                match name {
                    $(stringify!($field) => Some($crate::Field::value(&self.$field)),)*
                    _ => None,
                }
            }
            fn put(&mut self, name: &str, value: $crate::Value) -> bool {
                match name {
                    $(stringify!($field) => match $crate::Field::from_value(value) {
                        Some(x) => self.$field = x,
                        None => return false,
                    },)*
                    _ => return false,
                }
                true
            }
        }
    };
}

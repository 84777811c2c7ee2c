//! What a parameter is called and how it is shaped.

/// A named parameter tensor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParamSpec {
    /// Its name, such as `encoder.0.weight`. Groups choose by it, checkpoints and errors name it.
    pub name: String,
    /// Its shape, row-major. The empty shape is a scalar.
    pub shape: Vec<usize>,
}

impl ParamSpec {
    /// A parameter of this name and shape.
    pub fn new(name: impl Into<String>, shape: impl Into<Vec<usize>>) -> Self {
        Self { name: name.into(), shape: shape.into() }
    }

    /// Number of elements; `usize::MAX` where it is greater than that.
    pub fn len(&self) -> usize {
        self.shape.iter().fold(1, |len: usize, &dim| len.saturating_mul(dim))
    }

    /// Whether it has no elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Whether `name` matches `pattern`, in which each `*` stands for any text.
pub(crate) fn matches(pattern: &str, name: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else { return pattern == name };
    let (middle, tail) = rest.rsplit_once('*').unwrap_or(("", rest));
    let Some(mut name) = name.strip_prefix(head) else { return false };
    // Taking each part where it is first found leaves the most to those that follow.
    for part in middle.split('*') {
        let Some(at) = name.find(part) else { return false };
        name = &name[at + part.len()..];
    }
    name.ends_with(tail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shape_too_large_to_count_is_not_taken_for_a_small_one() {
        assert_eq!(ParamSpec::new("w", [usize::MAX, 2]).len(), usize::MAX);
        assert_eq!(ParamSpec::new("w", [usize::MAX, 2, 0]).len(), 0);
        assert_eq!(ParamSpec::new("w", []).len(), 1);
    }

    #[test]
    fn patterns() {
        for (pattern, name, expected) in [
            ("*", "", true),
            ("0.bias", "0.bias", true),
            ("*.bias", "0.bias", true),
            ("*.bias", "bias", false),
            ("enc*.w*", "encoder.0.weight", true),
            ("enc*.w", "encoder.0.weight", false),
            ("*é*", "café au lait", true),
            ("a*b*c", "abbc", true),
            ("a*b*c", "acb", false),
            ("ab*ba", "aba", false),
            ("*ab*ab", "ab", false),
            ("*ab*ab", "abab", true),
            ("a**", "a", true),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
    }
}

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

    /// Number of elements.
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether it has no elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Whether `name` matches `pattern`, in which each `*` stands for any text.
pub(crate) fn matches(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((head, rest)) => name.strip_prefix(head).is_some_and(|tail| {
            // The first `*` takes as little as lets the rest match.
            tail.char_indices().map(|(at, _)| at).chain([tail.len()]).any(|at| matches(rest, &tail[at..]))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
    }
}

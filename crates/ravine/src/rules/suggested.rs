//! What to try first where a rule's default learning rate, PyTorch's or its authors', is not meant for a first try.

/// Hyper-parameters by rule, as in [`parse`](super::parse): one line each.
const SUGGESTED: &[(&str, &str)] = &[("sgd", "lr=0.1")];

/// Hyper-parameters to try first with the rule of this name, in text; empty where its defaults are.
pub fn suggested(name: &str) -> &'static str {
    SUGGESTED.iter().find(|(rule, _)| *rule == name).map_or("", |(_, keys)| keys)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::{CATALOGUE, parse};

    #[test]
    fn what_is_suggested_can_be_read() {
        for (name, keys) in SUGGESTED {
            assert!(CATALOGUE.iter().any(|entry| entry.name == *name), "{name}");
            parse(&format!("{name}:{keys}")).unwrap();
        }
        assert_eq!(suggested("nobody"), "");
    }
}

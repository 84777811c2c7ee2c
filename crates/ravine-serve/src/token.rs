//! The secret that lets a browser in.

use crate::error::{Kind, Result};
use std::fmt;

/// 128 random bits, written in hexadecimal. Whoever has the printed address has it.
pub(crate) struct Token(String);

impl Token {
    pub(crate) fn random() -> Result<Self> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).map_err(Kind::Random)?;
        Ok(Self(bytes.iter().map(|byte| format!("{byte:02x}")).collect()))
    }

    /// Whether `text` is the token. How long this takes does not depend on where the first difference is.
    pub(crate) fn is(&self, text: &str) -> bool {
        let differences = self.0.bytes().zip(text.bytes()).fold(0, |sum, (a, b)| sum | (a ^ b));
        self.0.len() == text.len() && std::hint::black_box(differences) == 0
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_token_is_the_token() {
        let (token, other) = (Token::random().unwrap(), Token::random().unwrap());
        let text = token.to_string();
        assert_eq!(text.len(), 32);
        assert!(token.is(&text));
        for wrong in ["", &text[1..], &format!("{text}0"), &other.to_string()] {
            assert!(!token.is(wrong), "{wrong}");
        }
    }
}

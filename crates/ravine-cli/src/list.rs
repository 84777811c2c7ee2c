//! Lists of specs on the command line.

/// Splits `sgd,adam:lr=0.1,eps=1e-6,momentum` into specs: a part of the form `key=value` belongs to the spec before it. A
/// comma that is written `\,` is part of a value.
pub(crate) fn split(texts: &[String]) -> Vec<String> {
    let mut specs: Vec<String> = Vec::new();
    for text in texts {
        let mut fresh = true;
        for part in parts(text).into_iter().map(str::trim).filter(|part| !part.is_empty()) {
            let continues = part.split_once('=').is_some_and(|(key, _)| !key.contains([':', '(', ' ', '@']));
            match specs.last_mut() {
                Some(last) if continues && !fresh => {
                    last.push(',');
                    last.push_str(part);
                }
                _ => specs.push(part.into()),
            }
            fresh = false;
        }
    }
    specs
}

/// The parts between commas that no backslash stands before.
fn parts(text: &str) -> Vec<&str> {
    let (mut parts, mut start) = (Vec::new(), 0);
    for (at, _) in text.match_indices(',').filter(|(at, _)| !text[..*at].ends_with('\\')) {
        parts.push(&text[start..at]);
        start = at + 1;
    }
    parts.push(&text[start..]);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_stay_with_their_spec() {
        let split = |texts: &[&str]| split(&texts.iter().map(ToString::to_string).collect::<Vec<_>>());
        assert_eq!(
            split(&["sgd,adam:betas=0.9/0.95,eps=1e-6, momentum"]),
            ["sgd", "adam:betas=0.9/0.95,eps=1e-6", "momentum"]
        );
        assert_eq!(split(&["sgd", "adam", ""]), ["sgd", "adam"]);
        assert_eq!(
            split(&["constant,(constant for 50% then cosine):warmup=5%,scale=0.5,step"]),
            ["constant", "(constant for 50% then cosine):warmup=5%,scale=0.5", "step"]
        );
        assert_eq!(split(&["sgd", "lr=3"]), ["sgd", "lr=3"]);
        assert_eq!(split(&["sgd,@a=b.toml,adam"]), ["sgd", "@a=b.toml", "adam"]);
        assert_eq!(
            split(&["images:dir=a\\, b,size=8,iris-softmax"]),
            ["images:dir=a\\, b,size=8", "iris-softmax"]
        );
    }
}

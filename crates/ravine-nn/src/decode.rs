//! From the outputs of a model trained with [`Ctc`](crate::Ctc) to labels, and how far these are from the truth.

use crate::Float;

/// The most probable class of each frame, without repeats and blanks (class 0). `logits` are `[frames, classes]`.
///
/// # Panics
/// If `classes` is 0.
pub fn greedy_decode<T: Float>(logits: &[T], classes: usize) -> Vec<u32> {
    let best = logits.chunks_exact(classes).map(|row| {
        let start = (0, row[0]);
        row.iter().enumerate().fold(start, |top, (class, &z)| if z > top.1 { (class, z) } else { top }).0
    });
    let (mut labels, mut last) = (Vec::new(), 0);
    for class in best {
        if class != last && class != 0 {
            labels.push(class as u32);
        }
        last = class;
    }
    labels
}

/// The most probable label sequence among the `beam` best prefixes kept at each frame: a sequence's probability is the
/// sum over its ways through the frames, where greedy decoding looks at one way alone. `logits` are `[frames, classes]`.
///
/// # Panics
/// If `classes` or `beam` is 0.
pub fn beam_decode<T: Float>(logits: &[T], classes: usize, beam: usize) -> Vec<u32> {
    assert!(beam > 0, "a beam of no prefixes");
    let mut prefixes = vec![Prefix { labels: Vec::new(), blank: 1.0, label: 0.0 }];
    let mut p = vec![0.0; classes];
    for row in logits.chunks_exact(classes) {
        let top = row.iter().fold(f64::NEG_INFINITY, |top, z| top.max(z.to_f64()));
        p.iter_mut().zip(row).for_each(|(p, z)| *p = (z.to_f64() - top).exp());
        let sum: f64 = p.iter().sum();
        p.iter_mut().for_each(|p| *p /= sum);
        prefixes = advance(&prefixes, &p);
        prefixes.sort_by(|a, b| b.total().total_cmp(&a.total()).then_with(|| a.labels.cmp(&b.labels)));
        prefixes.truncate(beam);
        // Only their ratios count; so they never vanish.
        let scale = 1.0 / prefixes[0].total();
        prefixes
            .iter_mut()
            .for_each(|prefix| (prefix.blank, prefix.label) = (prefix.blank * scale, prefix.label * scale));
    }
    prefixes.swap_remove(0).labels
}

/// Labels said so far, and the probability of the ways that end in a blank and in the last label.
struct Prefix {
    labels: Vec<u32>,
    blank: f64,
    label: f64,
}

impl Prefix {
    fn total(&self) -> f64 {
        self.blank + self.label
    }
}

/// The prefixes after one more frame with these probabilities of the classes.
fn advance(prefixes: &[Prefix], p: &[f64]) -> Vec<Prefix> {
    let mut next = std::collections::BTreeMap::<Vec<u32>, (f64, f64)>::new();
    for prefix in prefixes {
        let last = prefix.labels.last().copied();
        let stay = next.entry(prefix.labels.clone()).or_default();
        stay.0 += prefix.total() * p[0];
        stay.1 += last.map_or(0.0, |last| prefix.label * p[last as usize]);
        for (class, &p) in (0u32..).zip(p).skip(1) {
            // A label twice is one unless a blank parts them.
            let before = if last == Some(class) { prefix.blank } else { prefix.total() };
            if before * p > 0.0 {
                let labels = prefix.labels.iter().copied().chain([class]).collect();
                next.entry(labels).or_default().1 += before * p;
            }
        }
    }
    next.into_iter().map(|(labels, (blank, label))| Prefix { labels, blank, label }).collect()
}

/// The fewest insertions, deletions and substitutions that make one sequence the other (Levenshtein, 1966).
pub fn edit_distance<L: PartialEq>(a: &[L], b: &[L]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, a) in a.iter().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, b) in b.iter().enumerate() {
            let change = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

/// The edits that make the guesses the truths, per label of the truths: the character error rate if labels are
/// characters. Pairs are (guess, truth). NaN if no truth has a label.
pub fn error_rate<L: PartialEq>(pairs: impl IntoIterator<Item = (impl AsRef<[L]>, impl AsRef<[L]>)>) -> f64 {
    let (mut edits, mut labels) = (0, 0);
    for (guess, truth) in pairs {
        edits += edit_distance(guess.as_ref(), truth.as_ref());
        labels += truth.as_ref().len();
    }
    edits as f64 / labels as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Logits that are the logarithms of these probabilities.
    fn logs(p: &[f64]) -> Vec<f64> {
        p.iter().map(|p| p.ln()).collect()
    }

    #[test]
    fn repeats_are_one_and_blanks_part_them() {
        let frames = [1, 1, 0, 1, 2, 2, 0, 0, 3];
        let logits: Vec<f32> =
            frames.iter().flat_map(|&f| (0..4).map(move |c| f32::from(u8::from(c == f)))).collect();
        assert_eq!(greedy_decode(&logits, 4), [1, 1, 2, 3]);
        assert_eq!(beam_decode(&logs(&[1.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 1.0]), 2, 3), [1, 1]);
        assert!(greedy_decode::<f32>(&[], 4).is_empty() && beam_decode::<f32>(&[], 4, 2).is_empty());
    }

    #[test]
    fn a_beam_sums_the_ways_that_greedy_decoding_does_not_see() {
        // Blank is the likeliest class of each frame, "1" the likeliest sequence: 0.64 against 0.36.
        let logits = logs(&[0.6, 0.4, 0.6, 0.4]);
        assert!(greedy_decode(&logits, 2).is_empty());
        assert_eq!(beam_decode(&logits, 2, 4), [1]);
    }

    #[test]
    fn distances_by_hand() {
        let distance = |a: &str, b: &str| edit_distance(a.as_bytes(), b.as_bytes());
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!([distance("", "abc"), distance("abc", ""), distance("", "")], [3, 3, 0]);
        let pairs = [(vec![1, 2, 3], vec![1, 3]), (vec![], vec![5, 5])];
        assert_eq!(error_rate(pairs), 0.75);
    }

    proptest! {
        #[test]
        fn a_distance_is_a_metric(
            a in prop::collection::vec(0u8..3, 0..7), b in prop::collection::vec(0u8..3, 0..7),
            c in prop::collection::vec(0u8..3, 0..7),
        ) {
            let (ab, bc, ac) = (edit_distance(&a, &b), edit_distance(&b, &c), edit_distance(&a, &c));
            prop_assert_eq!(ab, edit_distance(&b, &a));
            prop_assert_eq!(ab == 0, a == b);
            prop_assert!(ac <= ab + bc && ab <= a.len().max(b.len()) && ab >= a.len().abs_diff(b.len()));
        }
    }
}

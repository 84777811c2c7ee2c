//! Labels beside their marks without overlap.

/// Moves positions apart to at least `gap`, keeping their order and staying inside [`low`, `high`] if they fit.
///
/// Each position ends as near to where it wanted to be as the others allow: neighbours that are too close form a
/// block, which sits at the mean of what its members want.
pub fn spread(wanted: &[f64], gap: f64, low: f64, high: f64) -> Vec<f64> {
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_by(|a, b| wanted[*a].total_cmp(&wanted[*b]));
    // Blocks of (mean of its first member's wish, members).
    let mut blocks: Vec<(f64, Vec<usize>)> = Vec::new();
    for i in order {
        let mut block = (wanted[i], vec![i]);
        while let Some((start, members)) = blocks.last() {
            if start + gap * members.len() as f64 <= block.0 {
                break;
            }
            let (n, m) = (members.len() as f64, block.1.len() as f64);
            let merged = (start * n + (block.0 - gap * n) * m) / (n + m);
            let Some((_, mut members)) = blocks.pop() else { break };
            members.append(&mut block.1);
            block = (merged, members);
        }
        let longest = gap * (block.1.len() - 1) as f64;
        block.0 = block.0.min(high - longest).max(low);
        blocks.push(block);
    }
    let mut places = vec![0.0; wanted.len()];
    let mut free = f64::NEG_INFINITY;
    for (start, members) in blocks {
        for (k, i) in members.into_iter().enumerate() {
            places[i] = (start + gap * k as f64).max(free);
            free = places[i] + gap;
        }
    }
    // What the last moves pushed out at the end goes back, the others make room.
    let mut limit = high;
    let mut down: Vec<usize> = (0..places.len()).collect();
    down.sort_by(|a, b| places[*b].total_cmp(&places[*a]));
    for i in down {
        places[i] = places[i].min(limit);
        limit = places[i] - gap;
    }
    places
}

/// Width in pixels of a letter in 12-pixel type of a wide face.
const LETTER: f64 = 7.4;

/// Width in pixels of a text in 12-pixel type, on the safe side.
pub fn width(text: &str) -> f64 {
    text.chars().map(|letter| if "mwMW".contains(letter) { 1.6 * LETTER } else { LETTER }).sum()
}

/// The text, cut to fit `pixels` with an ellipsis at its end.
pub fn fit(text: &str, pixels: f64) -> String {
    let room = (pixels / LETTER).max(2.0) as usize;
    if text.chars().count() <= room {
        return text.into();
    }
    text.chars().take(room - 1).chain(['\u{2026}']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_overlaps_and_the_order_stays() {
        let wanted = [50.0, 51.0, 49.0, 10.0, 99.0];
        let places = spread(&wanted, 12.0, 0.0, 100.0);
        let mut sorted = places.clone();
        sorted.sort_by(f64::total_cmp);
        assert!(sorted.windows(2).all(|pair| pair[1] - pair[0] >= 12.0 - 1e-9), "{sorted:?}");
        assert!(sorted[0] >= 0.0 && sorted[4] <= 100.0);
        assert!(places[2] < places[0] && places[0] < places[1]);
        assert_eq!(places[3], 10.0);
    }

    #[test]
    fn labels_at_an_edge_are_pushed_inwards() {
        assert_eq!(spread(&[100.0, 100.0, 100.0], 10.0, 0.0, 100.0), [80.0, 90.0, 100.0]);
        assert!(spread(&[], 10.0, 0.0, 100.0).is_empty());
    }

    #[test]
    fn long_texts_are_cut_by_character() {
        assert_eq!(fit("adagrad", 100.0), "adagrad");
        assert_eq!(fit("ääääääääää", 30.0).chars().count(), 4);
    }
}

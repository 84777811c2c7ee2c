//! Lines cut off at a frame, however far outside their points lie.

/// A rectangle of pixels: left, top, right, bottom.
pub type Frame = [f64; 4];

/// Whether a point lies in the frame.
pub fn inside([left, top, right, bottom]: Frame, (x, y): (f64, f64)) -> bool {
    (left..=right).contains(&x) && (top..=bottom).contains(&y)
}

/// The pieces of a line through points that lie in the frame. Points that are not finite break it.
pub fn clip(frame: Frame, points: &[(f64, f64)]) -> Vec<Vec<(f64, f64)>> {
    let mut pieces: Vec<Vec<(f64, f64)>> = Vec::new();
    let mut open = false;
    for pair in points.windows(2) {
        let Some((from, to)) = stretch(frame, pair[0], pair[1]) else {
            open = false;
            continue;
        };
        match pieces.last_mut().filter(|_| open) {
            Some(piece) => piece.push(to),
            None => pieces.push(vec![from, to]),
        }
        open = to == pair[1];
    }
    pieces
}

/// The part of a stretch in the frame (Liang and Barsky).
fn stretch(
    [left, top, right, bottom]: Frame,
    a: (f64, f64),
    b: (f64, f64),
) -> Option<((f64, f64), (f64, f64))> {
    let (dx, dy) = (b.0 - a.0, b.1 - a.1);
    if !dx.is_finite() || !dy.is_finite() {
        return None;
    }
    let (mut from, mut to) = (0.0f64, 1.0f64);
    for (d, room) in [(-dx, a.0 - left), (dx, right - a.0), (-dy, a.1 - top), (dy, bottom - a.1)] {
        if d == 0.0 {
            if room < 0.0 {
                return None;
            }
        } else if d < 0.0 {
            from = from.max(room / d);
        } else {
            to = to.min(room / d);
        }
    }
    let at = |part: f64| match part {
        0.0 => a,
        1.0 => b,
        part => (a.0 + part * dx, a.1 + part * dy),
    };
    (from <= to).then(|| (at(from), at(to)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: Frame = [0.0, 0.0, 10.0, 10.0];

    #[test]
    fn a_line_that_leaves_comes_back_as_another_piece() {
        let line = [(5.0, 5.0), (15.0, 5.0), (15.0, 8.0), (5.0, 8.0)];
        assert_eq!(clip(FRAME, &line), [vec![(5.0, 5.0), (10.0, 5.0)], vec![(10.0, 8.0), (5.0, 8.0)]]);
        assert_eq!(clip(FRAME, &[(-5.0, 5.0), (15.0, 5.0)]), [vec![(0.0, 5.0), (10.0, 5.0)]]);
    }

    #[test]
    fn what_is_far_away_or_not_finite_is_left_out() {
        assert!(clip(FRAME, &[(20.0, 0.0), (20.0, 9.0), (1e300, 1e300)]).is_empty());
        assert_eq!(
            clip(FRAME, &[(1.0, 1.0), (f64::NAN, 1.0), (2.0, 2.0), (3.0, 3.0)]),
            [[(2.0, 2.0), (3.0, 3.0)]]
        );
        let pieces = clip(FRAME, &[(5.0, 5.0), (5.0, 1e308)]);
        assert!((pieces[0][1].1 - 10.0).abs() < 1e-9);
    }
}

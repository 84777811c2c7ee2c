//! Lines with fewer points, and their shortest text.

use std::fmt::Write;

/// The points of a line that are needed to stay within `tolerance` of it; both ends stay (Ramer, Douglas, Peucker).
pub fn simplify(points: &[(f64, f64)], tolerance: f64) -> Vec<(f64, f64)> {
    if points.len() < 3 {
        return points.to_vec();
    }
    let mut kept = vec![false; points.len()];
    kept[0] = true;
    kept[points.len() - 1] = true;
    let mut spans = vec![(0, points.len() - 1)];
    while let Some((from, to)) = spans.pop() {
        let off = |i: &usize| distance(points[*i], points[from], points[to]);
        let far = (from + 1..to).max_by(|a, b| off(a).total_cmp(&off(b)));
        if let Some(far) = far.filter(|far| off(far) > tolerance) {
            kept[far] = true;
            spans.extend([(from, far), (far, to)]);
        }
    }
    points.iter().zip(kept).filter_map(|(point, kept)| kept.then_some(*point)).collect()
}

/// Distance of a point from a stretch between two others.
fn distance((x, y): (f64, f64), (ax, ay): (f64, f64), (bx, by): (f64, f64)) -> f64 {
    let (dx, dy) = (bx - ax, by - ay);
    let length = dx * dx + dy * dy;
    let part = if length > 0.0 { (((x - ax) * dx + (y - ay) * dy) / length).clamp(0.0, 1.0) } else { 0.0 };
    (x - ax - part * dx).hypot(y - ay - part * dy)
}

/// Path data through points, in tenths of a pixel and relative steps; `close` joins the last to the first.
pub fn path(points: &[(f64, f64)], close: bool) -> String {
    let mut text = String::new();
    let mut last = (0, 0);
    for (i, (x, y)) in points.iter().enumerate() {
        let here = (tenths(*x), tenths(*y));
        if i == 0 {
            let _ = write!(text, "M{}{}", Tenths(here.0, false), Tenths(here.1, true));
        } else if here != last {
            // A lower-case letter is needed only for the first of many steps.
            let (dx, dy) = (here.0 - last.0, here.1 - last.1);
            let _ =
                write!(text, "{}{}{}", if i == 1 { "l" } else { "" }, Tenths(dx, i > 1), Tenths(dy, true));
        } else if i == 1 {
            text += "l0 0";
        }
        last = here;
    }
    if close && points.len() > 1 {
        text.push('z');
    }
    text
}

fn tenths(x: f64) -> i64 {
    (x * 10.0).round() as i64
}

/// A number of tenths, and whether something stands before it from which it must be told.
struct Tenths(i64, bool);

impl std::fmt::Display for Tenths {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self(tenths, after) = *self;
        f.write_str(match (tenths < 0, after) {
            (true, _) => "-",
            (false, true) => " ",
            (false, false) => "",
        })?;
        let (whole, part) = (tenths.unsigned_abs() / 10, tenths.unsigned_abs() % 10);
        match (whole, part) {
            (_, 0) => write!(f, "{whole}"),
            (0, _) => write!(f, ".{part}"),
            _ => write!(f, "{whole}.{part}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_on_a_line_goes_and_corners_stay() {
        let line: Vec<(f64, f64)> = (0i32..=20).map(|i| (f64::from(i), f64::from((i - 10).abs()))).collect();
        assert_eq!(simplify(&line, 0.01), [(0.0, 10.0), (10.0, 0.0), (20.0, 10.0)]);
    }

    #[test]
    fn nothing_moves_further_than_the_tolerance() {
        let wave: Vec<(f64, f64)> =
            (0..500).map(|i| (f64::from(i), 40.0 * (f64::from(i) / 30.0).sin())).collect();
        let few = simplify(&wave, 0.5);
        assert!(few.len() < 120, "{}", few.len());
        for point in &wave {
            assert!(few.windows(2).any(|pair| distance(*point, pair[0], pair[1]) <= 0.5));
        }
    }

    #[test]
    fn paths_are_short() {
        assert_eq!(path(&[(1.0, 2.0), (1.5, 2.04), (0.0, -3.21)], true), "M1 2l.5 0-1.5-5.2z");
        assert_eq!(path(&[(0.04, 2.0)], false), "M0 2");
        assert_eq!(path(&[(1.0, 1.0), (1.0, 1.0), (2.0, 1.0)], false), "M1 1l0 0 1 0");
    }
}

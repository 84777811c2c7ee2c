//! The line search for the strong Wolfe conditions, with the choices that torch.optim.LBFGS makes.

/// Losses must fall by this share of what the slope at the start promises.
const C1: f64 = 1e-4;
/// Slopes must fall to this share of that at the start.
const C2: f64 = 0.9;

/// A place on the line: how far along it lies, the loss and its slope there, and what else the caller wants back.
#[derive(Clone)]
pub(crate) struct Point<X> {
    pub(crate) length: f64,
    pub(crate) loss: f64,
    pub(crate) slope: f64,
    pub(crate) what: X,
}

pub(crate) struct Search {
    /// Loss and slope at the start.
    pub(crate) loss: f64,
    pub(crate) slope: f64,
    /// The largest magnitude in the direction.
    pub(crate) largest: f64,
    /// Brackets whose ends are closer than this, in weights, are not cut any more.
    pub(crate) tolerance_change: f64,
    /// Most tries after the first.
    pub(crate) most: u64,
}

impl Search {
    fn falls_too_little<X>(&self, point: &Point<X>) -> bool {
        point.loss.is_nan() || point.loss > self.loss + C1 * point.length * self.slope
    }

    fn is_flat_enough<X>(&self, point: &Point<X>) -> bool {
        point.slope.abs() <= -C2 * self.slope
    }
}

/// A place where the conditions hold, or the best of those tried: first steps grow until two of them have a good one
/// between
/// them, then that bracket is cut.
pub(crate) fn search<X: Clone>(
    search: &Search,
    start: Point<X>,
    length: f64,
    mut at: impl FnMut(f64) -> Point<X>,
) -> Point<X> {
    let (mut last, mut new) = (start.clone(), at(length));
    let mut tries = 0;
    let mut bracket = loop {
        if tries >= search.most {
            break [start, new];
        }
        if search.falls_too_little(&new) || (tries > 1 && new.loss >= last.loss) {
            break [last, new];
        }
        if search.is_flat_enough(&new) {
            return new;
        }
        if new.slope >= 0.0 {
            break [last, new];
        }
        let bounds = [new.length + 0.01 * (new.length - last.length), new.length * 10.0];
        let next = cubic(&last, &new, Some(bounds));
        last = std::mem::replace(&mut new, at(next));
        tries += 1;
    };

    let mut stuck = false;
    let mut low = lower(&bracket);
    while tries < search.most {
        let [a, b] = [bracket[0].length, bracket[1].length];
        if (b - a).abs() * search.largest < search.tolerance_change {
            break;
        }
        let (left, right) = (a.min(b), a.max(b));
        let mut length = cubic(&bracket[0], &bracket[1], None);
        // Twice near an end, or beyond one: go in by a tenth.
        let margin = 0.1 * (right - left);
        if (right - length).min(length - left) < margin {
            if stuck || length >= right || length <= left {
                length = if (length - right).abs() < (length - left).abs() {
                    right - margin
                } else {
                    left + margin
                };
                stuck = false;
            } else {
                stuck = true;
            }
        } else {
            stuck = false;
        }
        let new = at(length);
        tries += 1;
        if search.falls_too_little(&new) || new.loss >= bracket[low].loss {
            bracket[1 - low] = new;
            low = lower(&bracket);
            continue;
        }
        let done = search.is_flat_enough(&new);
        if !done && new.slope * (bracket[1 - low].length - bracket[low].length) >= 0.0 {
            bracket[1 - low] = bracket[low].clone();
        }
        bracket[low] = new;
        if done {
            break;
        }
    }
    let [first, second] = bracket;
    if low == 0 { first } else { second }
}

/// Which end of a bracket is lower. NaN is not.
fn lower<X>(bracket: &[Point<X>; 2]) -> usize {
    if bracket[1].loss.is_nan() || bracket[0].loss <= bracket[1].loss { 0 } else { 1 }
}

/// The minimum, within bounds, of the cubic with these losses and slopes at two places; the middle of the bounds
/// where it has
/// none (Nocedal and Wright, equation 3.59). By default the places are the bounds.
fn cubic<X>(a: &Point<X>, b: &Point<X>, bounds: Option<[f64; 2]>) -> f64 {
    let (left, right) = if a.length <= b.length { (a, b) } else { (b, a) };
    let [least, most] = bounds.unwrap_or([left.length, right.length]);
    let d1 = a.slope + b.slope - 3.0 * (a.loss - b.loss) / (a.length - b.length);
    let square = d1 * d1 - a.slope * b.slope;
    if square >= 0.0 {
        let d2 = square.sqrt();
        let share = (right.slope + d2 - d1) / (right.slope - left.slope + 2.0 * d2);
        let place = right.length - (right.length - left.length) * share;
        if !place.is_nan() {
            return place.max(least).min(most);
        }
    }
    (least + most) / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Searches along f(x), f'(x) from 0 with a first length; gives the length found and the places tried.
    fn along(f: impl Fn(f64) -> (f64, f64), length: f64, most: u64) -> (f64, Vec<f64>) {
        let mut tried = Vec::new();
        let point = |length| {
            let (loss, slope) = f(length);
            Point { length, loss, slope, what: () }
        };
        let start = point(0.0);
        let parameters =
            Search { loss: start.loss, slope: start.slope, largest: 1.0, tolerance_change: 1e-9, most };
        let found = search(&parameters, start, length, |length| {
            tried.push(length);
            point(length)
        });
        (found.length, tried)
    }

    #[test]
    fn the_minimum_of_a_cubic_is_found() {
        let point =
            |x: f64| Point { length: x, loss: x * x * x - 3.0 * x, slope: 3.0 * x * x - 3.0, what: () };
        assert!((cubic(&point(0.0), &point(2.0), None) - 1.0).abs() < 1e-15);
        assert!((cubic(&point(2.0), &point(0.0), None) - 1.0).abs() < 1e-15);
        assert_eq!(cubic(&point(0.0), &point(2.0), Some([1.5, 2.0])), 1.5);
    }

    #[test]
    fn a_step_too_short_grows_and_one_too_long_is_cut() {
        let parabola = |x: f64| ((x - 3.0) * (x - 3.0), 2.0 * (x - 3.0));
        let (short, tried) = along(parabola, 0.01, 25);
        assert!(tried.len() > 1 && (short - 3.0).abs() <= 2.7, "{short} {tried:?}");
        let (long, _) = along(parabola, 100.0, 25);
        assert!((long - 3.0).abs() <= 2.7, "{long}");
        assert_eq!(along(parabola, 3.0, 25), (3.0, vec![3.0]));
    }

    #[test]
    fn a_loss_that_is_no_number_beyond_a_wall_is_avoided() {
        let wall = |x: f64| if x > 1.0 { (f64::NAN, f64::NAN) } else { (-x, -1.0) };
        let (length, _) = along(wall, 8.0, 25);
        assert!(length > 0.0 && length <= 1.0, "{length}");
    }

    #[test]
    fn no_more_places_are_tried_than_allowed() {
        let falling = |x: f64| (-x, -1.0);
        for most in [0, 1, 5] {
            assert_eq!(along(falling, 1.0, most).1.len() as u64, most + 1);
        }
    }
}

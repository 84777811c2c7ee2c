//! Pictures of functions, and of what optimizers do on them.
//!
//! Each takes plain data and closures and gives an [`Svg`]: for a page, a file, or
//! [PNG](crate::svg::raster::png). A size is the room there is; a picture that needs less is smaller.

pub mod arrow;
pub mod curve;
pub mod directions;
mod legend;
mod levels;
pub mod lines;
pub mod losses;
pub mod map;
mod place;
pub mod schedule;
mod space;
pub mod surface;
mod trail;

use crate::svg::style::Marker;
use crate::svg::{Anchor, Series, Svg, labels};

/// The iterates of one run over `N` variables.
#[derive(Clone, Debug, PartialEq)]
pub struct Path<const N: usize> {
    /// What the legend calls it.
    pub name: String,
    /// Its look.
    pub series: Series,
    /// The start, then one point for each step. A point that is not finite ends it.
    pub points: Vec<[f64; N]>,
    /// How it ended, in a word or two; may be empty.
    pub note: String,
}

impl<const N: usize> Path<N> {
    /// The `n`-th run, through the first `N` coordinates of `points`; missing ones are 0.
    pub fn new(n: usize, name: &str, points: &[Vec<f64>]) -> Self {
        let first = |point: &Vec<f64>| std::array::from_fn(|i| point.get(i).copied().unwrap_or(0.0));
        let points = points.iter().map(first).collect();
        Self { name: name.into(), series: Series::new(n), points, note: String::new() }
    }
}

/// A point worth knowing.
#[derive(Clone, Debug, PartialEq)]
pub struct Mark<const N: usize> {
    /// Where.
    pub at: [f64; N],
    /// What it is.
    pub kind: MarkKind,
    /// Text beside it; may be empty.
    pub label: String,
}

impl<const N: usize> Mark<N> {
    /// A point with its label.
    pub fn new(kind: MarkKind, at: [f64; N], label: &str) -> Self {
        Self { at, kind, label: label.into() }
    }
}

/// What a marked point is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MarkKind {
    /// A global minimum: a star.
    Minimum,
    /// A minimum that is not global: an open triangle, tip down.
    LocalMinimum,
    /// A maximum: an open triangle, tip up.
    Maximum,
    /// A stationary point that is neither: a cross.
    Saddle,
    /// A stationary point of which second derivatives do not tell what it is: an open square.
    Degenerate,
    /// Any other point: an open disc.
    Point,
}

impl MarkKind {
    /// All, in the order of a legend.
    const ALL: [Self; 6] =
        [Self::Minimum, Self::LocalMinimum, Self::Maximum, Self::Saddle, Self::Degenerate, Self::Point];

    fn name(self) -> &'static str {
        match self {
            Self::Minimum => "minimum",
            Self::LocalMinimum => "local minimum",
            Self::Maximum => "maximum",
            Self::Saddle => "saddle point",
            Self::Degenerate => "degenerate point",
            Self::Point => "point",
        }
    }

    fn draw(self, svg: &mut Svg, x: f64, y: f64, hover: &str) {
        let (class, marker) = match self {
            Self::Minimum => ("star", Marker::Star),
            Self::LocalMinimum => ("spot", Marker::Down),
            Self::Maximum => ("spot", Marker::Up),
            Self::Saddle => return svg.cross("", x, y, hover),
            Self::Degenerate => ("spot", Marker::Square),
            Self::Point => ("spot", Marker::Circle),
        };
        svg.path(class, &marker.path(x, y), hover);
    }
}

/// A name for the parts of a picture that must have one unlike any other on the page: made from what is drawn, so the same
/// picture has the same name.
fn id(parts: &[&str]) -> String {
    // FNV-1a.
    let bytes = parts.iter().flat_map(|part| part.bytes().chain([0]));
    let hash = bytes
        .fold(0xcbf2_9ce4_8422_2325u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    format!("p{hash:x}")
}

/// Draws the title of a picture if it has one; gives the height used.
fn title(svg: &mut Svg, text: &str) -> f64 {
    if text.is_empty() {
        return 2.0;
    }
    let text = labels::fit(text, svg.width() - 4.0);
    svg.text("strong", 2.0, 15.0, Anchor::Start, &text);
    26.0
}

/// Names in a sentence: `a`, `a and b`, `a, b and c`.
fn list(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => (*one).into(),
        [head @ .., last] => format!("{} and {last}", head.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_take_the_coordinates_there_are() {
        let path = Path::<2>::new(3, "sgd", &[vec![1.0, 2.0, 3.0], vec![4.0]]);
        assert_eq!(path.points, [[1.0, 2.0], [4.0, 0.0]]);
        assert_eq!(path.series, Series::new(3));
    }

    #[test]
    fn names_of_parts_differ_with_what_is_drawn() {
        assert_eq!(id(&["a", "b"]), id(&["a", "b"]));
        assert_ne!(id(&["a", "b"]), id(&["ab"]));
        assert_eq!(list(&["a", "b", "c"]), "a, b and c");
    }
}

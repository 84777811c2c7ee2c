//! Colours, dashes and markers of series, and the style sheet of all pictures.

use super::canvas::Px;

/// The style sheet. Colours after Okabe and Ito's palette for all kinds of colour vision, each in a shade with enough
/// contrast on white and one for dark pages; yellow, too faint on white, is left out.
pub const STYLE: &str = include_str!("style.css");

/// Steps of the colour for heights: classes `h0` to `h11`.
pub(crate) const RAMP: usize = 12;

/// Colours in the style sheet.
const COLORS: usize = 8;

const DASHES: [&str; 6] = ["", "7 3", "2 3", "9 3 2 3", "4 2", "12 4"];

const MARKERS: [Marker; 6] =
    [Marker::Circle, Marker::Square, Marker::Up, Marker::Diamond, Marker::Down, Marker::Plus];

/// The look of a series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Series {
    /// Number of its colour.
    pub color: usize,
    /// Number of its dashes and its marker.
    pub shape: usize,
}

impl Series {
    /// The look of the n-th series. Each round of the colours begins with the next dashes and marker.
    pub fn new(n: usize) -> Self {
        Self { color: n % COLORS, shape: n % COLORS + n / COLORS }
    }

    /// Class that sets the colour.
    pub fn class(self) -> &'static str {
        ["s0", "s1", "s2", "s3", "s4", "s5", "s6", "s7"][self.color % COLORS]
    }

    pub(super) fn dashes(self) -> &'static str {
        DASHES[self.shape % DASHES.len()]
    }

    pub(crate) fn marker(self) -> Marker {
        MARKERS[self.shape % MARKERS.len()]
    }
}

/// The shape of a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Marker {
    Circle,
    Square,
    Up,
    Diamond,
    Down,
    Plus,
    Cross,
    Star,
}

impl Marker {
    /// Its outline, about 9 pixels wide, around a point.
    pub(crate) fn path(self, x: f64, y: f64) -> String {
        let start = format!("M{} {}", Px(x), Px(y));
        let outline = match self {
            Self::Circle => "m-4 0a4 4 0 1 0 8 0a4 4 0 1 0 -8 0z",
            Self::Square => "m-3.6 -3.6h7.2v7.2h-7.2z",
            Self::Up => "m0 -4.8l4.6 8.2h-9.2z",
            Self::Diamond => "m0 -5.2l4.6 5.2l-4.6 5.2l-4.6 -5.2z",
            Self::Down => "m0 4.8l4.6 -8.2h-9.2z",
            Self::Plus => "m-1.5 -4.8h3v3.3h3.3v3h-3.3v3.3h-3v-3.3h-3.3v-3h3.3z",
            Self::Star => "m0 -7.2l1.8 4.8 5.1 .2-4 3.2 1.4 4.9-4.3-2.8-4.3 2.8 1.4-4.9-4-3.2 5.1-.2z",
            Self::Cross => "m-3.5 -3.5l7 7m0 -7l-7 7",
        };
        start + outline
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_dozen_series_look_different() {
        let mut looks: Vec<_> = (0..24).map(Series::new).map(|s| (s.class(), s.dashes())).collect();
        looks.sort_unstable();
        looks.dedup();
        assert_eq!(looks.len(), 24);
    }

    #[test]
    fn every_colour_is_in_the_style_sheet() {
        for i in 0..COLORS {
            assert!(STYLE.contains(&format!(".{}{{", Series::new(i).class())));
        }
        for i in 0..RAMP {
            assert!(STYLE.contains(&format!(".h{i}{{")));
        }
    }
}

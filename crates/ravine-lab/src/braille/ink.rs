//! Colours of the terminal.

use crate::svg::Series;

/// Which colours the terminal has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ink {
    /// None.
    None,
    /// The 256 colours of most terminals.
    Ansi256,
    /// Any colour.
    True,
}

/// What a dot or letter is drawn with; the later covers the earlier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pen {
    /// Level lines.
    Faint,
    /// Graphs and references.
    Soft,
    /// A run.
    Run(Series),
    /// The terminal's own colour.
    Plain,
}

/// Colours of series, in shades that can be read on black and on white, and their next of kin of the 256.
const COLORS: [([u8; 3], u8); 8] = [
    ([42, 145, 208], 32),
    ([224, 112, 42], 166),
    ([26, 163, 122], 36),
    ([194, 115, 165], 169),
    ([190, 140, 20], 136),
    ([138, 148, 158], 246),
    ([128, 121, 224], 98),
    ([75, 180, 218], 74),
];

impl Pen {
    pub(super) fn rank(self) -> u8 {
        match self {
            Self::Faint => 0,
            Self::Soft => 1,
            Self::Run(_) => 2,
            Self::Plain => 3,
        }
    }

    /// What switches to it.
    pub(super) fn code(self, ink: Ink) -> String {
        let (rgb, index) = match self {
            Self::Plain => return String::new(),
            Self::Faint => ([120, 128, 136], 243),
            Self::Soft => ([140, 148, 156], 246),
            Self::Run(series) => COLORS[series.color % COLORS.len()],
        };
        match ink {
            Ink::None => String::new(),
            Ink::Ansi256 => format!("\u{1b}[38;5;{index}m"),
            Ink::True => format!("\u{1b}[38;2;{};{};{}m", rgb[0], rgb[1], rgb[2]),
        }
    }
}

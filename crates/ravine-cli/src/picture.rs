//! What commands that draw share: where pictures go, how they look, and the terminal as a screen.

use crate::failure::{Failure, Result};
use crate::{output, table};
use clap::ValueEnum;
use ravine_lab::braille::{Ink, Screen};
use ravine_lab::svg::raster;
use ravine_lab::svg::{Svg, Theme};
use std::io::{IsTerminal, stdout};
use std::path::{Path, PathBuf};

/// Sizes of a picture in CSS pixels.
const SIZES: std::ops::RangeInclusive<i64> = 200..=4000;
/// Pixels of a PNG for a CSS pixel.
const DENSITY: f64 = 2.0;
/// Columns of a picture in the terminal.
const COLUMNS: [usize; 2] = [24, 100];

/// Files to draw to.
#[derive(clap::Args)]
pub(crate) struct Picture {
    /// Draw to this file as SVG.
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// Draw to this file as PNG, at two pixels per pixel of the width and height.
    #[arg(long, value_name = "FILE")]
    png: Option<PathBuf>,
    /// Colours of the files. If not given, an SVG follows its viewer, and a PNG is light.
    #[arg(long, value_enum)]
    theme: Option<Colours>,
    /// Width of the files' pictures, in pixels.
    #[arg(long, value_name = "PIXELS", value_parser = clap::value_parser!(u16).range(SIZES))]
    width: Option<u16>,
    /// Height of the files' pictures, in pixels.
    #[arg(long, value_name = "PIXELS", value_parser = clap::value_parser!(u16).range(SIZES))]
    height: Option<u16>,
}

/// A file to draw a moving picture to.
#[derive(clap::Args)]
pub(crate) struct Animation {
    /// Draw to this file as SVG that moves.
    #[arg(long, value_name = "FILE")]
    animate: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Colours {
    Light,
    Dark,
}

impl From<Colours> for Theme {
    fn from(colours: Colours) -> Self {
        match colours {
            Colours::Light => Self::Light,
            Colours::Dark => Self::Dark,
        }
    }
}

impl Picture {
    /// Width and height, where they are not asked for from the default.
    pub(crate) fn size(&self, [width, height]: [f64; 2]) -> [f64; 2] {
        [self.width.map_or(width, f64::from), self.height.map_or(height, f64::from)]
    }

    /// Writes the files that are asked for, and gives the lines that say so.
    pub(crate) fn write(&self, draw: impl FnOnce() -> Svg) -> Result<String> {
        if self.svg.is_none() && self.png.is_none() {
            return Ok(String::new());
        }
        let (svg, theme) = (draw(), self.theme.map(Theme::from));
        if let Some(path) = &self.svg {
            write_svg(path, &svg, theme)?;
        }
        if let Some(path) = &self.png {
            write_png(path, &svg, theme.unwrap_or(Theme::Light))?;
        }
        Ok([&self.svg, &self.png].into_iter().flatten().map(|path| line(path)).collect())
    }
}

impl Animation {
    /// Whether a file is to be written.
    pub(crate) fn is_asked(&self) -> bool {
        self.animate.is_some()
    }

    /// Writes the file if it is asked for, and gives the line that says so.
    pub(crate) fn write(&self, draw: impl FnOnce() -> Svg) -> Result<String> {
        let Some(path) = &self.animate else { return Ok(String::new()) };
        write_svg(path, &draw(), None)?;
        Ok(line(path))
    }
}

fn line(path: &Path) -> String {
    format!("Picture: {}\n", path.display())
}

/// Writes an SVG file, which follows its viewer's light or dark if no theme is given.
pub(crate) fn write_svg(path: &Path, svg: &Svg, theme: Option<Theme>) -> Result {
    output::write_file(path, theme.map_or_else(|| svg.standalone(), |theme| svg.fixed(theme)))
}

/// Writes a PNG file.
pub(crate) fn write_png(path: &Path, svg: &Svg, theme: Theme) -> Result {
    output::write_file(path, raster::png(svg, theme, DENSITY).map_err(Failure::from)?)
}

/// The terminal as a screen of this many rows. There is colour on a terminal only, and none if `NO_COLOR` is set.
pub(crate) fn screen(rows: usize) -> Screen {
    let [narrowest, widest] = COLUMNS;
    let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let dumb = || set("TERM").is_none_or(|terminal| terminal == "dumb");
    let ink = if set("NO_COLOR").is_some() || !stdout().is_terminal() || dumb() {
        Ink::None
    } else if set("COLORTERM").is_some_and(|kind| ["truecolor", "24bit"].contains(&&*kind)) {
        Ink::True
    } else {
        Ink::Ansi256
    };
    Screen { columns: table::width().unwrap_or(80).clamp(narrowest, widest), rows, ink }
}

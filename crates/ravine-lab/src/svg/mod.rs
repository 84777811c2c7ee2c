//! Small pictures as SVG: no dependency, no script, the same bytes for the same data.
//!
//! Marks carry CSS classes; [`STYLE`] gives them colours by CSS variables, so one picture works on light and dark pages
//! and on paper. A series is told from the others by its dashes and marker as well as by its colour.

pub mod animate;
pub mod canvas;
pub mod clip;
pub mod contour;
pub mod decimate;
pub mod forest;
pub mod heatmap;
pub mod key;
pub mod labels;
pub mod plot;
pub mod raster;
pub mod scale;
pub mod simplify;
pub mod style;
pub mod theme;

pub use canvas::{Anchor, Svg};
pub use plot::Plot;
pub use scale::Scale;
pub use style::{STYLE, Series};
pub use theme::Theme;

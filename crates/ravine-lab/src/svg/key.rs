//! The swatch of a series, for a legend in text.

use super::canvas::Svg;
use super::style::Series;

/// A short line of the series with its marker, 34 by 12 pixels.
pub fn swatch(series: Series) -> String {
    let mut svg = Svg::new(34.0, 12.0, "");
    svg.polyline("line", series, &[(1.0, 6.0), (33.0, 6.0)]);
    svg.marker(series, false, 17.0, 6.0, "");
    svg.inline("swatch")
}

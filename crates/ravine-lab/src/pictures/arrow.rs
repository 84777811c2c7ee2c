//! Arrows: directions at a point.

use super::place::Places;
use crate::svg::simplify::path;
use crate::svg::{Series, Svg};

/// Length of a head in pixels, and half its width.
const HEAD: [f64; 2] = [11.0, 5.0];

/// An arrow.
#[derive(Clone, Debug, PartialEq)]
pub struct Arrow {
    /// What the legend calls it.
    pub name: String,
    /// Its look.
    pub series: Series,
    /// Where it starts.
    pub from: [f64; 2],
    /// Where its tip is.
    pub to: [f64; 2],
}

impl Arrow {
    /// The `n`-th arrow.
    pub fn new(n: usize, name: &str, from: [f64; 2], to: [f64; 2]) -> Self {
        Self { name: name.into(), series: Series::new(n), from, to }
    }

    pub(super) fn draw(&self, svg: &mut Svg, places: &mut Places, place: &dyn Fn(f64, f64) -> (f64, f64)) {
        let (from, tip) = (place(self.from[0], self.from[1]), place(self.to[0], self.to[1]));
        let (dx, dy) = (tip.0 - from.0, tip.1 - from.1);
        let length = dx.hypot(dy);
        if !length.is_finite() || length <= HEAD[0] {
            return;
        }
        let (ux, uy) = (dx / length, dy / length);
        let at = |back: f64, side: f64| (tip.0 - back * ux - side * uy, tip.1 - back * uy + side * ux);
        let line = path(&[from, at(0.7 * HEAD[0], 0.0)], false);
        svg.path("shadow", &line, "");
        svg.dashed("path", self.series, &line);
        let head = [tip, at(HEAD[0], HEAD[1]), at(0.7 * HEAD[0], 0.0), at(HEAD[0], -HEAD[1])];
        svg.path(&format!("arrow {}", self.series.class()), &path(&head, true), &self.name);
        places.avoid((0..=20).map(|i| at(length * f64::from(i) / 20.0, 0.0)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arrow_too_short_for_its_head_is_not_drawn() {
        let drawn = |to: [f64; 2]| {
            let mut svg = Svg::new(100.0, 100.0, "");
            let mut places = Places::new([0.0, 0.0, 100.0, 100.0]);
            Arrow::new(0, "up", [50.0, 50.0], to).draw(&mut svg, &mut places, &|x, y| (x, y));
            svg.inline("")
        };
        assert!(drawn([50.0, 10.0]).contains("<title>up</title>"));
        assert!(!drawn([50.0, 45.0]).contains("up") && !drawn([f64::NAN, 0.0]).contains("up"));
    }
}

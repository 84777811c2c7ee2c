//! What the colours of levels mean.

use crate::stats::number::significant;
use crate::svg::contour::Region;
use crate::svg::style::RAMP;
use crate::svg::{Anchor, Svg, labels};

/// The colour of the k-th of `levels` + 1 areas.
pub(super) fn shade(k: usize, levels: usize) -> usize {
    (k * (RAMP - 1) + levels / 2) / levels.max(1)
}

/// The levels as a strip from below, with its name above it; gives where it ends.
pub(super) fn upright(svg: &mut Svg, regions: &[Region], name: &str, x: f64, top: f64, bottom: f64) -> f64 {
    let boxes = regions.len() + 1;
    let step = ((bottom - top - 18.0) / boxes as f64).clamp(2.0, 17.0);
    let every = (13.0 / step).ceil() as usize;
    let bottom = top + 18.0 + step * boxes as f64;
    svg.text("soft", x, top + 6.0, Anchor::Start, name);
    for k in 0..boxes {
        let y = bottom - step * (k + 1) as f64;
        svg.rect(&format!("h{}", shade(k, regions.len())), x, y, 16.0, step + 0.5);
        if let Some(region) = regions.get(k).filter(|_| k % every == 0) {
            svg.line("tick", x + 16.0, y, x + 20.0, y);
            svg.text("soft small", x + 24.0, y + 4.0, Anchor::Start, &significant(region.level, 3));
        }
    }
    svg.rect("frame", x, bottom - step * boxes as f64, 16.0, step * boxes as f64);
    bottom + 8.0
}

/// The levels as a strip from the left; gives where it ends.
pub(super) fn flat(svg: &mut Svg, regions: &[Region], x: f64, y: f64, wide: f64) -> f64 {
    let boxes = regions.len() + 1;
    let step = wide / boxes as f64;
    let mut free = x - 20.0;
    svg.text("soft small", 2.0, y + 10.0, Anchor::Start, "f");
    for k in 0..boxes {
        let left = x + step * k as f64;
        svg.rect(&format!("h{}", shade(k, regions.len())), left, y, step + 0.5, 12.0);
        if let Some(region) = regions.get(k) {
            let (at, text) = (left + step, significant(region.level, 3));
            let half = labels::width(&text) * 0.46;
            if at - half > free && at + half < x + wide + 12.0 {
                svg.line("tick", at, y + 12.0, at, y + 16.0);
                svg.text("soft small", at, y + 27.0, Anchor::Middle, &text);
                free = at + half + 5.0;
            }
        }
    }
    svg.rect("frame", x, y, wide, 12.0);
    y + 34.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_and_many_levels_use_the_whole_ramp() {
        for levels in [1, 3, 11, 14, 40] {
            assert_eq!((shade(0, levels), shade(levels, levels)), (0, RAMP - 1));
            assert!((0..levels).all(|k| shade(k, levels) <= shade(k + 1, levels)));
        }
    }
}

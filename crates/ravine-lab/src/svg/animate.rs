//! Runs that draw themselves, all by one clock, without a script.
//!
//! The rules apply only where motion is welcome (`prefers-reduced-motion`); elsewhere, and in programs that know no
//! animation, the finished picture stays.

use super::canvas::Svg;
use super::simplify::path;
use super::style::Series;
use std::fmt::Write;

/// Frames of a run at most; between them it goes straight.
const FRAMES: usize = 80;

/// Rest at the end, in seconds.
const PAUSE: f64 = 2.0;

/// Adds a line that grows through `points` (pixels, one for each step, all finite) with the run's marker at its tip. A
/// run of `longest` steps takes the whole time; a shorter one rests at its end. `id` must be unique on the page.
pub fn grow(svg: &mut Svg, id: &str, series: Series, points: &[(f64, f64)], longest: usize) {
    if points.len() < 2 {
        return;
    }
    let class = series.class();
    svg.hidden(&format!("grow {class}"), id, &path(points, false));
    svg.hidden(&format!("full {class}"), &format!("{id}m"), &series.marker().path(0.0, 0.0));
    let seconds = (longest as f64 * 0.12).clamp(4.0, 12.0);
    let whole = seconds + PAUSE;
    let mut gone = vec![0.0];
    for pair in points.windows(2) {
        let step = (pair[1].0 - pair[0].0).hypot(pair[1].1 - pair[0].1);
        gone.push(gone[gone.len() - 1] + step);
    }
    let length = gone[gone.len() - 1].max(1e-9);
    let steps = points.len() - 1;
    let frames = steps.min(FRAMES);
    let (mut tip, mut line) = (String::new(), String::new());
    for frame in 0..=frames {
        let k = frame * steps / frames;
        let at = 100.0 * k as f64 / longest.max(steps) as f64 * seconds / whole;
        let until = if frame == frames { ",to" } else { "" };
        let _ =
            write!(tip, "{at:.2}%{until}{{transform:translate({:.1}px,{:.1}px)}}", points[k].0, points[k].1);
        let _ = write!(line, "{at:.2}%{until}{{stroke-dashoffset:{:.4}}}", 1.0 - gone[k] / length);
    }
    svg.animate(&format!(
        "@media (prefers-reduced-motion:no-preference){{\
         #{id}{{stroke-opacity:1;stroke-dasharray:1;animation:{id} {whole}s linear infinite}}\
         #{id}m{{fill-opacity:1;stroke-opacity:1;animation:{id}m {whole}s linear infinite}}\
         @keyframes {id}{{{line}}}@keyframes {id}m{{{tip}}}}}"
    ));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_moves_only_where_motion_is_welcome() {
        let mut svg = Svg::new(10.0, 10.0, "");
        grow(&mut svg, "g0", Series::new(0), &[(0.0, 0.0), (3.0, 4.0), (3.0, 9.0)], 4);
        let text = svg.standalone();
        let (still, moving) = text.split_once("@media (prefers-reduced-motion:no-preference)").unwrap();
        assert!(!still.contains("animation") && moving.contains("animation:g0 6s"));
        // The run of two steps is at its end after half of the four.
        assert!(moving.contains("33.33%,to{stroke-dashoffset:0.0000}"), "{moving}");
        assert!(moving.contains("16.67%{stroke-dashoffset:0.5000}"));
        assert!(!svg.fixed(crate::svg::Theme::Light).contains("animation"));
    }
}

//! Labels beside their points, clear of each other and of the lines as far as there is room.

use crate::svg::clip::{Frame, inside};
use crate::svg::{Anchor, Svg, labels};

/// Height of a line of text.
const LINE: f64 = 14.0;

/// What is already drawn.
pub(super) struct Places {
    frame: Frame,
    boxes: Vec<Frame>,
    points: Vec<(f64, f64)>,
}

impl Places {
    /// Room inside a frame.
    pub(super) fn new(frame: Frame) -> Self {
        Self { frame, boxes: Vec::new(), points: Vec::new() }
    }

    /// Points that a label should not hide.
    pub(super) fn avoid(&mut self, points: impl IntoIterator<Item = (f64, f64)>) {
        self.points.extend(points.into_iter().filter(|point| inside(self.frame, *point)));
    }

    /// Writes a text near a point, `gap` pixels from it, where it hides least.
    pub(super) fn label(&mut self, svg: &mut Svg, class: &str, (x, y): (f64, f64), gap: f64, text: &str) {
        if text.is_empty() {
            return;
        }
        let width = labels::width(text);
        let near = gap * 0.7;
        // Baselines and left ends: beside, above, below, then at the corners.
        let candidates = [
            (x + gap, y + 4.0),
            (x - gap - width, y + 4.0),
            (x - width / 2.0, y - gap),
            (x - width / 2.0, y + gap + 10.0),
            (x + near, y - near),
            (x + near, y + near + 10.0),
            (x - near - width, y - near),
            (x - near - width, y + near + 10.0),
            (x - width / 2.0, y - gap - LINE),
            (x - width / 2.0, y + gap + 10.0 + LINE),
        ];
        let area = |(left, base): (f64, f64)| [left, base - 11.0, left + width, base + 3.0];
        let cost = |place: &(f64, f64)| {
            let area = area(*place);
            let [left, top, right, bottom] = self.frame;
            let out = (left - area[0]).max(0.0)
                + (area[2] - right).max(0.0)
                + (top - area[1]).max(0.0)
                + (area[3] - bottom).max(0.0);
            let hit = self.boxes.iter().filter(|other| overlap(**other, area)).count();
            let hidden = self.points.iter().filter(|point| inside(area, **point)).count();
            1e4 * out + 1e3 * hit as f64 + hidden as f64
        };
        if let Some(best) = candidates.into_iter().min_by(|a, b| cost(a).total_cmp(&cost(b))) {
            self.boxes.push(area(best));
            svg.text(class, best.0.max(self.frame[0]), best.1, Anchor::Start, text);
        }
    }

    /// Keeps labels off a mark.
    pub(super) fn mark(&mut self, (x, y): (f64, f64)) {
        self.boxes.push([x - 5.0, y - 5.0, x + 5.0, y + 5.0]);
    }
}

fn overlap(a: Frame, b: Frame) -> bool {
    a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_of_close_points_do_not_overlap() {
        let mut places = Places::new([0.0, 0.0, 200.0, 200.0]);
        let mut svg = Svg::new(200.0, 200.0, "");
        for x in [98.0, 100.0, 102.0, 104.0] {
            places.label(&mut svg, "", (x, 100.0), 8.0, "minimum");
        }
        for (i, a) in places.boxes.iter().enumerate() {
            assert!(places.boxes[i + 1..].iter().all(|b| !overlap(*a, *b)), "{:?}", places.boxes);
        }
    }

    #[test]
    fn labels_stay_inside_and_off_the_lines() {
        let mut places = Places::new([0.0, 0.0, 200.0, 200.0]);
        let mut svg = Svg::new(200.0, 200.0, "");
        places.label(&mut svg, "", (195.0, 100.0), 8.0, "start");
        assert!(places.boxes[0][2] <= 200.0);
        places.avoid((0..40).map(|i| (100.0 + f64::from(i), 50.0)));
        places.label(&mut svg, "", (100.0, 50.0), 8.0, "here");
        assert!(places.boxes[1][2] <= 100.0, "{:?}", places.boxes[1]);
    }
}

//! A cube in space, seen in parallel projection.

/// From values to the unit cube and on to pixels.
pub(super) struct View {
    /// What the cube's axes span.
    pub(super) ranges: [[f64; 2]; 3],
    /// Sine and cosine of azimuth and elevation.
    pub(super) turn: (f64, f64),
    pub(super) tilt: (f64, f64),
    /// Pixels of the cube's width, and where its middle is.
    pub(super) scale: f64,
    pub(super) middle: (f64, f64),
}

/// Heights of the cube as a part of its width.
pub(super) const TALL: f64 = 0.72;

impl View {
    /// A point of the cube, from -1/2 to 1/2 on each axis.
    pub(super) fn cube(&self, point: [f64; 3]) -> [f64; 3] {
        let part = |i: usize| {
            let [low, high] = self.ranges[i];
            (point[i].clamp(low, high) - low) / (high - low) - 0.5
        };
        [part(0), part(1), TALL * part(2)]
    }

    /// Right, up and towards the eye.
    pub(super) fn turned(&self, [x, y, z]: [f64; 3]) -> [f64; 3] {
        let ((sin, cos), (rise, level)) = (self.turn, self.tilt);
        let near = x * cos + y * sin;
        [y * cos - x * sin, z * level - near * rise, near * level + z * rise]
    }

    pub(super) fn at(&self, point: [f64; 3]) -> (f64, f64) {
        self.on_cube(self.cube(point))
    }

    pub(super) fn on_cube(&self, corner: [f64; 3]) -> (f64, f64) {
        let [right, up, _] = self.turned(corner);
        (self.middle.0 + self.scale * right, self.middle.1 - self.scale * up)
    }
}

/// Half the cube's size along each axis.
pub(super) const HALF: [f64; 3] = [0.5, 0.5, 0.5 * TALL];

pub(super) const CORNERS: [[f64; 3]; 8] = {
    let [x, y, z] = HALF;
    [[x, y, z], [x, y, -z], [x, -y, z], [x, -y, -z], [-x, y, z], [-x, y, -z], [-x, -y, z], [-x, -y, -z]]
};

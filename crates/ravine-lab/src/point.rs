//! A point of a function: slope and curvature there.

use crate::Result;
use crate::eigen::{self, Eigen};
use crate::error;
use crate::objective::Objective;
use crate::trace::length;
use serde::{Deserialize, Serialize};

/// An eigenvalue below this share of the largest is 0.
const FLAT: f64 = 1e-12;
/// A point is stationary if it lies so near to one, as a share of its distance from the origin or of 1.
const NEAR: f64 = 1e-6;

/// What a stationary point is, by the eigenvalues of its Hessian.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// All above 0.
    Minimum,
    /// All below 0.
    Maximum,
    /// Some above and some below.
    Saddle,
    /// Some 0 and the others of one sign: second derivatives do not tell.
    Degenerate,
}

impl Kind {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Minimum => "minimum",
            Self::Maximum => "maximum",
            Self::Saddle => "saddle",
            Self::Degenerate => "degenerate",
        }
    }
}

/// A function around a point.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Point {
    /// Where.
    pub at: Vec<f64>,
    /// The value there.
    pub value: f64,
    /// The gradient.
    pub gradient: Vec<f64>,
    /// Its Euclidean length: the largest slope there is.
    pub norm: f64,
    /// The direction of the largest slope, of length 1; none where the gradient is 0. It belongs to the Euclidean length:
    /// measured by the largest coordinate, the steepest direction is the sign of the gradient.
    pub ascent: Option<Vec<f64>>,
    /// The Hessian, row by row.
    pub hessian: Vec<f64>,
    /// Its eigenvalues, the largest first.
    pub eigenvalues: Vec<f64>,
    /// Its eigenvectors, of length 1.
    pub eigenvectors: Vec<Vec<f64>>,
    /// What kind of stationary point it is, if it is one: if Newton's step from it is no longer than a millionth of
    /// its distance from the origin, or of 1, in each eigenvector.
    pub kind: Option<Kind>,
}

impl Point {
    /// Looks at a point in step `t`.
    ///
    /// # Errors
    /// Too few or too many coordinates; a point at which the function, its gradient or its Hessian is not a finite number.
    pub fn new(objective: &Objective, at: &[f64], t: f64) -> Result<Self> {
        objective.check_point("the point", at)?;
        let n = objective.dim();
        let mut gradient = vec![0.0; n];
        let value = objective.gradient(at, t, &mut gradient);
        let hessian = objective.hessian(at, t);
        let all = |numbers: &[f64]| numbers.iter().all(|x| x.is_finite());
        for (what, finite) in
            [("value", value.is_finite()), ("gradient", all(&gradient)), ("Hessian", all(&hessian))]
        {
            if !finite {
                let (name, at) = (objective.name.clone(), at.to_vec());
                return Err(error::Kind::Undefined { what, name, at }.into());
            }
        }
        let norm = length(&gradient);
        let Eigen { values, vectors } = eigen::symmetric(&hessian, n);
        let mut point = Self {
            at: at.into(),
            value,
            ascent: (norm > 0.0).then(|| gradient.iter().map(|g| g / norm).collect()),
            norm,
            gradient,
            hessian,
            eigenvalues: values,
            eigenvectors: vectors,
            kind: None,
        };
        if point.stationary() {
            point.kind = Some(kind(objective, at, t));
        }
        Ok(point)
    }

    /// The direction of the least slope, of length 1; none where the gradient is 0.
    pub fn descent(&self) -> Option<Vec<f64>> {
        self.ascent.as_ref().map(|ascent| ascent.iter().map(|x| 0.0 - x).collect())
    }

    /// The directional derivative along `direction`, of whatever length: the gradient times the unit vector. None for a
    /// direction of length 0. In the plane, along the angle a, it is f_x cos a + f_y sin a; with b the angle to the second
    /// axis, f_x cos a + f_y cos b.
    ///
    /// # Panics
    /// `direction` has another number of coordinates.
    pub fn slope(&self, direction: &[f64]) -> Option<f64> {
        assert_eq!(direction.len(), self.at.len(), "the direction has a coordinate for each variable");
        let unit = unit(direction)?;
        Some(dot(&self.gradient, &unit))
    }

    fn stationary(&self) -> bool {
        let reach = length(&self.at).max(1.0);
        let steepest = self.eigenvalues.iter().fold(0.0, |m: f64, x| m.max(x.abs()));
        self.eigenvalues.iter().zip(&self.eigenvectors).all(|(value, vector)| {
            dot(&self.gradient, vector).abs() <= reach * (NEAR * value.abs()).max(FLAT * steepest)
        })
    }
}

/// What the stationary point is at or near which `at` lies. An eigenvalue counts as 0 if it is below 1e-12 of the largest,
/// or if twice the step to where Newton's method expects the point halves it: so `x^3` is degenerate near 0 too.
pub fn kind(objective: &Objective, at: &[f64], t: f64) -> Kind {
    let n = at.len();
    let mut gradient = vec![0.0; n];
    objective.gradient(at, t, &mut gradient);
    let here = eigen::symmetric(&objective.hessian(at, t), n);
    let steepest = here.values.iter().fold(0.0, |m: f64, x| m.max(x.abs()));
    let mut there = at.to_vec();
    for (value, vector) in here.values.iter().zip(&here.vectors).filter(|(l, _)| l.abs() > FLAT * steepest) {
        let step = -2.0 * dot(&gradient, vector) / value;
        there.iter_mut().zip(vector).for_each(|(x, v)| *x += step * v);
    }
    let there = eigen::symmetric(&objective.hessian(&there, t), n);
    let firm = |(here, there): (&f64, &f64)| {
        let sure = here.abs() > FLAT * steepest && there / here > 0.5;
        if sure { here.signum() } else { 0.0 }
    };
    let signs: Vec<f64> = here.values.iter().zip(&there.values).map(firm).collect();
    match [1.0, -1.0].map(|sign| signs.iter().filter(|s| **s == sign).count()) {
        [up, _] if up == n => Kind::Minimum,
        [_, down] if down == n => Kind::Maximum,
        [up, down] if up > 0 && down > 0 => Kind::Saddle,
        _ => Kind::Degenerate,
    }
}

/// The vector of length 1 in a direction; none if it has no length.
pub fn unit(direction: &[f64]) -> Option<Vec<f64>> {
    let largest = direction.iter().fold(0.0, |m: f64, x| m.max(x.abs()));
    if !(largest > 0.0 && largest.is_finite()) {
        return None;
    }
    // Scaled first, tiny and huge directions lose nothing.
    let scaled: Vec<f64> = direction.iter().map(|x| x / largest).collect();
    let norm = length(&scaled);
    Some(scaled.into_iter().map(|x| x / norm).collect())
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(text: &str, at: &[f64]) -> Point {
        Point::new(&Objective::parse(text).unwrap(), at, 0.0).unwrap()
    }

    #[test]
    fn the_largest_of_3600_slopes_is_the_gradient() {
        let point = point("x^2 - x + y^2 + 4y", &[2.0, -4.0]);
        assert_eq!((&point.gradient[..], point.norm), (&[3.0, -4.0][..], 5.0));
        let slope = |i: u32| {
            let angle = f64::from(i) / 3600.0 * std::f64::consts::TAU;
            let slope = point.slope(&[angle.cos(), angle.sin()]).unwrap();
            // The theorem: f_x cos a + f_y cos b, with b the angle to the second axis.
            let beta = std::f64::consts::FRAC_PI_2 - angle;
            assert!((slope - (3.0 * angle.cos() - 4.0 * beta.cos())).abs() < 1e-13);
            slope
        };
        let best = (0..3600).max_by(|&i, &j| slope(i).total_cmp(&slope(j))).unwrap();
        assert_eq!(best, 3069);
        assert!((slope(best) - 4.999999).abs() < 5e-7, "{}", slope(best));
        let ascent = point.ascent.clone().unwrap();
        assert!((ascent[1].atan2(ascent[0]).to_degrees().rem_euclid(360.0) - 306.869_897_6).abs() < 1e-6);
        assert!((point.slope(&ascent).unwrap() - 5.0).abs() < 1e-14);
        assert!((point.slope(&point.descent().unwrap()).unwrap() + 5.0).abs() < 1e-14);
        assert!(point.slope(&[4e-300, 3e-300]).unwrap().abs() < 1e-14, "across it is level, however short");
        assert_eq!(point.slope(&[0.0, 0.0]), None);
    }

    #[test]
    fn kinds_of_points() {
        for (text, at, expected) in [
            ("x^2 + 2y^2", vec![0.0, 0.0], Some(Kind::Minimum)),
            ("-x^2 - y^2", vec![0.0, 0.0], Some(Kind::Maximum)),
            ("saddle", vec![0.0, 0.0], Some(Kind::Saddle)),
            ("cubic", vec![0.0], Some(Kind::Degenerate)),
            ("x^4 + y^4", vec![0.0, 0.0], Some(Kind::Degenerate)),
            ("monkey-saddle", vec![0.0, 0.0], Some(Kind::Degenerate)),
            ("x^2 + 0y", vec![0.0, 3.0], Some(Kind::Degenerate)),
            ("x^2 + y", vec![0.0, 3.0], None),
            ("bowl", vec![1.0, 0.0], None),
            ("quadratic:spectrum=1/1e8", vec![0.0, 0.0], Some(Kind::Minimum)),
            // Far in the direction that hardly curves.
            ("quadratic:spectrum=1/1e8", vec![0.5, 0.0], None),
            // As the figures of a book give them.
            ("two-minima", vec![1.090408], Some(Kind::Minimum)),
            ("two-minima", vec![0.3], None),
        ] {
            assert_eq!(point(text, &at).kind, expected, "{text} {at:?}");
        }
    }

    #[test]
    fn near_a_degenerate_point_the_kind_is_the_same() {
        let near = |text: &str, x: f64| kind(&Objective::parse(text).unwrap(), &[x], 0.0);
        for x in [1e-3, -1e-3, 1e-9] {
            assert_eq!([near("x^3", x), near("x^4", x)], [Kind::Degenerate; 2], "{x}");
            assert_eq!([near("x^2", x), near("-x^2", x)], [Kind::Minimum, Kind::Maximum], "{x}");
        }
    }

    #[test]
    fn without_a_gradient_no_direction_is_steepest() {
        let point = point("bowl", &[0.0, 0.0]);
        assert_eq!((point.ascent.as_ref(), point.descent(), point.norm), (None, None, 0.0));
        assert_eq!(point.slope(&[1.0, 1.0]), Some(0.0));
        assert_eq!(point.eigenvalues, [4.0, 2.0]);
    }

    #[test]
    fn what_is_not_defined_is_said() {
        for (text, at, part) in [
            ("ln(x)", vec![-1.0], "no value at -1"),
            ("sqrt(x)", vec![0.0], "no gradient at 0"),
            ("x^1.5", vec![0.0], "no Hessian at 0"),
            ("bowl", vec![1.0], "2 numbers, one each for x and y"),
            ("bowl", vec![1.0, f64::NAN], "finite"),
        ] {
            let error = Point::new(&Objective::parse(text).unwrap(), &at, 0.0).unwrap_err();
            assert!(error.to_string().contains(part), "{text}: {error}");
        }
    }
}

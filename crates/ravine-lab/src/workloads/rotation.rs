//! Random rotations.

use crate::data::numpy::RandomState;

/// A rotation drawn evenly from all rotations, row after row, by the subgroup algorithm (Diaconis and Shahshahani,
/// Probability in the Engineering and Informational Sciences 1, 1987).
///
/// From a rotation of the plane it goes up a dimension at a time: a one is put before the diagonal, and the reflection
/// that takes a random unit vector v to the first axis is applied. The sign is turned at the end.
pub(super) fn rotation(dimensions: usize, random: &mut RandomState) -> Vec<f64> {
    let (sin, cos) = (std::f64::consts::TAU * random.uniform()).sin_cos();
    let mut rotation = vec![cos, sin, -sin, cos];
    for d in 2..dimensions {
        let size = d + 1;
        let v: Vec<f64> = (0..size).map(|_| random.normal()).collect();
        let norm = dot(&v, &v).sqrt();
        // The mirror's normal: (e - v) / |e - v| with e the first axis and v of length one.
        let mut normal: Vec<f64> = v.iter().map(|v| -v / norm).collect();
        normal[0] += 1.0;
        let length = dot(&normal, &normal).sqrt();
        normal.iter_mut().for_each(|x| *x /= length);

        let mut next = vec![0.0; size * size];
        next[0] = 1.0;
        for (row, old) in next.chunks_exact_mut(size).skip(1).zip(rotation.chunks_exact(d)) {
            row[1..].copy_from_slice(old);
        }
        let mut shadow = vec![0.0; size];
        for (row, &x) in next.chunks_exact(size).zip(&normal) {
            shadow.iter_mut().zip(row).for_each(|(sum, r)| *sum += x * r);
        }
        for (row, &x) in next.chunks_exact_mut(size).zip(&normal) {
            row.iter_mut().zip(&shadow).for_each(|(r, s)| *r -= 2.0 * x * s);
        }
        rotation = next;
    }
    rotation.iter_mut().for_each(|r| *r = -*r);
    rotation
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_orthonormal() {
        let rotation = rotation(7, &mut RandomState::new(1));
        for (i, a) in rotation.chunks_exact(7).enumerate() {
            for (j, b) in rotation.chunks_exact(7).enumerate() {
                let expected = if i == j { 1.0 } else { 0.0 };
                assert!((dot(a, b) - expected).abs() < 1e-14, "{i} {j}");
            }
        }
    }
}

//! Eigenvalues of symmetric matrices, as pictures and findings want them.

use ravine::linalg::symmetric_eigen;

/// Eigenvalues and eigenvectors of a symmetric matrix.
#[derive(Clone, Debug, PartialEq)]
pub struct Eigen {
    /// The eigenvalues, the largest first.
    pub values: Vec<f64>,
    /// For each eigenvalue its eigenvector, of length 1; its largest coordinate is positive.
    pub vectors: Vec<Vec<f64>>,
}

/// The eigenvalues of a symmetric matrix of n rows, given row by row; the absolute error is about n times the rounding
/// error of the largest. Not a number where the matrix has an element that is not finite, or an eigenvalue is none.
///
/// # Panics
/// The matrix has not n times n elements.
pub fn symmetric(matrix: &[f64], n: usize) -> Eigen {
    assert_eq!(matrix.len(), n * n, "a matrix of {n} rows has {n} times {n} elements");
    let Ok((values, vectors)) = symmetric_eigen(matrix, n) else {
        return Eigen { values: vec![f64::NAN; n], vectors: vec![vec![f64::NAN; n]; n] };
    };
    let column = |k| (0..n).map(|i| vectors[i * n + k]).collect::<Vec<f64>>();
    Eigen {
        values: values.into_iter().rev().collect(),
        vectors: (0..n).rev().map(|k| upright(&column(k))).collect(),
    }
}

/// The vector or its opposite, whichever has the largest coordinate positive.
fn upright(v: &[f64]) -> Vec<f64> {
    let largest = v.iter().copied().fold(0.0, |m: f64, x| if x.abs() > m.abs() { x } else { m });
    v.iter().map(|x| if largest < 0.0 { 0.0 - x } else { x + 0.0 }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ravine::random::Random;

    #[test]
    fn small_matrices_by_hand() {
        let eigen = symmetric(&[2.0, 1.0, 1.0, 2.0], 2);
        assert!((eigen.values[0] - 3.0).abs() < 1e-15 && (eigen.values[1] - 1.0).abs() < 1e-15, "{eigen:?}");
        let half = 0.5f64.sqrt();
        assert!(eigen.vectors[0].iter().all(|x| (x - half).abs() < 1e-15), "{eigen:?}");
        assert_eq!(symmetric(&[2.0, 0.0, 0.0, -2.0], 2).values, [2.0, -2.0]);
        assert_eq!(symmetric(&[0.0; 4], 2).values, [0.0, 0.0]);
        assert_eq!(symmetric(&[-7.0], 1), Eigen { values: vec![-7.0], vectors: vec![vec![1.0]] });
        assert!(symmetric(&[1.0, f64::NAN, f64::NAN, 1.0], 2).values.iter().all(|x| x.is_nan()));
    }

    #[test]
    fn a_matrix_is_made_of_what_it_is_taken_apart_into() {
        for n in [3, 8, 25] {
            for scale in [1.0, 1e-200, 1e200] {
                let random = Random::new(n as u64);
                let mut matrix = vec![0.0; n * n];
                for i in 0..n {
                    for j in 0..=i {
                        let x = scale * random.normal((i * n + j) as u64);
                        (matrix[i * n + j], matrix[j * n + i]) = (x, x);
                    }
                }
                let Eigen { values, vectors } = symmetric(&matrix, n);
                assert!(values.is_sorted_by(|a, b| a >= b));
                for i in 0..n {
                    for j in 0..n {
                        let sum: f64 =
                            (0..n).map(|k| values[k] / scale * vectors[k][i] * vectors[k][j]).sum();
                        assert!(
                            (sum - matrix[i * n + j] / scale).abs() < 1e-13 * n as f64,
                            "{n} {scale}: {i} {j}"
                        );
                        let dot: f64 = (0..n).map(|k| vectors[i][k] * vectors[j][k]).sum();
                        assert!((dot - f64::from(u8::from(i == j))).abs() < 1e-14 * n as f64, "{n}: {i} {j}");
                    }
                }
            }
        }
    }

    #[test]
    fn spectra_of_very_unequal_sizes() {
        // Turned by 30 degrees: eigenvalues 1 and 1e-10.
        let (c, s, small) = (0.75f64.sqrt(), 0.5, 1e-10);
        let matrix =
            [c * c + small * s * s, (1.0 - small) * c * s, (1.0 - small) * c * s, s * s + small * c * c];
        let values = symmetric(&matrix, 2).values;
        assert!((values[0] - 1.0).abs() < 1e-15 && (values[1] - small).abs() < 1e-15, "{values:?}");
    }
}

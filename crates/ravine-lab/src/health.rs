//! What a step looks like in each parameter.

use ravine::ParamSpec;

use crate::comparison::LayerHealth;

/// The range of |dw|/|w| per step at which training usually goes well.
pub const HEALTHY_UPDATES: (f64, f64) = (1e-3, 1e-2);

/// What |dw|/|w| of a step is: `small`, `healthy`, `large`, or `none` where nothing moved.
pub fn word(update_ratio: f64) -> &'static str {
    let (low, high) = HEALTHY_UPDATES;
    match update_ratio {
        0.0 => "none",
        ratio if ratio < low => "small",
        ratio if ratio <= high => "healthy",
        _ => "large",
    }
}

/// What a step from `before` to `after` along `grads` looked like in each parameter.
pub(crate) fn layers(params: &[ParamSpec], before: &[f32], after: &[f32], grads: &[f32]) -> Vec<LayerHealth> {
    let mut start = 0;
    let layer = |param: &ParamSpec| {
        let range = start..start + param.len();
        start = range.end;
        let (before, after) = (&before[range.clone()], &after[range.clone()]);
        let change: Vec<f32> = before.iter().zip(after).map(|(before, after)| after - before).collect();
        let weight_norm = norm(before);
        LayerHealth {
            name: param.name.clone(),
            grad_norm: norm(&grads[range]),
            weight_norm,
            update_ratio: if weight_norm > 0.0 { norm(&change) / weight_norm } else { 0.0 },
        }
    };
    params.iter().map(layer).collect()
}

/// The Euclidean norm.
pub(crate) fn norm(values: &[f32]) -> f64 {
    values.iter().map(|&x| f64::from(x) * f64::from(x)).sum::<f64>().sqrt()
}

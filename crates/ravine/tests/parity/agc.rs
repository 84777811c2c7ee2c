//! Adaptive clipping against references that take other units than rows: their tensors are turned for ours.

use super::{GOLDENS, INPUTS, STEPS};
use ravine::{Element, Optimizer, ParamSpec, rules};
use safetensors::SafeTensors;

/// Dimensions of a tensor in an order that makes the reference's units our rows, and how many of them are one index then.
type Turn = (&'static [usize], usize);

/// The elements of a tensor with its dimensions in this order.
fn turned(values: &[f64], shape: &[usize], order: &[usize]) -> Vec<f64> {
    let strides: Vec<usize> = (0..shape.len()).map(|i| shape[i + 1..].iter().product()).collect();
    let mut places = vec![0];
    for &dim in order {
        places = places
            .iter()
            .flat_map(|&at| (0..shape[dim]).map(move |i| (at, i)))
            .map(|(at, i)| at + i * strides[dim])
            .collect();
    }
    places.into_iter().map(|at| values[at]).collect()
}

/// Our run against a golden one, and the largest difference.
fn stray(golden: &str, clip: f64, eps: f64, turns: [Turn; 3]) -> f64 {
    let (golden, inputs) = (&GOLDENS[golden], SafeTensors::deserialize(INPUTS).unwrap());
    let mut worst = 0.0f64;
    for (i, (order, count)) in turns.into_iter().enumerate() {
        let read = |name: String| {
            let tensor = inputs.tensor(&name).unwrap();
            (f64::from_bytes(tensor.data()), tensor.shape().to_vec())
        };
        let (p, shape) = read(format!("std/p{i}"));
        let (g, _) = read(format!("std/g{i}"));
        let turn = |values: &[f64]| turned(values, &shape, order);
        let mut w = turn(&p);
        // A vector stays one, as it is one unit.
        let units: usize = order[..count].iter().map(|&dim| shape[dim]).product();
        let ours = if shape.len() == 1 { shape.clone() } else { vec![units, p.len() / units] };
        let mut optimizer = Optimizer::builder(rules::Sgd { lr: 0.1, ..Default::default() })
            .agc(clip, eps)
            .loss_scale(4.0)
            .build::<f64>(&[ParamSpec::new("w", ours)])
            .unwrap();
        for step in 0..STEPS {
            let mut g = turn(&g[step * p.len()..][..p.len()]);
            g.iter_mut().for_each(|g| *g *= 4.0);
            let _ = optimizer.step_flat(&mut w, &mut g).unwrap();
            if let Some(row) = golden.rows.iter().position(|&row| row == step + 1) {
                let theirs = turn(&golden.tensors[&format!("p{i}")][row * p.len()..][..p.len()]);
                worst = w.iter().zip(&theirs).map(|(a, b)| (a - b).abs()).fold(worst, f64::max);
            }
        }
    }
    worst
}

#[test]
fn with_the_references_units_the_numbers_are_theirs() {
    let [vector, rows, columns]: [Turn; 3] = [(&[0], 1), (&[0, 1], 1), (&[1, 0], 1)];
    // pytorch_optimizer has rows for matrices, and single lines of the second dimension for three.
    let theirs = [rows, vector, (&[0, 2, 1], 2)];
    // optax keeps weights as inputs x outputs.
    let optax = [columns, vector, (&[1, 2, 0], 2)];
    for (golden, clip, eps, turns) in [
        ("pytorch_optimizer.agc.default", 0.01, 1e-3, theirs),
        ("pytorch_optimizer.agc.loose", 0.2, 1e-3, theirs),
        ("optax.transform.adaptive_grad_clip", 0.1, 1e-3, optax),
        ("optax.transform.unitwise_clip", 0.02, 0.1, optax),
    ] {
        let stray = stray(golden, clip, eps, turns);
        assert!(stray < 1e-13, "{golden}: {stray:e}");
    }
}

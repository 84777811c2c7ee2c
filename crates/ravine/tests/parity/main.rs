//! Rules against reference implementations: the table of which equals which, to what tolerance, is `docs/parity.md`.

mod agc;
mod cases;
mod chains;
mod lbfgs;
mod table;

use cases::{CASES, Case};
use chains::CHAINS;
use ravine::{Builder, Element, Optimizer, ParamSpec, rules};
use safetensors::SafeTensors;
use serde_json::Value as Json;
use std::collections::HashMap;
use std::sync::LazyLock;

/// What a golden file says of one configuration, and its numbers.
struct Golden {
    about: Json,
    rows: Vec<usize>,
    /// Name of a tensor, such as `p0`, and its values at each row.
    tensors: HashMap<String, Vec<f64>>,
}

const FILES: [&[u8]; 6] = [
    include_bytes!("../goldens/rules-torch.safetensors"),
    include_bytes!("../goldens/rules-optax.safetensors"),
    include_bytes!("../goldens/rules-pytorch_optimizer.safetensors"),
    include_bytes!("../goldens/rules-peers.safetensors"),
    include_bytes!("../goldens/rules-timm.safetensors"),
    include_bytes!("../goldens/rules-papers.safetensors"),
];

static GOLDENS: LazyLock<HashMap<String, Golden>> = LazyLock::new(|| {
    let mut goldens = HashMap::new();
    for bytes in FILES {
        let file = SafeTensors::deserialize(bytes).unwrap();
        let (_, header) = SafeTensors::read_metadata(bytes).unwrap();
        let metadata = header.metadata().clone().unwrap();
        let rows: Vec<usize> = serde_json::from_str(&metadata["rows"]).unwrap();
        for name in file.names() {
            let (config, tensor) = name.split_once('/').unwrap();
            let golden = goldens.entry(config.to_string()).or_insert_with(|| Golden {
                about: serde_json::from_str(&metadata[config]).unwrap(),
                rows: rows.clone(),
                tensors: HashMap::new(),
            });
            golden.tensors.insert(tensor.into(), f64::from_bytes(file.tensor(name).unwrap().data()));
        }
    }
    goldens
});

const INPUTS: &[u8] = include_bytes!("../goldens/inputs.safetensors");
const STEPS: usize = 50;

/// The loss of configurations with a closure, the sum over p of (p - 0.5)^2 + 0.1 p^4. Writes its gradient.
fn loss(values: &[&mut [f64]], grads: &mut [&mut [f64]]) -> f64 {
    let mut loss = 0.0;
    for (values, grads) in values.iter().zip(grads) {
        for (p, g) in values.iter().zip(grads.iter_mut()) {
            loss += (p - 0.5) * (p - 0.5) + 0.1 * p.powi(4);
            *g = 2.0 * (p - 0.5) + 0.4 * p * p * p;
        }
    }
    loss
}

/// The numbers of an input of a golden configuration, such as its first parameters `p0`, and their shape.
fn input(golden: &Golden, name: &str) -> (Vec<f64>, Vec<usize>) {
    let inputs = SafeTensors::deserialize(INPUTS).unwrap();
    let kind = golden.about["inputs"].as_str().unwrap();
    let tensor = inputs.tensor(&format!("{kind}/{name}")).unwrap();
    (f64::from_bytes(tensor.data()), tensor.shape().to_vec())
}

fn golden(name: &str) -> &'static Golden {
    GOLDENS.get(name).unwrap_or_else(|| panic!("no golden {name}"))
}

/// The largest difference between a tensor of ours and a golden one at a row, relative to the largest magnitude that the
/// element had at any recorded step: a rounding error made there stays when later steps bring the element near 0.
fn difference(ours: &[f64], theirs: &[f64], row: usize) -> f64 {
    let mut worst = 0.0f64;
    for (j, &x) in ours.iter().enumerate() {
        let path = theirs.iter().skip(j).step_by(ours.len());
        let scale = path.fold(f64::MIN_POSITIVE, |scale, y| scale.max(y.abs()));
        let difference = (x - theirs[row * ours.len() + j]).abs() / scale;
        // NaN is as far away as can be.
        worst = if difference.is_nan() { f64::INFINITY } else { worst.max(difference) };
    }
    worst
}

/// The largest difference between our run and the golden one.
fn stray(name: &str, builder: Builder) -> f64 {
    let golden = golden(name);
    let (mut values, shapes): (Vec<_>, Vec<_>) = (0..3).map(|i| input(golden, &format!("p{i}"))).unzip();
    let grads: Vec<Vec<f64>> = (0..3).map(|i| input(golden, &format!("g{i}")).0).collect();
    let closure = !golden.about["closure"].is_null();
    let params: Vec<ParamSpec> =
        shapes.iter().enumerate().map(|(i, shape)| ParamSpec::new(format!("p{i}"), shape.clone())).collect();
    let mut optimizer = builder.build::<f64>(&params).unwrap();
    let observes = format!("{optimizer:?}").contains("update_period=0");
    let mut worst = 0.0f64;
    for step in 0..STEPS {
        let mut now: Vec<Vec<f64>> =
            (0..3).map(|i| grads[i][step * values[i].len()..][..values[i].len()].to_vec()).collect();
        let mut curvature: Vec<Vec<f64>> = match golden.about["hessian"].is_null() {
            true => now.clone(),
            false => now.iter().map(|g| g.iter().map(|g| g.abs() + 0.1).collect()).collect(),
        };
        let mut values_now: Vec<&mut [f64]> = values.iter_mut().map(|x| &mut x[..]).collect();
        let mut grads_now: Vec<&mut [f64]> = now.iter_mut().map(|x| &mut x[..]).collect();
        let mut curvature: Vec<&mut [f64]> = curvature.iter_mut().map(|x| &mut x[..]).collect();
        // Theirs is given an estimate before each step, or the step's gradient after every so many.
        let every = golden.about["every"].as_u64();
        if observes && every.is_none() {
            optimizer.observe_curvature(&mut values_now, &mut curvature).unwrap();
        }
        let _ = match closure {
            true => optimizer.step_with(&mut values_now, &mut grads_now, loss).unwrap().1,
            false => optimizer.step(&mut values_now, &mut grads_now).unwrap(),
        };
        if observes && every.is_some_and(|every| (step as u64 + 1).is_multiple_of(every)) {
            optimizer.observe_curvature(&mut values_now, &mut curvature).unwrap();
        }
        let Some(row) = golden.rows.iter().position(|&row| row == step + 1) else { continue };
        let evaluation = optimizer.evaluation(&values.iter().map(|x| &x[..]).collect::<Vec<_>>()).unwrap();
        for (i, values) in values.iter().enumerate() {
            for (name, ours) in [("p", &values[..]), ("x", evaluation.tensor(i))] {
                let Some(theirs) = golden.tensors.get(&format!("{name}{i}")) else { continue };
                worst = worst.max(difference(ours, theirs, row));
            }
        }
    }
    worst
}

/// The optimizer of a case.
fn builder(case: &Case) -> Builder {
    (case.with)(Optimizer::builder_boxed(rules::parse(case.ours).unwrap()))
}

#[test]
fn every_case_is_within_its_tolerance() {
    let rules = CASES.iter().map(|case| (case.golden, case.ours, builder(case), case.tolerance));
    let chains = CHAINS.iter().map(|case| (case.golden, case.ours, (case.builder)(), case.tolerance));
    let failed: Vec<String> = rules
        .chain(chains)
        .map(|(golden, ours, builder, tolerance)| (golden, ours, stray(golden, builder), tolerance))
        .filter(|(.., stray, tolerance)| stray > tolerance)
        .map(|(golden, ours, stray, tolerance)| {
            format!("{ours} as {golden}: {stray:e}, allowed {tolerance:e}")
        })
        .collect();
    assert!(failed.is_empty(), "{} failed:\n{}", failed.len(), failed.join("\n"));
}

/// A run that were compared with nothing, or with itself, would pass.
#[test]
fn another_hyper_parameter_is_seen() {
    let case = CASES.iter().find(|case| case.ours.starts_with("adam:")).unwrap();
    let other = Case { ours: "adam:lr=0.011", ..*case };
    assert!(stray(other.golden, builder(&other)) > 1e-4);
}

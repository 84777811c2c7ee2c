//! Rules against reference implementations: the table of which equals which, to what tolerance, is `docs/parity.md`.

mod cases;
mod chains;
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

const FILES: [&[u8]; 4] = [
    include_bytes!("../goldens/rules-torch.safetensors"),
    include_bytes!("../goldens/rules-optax.safetensors"),
    include_bytes!("../goldens/rules-pytorch_optimizer.safetensors"),
    include_bytes!("../goldens/rules-peers.safetensors"),
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

/// The gradient of the loss of configurations with a closure: the sum over p of (p - 0.5)^2 + 0.1 p^4.
fn gradient(p: &[f64]) -> Vec<f64> {
    p.iter().map(|p| 2.0 * (p - 0.5) + 0.4 * p * p * p).collect()
}

/// The largest difference between our run and the golden one, relative to the largest magnitude that the element had at
/// any recorded step: a rounding error made there stays when later steps bring the element near 0.
fn stray(golden: &str, builder: Builder) -> f64 {
    let golden = GOLDENS.get(golden).unwrap_or_else(|| panic!("no golden {golden}"));
    let inputs = SafeTensors::deserialize(INPUTS).unwrap();
    let kind = golden.about["inputs"].as_str().unwrap();
    let input = |name: &str| {
        let tensor = inputs.tensor(&format!("{kind}/{name}")).unwrap();
        (f64::from_bytes(tensor.data()), tensor.shape().to_vec())
    };
    let (mut values, shapes): (Vec<_>, Vec<_>) = (0..3).map(|i| input(&format!("p{i}"))).unzip();
    let grads: Vec<Vec<f64>> = (0..3).map(|i| input(&format!("g{i}")).0).collect();
    let closure = !golden.about["closure"].is_null();
    let params: Vec<ParamSpec> =
        shapes.iter().enumerate().map(|(i, shape)| ParamSpec::new(format!("p{i}"), shape.clone())).collect();
    let mut optimizer = builder.build::<f64>(&params).unwrap();
    let mut worst = 0.0f64;
    for step in 0..STEPS {
        let mut now: Vec<Vec<f64>> = match closure {
            true => values.iter().map(|p| gradient(p)).collect(),
            false => (0..3).map(|i| grads[i][step * values[i].len()..][..values[i].len()].to_vec()).collect(),
        };
        let mut values_now: Vec<&mut [f64]> = values.iter_mut().map(|x| &mut x[..]).collect();
        let mut grads_now: Vec<&mut [f64]> = now.iter_mut().map(|x| &mut x[..]).collect();
        let _ = optimizer.step(&mut values_now, &mut grads_now).unwrap();
        let Some(row) = golden.rows.iter().position(|&row| row == step + 1) else { continue };
        let evaluation = optimizer.evaluation(&values.iter().map(|x| &x[..]).collect::<Vec<_>>()).unwrap();
        for (i, values) in values.iter().enumerate() {
            for (name, ours) in [("p", &values[..]), ("x", evaluation.tensor(i))] {
                let Some(theirs) = golden.tensors.get(&format!("{name}{i}")) else { continue };
                for (j, &x) in ours.iter().enumerate() {
                    let path = theirs.iter().skip(j).step_by(ours.len());
                    let scale = path.fold(f64::MIN_POSITIVE, |scale, y| scale.max(y.abs()));
                    let difference = (x - theirs[row * ours.len() + j]).abs() / scale;
                    // NaN is as far away as can be.
                    worst = if difference.is_nan() { f64::INFINITY } else { worst.max(difference) };
                }
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

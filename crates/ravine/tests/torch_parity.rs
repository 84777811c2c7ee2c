//! Trajectories of torch.optim, rule by rule and option by option.

use ravine::{Element, Hyper, Math, Optimizer, ParamSpec, Rule, Value, rules};
use safetensors::SafeTensors;
use serde_json::{Map, Value as Json};

const GOLDENS: &[u8] = include_bytes!("goldens/torch.safetensors");
const STEPS: usize = 50;

/// The options that PyTorch's keyword arguments stand for, on our rule. `maximize` belongs to the optimizer.
fn rule(name: &str, kwargs: &Map<String, Json>) -> (Box<dyn Rule>, bool) {
    let mut text = Vec::new();
    let mut maximize = false;
    for (key, value) in kwargs {
        match (key.as_str(), value) {
            ("maximize", value) => maximize = value.as_bool().unwrap(),
            ("decoupled_weight_decay", value) => text.push(format!("decoupled={value}")),
            (key, Json::Array(pair)) => text.push(format!("{key}={}/{}", pair[0], pair[1])),
            (key, value) => text.push(format!("{key}={value}")),
        }
    }
    (rules::parse(&format!("{name}:{}", text.join(","))).unwrap(), maximize)
}

/// Runs all steps and calls `look` with the row's number, the parameter's index and its values at the recorded steps.
fn run<T: Math>(
    config: &str,
    file: &SafeTensors<'_>,
    mut look: impl FnMut(usize, usize, &[T]),
) -> Optimizer<T> {
    let (_, header) = SafeTensors::read_metadata(GOLDENS).unwrap();
    let metadata = header.metadata().as_ref().unwrap();
    let rows: Vec<usize> = serde_json::from_str(&metadata["rows"]).unwrap();
    let (rule, maximize) =
        rule(config.split('.').next().unwrap(), &serde_json::from_str(&metadata[config]).unwrap());

    let input = |key: String| f32::from_bytes(file.tensor(&key).unwrap().data());
    let cast = |values: &[f32]| values.iter().map(|&x| T::from_f64(x.into())).collect::<Vec<T>>();
    let mut values: Vec<Vec<T>> = (0..3).map(|i| cast(&input(format!("inputs.p{i}")))).collect();
    let grads: Vec<Vec<f32>> = (0..3).map(|i| input(format!("inputs.g{i}"))).collect();
    let params: Vec<ParamSpec> = [vec![5, 7], vec![11], vec![2, 3, 2]]
        .into_iter()
        .enumerate()
        .map(|(i, shape)| ParamSpec::new(format!("p{i}"), shape))
        .collect();
    let mut optimizer = Optimizer::builder_boxed(rule).maximize(maximize).build(&params).unwrap();
    for step in 0..STEPS {
        let mut now: Vec<Vec<T>> =
            (0..3).map(|i| cast(&grads[i][step * values[i].len()..(step + 1) * values[i].len()])).collect();
        let mut values_now: Vec<&mut [T]> = values.iter_mut().map(|x| &mut x[..]).collect();
        let mut grads_now: Vec<&mut [T]> = now.iter_mut().map(|x| &mut x[..]).collect();
        let _ = optimizer.step(&mut values_now, &mut grads_now).unwrap();
        if let Some(row) = rows.iter().position(|&row| row == step + 1) {
            (0..3).for_each(|i| look(row, i, &values[i]));
        }
    }
    optimizer
}

/// The largest difference between a run and the golden one, relative to the largest magnitude that the element had
/// at any recorded step: a rounding error made there stays when later steps bring the element near 0.
fn stray<T: Math>(config: &str, precision: &str) -> f64 {
    let file = SafeTensors::deserialize(GOLDENS).unwrap();
    let golden: Vec<Vec<T>> = (0..3)
        .map(|i| T::from_bytes(file.tensor(&format!("{config}.{precision}.p{i}")).unwrap().data()))
        .collect();
    let mut worst = 0.0f64;
    let optimizer = run::<T>(config, &file, |row, i, values| {
        for (j, &x) in values.iter().enumerate() {
            let path = golden[i].iter().skip(j).step_by(values.len()).map(|&y| y.into());
            let scale = path.fold(0.0, |scale: f64, y: f64| scale.max(y.abs()));
            let (x, y): (f64, f64) = (x.into(), golden[i][row * values.len() + j].into());
            worst = worst.max((x - y).abs() / scale);
        }
    });
    if precision == "f32" {
        worst = worst.max(state_stray(config, &file, &optimizer));
    }
    worst
}

/// The same for the state after the last step, relative to the largest value of its tensor.
fn state_stray<T: Math>(config: &str, file: &SafeTensors<'_>, optimizer: &Optimizer<T>) -> f64 {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state");
    optimizer.save(&path).unwrap();
    let bytes = std::fs::read(&path).unwrap();
    let state = SafeTensors::deserialize(&bytes).unwrap();
    let mut worst = 0.0f64;
    for name in state.names() {
        let (param, slot) = name.split_once('/').unwrap();
        let golden = file.tensor(&format!("{config}.f32.state.{}.{slot}", &param[1..])).unwrap();
        let (ours, theirs) =
            (T::from_bytes(state.tensor(name).unwrap().data()), T::from_bytes(golden.data()));
        assert_eq!(ours.len(), theirs.len());
        let scale = theirs.iter().fold(0.0, |scale: f64, &y| scale.max(y.into().abs()));
        let differences = ours.iter().zip(&theirs).map(|(&x, &y)| (x.into() - y.into()).abs() / scale);
        worst = differences.fold(worst, f64::max);
    }
    worst
}

fn configs() -> Vec<String> {
    let (_, header) = SafeTensors::read_metadata(GOLDENS).unwrap();
    let mut configs: Vec<String> =
        header.metadata().as_ref().unwrap().keys().filter(|key| *key != "rows").cloned().collect();
    configs.sort();
    assert_eq!(configs.len(), 33);
    configs
}

#[test]
fn f64_agrees_to_1e_12() {
    for config in configs() {
        let stray = stray::<f64>(&config, "f64");
        assert!(stray <= 1e-12, "{config}: {stray:e}");
    }
}

/// In f32 the order of operations shows: PyTorch fuses multiply and add in its vector kernels, which we never do so
/// that every processor gives the same bits, and divides by sqrt(1 - b2^t) where we multiply by its reciprocal.
/// In 50 steps that adds up to a few units in the last place. PyTorch's own fused kernels stray as far from its loop.
#[test]
fn f32_agrees_to_a_few_units_in_the_last_place() {
    for config in configs() {
        let units = stray::<f32>(&config, "f32") / f64::from(f32::EPSILON);
        assert!(units <= 6.0, "{config}: {units}");
    }
}

#[test]
fn defaults_are_those_of_torch() {
    for (name, key, value) in [
        ("sgd", "lr", 1e-3),
        ("sgd", "momentum", 0.0),
        ("adagrad", "lr", 1e-2),
        ("adagrad", "eps", 1e-10),
        ("adagrad", "initial_accumulator_value", 0.0),
        ("rmsprop", "lr", 1e-2),
        ("rmsprop", "alpha", 0.99),
        ("rmsprop", "eps", 1e-8),
        ("adam", "lr", 1e-3),
        ("adam", "eps", 1e-8),
        ("adam", "weight_decay", 0.0),
        ("adamw", "lr", 1e-3),
        ("adamw", "weight_decay", 1e-2),
    ] {
        assert_eq!(rules::parse(name).unwrap().get(key), Some(Value::Float(value)), "{name} {key}");
    }
    assert_eq!(rules::Adam::default().get("betas"), Some(Value::Pair([0.9, 0.999])));
}

/// 1000 steps of PyTorch in f64 on functions whose gradients feed the error back.
#[test]
fn a_thousand_steps_on_rosenbrock_and_beale() {
    let rosenbrock = |[x, y]: [f64; 2]| [-2.0 * (1.0 - x) - 400.0 * x * (y - x * x), 200.0 * (y - x * x)];
    let beale = |[x, y]: [f64; 2]| {
        let term = |c: f64, n: i32| {
            let rest = c - x + x * y.powi(n);
            [2.0 * rest * (y.powi(n) - 1.0), 2.0 * rest * x * f64::from(n) * y.powi(n - 1)]
        };
        let [a, b, c] = [term(1.5, 1), term(2.25, 2), term(2.625, 3)];
        [a[0] + b[0] + c[0], a[1] + b[1] + c[1]]
    };
    type Gradient<'a> = &'a dyn Fn([f64; 2]) -> [f64; 2];
    let cases: [(&str, Gradient<'_>, [f64; 2], [f64; 2]); 9] = [
        ("sgd:lr=1e-3", &rosenbrock, [-0.5, 1.5], [0.3239671602, 0.1018645141]),
        ("sgd:lr=1e-3,momentum=0.9", &rosenbrock, [-0.5, 1.5], [0.9942838598, 0.9885774404]),
        ("sgd:lr=1e-3,momentum=0.9,nesterov=true", &rosenbrock, [-0.5, 1.5], [0.9952451967, 0.9904939195]),
        ("adagrad:lr=0.5", &rosenbrock, [-0.5, 1.5], [0.7275991168, 0.5281236157]),
        ("rmsprop:lr=0.01,alpha=0.9", &rosenbrock, [-0.5, 1.5], [0.8589707863, 0.7510496249]),
        ("adam:lr=0.01", &rosenbrock, [-0.5, 1.5], [-0.8360917197, 0.7065860548]),
        ("adam:lr=0.1", &rosenbrock, [-0.5, 1.5], [0.9252765557, 0.8558606416]),
        ("sgd:lr=1e-3", &beale, [1.0, 1.0], [2.4803451933, 0.3370819738]),
        ("adam:lr=0.01", &beale, [1.0, 1.0], [2.9274327176, 0.4809644819]),
    ];
    for (spec, gradient, start, end) in cases {
        let rule = rules::parse(spec).unwrap();
        let mut optimizer = Optimizer::builder_boxed(rule).build(&[ParamSpec::new("x", [2])]).unwrap();
        let mut x = start;
        for _ in 0..1000 {
            let mut g = gradient(x);
            let _ = optimizer.step(&mut [&mut x], &mut [&mut g]).unwrap();
        }
        for (x, end) in x.iter().zip(end) {
            assert!((x - end).abs() < 1e-9, "{spec}: {x} instead of {end}");
        }
    }
}

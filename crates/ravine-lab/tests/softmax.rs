//! The softmax workloads: a convex problem with a known answer.

use ravine::rules::Sgd;
use ravine::{Optimizer, ParamSpec};
use ravine_lab::data::{self, Order, Split, Table};
use ravine_lab::workloads::{self, Classifier};
use ravine_nn::{Init, Network};

const RIDGE: f64 = 1e-2;

/// Data in f64 with its softmax regression.
struct Problem {
    x: Vec<f64>,
    y: Vec<u32>,
    features: usize,
    model: Classifier<f64>,
}

impl Problem {
    /// All of a data set, scaled by all of it, with weights zero.
    fn new(name: &str) -> Self {
        let mut table = match name {
            "iris" => data::iris::DATA.table(),
            "wine" => data::wine::DATA.table(),
            "breast-cancer" => data::breast_cancer::DATA.table(),
            _ => data::digits::DATA.table(),
        };
        match name {
            "digits" => table.x.iter_mut().for_each(|x| *x /= 16.0),
            _ => data::standardise(&mut table.x, table.features, 0..table.y.len()),
        }
        let Table { x, y, features, classes } = table;
        let builder = Network::builder(features).init(Init::zeros(), Init::zeros());
        let network = builder.linear(classes).build(0).unwrap();
        Self { x, y, features, model: Classifier::new(network, RIDGE) }
    }

    fn loss(&mut self) -> f64 {
        self.model.backward(&self.x, &self.y, 0).unwrap()
    }

    /// Goes to the minimum; returns the loss there.
    ///
    /// Nesterov's method with the best constants for curvatures between the penalty and a bound from above: half the
    /// mean of |x|^2 + 1, which bounds the trace of each block of the Hessian, and the penalty.
    fn minimise(&mut self) -> f64 {
        let square = self.x.iter().map(|x| x * x).sum::<f64>() / self.y.len() as f64;
        let lipschitz = 0.5 * (square + 1.0) + RIDGE;
        let root = (RIDGE / lipschitz).sqrt();
        let rule = Sgd {
            lr: 1.0 / lipschitz,
            momentum: (1.0 - root) / (1.0 + root),
            nesterov: true,
            ..Sgd::default()
        };
        let params = ParamSpec::new("all", [self.model.params().len()]);
        let mut optimizer: Optimizer<f64> =
            Optimizer::builder(rule).zero_grad(true).build(&[params]).unwrap();
        loop {
            let loss = self.loss();
            let (values, grads) = self.model.params_mut().split_mut();
            // By strong convexity the loss is at most this much above its minimum.
            let gap = grads.iter().map(|g| g * g).sum::<f64>() / (2.0 * RIDGE);
            if gap < 1e-13 {
                return loss;
            }
            let _ = optimizer.step_flat(values, grads).unwrap();
        }
    }
}

/// Data set, classes, minimum of the loss and training accuracy there, found by Newton's method.
const GOLDEN: [(&str, f64, f64, f64); 4] = [
    ("iris", 3.0, 0.266201000802, 0.96),
    ("wine", 3.0, 0.095140842125, 1.0),
    ("breast-cancer", 2.0, 0.083740022426, 0.98770),
    ("digits", 10.0, 0.741056933831, 0.95270),
];

#[test]
fn the_unique_minimum_is_found() {
    for (name, _, minimum, accuracy) in GOLDEN {
        let mut problem = Problem::new(name);
        let found = problem.minimise();
        assert!((found - minimum).abs() < 1e-9, "{name}: {found} is not {minimum}");
        let (loss, share) = problem.model.evaluate(&problem.x, &problem.y).unwrap();
        assert!((loss - minimum).abs() < 1e-9 && (share - accuracy).abs() < 5e-6, "{name}: {loss} {share}");
    }
}

#[test]
fn the_workloads_have_this_minimum_and_a_thousandth_of_the_way_to_it_as_target() {
    for (name, classes, minimum, _) in GOLDEN {
        let workload = workloads::load(&format!("{name}-softmax"), None).unwrap();
        let (target, start) = (workload.info().target, classes.ln() - minimum);
        assert!((target - start / 1000.0).abs() < 5e-3 * target, "{name}: {target}");
        let mut problem = Problem::new(name);
        problem.minimise();
        let mut run = workload.start(1, Order::Reshuffled);
        assert!((run.evaluate(Split::Train).metric - start).abs() < 1e-6, "{name}");
        let values = run.buffers().0.iter_mut();
        values.zip(problem.model.params().values()).for_each(|(value, &best)| *value = best as f32);
        for split in [Split::Train, Split::Validation, Split::Test] {
            let evaluation = run.evaluate(split);
            assert!((evaluation.loss - minimum).abs() < 1e-6 && evaluation.metric.abs() < 1e-6, "{name}");
        }
    }
}

#[test]
fn they_start_at_the_logarithm_of_the_classes() {
    for (name, classes, ..) in GOLDEN {
        assert!((Problem::new(name).loss() - classes.ln()).abs() < 1e-12, "{name}");
        let workload = workloads::load(&format!("{name}-softmax"), None).unwrap();
        let loss = workload.start(1, Order::Reshuffled).backward(0);
        assert!((loss - classes.ln()).abs() < 1e-6, "{name}: {loss}");
    }
}

/// Weights away from zero, so that nothing vanishes by symmetry.
fn moved(name: &str) -> Problem {
    let mut problem = Problem::new(name);
    let values = problem.model.params_mut().values_mut();
    values.iter_mut().enumerate().for_each(|(i, w)| *w = (i as f64 * 0.7).sin() * 0.3);
    problem
}

#[test]
fn gradients_agree_with_central_differences() {
    let mut problem = moved("iris");
    problem.loss();
    let analytic = problem.model.params().grads().to_vec();
    for (i, &slope) in analytic.iter().enumerate() {
        let mut at = |shift: f64| {
            problem.model.params_mut().values_mut()[i] += shift;
            let loss = problem.loss();
            problem.model.params_mut().values_mut()[i] -= shift;
            loss
        };
        let h = 1e-5;
        let difference = (at(h) - at(-h)) / (2.0 * h);
        assert!((difference - slope).abs() < 1e-9, "{i}: {difference} {slope}");
    }
}

#[test]
fn the_mean_of_all_single_gradients_is_the_full_gradient() {
    let mut problem = moved("wine");
    problem.loss();
    let full = problem.model.params().grads().to_vec();
    problem.model.params_mut().zero_grads();
    let (x, y) = (problem.x.clone(), problem.y.clone());
    for (step, (x, y)) in (0..).zip(x.chunks(problem.features).zip(y.chunks(1))) {
        problem.model.backward(x, y, step).unwrap();
    }
    for (full, sum) in full.iter().zip(problem.model.params().grads()) {
        assert!((full - sum / y.len() as f64).abs() < 1e-12);
    }
}

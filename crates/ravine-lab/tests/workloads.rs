//! What every workload keeps to.

mod here;

use std::sync::LazyLock;

use here::here;
use ravine::Optimizer;
use ravine::rules::Sgd;
use ravine_lab::data::{Order, Split};
use ravine_lab::workload::{Session, Workload};
use ravine_lab::workloads::{self, WORKLOADS};

/// A small form of every workload that needs nothing but data that may be installed.
const SPECS: &[&str] = &[
    "digits-mlp",
    "fashion-softmax",
    "fashion-mlp",
    "fashion-2c2d:batch=4",
    "fashion-resnet:batch=4",
    "fashion-vae:batch=4",
    "text-gpt:depth=2,dim=16,heads=2,context=16,batch=4,dropout=0.1",
    "text-lstm:hidden=16,dim=8,context=16,batch=4,merges=50",
    "speech:hidden=8,batch=4",
    "documents",
    "ratings",
    "quadratic-deep",
    "digits-softmax",
    "iris-softmax",
    "wine-softmax",
    "breast-cancer-softmax",
];

/// A workload; `None` without its data.
fn load(spec: &str) -> Option<Box<dyn Workload>> {
    here(spec, workloads::load(spec, None))
}

/// Runs a check on every workload whose data is here.
fn each(check: impl Fn(&dyn Workload)) {
    static LOADED: LazyLock<Vec<Box<dyn Workload>>> =
        LazyLock::new(|| SPECS.iter().filter_map(|spec| load(spec)).collect());
    LOADED.iter().for_each(|workload| check(&**workload));
}

#[test]
fn the_list_above_leaves_none_out() {
    for entry in WORKLOADS {
        let own = ["images", "table"].contains(&entry.name);
        let listed = SPECS.iter().any(|spec| spec.split(':').next() == Some(entry.name));
        assert!(own != listed, "{}", entry.name);
    }
}

/// Loss and gradient of a step.
fn gradient(run: &mut dyn Session, step: u64) -> (f64, Vec<f32>) {
    run.buffers().1.fill(0.0);
    let loss = run.backward(step);
    (loss, run.buffers().1.to_vec())
}

#[test]
fn info_says_what_the_session_has() {
    each(|workload| {
        let info = workload.info();
        let mut run = workload.start(1, Order::Reshuffled);
        let (values, grads) = run.buffers();
        assert_eq!([values.len(), grads.len()], [info.parameters; 2], "{}", info.name);
        let sizes = run.params().iter().map(|spec| spec.len());
        assert_eq!(sizes.sum::<usize>(), info.parameters);
        assert_eq!(info.steps(), info.epochs * (info.split[0] / info.batch) as u64);
        assert_eq!(info.data_sha256.len(), 64);
        assert!(info.reached(info.target) && !info.title.is_empty() && !info.target_reason.is_empty());
    });
}

#[test]
fn a_gradient_depends_on_seed_step_and_weights_alone() {
    each(|workload| {
        let name = &workload.info().name;
        let steps = [3, 0, 1000, 3, 7, 0];
        let start = |seed, order| workload.start(seed, order);
        let mut run = start(5, Order::Reshuffled);
        for &step in &steps {
            let fresh = gradient(&mut *start(5, Order::Reshuffled), step);
            assert!(gradient(&mut *run, step) == fresh, "{name}: step {step} after others");
        }
        let first = gradient(&mut *run, 0);
        assert!(first != gradient(&mut *run, 1), "{name}: another step");
        assert!(first != gradient(&mut *start(6, Order::Reshuffled), 0), "{name}: another seed");
        // Not all alike: softmax takes no notice of that.
        run.buffers().0.iter_mut().enumerate().for_each(|(i, value)| *value += 0.02 * (i % 7) as f32);
        assert!(first != gradient(&mut *run, 0), "{name}: other weights");
    });
}

#[test]
fn a_fixed_order_repeats_the_first_epoch() {
    each(|workload| {
        // What dropout and the autoencoder draw goes on with the step.
        if ["fashion-vae", "text-gpt", "speech"].iter().any(|name| workload.info().name.starts_with(name)) {
            return;
        }
        let (mut fixed, mut reshuffled) =
            (workload.start(5, Order::Fixed), workload.start(5, Order::Reshuffled));
        let epoch = workload.info().steps_per_epoch();
        let first = gradient(&mut *fixed, 2);
        let name = &workload.info().name;
        assert!(first == gradient(&mut *reshuffled, 2), "{name}");
        assert!(first == gradient(&mut *fixed, epoch + 2), "{name}");
        assert!(first != gradient(&mut *reshuffled, epoch + 2), "{name}");
    });
}

#[test]
fn backward_adds_to_the_gradients() {
    each(|workload| {
        let mut run = workload.start(5, Order::Fixed);
        let (_, once) = gradient(&mut *run, 0);
        run.backward(0);
        for (twice, once) in run.buffers().1.iter().zip(&once) {
            assert!((twice - 2.0 * once).abs() <= 1e-4 * once.abs().max(1e-3), "{twice} {once}");
        }
    });
}

#[test]
fn evaluating_changes_nothing() {
    each(|workload| {
        // Ten thousand pictures through convolutions take long without optimisation.
        if workload.info().name.starts_with("fashion-") && !workload.info().name.contains("mlp") {
            return;
        }
        let mut run = workload.start(5, Order::Reshuffled);
        let before = gradient(&mut *run, 1);
        let values = run.buffers().0.to_vec();
        let evaluation = run.evaluate(Split::Validation);
        assert_eq!(run.evaluate(Split::Test), run.evaluate(Split::Test));
        assert_eq!(run.evaluate(Split::Validation), evaluation);
        assert!(evaluation.loss.is_finite() && evaluation.metric.is_finite());
        let name = &workload.info().name;
        assert!(run.buffers().0 == values && run.buffers().1 == before.1, "{name}");
        assert!(gradient(&mut *run, 1) == before, "{name}");
    });
}

#[test]
fn a_run_resumes_from_its_weights() {
    each(|workload| {
        if workload.info().parameters > 20_000 || workload.info().name.starts_with("speech") {
            return;
        }

        let descend = |run: &mut dyn Session, steps: std::ops::Range<u64>| {
            let mut optimizer: Optimizer<f32> = Optimizer::builder(Sgd { lr: 0.01, ..Sgd::default() })
                .zero_grad(true)
                .build(run.params())
                .unwrap();
            for step in steps {
                run.backward(step);
                let (values, grads) = run.buffers();
                let _ = optimizer.step_flat(values, grads).unwrap();
            }
        };
        let (mut straight, mut stopped) =
            (workload.start(2, Order::Reshuffled), workload.start(2, Order::Reshuffled));
        descend(&mut *straight, 0..60);
        descend(&mut *stopped, 0..25);
        let mut resumed = workload.start(2, Order::Reshuffled);
        resumed.buffers().0.copy_from_slice(stopped.buffers().0);
        let mut learnt = Vec::new();
        stopped.state(&mut |_, values| learnt.push(values.to_vec()));
        let mut learnt = learnt.into_iter();
        resumed.state(&mut |_, values| values.copy_from_slice(&learnt.next().unwrap()));
        descend(&mut *resumed, 25..60);
        assert!(straight.buffers().0 == resumed.buffers().0, "{}", workload.info().name);
    });
}

#[test]
fn an_unknown_name_is_answered_with_the_known_ones() {
    let Err(error) = workloads::load("mnist-mlp", None) else { panic!("there is no such workload") };
    let message = error.to_string();
    assert!(message.contains("'mnist-mlp'") && message.contains("fashion-mlp"), "{message}");
}

#[test]
fn every_layer_can_be_looked_at() {
    each(|workload| {
        let mut run = workload.start(3, Order::Reshuffled);
        run.backward(0);
        let mut layers = Vec::new();
        run.inspect(&mut |seen| {
            assert_eq!(
                seen.output.len(),
                workload.info().batch * seen.shape.size(),
                "{}",
                workload.info().name
            );
            assert!(seen.output.iter().all(|x| x.is_finite()));
            layers.push(seen.path.to_owned());
        });
        let known = workload.info().name.starts_with("quadratic");
        assert!(known || !layers.is_empty(), "{}", workload.info().name);
    });
}

#[test]
fn augmented_pictures_are_a_function_of_seed_and_step() {
    let (Some(plain), Some(changed)) =
        (load("fashion-resnet:batch=4"), load("fashion-resnet:batch=4,augment=shift=2/flip"))
    else {
        return;
    };
    let at = |workload: &dyn Workload, step| gradient(&mut *workload.start(5, Order::Reshuffled), step);
    assert!(at(&*changed, 3) == at(&*changed, 3));
    assert!(at(&*changed, 3) != at(&*plain, 3));
    assert!(workloads::load("fashion-resnet:augment=shift=99", None).err().unwrap().is_usage());
}

#[test]
fn a_blind_guess_is_what_an_untrained_model_is_near() {
    each(|workload| {
        let Some(guess) = workload.info().guess else { return };
        let loss = workload.start(1, Order::Reshuffled).backward(0);
        assert!(
            (0.3 * guess..4.0 * guess).contains(&loss),
            "{}: {loss}, guess {guess}",
            workload.info().name
        );
    });
}

#[test]
fn own_data_is_asked_for_by_its_options() {
    for (spec, part) in [("images", "--images"), ("table", "--csv"), ("table:file=x.csv", "--target")] {
        let error = workloads::load(spec, None).err().unwrap();
        assert!(error.is_usage() && error.to_string().contains(part), "{error}");
    }
    let error = workloads::load("text-gpt:text=no-such-text", None).err().unwrap();
    assert!(error.to_string().contains("genesis-exodus"), "{error}");
}

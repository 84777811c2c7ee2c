//! Chains of transforms are rules like any other.

mod common;

use common::{bits, normal, params, train};
use ravine::chain::*;
use ravine::simd::Level;
use ravine::{At, Group, Hyper, Optimizer, Range, Real, Rule, Slot, Storage, rules};

fn decay(weight_decay: f64) -> AddDecayedWeights {
    AddDecayedWeights { weight_decay }
}

/// Slots, scalars, decay and nesting.
fn rich() -> Chain<impl Transform> {
    let inner = (Trace { decay: 0.5, nesterov: true }, ScaleByAdam::default());
    Chain::new(0.01, (Clip { max_delta: 0.9 }, inner, decay(0.1), Trace::default()))
}

#[test]
fn the_same_bits_for_any_threads_width_and_cut() {
    const MANY: usize = 70_001;
    let result = |lens: &[usize], level| {
        let mut optimizer = Optimizer::builder(rich()).simd(level).build::<f32>(&params(lens)).unwrap();
        let mut values = normal(1, MANY);
        train(&mut optimizer, &mut values, 0..3);
        bits(&values)
    };
    let pool = |threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    let reference = pool(1).install(|| result(&[MANY], Level::Baseline));
    assert!(reference == pool(3).install(|| result(&[1, 40_000, 30_000], Level::widest())));
}

#[test]
fn a_chain_of_adam_and_decay_is_adamw() {
    let run = |builder: ravine::Builder| {
        let mut optimizer = builder.build::<f64>(&params(&[50])).unwrap();
        let mut values = normal(1, 50);
        train(&mut optimizer, &mut values, 0..200);
        values
    };
    let chain = Chain::new(1e-2, (ScaleByAdam::default(), decay(0.1)));
    let adamw = rules::AdamW { lr: 1e-2, weight_decay: 0.1, ..Default::default() };
    for (x, y) in run(Optimizer::builder(chain)).iter().zip(run(Optimizer::builder(adamw))) {
        assert!((x - y).abs() <= 1e-12 * y.abs().max(1.0), "{x} {y}");
    }
}

#[test]
fn names_are_plain_unless_they_clash() {
    let rule = rich();
    assert_eq!(rule.name(), "chain(clip + trace + scale-by-adam + add-decayed-weights + trace)");
    let names: Vec<_> = rule.params().iter().map(|param| param.name).collect();
    let expected = [
        "lr",
        "max_delta",
        "1.decay",
        "1.nesterov",
        "betas",
        "eps",
        "eps_root",
        "weight_decay",
        "3.decay",
        "3.nesterov",
    ];
    assert_eq!(names, expected);
    let mut boxed = rule.boxed();
    boxed.set("3.decay", 0.25).unwrap();
    assert_eq!((boxed.get("3.decay"), boxed.get("1.decay")), (Some(0.25.into()), Some(0.5.into())));
    let error = boxed.set("3.decay", 2.0).unwrap_err().to_string();
    assert!(error.contains("3.decay must be at least 0 and below 1, not 2"), "{error}");
}

#[test]
fn groups_set_what_a_transform_has() {
    let build = |group: Group| Optimizer::builder(rich()).group(group).build::<f32>(&params(&[3, 3]));
    let mut optimizer = build(Group::new("p1").set("weight_decay", 0.0).set("max_delta", 1e9)).unwrap();
    let mut values = [1.0; 6];
    let _ = optimizer.step_flat(&mut values, &mut [0.0; 6]).unwrap();
    assert!(values[0] < 1.0 && values[3] == 1.0);
    let error = build(Group::new("p1").set("weigth_decay", 0.0)).unwrap_err().to_string();
    assert!(error.contains("did you mean 'weight_decay'?"), "{error}");
}

#[test]
fn a_chain_resumes_exactly_in_every_storage_and_refuses_the_state_of_another() {
    for (_, storage) in Storage::ALL {
        let build = || Optimizer::builder(rich()).storage(storage).build::<f32>(&params(&[300, 5])).unwrap();
        let (mut whole, mut values) = (build(), normal::<f32>(1, 305));
        train(&mut whole, &mut values, 0..3);
        let file = tempfile::NamedTempFile::new().unwrap();
        whole.save(file.path()).unwrap();
        let (mut resumed, mut others) = (build(), values.clone());
        resumed.load(file.path()).unwrap();
        train(&mut whole, &mut values, 3..6);
        train(&mut resumed, &mut others, 3..6);
        assert_eq!(bits(&values), bits(&others));
        let other = Chain::new(0.01, (Clip::default(), ScaleByAdam::default()));
        let mut other = Optimizer::builder(other).storage(storage).build::<f32>(&params(&[300, 5])).unwrap();
        let error = other.load(file.path()).unwrap_err().to_string();
        assert!(error.contains("expected chain(clip + scale-by-adam), found chain(clip + trace"), "{error}");
    }
}

#[test]
fn more_than_a_chain_can_carry_is_refused() {
    let (adam, nadam) = (ScaleByAdam::default, ScaleByNadam::default);
    let four = (nadam(), nadam(), nadam(), nadam());
    let build = |builder: ravine::Builder| builder.build::<f32>(&params(&[1])).map(drop);
    let error = build(Optimizer::builder(Chain::new(0.1, (four.clone(), adam())))).unwrap_err().to_string();
    assert!(error.contains("a chain has at most 8 state slots, not 10"), "{error}");
    let error = build(Optimizer::builder(Chain::new(0.1, four))).unwrap_err().to_string();
    assert!(error.contains("at most 32 scalars with the learning rate, not 33"), "{error}");
}

ravine::hyper! {
    /// u = bias + u.
    struct Push {
        /// What is added.
        bias: f64 = 1.0, Range::Finite;
    }
}

impl Transform for Push {
    type Slots<T: Copy> = [T; 0];
    type Scalars<T: Copy> = [T; 1];
    fn name(&self) -> &'static str {
        "push"
    }
    fn slots(&self) -> [Slot; 0] {
        []
    }
    fn scalars(&self, at: At) -> [f64; 1] {
        [self.bias * at.step as f64]
    }
    #[inline(always)]
    fn apply<R: Real>([bias]: [R; 1], _: R, u: R, s: [R; 0]) -> (R, [R; 0]) {
        (bias + u, s)
    }
}

#[test]
fn transforms_go_in_order_and_see_the_step() {
    let run = |builder: ravine::Builder| {
        let mut optimizer = builder.build::<f64>(&params(&[1])).unwrap();
        let mut w = [0.0];
        for _ in 0..3 {
            let _ = optimizer.step_flat(&mut w, &mut [10.0]).unwrap();
        }
        -w[0]
    };
    let push = Push { bias: 1.0 };
    let clip = Clip { max_delta: 5.0 };
    assert_eq!(run(Optimizer::builder(Chain::new(1.0, (push.clone(), clip.clone())))), 15.0);
    assert_eq!(run(Optimizer::builder(Chain::new(1.0, (clip, push)))), 5.0 + 6.0 + 7.0);
}

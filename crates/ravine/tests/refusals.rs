//! What is refused, with which words, and that nothing was done by then.

mod common;

use common::{bits, builder, normal, params, train};
use ravine::compose::Lambda;
use ravine::{
    At, Decay, Error, Group, Guard, Optimizer, Outcome, ParamSpec, Pass, Range, Real, Result, Rule, Schedule,
    Slot, Update, rules,
};

ravine::hyper! {
    /// Gradient descent that misbehaves from step 2 on.
    struct Odd {
        /// Learning rate.
        lr: f64 = 0.1, Range::NonNegative;
        /// Updates in a step.
        runs: u64 = 1, Range::NonNegative;
        /// Whether a step is an error.
        refuses: bool = false, Range::Bool;
        /// Kind of its slots.
        slots: &'static str = "none", Range::Words(&["none", "ema", "slash", "twice", "empty"]);
    }
}

struct Down;

impl Update<0, 1> for Down {
    #[inline(always)]
    fn update<R: Real>([lr]: [R; 1], w: R, g: R, []: [R; 0]) -> (R, [R; 0]) {
        (w - lr * g, [])
    }
}

impl Rule for Odd {
    fn name(&self) -> &'static str {
        "odd"
    }
    fn lr(&self) -> f64 {
        self.lr
    }
    fn slots(&self) -> Vec<Slot> {
        let names: &[&str] = match self.slots {
            "ema" => &["ema"],
            "slash" => &["a/b"],
            "twice" => &["a", "b", "a"],
            "empty" => &[""],
            _ => &[],
        };
        names.iter().map(|name| Slot::zero(name)).collect()
    }
    fn decay(&self) -> Decay {
        Decay::L2(0.0)
    }
    fn check(&self) -> Result<()> {
        if self.lr == 13.0 { Err(Error::rule(self.name(), "13 is bad luck")) } else { Ok(()) }
    }
    fn step(&self, at: At, pass: &mut Pass<'_>) -> Result<()> {
        let odd = at.step >= 2;
        if odd && self.refuses {
            return Err(Error::rule(self.name(), "no more"));
        }
        (0..if odd { self.runs } else { 1 }).try_for_each(|_| pass.run(Down, [at.lr]))
    }
    fn boxed(&self) -> Box<dyn Rule> {
        Box::new(self.clone())
    }
}

#[test]
fn a_rule_or_schedule_that_fails_late_has_changed_nothing_not_even_in_the_groups_before() {
    let late = |lr: f64| Lambda::new(move |step| if step < 2 { 1.0 } else { lr });
    for (group, expected) in [
        (Group::new("p1").rule(Odd { refuses: true, ..Odd::default() }), "odd: no more"),
        (
            Group::new("p1").rule(Odd { runs: 0, ..Odd::default() }),
            "a step of odd must run one update, not 0",
        ),
        (
            Group::new("p1").rule(Odd { runs: 2, ..Odd::default() }),
            "a step of odd must run one update, not 2",
        ),
        (
            Group::new("p1").schedule(late(f64::NAN)),
            "the learning rate of group 'p1' at step 2 must be finite and 0 or more, not NaN",
        ),
        (Group::new("p1").schedule(late(f64::INFINITY)), "must be finite and 0 or more, not inf"),
        (Group::new("p1").schedule(late(-1.0)), "must be finite and 0 or more, not -0.01"),
        (
            Group::new("p1").schedule(Stuck),
            "the momentum of group 'p1' at step 2 must be at least 0 and below 1, not 1",
        ),
    ] {
        let mut optimizer: Optimizer<f32> =
            builder("adam:lr=0.01").ema(ravine::Ema::new(0.9)).group(group).build(&params(&[5, 5])).unwrap();
        let mut values: Vec<f32> = normal(1, 10);
        train(&mut optimizer, &mut values, 0..2);
        let state = |optimizer: &Optimizer<f32>| {
            let file = tempfile::NamedTempFile::new().unwrap();
            optimizer.save(file.path()).unwrap();
            std::fs::read(file.path()).unwrap()
        };
        let (before, state_before) = (bits(&values), state(&optimizer));
        let error = optimizer.step_flat(&mut values, &mut [1.0; 10]).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
        assert_eq!((bits(&values), state(&optimizer)), (before, state_before), "{expected}");
    }
}

/// Its momentum is 1 from step 2 on.
struct Stuck;

impl Schedule for Stuck {
    fn lr(&self, base: f64, _step: u64) -> f64 {
        base
    }
    fn momentum(&self, step: u64) -> Option<f64> {
        Some(if step < 2 { 0.5 } else { 1.0 })
    }
    fn spec(&self) -> String {
        "stuck".into()
    }
}

#[test]
fn rules_that_could_not_be_stepped_or_saved_are_not_built() {
    for (rule, expected) in [
        (Odd { slots: "ema", ..Odd::default() }, "odd: a state slot cannot be named 'ema'"),
        (Odd { slots: "slash", ..Odd::default() }, "odd: a state slot cannot be named 'a/b'"),
        (Odd { slots: "empty", ..Odd::default() }, "odd: a state slot cannot be named ''"),
        (Odd { slots: "twice", ..Odd::default() }, "odd: two state slots are named 'a'"),
        (Odd { lr: 13.0, ..Odd::default() }, "odd: 13 is bad luck"),
        (Odd { lr: -1.0, ..Odd::default() }, "odd: lr must be 0 or more, not -1"),
    ] {
        let error = Optimizer::builder(rule).build::<f32>(&params(&[1])).unwrap_err().to_string();
        assert_eq!(error, expected);
    }
    let mut optimizer: Optimizer<f32> = Optimizer::builder(Odd::default()).build(&params(&[1])).unwrap();
    assert_eq!(optimizer.set("default", "lr", 13.0).unwrap_err().to_string(), "odd: 13 is bad luck");
    assert_eq!(optimizer.lr("default").unwrap(), 0.1);
}

/// torch.optim.SGD says: "Nesterov momentum requires a momentum and zero dampening".
#[test]
fn options_of_sgd_that_would_mean_nothing_are_refused() {
    let nesterov = "sgd: nesterov needs momentum above 0 and dampening 0";
    for (spec, expected) in [
        ("sgd:nesterov=true", nesterov),
        ("sgd:momentum=0.9,nesterov=true,dampening=0.1", nesterov),
        (
            "sgd:momentum=0.9,ema=true,dampening=0.1",
            "sgd: ema sets the gradient's share itself and needs dampening 0",
        ),
    ] {
        assert_eq!(rules::parse(spec).err().unwrap().to_string(), expected);
    }
    let two = params(&[1, 1]);
    let error = Optimizer::builder(rules::Sgd { nesterov: true, ..Default::default() }).build::<f32>(&two);
    assert_eq!(error.unwrap_err().to_string(), nesterov);
    let group = Group::new("p1").set("nesterov", true);
    assert_eq!(builder("sgd").group(group).build::<f32>(&two).unwrap_err().to_string(), nesterov);
    let mut optimizer: Optimizer<f32> = builder("nesterov").build(&two).unwrap();
    assert_eq!(optimizer.set("default", "dampening", 0.1).unwrap_err().to_string(), nesterov);
}

#[test]
fn a_change_of_where_the_state_starts_is_named() {
    let mut optimizer: Optimizer<f32> = builder("adagrad").build(&params(&[1])).unwrap();
    let error = optimizer.set("default", "initial_accumulator_value", 0.5).unwrap_err().to_string();
    assert!(error.ends_with("from [sum] to [sum from 0.5]"), "{error}");
}

#[test]
fn groups_that_are_left_with_nothing_are_told_from_misspelt_ones() {
    let build = |groups: &[&str]| {
        let builder = groups.iter().fold(builder("sgd"), |builder, name| builder.group(Group::new(*name)));
        let specs = ["a.weight", "a.bias", "default"].map(|name| ParamSpec::new(name, [1]));
        builder
            .build::<f32>(&specs)
            .map(|optimizer| optimizer.groups().map(str::to_owned).collect::<Vec<_>>())
    };
    let error = |groups: &[&str]| build(groups).unwrap_err().to_string();
    assert_eq!(
        error(&["a.*", "*.bias"]),
        "all parameters that the group pattern '*.bias' matches belong to groups before it, such as 'a.bias'"
    );
    assert!(error(&["b.*"]).contains("'b.*' matches no parameter; they are: a.weight, a.bias, default"));
    assert!(error(&["default"]).contains("the pattern of a group must be another than 'default'"));
    assert_eq!(build(&["*.bias", "default*"]).unwrap(), ["default", "*.bias", "default*"]);
}

#[test]
fn shapes_that_no_memory_holds_are_refused() {
    for shapes in [
        vec![vec![usize::MAX, 2]],
        vec![vec![1 << 33, 1 << 33]],
        vec![vec![isize::MAX as usize / 8, 1], vec![1]],
    ] {
        let specs: Vec<ParamSpec> = shapes
            .iter()
            .enumerate()
            .map(|(i, shape)| ParamSpec::new(format!("p{i}"), shape.clone()))
            .collect();
        let last = shapes.last().unwrap();
        let error = builder("sgd").build::<f64>(&specs).unwrap_err().to_string();
        let expected = format!(
            "'p{}' of shape {last:?} is part of more elements than memory can hold",
            shapes.len() - 1
        );
        assert_eq!(error, expected);
    }
    let empty = [ParamSpec::new("w", [usize::MAX, 2, 0])];
    assert!(builder("adam").build::<f32>(&empty).is_ok());
}

#[test]
fn a_loss_scale_whose_reciprocal_would_round_to_nothing_is_refused() {
    let build = |scale| builder("sgd").loss_scale(scale).build::<f32>(&params(&[1])).map(|_| ());
    for scale in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e60, 1e-60] {
        assert!(build(scale).unwrap_err().to_string().starts_with("loss_scale must be finite"), "{scale}");
    }
    assert!(build(1e30).is_ok());
    assert!(builder("sgd").loss_scale(1e60).build::<f64>(&params(&[1])).is_ok());
    let mut optimizer = builder("sgd").build::<f32>(&params(&[1])).unwrap();
    assert!(optimizer.set_loss_scale(1e60).is_err());
    optimizer.set_loss_scale(2.0).unwrap();
    let mut values = [0.0];
    optimizer.set("default", "lr", 1u64).unwrap();
    let _ = optimizer.step_flat(&mut values, &mut [3.0]).unwrap();
    assert_eq!(values, [-1.5]);
}

#[test]
fn finite_gradients_whose_norm_is_not_are_told_from_infinite_ones() {
    let build = |guard| -> Optimizer<f64> { builder("sgd").guard(guard).build(&params(&[2, 2])).unwrap() };
    let (mut values, mut grads) = ([0.0; 4], [1.0, 1e308, -1.7e308, 1.7e308]);
    let error = build(Guard::Error).step_flat(&mut values, &mut grads).unwrap_err().to_string();
    assert!(error.starts_with("the norm of the gradient is beyond the largest number: -17000000"), "{error}");
    assert!(error.ends_with("at element 0 of 'p1'; nothing was changed"), "{error}");
    let outcome = build(Guard::Skip).step_flat(&mut values, &mut grads).unwrap();
    assert_eq!((outcome, values), (Outcome::Skipped { tensor: "p1".into() }, [0.0; 4]));
}

/// PyTorch's `clip_grad_norm_` multiplies by max_norm / (norm + 1e-6), limited to 1 with NaN let through.
#[test]
fn without_a_guard_a_norm_that_is_not_finite_clips_as_in_pytorch() {
    for (bad, norm, clip) in [(f64::INFINITY, f64::INFINITY, 0.0), (f64::NAN, f64::NAN, f64::NAN)] {
        let mut optimizer: Optimizer<f64> =
            builder("sgd:lr=1").guard(Guard::Off).clip_norm(1.0).build(&params(&[3])).unwrap();
        let mut values = [1.0; 3];
        let outcome = optimizer.step_flat(&mut values, &mut [bad, 2.0, 1e200]).unwrap();
        let Outcome::Stepped { grad_norm: Some(got), clip: factor } = outcome else { panic!("{outcome:?}") };
        assert_eq!([got, factor].map(f64::to_bits), [norm, clip].map(f64::to_bits));
        assert!(values[0].is_nan());
        assert!(if bad.is_nan() { values[1].is_nan() } else { values[1..] == [1.0; 2] });
    }
}

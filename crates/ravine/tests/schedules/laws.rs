//! What every schedule keeps, whatever its hyper-parameters.

use proptest::prelude::*;
use ravine::schedules::{self, CATALOGUE};
use ravine::{Param, Range, Schedule, Value};
use std::sync::Arc;

/// A value of the same kind within the range, as text.
fn value(param: &Param, default: &Value) -> BoxedStrategy<String> {
    match (default, param.range) {
        (Value::Bool(_), _) => any::<bool>().prop_map(|x| x.to_string()).boxed(),
        (Value::Int(_), Range::AtLeastOne) => (1_u64..300).prop_map(|x| x.to_string()).boxed(),
        (Value::Int(_), _) => {
            prop_oneof![Just(0), 1_u64..300, any::<u64>()].prop_map(|x| x.to_string()).boxed()
        }
        (Value::Ints(_), _) => prop::collection::vec(0_u64..300, 1..5)
            .prop_map(|mut list| {
                list.sort_unstable();
                list.iter().map(u64::to_string).collect::<Vec<_>>().join("/")
            })
            .boxed(),
        (_, Range::Words(words)) => prop::sample::select(words).prop_map(str::to_owned).boxed(),
        (_, Range::Unit) => {
            prop_oneof![Just(0.0), Just(1.0), 0.0..1.0].prop_map(|x: f64| x.to_string()).boxed()
        }
        (_, Range::UnitOpen) => (0.0..1.0).prop_map(|x: f64| x.to_string()).boxed(),
        (_, Range::AtLeastOne) => (1.0..1e5).prop_map(|x: f64| x.to_string()).boxed(),
        // The lowest learning rate stays below the base of 1 that the laws use.
        (Value::Float(_), _) if param.name == "min" => (0.0..1.0).prop_map(|x: f64| x.to_string()).boxed(),
        (Value::Float(_), _) => prop_oneof![Just(0.0), 0.0..3.0].prop_map(|x: f64| x.to_string()).boxed(),
        (default, range) => panic!("no strategy for {} of kind {default} and range {range}", param.name),
    }
}

/// `cosine:steps=3,min=0.2`: any schedule of the catalogue with any of its hyper-parameters.
fn plain() -> impl Strategy<Value = String> {
    prop::sample::select(schedules::names().collect::<Vec<_>>()).prop_flat_map(|name| {
        let shape = (schedules::entry(name).unwrap().make)();
        let pairs: Vec<_> = shape
            .params()
            .iter()
            .map(|param| {
                let pair = value(param, &shape.get(param.name).unwrap())
                    .prop_map(move |value| format!("{}={value}", param.name));
                prop::option::of(pair)
            })
            .collect();
        pairs.prop_map(move |pairs| {
            format!("{name}:{}", pairs.into_iter().flatten().collect::<Vec<_>>().join(","))
        })
    })
}

/// Schedules made of up to some schedules.
fn composed() -> impl Strategy<Value = String> {
    plain().prop_recursive(3, 8, 2, |inner| {
        let grouped = inner.prop_map(|text| format!("({text})"));
        prop_oneof![
            (grouped.clone(), 1_u64..50).prop_map(|(text, n)| format!("{text}:warmup={n}")),
            (grouped.clone(), 1_u64..50, 0.1..1.0).prop_map(|(text, n, from)| format!(
                "{text}:warmup={n},warmup_from={from},warmup_shape=exponential"
            )),
            (grouped.clone(), 0.0..1.0, 1_u64..50)
                .prop_map(|(text, x, n)| format!("{text}:scale={x},restart={n}")),
            (grouped.clone(), 0_u64..100, grouped.clone())
                .prop_map(|(a, n, b)| format!("{a} for {n} then {b}")),
            (grouped.clone(), grouped).prop_map(|(a, b)| format!("{a} * {b}")),
        ]
    })
}

fn parse(text: &str, run: u64) -> Arc<dyn Schedule> {
    schedules::parse(text, run).unwrap()
}

/// Steps near the beginning, near the limits, and anywhere.
fn any_step() -> impl Strategy<Value = u64> {
    prop_oneof![0_u64..1000, Just(u64::MAX), u64::MAX - 5..u64::MAX, any::<u64>()]
}

proptest! {
    #[test]
    fn every_learning_rate_is_finite_and_between_zero_and_the_base(text in plain(), run in 0_u64..500, step in any_step()) {
        let schedule = parse(&text, run);
        let lr = schedule.lr(1.0, step);
        prop_assert!((0.0..=1.0 + 1e-15).contains(&lr), "{} at {step}: {lr}", schedule.spec());
        if let Some(momentum) = schedule.momentum(step) {
            prop_assert!((0.0..=1.0).contains(&momentum), "{} at {step}: {momentum}", schedule.spec());
        }
    }

    #[test]
    fn compositions_stay_within_bounds(text in composed(), run in 0_u64..500, step in any_step()) {
        let schedule = parse(&text, run);
        // A lowest learning rate above the base that a schedule is given raises it, but not above 1.
        let lr = schedule.lr(1.0, step);
        prop_assert!((0.0..=1.0 + 1e-14).contains(&lr), "{} at {step}: {lr}", schedule.spec());
    }

    #[test]
    fn a_schedule_is_a_function_of_the_step_alone(text in composed(), run in 0_u64..500, from in 0_u64..200) {
        let schedule = parse(&text, run);
        let sequential: Vec<f64> = (0..200).map(|step| schedule.lr(0.3, step)).collect();
        let resumed = parse(&text, run);
        for step in (from..200).rev() {
            prop_assert_eq!(resumed.lr(0.3, step), sequential[step as usize]);
        }
    }

    #[test]
    fn the_text_form_gives_the_same_function(text in composed(), run in 0_u64..500, step in any_step()) {
        let schedule = parse(&text, run);
        let again = parse(&schedule.spec(), 0);
        prop_assert_eq!(schedule.lr(0.3, step), again.lr(0.3, step), "{}", schedule.spec());
        prop_assert_eq!(schedule.momentum(step), again.momentum(step), "{}", schedule.spec());
        prop_assert_eq!(schedule.spec(), again.spec());
    }

    #[test]
    fn warmup_ends_exactly_where_the_schedule_begins(text in plain(), run in 0_u64..500, steps in 1_u64..60, from in 0.0..1.0) {
        let inner = parse(&text, run);
        let first = inner.lr(0.3, 0);
        for warm in [inner.clone().warmup(steps).from(from), inner.clone().warmup(steps).exponential(from.max(1e-3))] {
            let rise: Vec<f64> = (0..steps).map(|step| warm.lr(0.3, step)).collect();
            prop_assert!(rise.windows(2).all(|pair| pair[0] <= pair[1] + 1e-15));
            prop_assert_eq!(warm.lr(0.3, steps - 1), first);
            for step in 0..100 {
                prop_assert_eq!(warm.lr(0.3, steps + step), inner.lr(0.3, step));
            }
        }
    }

    #[test]
    fn the_parts_of_a_sequence_are_themselves(a in plain(), b in plain(), run in 0_u64..500, steps in 0_u64..60) {
        let (a, b) = (parse(&a, run), parse(&b, run));
        let both = a.clone().then(steps, b.clone());
        for step in 0..steps {
            prop_assert_eq!(both.lr(0.3, step), a.lr(0.3, step));
        }
        for step in 0..60 {
            prop_assert_eq!(both.lr(0.3, steps + step), b.lr(0.3, step));
        }
    }

    #[test]
    fn fit_fills_what_was_left_and_nothing_else(text in plain(), run in 1_u64..500) {
        let once = parse(&text, run).spec();
        prop_assert_eq!(&parse(&once, run + 1).spec(), &once, "a second fit finds nothing to fill");
        prop_assert!(!["steps=0", "t_0=0", "step_size=0", "step_size_up=0"].iter().any(|zero| once.contains(zero)), "{}", once);
    }

    #[test]
    fn any_text_is_read_or_refused(text in "[a-z:=,()%* 0-9.-]{0,40}", run in any::<u64>()) {
        if let Ok(schedule) = schedules::parse(&text, run) {
            schedule.lr(1.0, run);
        }
    }
}

#[test]
fn the_catalogue_at_its_defaults_uses_the_whole_run() {
    for entry in CATALOGUE {
        let schedule = parse(entry.name, 1000);
        let lrs: Vec<f64> = (0..1000).map(|step| schedule.lr(1.0, step)).collect();
        let highest = lrs.iter().copied().fold(0.0, f64::max);
        let expected = if entry.name == "noam" { 0.25 } else { 1.0 };
        assert!((highest - expected).abs() < 1e-4, "{}: {highest}", entry.name);
    }
}

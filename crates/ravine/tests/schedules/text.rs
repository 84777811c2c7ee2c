//! The text form.

use ravine::{Schedule, schedules};

fn spec(text: &str, run: u64) -> String {
    schedules::parse(text, run).unwrap().spec()
}

fn error(text: &str) -> String {
    schedules::parse(text, 100).map(|schedule| schedule.spec()).unwrap_err().to_string()
}

#[test]
fn lengths_are_filled_from_what_the_run_leaves() {
    for (text, run, expected) in [
        ("cosine", 1000, "cosine:steps=1000"),
        ("cosine:warmup=50", 1000, "cosine:steps=950,warmup=50"),
        ("cosine:warmup=5%", 1000, "cosine:steps=950,warmup=50"),
        ("cosine:steps=1000,min=1e-5,warmup=50,warmup_from=0.1,warmup_shape=exponential", 9, ""),
        ("cosine:restart=25,warmup=10", 100, "cosine:steps=25,restart=25,warmup=10"),
        ("multi-step:scale=0.5", 100, "multi-step:milestones=50/75,scale=0.5"),
        ("wsd:warmup=10%", 2000, "wsd:steps=1800,warmup=200"),
        ("trapezoidal", 100, "wsd:steps=100,decay_shape=linear"),
        ("constant for 80% then linear", 50, "constant for 40 then linear:steps=10"),
        (
            "linear for 10 then cosine for 30 then polynomial",
            100,
            "linear:steps=10 for 10 then cosine:steps=30 for 30 then polynomial:steps=60",
        ),
        (
            "(constant for 100 then cosine):warmup=50",
            1000,
            "(constant for 100 then cosine:steps=850):warmup=50",
        ),
        ("one-cycle * exponential", 70, "one-cycle:steps=70 * exponential"),
        (" cosine : steps = 7 , min = 0.5 ", 100, "cosine:steps=7,min=0.5"),
        ("cosine:warmup=200", 100, "cosine:warmup=200"),
    ] {
        assert_eq!(spec(text, run), if expected.is_empty() { text } else { expected }, "{text}");
    }
}

#[test]
fn the_length_is_the_run_that_a_schedule_was_made_for() {
    let open = ["constant", "exponential", "natural-exponential", "inverse-time", "inverse-sqrt", "noam"];
    for name in schedules::names().filter(|name| !open.contains(name)) {
        assert_eq!(schedules::parse(name, 0).unwrap().length(), None, "{name}");
        assert_eq!(schedules::parse(name, 840).unwrap().length(), Some(840), "{name}");
    }
    for (text, expected) in [
        ("constant:warmup=50", None),
        ("noam", Some(16_000)),
        ("cosine:steps=1000,warmup=50,scale=2", Some(1050)),
        ("cosine:restart=25,warmup=5", Some(80)),
        ("linear:steps=7 for 3 then (cosine:steps=9):scale=2", Some(12)),
        ("constant for 9 then exponential", None),
        ("linear:steps=7 * cosine:steps=9 * constant", Some(9)),
        ("cosine-restarts:t_0=10,t_mult=2", Some(70)),
        ("cyclic:step_size_up=3,step_size_down=5", Some(32)),
        ("multi-step:milestones=30/80", Some(107)),
        ("step:step_size=18446744073709551615", Some(u64::MAX)),
    ] {
        assert_eq!(schedules::parse(text, 0).unwrap().length(), expected, "{text}");
    }
}

#[test]
fn compositions_read_back_whatever_their_order() {
    let cosine = || schedules::parse("cosine:steps=9,min=0.01", 0).unwrap();
    let linear = || schedules::parse("linear:steps=4", 0).unwrap();
    let all: [Box<dyn Schedule>; 12] = [
        Box::new(cosine().warmup(3).warmup(2)),
        Box::new(cosine().warmup(3).restart(5).scale(0.3)),
        Box::new(cosine().scale(0.3).scale(0.7)),
        Box::new(cosine().restart(5).scale(0.5).warmup(2).from(0.25)),
        Box::new(cosine().then(4, linear()).warmup(3).exponential(0.01)),
        Box::new(cosine().chain(linear()).restart(3)),
        Box::new(cosine().then(4, linear()).chain(cosine())),
        Box::new(cosine().chain(linear()).then(2, linear().then(3, cosine()))),
        Box::new(cosine().then(2, linear()).then(3, cosine())),
        Box::new(cosine().then(2, linear()).warmup(2).then(6, linear().chain(cosine()).scale(0.1))),
        Box::new(linear().then(2, cosine()).scale(0.3).restart(4)),
        Box::new(cosine().chain(linear().chain(cosine()))),
    ];
    for ours in all {
        let text = ours.spec();
        let read = schedules::parse(&text, 0).unwrap();
        for step in (0..40).chain([u64::MAX]) {
            let (a, b) = (ours.lr(0.3, step), read.lr(0.3, step));
            assert_eq!(a, b, "{text} read as {}, step {step}", read.spec());
        }
    }
}

#[test]
fn names() {
    assert!(schedules::names().any(|name| name == "cosine"));
    assert_eq!(schedules::entry("sgdr").unwrap().name, "cosine-restarts");
    for name in schedules::names() {
        let entry = schedules::entry(name).unwrap();
        assert!(![entry.title, entry.formula, entry.advice, entry.source].contains(&""), "{name}");
        for param in (entry.make)().params() {
            assert!(
                !["warmup", "warmup_from", "warmup_shape", "scale", "restart"].contains(&param.name),
                "{name}"
            );
        }
    }
}

#[test]
fn errors_name_what_is_wrong_and_what_is_right() {
    assert_eq!(
        error("cosine:stepz=3"),
        "cosine has no 'stepz' (did you mean 'steps'?); it has: steps, min, min_factor, periodic, restart, scale, \
         warmup, warmup_from, warmup_shape"
    );
    assert!(
        error("cosin").starts_with("unknown schedule 'cosin' (did you mean 'cosine'?); there are: constant,")
    );
    assert!(error("(cosine):steps=3").ends_with("it has: restart, scale, warmup, warmup_from, warmup_shape"));
    for (text, expected) in [
        ("cosine:min=-1", "cosine: min must be 0 or more, not -1"),
        ("cosine:min=low", "cosine: min must be 0 or more, not 'low'"),
        ("cosine:warmup=110%", "cosine: warmup must be a whole number, 0 or more, not '110%'"),
        ("cosine:warmup=x", "cosine: warmup must be a whole number, 0 or more, not 'x'"),
        (
            "cosine:warmup=5,warmup_shape=exponential",
            "cosine: warmup_from must be above 0 for an exponential warmup, not 0",
        ),
        (
            "cosine:warmup=5,warmup_shape=round",
            "cosine: warmup_shape must be linear or exponential, not 'round'",
        ),
        (
            "constant for 9 then plateau:patience=3",
            "cannot read 'plateau:patience=3': it listens to a metric, so it is no function of the step, which is what \
             is asked for here",
        ),
        (
            "cosine then linear",
            "cannot read 'cosine then linear': 'cosine' needs a length, as in 'constant for 100 then cosine'",
        ),
        (
            "cosine for long then linear",
            "cannot read 'cosine for long then linear': 'long' is no number of steps; write 100, or 10% for a share \
             of the run",
        ),
        ("(cosine", "cannot read '(cosine': a bracket is not closed"),
        ("cosine)", "cannot read 'cosine)': a bracket closes that was not opened"),
        (
            "(cosine)x",
            "cannot read '(cosine)x': after a bracket comes ':key=value', ' for ', ' * ' or nothing",
        ),
    ] {
        assert_eq!(error(text), expected);
    }
    assert!(error("").contains("it has no name"));
    for parts in
        [format!("{}cosine{}", "(".repeat(100_000), ")".repeat(100_000)), "constant * ".repeat(100_000)]
    {
        assert!(error(&parts).ends_with("...': it has more than 100 brackets and schedules"));
    }
    assert!(schedules::parse(&format!("{}cosine{}", "(".repeat(100), ")".repeat(100)), 10).is_ok());
    assert!(error("cosine:steps=1,steps=2").contains("given twice"));
}

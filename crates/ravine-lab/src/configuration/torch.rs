//! In Python for PyTorch.

use crate::comparison::{Arm, WorkloadResult};
use crate::stats::number::lr_exact;

/// Optimizer and scheduler; a comment where PyTorch has no such optimizer, or the schedule no short form in Python.
pub fn pytorch(workload: &WorkloadResult, arm: &Arm) -> String {
    let optimizer = optimizer(arm).unwrap_or_else(|| format!("# torch.optim has no {}", arm.optimizer));
    let Scheduler { imports, text } = scheduler(&arm.schedule, arm.lr, workload.steps);
    format!("import torch\n{imports}\n{optimizer}{text}")
}

/// Rules that PyTorch has: its class, and the arguments of it that ours has too, by the same name and default.
const CLASSES: &[(&str, &str, &[&str])] = &[
    ("sgd", "SGD", &["momentum", "dampening", "weight_decay", "nesterov"]),
    ("adagrad", "Adagrad", &["lr_decay", "weight_decay", "initial_accumulator_value", "eps"]),
    ("rmsprop", "RMSprop", &["alpha", "eps", "weight_decay", "momentum", "centered"]),
    ("adam", "Adam", &["betas", "eps", "weight_decay", "amsgrad", "decoupled_weight_decay"]),
    ("adamw", "AdamW", &["betas", "eps", "weight_decay", "amsgrad"]),
];

fn optimizer(arm: &Arm) -> Option<String> {
    let rule = ravine::rules::parse(&arm.optimizer).ok().filter(|rule| rule.wrapped().is_none())?;
    let (_, class, known) = CLASSES.iter().find(|(name, ..)| *name == rule.name())?;
    let mut arguments = format!("model.parameters(), lr={}", lr_exact(arm.lr));
    // Defaults are PyTorch's, so what differs from them is what has to be said.
    let spec = ravine::rules::spec(&*rule);
    for (key, value) in pairs(&spec).1.into_iter().filter(|(key, _)| *key != "lr") {
        let key = match key {
            "decoupled" => "decoupled_weight_decay",
            key => key,
        };
        let key = known.iter().find(|known| **known == key)?;
        arguments += &format!(", {key}={}", python_value(value));
    }
    Some(format!("optimizer = torch.optim.{class}({arguments})"))
}

/// The name in front of a spec, and its keys with their values.
fn pairs(spec: &str) -> (&str, Vec<(&str, &str)>) {
    let (name, pairs) = spec.split_once(':').unwrap_or((spec, ""));
    (name, pairs.split(',').filter_map(|pair| pair.split_once('=')).collect())
}

/// `0.9/0.999` is a tuple in Python, `true` is `True`.
fn python_value(value: &str) -> String {
    match value {
        "true" => "True".into(),
        "false" => "False".into(),
        value if value.contains('/') => format!("({})", value.replace('/', ", ")),
        value => value.into(),
    }
}

/// Lines of imports, and what follows the optimizer.
#[derive(Debug, Default, PartialEq)]
struct Scheduler {
    imports: String,
    text: String,
}

/// PyTorch's own class where it has one, else `LambdaLR` over a function of the step.
fn scheduler(schedule: &str, lr: f64, steps: u64) -> Scheduler {
    let filled =
        ravine::schedules::parse(schedule, steps).map(|schedule| schedule.spec()).unwrap_or_default();
    let (name, pairs) = pairs(&filled);
    if name == "constant" && pairs.is_empty() {
        return Scheduler::default();
    }
    let lines = |import: &str, above: &str, call: &str| Scheduler {
        imports: format!("{import}\n"),
        text: format!("{above}\n# scheduler.step() after each batch\nscheduler = {call}"),
    };
    if let Some((class, arguments)) = class(name, &pairs) {
        let import = format!("from torch.optim.lr_scheduler import {class}");
        return lines(&import, "", &format!("{class}(optimizer, {arguments})"));
    }
    match factor(name, &pairs, lr) {
        Some(body) => {
            let math = if body.contains("cos(") { "from math import cos, pi\n" } else { "" };
            lines(
                &format!("{math}from torch.optim.lr_scheduler import LambdaLR"),
                &format!("\n\ndef factor(t):  # {filled}\n{body}\n"),
                "LambdaLR(optimizer, factor)",
            )
        }
        None => {
            let formula =
                ravine::schedules::entry(name).map_or("see `ravine schedules`", |entry| entry.formula);
            Scheduler { imports: String::new(), text: format!("\n# schedule {schedule}: {formula}") }
        }
    }
}

/// A class of PyTorch that does the same, with its arguments.
fn class(name: &str, pairs: &[(&str, &str)]) -> Option<(&'static str, String)> {
    let (class, names): (_, &[(&str, &str)]) = match name {
        "cosine" => ("CosineAnnealingLR", &[("steps", "T_max"), ("min", "eta_min")]),
        "step" => ("StepLR", &[("step_size", "step_size"), ("gamma", "gamma")]),
        "exponential" => ("ExponentialLR", &[("gamma", "gamma")]),
        _ => return None,
    };
    let argument = |(key, value): &(&str, &str)| {
        let (_, theirs) = names.iter().find(|(ours, _)| ours == key)?;
        Some(format!("{theirs}={value}"))
    };
    let arguments: Option<Vec<String>> = pairs.iter().map(argument).collect();
    Some((class, arguments?.join(", ")))
}

/// The body of a Python function of the step `t`: what the learning rate `lr` is multiplied by.
fn factor(name: &str, pairs: &[(&str, &str)], lr: f64) -> Option<String> {
    let value = |key: &str| pairs.iter().find(|pair| pair.0 == key).map(|pair| pair.1);
    let number = |key: &str| value(key).map_or(Some(0.0), |text| text.parse::<f64>().ok());
    let has_only = |own: &[&str]| {
        pairs.iter().all(|(key, _)| own.contains(key) || ["steps", "warmup", "warmup_from"].contains(key))
    };
    // From 1 down to 0 as `p` goes from 0 to 1.
    let (own, shape): (&[&str], String) = match name {
        "constant" => (&[], String::new()),
        "cosine" => (&["min", "min_factor"], "(1 + cos(pi * p)) / 2".into()),
        "linear" => (&["end_factor"], "1 - p".into()),
        "polynomial" => {
            (&["min", "min_factor", "power"], format!("(1 - p) ** {}", value("power").unwrap_or("1")))
        }
        _ => return None,
    };
    if !has_only(own) {
        return None;
    }
    let (warmup, from) = (value("warmup").unwrap_or("0"), number("warmup_from")?);
    let mut body = String::new();
    if warmup != "0" {
        let rise = match from {
            0.0 => format!("(t + 1) / {warmup}"),
            _ => format!("{from} + (1 - {from}) * (t + 1) / {warmup}"),
        };
        body = format!("    if t < {warmup}:\n        return {rise}\n");
    }
    if shape.is_empty() {
        return Some(body + "    return 1");
    }
    let since = if warmup == "0" { "t".into() } else { format!("(t - {warmup})") };
    body += &format!("    p = min(1, {since} / {})\n", value("steps")?);
    let lowest = (number("min")? / lr).max(number("min_factor")?).max(number("end_factor")?);
    Some(
        body + &match lowest {
            0.0 => format!("    return {shape}"),
            _ => format!("    return {lowest} + (1 - {lowest}) * ({shape})"),
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    #[test]
    fn values_become_python() {
        assert_eq!(python_value("0.9/0.999"), "(0.9, 0.999)");
        assert_eq!(python_value("true"), "True");
    }

    #[test]
    fn pytorch_is_told_in_its_own_words_or_not_at_all() {
        let arm = |optimizer: &str| Arm {
            optimizer: optimizer.into(),
            schedule: "constant".into(),
            tuning: Vec::new(),
            lr: 0.1,
            lr_works: [0.1; 2],
            lr_on_boundary: false,
            runs: Vec::new(),
        };
        for (spec, expected) in [
            ("nesterov", Some("SGD(model.parameters(), lr=0.1, momentum=0.9, nesterov=True)")),
            (
                "adam:betas=0.8/0.9,decoupled=true,weight_decay=0.1",
                Some(
                    "Adam(model.parameters(), lr=0.1, betas=(0.8, 0.9), weight_decay=0.1, decoupled_weight_decay=True)",
                ),
            ),
            ("ema-momentum", None),
            ("adam:nesterov=true", None),
            ("adam + lookahead", None),
        ] {
            let expected = expected.map(|call| format!("optimizer = torch.optim.{call}"));
            assert_eq!(optimizer(&arm(spec)), expected);
        }
    }

    #[test]
    fn schedules_become_a_class_a_function_or_a_comment() {
        let text = |schedule: &str| scheduler(schedule, 0.1, 660).text;
        assert_eq!(scheduler("constant", 0.1, 660), Scheduler::default());
        assert!(text("cosine").ends_with("\nscheduler = CosineAnnealingLR(optimizer, T_max=660)"));
        assert!(text("step").ends_with("\nscheduler = StepLR(optimizer, step_size=220)"));
        assert_eq!(
            text("linear:warmup=10%"),
            "\n\ndef factor(t):  # linear:steps=594,warmup=66\n    if t < 66:\n        return (t + 1) / 66\n    \
             p = min(1, (t - 66) / 594)\n    return 1 - p\n\n# scheduler.step() after each batch\n\
             scheduler = LambdaLR(optimizer, factor)"
        );
        for without in
            ["one-cycle", "cosine:warmup=5,warmup_shape=exponential,warmup_from=0.1", "constant * cosine"]
        {
            assert!(text(without).starts_with(&format!("\n# schedule {without}: ")), "{}", text(without));
        }
    }

    /// Python, where there is one, computes the learning rates of the schedule.
    #[test]
    fn the_function_is_the_schedule() {
        let steps = 60;
        for spec in [
            "cosine:warmup=10%",
            "cosine:min=0.02,warmup=7",
            "cosine:min_factor=0.1",
            "constant:warmup=5",
            "linear",
            "linear:end_factor=0.25,warmup=3,warmup_from=0.1",
            "polynomial:power=2,min=0.01,warmup=5%",
        ] {
            let schedule = ravine::schedules::parse(spec, steps).unwrap();
            let filled = schedule.spec();
            let (name, pairs) = pairs(&filled);
            let body = factor(name, &pairs, 0.1).unwrap();
            let program = format!(
                "from math import cos, pi\ndef factor(t):\n{body}\nfor t in range({}): print(0.1 * factor(t))",
                steps + 5
            );
            let Ok(output) = Command::new("python3").args(["-c", &program]).output() else { return };
            let said = String::from_utf8(output.stdout).unwrap();
            let said: Vec<f64> = said.lines().map(|line| line.parse().unwrap()).collect();
            assert_eq!(
                said.len() as u64,
                steps + 5,
                "{program}\n{}",
                String::from_utf8_lossy(&output.stderr)
            );
            for (t, said) in said.iter().enumerate() {
                let lr = schedule.lr(0.1, t as u64);
                assert!((said - lr).abs() < 1e-15, "{spec} at {t}: {said} is not {lr}");
            }
        }
    }
}

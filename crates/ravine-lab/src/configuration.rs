//! An optimizer with its learning rate and schedule as code to copy: for the command line, Rust, and PyTorch.

use crate::comparison::{Arm, WorkloadResult};
use crate::shell::quote;
use crate::stats::number::lr_exact;

/// On the command line: one run as those of this arm.
pub fn command_line(workload: &WorkloadResult, arm: &Arm) -> String {
    format!(
        "ravine train {} --optimizer {} --lr {} --schedule {} --steps {}",
        quote(&workload.name),
        quote(&arm.optimizer),
        lr_exact(arm.lr),
        quote(&arm.schedule),
        workload.steps
    )
}

/// In Rust.
pub fn rust(workload: &WorkloadResult, arm: &Arm) -> String {
    format!(
        "use ravine::{{Optimizer, rules, schedules}};\n\n\
         let rule = rules::parse({:?})?;\n\
         let schedule = schedules::parse({:?}, {})?;\n\
         let mut optimizer = Optimizer::builder_boxed(rule)\n    \
             .schedule(schedule)\n    .build::<f32>(&params)?;",
        with_key(&arm.optimizer, "lr", &lr_exact(arm.lr)),
        arm.schedule,
        workload.steps,
    )
}

/// In Python for PyTorch; a comment where PyTorch has no such optimizer or option.
pub fn pytorch(workload: &WorkloadResult, arm: &Arm) -> String {
    let optimizer = torch_optimizer(arm).unwrap_or_else(|| format!("# torch.optim has no {}", arm.optimizer));
    let (import, scheduler) = match torch_scheduler(&arm.schedule, workload.steps) {
        Ok(None) => (String::new(), String::new()),
        Ok(Some((class, arguments))) => (
            format!("from torch.optim.lr_scheduler import {class}\n"),
            format!("\n# scheduler.step() after each batch\nscheduler = {class}(optimizer, {arguments})"),
        ),
        Err(formula) => (String::new(), format!("\n# schedule {}: {formula}", arm.schedule)),
    };
    format!("import torch\n{import}\n{optimizer}{scheduler}")
}

fn torch_optimizer(arm: &Arm) -> Option<String> {
    let rule = ravine::rules::parse(&arm.optimizer).ok().filter(|rule| rule.wrapped().is_none())?;
    let class = match rule.name() {
        "sgd" => "SGD",
        "adagrad" => "Adagrad",
        "rmsprop" => "RMSprop",
        "adam" => "Adam",
        "adamw" => "AdamW",
        _ => return None,
    };
    let mut arguments = format!("model.parameters(), lr={}", lr_exact(arm.lr));
    // Defaults are PyTorch's, so what differs from them is what has to be said.
    let spec = ravine::rules::spec(&*rule);
    for pair in spec.split_once(':').map_or("", |(_, pairs)| pairs).split(',').filter(|pair| !pair.is_empty())
    {
        let (key, value) = pair.split_once('=')?;
        let key = match key {
            "lr" => continue,
            "decoupled" if class == "Adam" => "decoupled_weight_decay",
            "ema" | "eps_in_sqrt" | "bias_correction" | "decoupled" => return None,
            key => key,
        };
        arguments += &format!(", {key}={}", python_value(value));
    }
    Some(format!("optimizer = torch.optim.{class}({arguments})"))
}

/// PyTorch's scheduler, none for a constant learning rate, or the formula of one that it lacks.
fn torch_scheduler(schedule: &str, steps: u64) -> Result<Option<(&'static str, String)>, &'static str> {
    let filled =
        ravine::schedules::parse(schedule, steps).map(|schedule| schedule.spec()).unwrap_or_default();
    let (name, pairs) = filled.split_once(':').unwrap_or((&filled, ""));
    let pairs: Vec<(&str, &str)> = pairs.split(',').filter_map(|pair| pair.split_once('=')).collect();
    let call = |class, names: &[(&str, &str)]| {
        let argument = |(key, value): &(&str, &str)| {
            let (_, theirs) = names.iter().find(|(ours, _)| ours == key)?;
            Some(format!("{theirs}={value}"))
        };
        let arguments: Option<Vec<String>> = pairs.iter().map(argument).collect();
        arguments.map(|arguments| (class, arguments.join(", ")))
    };
    let call = match name {
        "constant" if pairs.is_empty() => return Ok(None),
        "cosine" => call("CosineAnnealingLR", &[("steps", "T_max"), ("min", "eta_min")]),
        "step" => call("StepLR", &[("step_size", "step_size"), ("gamma", "gamma")]),
        "exponential" => call("ExponentialLR", &[("gamma", "gamma")]),
        _ => None,
    };
    let formula = || ravine::schedules::entry(name).map_or("see `ravine schedules`", |entry| entry.formula);
    call.map(Some).ok_or_else(formula)
}

/// The spec with one more key.
fn with_key(spec: &str, key: &str, value: &str) -> String {
    let (own, wrappers) = ravine::rules::split(spec);
    let separator = if own.contains(':') { ',' } else { ':' };
    format!("{own}{separator}{key}={value}{wrappers}")
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_values_become_python() {
        assert_eq!(python_value("0.9/0.999"), "(0.9, 0.999)");
        assert_eq!(python_value("true"), "True");
        assert_eq!(with_key("adam", "lr", "1e-3"), "adam:lr=1e-3");
        assert_eq!(with_key("sgd:momentum=0.9", "lr", "0.1"), "sgd:momentum=0.9,lr=0.1");
        assert_eq!(with_key("adam + ema:0.9", "lr", "0.1"), "adam:lr=0.1 + ema:0.9");
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
        for (optimizer, expected) in [
            ("nesterov", Some("SGD(model.parameters(), lr=0.1, momentum=0.9, nesterov=True)")),
            (
                "adam:betas=0.8/0.9,decoupled=true,weight_decay=0.1",
                Some(
                    "Adam(model.parameters(), lr=0.1, betas=(0.8, 0.9), weight_decay=0.1, decoupled_weight_decay=True)",
                ),
            ),
            ("ema-momentum", None),
            ("adam + lookahead", None),
        ] {
            let expected = expected.map(|call| format!("optimizer = torch.optim.{call}"));
            assert_eq!(torch_optimizer(&arm(optimizer)), expected);
        }
        assert_eq!(torch_scheduler("constant", 660), Ok(None));
        assert_eq!(torch_scheduler("cosine", 660), Ok(Some(("CosineAnnealingLR", "T_max=660".into()))));
        assert_eq!(torch_scheduler("step", 660), Ok(Some(("StepLR", "step_size=220".into()))));
        assert!(torch_scheduler("cosine:warmup=5%", 660).is_err());
    }

    #[test]
    fn what_the_rust_code_calls_exists() {
        use ravine::{Optimizer, ParamSpec, rules, schedules};
        let rule = rules::parse(&with_key("sgd:momentum=0.9", "lr", &lr_exact(0.031_62))).unwrap();
        let schedule = schedules::parse("cosine:warmup=60", 600).unwrap();
        let params = [ParamSpec::new("weight", [3])];
        let optimizer: ravine::Result<Optimizer<f32>> =
            Optimizer::builder_boxed(rule).schedule(schedule).build(&params);
        assert!(optimizer.is_ok());
    }
}

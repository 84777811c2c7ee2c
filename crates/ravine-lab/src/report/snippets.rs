//! The recommended optimizer as code to copy.

use crate::comparison::{Arm, WorkloadResult};
use crate::stats::number::lr_exact;

/// On the command line: the recommended arm alone.
pub(super) fn command_line(workload: &WorkloadResult, arm: &Arm) -> String {
    let lr = lr_exact(arm.lr);
    let optimizer = with_key(&arm.optimizer, "lr", &lr);
    format!("ravine compare {} --optimizers {optimizer} --schedules {}", workload.name, arm.schedule)
}

/// In Rust.
pub(super) fn rust(workload: &WorkloadResult, arm: &Arm) -> String {
    format!(
        "let rule = ravine::rules::parse({:?})?;\nlet schedule =\n    ravine::schedules::parse({:?}, {})?;\n\
         let lr = schedule.lr({}, step);",
        arm.optimizer,
        arm.schedule,
        workload.steps,
        lr_exact(arm.lr)
    )
}

/// In Python with Ravine in place of `torch.optim`.
pub(super) fn pytorch(workload: &WorkloadResult, arm: &Arm) -> String {
    let (name, keys) = split(&arm.optimizer);
    let (class, preset) = class(name);
    let mut arguments = format!("model.parameters(), lr={}", lr_exact(arm.lr));
    for argument in [preset].into_iter().filter(|preset| !preset.is_empty()) {
        arguments += &format!(", {argument}");
    }
    for (key, value) in keys {
        arguments += &format!(", {key}={}", python_value(value));
    }
    let (schedule, keys) = split(&arm.schedule);
    let (import, scheduler) = match (schedule, keys.is_empty()) {
        ("constant", true) => ("", String::new()),
        ("cosine", true) => (
            "from torch.optim.lr_scheduler import CosineAnnealingLR\n",
            format!("\nscheduler = CosineAnnealingLR(optimizer, T_max={})", workload.steps),
        ),
        _ => (
            "from torch.optim.lr_scheduler import LambdaLR\n",
            format!(
                "\nschedule = ravine.schedule({:?}, steps={})\nscheduler = LambdaLR(optimizer, lambda t: \
                 schedule.lr(1.0, t))",
                arm.schedule, workload.steps
            ),
        ),
    };
    format!(
        "import ravine\nimport ravine.torch as optim\n{import}\noptimizer = optim.{class}({arguments}){scheduler}"
    )
}

/// The class in Python and what a preset sets. Names that are not known are given in CamelCase.
fn class(name: &str) -> (String, &'static str) {
    let known = match name {
        "sgd" => ("SGD", ""),
        "momentum" => ("SGD", "momentum=0.9"),
        "nesterov" => ("SGD", "momentum=0.9, nesterov=True"),
        "adamw" => ("AdamW", ""),
        "nadam" => ("NAdam", ""),
        "radam" => ("RAdam", ""),
        "rmsprop" => ("RMSprop", ""),
        "asgd" => ("ASGD", ""),
        "lbfgs" => ("LBFGS", ""),
        _ => return (camel(name), ""),
    };
    (known.0.to_owned(), known.1)
}

fn camel(name: &str) -> String {
    let words = name.split(['-', '_']).filter(|word| !word.is_empty());
    words
        .flat_map(|word| {
            let mut letters = word.chars();
            letters.next().into_iter().flat_map(char::to_uppercase).chain(letters)
        })
        .collect()
}

/// A spec's name and its keys with their values.
fn split(spec: &str) -> (&str, Vec<(&str, &str)>) {
    let (name, keys) = spec.split_once(':').unwrap_or((spec, ""));
    (name, keys.split(',').filter_map(|pair| pair.split_once('=')).collect())
}

/// The spec with one more key.
fn with_key(spec: &str, key: &str, value: &str) -> String {
    let separator = if spec.contains(':') { ',' } else { ':' };
    format!("{spec}{separator}{key}={value}")
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
        assert_eq!(class("adam").0, "Adam");
        assert_eq!(class("schedule-free_adam").0, "ScheduleFreeAdam");
        assert_eq!(class("momentum"), ("SGD".to_owned(), "momentum=0.9"));
        assert_eq!(python_value("0.9/0.999"), "(0.9, 0.999)");
        assert_eq!(python_value("true"), "True");
        assert_eq!(with_key("adam", "lr", "1e-3"), "adam:lr=1e-3");
        assert_eq!(with_key("sgd:momentum=0.9", "lr", "0.1"), "sgd:momentum=0.9,lr=0.1");
    }
}

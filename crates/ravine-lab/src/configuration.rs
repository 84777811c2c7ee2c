//! An optimizer with its learning rate and schedule as code to copy: for the command line, Rust, and PyTorch.

mod torch;

pub use torch::pytorch;

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

/// The spec with one more key.
fn with_key(spec: &str, key: &str, value: &str) -> String {
    let (own, wrappers) = ravine::rules::split(spec);
    let separator = if own.contains(':') { ',' } else { ':' };
    format!("{own}{separator}{key}={value}{wrappers}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_added() {
        assert_eq!(with_key("adam", "lr", "1e-3"), "adam:lr=1e-3");
        assert_eq!(with_key("sgd:momentum=0.9", "lr", "0.1"), "sgd:momentum=0.9,lr=0.1");
        assert_eq!(with_key("adam + ema:0.9", "lr", "0.1"), "adam:lr=0.1 + ema:0.9");
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

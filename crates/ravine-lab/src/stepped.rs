//! One step of a model, with a gradient at one place or at two.

use crate::error::Result;
use crate::snapshot::{restore_state, state};
use crate::workload::Session;
use ravine::{Climb, Optimizer, Outcome};

/// Makes the step that the gradients of this batch, which lie in the buffers, are for. Where the optimizer has
/// sharpness-aware minimisation the batch is asked for once more, at the worst weights nearby; what a model learns
/// besides its parameters it learns at the weights themselves.
pub(crate) fn stepped(
    session: &mut dyn Session,
    optimizer: &mut Optimizer<f32>,
    batch: u64,
) -> Result<Outcome> {
    let (values, grads) = session.buffers();
    match optimizer.climb_flat(values, grads)? {
        Climb::Unneeded => {}
        Climb::Climbed => {
            let state = state(session);
            let _ = session.backward(batch);
            restore_state(session, &state);
        }
        Climb::Skipped { tensor } => return Ok(Outcome::Skipped { tensor }),
    }
    let (values, grads) = session.buffers();
    Ok(optimizer.step_flat(values, grads)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Split;
    use crate::workload::Evaluation;
    use ravine::{ParamSpec, rules};

    /// The loss w^2, with the last weight that was asked for as what is learnt besides.
    struct Square {
        params: [ParamSpec; 1],
        weight: [f32; 1],
        grad: [f32; 1],
        seen: [f32; 1],
    }

    impl Session for Square {
        fn params(&self) -> &[ParamSpec] {
            &self.params
        }
        fn buffers(&mut self) -> (&mut [f32], &mut [f32]) {
            (&mut self.weight, &mut self.grad)
        }
        fn backward(&mut self, _: u64) -> f64 {
            self.seen = self.weight;
            self.grad[0] += 2.0 * self.weight[0];
            f64::from(self.weight[0] * self.weight[0])
        }
        fn evaluate(&mut self, _: Split) -> Evaluation {
            Evaluation { loss: 0.0, metric: 0.0 }
        }
        fn state(&mut self, see: &mut dyn FnMut(&str, &mut [f32])) {
            see("seen", &mut self.seen);
        }
    }

    #[test]
    fn the_gradient_of_sam_is_that_at_the_worst_weights_and_the_state_that_at_the_weights() {
        for (spec, expected) in
            [("sgd:lr=0.1", 0.8), ("sgd:lr=0.1 + sam:0", 0.8), ("sgd:lr=0.1 + sam:0.5", 0.7)]
        {
            let mut square =
                Square { params: [ParamSpec::new("w", [1])], weight: [1.0], grad: [0.0], seen: [0.0] };
            let rule = rules::parse(spec).unwrap();
            let mut optimizer = Optimizer::builder_boxed(rule).build::<f32>(&square.params).unwrap();
            let _ = square.backward(0);
            assert!(matches!(stepped(&mut square, &mut optimizer, 0).unwrap(), Outcome::Stepped { .. }));
            assert!((square.weight[0] - expected).abs() < 1e-6, "{spec}: {}", square.weight[0]);
            assert_eq!(square.seen, [1.0], "{spec}");
        }
    }
}

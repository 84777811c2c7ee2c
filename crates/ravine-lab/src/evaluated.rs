//! A model with the weights to evaluate it with.

use crate::error::Result;
use crate::workload::Session;
use ravine::Optimizer;

/// Does something with the weights to evaluate with in the place of those that are trained: an average, the slow weights of
/// Lookahead, or what the rule says. The trained weights are back afterwards.
pub(crate) fn evaluated<R>(
    session: &mut dyn Session,
    optimizer: &Optimizer<f32>,
    look: impl FnOnce(&mut dyn Session) -> R,
) -> Result<R> {
    if optimizer.evaluates_trained() {
        return Ok(look(session));
    }
    let trained = session.buffers().0.to_vec();
    let mut rest = &trained[..];
    let part = |len| {
        let (part, others) = rest.split_at(len);
        rest = others;
        part
    };
    let parts: Vec<&[f32]> = session.params().iter().map(|param| param.len()).map(part).collect();
    let evaluation = optimizer.evaluation(&parts)?;
    let mut values = session.buffers().0;
    for tensor in evaluation.tensors() {
        let (these, others) = values.split_at_mut(tensor.len());
        these.copy_from_slice(tensor);
        values = others;
    }
    let seen = look(session);
    session.buffers().0.copy_from_slice(&trained);
    Ok(seen)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Order, Split};
    use ravine::{Optimizer, rules};

    #[test]
    fn the_average_is_evaluated_and_the_trained_weights_come_back() {
        let workload = crate::workloads::load("digits-softmax", None).unwrap();
        for (text, apart) in
            [("sgd:lr=0.1", false), ("sgd:lr=0.1 + ema:0.9", true), ("sgd:lr=0.1 + lookahead", true)]
        {
            let mut session = workload.start(1, Order::Reshuffled);
            let mut optimizer: Optimizer<f32> = Optimizer::builder_boxed(rules::parse(text).unwrap())
                .zero_grad(true)
                .build(session.params())
                .unwrap();
            for step in 0..8 {
                session.backward(step);
                let (values, grads) = session.buffers();
                let _ = optimizer.step_flat(values, grads).unwrap();
            }
            let before = session.buffers().0.to_vec();
            let trained = session.evaluate(Split::Validation);
            let seen =
                evaluated(&mut *session, &optimizer, |session| session.evaluate(Split::Validation)).unwrap();
            assert_eq!(seen != trained, apart, "{text}");
            assert_eq!(session.buffers().0, &before[..]);
        }
    }
}

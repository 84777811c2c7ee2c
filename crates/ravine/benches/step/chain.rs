//! A chain of transforms against AdamW's own pass.

use crate::measure::{Subject, median};
use crate::plain;
use crate::shapes::SHAPES;
use ravine::chain::{AddDecayedWeights, Chain, Clip, ScaleByAdam};
use ravine::schedules::Cosine;
use ravine::{Guard, Optimizer};

/// Clip by value, Adam, decoupled decay and a schedule, in turns with AdamW.
pub(crate) fn against_adamw(quick: bool) {
    for shape in SHAPES.iter().filter(|shape| ["20x1M", "1000x256"].contains(&shape.name)) {
        let params = (shape.params)();
        let links =
            (Clip { max_delta: 0.4 }, ScaleByAdam::default(), AddDecayedWeights { weight_decay: 0.01 });
        let chain =
            Optimizer::builder(Chain::new(1e-3, links)).guard(Guard::Off).schedule(Cosine::new(100_000));
        let mut chain = Subject::<f32>::new(chain, &params).expect("the case is valid");
        let mut adamw = Subject::<f32>::new(plain("adamw"), &params).expect("the case is valid");
        let (mut chains, mut adamws, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
        for round in 0..=if quick { shape.rounds } else { 5 * shape.rounds } {
            let times = [chain.step(), adamw.step()];
            if round > 0 {
                chains.push(times[0]);
                adamws.push(times[1]);
                ratios.push(times[0] / times[1]);
            }
        }
        println!(
            "chain(clip + adam + decay) + schedule  {:<9} {:.3} ms, adamw {:.3} ms: {:.3} of its time (median of ratios {:.3})",
            shape.name,
            median(chains.clone()) * 1e3,
            median(adamws.clone()) * 1e3,
            median(chains) / median(adamws),
            median(ratios),
        );
    }
}

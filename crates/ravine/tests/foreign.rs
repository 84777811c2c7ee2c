//! Steps at foreign addresses give the bits of steps on one's own slices.

mod common;

use common::{VARIANTS, bits, builder, normal, params, train};
use ravine::{At, Dtype, Foreign, ForeignStep, Optimizer, rules};

#[test]
fn the_same_bits_as_the_optimizer() {
    let lens = [1000, 7, 40_000];
    let total = lens.iter().sum();
    for spec in VARIANTS {
        let rule = rules::parse(spec).unwrap();
        let mut optimizer: Optimizer<f32> = builder(spec).build(&params(&lens)).unwrap();
        let mut expected: Vec<f32> = normal(1, total);
        train(&mut optimizer, &mut expected, 0..3);

        let mut values: Vec<f32> = normal(1, total);
        let slots = rule.slots().len();
        let mut states: Vec<Vec<f32>> =
            rule.slots().iter().map(|slot| vec![slot.init() as f32; total]).collect();
        let mut foreign = Foreign::<f32>::new(&*rule, lens.iter().map(|&len| vec![len]).collect());
        for step in 0..3 {
            let mut grads: Vec<f32> = normal(1000 + step, total);
            grads.iter_mut().zip(&values).for_each(|(g, &w)| *g += w);
            let mut table = Vec::new();
            let mut start = 0;
            for len in lens {
                table.push(values[start..].as_mut_ptr().cast());
                table.push(grads[start..].as_mut_ptr().cast());
                table.extend(states.iter_mut().map(|state| state[start..].as_mut_ptr().cast::<u8>()));
                start += len;
            }
            let at = At { step, lr: rule.lr(), momentum: None };
            // SAFETY: each vector holds what the table says, and is not used meanwhile.
            unsafe { foreign.step(&*rule, &ForeignStep::new(at), &vec![Dtype::F32; 2 + slots], &table) }
                .unwrap();
        }
        assert!(bits(&values) == bits(&expected), "{spec}");
    }
}

//! Steps at foreign addresses give the bits of steps on one's own slices.

mod common;

use common::{VARIANTS, bits, builder, normal, params, train};
use ravine::{At, Dtype, Foreign, ForeignStep, Optimizer, Storage, rules, sum_of_squares};

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

#[test]
fn the_same_bits_as_the_optimizer_with_compact_state() {
    let lens = [1000, 7, 40_000];
    let total = lens.iter().sum();
    for storage in [Storage::Bf16, Storage::F16, Storage::Int8, Storage::Int4] {
        let rule = rules::parse("adam:lr=0.1").unwrap();
        let build = Optimizer::builder_boxed(rule.boxed()).storage(storage);
        let mut optimizer: Optimizer<f32> = build.build(&params(&lens)).unwrap();
        let mut expected: Vec<f32> = normal(1, total);
        train(&mut optimizer, &mut expected, 0..3);

        let mut values: Vec<f32> = normal(1, total);
        let dtypes: Vec<Dtype> = rule.slots().iter().map(|slot| Dtype::of(storage, slot, false)).collect();
        // Scales are of 4 bytes, and so are the words that hold them.
        let fresh = |dtype: &Dtype, len: usize| {
            vec![u32::from_ne_bytes([dtype.zero(); 4]); dtype.bytes(len).div_ceil(4)]
        };
        let mut states: Vec<Vec<Vec<u32>>> =
            lens.iter().map(|&len| dtypes.iter().map(|dtype| fresh(dtype, len)).collect()).collect();
        let mut foreign = Foreign::<f32>::new(&*rule, lens.iter().map(|&len| vec![len]).collect());
        let columns: Vec<Dtype> = [Dtype::F32; 2].into_iter().chain(dtypes.iter().copied()).collect();
        for step in 0..3 {
            let mut grads: Vec<f32> = normal(1000 + step, total);
            grads.iter_mut().zip(&values).for_each(|(g, &w)| *g += w);
            let (mut table, mut start) = (Vec::new(), 0);
            for (len, state) in lens.iter().zip(&mut states) {
                table.push(values[start..].as_mut_ptr().cast());
                table.push(grads[start..].as_mut_ptr().cast());
                table.extend(state.iter_mut().map(|state| state.as_mut_ptr().cast::<u8>()));
                start += len;
            }
            let at = At { step, lr: rule.lr(), momentum: None };
            // SAFETY: each vector holds what the table says, and is not used meanwhile.
            unsafe { foreign.step(&*rule, &ForeignStep::new(at), &columns, &table) }.unwrap();
        }
        assert!(bits(&values) == bits(&expected), "{storage:?}");
    }
}

#[test]
fn sums_of_squares_have_the_same_bits_for_any_cut_into_tensors() {
    let values: Vec<f32> = normal(1, 100_000);
    let whole: Vec<f32> = values.iter().map(|x| (64.0 * x).round()).collect();
    let sum_of = |values: &[f32], cuts: &[usize]| {
        let mut rest = values;
        let mut list = Vec::new();
        for &cut in cuts {
            let (head, tail) = rest.split_at(cut);
            list.push((Dtype::F32, head.as_ptr().cast(), cut));
            rest = tail;
        }
        list.push((Dtype::F32, rest.as_ptr().cast(), rest.len()));
        // SAFETY: they are parts of the vector.
        unsafe { sum_of_squares(&list) }
    };
    let sum = |cuts: &[usize]| sum_of(&values, cuts);
    let exact: f64 = whole.iter().map(|&x| f64::from(x) * f64::from(x)).sum();
    assert_eq!(sum_of(&whole, &[12_345]), exact, "whole numbers add without rounding");
    assert_eq!([sum(&[1]), sum(&[33, 0, 70_000])].map(f64::to_bits), [sum(&[]).to_bits(); 2]);
}

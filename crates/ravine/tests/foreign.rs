//! Steps at foreign addresses give the bits of steps on one's own slices.

mod common;

use common::{VARIANTS, bits, builder, normal, params, train};
use ravine::{At, Dtype, Foreign, ForeignStep, Optimizer, Pool, Storage, rules, sum_of_squares};

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
            unsafe {
                foreign.step(&*rule, &ForeignStep::new(at), &vec![Dtype::F32; 2 + slots], &table, &Pool)
            }
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
            unsafe { foreign.step(&*rule, &ForeignStep::new(at), &columns, &table, &Pool) }.unwrap();
        }
        assert!(bits(&values) == bits(&expected), "{storage:?}");
    }
}

#[test]
fn curvature_is_taken_as_by_the_optimizer() {
    let (len, at) = (40_007, At { step: 0, lr: 0.1, momentum: None });
    let rule = rules::parse("sophia:lr=0.1,update_period=0,rho=1,batch_size=1").unwrap();
    let (mut estimate, mut grads): (Vec<f32>, Vec<f32>) = (normal(2, len), normal(3, len));
    let mut optimizer: Optimizer<f32> = builder(&rules::spec(&*rule)).build(&params(&[len])).unwrap();
    let mut expected: Vec<f32> = normal(1, len);
    optimizer.observe_curvature(&mut [&mut expected], &mut [&mut estimate]).unwrap();
    let _ = optimizer.step(&mut [&mut expected], &mut [&mut grads]).unwrap();

    let mut foreign = Foreign::<f32>::new(&*rule, vec![vec![len]]);
    let [mut values, mut exp_avg, mut hessian] = [normal::<f32>(1, len), vec![0.0; len], vec![0.0; len]];
    let mut table = |grads: &mut Vec<f32>| {
        [&mut values, grads, &mut exp_avg, &mut hessian].map(|column| column.as_mut_ptr().cast::<u8>())
    };
    let columns = [Dtype::F32; 4];
    // SAFETY: each vector holds what the table says, and is not used meanwhile.
    unsafe {
        assert!(foreign.observe(&*rule, at, 1.0, &columns, &table(&mut estimate), &Pool).unwrap());
        foreign.step(&*rule, &ForeignStep::new(at), &columns, &table(&mut grads), &Pool).unwrap();
        let adam = rules::parse("adam").unwrap();
        assert!(!foreign.observe(&*adam, at, 1.0, &columns, &table(&mut estimate), &Pool).unwrap());
    }
    assert!(bits(&values) == bits(&expected));
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
        unsafe { sum_of_squares(&list, &Pool) }
    };
    let sum = |cuts: &[usize]| sum_of(&values, cuts);
    let exact: f64 = whole.iter().map(|&x| f64::from(x) * f64::from(x)).sum();
    assert_eq!(sum_of(&whole, &[12_345]), exact, "whole numbers add without rounding");
    assert_eq!([sum(&[1]), sum(&[33, 0, 70_000])].map(f64::to_bits), [sum(&[]).to_bits(); 2]);
}

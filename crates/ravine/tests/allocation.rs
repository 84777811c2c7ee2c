//! A step allocates nothing once the first few are made.

mod common;

use common::{VARIANTS, builder, normal};
use ravine::{Element, Ema, Guard, Lookahead, Math, Optimizer, ParamSpec, Rounding, Storage, bf16};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

struct Counting;

/// Allocations of all threads, and of each.
static COUNT: AtomicUsize = AtomicUsize::new(0);
thread_local! {
    static OWN: Cell<usize> = const { Cell::new(0) };
}

fn count() {
    COUNT.fetch_add(1, Ordering::Relaxed);
    OWN.set(OWN.get() + 1);
}

// SAFETY: the system's allocator, which is only counted.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(at, layout) }
    }
    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: as the caller promises.
        unsafe { System.realloc(at, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// One measurement at a time: the count is the whole program's.
static ALONE: Mutex<()> = Mutex::new(());

/// Allocations of ten steps after three. On one thread those that it makes itself; on several those of the least of them, ten
/// times, as the thread pool itself allocates now and then.
fn allocations<T: Element>(optimizer: &mut Optimizer<T>, lens: &[usize], threads: usize) -> usize {
    let total = lens.iter().sum();
    let number = |x: f64| T::nearest(x);
    let mut values: Vec<T> = normal::<f64>(1, total).into_iter().map(number).collect();
    let grads: Vec<T> = normal::<f64>(2, total).into_iter().map(number).collect();
    let mut now = grads.clone();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    pool.install(|| {
        let mut step = || {
            now.copy_from_slice(&grads);
            let allocated = || if threads == 1 { OWN.get() } else { COUNT.load(Ordering::Relaxed) };
            let before = allocated();
            let _ = optimizer.step_flat(&mut values, &mut now).unwrap();
            allocated() - before
        };
        for _ in 0..3 {
            step();
        }
        let counts: Vec<usize> = [(); 10].map(|()| step()).to_vec();
        if threads == 1 { counts.iter().sum() } else { 10 * counts.iter().min().unwrap() }
    })
}

fn shapes(lens: &[usize]) -> Vec<ParamSpec> {
    let shape = |len: usize| if len.is_multiple_of(100) { vec![len / 100, 100] } else { vec![len] };
    lens.iter().enumerate().map(|(i, &len)| ParamSpec::new(format!("p{i}"), shape(len))).collect()
}

/// Matrices, vectors, nothing at all, and more than one task.
const LENS: [usize; 5] = [40_000, 7, 0, 1000, 257];

#[test]
fn a_step_of_every_rule_allocates_nothing() {
    let _alone = ALONE.lock().unwrap();
    // The crate that multiplies matrices takes memory to pack them at each product, and decompositions give new vectors.
    let multiplies =
        |spec: &str| ["muon", "shampoo", "soap", "kron", "nuclear"].iter().any(|name| spec.contains(name));
    for spec in VARIANTS.iter().filter(|spec| !multiplies(spec)) {
        for threads in [1, 2] {
            let mut optimizer: Optimizer<f32> = builder(spec).build(&shapes(&LENS)).unwrap();
            assert_eq!(allocations(&mut optimizer, &LENS, threads), 0, "{spec} on {threads} threads");
        }
    }
}

#[test]
fn nor_does_what_is_done_around_a_rule() {
    let _alone = ALONE.lock().unwrap();
    fn check<T: Element>(what: &str, change: impl Fn(ravine::Builder) -> ravine::Builder)
    where
        T::Math: Math,
    {
        for threads in [1, 2] {
            let mut optimizer: Optimizer<T> = change(builder("adamw")).build(&shapes(&LENS)).unwrap();
            assert_eq!(allocations(&mut optimizer, &LENS, threads), 0, "{what} on {threads} threads");
        }
    }
    check::<f32>("all at once", |builder| {
        let builder =
            builder.clip_norm(1.0).clip_value(0.5).ema(Ema::new(0.9)).zero_grad(true).cautious(true);
        builder.lookahead(Lookahead::default()).gradient_noise(Default::default()).guard(Guard::Skip)
    });
    check::<f32>("a frozen group", |builder| builder.freeze("p0").ema(Ema::new(0.9)));
    check::<f32>("latest weights", |builder| builder.lawa(ravine::Lawa::new(2, 1)));
    check::<f64>("f64", |builder| builder);
    for (name, storage) in Storage::ALL {
        check::<f32>(name, |builder| builder.storage(storage));
    }
    for (name, rounding) in Rounding::ALL {
        check::<bf16>(name, |builder| builder.rounding(rounding).seed(3));
    }
}

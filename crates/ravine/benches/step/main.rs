//! The step of every rule of the catalogue against the streaming limit of this machine.
//!
//! For each case: the median time of a step, the bytes that it must move, and the time of an in-place pass over as many
//! bytes, measured in the same rounds. `ratio` is limit / step: 1 is the speed of memory. A rule that must look at all
//! elements before it updates them reads them once more for each look; `looks` says how often, and its bytes count.
//!
//! `cargo bench -p ravine --bench step` measures all rules in three storages on 20 tensors of a million elements and on 1000
//! of 256. Words after `--` choose: names of rules (any that holds the word), storages (`f32`, `bf16`, `int8`), shapes
//! (`20x1M`, `1000x256`, `cache`, `gpt2`, `matrices`), and `quick` for fewer rounds. `gpt2`, the 148 tensors of GPT-2 small,
//! takes long and some 4 GB, so it is measured only where it is named, as is `cache`: what a step takes one thread where
//! memory does not hold it up. `chain` measures a chain of transforms against AdamW,
//! `tail` a step with everything around it. With `--write` the times of 20x1M go to `docs/optimizers-speed.csv`.

mod chain;
mod measure;
mod shapes;
mod write;

use measure::{Case, Row, measure};
use ravine::{Builder, Ema, Guard, Optimizer, Storage, bf16, rules};
use shapes::{SHAPES, Shape};

/// Options that change how much a rule does, beside the defaults of each.
const VARIANTS: &[&str] = &[
    "sgd:momentum=0.9",
    "sgd:momentum=0.9,nesterov=true",
    "rmsprop:momentum=0.9",
    "rmsprop:centered=true,momentum=0.9",
    "adam:amsgrad=true",
];

/// Rules that are bound by products of matrices, and are measured on those alone.
const MATRIX: &[&str] = &["muon", "shampoo", "soap", "kron"];

/// What is not measured: without a gradient that changes L-BFGS keeps no pairs, and with one it reads as many as it has.
const LEFT_OUT: &[&str] = &["lbfgs"];

const STORAGES: [&str; 3] = ["f32", "bf16", "int8"];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let (flags, mut words): (Vec<_>, Vec<_>) = arguments.into_iter().partition(|word| word.starts_with('-'));
    let quick = words.iter().any(|word| word == "quick");
    words.retain(|word| word != "quick");
    let chosen = |known: &[&str], usual: &[&str]| -> Vec<String> {
        let named: Vec<String> =
            words.iter().filter(|word| known.contains(&word.as_str())).cloned().collect();
        if named.is_empty() { usual.iter().map(ToString::to_string).collect() } else { named }
    };
    let names: Vec<&str> = SHAPES.iter().map(|shape| shape.name).collect();
    let shapes = chosen(&names, &["20x1M", "1000x256", "matrices"]);
    let storages = chosen(&STORAGES, &STORAGES);
    let rules: Vec<&String> = words
        .iter()
        .filter(|word| !names.contains(&word.as_str()) && !STORAGES.contains(&word.as_str()))
        .collect();
    let wanted = |name: &str| rules.is_empty() || rules.iter().any(|word| name.contains(word.as_str()));

    println!("{} threads, {:?}", rayon::current_num_threads(), ravine::simd::Level::widest());
    println!(
        "{:<38} {:<8} {:<9} {:>9} {:>9} {:>7} {:>8} {:>6} {:>5}",
        "rule", "storage", "shape", "step ms", "limit ms", "ns/elem", "GB/s", "ratio", "looks"
    );
    let mut rows = Vec::new();
    let names = rules::CATALOGUE.iter().map(|entry| entry.name).filter(|name| !LEFT_OUT.contains(name));
    let specs = names.chain(VARIANTS.iter().copied());
    for spec in specs.filter(|spec| wanted(spec)) {
        for shape in SHAPES.iter().filter(|shape| shapes.iter().any(|name| name == shape.name)) {
            let name = spec.split(':').next().unwrap_or_default();
            if MATRIX.contains(&name) != (shape.name == "matrices") {
                continue;
            }
            for storage in &storages {
                rows.extend(one(spec, storage, shape, quick));
            }
        }
    }
    if wanted("tail") {
        for shape in SHAPES.iter().filter(|shape| ["20x1M", "1000x256"].contains(&shape.name)) {
            tail(shape, quick);
        }
    }
    if wanted("chain") {
        chain::against_adamw(quick);
    }
    if flags.iter().any(|flag| flag == "--write") {
        write::write(&rows);
    }
}

/// Without the guard a step is the fused pass alone.
fn plain(spec: &str) -> Builder {
    Optimizer::builder_boxed(rules::parse(spec).expect("a rule of the catalogue")).guard(Guard::Off)
}

fn one(spec: &str, storage: &str, shape: &Shape, quick: bool) -> Option<Row> {
    let looks = rules::parse(spec).expect("a rule of the catalogue").traffic().expect("a step").looks;
    let case = Case { name: spec.into(), storage: storage.into(), shape, looks, extra: 0, quick };
    match storage {
        "bf16" => measure::<bf16>(case, plain(spec).storage(Storage::Bf16)),
        "int8" => measure::<f32>(case, plain(spec).storage(Storage::Int8)),
        _ => measure::<f32>(case, plain(spec)),
    }
}

/// A step with everything around it: the gradient is read once more for its norm and written with zeros.
fn tail(shape: &Shape, quick: bool) {
    let name = "unscale + clip + adamw + ema + zero".into();
    let builder = plain("adamw").loss_scale(2.0).clip_norm(1.0).ema(Ema::new(0.999)).zero_grad(true);
    let case = Case { name, storage: "f32".into(), shape, looks: 0, extra: 8, quick };
    measure::<f32>(case, builder);
}

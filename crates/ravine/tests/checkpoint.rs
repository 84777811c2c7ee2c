//! Exact resume, and what becomes of files that are not what they should be.

mod common;

use common::{VARIANTS, bits, builder, normal, params, train};
use ravine::{Element, Ema, Optimizer, ParamSpec, Plateau};
use std::path::Path;

fn resume_is_exact<T: Element>(spec: &str) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("optimizer.safetensors");
    let build = || -> Optimizer<T> {
        builder(spec)
            .ema(Ema { decay: 0.99, warmup: true })
            .clip_norm(3.0)
            .schedule(ravine::schedules::Cosine::new(100))
            .build(&params(&[30, 0, 7]))
            .unwrap()
    };
    let (mut straight, mut first, mut second) = (build(), build(), build());
    let (mut values, mut resumed): (Vec<T>, Vec<T>) = (normal(1, 37), normal(1, 37));
    train(&mut straight, &mut values, 0..100);
    train(&mut first, &mut resumed, 0..50);
    first.save(&path).unwrap();
    second.load(&path).unwrap();
    assert_eq!(second.steps(), 50);
    train(&mut second, &mut resumed, 50..100);
    assert_eq!(bits(&values), bits(&resumed), "{spec}");
    let average = |optimizer: &Optimizer<T>| {
        let mut buffers = [vec![T::default(); 30], vec![], vec![T::default(); 7]];
        optimizer.write_ema(&mut buffers.each_mut().map(|buffer| &mut buffer[..])).unwrap();
        bits(&buffers.concat())
    };
    assert_eq!(average(&straight), average(&second), "{spec}");
}

#[test]
fn fifty_steps_and_fifty_after_a_file_are_a_hundred() {
    for spec in VARIANTS {
        resume_is_exact::<f32>(spec);
        resume_is_exact::<f64>(spec);
    }
}

#[test]
fn a_plateau_remembers_across_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state");
    let build = |text: &str| -> Optimizer<f32> {
        builder("sgd:lr=1").metric_schedule(Plateau::parse(text).unwrap()).build(&params(&[2])).unwrap()
    };
    let (mut first, mut second) = (build("plateau:patience=2"), build("plateau:patience=2"));
    for _ in 0..3 {
        assert!(!first.observe(1.0));
    }
    first.save(&path).unwrap();
    second.load(&path).unwrap();
    assert!(second.observe(1.0), "the fourth value without an improvement");
    assert_eq!(second.lr("default").unwrap(), 0.1);

    let error = build("plateau:mode=max").load(&path).unwrap_err().to_string();
    assert!(error.contains("metric schedule: expected the state of plateau:mode=max"), "{error}");
    let error = builder("sgd").build::<f32>(&params(&[2])).unwrap().load(&path).unwrap_err().to_string();
    assert!(error.contains("metric schedule: expected off, found on"), "{error}");
}

#[test]
fn hyper_parameters_come_from_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state");
    let mut saved: Optimizer<f32> =
        builder("adam:lr=0.1,betas=0.8/0.9,amsgrad=true").build(&params(&[3])).unwrap();
    let mut loaded: Optimizer<f32> = builder("adam").build(&params(&[3])).unwrap();
    let (mut values, mut others) = (normal(0, 3), normal(0, 3));
    train(&mut saved, &mut values, 0..3);
    train(&mut loaded, &mut others, 0..1);
    saved.save(&path).unwrap();
    loaded.load(&path).unwrap();
    assert_eq!(loaded.lr("default").unwrap(), 0.1);
    others.copy_from_slice(&values);
    train(&mut saved, &mut values, 3..9);
    train(&mut loaded, &mut others, 3..9);
    assert_eq!(bits(&values), bits(&others));
}

/// Loads a file that must be refused, and checks that the optimizer goes on as if it had not been asked.
fn refused(optimizer: &mut Optimizer<f32>, path: &Path) -> String {
    let state = |optimizer: &Optimizer<f32>| {
        let file = path.with_extension("probe");
        optimizer.save(&file).unwrap();
        let bytes = std::fs::read(&file).unwrap();
        std::fs::remove_file(file).unwrap();
        bytes
    };
    let before = state(optimizer);
    let error = optimizer.load(path).unwrap_err().to_string();
    assert_eq!(before, state(optimizer), "{error}");
    assert!(error.contains(path.file_name().unwrap().to_str().unwrap()), "{error}");
    error
}

#[test]
fn files_of_others_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state");
    let trained = |spec: &str, specs: &[ParamSpec]| {
        let mut optimizer: Optimizer<f32> = builder(spec).build(specs).unwrap();
        let len = specs.iter().map(ParamSpec::len).sum();
        train(&mut optimizer, &mut normal(0, len), 0..2);
        optimizer
    };
    let mut ours = trained("adam", &params(&[4, 2]));
    for (other, expected) in [
        (trained("sgd:momentum=0.9", &params(&[4, 2])), "rule of group default: expected adam, found sgd"),
        (trained("adam", &params(&[4, 3])), "p1/exp_avg: expected F32 [2], found F32 [3]"),
        (trained("adam", &params(&[4])), "p1/exp_avg: expected a tensor of shape [2], found none"),
        (trained("adam", &params(&[4, 2, 1])), "p2/exp_avg: expected no such tensor, found one"),
    ] {
        other.save(&path).unwrap();
        let error = refused(&mut ours, &path);
        assert!(error.contains(expected), "{error}");
    }
    let mut wide: Optimizer<f64> = builder("adam").build(&params(&[4, 2])).unwrap();
    train(&mut wide, &mut normal(0, 6), 0..2);
    wide.save(&path).unwrap();
    assert!(refused(&mut ours, &path).contains("dtype: expected F32, found F64"));

    let mut averaging: Optimizer<f32> = builder("adam").ema(Ema::new(0.9)).build(&params(&[4, 2])).unwrap();
    train(&mut averaging, &mut normal(0, 6), 0..2);
    averaging.save(&path).unwrap();
    assert!(refused(&mut ours, &path).contains("ema: expected off, found on"));

    let mut grouped: Optimizer<f32> =
        builder("adam").group(ravine::Group::new("p1")).build(&params(&[4, 2])).unwrap();
    train(&mut grouped, &mut normal(0, 6), 0..2);
    grouped.save(&path).unwrap();
    assert!(refused(&mut ours, &path).contains("groups: expected default, found default, p1"));
}

#[test]
fn damaged_files_are_refused_at_every_length_and_for_every_kind_of_damage() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state");
    let mut ours: Optimizer<f32> = builder("adam").build(&params(&[4, 2])).unwrap();
    train(&mut ours, &mut normal(0, 6), 0..2);
    ours.save(&path).unwrap();
    let whole = std::fs::read(&path).unwrap();
    for len in 0..whole.len() {
        std::fs::write(&path, &whole[..len]).unwrap();
        refused(&mut ours, &path);
    }
    let replace = |from: &str, to: &str| {
        let text = String::from_utf8_lossy(&whole[8..]);
        assert!(text.contains(from), "{from}");
        let at = 8 + text.find(from).unwrap();
        let mut bytes = whole.clone();
        assert_eq!(from.len(), to.len());
        bytes[at..at + from.len()].copy_from_slice(to.as_bytes());
        bytes
    };
    for (bytes, expected) in [
        (b"not a checkpoint at all".to_vec(), "not a checkpoint of Ravine"),
        (replace("\"ravine\"", "\"ravina\""), "no key 'ravine'"),
        (replace("\\\"format\\\":1", "\\\"format\\\":7"), "format: expected 1, found 7"),
        (replace("\\\"rule\\\":\\\"adam\\\"", "\\\"rule\\\":\\\"odam\\\""), "expected adam, found odam"),
        (replace("\\\"lr\\\":", "\\\"lx\\\":"), "no 'lx'"),
        (replace("\"p0/exp_avg\"", "\"p9/exp_avg\""), "p0/exp_avg: expected a tensor"),
    ] {
        std::fs::write(&path, bytes).unwrap();
        let error = refused(&mut ours, &path);
        assert!(error.contains(expected), "{error}");
    }
    assert!(refused(&mut ours, &folder.path().join("nothing")).contains("cannot read"));
}

#[test]
fn saving_is_all_or_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state");
    let mut optimizer: Optimizer<f32> = builder("adam").accumulate(2).build(&params(&[2])).unwrap();
    optimizer.save(&path).unwrap();
    let before = std::fs::read(&path).unwrap();
    let _ = optimizer.step_flat(&mut [0.0; 2], &mut [1.0; 2]).unwrap();
    let error = optimizer.save(&path).unwrap_err().to_string();
    assert!(error.contains("gradients of the 1 micro-batches"), "{error}");
    assert_eq!(std::fs::read(&path).unwrap(), before);
    let error = optimizer.load(folder.path()).unwrap_err().to_string();
    assert!(error.contains("cannot read"), "{error}");
    let _ = optimizer.step_flat(&mut [0.0; 2], &mut [1.0; 2]).unwrap();
    let missing = folder.path().join("no/such/folder/state");
    assert!(optimizer.save(&missing).unwrap_err().to_string().contains("cannot write"));
    optimizer.save(&path).unwrap();
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "no temporary file is left");
}

//! Exact resume, and what becomes of files that are not what they should be.

mod common;

use common::{VARIANTS, bits, builder, normal, params, train};
use ravine::{Ema, Math, Optimizer, ParamSpec, Plateau};
use std::path::Path;

fn resume_is_exact<T: Math>(spec: &str) {
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
        optimizer.write_average(&mut buffers.each_mut().map(|buffer| &mut buffer[..])).unwrap();
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

#[test]
fn what_was_set_between_steps_is_saved_and_the_order_of_the_parameters_is_free() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state");
    let specs = [ParamSpec::new("a", [2]), ParamSpec::new("b", [3]), ParamSpec::new("c.bias", [2])];
    let build = |specs: &[ParamSpec]| -> Optimizer<f64> {
        let group =
            ravine::Group::new("*.bias").set("weight_decay", 0.0).rule(ravine::rules::AdamW::default());
        builder("adam:lr=0.1").ema(Ema::new(0.9)).group(group).build(specs).unwrap()
    };
    let mut saved = build(&specs);
    let mut values = normal::<f64>(0, 7);
    train(&mut saved, &mut values, 0..3);
    saved.set("default", "lr", 0.25).unwrap();
    saved.set("default", "betas", [0.5, 0.75]).unwrap();
    saved.set("*.bias", "weight_decay", 0.125).unwrap();
    saved.save(&path).unwrap();

    let [a, b, c] = specs;
    let mut loaded = build(&[b, c, a]);
    loaded.load(&path).unwrap();
    assert_eq!([loaded.lr("default").unwrap(), loaded.lr("*.bias").unwrap()], [0.25, 1e-3]);
    let turned = |x: &[f64]| [&x[2..], &x[..2]].concat();
    let mut others = turned(&values);
    for step in 0..3 {
        let grads = normal::<f64>(step, 7);
        let _ = saved.step_flat(&mut values, &mut grads.clone()).unwrap();
        let _ = loaded.step_flat(&mut others, &mut turned(&grads)).unwrap();
    }
    assert_eq!(bits(&turned(&values)), bits(&others));
    let (mut ours, mut theirs) = ([[0.0; 3], [0.0; 3], [0.0; 3]], [[0.0; 3], [0.0; 3], [0.0; 3]]);
    let [x, y, z] = &mut ours;
    saved.write_average(&mut [&mut x[..2], y, &mut z[..2]]).unwrap();
    let [y, z, x] = &mut theirs;
    loaded.write_average(&mut [y, &mut z[..2], &mut x[..2]]).unwrap();
    assert_eq!(ours, [theirs[2], theirs[0], theirs[1]]);
}

#[test]
fn a_file_from_before_the_first_step_begins_the_average_and_the_micro_batches_anew() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state");
    let mut optimizer: Optimizer<f64> =
        builder("sgd:lr=1").ema(Ema::new(0.5)).accumulate(2).build(&params(&[1])).unwrap();
    optimizer.save(&path).unwrap();
    for start in [1.0, 8.0] {
        let mut values = [start];
        optimizer.load(&path).unwrap();
        for _ in 0..3 {
            let _ = optimizer.step_flat(&mut values, &mut [1.0]).unwrap();
        }
        // One step, and a micro-batch that the next load forgets.
        assert_eq!((values[0], optimizer.steps()), (start - 0.5, 1));
        let mut average = [0.0];
        optimizer.write_average(&mut [&mut average]).unwrap();
        assert_eq!(average, [start - 0.25]);
    }
}

#[test]
fn tensors_that_nobody_asks_for_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state");
    let mut ours: Optimizer<f32> = builder("adam").build(&params(&[1])).unwrap();
    ours.save(&path).unwrap();
    let bytes = std::fs::read(&path).unwrap();
    let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let (_, header) = safetensors::SafeTensors::read_metadata(&bytes).unwrap();
    let mut tensors = file.tensors();
    tensors.push(("p0/more".into(), tensors[0].1.clone()));
    let bytes = safetensors::serialize(tensors, header.metadata().clone()).unwrap();
    std::fs::write(&path, bytes).unwrap();
    let error = refused(&mut ours, &path);
    assert!(error.contains("p0/more: expected no such tensor, found one"), "{error}");
}

#[test]
fn rules_without_state_know_their_parameters_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state");
    let build = |names: &[&str]| -> Optimizer<f32> {
        builder("sgd")
            .build(&names.iter().map(|name| ParamSpec::new(*name, [1])).collect::<Vec<_>>())
            .unwrap()
    };
    build(&["a", "b"]).save(&path).unwrap();
    build(&["b", "a"]).load(&path).unwrap();
    for (names, expected) in [
        (&["a", "c"][..], "parameters of group default: expected no 'b', found 'b'"),
        (&["a"], "expected no 'b', found 'b'"),
        (&["a", "b", "c"], "expected 'c', found no 'c'"),
    ] {
        let error = refused(&mut build(names), &path);
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn any_step_count_is_stepped_from() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state");
    for spec in VARIANTS {
        let build = || -> Optimizer<f64> {
            let schedule = ravine::schedules::parse("cosine-restarts:t_0=7,t_mult=3,warmup=5", 9).unwrap();
            builder(spec).schedule(schedule).build(&params(&[2])).unwrap()
        };
        let mut first = build();
        let mut values = [1.0, 2.0];
        train(&mut first, &mut values, 0..1);
        first.save(&path).unwrap();
        let whole = std::fs::read(&path).unwrap();
        let header =
            String::from_utf8(whole[8..8 + whole[0] as usize + 256 * whole[1] as usize].to_vec()).unwrap();
        let aged = header.trim_end().replace("\\\"step\\\":1,", &format!("\\\"step\\\":{},", u64::MAX - 1));
        let mut bytes = (aged.len() as u64).to_le_bytes().to_vec();
        bytes.extend(aged.as_bytes());
        bytes.extend(&whole[8 + header.len()..]);
        std::fs::write(&path, bytes).unwrap();
        let mut second = build();
        second.load(&path).unwrap();
        for expected in [u64::MAX - 1, u64::MAX, u64::MAX] {
            assert_eq!(second.steps(), expected, "{spec}");
            train(&mut second, &mut values, 1..2);
        }
        assert!(values.iter().all(|x| x.is_finite()), "{spec}");
    }
}

#[test]
fn hyper_parameters_that_do_not_go_together_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state");
    let build = |spec| -> Optimizer<f32> { builder(spec).build(&params(&[1])).unwrap() };
    build("sgd:momentum=0.9,nesterov=true").save(&path).unwrap();
    let text = std::fs::read(&path).unwrap();
    let at = text.windows(9).position(|part| part == br#"momentum\"#).unwrap() + 13;
    let mut bytes = text.clone();
    bytes[at..at + 3].copy_from_slice(b"0.0");
    std::fs::write(&path, bytes).unwrap();
    let error = refused(&mut build("sgd"), &path);
    assert!(error.contains("sgd: nesterov needs momentum above 0"), "{error}");
}

#[cfg(unix)]
#[test]
fn a_checkpoint_is_as_readable_as_any_new_file() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let (path, plain) = (folder.path().join("state"), folder.path().join("plain"));
    builder("sgd").build::<f32>(&params(&[1])).unwrap().save(&path).unwrap();
    std::fs::write(&plain, "").unwrap();
    let [ours, theirs] = [path, plain].map(|path| std::fs::metadata(path).unwrap().permissions().mode());
    assert_eq!(ours, theirs);
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
        (trained("adam", &params(&[4])), "parameters of group default: expected 'p1', found no 'p1'"),
        (trained("adam", &params(&[4, 2, 1])), "parameters of group default: expected no 'p2', found 'p2'"),
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
    assert!(refused(&mut ours, &path).contains("average: expected none, found ema"));

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
        (replace("\"p0/exp_avg\"", "\"p9/exp_avg\""), "p0/exp_avg: expected F32 [4], found none"),
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

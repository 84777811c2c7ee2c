//! The run store: what goes in comes out, files that are no store are refused untouched, and several may use one.

use ravine_lab::comparison::{End, LayerHealth, Point};
use ravine_lab::plan::Plan;
use ravine_lab::store::{Key, Store};
use ravine_lab::trial::Done;
use ravine_lab::workload::Evaluation;
use rusqlite::Connection;
use std::fs;
use std::path::{Path, PathBuf};

fn key(comparison: i64, seed: u64) -> Key<'static> {
    Key {
        comparison,
        tuning: false,
        workload: "iris-softmax",
        optimizer: "adam",
        schedule: "cosine",
        lr: 0.1,
        seed,
    }
}

fn point(step: u64, value: f64) -> Point {
    let layer = |name: &str| LayerHealth {
        name: name.into(),
        grad_norm: value,
        weight_norm: 1.0,
        update_ratio: -value,
    };
    Point {
        step,
        seconds: 0.5,
        train_loss: value,
        validation_loss: value,
        validation: value,
        lr: 0.1,
        grad_norm: value,
        layers: vec![layer("0.weight"), layer("0.bias")],
    }
}

fn done() -> Done {
    Done {
        end: End::Finished,
        steps: 40,
        seconds: 0.25,
        validation: Some(Evaluation { loss: 0.1, metric: 0.9 }),
        test: Some(Evaluation { loss: 0.3, metric: f64::MIN_POSITIVE }),
        target: Some((20, 0.125)),
    }
}

fn begin(store: &Store) -> i64 {
    store.begin(&Plan::default(), "hash", &[], "ravine compare", "a machine", 2).unwrap()
}

#[test]
fn what_goes_in_comes_out() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deep/below/runs.sqlite");
    let store = Store::open(&path).unwrap();
    let id = begin(&store);
    let trial = store.begin_trial(key(id, 7)).unwrap();
    store.record(trial, &point(0, 1.0 / 3.0)).unwrap();
    store.record(trial, &point(20, 1e-300)).unwrap();
    assert_eq!(store.trial(key(id, 7)).unwrap(), None, "not before it ended");
    store.end_trial(trial, &done(), 12.5).unwrap();
    drop(store);

    let store = Store::existing(&path).unwrap();
    assert_eq!(store.trial(key(id, 7)).unwrap().unwrap().done, done());
    assert_eq!(store.trial(key(id, 8)).unwrap(), None);
    assert_eq!(store.points(trial).unwrap(), [point(0, 1.0 / 3.0), point(20, 1e-300)]);
    let stored = &store.comparisons().unwrap()[0];
    assert_eq!((stored.plan.clone(), stored.seconds, stored.finished), (Plan::default(), 12.5, false));
    store.finish(id).unwrap();
    assert!(store.comparisons().unwrap()[0].finished);
}

#[test]
fn numbers_that_are_none_come_out_as_such() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("runs.sqlite")).unwrap();
    let trial = store.begin_trial(key(begin(&store), 7)).unwrap();
    for (step, value) in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY].into_iter().enumerate() {
        store.record(trial, &point(step as u64, value)).unwrap();
    }
    let points = store.points(trial).unwrap();
    assert_eq!(points.len(), 3);
    for point in points {
        assert!(!point.train_loss.is_finite() && !point.validation.is_finite());
        assert!(point.layers.iter().all(|layer| layer.grad_norm.is_nan() && layer.weight_norm == 1.0));
    }
}

#[test]
fn only_trials_under_way_are_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("runs.sqlite")).unwrap();
    let (id, other) = (begin(&store), begin(&store));
    let ended = store.begin_trial(key(id, 1)).unwrap();
    store.record(ended, &point(0, 1.0)).unwrap();
    store.end_trial(ended, &done(), 1.0).unwrap();
    let broken = store.begin_trial(key(id, 2)).unwrap();
    store.record(broken, &point(0, 1.0)).unwrap();
    let elsewhere = store.begin_trial(key(other, 2)).unwrap();
    store.record(elsewhere, &point(0, 1.0)).unwrap();

    store.drop_unfinished(id).unwrap();
    assert_eq!(store.points(ended).unwrap().len(), 1);
    assert_eq!(store.points(broken).unwrap().len(), 0, "its evaluations go with it");
    assert_eq!(store.points(elsewhere).unwrap().len(), 1, "another comparison is left alone");
    assert!(store.begin_trial(key(id, 2)).is_ok(), "it starts afresh");
}

/// Both ways of opening refuse the file, say so and why, and leave it as it was.
#[track_caller]
fn refused(path: &Path, words: &[&str]) {
    let before = fs::read(path).ok();
    for result in [Store::open(path), Store::existing(path)] {
        let message = result.err().expect("it is refused").to_string();
        for word in words.iter().chain(&[path.to_str().unwrap()]) {
            assert!(message.contains(word), "'{message}' does not say '{word}'");
        }
    }
    assert_eq!(fs::read(path).ok(), before);
    let files: Vec<PathBuf> =
        fs::read_dir(path.parent().unwrap()).unwrap().map(|file| file.unwrap().path()).collect();
    assert_eq!(files, [path], "nothing is left beside it");
}

#[test]
fn what_is_no_store_is_refused_and_left_alone() {
    let folder = |name: &str| {
        let folder = tempfile::Builder::new().prefix(name).tempdir().unwrap();
        let path = folder.path().join("runs.sqlite");
        (folder, path)
    };
    let (_keep, path) = folder("text");
    fs::write(&path, "Dear diary, today I trained a network. ".repeat(40)).unwrap();
    refused(&path, &["not a run store"]);

    let (_keep, path) = folder("foreign");
    Connection::open(&path).unwrap().execute_batch("CREATE TABLE a (b); INSERT INTO a VALUES (1);").unwrap();
    refused(&path, &["not a run store", "another file"]);

    let (_keep, path) = folder("layout");
    drop(Store::open(&path).unwrap());
    Connection::open(&path).unwrap().execute_batch("PRAGMA user_version = 9;").unwrap();
    refused(&path, &["layout 9", "layout 1"]);

    let (_keep, path) = folder("cut");
    let store = Store::open(&path).unwrap();
    (0..200).for_each(|_| assert!(begin(&store) > 0));
    drop(store);
    fs::write(&path, &fs::read(&path).unwrap()[..20_000]).unwrap();
    let message = Store::open(&path).and_then(|store| store.comparisons()).unwrap_err().to_string();
    assert!(message.contains("runs.sqlite") && message.contains("malformed"), "{message}");

    let (_keep, path) = folder("directory");
    fs::create_dir(&path).unwrap();
    assert!(Store::open(&path).err().unwrap().to_string().contains("not a run store"));

    let (_keep, path) = folder("none");
    assert!(Store::existing(&path).err().unwrap().to_string().contains("there is no run store at"));
    assert!(!path.exists());
}

#[test]
fn many_may_open_a_new_one_at_once_and_write() {
    for _ in 0..30 {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("runs.sqlite");
        let barrier = std::sync::Barrier::new(6);
        std::thread::scope(|scope| {
            for _ in 0..6 {
                scope.spawn(|| {
                    barrier.wait();
                    let store = Store::open(&path).unwrap();
                    let trial = store.begin_trial(key(begin(&store), 1)).unwrap();
                    (0..5).for_each(|step| store.record(trial, &point(step, 1.0)).unwrap());
                    store.end_trial(trial, &done(), 1.0).unwrap();
                });
            }
        });
        let store = Store::existing(&path).unwrap();
        let comparisons = store.comparisons().unwrap();
        assert_eq!(comparisons.len(), 6);
        assert!(comparisons.iter().all(|stored| store.trial(key(stored.id, 1)).unwrap().is_some()));
    }
}

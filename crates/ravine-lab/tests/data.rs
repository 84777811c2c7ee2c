//! The data sets as a whole: the embedded files, the splits, and Fashion-MNIST when it is installed.

mod here;

use std::fs;
use std::io::{Read, Write};
use std::path::Path;

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use here::here;
use ravine_lab::data::{self, DATASETS, Dataset, Embedded, Split, Status, Table};
use sha2::{Digest, Sha256};

/// Files of the embedded sets.
const EMBEDDED: [(&str, &Embedded); 4] = [
    ("digits", &data::digits::DATA),
    ("iris", &data::iris::DATA),
    ("wine", &data::wine::DATA),
    ("breast_cancer", &data::breast_cancer::DATA),
];

fn load(name: &str, dir: Option<&Path>) -> ravine_lab::Result<std::sync::Arc<Dataset>> {
    let entry = DATASETS.iter().find(|entry| entry.name == name).unwrap();
    (entry.load)(dir)
}

#[test]
fn embedded_files_are_the_published_ones() {
    for (file, embedded) in EMBEDDED {
        let path = format!("{}/assets/{file}.csv.gz", env!("CARGO_MANIFEST_DIR"));
        let mut bytes = Vec::new();
        GzDecoder::new(fs::File::open(path).unwrap()).read_to_end(&mut bytes).unwrap();
        let sha256: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        let name = file.replace('_', "-");
        let entry = DATASETS.iter().find(|entry| entry.name == name).unwrap();
        assert_eq!(load(&name, None).unwrap().sha256, sha256, "{file}");
        let table = embedded.table();
        let size = format!("{} x {}, {} classes", table.y.len(), table.features, table.classes);
        assert_eq!(entry.size, size);
    }
}

#[test]
fn values_and_classes_are_those_of_scikit_learn() {
    let iris = data::iris::DATA.table();
    assert_eq!(iris.x[..4], [5.1, 3.5, 1.4, 0.2]);
    assert_eq!(iris.x[149 * 4..], [5.9, 3.0, 5.1, 1.8]);
    let counts = |table: &Table| {
        let mut counts = vec![0; table.classes];
        table.y.iter().for_each(|&class| counts[class as usize] += 1);
        counts
    };
    assert_eq!(counts(&iris), [50, 50, 50]);
    assert_eq!(counts(&data::wine::DATA.table()), [59, 71, 48]);
    assert_eq!(counts(&data::breast_cancer::DATA.table()), [212, 357]);
    let digits = data::digits::DATA.table();
    assert_eq!(counts(&digits), [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]);
    assert!(digits.x.iter().all(|x| (0.0..=16.0).contains(x) && x.fract() == 0.0));
}

#[test]
fn splits_hold_each_example_once_stratified_and_scaled_by_training_alone() {
    for (file, embedded) in EMBEDDED {
        let (data, table) = (load(&file.replace('_', "-"), None).unwrap(), embedded.table());
        check_splits(&data);
        let size = |share: f64| (share * data.y.len() as f64).round() as usize;
        assert_eq!([data.train.end, data.validation.end], [size(0.6), size(0.8)], "{file}");
        if file == "digits" {
            let mut published: Vec<u32> = table.x.iter().map(|x| *x as u32).collect();
            let mut back: Vec<u32> = data.x.iter().map(|x| (x * 16.0) as u32).collect();
            published.sort_unstable();
            back.sort_unstable();
            assert_eq!(published, back);
            continue;
        }
        for j in 0..data.features {
            let column: Vec<f64> = data.train.clone().map(|i| f64::from(data.row(i)[j])).collect();
            let mean = column.iter().sum::<f64>() / column.len() as f64;
            let variance = column.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / column.len() as f64;
            assert!(
                mean.abs() < 1e-6 && (variance - 1.0).abs() < 1e-6,
                "{file}, feature {j}: {mean} {variance}"
            );
        }
    }
}

fn check_splits(data: &Dataset) {
    assert_eq!(
        [data.train.start, data.validation.start, data.test.start],
        [0, data.train.end, data.validation.end]
    );
    assert_eq!(data.test.end, data.y.len());
    assert_eq!(data.x.len(), data.y.len() * data.features);
    assert_eq!(data.shape.iter().product::<usize>(), data.features);
    let share = |rows: std::ops::Range<usize>, class: u32| {
        let count = data.y[rows.clone()].iter().filter(|&&y| y == class).count();
        count as f64 / rows.len() as f64
    };
    for split in [Split::Train, Split::Validation, Split::Test] {
        let rows = data.range(split);
        for class in 0..data.classes as u32 {
            let difference = share(rows.clone(), class) - share(0..data.y.len(), class);
            assert!(difference.abs() <= 1.5 / rows.len() as f64, "{}: {split:?}, class {class}", data.name);
        }
    }
}

#[test]
fn splits_are_fixed() {
    // The grey of the first picture of each: changes if the split seed, the generator or the order changes.
    let digits = load("digits", None).unwrap();
    let grey = |split| digits.row(digits.range(split).start).iter().sum::<f32>();
    assert_eq!([Split::Train, Split::Validation, Split::Test].map(grey), [17.0, 17.6875, 17.1875]);
}

#[test]
fn fashion_mnist_reads_and_is_scaled_by_its_training_pixels() {
    let Some(data) = here("fashion-mnist", load("fashion-mnist", None)) else { return };
    check_splits(&data);
    assert_eq!((data.split(), &data.shape[..]), ([50_000, 10_000, 10_000], &[1, 28, 28][..]));
    for class in 0..10 {
        let count = |split| data.y[data.range(split)].iter().filter(|&&y| y == class).count();
        assert_eq!([Split::Train, Split::Validation, Split::Test].map(count), [5000, 1000, 1000]);
    }
    let train = &data.x[..50_000 * 784];
    let mean = train.iter().map(|&x| f64::from(x)).sum::<f64>() / train.len() as f64;
    let square = train.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>() / train.len() as f64;
    assert!(mean.abs() < 1e-6 && (square - 1.0).abs() < 1e-6, "{mean} {square}");
    assert_eq!(data.y[60_000..60_005], [9, 2, 1, 1, 6]);
}

#[test]
fn missing_and_damaged_files_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let inventory = || {
        let items = data::inventory(Some(folder.path()));
        items.into_iter().find(|item| item.name == "fashion-mnist").unwrap()
    };
    let message = load("fashion-mnist", Some(folder.path())).unwrap_err().to_string();
    for word in
        ["train-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz", "apt-get install dataset-fashion-mnist"]
    {
        assert!(message.contains(word), "{message}");
    }
    assert!(matches!(inventory().status, Status::Missing { files } if files.contains("t10k-images")));

    for name in ["train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"] {
        fs::write(folder.path().join(format!("{name}-ubyte")), [0, 0, 8, 3]).unwrap();
    }
    let message = load("fashion-mnist", Some(folder.path())).unwrap_err().to_string();
    assert!(
        message.contains("train-images-idx3-ubyte: header: expected 16 bytes, found 4 bytes"),
        "{message}"
    );
    let Status::Damaged { file, expected, found, .. } = inventory().status else { panic!("not damaged") };
    assert!(file.ends_with("train-images-idx3-ubyte"));
    assert_eq!((expected.as_str(), found.as_str()), ("16 bytes", "4 bytes"));

    // Right in shape, wrong in content.
    let mut images = vec![0; 16 + 60_000 * 784];
    images[..16].copy_from_slice(&[0, 0, 8, 3, 0, 0, 0xea, 0x60, 0, 0, 0, 28, 0, 0, 0, 28]);
    let packed = fs::File::create(folder.path().join("train-images-idx3-ubyte.gz")).unwrap();
    GzEncoder::new(packed, Compression::fast()).write_all(&images).unwrap();
    let Status::Damaged { file, what, expected, .. } = inventory().status else { panic!("not damaged") };
    assert!(file.ends_with("train-images-idx3-ubyte.gz") && what.contains("SHA-256"), "{file} {what}");
    assert!(expected.starts_with("c59f468a"));
}

#[test]
fn the_inventory_lists_all_data() {
    let items = data::inventory(Some(Path::new("/nowhere")));
    let names =
        |kind: &str| items.iter().filter(|item| item.kind == kind).map(|item| item.name).collect::<Vec<_>>();
    assert_eq!(names("examples").len(), DATASETS.len());
    assert_eq!(names("text"), ["genesis-exodus", "king-james"]);
    assert_eq!(names("ratings"), ["low-rank-ratings", "inst-eval"]);
    assert_eq!(names("documents"), ["rare-words", "reuters-corn"]);
    for item in &items {
        let embedded = item.status == Status::Embedded;
        assert_eq!((item.command.is_none(), item.folder.is_none()), (embedded, embedded), "{}", item.name);
    }
    let fashion = items.iter().find(|item| item.name == "fashion-mnist").unwrap();
    assert_eq!(fashion.command, Some("apt-get install dataset-fashion-mnist"));
    assert_eq!(fashion.folder.as_deref(), Some("/nowhere"));
}

//! Fashion-MNIST: 70000 pictures of clothes, 28 x 28 pixels with 256 levels of grey, ten kinds.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::dataset::{SPLIT_SEED, scale, stratified_order};
use super::idx::Idx;
use super::{Dataset, Entry, Files, files};
use crate::error::{Kind, Result};

const NAME: &str = "fashion-mnist";
const CLASSES: usize = 10;
const SIDE: usize = 28;
/// Training examples before the split, and those of them that stay for training.
const TRAINING: usize = 60_000;
const TRAIN: usize = 50_000;
const TEST: usize = 10_000;

/// Where Debian's package puts the files.
pub const DEFAULT_FOLDER: &str = "/usr/share/datasets/fashion-mnist";

const COMMAND: &str = "apt-get install dataset-fashion-mnist";

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: NAME,
    title: "pictures of clothes, 28 x 28 pixels, ten kinds",
    size: "70000 x 784, 10 classes",
    license: "MIT",
    origin: "Xiao, Rasul and Vollgraf, Fashion-MNIST, arXiv 1708.07747, 2017",
    files: Some(Files { command: COMMAND, folder, check: |dir| read(dir).map(drop) }),
    load: |dir| load(dir).map(Arc::new),
};

/// SHA-256 of the four files uncompressed, one after the other.
const SHA256: &str = "14410854cf7a289477dcfc7df3f8ec24741e281cdcc425ede0d9a748ca630214";

/// One of the four files: its name without `.gz`, its shape, and the SHA-256 of its uncompressed content.
///
/// The compressed bytes may differ between the packages that carry them; the content must not.
struct File {
    name: &'static str,
    shape: &'static [usize],
    sha256: &'static str,
}

const TRAIN_IMAGES: File = File {
    name: "train-images-idx3-ubyte",
    shape: &[TRAINING, SIDE, SIDE],
    sha256: "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
};
const TRAIN_LABELS: File = File {
    name: "train-labels-idx1-ubyte",
    shape: &[TRAINING],
    sha256: "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
};
const TEST_IMAGES: File = File {
    name: "t10k-images-idx3-ubyte",
    shape: &[TEST, SIDE, SIDE],
    sha256: "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
};
const TEST_LABELS: File = File {
    name: "t10k-labels-idx1-ubyte",
    shape: &[TEST],
    sha256: "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
};

/// The folder that is looked in: `dir`, else that of [`FOLDER_VARIABLE`](super::FOLDER_VARIABLE), else
/// [`DEFAULT_FOLDER`]. The files may lie in it or in its subfolder `fashion-mnist`.
pub fn folder(dir: Option<&Path>) -> PathBuf {
    files::folder(dir, NAME, DEFAULT_FOLDER)
}

/// Reads and verifies the four files, splits and scales.
///
/// The pixels are scaled by one mean and one standard deviation, those of all pixels of the training split: a scale
/// for each pixel would blow up the corners, which are nearly always black.
pub fn load(dir: Option<&Path>) -> Result<Dataset> {
    let Content { images, labels, test_images, test_labels } = read(dir)?;
    let order = stratified_order(&labels, SPLIT_SEED);
    let features = SIDE * SIDE;
    let image = |i: usize| &images.values()[i * features..][..features];
    // One of 256 values each, so that the scaling is a look-up.
    let scaled = scale(order[..TRAIN].iter().flat_map(|&i| image(i)));
    let pixels = order.iter().flat_map(|&i| image(i)).chain(test_images.values());
    let mut x = Vec::with_capacity((TRAINING + TEST) * features);
    x.extend(pixels.map(|&pixel| scaled[usize::from(pixel)]));
    let y = order.iter().map(|&i| labels[i]).chain(test_labels).collect();
    Ok(Dataset {
        name: NAME.into(),
        x,
        y,
        features,
        shape: vec![1, SIDE, SIDE],
        classes: CLASSES,
        train: 0..TRAIN,
        validation: TRAIN..TRAINING,
        test: TRAINING..TRAINING + TEST,
        sha256: SHA256.into(),
    })
}

/// The four files, verified.
struct Content {
    images: Idx,
    labels: Vec<u32>,
    test_images: Idx,
    test_labels: Vec<u32>,
}

fn read(dir: Option<&Path>) -> Result<Content> {
    let [images, labels, test_images, test_labels] = paths(&folder(dir))?;
    Ok(Content {
        images: TRAIN_IMAGES.read(&images)?,
        labels: TRAIN_LABELS.labels(&labels)?,
        test_images: TEST_IMAGES.read(&test_images)?,
        test_labels: TEST_LABELS.labels(&test_labels)?,
    })
}

impl File {
    fn read(&self, path: &Path) -> Result<Idx> {
        let idx = Idx::read(path, self.shape)?;
        idx.verify(self.sha256)?;
        Ok(idx)
    }

    fn labels(&self, path: &Path) -> Result<Vec<u32>> {
        let idx = Idx::read(path, self.shape)?;
        // The range first: its message says more than a checksum's.
        let labels = idx.labels(CLASSES)?;
        idx.verify(self.sha256)?;
        Ok(labels)
    }
}

/// Where the four files are, each gzipped or plain.
fn paths(folder: &Path) -> Result<[PathBuf; 4]> {
    let files = [TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS];
    let candidates = files.map(|file| [folder.join(format!("{}.gz", file.name)), folder.join(file.name)]);
    let missing: Vec<String> = candidates
        .iter()
        .filter(|[packed, plain]| !packed.exists() && !plain.exists())
        .filter_map(|[packed, _]| Some(packed.file_name()?.to_string_lossy().into_owned()))
        .collect();
    if !missing.is_empty() {
        let files = missing.join(", ");
        return Err(Kind::MissingData { name: NAME, path: folder.into(), files, command: COMMAND }.into());
    }
    Ok(candidates.map(|[packed, plain]| if packed.exists() { packed } else { plain }))
}

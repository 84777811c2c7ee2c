//! The user's own pictures: a folder of class folders, or of idx files as MNIST's relatives have them.

use std::fs;
use std::path::{Path, PathBuf};

use image::imageops::FilterType;
use image::{DynamicImage, ImageReader};
use rayon::prelude::*;
use sha2::{Digest, Sha256};

use super::dataset::{cuts, scale};
use super::idx::Idx;
use super::{Dataset, Problem, SPLIT_SEED, hex, problem, stratified_order};
use crate::error::{Kind, Result};
use crate::stats::number::count;

/// What pictures are brought to. Default: what the first one has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Height and width.
    pub size: Option<[usize; 2]>,
    /// 1 for grey, 3 for red, green and blue.
    pub channels: Option<usize>,
}

/// The pictures of a folder.
#[derive(Clone, Debug, PartialEq)]
pub struct Folder {
    /// The pictures, scaled by the mean and the standard deviation of each channel over those to train on.
    pub data: Dataset,
    /// What the classes are called.
    pub classes: Vec<String>,
    /// The files left out.
    pub problems: Vec<Problem>,
}

/// The fewest pictures that can be split.
pub const FEWEST: usize = 10;

/// Reads a folder. Each subfolder is a class, in the order of their names, and holds png and jpg files; or the folder holds
/// `train-images-idx3-ubyte` and `train-labels-idx1-ubyte`, and `t10k-...` or `test-...` where there is a test set, each
/// gzipped or plain.
///
/// Pictures of another size are resized (linear interpolation), transparency is dropped. The examples are put in stratified
/// order: 60 % train, 20 % validate, 20 % test; where idx files have their own test set, five sixths of the others train
/// and one validates.
///
/// Files that are no pictures are left out and listed. It is an error if these are more than the pictures, if a class has no
/// picture, if there are not at least two classes, or fewer than [`FEWEST`] pictures.
pub fn read(dir: &Path, options: Options) -> Result<Folder> {
    if !dir.is_dir() {
        return Err(bad(dir, "there is no such folder".into()));
    }
    match idx(dir, "train", "images-idx3-ubyte") {
        Some(images) => read_idx(dir, &images),
        None => read_classes(dir, options),
    }
}

fn bad(place: &Path, reason: String) -> crate::Error {
    Kind::BadData { place: place.display().to_string(), reason }.into()
}

fn read_classes(dir: &Path, options: Options) -> Result<Folder> {
    let mut folders = entries(dir)?;
    folders.retain(|path| path.is_dir());
    if folders.len() < 2 {
        let reason = format!(
            "pictures need a folder for each of at least two classes, here are {} folders and no idx files",
            folders.len()
        );
        return Err(bad(dir, reason));
    }
    let mut files = Vec::new();
    for (class, folder) in folders.iter().enumerate() {
        files.extend(entries(folder)?.into_iter().map(|path| (path, class as u32)));
    }
    let (mut problems, mut first) = (Vec::new(), None);
    let mut rest = &files[..];
    while let [(path, _), after @ ..] = rest {
        match open(path) {
            Ok(picture) => {
                first = Some(picture);
                break;
            }
            Err(problem) => problems.push(problem),
        }
        rest = after;
    }
    let Some(first) = first else {
        return Err(bad(
            dir,
            format!("none of {} is a picture{}", count(files.len(), "file"), problem::first(&problems)),
        ));
    };
    let [height, width] = options.size.unwrap_or([first.height() as usize, first.width() as usize]);
    let channels = options.channels.unwrap_or(if first.color().has_color() { 3 } else { 1 });
    if height * width == 0 || ![1, 3].contains(&channels) {
        let expected = "at least 1 x 1 pixels of 1 or 3 channels".into();
        let got = format!("{height} x {width} of {channels}");
        return Err(Kind::BadOption { option: "the size of pictures", expected, got }.into());
    }
    // Only one picture of the size that it has is in memory on each thread.
    let read: Vec<Result<Vec<u8>, Problem>> =
        rest.par_iter().map(|(path, _)| Ok(pixels(open(path)?, [channels, height, width]))).collect();
    let (mut values, mut y) = (Vec::new(), Vec::new());
    for (picture, (_, class)) in read.into_iter().zip(rest) {
        match picture {
            Ok(picture) => {
                values.extend(picture);
                y.push(*class);
            }
            Err(problem) => problems.push(problem),
        }
    }
    if problems.len() > y.len() {
        let reason = format!(
            "{} of {} files are no pictures{}",
            problems.len(),
            files.len(),
            problem::first(&problems)
        );
        return Err(bad(dir, reason));
    }
    if let Some((_, folder)) = folders.iter().enumerate().find(|(class, _)| !y.contains(&(*class as u32))) {
        return Err(bad(folder, "a class needs at least one picture".into()));
    }
    if y.len() < FEWEST {
        return Err(bad(dir, format!("at least {FEWEST} pictures are needed, here are {}", y.len())));
    }
    let order = stratified_order(&y, SPLIT_SEED);
    let data = dataset(dir, [channels, height, width], &values, &y, &order, cuts(y.len()));
    Ok(Folder { data, classes: folders.iter().map(|folder| name(folder)).collect(), problems })
}

/// What a folder holds but for hidden files, in the order of the names.
fn entries(dir: &Path) -> Result<Vec<PathBuf>> {
    let unreadable = |source| Kind::Io { action: "read", path: dir.into(), source };
    let mut paths: Vec<PathBuf> = fs::read_dir(dir)
        .and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect())
        .map_err(unreadable)?;
    paths.retain(|path| !name(path).starts_with('.'));
    paths.sort();
    Ok(paths)
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

fn open(path: &Path) -> Result<DynamicImage, Problem> {
    let problem = |reason: String| Problem { path: path.into(), line: None, reason };
    let extension = path.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    if !["png", "jpg", "jpeg"].contains(&&extension[..]) || path.is_dir() {
        return Err(problem("neither a png nor a jpg file".into()));
    }
    let reader = ImageReader::open(path).and_then(ImageReader::with_guessed_format);
    let reader = reader.map_err(|error| problem(format!("cannot be read: {error}")))?;
    reader.decode().map_err(|error| problem(format!("no picture: {error}")))
}

/// Channel after channel, each row after row.
fn pixels(picture: DynamicImage, [channels, height, width]: [usize; 3]) -> Vec<u8> {
    let (width, height) = (width as u32, height as u32);
    let picture = match (picture.width(), picture.height()) == (width, height) {
        true => picture,
        false => picture.resize_exact(width, height, FilterType::Triangle),
    };
    match channels {
        1 => picture.into_luma8().into_raw(),
        _ => {
            let pixels = picture.into_rgb8().into_raw();
            (0..3).flat_map(|channel| pixels.iter().skip(channel).step_by(3).copied()).collect()
        }
    }
}

/// The file of this kind, gzipped or plain.
fn idx(dir: &Path, part: &str, kind: &str) -> Option<PathBuf> {
    [".gz", ""].map(|end| dir.join(format!("{part}-{kind}{end}"))).into_iter().find(|path| path.exists())
}

/// One set of idx files: values, classes, height and width.
fn read_pair(dir: &Path, part: &str, images: &Path) -> Result<(Idx, Vec<u32>, [usize; 2])> {
    let labels = idx(dir, part, "labels-idx1-ubyte")
        .ok_or_else(|| bad(dir, format!("{part}-labels-idx1-ubyte is missing beside {}", name(images))))?;
    let (images, labels) = (Idx::read_any(images, 3)?, Idx::read_any(&labels, 1)?);
    let (shape, labels) = (images.shape(), labels.labels(256)?);
    if shape[0] != labels.len() || shape[1] * shape[2] == 0 {
        let reason = format!("{part}: {} labels for pictures of shape {shape:?}", labels.len());
        return Err(bad(dir, reason));
    }
    Ok((images, labels, [shape[1], shape[2]]))
}

fn read_idx(dir: &Path, images: &Path) -> Result<Folder> {
    let (images, mut y, [height, width]) = read_pair(dir, "train", images)?;
    let test =
        ["t10k", "test"].into_iter().find_map(|part| Some((part, idx(dir, part, "images-idx3-ubyte")?)));
    let mut values = images.values().to_vec();
    let n = y.len();
    let mut order = stratified_order(&y, SPLIT_SEED);
    let mut cuts = cuts(n);
    if let Some((part, images)) = test {
        let (images, labels, size) = read_pair(dir, part, &images)?;
        if size != [height, width] {
            let reason =
                format!("test pictures of {size:?} pixels, those to train on have {:?}", [height, width]);
            return Err(bad(dir, reason));
        }
        values.extend(images.values());
        order.extend(n..n + labels.len());
        y.extend(labels);
        cuts = [n * 5 / 6, n];
    }
    let classes = y.iter().max().map_or(0, |&class| class as usize + 1);
    if classes < 2 || n < FEWEST {
        let reason =
            format!("at least 2 classes and {FEWEST} pictures are needed, here are {classes} and {n}");
        return Err(bad(dir, reason));
    }
    let data = dataset(dir, [1, height, width], &values, &y, &order, cuts);
    Ok(Folder { data, classes: (0..classes).map(|class| class.to_string()).collect(), problems: Vec::new() })
}

/// Pictures in this order, scaled.
fn dataset(
    dir: &Path,
    shape: [usize; 3],
    values: &[u8],
    y: &[u32],
    order: &[usize],
    [train, validation]: [usize; 2],
) -> Dataset {
    let features: usize = shape.iter().product();
    let plane = features / shape[0];
    let picture = |i: usize| &values[i * features..][..features];
    let scales: Vec<[f32; 256]> = (0..shape[0])
        .map(|channel| {
            let pixels = order[..train].iter().flat_map(|&i| &picture(i)[channel * plane..][..plane]);
            scale(pixels)
        })
        .collect();
    let mut x = Vec::with_capacity(values.len());
    for &i in order {
        for (channel, pixels) in picture(i).chunks_exact(plane).enumerate() {
            x.extend(pixels.iter().map(|&pixel| scales[channel][usize::from(pixel)]));
        }
    }
    let mut hash = Sha256::new();
    hash.update(values);
    y.iter().for_each(|class| hash.update(class.to_le_bytes()));
    Dataset {
        name: name(&dir.canonicalize().unwrap_or_else(|_| dir.into())),
        x,
        y: order.iter().map(|&i| y[i]).collect(),
        features,
        shape: shape.to_vec(),
        classes: y.iter().max().map_or(0, |&class| class as usize + 1),
        train: 0..train,
        validation: train..validation,
        test: validation..y.len(),
        sha256: hex(&hash.finalize()),
    }
}

#[cfg(test)]
mod tests {
    use image::{GrayImage, Luma, Rgb, RgbImage};
    use tempfile::TempDir;

    use super::*;

    /// Two classes of ten grey pictures each, 4 x 6 pixels.
    fn grey() -> TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (class, base) in [("dark", 0), ("light", 200)] {
            fs::create_dir(folder.path().join(class)).unwrap();
            for i in 0..10 {
                let picture = GrayImage::from_fn(6, 4, |x, y| Luma([base + i + (x + 6 * y) as u8]));
                picture.save(folder.path().join(format!("{class}/{i}.png"))).unwrap();
            }
        }
        folder
    }

    #[track_caller]
    fn refused(folder: &TempDir, words: &[&str]) {
        let message = read(folder.path(), Options::default()).unwrap_err().to_string();
        words.iter().for_each(|word| assert!(message.contains(word), "'{message}' does not say '{word}'"));
    }

    #[test]
    fn class_folders_are_read_in_order_and_scaled_by_the_training_part() {
        let folder = grey();
        let read = read(folder.path(), Options::default()).unwrap();
        assert_eq!((&read.classes[..], read.problems.len()), (&["dark".into(), "light".into()][..], 0));
        let data = &read.data;
        assert_eq!((data.shape.clone(), data.features, data.split()), (vec![1, 4, 6], 24, [12, 4, 4]));
        assert_eq!(data.y[data.test.clone()].iter().sum::<u32>(), 2);
        let train = &data.x[..12 * 24];
        let mean = train.iter().map(|&x| f64::from(x)).sum::<f64>() / 288.0;
        let square = train.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>() / 288.0;
        assert!(mean.abs() < 1e-6 && (square - 1.0).abs() < 1e-5, "{mean} {square}");
        // Neighbours in a row differ by one grey, rows by six.
        let row = data.row(0);
        assert!(((row[6] - row[0]) / (row[1] - row[0]) - 6.0).abs() < 1e-3);
        assert!((0..20).all(|i| (data.row(i)[0] > 0.0) == (data.y[i] == 1)));
    }

    #[test]
    fn pictures_of_other_sizes_and_colours_are_brought_to_the_first_ones() {
        let folder = grey();
        let colour = RgbImage::from_pixel(20, 20, Rgb([255, 0, 10]));
        colour.save(folder.path().join("light/colour.jpg")).unwrap();
        assert_eq!(read(folder.path(), Options::default()).unwrap().data.shape, [1, 4, 6]);
        let options = Options { size: Some([8, 8]), channels: Some(3) };
        let data = read(folder.path(), options).unwrap().data;
        assert_eq!((data.shape.clone(), data.features), (vec![3, 8, 8], 192));
        let red = (0..data.y.len()).map(|i| data.row(i)).find(|row| row[0] > 0.5 && row[64] < -0.5);
        let red = red.expect("the red one has much in its first plane and little in its second");
        assert!(red[..64].iter().all(|x| (x - red[0]).abs() < 0.1));
        for options in [Options { channels: Some(2), ..options }, Options { size: Some([0, 8]), ..options }] {
            assert!(read(folder.path(), options).unwrap_err().is_usage());
        }
    }

    #[test]
    fn files_that_are_no_pictures_are_left_out_and_listed() {
        let folder = grey();
        fs::write(folder.path().join("dark/0.png"), b"not a picture").unwrap();
        fs::write(folder.path().join("light/notes.txt"), b"text").unwrap();
        fs::write(folder.path().join("light/.hidden"), b"text").unwrap();
        let whole = fs::read(folder.path().join("light/3.png")).unwrap();
        fs::write(folder.path().join("light/3.png"), &whole[..whole.len() / 2]).unwrap();
        let read = read(folder.path(), Options::default()).unwrap();
        assert_eq!(read.data.y.len(), 18);
        let said: Vec<String> = read.problems.iter().map(Problem::to_string).collect();
        assert_eq!(said.len(), 3, "{said:?}");
        for (said, words) in
            said.iter().zip(["dark/0.png: no picture", "light/3.png: no picture", "notes.txt: neither"])
        {
            assert!(said.contains(words), "{said}");
        }
    }

    #[test]
    fn folders_that_cannot_be_learned_from_are_refused() {
        let folder = grey();
        for i in 0..10 {
            fs::write(folder.path().join(format!("dark/{i}.png")), b"").unwrap();
        }
        refused(&folder, &["dark", "at least one picture"]);
        fs::write(folder.path().join("light/0.png"), b"").unwrap();
        refused(&folder, &["11 of 20 files are no pictures", "dark/0.png", "and 6 more"]);
        fs::remove_dir_all(folder.path().join("dark")).unwrap();
        refused(&folder, &["at least two classes", "1 folders"]);
        fs::create_dir(folder.path().join("empty")).unwrap();
        refused(&folder, &["empty", "at least one picture"]);
        let message = super::read(Path::new("no/such"), Options::default()).unwrap_err().to_string();
        assert!(message.contains("no/such: there is no such folder"), "{message}");
        let few = tempfile::tempdir().unwrap();
        for class in ["a", "b"] {
            fs::create_dir(few.path().join(class)).unwrap();
            GrayImage::new(2, 2).save(few.path().join(class).join("x.png")).unwrap();
        }
        refused(&few, &["at least 10 pictures are needed, here are 2"]);
    }

    #[test]
    fn idx_files_are_read_with_their_own_test_set() {
        let folder = tempfile::tempdir().unwrap();
        let write = |part: &str, count: u8, labels: &[u8]| {
            let images: Vec<u8> = [0, 0, 8, 3, 0, 0, 0, count, 0, 0, 0, 2, 0, 0, 0, 3]
                .into_iter()
                .chain(0..count * 6)
                .collect();
            fs::write(folder.path().join(format!("{part}-images-idx3-ubyte")), images).unwrap();
            let labels = [&[0, 0, 8, 1, 0, 0, 0, labels.len() as u8][..], labels].concat();
            fs::write(folder.path().join(format!("{part}-labels-idx1-ubyte")), labels).unwrap();
        };
        write("train", 12, &[0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2]);
        let alone = read(folder.path(), Options::default()).unwrap();
        assert_eq!((alone.data.shape.clone(), alone.data.split()), (vec![1, 2, 3], [7, 3, 2]));
        write("t10k", 3, &[2, 1, 0]);
        let with_test = read(folder.path(), Options::default()).unwrap();
        assert_eq!((with_test.data.split(), &with_test.data.y[12..]), ([10, 2, 3], &[2, 1, 0][..]));
        write("t10k", 3, &[2, 1]);
        refused(&folder, &["t10k", "2 labels", "[3, 2, 3]"]);
        fs::remove_file(folder.path().join("train-labels-idx1-ubyte")).unwrap();
        refused(&folder, &["train-labels-idx1-ubyte is missing"]);
    }
}

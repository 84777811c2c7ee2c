//! The idx format of MNIST and its relatives, plain or gzipped.
//!
//! Four bytes of magic (0, 0, type, number of dimensions), each dimension as a big-endian u32, then the values. Only
//! type 0x08, unsigned bytes, is read. Source: the description on the MNIST page of LeCun, Cortes and Burges.

use std::fmt::Display;
use std::fs;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::bufread::GzDecoder;
use sha2::{Digest, Sha256};

use crate::error::{Kind, Result};

const UNSIGNED_BYTES: u8 = 0x08;
/// The first bytes of a gzipped file.
const GZIP: [u8; 2] = [0x1f, 0x8b];
/// The most values of a file whose shape is not known.
pub const LARGEST: usize = 1 << 32;

/// The content of one file, checked for its shape.
#[derive(Clone, Debug)]
pub struct Idx {
    path: PathBuf,
    /// The uncompressed file, header and all.
    bytes: Vec<u8>,
    header: usize,
}

impl Idx {
    /// Reads a file of this many dimensions, of whatever lengths. What its header promises may be
    /// [`LARGEST`] bytes at most.
    pub fn read_any(path: &Path, dimensions: usize) -> Result<Self> {
        let file =
            fs::File::open(path).map_err(|source| Kind::Io { action: "read", path: path.into(), source })?;
        let mut file = BufReader::new(file);
        let unreadable = |source| Kind::Io { action: "read", path: path.into(), source };
        let packed = file.fill_buf().map_err(unreadable)?.starts_with(&GZIP);
        let size = 4 + 4 * dimensions;
        let mut header = Vec::with_capacity(size);
        // A damaged header is what `read` finds too, and says better.
        let _ = match packed {
            true => GzDecoder::new(file).take(size as u64).read_to_end(&mut header),
            false => file.take(size as u64).read_to_end(&mut header),
        };
        let shape: Vec<usize> =
            header.get(4..size).map_or(vec![0; dimensions], |dims| dims_of(dims).collect());
        let bytes = shape.iter().try_fold(1, |product: usize, &dim| product.checked_mul(dim));
        if bytes.is_none_or(|bytes| bytes > LARGEST) {
            return Err(damaged(
                path,
                "dimensions",
                format!("at most {LARGEST} values"),
                format!("{shape:?}"),
            ));
        }
        Self::read(path, &shape)
    }

    /// The lengths of its dimensions.
    pub fn shape(&self) -> Vec<usize> {
        dims_of(&self.bytes[4..self.header]).collect()
    }

    /// Reads a file whose shape is known. Plain and gzipped files are told apart by their first bytes.
    ///
    /// An error names the file and says what was expected and what was found.
    pub fn read(path: &Path, shape: &[usize]) -> Result<Self> {
        let file = fs::read(path).map_err(|source| Kind::Io { action: "read", path: path.into(), source })?;
        let bytes = if file.starts_with(&GZIP) { unpack(path, &file, size(shape))? } else { file };
        let header = 4 + 4 * shape.len();
        let magic = [0, 0, UNSIGNED_BYTES, shape.len() as u8];
        if bytes.len() < 4 {
            return Err(damaged(
                path,
                "magic number",
                hex(&magic),
                format!("a file of {} bytes", bytes.len()),
            ));
        }
        if bytes[..2] != magic[..2] {
            return Err(damaged(path, "magic number", hex(&magic), hex(&bytes[..4])));
        }
        if bytes[2] != UNSIGNED_BYTES {
            return Err(damaged(
                path,
                "type of the values",
                "0x08 (unsigned bytes)",
                format!("{:#04x}", bytes[2]),
            ));
        }
        if usize::from(bytes[3]) != shape.len() {
            return Err(damaged(path, "number of dimensions", shape.len(), bytes[3]));
        }
        if bytes.len() < header {
            return Err(damaged(path, "header", format!("{header} bytes"), format!("{} bytes", bytes.len())));
        }
        let dims: Vec<usize> = dims_of(&bytes[4..header]).collect();
        if dims != shape {
            return Err(damaged(path, "dimensions", format!("{shape:?}"), format!("{dims:?}")));
        }
        if bytes.len() != size(shape) {
            // Unpacking stops there, so a gzipped file may hold more.
            let more = if bytes.len() == size(shape) + 1 { " or more" } else { "" };
            let found = format!("{} bytes{more}", bytes.len());
            return Err(damaged(path, "uncompressed size", format!("{} bytes", size(shape)), found));
        }
        Ok(Self { path: path.into(), bytes, header })
    }

    /// The values, the last dimension running fastest.
    pub fn values(&self) -> &[u8] {
        &self.bytes[self.header..]
    }

    /// The values as classes, each checked to be below `classes`.
    pub fn labels(&self, classes: usize) -> Result<Vec<u32>> {
        let label = |(i, &label): (usize, &u8)| {
            if usize::from(label) < classes {
                return Ok(u32::from(label));
            }
            Err(damaged(&self.path, &format!("label of example {i}"), format!("0 to {}", classes - 1), label))
        };
        self.values().iter().enumerate().map(label).collect()
    }

    /// Checks the SHA-256 of the uncompressed file, header and all.
    pub fn verify(&self, sha256: &str) -> Result<()> {
        let found = hex(&Sha256::digest(&self.bytes));
        if found == sha256 {
            return Ok(());
        }
        Err(damaged(&self.path, "SHA-256 of the uncompressed content", sha256, found))
    }
}

fn dims_of(bytes: &[u8]) -> impl Iterator<Item = usize> {
    bytes.chunks_exact(4).map(|dim| u32::from_be_bytes([dim[0], dim[1], dim[2], dim[3]]) as usize)
}

/// Bytes of an uncompressed file of this shape.
fn size(shape: &[usize]) -> usize {
    4 + 4 * shape.len() + shape.iter().product::<usize>()
}

/// Unpacks one gzip stream. Never more than one byte over `size`, so that no file can fill the memory.
fn unpack(path: &Path, file: &[u8], size: usize) -> Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(size + 1);
    let mut decoder = GzDecoder::new(file);
    let read = decoder.by_ref().take(size as u64 + 1).read_to_end(&mut bytes);
    let expected = format!("one complete gzip stream of {size} bytes");
    if let Err(error) = read {
        let found = match error.kind() {
            io::ErrorKind::UnexpectedEof => format!("its end after {} bytes, cut off", bytes.len()),
            _ => format!("after {} bytes: {error}", bytes.len()),
        };
        return Err(damaged(path, "compressed content", expected, found));
    }
    if bytes.len() > size {
        // A header that says otherwise is the better message, and the caller gives it.
        return Ok(bytes);
    }
    let rest = decoder.into_inner().fill_buf().map_or(0, <[u8]>::len);
    if rest > 0 {
        return Err(damaged(path, "compressed content", expected, format!("{rest} more bytes after it")));
    }
    Ok(bytes)
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn damaged(path: &Path, what: &str, expected: impl Display, found: impl Display) -> crate::Error {
    let (expected, found) = (expected.to_string(), found.to_string());
    Kind::DamagedData { path: path.into(), what: what.into(), expected, found }.into()
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    const SHAPE: [usize; 3] = [2, 2, 3];

    fn good() -> Vec<u8> {
        let header = [0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 3];
        header.into_iter().chain(0..12).collect()
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn read(bytes: &[u8]) -> Result<Idx> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("images");
        fs::write(&path, bytes).unwrap();
        Idx::read(&path, &SHAPE)
    }

    #[track_caller]
    fn refused(bytes: &[u8], words: &[&str]) {
        let message = read(bytes).unwrap_err().to_string();
        for word in words.iter().chain(&["images", "expected", "found"]) {
            assert!(message.contains(word), "'{message}' does not say '{word}'");
        }
    }

    fn changed(at: usize, to: u8) -> Vec<u8> {
        let mut bytes = good();
        bytes[at] = to;
        bytes
    }

    #[test]
    fn plain_and_gzipped_files_read_alike() {
        for bytes in [good(), gzip(&good())] {
            assert_eq!(read(&bytes).unwrap().values(), (0..12).collect::<Vec<u8>>());
        }
    }

    #[test]
    fn a_file_of_unknown_shape_says_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("images");
        for bytes in [good(), gzip(&good())] {
            fs::write(&path, bytes).unwrap();
            let idx = Idx::read_any(&path, 3).unwrap();
            assert_eq!((idx.shape(), idx.values().len()), (SHAPE.to_vec(), 12));
            let message = Idx::read_any(&path, 1).unwrap_err().to_string();
            assert!(message.contains("number of dimensions: expected 1, found 3"), "{message}");
        }
        fs::write(&path, [&good()[..4], &[0xff; 12]].concat()).unwrap();
        let message = Idx::read_any(&path, 3).unwrap_err().to_string();
        assert!(message.contains("at most 4294967296 values"), "{message}");
        fs::write(&path, &good()[..7]).unwrap();
        let message = Idx::read_any(&path, 3).unwrap_err().to_string();
        assert!(message.contains("header: expected 16 bytes, found 7 bytes"), "{message}");
    }

    #[test]
    fn a_wrong_header_is_refused() {
        refused(&[], &["magic", "00000803", "0 bytes"]);
        refused(&changed(0, 1), &["magic", "00000803", "01000803"]);
        refused(&changed(2, 0x0d), &["type", "0x08", "0x0d"]);
        refused(&changed(3, 1), &["number of dimensions", "expected 3", "found 1"]);
        refused(&changed(7, 5), &["dimensions", "[2, 2, 3]", "[5, 2, 3]"]);
        refused(&good()[..10], &["header", "16 bytes", "10 bytes"]);
    }

    #[test]
    fn too_few_and_too_many_bytes_are_refused() {
        let long = [good(), vec![0; 5]].concat();
        refused(&good()[..20], &["size", "28 bytes", "20 bytes"]);
        refused(&long, &["size", "28 bytes", "33 bytes"]);
        refused(&gzip(&good()[..20]), &["size", "28 bytes", "20 bytes"]);
        refused(&gzip(&long), &["size", "28 bytes", "29 bytes or more"]);
    }

    #[test]
    fn a_damaged_gzip_stream_is_refused() {
        let packed = gzip(&good());
        refused(&packed[..packed.len() - 12], &["gzip", "cut off"]);
        refused(&packed[..packed.len() - 2], &["gzip", "cut off"]);
        refused(&[packed.clone(), vec![7; 9]].concat(), &["gzip", "9 more bytes"]);
        let mut checksum = packed.clone();
        *checksum.iter_mut().rev().nth(5).unwrap() ^= 1;
        refused(&checksum, &["gzip", "after"]);
    }

    #[test]
    fn labels_out_of_range_and_other_content_are_refused() {
        let idx = read(&good()).unwrap();
        assert_eq!(idx.labels(12).unwrap(), (0..12).collect::<Vec<u32>>());
        let message = idx.labels(10).unwrap_err().to_string();
        assert!(message.contains("label of example 10: expected 0 to 9, found 10"), "{message}");
        idx.verify(&hex(&Sha256::digest(good()))).unwrap();
        let message = idx.verify("ab").unwrap_err().to_string();
        assert!(message.contains("SHA-256") && message.contains("expected ab"), "{message}");
    }

    #[test]
    fn a_missing_file_is_named() {
        let message = Idx::read(Path::new("no/such/file"), &[1]).unwrap_err().to_string();
        assert!(message.contains("cannot read no/such/file"), "{message}");
    }
}

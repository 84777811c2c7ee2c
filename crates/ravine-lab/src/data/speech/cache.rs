//! Synthesised features in a file, so that they are made once.

use std::collections::HashMap;
use std::env;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;

use super::corpus::{Speech, Utterance};
use super::mel::INPUTS;
use crate::data::FOLDER_VARIABLE;
use crate::data::hex;
use crate::error::{Kind, Result};

/// The metadata key under which the data's SHA-256 stands.
const SHA256: &str = "sha256";

/// Where features are kept: `dir`, else the folder of [`FOLDER_VARIABLE`], else `ravine` in the user's cache folder
/// (`XDG_CACHE_HOME`, or `.cache` at home).
pub(super) fn folder(dir: Option<&Path>) -> Result<PathBuf> {
    let variable = |name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    // The XDG Base Directory Specification 0.8 says to ignore a relative path.
    let cache = || variable("XDG_CACHE_HOME").filter(|path| path.is_absolute());
    let home = || variable("HOME").or_else(|| variable("USERPROFILE")).map(|home| home.join(".cache"));
    dir.map(PathBuf::from)
        .or_else(|| variable(FOLDER_VARIABLE))
        .or_else(|| cache().or_else(home).map(|cache| cache.join("ravine")))
        .ok_or_else(|| Kind::NoCacheFolder { variable: FOLDER_VARIABLE }.into())
}

/// A place for what a recipe makes; another recipe has another.
pub(super) struct Cache {
    path: PathBuf,
}

impl Cache {
    /// The file of a recipe in a folder.
    pub(super) fn new(folder: &Path, recipe: &str) -> Self {
        let hash = hex(&Sha256::digest(recipe));
        Self { path: folder.join(format!("speech-{}.safetensors", &hash[..16])) }
    }

    /// What the file holds; `None` if there is none, or if its content is not what was written.
    pub(super) fn read(&self, sizes: [usize; 3], voices: &[Vec<String>; 3]) -> Result<Option<Speech>> {
        match fs::read(&self.path) {
            Ok(bytes) => Ok(decode(&bytes, sizes, voices)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.error("read", error)),
        }
    }

    /// A file to be filled, beside the one that it will become. To be asked for before the work, so that a folder
    /// that cannot be written to is known at once.
    pub(super) fn begin(&self) -> Result<NamedTempFile> {
        let folder = self.path.parent().expect("the path has a folder and a name");
        let file = fs::create_dir_all(folder).and_then(|()| NamedTempFile::new_in(folder));
        file.map_err(|error| self.error("write", error))
    }

    /// Fills the file and puts it in its place.
    pub(super) fn finish(&self, mut file: NamedTempFile, speech: &Speech) -> Result<()> {
        let written = file.write_all(&encode(speech)).and_then(|()| file.as_file().sync_all());
        written.map_err(|error| self.error("write", error))?;
        file.persist(&self.path).map_err(|failed| self.error("write", failed.error))?;
        Ok(())
    }

    fn error(&self, action: &'static str, source: io::Error) -> crate::Error {
        Kind::Io { action, path: self.path.clone(), source }.into()
    }
}

fn encode(speech: &Speech) -> Vec<u8> {
    let counts = |numbers: &[usize]| numbers.iter().flat_map(|&n| (n as u32).to_le_bytes()).collect();
    let features: Vec<u8> = speech.features.iter().flat_map(|x| x.to_le_bytes()).collect();
    let labels: Vec<u8> = speech.labels.iter().flat_map(|label| label.to_le_bytes()).collect();
    let (steps, digits): (Vec<u8>, Vec<u8>) = (counts(&speech.steps), counts(&speech.digits));
    let tensor = |name, dtype, shape, bytes| {
        (name, TensorView::new(dtype, shape, bytes).expect("the bytes are those of the shape"))
    };
    let tensors = [
        tensor("features", Dtype::F32, vec![features.len() / (4 * INPUTS), INPUTS], &features),
        tensor("steps", Dtype::U32, vec![speech.steps.len()], &steps),
        tensor("labels", Dtype::U32, vec![speech.labels.len()], &labels),
        tensor("digits", Dtype::U32, vec![speech.digits.len()], &digits),
    ];
    let metadata = HashMap::from([(SHA256.into(), speech.sha256.clone())]);
    safetensors::serialize(tensors, Some(metadata)).expect("four tensors fit the format")
}

/// The data, if the bytes are those of one whole file.
fn decode(bytes: &[u8], sizes: [usize; 3], voices: &[Vec<String>; 3]) -> Option<Speech> {
    let (_, metadata) = SafeTensors::read_metadata(bytes).ok()?;
    let sha256 = metadata.metadata().as_ref()?.get(SHA256)?;
    let tensors = SafeTensors::deserialize(bytes).ok()?;
    let words = |name, dtype| {
        let tensor = tensors.tensor(name).ok().filter(|tensor| tensor.dtype() == dtype)?;
        Some(tensor.data().chunks_exact(4).map(|word| [word[0], word[1], word[2], word[3]]))
    };
    let numbers = |name| Some(words(name, Dtype::U32)?.map(u32::from_le_bytes));
    let mut features = words("features", Dtype::F32)?.map(f32::from_le_bytes);
    let mut labels = numbers("labels")?;
    let utterances: Vec<Utterance> = numbers("steps")?
        .zip(numbers("digits")?)
        .map(|(steps, digits)| Utterance {
            steps: features.by_ref().take(steps as usize * INPUTS).collect(),
            digits: labels.by_ref().take(digits as usize).map(|label| label.wrapping_sub(1)).collect(),
        })
        .collect();
    let whole = utterances.len() == sizes.iter().sum::<usize>();
    let speech = whole.then(|| Speech::new(&utterances, sizes, voices.clone()))?;
    (speech.sha256 == *sha256).then_some(speech)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZES: [usize; 3] = [2, 1, 0];

    fn speech() -> Speech {
        let utterance = |steps: usize, digits: &[u32]| Utterance {
            steps: (0..steps * INPUTS).map(|i| i as f32).collect(),
            digits: digits.to_vec(),
        };
        let utterances = [utterance(4, &[0, 9]), utterance(2, &[3]), utterance(3, &[])];
        Speech::new(&utterances, SIZES, Default::default())
    }

    #[test]
    fn what_was_written_is_read_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        // The folder is made.
        let cache = Cache::new(&folder.path().join("below"), "recipe");
        let read = || cache.read(SIZES, &Default::default()).unwrap();
        assert_eq!(read(), None);
        cache.finish(cache.begin().unwrap(), &speech()).unwrap();
        assert_eq!(read(), Some(speech()));
        assert_eq!(cache.read([1, 1, 0], &Default::default()).unwrap(), None);

        let whole = fs::read(&cache.path).unwrap();
        for end in (0..whole.len()).step_by(97) {
            fs::write(&cache.path, &whole[..end]).unwrap();
            assert_eq!(read(), None, "cut at {end}");
        }
        for at in (whole.len() - 3000..whole.len()).step_by(101) {
            let mut damaged = whole.clone();
            damaged[at] ^= 4;
            fs::write(&cache.path, damaged).unwrap();
            assert_eq!(read(), None, "damaged at {at}");
        }
        cache.finish(cache.begin().unwrap(), &speech()).unwrap();
        assert_eq!(read(), Some(speech()));
        // Nothing but the file is left.
        assert_eq!(fs::read_dir(cache.path.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn another_recipe_has_another_file() {
        let path = |recipe| Cache::new(Path::new("folder"), recipe).path;
        assert_eq!(path("one"), path("one"));
        assert_ne!(path("one"), path("two"));
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_named() {
        let file = NamedTempFile::new().unwrap();
        let error = Cache::new(file.path(), "recipe").begin().unwrap_err().to_string();
        assert!(error.contains("cannot write") && error.contains(file.path().to_str().unwrap()), "{error}");
        assert_eq!(folder(Some(Path::new("here"))).unwrap(), Path::new("here"));
    }
}

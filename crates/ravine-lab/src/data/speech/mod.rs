//! Spoken digit strings with their features: sequences for a model that writes down what it hears.
//!
//! An utterance is 3 to 7 digits, each drawn evenly. Its features are log-mel energies ([`LogMel`]) of 30 ms a step,
//! normalised over the utterance; its labels are the digits, without when they were said. Voices that validate and
//! test are heard in no training utterance, so the error tells how well a model hears *strangers*.
//!
//! | Source | Sound | Voices: train / validation / test | Noise below the voice |
//! |---|---|---|---|
//! | [`Source::Tones`] | pairs of tones, made here | 60 / 6 / 12 pitches, speeds and timbres | 8 to 25 dB |
//! | [`Source::Espeak`] | English by the program espeak-ng | 240 / 15 / 30 accents with variants, 130 to 200 words a minute | 10 to 30 dB |
//!
//! 3000 utterances train, 200 validate, 300 test. All of it is a pure function of a fixed seed and, for speech, of the
//! version of espeak-ng.

mod cache;
mod corpus;
mod espeak;
mod mel;
mod noise;
mod tones;
mod wav;

pub use corpus::Speech;
pub use mel::{BANDS, INPUTS, LogMel, STACK};

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use ravine::random::Random;
use rayon::prelude::*;

use self::cache::Cache;
use self::corpus::Utterance;
use self::espeak::Espeak;
use super::{Entry, Files};
use crate::error::{Kind, Result};

/// Classes of a label: the blank, then the digits.
pub const CLASSES: usize = 11;

/// The seed of all utterances. It is part of what the data is: change it and all results change.
const SEED: u64 = 20_060_625;

/// Utterances to train, validate and test on.
const SIZES: [usize; 3] = [3000, 200, 300];

/// Digits in an utterance, from and to.
const DIGITS: [u64; 2] = [3, 7];

/// To be raised when the same constants come to make other features.
const RECIPE: u32 = 1;

/// Who makes the sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// A code of tones, made in a second or two.
    Tones,
    /// The program espeak-ng. Its features are kept in a file.
    Espeak,
}

/// What the catalogue says of speech.
pub const SPEECH: &[Entry<Speech>] = &[
    Entry {
        name: "tones",
        title: "digit strings in a code of tones",
        size: "3000 / 200 / 300 utterances of 3 to 7 digits",
        license: "MIT or Apache-2.0",
        origin: "drawn here from a fixed seed",
        files: None,
        load: |dir| load(Source::Tones, dir, &|_, _| ControlFlow::Continue(())),
    },
    Entry {
        name: "espeak",
        title: "digit strings spoken by the program espeak-ng, in voices that differ between the splits",
        size: "3000 / 200 / 300 utterances of 3 to 7 digits",
        license: "the program is GPL-3, what it speaks is free",
        origin: "synthesised on this machine",
        files: Some(Files {
            command: espeak::INSTALL,
            folder: |dir| cache::folder(dir).unwrap_or_default(),
            check: |_| Espeak::find().map(drop),
        }),
        load: |dir| load(Source::Espeak, dir, &|_, _| ControlFlow::Continue(())),
    },
];

/// Is told how many utterances of how many are made, from any thread; says whether to go on.
pub type Progress<'a> = &'a (dyn Fn(usize, usize) -> ControlFlow<()> + Sync);

/// The data of a source.
///
/// What espeak-ng speaks is made once and kept in `dir`, else in the folder that the environment variable
/// `RAVINE_DATA` names, else in `ravine` in the user's cache folder. A file there that is damaged is made again.
///
/// # Errors
/// For [`Source::Espeak`]: the program is not installed or fails; the folder cannot be read or written. An
/// interruption, when `progress` says to stop.
pub fn load(source: Source, dir: Option<&Path>, progress: Progress) -> Result<Arc<Speech>> {
    let speech = match source {
        Source::Tones => {
            let say = |split, digits, random| Ok(tones::utterance(split, digits, random));
            Speech::new(&utterances(SIZES, progress, say)?, SIZES, tones::voices())
        }
        Source::Espeak => spoken(SIZES, &cache::folder(dir)?, progress)?,
    };
    Ok(Arc::new(speech))
}

/// Speech from a file in the folder, which is made if need be.
fn spoken(sizes: [usize; 3], folder: &Path, progress: Progress) -> Result<Speech> {
    let espeak = Espeak::find()?;
    let voices = espeak::voices();
    let recipe = format!("{RECIPE} {SEED} {sizes:?} {DIGITS:?} {} {}", mel::recipe(), espeak.recipe());
    let cache = Cache::new(folder, &recipe);
    if let Some(speech) = cache.read(sizes, &voices)? {
        return Ok(speech);
    }
    let file = cache.begin()?;
    let say = |split, digits, random| espeak.utterance(split, digits, random);
    let speech = Speech::new(&utterances(sizes, progress, say)?, sizes, voices);
    cache.finish(file, &speech)?;
    Ok(speech)
}

/// The utterances of all splits, in order. `say` gets the split's number, the digits and a stream of its own.
fn utterances(
    sizes: [usize; 3],
    progress: Progress,
    say: impl Fn(usize, Vec<u32>, Random) -> Result<Utterance> + Sync,
) -> Result<Vec<Utterance>> {
    let places: Vec<(usize, usize)> =
        (0..3).flat_map(|split| (0..sizes[split]).map(move |i| (split, i))).collect();
    let made = AtomicUsize::new(0);
    let utterance = |&(split, i): &(usize, usize)| {
        // Streams 0 to 2 are those of the voices.
        let random = Random::new(SEED).stream(3 + split as u64).stream(i as u64);
        let drawn = random.stream(0);
        let count = DIGITS[0] + drawn.below(0, DIGITS[1] - DIGITS[0] + 1);
        let digits = (1..=count).map(|at| drawn.below(at, 10) as u32).collect();
        let utterance = say(split, digits, random.stream(1))?;
        match progress(made.fetch_add(1, Ordering::Relaxed) + 1, places.len()) {
            ControlFlow::Continue(()) => Ok(utterance),
            ControlFlow::Break(()) => Err(Kind::Interrupted.into()),
        }
    };
    places.par_iter().map(utterance).collect()
}

/// Uniform from `range[0]` to `range[1]`.
fn uniform(random: Random, index: u64, range: [f64; 2]) -> f64 {
    range[0] + (range[1] - range[0]) * random.uniform(index)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    const GO_ON: Progress = &|_, _| ControlFlow::Continue(());

    fn tones(sizes: [usize; 3]) -> Vec<Utterance> {
        utterances(sizes, GO_ON, |split, digits, random| Ok(tones::utterance(split, digits, random))).unwrap()
    }

    #[test]
    fn utterances_do_not_depend_on_threads_or_on_how_many_there_are() {
        let on = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| tones([20, 4, 4]))
        };
        let utterances = on(1);
        assert_eq!(on(3), utterances);
        assert_eq!(tones([10, 0, 0]), utterances[..10]);
        assert_ne!(utterances[0], utterances[20]);
    }

    #[test]
    fn digits_are_drawn_evenly_and_fit_their_features() {
        let utterances = tones([400, 0, 0]);
        let mut counts = [0; 10];
        for Utterance { steps, digits } in &utterances {
            assert!((3..=7).contains(&digits.len()));
            assert!(steps.iter().all(|x| x.is_finite()));
            // CTC needs a step for each label and a blank between equal ones.
            assert!(steps.len() / INPUTS > 2 * digits.len());
            digits.iter().for_each(|&digit| counts[digit as usize] += 1);
        }
        // 200 of 2000 are expected, with a standard deviation of 13.4.
        assert!(counts.iter().all(|count| (146..=254).contains(count)), "{counts:?}");
    }

    #[test]
    fn progress_is_told_and_can_stop() {
        let seen = AtomicUsize::new(0);
        let say = |split, digits, random| Ok(tones::utterance(split, digits, random));
        let all = utterances(
            [5, 1, 1],
            &|made, all| {
                seen.fetch_max(made, Ordering::Relaxed);
                assert_eq!(all, 7);
                ControlFlow::Continue(())
            },
            say,
        );
        assert_eq!((all.unwrap().len(), seen.into_inner()), (7, 7));
        let stopped = utterances([5, 1, 1], &|_, _| ControlFlow::Break(()), say);
        assert!(stopped.unwrap_err().is_interruption());
    }

    #[test]
    fn speech_is_made_once_and_a_damaged_file_again() {
        if let Err(error) = Espeak::find() {
            println!("skipped: {error}");
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let made = AtomicUsize::new(0);
        let load = |sizes| {
            let count: Progress = &|_, _| {
                made.fetch_add(1, Ordering::Relaxed);
                ControlFlow::Continue(())
            };
            spoken(sizes, folder.path(), count).unwrap()
        };
        let first = load([6, 2, 2]);
        assert_eq!(load([6, 2, 2]), first);
        assert_eq!(made.load(Ordering::Relaxed), 10);
        let file = fs::read_dir(folder.path()).unwrap().next().unwrap().unwrap().path();
        let whole = fs::read(&file).unwrap();
        fs::write(&file, &whole[..whole.len() / 2]).unwrap();
        assert_eq!(load([6, 2, 2]), first);
        assert_eq!(made.load(Ordering::Relaxed), 20);
        // Bit for bit what it was.
        assert_eq!(fs::read(&file).unwrap(), whole);
        load([6, 2, 1]);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
        let stop: Progress = &|_, _| ControlFlow::Break(());
        assert!(spoken([6, 2, 3], folder.path(), stop).unwrap_err().is_interruption());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }
}

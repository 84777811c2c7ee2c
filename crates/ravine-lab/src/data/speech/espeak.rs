//! Digits spoken by espeak-ng, a program that is called for each utterance.

use std::io;
use std::process::{Command, Output};

use ravine::random::Random;

use super::corpus::Utterance;
use super::mel::LogMel;
use super::wav::{self, Wav};
use super::{noise, uniform};
use crate::error::{Kind, Result};

const PROGRAM: &str = "espeak-ng";
pub(super) const INSTALL: &str = "apt-get install espeak-ng";

/// Every variant speaks with each of them.
const ACCENTS: [&str; 5] = ["en-us", "en-gb", "en-gb-x-rp", "en-gb-scotland", "en-gb-x-gbclan"];

/// Variants, each a throat of its own, to train, validate and test on. The oddest are among those to train on.
const VARIANTS: [&[&str]; 3] = [
    &[
        "m1", "m2", "m3", "m4", "m6", "m8", "f1", "f2", "f4", "f5", "Alex", "Alicia", "Andrea", "Andy",
        "Annie", "Denis", "Gene", "Gene2", "Hugo", "Jacky", "Lee", "Mario", "Mike", "adam", "anika",
        "antonio", "aunty", "boris", "caleb", "david", "ed", "edward", "gustave", "iven", "linda", "marcelo",
        "max", "michel", "miguel", "norbert", "pablo", "pedro", "quincy", "robert", "sandro", "steph",
        "travis", "zac",
    ],
    &["m5", "belinda", "benjamin"],
    &["m7", "f3", "Michael", "paul", "victor", "rob"],
];

const WORDS: [&str; 10] = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];

/// Words a minute.
const SPEED: [f64; 2] = [130.0, 200.0];
/// On the program's scale of 0 to 99.
const PITCH: [f64; 2] = [25.0, 75.0];
/// Of speech over noise.
const DECIBELS: [f64; 2] = [10.0, 30.0];

/// The names of the voices of each split, as `espeak-ng -v` takes them.
pub(super) fn voices() -> [Vec<String>; 3] {
    VARIANTS.map(|variants| {
        let with = |accent| variants.iter().map(move |variant| format!("{accent}+{variant}"));
        ACCENTS.into_iter().flat_map(with).collect()
    })
}

/// The program, found and with all the voices that are asked of it.
pub(super) struct Espeak {
    /// What it calls itself: other versions sound otherwise.
    version: String,
    voices: [Vec<String>; 3],
}

impl Espeak {
    /// Looks for the program and its voices. Where it does not know one it would speak with another, so they are looked
    /// up first.
    pub(super) fn find() -> Result<Self> {
        let version = text(&["--version"])?;
        let version = version.split("Data at").next().unwrap_or_default().trim().to_owned();
        let known = |list: &str, names: &[&str]| {
            let listed = text(&[list])?;
            let missing = |name: &&&str| {
                !listed.split_whitespace().any(|word| word.trim_start_matches("!v/") == **name)
            };
            match names.iter().find(missing) {
                Some(name) => Err(failed(&[list], format!("the voice {name} is not among them"))),
                None => Ok(()),
            }
        };
        known("--voices=en", &ACCENTS)?;
        known("--voices=variant", &VARIANTS.concat())?;
        Ok(Self { version, voices: voices() })
    }

    /// What the sound depends on.
    pub(super) fn recipe(&self) -> String {
        let Self { version, voices } = self;
        format!("{version} {voices:?} {WORDS:?} {SPEED:?} {PITCH:?} {DECIBELS:?} {:?}", noise::COLOUR)
    }

    /// The digits spoken by a voice of a split.
    pub(super) fn utterance(&self, split: usize, digits: Vec<u32>, random: Random) -> Result<Utterance> {
        let voices = &self.voices[split];
        let voice = &voices[random.below(0, voices.len() as u64) as usize];
        let speed = format!("{:.0}", uniform(random, 1, SPEED));
        let pitch = format!("{:.0}", uniform(random, 2, PITCH));
        // Commas make pauses; without them words run into each other.
        let separator = [" ", ", "][random.below(3, 2) as usize];
        let words: Vec<&str> = digits.iter().map(|&digit| WORDS[digit as usize]).collect();
        let Wav { rate, mut samples } = say(voice, &speed, &pitch, &words.join(separator))?;
        noise::add(
            &mut samples,
            uniform(random, 4, DECIBELS),
            uniform(random, 5, noise::COLOUR),
            random.stream(1),
        );
        Ok(Utterance { steps: LogMel::new(rate).steps(&samples), digits })
    }
}

fn say(voice: &str, speed: &str, pitch: &str, text: &str) -> Result<Wav> {
    let arguments = ["-v", voice, "-s", speed, "-p", pitch, "--stdout", text];
    wav::parse(&run(&arguments)?)
        .map_err(|fault| failed(&arguments, format!("its sound is no wav file: {fault}")))
}

fn text(arguments: &[&str]) -> Result<String> {
    Ok(String::from_utf8_lossy(&run(arguments)?).into_owned())
}

/// What the program writes to its standard output.
fn run(arguments: &[&str]) -> Result<Vec<u8>> {
    let mut command = Command::new(PROGRAM);
    command.args(arguments);
    // An interruption from the keyboard is for this program, which ends in its own way.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    match command.output() {
        Ok(Output { status, stdout, .. }) if status.success() => Ok(stdout),
        Ok(Output { status, stderr, .. }) => {
            Err(failed(arguments, format!("{status}: {}", String::from_utf8_lossy(&stderr).trim())))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(Kind::MissingProgram { program: PROGRAM, command: INSTALL }.into())
        }
        Err(error) => Err(failed(arguments, error.to_string())),
    }
}

fn failed(arguments: &[&str], reason: String) -> crate::Error {
    Kind::Program { command: format!("{PROGRAM} {}", arguments.join(" ")), reason }.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The program, or word that a test is skipped.
    fn espeak() -> Option<Espeak> {
        Espeak::find().inspect_err(|error| println!("skipped: {error}")).ok()
    }

    #[test]
    fn voices_of_the_splits_are_apart() {
        assert_eq!(voices().map(|voices| voices.len()), [240, 15, 30]);
        let mut all = VARIANTS.concat();
        all.sort_unstable();
        assert!(all.windows(2).all(|pair| pair[0] != pair[1]));
    }

    #[test]
    fn every_variant_and_accent_speaks_and_says_the_same_again() {
        let Some(espeak) = espeak() else { return };
        assert!(!espeak.version.is_empty());
        // Each variant once, each accent many times.
        let voices = VARIANTS.concat().into_iter().zip(ACCENTS.iter().cycle());
        for voice in voices.map(|(variant, accent)| format!("{accent}+{variant}")) {
            let wav = say(&voice, "170", "50", "seven").unwrap();
            let loudest = wav.samples.iter().fold(0.0f32, |a, b| a.max(b.abs()));
            let seconds = wav.samples.len() as f64 / f64::from(wav.rate);
            assert!(loudest > 0.05 && (0.3..2.0).contains(&seconds), "{voice}: {loudest}, {seconds} s");
        }
        let again = |seed| espeak.utterance(2, vec![1, 2, 3], Random::new(seed)).unwrap();
        assert_eq!(again(1), again(1));
        assert_ne!(again(1), again(2));
    }

    #[test]
    fn what_the_program_says_of_an_error_is_said() {
        if espeak().is_some() {
            let error = say("xx-none", "170", "50", "one").unwrap_err().to_string();
            assert!(
                error.contains("espeak-ng -v xx-none") && error.contains("voice does not exist"),
                "{error}"
            );
        }
    }
}

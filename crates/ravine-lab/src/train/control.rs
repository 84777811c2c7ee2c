//! What can be asked of a run under way.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::{Duration, Instant};

/// Time between two looks at the file.
const PAUSE: Duration = Duration::from_millis(100);
/// More bytes than any file of orders has.
const LARGEST: u64 = 1 << 16;

/// Something to be done between two steps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Order {
    /// Multiply the learning rate.
    Scale(f64),
    /// Set the learning rate that the schedule starts from.
    Rate(f64),
    /// Evaluate; this does not count for patience, plateau or the best.
    Evaluate,
    /// Write a checkpoint.
    Checkpoint,
    /// Write a checkpoint and end.
    Stop,
}

impl FromStr for Order {
    type Err = String;

    /// Reads `lr 0.5x`, `lr 1e-3`, `evaluate`, `checkpoint` or `stop`.
    fn from_str(text: &str) -> Result<Self, String> {
        let number = |text: &str| match text.parse::<f64>() {
            Ok(x) if x > 0.0 && x.is_finite() => Ok(x),
            _ => Err(format!("'{text}' is no number above 0; write lr 0.5x or lr 1e-3")),
        };
        match text.split_whitespace().collect::<Vec<_>>()[..] {
            ["lr", value] => match value.strip_suffix('x') {
                Some(factor) => number(factor).map(Self::Scale),
                None => number(value).map(Self::Rate),
            },
            ["evaluate"] => Ok(Self::Evaluate),
            ["checkpoint"] => Ok(Self::Checkpoint),
            ["stop"] => Ok(Self::Stop),
            _ => Err(format!("'{}': expected lr, evaluate, checkpoint or stop", text.trim())),
        }
    }
}

/// The file `control` of a run's folder: orders, one a line. It is taken away once it is read.
pub(super) struct Control {
    path: PathBuf,
    next: Instant,
    /// What stood there at the last look: a file is taken once it has stood still from one look to the next.
    seen: Option<String>,
}

impl Control {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, next: Instant::now(), seen: None }
    }

    /// The orders of the file, if there is one; else what is wrong with it. Then none of it is to be done.
    pub(super) fn take(&mut self) -> Result<Vec<Order>, String> {
        if Instant::now() < self.next {
            return Ok(Vec::new());
        }
        self.next = Instant::now() + PAUSE;
        let Some(text) = read(&self.path) else {
            self.seen = None;
            return Ok(Vec::new());
        };
        if self.seen.as_ref() != Some(&text) {
            self.seen = Some(text);
            return Ok(Vec::new());
        }
        self.seen = None;
        std::fs::remove_file(&self.path).map_err(|error| {
            // It would be carried out again and again.
            format!("cannot take away {}: {error}; nothing of it is done", self.path.display())
        })?;
        let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
        lines
            .map(|(number, line)| {
                line.parse().map_err(|what| {
                    format!("{}, line {}: {what}; nothing of it is done", self.path.display(), number + 1)
                })
            })
            .collect()
    }
}

/// A file of text that is not empty.
fn read(path: &Path) -> Option<String> {
    let about = path.metadata().ok()?;
    if !about.is_file() || !(1..LARGEST).contains(&about.len()) {
        return None;
    }
    std::fs::read(path).ok().map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_are_read() {
        for (text, order) in [
            ("lr 0.5x", Order::Scale(0.5)),
            (" lr  1e-3 ", Order::Rate(1e-3)),
            ("evaluate", Order::Evaluate),
            ("checkpoint", Order::Checkpoint),
            ("stop", Order::Stop),
        ] {
            assert_eq!(text.parse(), Ok(order));
        }
        for text in ["lr", "lr x", "lr -1", "lr 0x", "lr nan", "lr 1 2", "faster"] {
            assert!(text.parse::<Order>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_file_is_taken_once_it_stands_still() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("control");
        let mut control = Control::new(path.clone());
        let mut look = || {
            control.next = Instant::now();
            control.take()
        };
        assert_eq!(look(), Ok(vec![]));
        std::fs::write(&path, "lr 0").unwrap();
        assert_eq!(look(), Ok(vec![]));
        std::fs::write(&path, "lr 0.5x\nevaluate\n").unwrap();
        assert_eq!(look(), Ok(vec![]));
        assert_eq!(look(), Ok(vec![Order::Scale(0.5), Order::Evaluate]));
        assert!(!path.exists());
        std::fs::write(&path, "stop\nlr fast\n").unwrap();
        assert_eq!(look(), Ok(vec![]));
        let told = look().unwrap_err();
        assert!(told.contains("line 2") && told.contains("'fast'") && !path.exists(), "{told}");
    }
}

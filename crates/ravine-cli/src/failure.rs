//! How the command ends when it cannot do what it was asked.

use std::io::{ErrorKind, Write};
use std::process::ExitCode;

/// A reason to end.
pub(crate) enum Failure {
    /// The arguments make no sense: exit code 2.
    Usage(String),
    /// Something went wrong: exit code 1.
    Error(String),
    /// Stopped from outside: exit code 130. The text says how to go on.
    Interrupted(String),
    /// Nobody reads the output any more, as under `| head`: no failure.
    Unread,
}

/// Writes a line to standard error. Where that cannot be written, nobody is there to be told.
pub(crate) fn say(message: &str) {
    writeln!(std::io::stderr(), "{message}").ok();
}

/// The command's result.
pub(crate) type Result<T = (), E = Failure> = std::result::Result<T, E>;

impl Failure {
    /// Says what happened and gives the exit code.
    pub(crate) fn report(self) -> ExitCode {
        let (message, code) = match self {
            Self::Usage(message) => (format!("error: {message}\n\nFor more information, try '--help'."), 2),
            Self::Error(message) => (format!("error: {message}"), 1),
            Self::Interrupted(message) => (message, 130),
            Self::Unread => return ExitCode::SUCCESS,
        };
        say(&message);
        ExitCode::from(code)
    }

    /// A wrong argument.
    pub(crate) fn usage(error: impl ToString) -> Self {
        Self::Usage(error.to_string())
    }
}

impl From<ravine_lab::Error> for Failure {
    fn from(error: ravine_lab::Error) -> Self {
        if error.is_usage() { Self::usage(error) } else { Self::Error(error.to_string()) }
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            ErrorKind::BrokenPipe => Self::Unread,
            _ => Self::Error(format!("cannot write the output: {error}")),
        }
    }
}

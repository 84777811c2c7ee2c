//! The command line, to be run again.

use ravine_lab::shell;

/// The command line less these flags, quoted for a shell.
pub(crate) fn command(without: &[&str]) -> String {
    let arguments = std::env::args_os().skip(1).map(|argument| argument.to_string_lossy().into_owned());
    let kept = arguments.filter(|argument| !without.contains(&argument.as_str()));
    let quoted = kept.map(|argument| shell::quote(&argument));
    std::iter::once("ravine".to_string()).chain(quoted).collect::<Vec<_>>().join(" ")
}

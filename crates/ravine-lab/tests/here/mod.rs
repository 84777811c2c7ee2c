//! What tests do without data that is not installed.

use ravine_lab::Error;

/// What was loaded; `None`, with the reason printed, where its data is missing.
///
/// # Panics
/// With any other error.
pub(crate) fn here<T>(what: &str, loaded: Result<T, Error>) -> Option<T> {
    match loaded {
        Ok(loaded) => Some(loaded),
        Err(error) if error.is_missing_data() => {
            println!("skipped {what}: {error}");
            None
        }
        Err(error) => panic!("{what}: {error}"),
    }
}

//! What can go wrong, said so that it can be put right.

use std::path::PathBuf;

/// An error of the laboratory. Its message says what was expected, what came, and where.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct Error(#[from] Kind);

/// The laboratory's result.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// What went wrong where a trial is trained outside this library.
    pub fn outside(reason: impl Into<String>) -> Self {
        Kind::Outside { reason: reason.into() }.into()
    }

    /// Whether this is no failure but the answer to a request to stop.
    pub fn is_interruption(&self) -> bool {
        matches!(self.0, Kind::Interrupted)
    }

    /// Whether what was asked for makes no sense, rather than that it cannot be done.
    pub fn is_usage(&self) -> bool {
        matches!(
            self.0,
            Kind::UnknownName { .. }
                | Kind::EmptyPlan { .. }
                | Kind::Twice { .. }
                | Kind::Same { .. }
                | Kind::BadOption { .. }
                | Kind::BadSpec { .. }
                | Kind::Engine(_)
                | Kind::Expression { .. }
                | Kind::Dimension { .. }
        )
    }

    /// Whether data is missing that can be installed.
    pub fn is_missing_data(&self) -> bool {
        matches!(self.0, Kind::MissingData { .. })
    }

    /// Whether there is no run store yet.
    pub fn is_no_store(&self) -> bool {
        matches!(self.0, Kind::NoStore { .. })
    }

    /// The column at which a typed function cannot be read, counted from 1.
    pub fn column(&self) -> Option<usize> {
        match self.0 {
            Kind::Expression { column, .. } => Some(column),
            _ => None,
        }
    }

    pub(crate) fn into_kind(self) -> Kind {
        self.0
    }
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum Kind {
    #[error("unknown {what} '{name}'; there are: {known}")]
    UnknownName { what: &'static str, name: String, known: String },
    #[error("cannot {action} {}: {source}", path.display())]
    Io { action: &'static str, path: PathBuf, source: std::io::Error },
    #[error("{}: {what}: expected {expected}, found {found}", path.display())]
    DamagedData { path: PathBuf, what: String, expected: String, found: String },
    #[error("{name} is not in {}: {files} missing; get it with `{command}`, or name its folder", path.display())]
    MissingData { name: &'static str, path: PathBuf, files: String, command: &'static str },
    #[error("{place}: {reason}")]
    BadData { place: String, reason: String },
    #[error("the program {program} is not here; get it with `{command}`")]
    MissingProgram { program: &'static str, command: &'static str },
    #[error("`{command}` failed: {reason}")]
    Program { command: String, reason: String },
    #[error(
        "no folder to keep files in: neither {variable} nor XDG_CACHE_HOME nor HOME is set; name a folder"
    )]
    NoCacheFolder { variable: &'static str },
    #[error(transparent)]
    Engine(ravine::Error),
    #[error(transparent)]
    Network(ravine_nn::Error),
    #[error("a comparison needs at least one {what}")]
    EmptyPlan { what: &'static str },
    #[error("the {what} '{name}' is given twice")]
    Twice { what: &'static str, name: String },
    #[error("the {what}s '{first}' and '{second}' are one and the same")]
    Same { what: &'static str, first: String, second: String },
    #[error("{option} must be {expected}, not {got}")]
    BadOption { option: &'static str, expected: String, got: String },
    #[error("workload {name}: {what}")]
    BadSpec { name: &'static str, what: String },
    #[error("cannot read the function at column {column}: {reason}\n{pointer}")]
    Expression { column: usize, reason: String, pointer: String },
    #[error("{what} needs {}, not {got}", numbers(.names))]
    Dimension { what: &'static str, names: Vec<String>, got: usize },
    #[error("{name} has no {what} at {}", place(.at))]
    Undefined { what: &'static str, name: String, at: Vec<f64> },
    #[error("the curvature cannot be measured: a gradient is not finite")]
    NoCurvature,
    #[error("cannot draw the picture: {what}")]
    Picture { what: String },
    #[error("interrupted")]
    Interrupted,
    #[error("{reason}")]
    Outside { reason: String },
    #[error("there is no run store at {}", path.display())]
    NoStore { path: PathBuf },
    #[error("{}: not a run store of Ravine; name another file, or move this one away", path.display())]
    NotAStore { path: PathBuf },
    #[error("{}: a run store of layout {found}; this version reads layout {expected}", path.display())]
    StoreLayout { path: PathBuf, expected: i64, found: i64 },
    #[error("run store {}: {source}", path.display())]
    Store { path: PathBuf, source: rusqlite::Error },
    #[error("nothing to resume: {} holds no comparison of these very arguments", path.display())]
    NothingToResume { path: PathBuf },
    #[error("comparison {comparison} in {} is being run by another process", path.display())]
    InUse { path: PathBuf, comparison: i64 },
    #[error("{} holds a run already: go on with it (--resume), or write over it (--overwrite)", path.display())]
    RunExists { path: PathBuf },
    #[error("nothing to resume: {} holds no run", path.display())]
    NoRun { path: PathBuf },
    #[error("the run in {} is being trained by another process", path.display())]
    RunInUse { path: PathBuf },
    #[error("{}: that is another run: {differences}", path.display())]
    OtherRun { path: PathBuf, differences: String },
    #[error("{}: {what}", path.display())]
    BadFile { path: PathBuf, what: String },
}

/// `2 numbers, one each for x and y`.
fn numbers(names: &[String]) -> String {
    match names {
        [name] => format!("1 number, for {name}"),
        [names @ .., last] if names.len() < 8 => {
            format!("{} numbers, one each for {} and {last}", names.len() + 1, names.join(", "))
        }
        [first, .., last] => format!("{} numbers, one each for {first} to {last}", names.len()),
        [] => "no numbers".into(),
    }
}

/// `(1, 2)`, or the first coordinates of a point that has many.
fn place(at: &[f64]) -> String {
    let some: Vec<String> = at.iter().take(8).map(f64::to_string).collect();
    match (at.len(), some.join(", ")) {
        (1, one) => one,
        (2..=8, all) => format!("({all})"),
        (n, some) => format!("({some}, ... {n} numbers)"),
    }
}

impl From<ravine_nn::Error> for Error {
    fn from(error: ravine_nn::Error) -> Self {
        Kind::Network(error).into()
    }
}

impl From<ravine::Error> for Error {
    fn from(error: ravine::Error) -> Self {
        Kind::Engine(error).into()
    }
}

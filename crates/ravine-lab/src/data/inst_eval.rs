//! Students' ratings of lectures at ETH Zürich: 73421 of them, as R's package lme4 has them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::rdata::Frame;
use super::{Entry, Files, Ratings, files};
use crate::error::{Kind, Result};

const NAME: &str = "inst-eval";
const COMMAND: &str = "apt-get install r-cran-lme4";
const FILES: [&str; 2] = ["Rdata.rdx", "Rdata.rdb"];
const STUDENTS: usize = 2972;
const LECTURERS: usize = 1128;
const SHA256: &str = "2fc7c589d2353bdf4831b852278ef56cb2c45b7632411b7191fe9e20257765ac";

/// Where Debian's package puts the files.
pub const DEFAULT_FOLDER: &str = "/usr/lib/R/site-library/lme4/data";

/// What the catalogue says of it.
pub const ENTRY: Entry<Ratings> = Entry {
    name: NAME,
    title: "students' ratings of lecturers, 1 to 5",
    size: "73421 ratings, 2972 students x 1128 lecturers",
    license: "GPL-2+ (as part of lme4)",
    origin: "ETH Zürich, as InstEval of Bates, Mächler, Bolker and Walker's lme4",
    files: Some(Files { command: COMMAND, folder, check: |dir| load(dir).map(drop) }),
    load: |dir| load(dir).map(Arc::new),
};

fn folder(dir: Option<&Path>) -> PathBuf {
    files::folder(dir, NAME, DEFAULT_FOLDER)
}

fn load(dir: Option<&Path>) -> Result<Ratings> {
    let folder = folder(dir);
    files::present(NAME, &folder, &FILES, COMMAND)?;
    let ratings = read(&folder)?;
    if ratings.sha256 != SHA256 {
        let what = "SHA-256 of students, lecturers and ratings".into();
        let (expected, found) = (SHA256.into(), ratings.sha256);
        return Err(Kind::DamagedData { path: folder.join(FILES[1]), what, expected, found }.into());
    }
    Ok(ratings)
}

/// The codes of students and lecturers count from 1.
fn read(folder: &Path) -> Result<Ratings> {
    let frame = Frame::read(folder, "InstEval")?;
    let column = |name: &str, largest: usize| -> Result<Vec<u32>> {
        let column = frame.column(name)?.iter().enumerate();
        let checked = column.map(|(row, &code)| match u32::try_from(code) {
            Ok(code @ 1..) if code as usize <= largest => Ok(code),
            _ => {
                let (path, what) = (folder.join(FILES[1]), format!("row {} of {name}", row + 1));
                let (expected, found) = (format!("1 to {largest}"), code.to_string());
                Err(Kind::DamagedData { path, what, expected, found }.into())
            }
        });
        checked.collect()
    };
    let (students, lecturers, marks) = (column("s", STUDENTS)?, column("d", LECTURERS)?, column("y", 5)?);
    let published: Vec<(u32, u32, f32)> = students
        .iter()
        .zip(&lecturers)
        .zip(&marks)
        .map(|((student, lecturer), &mark)| (student - 1, lecturer - 1, mark as f32))
        .collect();
    Ok(Ratings::new(NAME, [STUDENTS, LECTURERS], &published))
}

#[cfg(test)]
mod tests {
    use super::super::rdata::tests::write;
    use super::*;

    #[test]
    fn files_that_are_missing_or_hold_something_else_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let message = |()| load(Some(folder.path())).unwrap_err().to_string();
        let missing = message(());
        assert!(missing.contains("Rdata.rdx, Rdata.rdb missing") && missing.contains(COMMAND), "{missing}");
        write(folder.path(), "InstEval", &[("s", &[1, 2]), ("d", &[1, 1]), ("y", &[5, 6])]);
        let range = message(());
        assert!(range.contains("row 2 of y: expected 1 to 5, found 6"), "{range}");
        write(folder.path(), "InstEval", &[("s", &[1, 2]), ("d", &[1, 1128]), ("y", &[5, 1])]);
        assert_eq!(read(folder.path()).unwrap().value.len(), 2);
        let other = message(());
        assert!(other.contains("SHA-256 of students"), "{other}");
    }

    #[test]
    fn the_package_has_what_the_catalogue_says() {
        let ratings = match (ENTRY.load)(None) {
            Ok(ratings) => ratings,
            Err(error) if error.is_missing_data() => return println!("skipped: {error}"),
            Err(error) => panic!("{error}"),
        };
        assert_eq!(ratings.value.len(), 73_421);
        assert_eq!(ratings.split(), [58_736, 7342, 7343]);
    }
}

//! What one who watches a comparison reads while another process writes.

use super::{Store, json, layout};
use crate::comparison::End;
use crate::error::{Kind, Result};
use rusqlite::{Connection, OpenFlags, params};
use std::path::Path;
use std::sync::Mutex;

/// A trial under way, or one that has ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Watched {
    /// Its id. A trial that begins later has a higher one.
    pub id: i64,
    /// Whether it is a tuning trial.
    pub tuning: bool,
    /// Workload.
    pub workload: String,
    /// Optimizer's spec.
    pub optimizer: String,
    /// Schedule's spec.
    pub schedule: String,
    /// Learning rate.
    pub lr: f64,
    /// Seed.
    pub seed: u64,
    /// How it ended, if it has.
    pub end: Option<End>,
    /// Validation metric at the end, if there is one.
    pub validation: Option<f64>,
    /// Steps and validation metric of each evaluation.
    pub curve: Vec<(u64, f64)>,
}

impl Store {
    /// Opens a store to read only: nothing is made, laid out or written. A file that is not laid out yet is none.
    ///
    /// # Errors
    /// There is no store; the file cannot be read, is no run store, or is one of another layout.
    pub fn reader(path: &Path) -> Result<Self> {
        if !path.is_file() {
            return Err(Kind::NoStore { path: path.into() }.into());
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags);
        let connection = connection.map_err(|source| Kind::Store { path: path.into(), source })?;
        let found = layout::read(&connection).map_err(|source| Self::unreadable(path, source))?;
        if found == layout::EMPTY {
            return Err(Kind::NoStore { path: path.into() }.into());
        }
        Self::recognised(path, found)?;
        Ok(Self { connection: Mutex::new(connection), path: path.into() })
    }

    /// Whether a process holds the right to run a comparison, or was killed while it did.
    pub fn is_claimed(&self, comparison: i64) -> bool {
        super::claim::path(&self.path, comparison).is_file()
    }

    /// How many trials of a comparison have ended.
    pub fn ended(&self, comparison: i64) -> Result<u64> {
        let sql = "SELECT count(*) FROM trial WHERE comparison = ? AND end IS NOT NULL";
        let count: i64 = self.wrap(self.connection().query_row(sql, [comparison], |row| row.get(0)))?;
        Ok(count as u64)
    }

    /// The first `limit` trials of a comparison from an id on, in their order.
    pub fn trials_from(&self, comparison: i64, id: i64, limit: usize) -> Result<Vec<Watched>> {
        let connection = self.connection();
        let mut trials = self.wrap(connection.prepare_cached(
            "SELECT id, tuning, workload, optimizer, schedule, lr, seed, end, validation FROM trial \
             WHERE comparison = ? AND id >= ? ORDER BY id LIMIT ?",
        ))?;
        let mut points = self.wrap(
            connection.prepare_cached("SELECT step, validation FROM point WHERE trial = ? ORDER BY step"),
        )?;
        let rows = trials.query_map(params![comparison, id, limit as i64], |row| {
            let id: i64 = row.get(0)?;
            let curve = points.query_map([id], |row| {
                Ok((row.get::<_, i64>(0)? as u64, row.get::<_, Option<f64>>(1)?.unwrap_or(f64::NAN)))
            })?;
            Ok(Watched {
                id,
                tuning: row.get(1)?,
                workload: row.get(2)?,
                optimizer: row.get(3)?,
                schedule: row.get(4)?,
                lr: row.get(5)?,
                seed: row.get::<_, i64>(6)? as u64,
                end: row.get::<_, Option<String>>(7)?.map(|_| json(row, 7)).transpose()?,
                validation: row.get(8)?,
                curve: curve.collect::<rusqlite::Result<_>>()?,
            })
        });
        self.wrap(rows.and_then(Iterator::collect))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::{self, Execution};
    use crate::plan::Plan;
    use std::sync::atomic::AtomicBool;

    #[test]
    fn a_reader_sees_what_a_writer_wrote_and_makes_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("runs.sqlite");
        assert!(Store::reader(&path).err().unwrap().to_string().contains("no run store"));
        assert_eq!(folder.path().read_dir().unwrap().count(), 0);
        std::fs::write(&path, "").unwrap();
        assert!(Store::reader(&path).err().unwrap().to_string().contains("no run store"), "not laid out yet");
        std::fs::write(&path, "something else").unwrap();
        assert!(Store::reader(&path).err().unwrap().to_string().contains("not a run store"));
        std::fs::remove_file(&path).unwrap();

        let plan = Plan {
            workloads: vec!["iris-softmax".into()],
            optimizers: vec!["sgd".into()],
            schedules: vec!["constant".into()],
            budget: 2,
            tuning_seeds: 1,
            seeds: 2,
            epochs: Some(1),
            fixed_order: false,
        };
        let workloads = plan.check(None).unwrap();
        let store = Store::open(&path).unwrap();
        let id = compare::begin(&store, &plan, &workloads, "ravine compare", 1, false).unwrap();
        let reader = Store::reader(&path).unwrap();
        assert_eq!((reader.ended(id).unwrap(), reader.is_claimed(id)), (0, false));
        let claim = store.claim(id).unwrap();
        assert!(reader.is_claimed(id));
        drop(claim);
        let execution = Execution { jobs: 1, stop: &AtomicBool::new(false), watch: &|_| {} };
        compare::run(&store, id, &plan, &workloads, &execution).unwrap();

        let ended = reader.ended(id).unwrap();
        let trials = reader.trials_from(id, 0, 100).unwrap();
        assert_eq!((trials.len() as u64, trials.iter().filter(|trial| !trial.tuning).count()), (ended, 2));
        let last = &trials[trials.len() - 1];
        assert_eq!(last.end, Some(End::Finished));
        assert_eq!(last.validation, last.curve.last().map(|point| point.1));
        assert_eq!(reader.trials_from(id, last.id, 100).unwrap(), std::slice::from_ref(last));
        assert_eq!(reader.trials_from(id, 0, 1).unwrap(), trials[..1]);
        assert!(reader.begin_trial_is_refused(id));
    }

    impl Store {
        fn begin_trial_is_refused(&self, comparison: i64) -> bool {
            self.finish(comparison).err().is_some_and(|error| error.to_string().contains("readonly"))
        }
    }
}

//! The run store: one SQLite file that holds every trial of every comparison, written as it happens.
//!
//! Each evaluation is a row, committed when it is made, in write-ahead mode: a process that is killed loses at most the
//! row being written, and the file opens clean. Reports are made from the store alone.

mod claim;
mod layout;
mod watch;

pub use claim::Claim;
pub use watch::Watched;

use crate::comparison::{Point, WorkloadResult};
use crate::error::{Kind, Result};
use crate::plan::Plan;
use crate::trial::Done;
use crate::workload::Evaluation;
use rusqlite::{Connection, ErrorCode, OptionalExtension, Row, TransactionBehavior, params};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard};

/// An open run store. Threads may share it.
pub struct Store {
    connection: Mutex<Connection>,
    path: PathBuf,
}

/// A comparison in the store.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Stored {
    /// Its id.
    pub id: i64,
    /// What was asked for.
    pub plan: Plan,
    /// Hash of plan and data.
    pub plan_hash: String,
    /// The workloads, without arms.
    pub workloads: Vec<WorkloadResult>,
    /// The command that makes it again.
    pub command: String,
    /// The version that made it.
    pub version: String,
    /// The machine it ran on.
    pub machine: String,
    /// Trials side by side.
    pub jobs: usize,
    /// When it started.
    pub started: String,
    /// Seconds that it ran, all sessions together.
    pub seconds: f64,
    /// Whether all its trials are done.
    pub finished: bool,
}

/// Which trial of a comparison.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Key<'a> {
    /// The comparison's id.
    pub comparison: i64,
    /// Whether it is a tuning trial.
    pub tuning: bool,
    /// Workload.
    pub workload: &'a str,
    /// Optimizer's spec.
    pub optimizer: &'a str,
    /// Schedule's spec.
    pub schedule: &'a str,
    /// Learning rate.
    pub lr: f64,
    /// Seed.
    pub seed: u64,
}

impl<'a> Key<'a> {
    /// Its values in the order of the table's columns.
    fn columns(self) -> (i64, bool, &'a str, &'a str, &'a str, f64, i64) {
        let Self { comparison, tuning, workload, optimizer, schedule, lr, seed } = self;
        (comparison, tuning, workload, optimizer, schedule, lr, seed as i64)
    }
}

/// A finished trial in the store.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredTrial {
    /// Its id.
    pub id: i64,
    /// Learning rate.
    pub lr: f64,
    /// Seed.
    pub seed: u64,
    /// What came of it.
    pub done: Done,
}

impl Store {
    /// Opens a store, or makes one where there is no file yet.
    ///
    /// # Errors
    /// The file cannot be opened or written, is no run store, or is one of another layout.
    pub fn open(path: &Path) -> Result<Self> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(|source| Kind::Io {
                action: "make the folder",
                path: folder.into(),
                source,
            })?;
        }
        Self::with(path, Connection::open(path))
    }

    /// Opens a store that is there.
    ///
    /// # Errors
    /// As [`open`](Self::open), and where there is none.
    pub fn existing(path: &Path) -> Result<Self> {
        if !path.is_file() {
            return Err(Kind::NoStore { path: path.into() }.into());
        }
        Self::with(path, Connection::open(path))
    }

    fn with(path: &Path, connection: rusqlite::Result<Connection>) -> Result<Self> {
        let error = |source| Self::unreadable(path, source);
        if path.is_dir() {
            return Err(Kind::NotAStore { path: path.into() }.into());
        }
        let mut connection = connection.map_err(error)?;
        Self::recognised(path, layout::prepare(&mut connection).map_err(error)?)?;
        layout::write_ahead(&connection).map_err(error)?;
        Ok(Self { connection: Mutex::new(connection), path: path.into() })
    }

    fn unreadable(path: &Path, source: rusqlite::Error) -> Kind {
        match source.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => Kind::NotAStore { path: path.into() },
            _ => Kind::Store { path: path.into(), source },
        }
    }

    /// Checks the application and the layout that a file says it is of.
    fn recognised(path: &Path, (application, found): (i64, i64)) -> Result<()> {
        if application != layout::APPLICATION {
            return Err(Kind::NotAStore { path: path.into() }.into());
        }
        if found != layout::LAYOUT {
            return Err(Kind::StoreLayout { path: path.into(), expected: layout::LAYOUT, found }.into());
        }
        Ok(())
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn connection(&self) -> MutexGuard<'_, Connection> {
        // SQLite rolls back what a panicking thread left unfinished.
        self.connection.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    fn wrap<T>(&self, result: rusqlite::Result<T>) -> Result<T> {
        result.map_err(|source| Kind::Store { path: self.path.clone(), source }.into())
    }

    /// Notes a new comparison and gives its id.
    pub fn begin(
        &self,
        plan: &Plan,
        plan_hash: &str,
        workloads: &[WorkloadResult],
        command: &str,
        machine: &str,
        jobs: usize,
    ) -> Result<i64> {
        let connection = self.connection();
        let plan = serde_json::to_string(plan).expect("plain data has a JSON form");
        let workloads = serde_json::to_string(workloads).expect("plain data has a JSON form");
        self.wrap(connection.execute(
            "INSERT INTO comparison (plan, plan_hash, workloads, command, version, machine, jobs) \
             VALUES (?, ?, ?, ?, ?, ?, ?)",
            params![plan, plan_hash, workloads, command, env!("CARGO_PKG_VERSION"), machine, jobs as i64],
        ))?;
        Ok(connection.last_insert_rowid())
    }

    /// Claims a comparison for this process: until the claim is dropped no other can run it.
    pub fn claim(&self, comparison: i64) -> Result<Claim> {
        Claim::new(&self.path, comparison)
    }

    /// Forgets the trials of a comparison that were under way when its process ended; they start afresh.
    pub fn drop_unfinished(&self, comparison: i64) -> Result<()> {
        let sql = "DELETE FROM trial WHERE comparison = ? AND end IS NULL";
        self.wrap(self.connection().execute(sql, [comparison])).map(drop)
    }

    /// How long a comparison ran so far.
    pub fn seconds(&self, comparison: i64) -> Result<f64> {
        let sql = "SELECT seconds FROM comparison WHERE id = ?";
        self.wrap(self.connection().query_row(sql, [comparison], |row| row.get(0)))
    }

    /// Notes that all trials of a comparison are done.
    pub fn finish(&self, comparison: i64) -> Result<()> {
        let sql = "UPDATE comparison SET finished = 1 WHERE id = ?";
        self.wrap(self.connection().execute(sql, [comparison])).map(drop)
    }

    /// All comparisons, oldest first.
    pub fn comparisons(&self) -> Result<Vec<Stored>> {
        let connection = self.connection();
        let mut statement = self.wrap(connection.prepare(
            "SELECT id, plan, plan_hash, workloads, command, version, machine, jobs, started, seconds, finished \
             FROM comparison ORDER BY id",
        ))?;
        let rows = statement.query_map([], |row| {
            Ok(Stored {
                id: row.get(0)?,
                plan: json(row, 1)?,
                plan_hash: row.get(2)?,
                workloads: json(row, 3)?,
                command: row.get(4)?,
                version: row.get(5)?,
                machine: row.get(6)?,
                jobs: row.get::<_, i64>(7)? as usize,
                started: row.get(8)?,
                seconds: row.get(9)?,
                finished: row.get(10)?,
            })
        });
        self.wrap(rows.and_then(Iterator::collect))
    }

    /// Notes that a trial begins and gives its id.
    pub fn begin_trial(&self, key: Key<'_>) -> Result<i64> {
        let connection = self.connection();
        self.wrap(connection.execute(
            "INSERT INTO trial (comparison, tuning, workload, optimizer, schedule, lr, seed) \
             VALUES (?, ?, ?, ?, ?, ?, ?)",
            key.columns(),
        ))?;
        Ok(connection.last_insert_rowid())
    }

    /// Notes an evaluation of a trial.
    pub fn record(&self, trial: i64, point: &Point) -> Result<()> {
        let connection = self.connection();
        let layers = serde_json::to_string(&point.layers).expect("plain data has a JSON form");
        let statement = connection.prepare_cached(
            "INSERT INTO point (trial, step, seconds, train_loss, validation_loss, validation, lr, grad_norm, layers) \
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        );
        self.wrap(statement.and_then(|mut statement| {
            statement.execute(params![
                trial,
                point.step as i64,
                point.seconds,
                point.train_loss,
                point.validation_loss,
                point.validation,
                point.lr,
                point.grad_norm,
                layers
            ])
        }))
        .map(drop)
    }

    /// Notes what came of a trial, and how long its comparison ran by then.
    pub fn end_trial(&self, trial: i64, done: &Done, seconds: f64) -> Result<()> {
        let end = serde_json::to_string(&done.end).expect("plain data has a JSON form");
        let part = |evaluation: Option<Evaluation>| {
            evaluation.map_or((None, None), |e| (Some(e.loss), Some(e.metric)))
        };
        let ((validation_loss, validation), (test_loss, test)) = (part(done.validation), part(done.test));
        let mut connection = self.connection();
        let transaction = self.wrap(connection.transaction_with_behavior(TransactionBehavior::Immediate))?;
        self.wrap(transaction.execute(
            "UPDATE trial SET end = ?, steps = ?, seconds = ?, validation_loss = ?, validation = ?, test_loss = ?, \
             test = ?, target_steps = ?, target_seconds = ? WHERE id = ?",
            params![
                end,
                done.steps as i64,
                done.seconds,
                validation_loss,
                validation,
                test_loss,
                test,
                done.target.map(|(steps, _)| steps as i64),
                done.target.map(|(_, seconds)| seconds),
                trial
            ],
        ))?;
        self.wrap(transaction.execute(
            "UPDATE comparison SET seconds = ? WHERE id = (SELECT comparison FROM trial WHERE id = ?)",
            params![seconds, trial],
        ))?;
        self.wrap(transaction.commit())
    }

    /// What came of a trial, if it was run to its end before.
    pub fn trial(&self, key: Key<'_>) -> Result<Option<StoredTrial>> {
        let connection = self.connection();
        let sql = format!("{TRIAL} AND optimizer = ? AND schedule = ? AND lr = ? AND seed = ?");
        self.wrap(connection.query_row(&sql, key.columns(), stored_trial).optional())
    }

    /// All finished trials of an arm, in the order they were begun.
    pub fn trials(
        &self,
        comparison: i64,
        tuning: bool,
        workload: &str,
        optimizer: &str,
        schedule: &str,
    ) -> Result<Vec<StoredTrial>> {
        let connection = self.connection();
        let sql = format!("{TRIAL} AND optimizer = ? AND schedule = ? ORDER BY id");
        let mut statement = self.wrap(connection.prepare_cached(&sql))?;
        let rows =
            statement.query_map(params![comparison, tuning, workload, optimizer, schedule], stored_trial);
        self.wrap(rows.and_then(Iterator::collect))
    }

    /// The evaluations of a trial.
    pub fn points(&self, trial: i64) -> Result<Vec<Point>> {
        let connection = self.connection();
        let mut statement = self.wrap(connection.prepare_cached(
            "SELECT step, seconds, train_loss, validation_loss, validation, lr, grad_norm, layers \
             FROM point WHERE trial = ? ORDER BY step",
        ))?;
        let rows = statement.query_map([trial], |row| {
            // SQLite keeps NaN as NULL.
            let number = |column| row.get::<_, Option<f64>>(column).map(|x| x.unwrap_or(f64::NAN));
            Ok(Point {
                step: row.get::<_, i64>(0)? as u64,
                seconds: row.get(1)?,
                train_loss: number(2)?,
                validation_loss: number(3)?,
                validation: number(4)?,
                lr: row.get(5)?,
                grad_norm: number(6)?,
                layers: json(row, 7)?,
            })
        });
        self.wrap(rows.and_then(Iterator::collect))
    }
}

const TRIAL: &str = "SELECT id, lr, seed, end, steps, seconds, validation_loss, validation, test_loss, test, \
     target_steps, target_seconds FROM trial WHERE end IS NOT NULL AND comparison = ? AND tuning = ? AND workload = ?";

fn stored_trial(row: &Row<'_>) -> rusqlite::Result<StoredTrial> {
    let evaluation = |loss, metric| -> rusqlite::Result<_> {
        let metric: Option<f64> = row.get(metric)?;
        let loss: Option<f64> = row.get(loss)?;
        Ok(metric.map(|metric| Evaluation { loss: loss.unwrap_or(f64::NAN), metric }))
    };
    let (steps, seconds): (Option<i64>, Option<f64>) = (row.get(10)?, row.get(11)?);
    Ok(StoredTrial {
        id: row.get(0)?,
        lr: row.get(1)?,
        seed: row.get::<_, i64>(2)? as u64,
        done: Done {
            end: json(row, 3)?,
            steps: row.get::<_, i64>(4)? as u64,
            seconds: row.get(5)?,
            validation: evaluation(6, 7)?,
            test: evaluation(8, 9)?,
            target: steps.zip(seconds).map(|(steps, seconds)| (steps as u64, seconds)),
        },
    })
}

/// A column that holds JSON.
fn json<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> rusqlite::Result<T> {
    let text: String = row.get(column)?;
    serde_json::from_str(&text).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, error.into())
    })
}

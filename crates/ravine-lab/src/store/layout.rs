//! The tables of a run store.

use rusqlite::{Connection, ErrorCode, TransactionBehavior};
use std::time::{Duration, Instant};

/// The layout that this version reads and writes, kept in SQLite's `user_version`.
pub(super) const LAYOUT: i64 = 1;
/// Marks the file as ours, in SQLite's `application_id`: "RVNE".
pub(super) const APPLICATION: i64 = 0x5256_4e45;
/// What [`read`] gives of a file that nothing was laid out in.
pub(super) const EMPTY: (i64, i64) = (0, 0);

const SCHEMA: &str = "
    CREATE TABLE comparison (
        id INTEGER PRIMARY KEY,
        plan TEXT NOT NULL,
        plan_hash TEXT NOT NULL,
        workloads TEXT NOT NULL,
        command TEXT NOT NULL,
        version TEXT NOT NULL,
        machine TEXT NOT NULL,
        jobs INTEGER NOT NULL,
        started TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ', 'now')),
        seconds REAL NOT NULL DEFAULT 0,
        finished INTEGER NOT NULL DEFAULT 0
    );
    CREATE TABLE trial (
        id INTEGER PRIMARY KEY,
        comparison INTEGER NOT NULL REFERENCES comparison (id),
        tuning INTEGER NOT NULL,
        workload TEXT NOT NULL,
        optimizer TEXT NOT NULL,
        schedule TEXT NOT NULL,
        lr REAL NOT NULL,
        seed INTEGER NOT NULL,
        end TEXT,
        steps INTEGER,
        seconds REAL,
        validation_loss REAL,
        validation REAL,
        test_loss REAL,
        test REAL,
        target_steps INTEGER,
        target_seconds REAL,
        UNIQUE (comparison, tuning, workload, optimizer, schedule, lr, seed)
    );
    CREATE TABLE point (
        trial INTEGER NOT NULL REFERENCES trial (id) ON DELETE CASCADE,
        step INTEGER NOT NULL,
        seconds REAL NOT NULL,
        train_loss REAL,
        validation_loss REAL,
        validation REAL,
        lr REAL NOT NULL,
        grad_norm REAL,
        layers TEXT NOT NULL,
        PRIMARY KEY (trial, step)
    ) WITHOUT ROWID;
";

/// How long to wait for another process that holds the file.
const PATIENCE: Duration = Duration::from_secs(10);

/// Lays out a file that holds nothing yet, and gives the application and the layout that it says it is of.
pub(super) fn prepare(connection: &mut Connection) -> rusqlite::Result<(i64, i64)> {
    connection.busy_timeout(PATIENCE)?;
    let tables = |connection: &Connection| {
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0))
    };
    if tables(connection)? == 0 {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        // Another process may have been first.
        if tables(&transaction)? == 0 {
            transaction.execute_batch(&format!(
                "{SCHEMA} PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {LAYOUT};"
            ))?;
        }
        transaction.commit()?;
    }
    read(connection)
}

/// Reads the application and the layout that a file says it is of.
pub(super) fn read(connection: &Connection) -> rusqlite::Result<(i64, i64)> {
    connection.busy_timeout(PATIENCE)?;
    let number = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0));
    Ok((number("PRAGMA application_id")?, number("PRAGMA user_version")?))
}

/// Turns to write-ahead mode, in which readers and a writer do not wait for one another and a killed process leaves
/// nothing half-written.
pub(super) fn write_ahead(connection: &Connection) -> rusqlite::Result<()> {
    // The file is held for a moment while another process does the same, and for this SQLite does not wait by itself.
    let start = Instant::now();
    while let Err(error) = connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(())) {
        if error.sqlite_error_code() != Some(ErrorCode::DatabaseBusy) || start.elapsed() > PATIENCE {
            return Err(error);
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    connection.execute_batch("PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON;")
}

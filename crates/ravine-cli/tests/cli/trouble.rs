//! Stores that are none, folders that cannot be written, full disks, and several processes on one store.

use crate::command::{Ran, SMALL, finish, ravine, run};
use rusqlite::Connection;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

/// A user without rights, for whom a root user runs the program.
const NOBODY: u32 = 65534;

pub(crate) fn intact(store: &Path) {
    let check = |connection: Connection| {
        connection.query_row("PRAGMA integrity_check", [], |row| row.get::<_, String>(0)).unwrap()
    };
    assert_eq!(check(Connection::open(store).unwrap()), "ok");
}

#[test]
fn what_is_no_store_is_named_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("ravine-out/runs.sqlite");
    fs::create_dir(folder.path().join("ravine-out")).unwrap();
    let refused = |words: &[&str]| {
        let bytes = fs::read(&store).ok();
        for arguments in [SMALL, &["report"], &["report", "--list"]] {
            run(folder.path(), arguments).refused(1, &[&["ravine-out/runs.sqlite"], words].concat());
        }
        assert_eq!(fs::read(&store).ok(), bytes);
        assert_eq!(fs::read_dir(folder.path().join("ravine-out")).unwrap().count(), 1);
    };
    fs::write(&store, "This is a text. ".repeat(100)).unwrap();
    refused(&["not a run store"]);
    fs::remove_file(&store).unwrap();
    Connection::open(&store).unwrap().execute_batch("CREATE TABLE a (b)").unwrap();
    refused(&["not a run store"]);
    fs::remove_file(&store).unwrap();
    run(folder.path(), SMALL).well();
    fs::remove_file(folder.path().join("ravine-out/report.html")).unwrap();
    Connection::open(&store).unwrap().execute_batch("PRAGMA user_version = 2").unwrap();
    refused(&["layout 2", "layout 1"]);
}

#[test]
fn folders_and_stores_that_are_not_there() {
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| run(folder.path(), arguments);
    run(&["report"]).refused(1, &["no run store at ravine-out/runs.sqlite"]);
    run(&[SMALL, &["--resume"]].concat()).refused(1, &["no run store at ravine-out/runs.sqlite"]);
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 0, "nothing is made");
    fs::write(folder.path().join("file"), "").unwrap();
    for out in ["--out=file", "--out=file/below", "--out=/dev/full"] {
        run(&[SMALL, &[out]].concat()).refused(1, &["cannot make the folder", &out[6..]]);
    }
    run(SMALL).well();
    run(&[SMALL, &["--seeds=4", "--resume"]].concat()).refused(2, &["'--seeds <N>' cannot be used multiple"]);
    let other = ["compare", "-w", "iris-softmax", "--resume"];
    run(&other).refused(1, &["nothing to resume", "ravine-out/runs.sqlite", "these very arguments"]);
    fs::write(folder.path().join("ravine-out/runs.sqlite"), "").unwrap();
    run(&["report"]).refused(1, &["ravine-out/runs.sqlite", "no comparison"]);
}

/// Runs the program in `folder` as a user who may be refused something; `None` where that is not possible here.
fn as_nobody(folder: &Path, arguments: &[&str]) -> Option<Ran> {
    let trial = folder.join("root?");
    fs::write(&trial, "").unwrap();
    fs::set_permissions(&trial, Permissions::from_mode(0o000)).unwrap();
    let root = fs::read(&trial).is_ok();
    fs::remove_file(&trial).unwrap();
    let command = |arguments: &[&str]| {
        let mut command = ravine(arguments);
        if root {
            command.uid(NOBODY).gid(NOBODY);
        }
        command.current_dir(folder);
        command
    };
    let output = command(&["--version"]).output();
    if !output.is_ok_and(|output| output.status.success()) {
        println!("skipped: the program cannot be run as another user here");
        return None;
    }
    Some(finish(&mut command(arguments)))
}

#[test]
fn what_may_not_be_written_or_read_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let set = |path: &str, mode| {
        fs::set_permissions(folder.path().join(path), Permissions::from_mode(mode)).unwrap();
    };
    set(".", 0o755);
    run(folder.path(), SMALL).well();
    let store = "ravine-out/runs.sqlite";
    let bytes = fs::read(folder.path().join(store)).unwrap();
    for (file, directory) in [(0o444, 0o555), (0o000, 0o555), (0o000, 0o755)] {
        set(store, file);
        set("ravine-out", directory);
        for arguments in [SMALL, &["report"]] {
            if let Some(ran) = as_nobody(folder.path(), arguments) {
                assert_eq!((ran.code, &*ran.stdout), (Some(1), ""), "{file:o} {directory:o}: {}", ran.stderr);
                assert!(
                    ran.stderr.starts_with("error: ") && ran.stderr.contains("ravine-out/r"),
                    "{}",
                    ran.stderr
                );
            }
        }
        set("ravine-out", 0o755);
        set(store, 0o644);
        assert!(fs::read(folder.path().join(store)).unwrap() == bytes);
    }
    set(".", 0o555);
    if let Some(ran) = as_nobody(folder.path(), &[SMALL, &["--out=new"]].concat()) {
        ran.refused(1, &["cannot make the folder new", "denied"]);
    }
    set(".", 0o755);
}

/// A small disk, taken away in the end.
struct Disk(tempfile::TempDir);

impl Disk {
    fn new(size: &str) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"]).arg(folder.path());
        let mounted = mount.stderr(Stdio::null()).status().is_ok_and(|status| status.success());
        if !mounted {
            println!("skipped: no small disk can be mounted here");
        }
        mounted.then_some(Self(folder))
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        Command::new("umount").arg(self.0.path()).status().ok();
    }
}

#[test]
fn a_full_disk_is_named_and_what_is_stored_stays() {
    // Full at once, in mid-run, and when the report is written.
    for size in ["16k", "64k", "256k", "384k"] {
        let Some(disk) = Disk::new(size) else { return };
        run(disk.0.path(), SMALL).refused(1, &["ravine-out/r"]);
        let store = disk.0.path().join("ravine-out/runs.sqlite");
        assert!(!disk.0.path().join("ravine-out/report.html").exists(), "no half of a report");
        // With room again, the store is as sound as ever.
        let elsewhere = tempfile::tempdir().unwrap();
        for suffix in ["", "-wal"] {
            let name = format!("runs.sqlite{suffix}");
            let from = store.with_file_name(&name);
            if from.exists() {
                fs::copy(from, elsewhere.path().join(name)).unwrap();
            }
        }
        intact(&elsewhere.path().join("runs.sqlite"));
    }
}

#[test]
fn several_processes_share_a_store() {
    let folder = tempfile::tempdir().unwrap();
    let start = |_| {
        let mut command = ravine(SMALL);
        command.current_dir(&folder).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let children: Vec<_> = (0..4).map(start).collect();
    for child in children {
        Ran::from(child.wait_with_output().unwrap()).well();
    }
    intact(&folder.path().join("ravine-out/runs.sqlite"));
    let list = run(folder.path(), &["report", "--list", "--format=json"]).well().json();
    let finished = list.as_array().unwrap().iter().filter(|stored| stored["finished"] == true).count();
    assert_eq!(finished, 4);
}

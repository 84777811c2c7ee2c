//! `ravine serve`: the address, the end, and what it refuses.

use crate::command::{ravine, run};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};

/// A server, and the line that it printed.
fn start(arguments: &[&str]) -> (Child, String) {
    let folder = std::env::temp_dir();
    let mut command = ravine(&[&["serve"], arguments].concat());
    let mut child =
        command.current_dir(folder).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    (child, line)
}

/// Ends a server as Ctrl-C does; its exit code and what it said on standard error.
fn stop(mut child: Child) -> (Option<i32>, String) {
    Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    let code = child.wait().unwrap().code();
    let mut said = String::new();
    child.stderr.unwrap().read_to_string(&mut said).unwrap();
    (code, said)
}

#[test]
fn the_printed_address_answers_until_ctrl_c() {
    let (child, line) = start(&["--port=0", "--store=no-such-folder/runs.sqlite"]);
    let address = line.strip_prefix("http://").unwrap().trim_end();
    let (host, query) = address.split_once('/').unwrap();
    assert!(host.starts_with("127.0.0.1:") && query.starts_with("?token="), "{line}");
    let mut stream = TcpStream::connect(host).unwrap();
    write!(stream, "GET /{query} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 303 "), "{answer}");
    // A page that watches does not keep it from ending.
    let token = query.strip_prefix("?token=").unwrap();
    let mut watching = TcpStream::connect(host).unwrap();
    write!(
        watching,
        "GET /api/runs/1/events HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n\r\n"
    )
    .unwrap();
    assert_eq!(watching.read(&mut [0; 8]).unwrap(), 8);
    assert_eq!(stop(child), (Some(0), String::new()));
}

#[test]
fn an_address_for_others_is_warned_of() {
    let (child, line) = start(&["--host=0.0.0.0", "--port=0"]);
    assert!(line.starts_with("http://127.0.0.1:"), "{line}");
    let (code, said) = stop(child);
    assert_eq!(code, Some(0));
    assert!(said.starts_with("warning: other machines can reach this page"), "{said}");
}

#[test]
fn places_where_it_cannot_listen_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    run(folder.path(), &["serve", "--port", &port]).refused(1, &["cannot listen on 127.0.0.1", &port]);
    run(folder.path(), &["serve", "--host", "203.0.113.7"]).refused(2, &["203.0.113.7"]);
    run(folder.path(), &["serve", "--port", "70000"]).refused(2, &["70000"]);
}

//! A server of one's own, and the plainest client there is.

use ravine_serve::{Options, Server};
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// A server that runs until this is dropped.
pub(crate) struct Served {
    pub(crate) host: String,
    pub(crate) token: String,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Served {
    pub(crate) fn new() -> Self {
        Self::with_store(Path::new("no-such-folder/runs.sqlite"))
    }

    pub(crate) fn with_store(store: &Path) -> Self {
        let options = Options { port: Some(0), store: store.into(), ..Options::default() };
        let server = Server::bind(&options).unwrap();
        let url = server.url();
        let (host, token) = url.strip_prefix("http://").unwrap().split_once("/?token=").unwrap();
        let (host, token) = (host.to_owned(), token.to_owned());
        let stop = Arc::new(AtomicBool::new(false));
        let flag = stop.clone();
        let thread = std::thread::spawn(move || server.run(&flag).unwrap());
        Self { host, token, stop, thread: Some(thread) }
    }

    /// Sends bytes as they are.
    pub(crate) fn raw(&self, request: &[u8]) -> Response {
        let mut stream = TcpStream::connect(&self.host).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        // A server that has refused already may not read the rest.
        let _ = stream.write_all(request);
        Response::read(stream)
    }

    pub(crate) fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Response {
        self.raw(self.request(method, path, headers, body).as_bytes())
    }

    fn request(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> String {
        let has = |name: &str| headers.iter().any(|(key, _)| *key == name);
        let mut text = format!("{method} {path} HTTP/1.1\r\nConnection: close\r\n");
        if !has("Host") {
            text += &format!("Host: {}\r\n", self.host);
        }
        headers.iter().for_each(|(key, value)| text += &format!("{key}: {value}\r\n"));
        text + &format!("Content-Length: {}\r\n\r\n{body}", body.len())
    }

    /// The header that lets in.
    pub(crate) fn bearer(&self) -> String {
        format!("Bearer {}", self.token)
    }

    pub(crate) fn get(&self, path: &str) -> Response {
        self.send("GET", path, &[("Authorization", &self.bearer())], "")
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Response {
        self.post_text(path, &body.to_string())
    }

    pub(crate) fn post_text(&self, path: &str, body: &str) -> Response {
        let bearer = self.bearer();
        self.send("POST", path, &[("Authorization", &bearer), ("Content-Type", "application/json")], body)
    }

    /// The lines of a stream of events as they come.
    pub(crate) fn lines(&self, path: &str) -> impl Iterator<Item = String> {
        let mut stream = TcpStream::connect(&self.host).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        stream
            .write_all(self.request("GET", path, &[("Authorization", &self.bearer())], "").as_bytes())
            .unwrap();
        BufReader::new(stream).lines().map_while(Result::ok)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let ended = self.thread.take().unwrap().join();
        if !std::thread::panicking() {
            ended.unwrap();
        }
    }
}

impl Response {
    fn read(mut stream: TcpStream) -> Self {
        let mut bytes = Vec::new();
        // What was said before the connection broke is the answer.
        let _ = stream.read_to_end(&mut bytes);
        let text = String::from_utf8_lossy(&bytes);
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let mut lines = head.lines();
        let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|code| code.parse().ok());
        let headers = lines.filter_map(|line| line.split_once(": "));
        let headers = headers.map(|(key, value)| (key.to_lowercase(), value.to_owned())).collect();
        Self { status: status.unwrap_or(0), headers, body: body.to_owned() }
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }

    /// The body of an answer that went well.
    pub(crate) fn json(&self) -> Value {
        assert_eq!(self.status, 200, "{}", self.body);
        assert_eq!(self.header("content-type"), "application/json");
        serde_json::from_str(&self.body).unwrap()
    }

    /// Checks a refusal: its status, and what its message holds.
    pub(crate) fn refused(&self, status: u16, parts: &[&str]) {
        assert_eq!(self.status, status, "{}", self.body);
        let value: Value = serde_json::from_str(&self.body).expect("a refusal is JSON");
        let message = value["error"].as_str().unwrap();
        for part in parts {
            assert!(message.contains(part), "'{part}' in: {message}");
        }
    }
}

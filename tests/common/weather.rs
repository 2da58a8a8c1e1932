//! A server on 127.0.0.1 that stands between the suite and a GitHub: passes requests on, notes them, and makes the
//! weather (limits, lost answers, versions). It knows HTTP and nothing of issues.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::schema;

/// A request.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    pub method: String,
    /// Path and query.
    pub target: String,
    /// Names in small letters.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// An answer.
#[derive(Debug, Clone, Default)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// What becomes of a request.
#[derive(Debug, Clone)]
pub enum Fault {
    /// It is answered here, and never passed on.
    Answer(Reply),
    /// It is passed on, and then the connection is cut.
    CutAfter,
    /// The connection is cut, and nothing is passed on.
    CutBefore,
    /// It is passed on, and answered with this.
    Instead(Reply),
    /// It is passed on, and the answer waits.
    Slow(Duration),
}

type Handler = Box<dyn Fn(&Asked) -> Reply + Send + Sync>;

/// Who answers in the end.
enum Upstream {
    Port(u16),
    Here(Handler),
}

struct Rule {
    method: &'static str,
    part: String,
    times: usize,
    fault: Fault,
}

struct Shared {
    upstream: Upstream,
    asked: Mutex<Vec<Asked>>,
    rules: Mutex<Vec<Rule>>,
    etags: Mutex<bool>,
    /// What GitHub's description does not allow.
    wrong: Mutex<Vec<String>>,
}

/// It is there as long as this value.
pub struct Weather {
    pub port: u16,
    shared: Arc<Shared>,
}

impl Asked {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    pub fn writes(&self) -> bool {
        self.method != "GET"
    }
}

impl Reply {
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: Vec::new(), body: body.into() }
    }

    pub fn with(mut self, name: &str, value: impl ToString) -> Self {
        self.headers.push((name.into(), value.to_string()));
        self
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }
}

impl Weather {
    /// Before a server that listens on a port of 127.0.0.1; `make` starts it and is told the address to give out.
    pub fn before<T>(make: impl FnOnce(&str) -> (u16, T)) -> (Self, T) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (port, value) = make(&format!("http://{}", listener.local_addr().unwrap()));
        (Self::serve(listener, Upstream::Port(port)), value)
    }

    /// Answers itself.
    pub fn of(handler: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Self {
        Self::serve(TcpListener::bind("127.0.0.1:0").unwrap(), Upstream::Here(Box::new(handler)))
    }

    fn serve(listener: TcpListener, upstream: Upstream) -> Self {
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared {
            upstream,
            asked: Mutex::default(),
            rules: Mutex::default(),
            etags: Mutex::new(false),
            wrong: Mutex::default(),
        });
        let weather = Self { port, shared: Arc::clone(&shared) };
        // The threads end with the test's process; the port is nobody else's until then.
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&shared);
                std::thread::spawn(move || answer(&stream, &shared));
            }
        });
        weather
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The next `times` requests of this method whose target has `part` in it end so.
    pub fn next(&self, times: usize, method: &'static str, part: &str, fault: Fault) {
        self.shared.rules.lock().unwrap().push(Rule { method, part: part.into(), times, fault });
    }

    /// No rule holds any more.
    pub fn clear(&self) {
        self.shared.rules.lock().unwrap().clear();
    }

    /// Whether answers have versions, and what has not changed is not sent again.
    pub fn etags(&self, on: bool) {
        *self.shared.etags.lock().unwrap() = on;
    }

    /// The requests since this was last called.
    pub fn asked(&self) -> Vec<Asked> {
        std::mem::take(&mut self.shared.asked.lock().unwrap())
    }
}

/// No test goes well where a request of ours, or an answer that was passed on, is not as GitHub describes it.
impl Drop for Weather {
    fn drop(&mut self) {
        let wrong = self.shared.wrong.lock().unwrap();
        if !std::thread::panicking() {
            assert!(wrong.is_empty(), "{wrong:#?}");
        }
    }
}

fn answer(stream: &TcpStream, shared: &Shared) {
    let Some(asked) = receive(stream) else { return };
    let wrong = schema::request(&asked);
    shared.wrong.lock().unwrap().extend(wrong);
    shared.asked.lock().unwrap().push(asked.clone());
    let fault = {
        let mut rules = shared.rules.lock().unwrap();
        let rule = rules.iter_mut().find(|r| r.times > 0 && r.method == asked.method && asked.target.contains(&r.part));
        rule.map(|rule| {
            rule.times -= 1;
            rule.fault.clone()
        })
    };
    let reply = match fault {
        Some(Fault::CutBefore) => return,
        Some(Fault::Answer(reply)) => reply,
        Some(Fault::CutAfter) => return drop(pass_on(&asked, shared)),
        Some(Fault::Instead(reply)) => {
            pass_on(&asked, shared);
            reply
        }
        Some(Fault::Slow(time)) => {
            let reply = pass_on(&asked, shared);
            std::thread::sleep(time);
            reply
        }
        None => pass_on(&asked, shared),
    };
    let mut head = format!("HTTP/1.1 {} X\r\n", reply.status);
    for (name, value) in &reply.headers {
        head.extend([name.as_str(), ": ", value, "\r\n"]);
    }
    if reply.header("content-length").is_none() {
        head.extend(["content-length: ", &reply.body.len().to_string(), "\r\n"]);
    }
    head.push_str("connection: close\r\n\r\n");
    let mut stream = stream;
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&reply.body));
}

fn pass_on(asked: &Asked, shared: &Shared) -> Reply {
    let mut reply = match &shared.upstream {
        Upstream::Here(handler) => handler(asked),
        Upstream::Port(port) => {
            let reply = carry(asked, *port);
            shared.wrong.lock().unwrap().extend(schema::answer(asked, &reply));
            reply
        }
    };
    if *shared.etags.lock().unwrap() && asked.method == "GET" && reply.status == 200 {
        let etag = format!("\"{:x}\"", u128::from_be_bytes(Sha256::digest(&reply.body)[..16].try_into().unwrap()));
        if asked.header("if-none-match") == Some(&etag) {
            return Reply::new(304, "").with("etag", etag);
        }
        reply = reply.with("etag", etag);
    }
    reply
}

/// Asks a server for what it was asked.
fn carry(asked: &Asked, port: u16) -> Reply {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let mut head =
        format!("{} {} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\nconnection: close\r\n", asked.method, asked.target);
    for (name, value) in
        asked.headers.iter().filter(|(n, _)| !["host", "connection", "accept-encoding"].contains(&n.as_str()))
    {
        head.extend([name.as_str(), ": ", value, "\r\n"]);
    }
    stream.write_all(format!("{head}\r\n").as_bytes()).unwrap();
    stream.write_all(&asked.body).unwrap();
    let mut reader = BufReader::new(&stream);
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    let status = line.split(' ').nth(1).and_then(|s| s.parse().ok()).unwrap_or_else(|| panic!("{line:?}"));
    let headers = headers(&mut reader);
    let chunked = headers.iter().any(|(n, v)| n == "transfer-encoding" && v == "chunked");
    let mut body = Vec::new();
    if chunked {
        loop {
            let mut size = String::new();
            reader.read_line(&mut size).unwrap();
            let size = usize::from_str_radix(size.trim(), 16).unwrap();
            let mut chunk = vec![0; size + 2];
            reader.read_exact(&mut chunk).unwrap();
            if size == 0 {
                break;
            }
            body.extend_from_slice(&chunk[..size]);
        }
    } else {
        reader.read_to_end(&mut body).unwrap();
    }
    let ours = ["transfer-encoding", "connection", "keep-alive", "content-length"];
    let headers = headers.into_iter().filter(|(n, _)| !ours.contains(&n.as_str())).collect();
    Reply { status, headers, body }
}

fn receive(stream: &TcpStream) -> Option<Asked> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|n| *n > 0)?;
    let mut words = line.split_whitespace();
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    // gh, and whoever asks through a proxy, names the whole address.
    let target = target
        .split_once("://")
        .map_or(target.clone(), |(_, rest)| rest.find('/').map_or_else(|| "/".to_owned(), |at| rest[at..].to_owned()));
    let headers = headers(&mut reader);
    let length = headers.iter().find(|(n, _)| n == "content-length").map_or(0, |(_, v)| v.parse().unwrap_or(0));
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Asked { method, target, headers, body })
}

fn headers(reader: &mut impl BufRead) -> Vec<(String, String)> {
    let mut found = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 || line.trim().is_empty() {
            return found;
        }
        if let Some((name, value)) = line.split_once(':') {
            found.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
        }
    }
}

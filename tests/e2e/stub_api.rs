//! A stand-in for the Messages API on 127.0.0.1: answers every turn with one sentence, and remembers
//! what it was asked.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};

use serde_json::{Value, json};

/// What the model says, whatever it was asked.
pub const ANSWER: &str = "stub answer";

/// A request the client made.
#[derive(Debug, Clone)]
pub struct Request {
    pub method: String,
    pub path: String,
    /// Null where there was none or it was no JSON.
    pub body: Value,
}

impl Request {
    /// Whether it asks the model for anything, a token count included.
    fn asks_the_model(&self) -> bool {
        self.method == "POST" && self.path.starts_with("/v1/messages")
    }

    /// Whether it is a turn of the conversation: only those offer the model tools. A request that only
    /// thinks of a title, say, does not.
    fn is_turn(&self) -> bool {
        self.asks_the_model() && self.body["tools"].as_array().is_some_and(|tools| !tools.is_empty())
    }
}

#[derive(Default)]
struct Shared {
    requests: Mutex<Vec<Request>>,
    /// While it is true, turns wait for their answer.
    held: Mutex<bool>,
    released: Condvar,
    /// What the model says in place of [`ANSWER`].
    answer: Mutex<Option<String>>,
}

/// The stand-in. It is there as long as this value.
pub struct Stub {
    port: u16,
    shared: Arc<Shared>,
}

impl Stub {
    /// Listens on a free port.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let stub = Self { port: listener.local_addr().unwrap().port(), shared: Arc::default() };
        let shared = Arc::clone(&stub.shared);
        // The threads end with the test's process; the port is nobody else's until then.
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&shared);
                std::thread::spawn(move || serve(&stream, &shared));
            }
        });
        stub
    }

    /// What the client takes for the address of the API.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// All requests so far.
    pub fn requests(&self) -> Vec<Request> {
        self.shared.requests.lock().unwrap().clone()
    }

    /// Requests so far that cost tokens.
    pub fn model_requests(&self) -> usize {
        self.requests().iter().filter(|r| r.asks_the_model()).count()
    }

    /// The turns so far, with all of the conversation that was sent in each.
    pub fn turns(&self) -> Vec<Value> {
        self.requests().into_iter().filter(Request::is_turn).map(|r| r.body["messages"].clone()).collect()
    }

    /// From now on the model says this.
    pub fn say(&self, text: &str) {
        *self.shared.answer.lock().unwrap() = Some(text.to_owned());
    }

    /// From now on turns wait for their answer, until [`release`](Self::release).
    pub fn hold(&self) {
        *self.shared.held.lock().unwrap() = true;
    }

    /// Gives the answers that wait.
    pub fn release(&self) {
        *self.shared.held.lock().unwrap() = false;
        self.shared.released.notify_all();
    }
}

impl Drop for Stub {
    fn drop(&mut self) {
        self.release();
        if std::thread::panicking() {
            eprintln!("--- requests to the stub");
            for request in self.requests() {
                let last = request.body["messages"].as_array().and_then(|m| m.last()).map(Value::to_string);
                let last: String = last.unwrap_or_default().chars().take(400).collect();
                eprintln!("{} {} {last}", request.method, request.path);
            }
        }
    }
}

/// Answers the requests of one connection until the client closes it.
fn serve(stream: &TcpStream, shared: &Shared) {
    let mut reader = BufReader::new(stream);
    while let Some(request) = receive(&mut reader) {
        shared.requests.lock().unwrap().push(request.clone());
        let message = request.asks_the_model() && !request.path.contains("count_tokens");
        if request.is_turn() {
            let held = shared.held.lock().unwrap();
            drop(shared.released.wait_while(held, |held| *held).unwrap());
        }
        let (status, kind, body) = if message {
            ("200 OK", "text/event-stream", events(shared.answer.lock().unwrap().as_deref().unwrap_or(ANSWER)))
        } else if request.method == "HEAD" && request.path == "/" {
            ("200 OK", "text/plain", String::new())
        } else {
            ("404 Not Found", "text/plain", String::new())
        };
        let head = format!("HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        if (&mut &*stream).write_all(head.as_bytes()).is_err() {
            return;
        }
    }
}

/// Reads one request; nothing at the end of the connection or where it is no HTTP.
fn receive(reader: &mut impl BufRead) -> Option<Request> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|n| *n > 0)?;
    let mut words = line.split_whitespace();
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut length = 0;
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok().filter(|n| *n > 0)?;
        if header.trim().is_empty() {
            break;
        }
        let (name, value) = header.split_once(':')?;
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Request { method, path, body: serde_json::from_slice(&body).unwrap_or_default() })
}

/// A whole answer as server-sent events.
fn events(answer: &str) -> String {
    let message = json!({"id": "msg_1", "type": "message", "role": "assistant", "model": "stub", "content": [],
        "stop_reason": null, "stop_sequence": null, "usage": {"input_tokens": 1, "output_tokens": 1}});
    let events = [
        json!({"type": "message_start", "message": message}),
        json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}),
        json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": answer}}),
        json!({"type": "content_block_stop", "index": 0}),
        json!({"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": null},
            "usage": {"output_tokens": 2}}),
        json!({"type": "message_stop"}),
    ];
    let frames = events.map(|e| format!("event: {}\ndata: {e}\n\n", e["type"].as_str().unwrap_or_default()));
    frames.concat()
}

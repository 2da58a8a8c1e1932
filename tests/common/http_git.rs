//! `git http-backend` behind a server on the loopback: as much of HTTP/1.1 as git speaks, and one user with a password.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

/// `ann:open sesame`, as a header has it.
const PASS: &str = "Basic YW5uOm9wZW4gc2VzYW1l";

/// The server; it goes with the process.
pub struct HttpGit {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    root: PathBuf,
    exec: PathBuf,
    /// What was asked for: method and path.
    requests: Mutex<Vec<String>>,
    /// How many pushes are carried out and not answered.
    cut: AtomicUsize,
    /// Whether everybody may come in.
    open: AtomicBool,
}

impl HttpGit {
    /// Serves the repositories below `root`.
    pub fn serve(root: &Path) -> Self {
        let told = Command::new("git").arg("--exec-path").output().unwrap().stdout;
        let exec = PathBuf::from(String::from_utf8(told).unwrap().trim());
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            root: root.to_owned(),
            exec,
            requests: Mutex::default(),
            cut: AtomicUsize::new(0),
            open: AtomicBool::new(false),
        });
        let handler = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let handler = Arc::clone(&handler);
                std::thread::spawn(move || drop(handler.answer(stream)));
            }
        });
        Self { address, shared }
    }

    /// The URL of a repository.
    pub fn url(&self, name: &str) -> String {
        format!("http://{}/{name}", self.address)
    }

    pub fn host(&self) -> String {
        self.address.to_string()
    }

    /// Lets everybody in.
    pub fn open(&self) {
        self.shared.open.store(true, Ordering::SeqCst);
    }

    /// Carries the next `count` pushes out and hangs up before the answer.
    pub fn cut_after_push(&self, count: usize) {
        self.shared.cut.store(count, Ordering::SeqCst);
    }

    /// What was asked for since this was last called.
    pub fn requests(&self) -> Vec<String> {
        std::mem::take(&mut self.shared.requests.lock().unwrap())
    }
}

impl Shared {
    fn answer(&self, stream: TcpStream) -> std::io::Result<()> {
        let mut reader = BufReader::new(stream.try_clone()?);
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let mut words = line.split_whitespace().map(str::to_owned);
        let (Some(method), Some(target)) = (words.next(), words.next()) else { return Ok(()) };
        let mut headers = Vec::new();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line)?;
            match line.trim_end().split_once(": ") {
                Some((name, value)) => headers.push((name.to_lowercase(), value.to_owned())),
                None => break,
            }
        }
        let header = |name: &str| headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str());
        self.requests.lock().unwrap().push(format!("{method} {target}"));
        let mut stream = stream;
        if header("expect").is_some() {
            stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
        }
        let body = match (header("transfer-encoding"), header("content-length")) {
            (Some(_), _) => chunks(&mut reader)?,
            (None, Some(length)) => {
                let mut body = vec![0; length.parse().unwrap_or(0)];
                reader.read_exact(&mut body)?;
                body
            }
            _ => Vec::new(),
        };
        if !self.open.load(Ordering::SeqCst) && header("authorization") != Some(PASS) {
            return stream.write_all(
                b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"git\"\r\nContent-Length: 0\r\n\
                  Connection: close\r\n\r\n",
            );
        }
        let (path, query) = target.split_once('?').unwrap_or((&target, ""));
        let mut child = Command::new(self.exec.join("git-http-backend"))
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("GIT_PROJECT_ROOT", &self.root)
            .env("GIT_HTTP_EXPORT_ALL", "1")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_COUNT", "1")
            .env("GIT_CONFIG_KEY_0", "safe.directory")
            .env("GIT_CONFIG_VALUE_0", "*")
            .env("REMOTE_USER", "ann")
            .env("REMOTE_ADDR", "127.0.0.1")
            .env("REQUEST_METHOD", &method)
            .env("PATH_INFO", path)
            .env("QUERY_STRING", query)
            .env("CONTENT_TYPE", header("content-type").unwrap_or_default())
            .env("CONTENT_LENGTH", body.len().to_string())
            .env("HTTP_CONTENT_ENCODING", header("content-encoding").unwrap_or_default())
            .env("GIT_PROTOCOL", header("git-protocol").unwrap_or_default())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let mut input = child.stdin.take().unwrap();
        let fed = std::thread::spawn(move || drop(input.write_all(&body)));
        let answer = child.wait_with_output()?.stdout;
        let _ = fed.join();
        let push = method == "POST" && path.ends_with("/git-receive-pack");
        let one_less = |left: usize| left.checked_sub(1);
        if push && self.cut.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less).is_ok() {
            return Ok(());
        }
        let end = answer.windows(4).position(|w| w == b"\r\n\r\n").unwrap_or(answer.len());
        let head = String::from_utf8_lossy(&answer[..end]).into_owned();
        let status = head.lines().find_map(|l| l.strip_prefix("Status: ")).unwrap_or("200 OK");
        let rest: String = head.lines().filter(|l| !l.starts_with("Status: ")).map(|l| format!("{l}\r\n")).collect();
        let body = answer.get(end + 4..).unwrap_or_default();
        write!(stream, "HTTP/1.1 {status}\r\n{rest}Content-Length: {}\r\nConnection: close\r\n\r\n", body.len())?;
        stream.write_all(body)
    }
}

fn chunks(reader: &mut impl BufRead) -> std::io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let size = usize::from_str_radix(line.trim(), 16).unwrap_or(0);
        let mut chunk = vec![0; size + 2];
        reader.read_exact(&mut chunk)?;
        if size == 0 {
            return Ok(body);
        }
        body.extend_from_slice(&chunk[..size]);
    }
}

//! Reading the first JSON object of a stream, without waiting for the stream to end.
//!
//! The host writes one object and closes its end; some releases kept it open for as long as the
//! session lived. So the end of the object is found while it arrives, each byte being looked at once.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::ops::Range;
use std::os::fd::AsFd;
use std::time::Duration;

use crate::hook::deadline::Deadline;
use crate::sys;

/// More than this is not read.
pub const MOST: usize = 8 << 20;
/// Longer than this is not waited for the whole object.
pub const PATIENCE: Duration = Duration::from_millis(300);

const CHUNK: usize = 16 << 10;
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Why there is no object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// The stream ended before anything came.
    #[error("nothing on stdin")]
    Empty,
    /// What came first does not begin an object.
    #[error("no JSON object on stdin")]
    NoObject,
    /// The stream ended within the object.
    #[error("stdin ended within a JSON object")]
    Truncated,
    /// The object is larger than [`MOST`].
    #[error("the JSON object on stdin is larger than {MOST} bytes")]
    TooLarge,
    /// The object was not complete in time.
    #[error("no complete JSON object on stdin in time")]
    TooSlow,
    /// The system did not let us read.
    #[error("stdin cannot be read")]
    Unreadable,
}

/// The bytes of the first object that comes from `input`, from its first brace to its last.
///
/// # Errors
/// See [`Trouble`].
pub fn first_object(input: &mut File, patience: Duration) -> Result<Vec<u8>, Trouble> {
    let deadline = Deadline::within(patience);
    let mut bytes = Vec::new();
    let mut scan = Scan::default();
    let mut chunk = [0; CHUNK];
    loop {
        let left = deadline.left();
        let wait = left.map_or(0, |left| i32::try_from(left.as_millis()).unwrap_or(i32::MAX).max(1));
        // On a machine that stood still for the whole bound, what has come is still read once.
        if left.is_none() && !bytes.is_empty() {
            return Err(Trouble::TooSlow);
        }
        if !sys::readable_within(input.as_fd(), wait).map_err(|_| Trouble::Unreadable)? {
            if left.is_none() {
                return Err(Trouble::TooSlow);
            }
            continue;
        }
        let read = match input.read(&mut chunk) {
            Ok(0) => return Err(if scan.begun() { Trouble::Truncated } else { Trouble::Empty }),
            Ok(read) => read,
            Err(e) if matches!(e.kind(), ErrorKind::Interrupted | ErrorKind::WouldBlock) => continue,
            Err(_) => return Err(Trouble::Unreadable),
        };
        bytes.extend_from_slice(chunk.get(..read).unwrap_or_default());
        match scan.go_on(&bytes) {
            Found::Object(range) => {
                bytes.truncate(range.end);
                return Ok(bytes.split_off(range.start.min(bytes.len())));
            }
            Found::NoObject => return Err(Trouble::NoObject),
            Found::NotYet if bytes.len() >= MOST => return Err(Trouble::TooLarge),
            Found::NotYet => {}
        }
    }
}

/// What a [`Scan`] knows so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// The object has not ended, or nothing but blanks has come.
    NotYet,
    /// Here it is.
    Object(Range<usize>),
    /// Something else came first.
    NoObject,
}

/// The search for the end of the first object. Only braces and strings are followed; whether what
/// lies between is JSON is the parser's business.
#[derive(Debug, Clone, Default)]
pub struct Scan {
    at: usize,
    start: Option<usize>,
    depth: usize,
    in_string: bool,
    escaped: bool,
}

impl Scan {
    /// Looks at the part of `bytes` that was not there the last time.
    pub fn go_on(&mut self, bytes: &[u8]) -> Found {
        let Some(start) = self.start.or_else(|| self.find_start(bytes)) else {
            return if self.at < bytes.len() && !BYTE_ORDER_MARK.starts_with(bytes) {
                Found::NoObject
            } else {
                Found::NotYet
            };
        };
        self.start = Some(start);
        for (offset, byte) in bytes.iter().enumerate().skip(self.at) {
            self.at = offset + 1;
            match (self.in_string, byte) {
                (true, _) if self.escaped => self.escaped = false,
                (true, b'\\') => self.escaped = true,
                (_, b'"') => self.in_string = !self.in_string,
                (false, b'{') => self.depth += 1,
                (false, b'}') => {
                    self.depth -= 1;
                    if self.depth == 0 {
                        return Found::Object(start..self.at);
                    }
                }
                _ => {}
            }
        }
        Found::NotYet
    }

    /// Whether anything but blanks has come.
    #[must_use]
    pub fn begun(&self) -> bool {
        self.start.is_some()
    }

    /// Steps over blanks and a byte order mark to the first brace.
    fn find_start(&mut self, bytes: &[u8]) -> Option<usize> {
        if self.at == 0 && bytes.starts_with(BYTE_ORDER_MARK) {
            self.at = BYTE_ORDER_MARK.len();
        }
        self.at += bytes.iter().skip(self.at).take_while(|b| b.is_ascii_whitespace()).count();
        (bytes.get(self.at) == Some(&b'{')).then_some(self.at)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::os::fd::OwnedFd;

    use proptest::prelude::*;

    use super::*;

    fn pipe() -> (File, File) {
        let (reader, writer) = std::io::pipe().unwrap();
        (File::from(OwnedFd::from(reader)), File::from(OwnedFd::from(writer)))
    }

    fn read(text: &[u8]) -> Result<Vec<u8>, Trouble> {
        let (mut reader, mut writer) = pipe();
        writer.write_all(text).unwrap();
        drop(writer);
        first_object(&mut reader, Duration::from_secs(60))
    }

    #[test]
    fn the_object_is_read_though_the_stream_stays_open() {
        let (mut reader, mut writer) = pipe();
        writer.write_all(b" \n{\"a\":\"}\\\"{\"}\n{\"b\":1}").unwrap();
        let object = first_object(&mut reader, Duration::from_secs(600)).unwrap();
        assert_eq!(object, b"{\"a\":\"}\\\"{\"}");
        drop(writer);
    }

    #[test]
    fn what_is_no_object_has_a_name() {
        assert_eq!(read(b""), Err(Trouble::Empty));
        assert_eq!(read(b" \n "), Err(Trouble::Empty));
        assert_eq!(read(b"[{}]"), Err(Trouble::NoObject));
        assert_eq!(read(b"hello {}"), Err(Trouble::NoObject));
        assert_eq!(read(b"\xff\xfe{}"), Err(Trouble::NoObject));
        assert_eq!(read(b"{\"a\": {\"b\": \"}}"), Err(Trouble::Truncated));
        assert_eq!(read(b"\xef\xbb\xbf{}"), Ok(b"{}".to_vec()));
        let (mut reader, mut writer) = pipe();
        assert_eq!(first_object(&mut reader, Duration::ZERO), Err(Trouble::TooSlow));
        writer.write_all(b"{\"a\":").unwrap();
        assert_eq!(first_object(&mut reader, Duration::from_millis(1)), Err(Trouble::TooSlow));
        writer.write_all(b"{}").unwrap();
        assert_eq!(first_object(&mut reader, Duration::ZERO), Ok(b"{}".to_vec()), "what was there is read");
    }

    #[test]
    fn what_is_too_large_is_not_kept() {
        let (mut reader, mut writer) = pipe();
        let writing = std::thread::spawn(move || {
            let mut written = writer.write_all(b"{\"prompt\":\"");
            while written.is_ok() {
                written = writer.write_all(&[b'x'; 1 << 16]);
            }
        });
        assert_eq!(first_object(&mut reader, Duration::from_secs(600)), Err(Trouble::TooLarge));
        drop(reader);
        writing.join().unwrap();
    }

    /// Feeds `bytes` in pieces, as a pipe does.
    fn scan(bytes: &[u8], piece: usize) -> Found {
        let mut scan = Scan::default();
        let mut end = 0;
        loop {
            end = (end + piece).min(bytes.len());
            match scan.go_on(&bytes[..end]) {
                Found::NotYet if end < bytes.len() => {}
                found => return found,
            }
        }
    }

    fn json() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(Into::into),
            any::<i64>().prop_map(Into::into),
            any::<String>().prop_map(Into::into),
            "[{}\\[\\]\"\\\\,:]{0,8}".prop_map(Into::into),
        ];
        leaf.prop_recursive(4, 32, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Into::into),
                prop::collection::btree_map(any::<String>(), inner, 0..6)
                    .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_scan_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), piece in 1usize..20) {
            if let Found::Object(range) = scan(&bytes, piece) {
                let object = &bytes[range];
                let ends = (object.first(), object.last());
                prop_assert_eq!(ends, (Some(&b'{'), Some(&b'}')));
            }
        }

        #[test]
        fn any_object_is_found_before_any_rubbish(
            fields in prop::collection::btree_map(any::<String>(), json(), 0..5),
            blanks in "[ \t\r\n]{0,3}",
            rubbish in prop::collection::vec(any::<u8>(), 0..50),
            piece in 1usize..40,
        ) {
            let object = serde_json::Value::Object(fields.into_iter().collect()).to_string();
            let bytes = [blanks.as_bytes(), object.as_bytes(), &rubbish].concat();
            prop_assert_eq!(scan(&bytes, piece), Found::Object(blanks.len()..blanks.len() + object.len()));
        }
    }
}

//! HTTP, behind a small seam, for trackers and the beacon's issue. Used by the worker and the command line only.

mod proxy;
mod token;
mod ureq;

use std::fmt;
use std::time::Duration;

pub use self::token::{Token, is_loopback, origin};
pub use self::ureq::Ureq;

/// A method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Asks.
    Get,
    /// Makes.
    Post,
    /// Changes.
    Patch,
    /// Puts in place.
    Put,
    /// Takes away.
    Delete,
}

/// A request. Its `Debug` shows no credential.
#[derive(Clone, PartialEq, Eq)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// The whole address. Never one that an answer of another host gave.
    pub url: String,
    /// Headers, in order.
    pub headers: Vec<(String, String)>,
    /// The body, where there is one.
    pub body: Option<Vec<u8>>,
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let secret = |name: &str| name.eq_ignore_ascii_case("authorization");
        let shown = self.headers.iter().map(|(n, v)| (n.as_str(), if secret(n) { "…" } else { v.as_str() }));
        let mut out = f.debug_struct("Request");
        out.field("method", &self.method).field("url", &self.url).field("headers", &shown.collect::<Vec<_>>());
        out.field("body", &self.body.as_ref().map(Vec::len)).finish()
    }
}

/// An answer, whatever its status.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// Headers with names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// The first header with a name, in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HttpError {
    /// It was surely not sent: no name, no connection, no agreement on TLS.
    #[error("{0}")]
    NotSent(String),
    /// It may have been done: the connection broke off, or took too long, after sending began.
    #[error("{0}")]
    Unknown(String),
    /// It was not tried: an address that may not be used.
    #[error("{0}")]
    Refused(String),
}

/// Who carries requests. One request is sent once; trying again is the caller's decision.
pub trait Transport {
    /// Sends it and reads the whole answer, within `deadline`.
    ///
    /// # Errors
    /// See [`HttpError`].
    fn send(&self, request: &Request, deadline: Duration) -> Result<Answer, HttpError>;
}

//! The transport of a real process.

use std::time::Duration;

use super::{Answer, HttpError, Request, Transport};

/// ureq, with the system's trust store.
#[derive(Debug, Default)]
pub struct Ureq;

impl Transport for Ureq {
    fn send(&self, _request: &Request, _deadline: Duration) -> Result<Answer, HttpError> {
        Err(HttpError::Refused("SKELETON".into()))
    }
}

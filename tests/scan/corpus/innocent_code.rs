//! Stub.
use super::Innocent;
pub const FILES: &[Innocent] = &[];

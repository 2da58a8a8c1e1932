//! Stub.
use super::Innocent;
pub const FILES: &[Innocent] = &[];
pub const VALUES: &[(&str, &str)] = &[];

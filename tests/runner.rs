//! The one test binary that starts real processes. A file in this folder that is not named here is
//! no test.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    missing_docs,
    unreachable_pub
)]

mod cli;
mod hooks;
mod review;

//! The one test binary; each file beside it is a module of it.

mod cli;

//! The way of one event from the host to the queue, and of the worker's answer back.
//!
//! `stdin` finds the first JSON object, `wire` reads what the host sends, `event` is what we
//! understand of it, `run` does what follows, `output` is what the host gets to read. Nothing in
//! here starts git or touches the network, and whatever comes in, a hook ends with exit code 0.

pub mod answer;
pub mod client;
pub mod complaint;
pub mod deadline;
pub mod event;
pub mod output;
pub mod process;
pub mod run;
pub mod stdin;
pub mod wire;

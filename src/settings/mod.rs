//! Claude Code's settings files: what we put into them, and how it is put in and taken out again so
//! that everything else keeps its bytes. Not to be taken for our own configuration (`config`).

pub mod check;
pub mod fragment;
pub mod merge;
pub mod ours;
pub mod remove;

//! Phased plans, as values: names, templates, the book and its edits, the plan documents, what follows from them. The
//! seed document on phased plans has the forms.

pub mod archive;
pub mod book;
pub mod branch;
pub mod carry;
pub mod check;
pub mod convert;
pub mod evidence;
pub mod graph;
pub mod manifest;
pub mod mark;
pub mod merge;
pub mod outline;
pub mod plan;
mod precedence;
pub mod rebuild;
pub mod state;
pub mod summary;
pub mod template;
pub mod testing;

pub use crate::book::name;

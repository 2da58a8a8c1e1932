//! Phased plans, as values: names, templates, the book and its edits, the plan documents, what follows from them. The
//! seed document on phased plans has the forms.

pub mod archive;
pub mod book;
pub mod manifest;
pub mod mark;
pub mod name;
pub mod plan;
pub mod state;
pub mod summary;
pub mod testing;

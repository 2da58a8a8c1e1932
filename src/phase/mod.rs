//! Phased plans, as values: names, templates, the book and its edits, the plan documents, what follows from them. The
//! seed document on phased plans has the forms.

pub mod book;
pub mod merge;
pub mod name;
pub mod plan;

//! `context/context.md`, the book of a phased plan, as hooks read it: prose, to-dos with boxes, and one block of
//! JSON. The seed document on phased plans has its form. Editing is in `phase`.

pub mod brief;
pub mod fields;
pub mod head;
pub mod markdown;
pub mod marker;
pub mod name;
pub mod place;
pub mod sheet;
pub mod tick;
pub mod todo;

/// The folder of plans, summaries and the book, below the top of a working tree.
pub const FOLDER: &str = "context";
/// The book, below the top of a working tree.
pub const FILE: &str = "context/context.md";
/// Where linked working trees of phases lie, below the top of the main one.
pub const WORKTREES: &str = ".para-worktrees";

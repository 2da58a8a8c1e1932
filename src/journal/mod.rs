//! The journal's files: one that is written to, those that were turned over, and the head, which says where the chain
//! of lines ends. `write` adds lines, `read` finds them, `follow` waits for new ones, `tidy` packs and removes old
//! files, `verify` walks the chain.

mod files;
mod follow;
mod head;
mod lines;
mod read;
mod tidy;
mod verify;
mod write;

pub use follow::Follow;
pub use read::{Passed, Row, newest, query};
pub use tidy::{Tidied, Trim, due, tidy};
pub use verify::verify;
pub use write::{Appended, Limits, append};

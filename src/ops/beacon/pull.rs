//! `craft beacon pull`: takes in what waits, as one transaction.

pub use crate::beacon::fold::Became;
use crate::context::Context;
use crate::ops::beacon::{BeaconError, Place};

/// A file of a pull.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// Its path.
    pub path: String,
    /// What became of it.
    pub became: Became,
    /// Where theirs lies, or what was archived; empty otherwise.
    pub beside: String,
    /// Number of the message.
    pub seq: u64,
}

/// A message that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// Its number.
    pub seq: u64,
    /// Name of the environment it is from, and its machine.
    pub from: String,
    /// What is said of it.
    pub note: String,
    /// When it was written.
    pub time: String,
}

/// What came of a pull.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pulled {
    /// Messages that were taken in, the oldest first.
    pub messages: Vec<Heard>,
    /// Their files, by path.
    pub files: Vec<Taken>,
    /// Messages that were not, and why.
    pub held: Vec<crate::beacon::applied::Held>,
    /// Conflicts that nobody has settled, older ones included.
    pub conflicts: Vec<String>,
    /// Where the former bytes are kept, where any were replaced: a ref.
    pub backup: Option<String>,
    /// Whether the remote could be asked; else the reason, and what had arrived before was taken in.
    pub offline: Option<String>,
    /// Remarks for people: what came of the receipt and the bell.
    pub remarks: Vec<String>,
}

/// Takes in what waits for this side. `dry` tells what would happen, and changes nothing.
///
/// # Errors
/// The gate, or git, or the file system: then no file was changed, or a second call gives what one would have given.
pub fn pull(_ctx: &Context, _place: &Place, _dry: bool) -> Result<Pulled, BeaconError> {
    Err(BeaconError::refused("SKELETON"))
}

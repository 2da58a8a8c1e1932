//! What was put in: `vscode.json` in the folder of the repository.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::state::file::Versioned;

/// The whole file.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Record {
    /// Format version; 1.
    pub version: u32,
    /// Whether `.vscode` was made for it.
    pub made_folder: bool,
    /// By the name of the file.
    pub files: BTreeMap<String, FileRecord>,
}

impl Versioned for Record {
    const VERSION: u32 = 1;
}

/// What was put into a file.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct FileRecord {
    /// Whether it was made for it.
    pub made: bool,
    /// Its text before and after; `None` once somebody else had changed it in between.
    pub exact: Option<Exact>,
    /// What was put in, the first first.
    pub puts: Vec<Put>,
}

/// A file before and after.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Exact {
    /// `None` where there was no file.
    pub before: Option<String>,
    /// As we left it.
    pub after: String,
}

/// Something that was put in.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Put {
    /// The keys that lead to it; to its array where it is an element.
    pub way: Vec<String>,
    /// Whether it is an element.
    pub element: bool,
    /// What it was.
    pub value: Value,
}

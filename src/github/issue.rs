//! An issue, as it is read and as it is sent.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// An issue. What is missing in an answer is empty here: nothing is built on it that was not there.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Issue {
    /// Its number.
    pub number: u64,
    /// Its address, for people.
    pub html_url: String,
    /// The address of its repository in the interface.
    pub repository_url: String,
    /// Its title.
    pub title: String,
    /// Its text.
    pub body: Option<String>,
    /// `open` or `closed`.
    pub state: String,
    /// Whether it is locked.
    pub locked: bool,
    /// Who made it.
    pub user: Option<User>,
    labels: Vec<Value>,
    pull_request: Option<Value>,
}

/// Somebody.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct User {
    /// The name at GitHub.
    pub login: String,
}

impl Issue {
    /// Names of its labels: objects, or plain texts as the description allows.
    #[must_use]
    pub fn labels(&self) -> Vec<&str> {
        self.labels.iter().filter_map(|l| l.as_str().or_else(|| l.get("name")?.as_str())).collect()
    }

    /// Whether it is a pull request, which GitHub lists with the issues.
    #[must_use]
    pub fn is_pull_request(&self) -> bool {
        self.pull_request.as_ref().is_some_and(|p| !p.is_null())
    }

    /// Its text; empty where it has none.
    #[must_use]
    pub fn text(&self) -> &str {
        self.body.as_deref().unwrap_or_default()
    }

    /// `owner/name` of the repository it is in, as far as the answer says.
    #[must_use]
    pub fn repository(&self) -> Option<super::Repository> {
        super::Repository::parse(self.repository_url.rsplit_once("/repos/")?.1)
    }
}

/// A new issue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Draft {
    /// Its title.
    pub title: String,
    /// Its text.
    pub body: String,
    /// Its labels; GitHub makes those that are missing.
    pub labels: Vec<String>,
}

/// What shall be changed; what is `None` stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Edit {
    /// Its title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Its text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// All its labels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub labels: Option<Vec<String>>,
}

//! Secrets in files: which values are credentials, where they stand, and nothing of the values themselves.
//!
//! [`Scanner::scan`] looks at one file: one pass for all keywords, then only the rules whose keyword was found,
//! around the place where it was found. Provider formats are rules as data (`rules/*.toml`); what needs
//! reading (assignments, URLs, keys over several lines) has a detector of its own. A finding never holds the
//! value: it has a mask of at most the public prefix, and a fingerprint that is salted per repository.

pub mod alias;
mod assign;
mod checksum;
mod context;
mod decode;
mod effort;
pub mod exceptions;
pub mod finding;
pub mod gitleaks;
mod hits;
mod jwt;
mod keys;
mod names;
pub mod place;
mod placeholder;
mod provider;
mod read;
pub mod redact;
pub mod report;
pub mod rule;
pub mod scanner;
mod table;
mod url;
mod value;

pub use exceptions::Exceptions;
pub use finding::{Excuse, Finding, Salt, Severity};
pub use gitleaks::UserRules;
pub use rule::Problem;
pub use scanner::{Scan, Scanner, Unscanned, Watch};

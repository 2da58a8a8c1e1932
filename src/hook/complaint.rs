//! Saying once that a configuration is broken: once for each state the file is in.

use std::fs;
use std::path::Path;

use crate::config::ConfigError;
use crate::fs::layout::{Layout, fnv1a};
use crate::fs::{atomic, private};

/// What to tell the user of `error`; `None` where the same was told of the same bytes before.
#[must_use]
pub fn once(layout: &Layout, error: &ConfigError) -> Option<String> {
    let text = error.to_string();
    // What is another user's is not written to either, not even to say it once.
    if matches!(error, ConfigError::Unreadable(e) if private::distrusted(e).is_some()) {
        return Some(said(&text));
    }
    let broken = path(error);
    // A file that cannot be read is known by the reason.
    let bytes = fs::read(broken).unwrap_or_else(|_| text.clone().into_bytes());
    let state = format!("{:016x}", fnv1a(&bytes));
    let told = layout.complaint(broken);
    if fs::read(&told).is_ok_and(|last| last == state.as_bytes()) {
        return None;
    }
    // Saying it twice is better than never, so a file that cannot be written does not matter.
    let _ = atomic::create(&told, state.as_bytes());
    Some(said(&text))
}

fn said(text: &str) -> String {
    format!("craft: auto-sync does nothing until this is mended: {text}")
}

fn path(error: &ConfigError) -> &Path {
    match error {
        ConfigError::Unreadable(e) => &e.path,
        ConfigError::Syntax { path, .. } | ConfigError::Field { path, .. } => path,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::load;

    #[test]
    fn each_broken_state_of_a_file_is_told_once() {
        let tmp = tempfile::tempdir().unwrap();
        let layout = Layout::at(tmp.path());
        let say = |text: &str| {
            atomic::replace(&layout.config(), text.as_bytes()).unwrap();
            once(&layout, &load(&layout.config()).unwrap_err())
        };
        assert!(say("{").unwrap().contains("config.json:1"));
        assert_eq!(say("{"), None);
        assert!(say("{\"lock\": 7}").unwrap().contains("`lock`"));
        assert_eq!(say("{\"lock\": 7}"), None);
        assert!(say("{").is_some(), "it was mended and broken again");
    }
}

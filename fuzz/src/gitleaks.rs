//! Users' rules: any file gives rules and problems, the same ones each time, and problems name places, not text.

use claude_craft::scan::{Exceptions, Salt, UserRules};

use super::halves;

/// See the module.
pub fn body(data: &[u8]) {
    let (rules, content) = halves(data);
    let text = String::from_utf8_lossy(rules);
    let (first, problems) = UserRules::read(&text);
    let (second, again) = UserRules::read(&text);
    assert_eq!(problems, again);
    assert_eq!(first.digest(), second.digest());
    let salt = Salt::new([5; 16]);
    let found = first.scan(&salt, "src/a.py", content);
    assert_eq!(found, second.scan(&salt, "src/a.py", content));
    let lines = content.split(|b| *b == b'\n').count();
    assert!(found.iter().all(|f| f.line <= lines && f.end_line <= lines && f.mask.chars().count() <= 1));
    let mut exceptions = Exceptions::default();
    exceptions.add_ignore_file(&text);
    let _ = exceptions.add_baseline(&text);
    for finding in &found {
        let _ = exceptions.excuse(finding, Some("0123456789012345678901234567890123456789"));
    }
}

//! The secret scan: any content has findings inside of itself, the same ones each time and in UTF-16, and a text
//! that was hushed holds no credential.

use std::sync::LazyLock;

use claude_craft::scan::redact::{holds_credential, hush};
use claude_craft::scan::{Finding, Salt, Scanner, UserRules};

static SCANNER: LazyLock<Scanner> = LazyLock::new(|| Scanner::new(UserRules::default()));
const PATHS: [&str; 8] = [
    "a.py",
    "deploy/values.yaml",
    ".env",
    "users.csv",
    "README.md",
    "Cargo.lock",
    "config/master.key",
    "src/a_test.go",
];

/// See the module.
pub fn body(data: &[u8]) {
    let (first, content) = data.split_first().unwrap_or((&0, &[]));
    let path = PATHS[usize::from(*first) % PATHS.len()];
    let salt = Salt::new([3; 16]);
    let scan = |content: &[u8]| SCANNER.scan(&salt, path, content).findings;
    let findings = scan(content);
    let lines = content.split(|b| *b == b'\n').count();
    for finding in &findings {
        assert_eq!(finding.fingerprint.len(), 16);
        if finding.line == 0 {
            // The file as a whole is meant.
            assert!(finding.mask.is_empty());
            continue;
        }
        assert!(finding.mask.ends_with('…'));
        let text = content.is_ascii() && !content.contains(&0);
        assert!(!text || (finding.line <= finding.end_line && finding.end_line <= lines));
    }
    assert_eq!(scan(content), findings);
    if content.is_ascii() && !content.contains(&0) {
        let wide: Vec<u8> = [0xff, 0xfe].into_iter().chain(content.iter().flat_map(|b| [*b, 0])).collect();
        let whole = |found: Vec<Finding>| found.into_iter().filter(|f| f.line > 0).collect::<Vec<_>>();
        assert_eq!(whole(scan(&wide)), whole(findings.clone()));
        if !findings.iter().any(Finding::blocks) && content.len() < 400 {
            // What stands in a message is told as it is, or without what could be a credential.
            let text = String::from_utf8_lossy(content);
            assert!(!holds_credential(&hush(&text)));
        }
    }
}

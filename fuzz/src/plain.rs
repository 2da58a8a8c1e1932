//! Text from elsewhere: what is shown of it never steers a terminal, and what is harmless stays as it is.

use claude_craft::plain;

use super::steers;

/// See the module.
pub fn body(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let harmless: String = text.chars().filter(|c| !steers(*c)).collect();
    for shown in [plain::line, plain::name, plain::lines] {
        let out = shown(&text);
        assert!(out.chars().all(|c| !steers(c) || (matches!(c, '\n' | '\t'))), "{out:?}");
        assert!(out.len() <= 10 * text.len());
        assert_eq!(shown(&harmless), harmless);
        // Each character by itself: nothing hides behind another one.
        let single: String = text.chars().map(|c| shown(c.encode_utf8(&mut [0; 4]))).collect();
        assert_eq!(out, single);
    }
    assert!(!plain::line(&text).chars().any(steers));
    assert!(!plain::name(&text).chars().any(steers));
    assert_eq!(plain::line(&plain::line(&text)), plain::line(&text));
    assert_eq!(plain::lines(&plain::lines(&text)), plain::lines(&text));
}

//! Words: what our own quotes put together comes apart again, and nothing else is ever made of a text.

use claude_craft::sync::quote;
use claude_craft::sync::words::{LONGEST, NoWords, split};

/// See the module.
pub fn body(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let blank = |c: char| matches!(c, ' ' | '\t' | '\n' | '\r');
    match split(&text) {
        Ok(words) => {
            assert!(text.len() <= LONGEST);
            let kept: usize = words.iter().map(String::len).sum();
            assert!(kept <= text.len(), "words never hold more than was said");
            assert!(words.iter().all(|w| !w.chars().any(|c| c.is_control() && !blank(c))));
            let quoted: Vec<_> = words.iter().map(|w| quote::word(w)).collect();
            let quoted = quoted.join(" ");
            if quoted.len() <= LONGEST {
                assert_eq!(split(&quoted).as_ref(), Ok(&words));
            }
            // Said twice, it is the same words twice.
            let twice = format!("{text}\n{text}");
            if twice.len() <= LONGEST {
                assert_eq!(split(&twice), Ok([words.clone(), words].concat()));
            }
        }
        Err(NoWords::TooLong) => assert!(text.len() > LONGEST),
        Err(NoWords::Control) => assert!(text.chars().any(|c| c.is_control() && !blank(c))),
        Err(NoWords::Unclosed(quote)) => assert!(text.contains(quote)),
        Err(NoWords::Dangling) => assert!(text.ends_with('\\')),
    }
    // Any words at all, one a line, survive being quoted.
    let words: Vec<_> = text.split('\n').filter(|w| !w.chars().any(|c| c.is_control() && !blank(c))).collect();
    let quoted: Vec<_> = words.iter().map(|w| quote::word(w)).collect();
    let quoted = quoted.join(" ");
    if quoted.len() <= LONGEST {
        assert_eq!(split(&quoted).unwrap(), words);
    }
}

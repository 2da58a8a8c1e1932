//! Private keys in armour: PEM (RFC 7468), OpenSSH, PGP (RFC 9580), PuTTY.

use std::ops::Range;

use super::value::entropy;

/// How far the text of a key is looked at; enough to tell a key from a mention of one.
const BODY: usize = 4096;
/// Characters of base64 that make it a key.
const ENOUGH: usize = 48;

/// The private key whose `-----BEGIN` stands at `hit`.
pub(super) fn armoured(text: &[u8], hit: usize) -> Option<Range<usize>> {
    let head = &text[hit..text.len().min(hit + 80)];
    let label = head.strip_prefix(b"-----BEGIN ")?;
    let label = &label[..memchr::memmem::find(label, b"-----")?];
    if !label.ends_with(b"PRIVATE KEY") && label != b"PGP PRIVATE KEY BLOCK" {
        return None;
    }
    let start = hit + 11 + label.len() + 5;
    body(text, start).map(|end| hit..end)
}

/// The private part of a PuTTY key whose first line stands at `hit`.
pub(super) fn putty(text: &[u8], hit: usize) -> Option<Range<usize>> {
    let limit = text.len().min(hit + 2 * BODY);
    let at = memchr::memmem::find(&text[hit..limit], b"Private-Lines:")? + hit + 14;
    let start = text[at..limit].iter().position(|b| matches!(b, b'\n' | b'\\'))? + at;
    body(text, start).map(|end| hit..end)
}

/// Where the base64 text that begins at `start` ends, if there is enough of it. Line ends may be real, escaped
/// (`\n`, `\\n`), indented, or made of quotes and signs that put strings together.
fn body(text: &[u8], start: usize) -> Option<usize> {
    let limit = text.len().min(start + BODY);
    let mut letters = Vec::new();
    let mut at = start;
    let mut header = false;
    while at < limit {
        let byte = text[at];
        match byte {
            b'\\' => {
                // `\n`, `\r`, `\\n`
                let more = text[at..limit].iter().take_while(|b| **b == b'\\').count();
                at += more;
                if matches!(text.get(at), Some(b'n' | b'r' | b't')) {
                    at += 1;
                }
                header = false;
                continue;
            }
            b'\n' | b'\r' => header = false,
            // `Proc-Type: 4,ENCRYPTED`, `Version: …`, `Comment: …`
            b':' => {
                header = true;
                while letters.last().is_some_and(|l| *l != 0) {
                    letters.pop();
                }
            }
            b'-' if text[at..].starts_with(b"-----") => break,
            _ if header => {}
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/' | b'=' => letters.push(byte),
            b' ' | b'\t' | b'"' | b'\'' | b',' | b'#' | b'*' | b'|' | b'>' | b'.' | b'(' | b')' | b'%' | b'`'
            | b'$' | b'&' | b';' | b'-' => {}
            _ => break,
        }
        if matches!(byte, b'\n' | b'\r') {
            letters.push(0);
        }
        if byte == b'.' && text[at..].starts_with(b"...") {
            return None;
        }
        at += 1;
    }
    letters.retain(|l| *l != 0);
    let sample = &letters[..letters.len().min(400)];
    (sample.len() >= ENOUGH && entropy(sample) > 3.9).then_some(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY_LINES: &str = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj\nq8Zt2Lw9Xk4Vb7NmR3c5Hy6Tg1Fs0DpAeJuWiOoKlPzXcVbNmQwErTyUiOpAsDfG";

    fn pem(label: &str, break_: &str) -> String {
        format!("-----BEGIN {label}-----{break_}{}{break_}-----END {label}-----", BODY_LINES.replace('\n', break_))
    }

    #[test]
    fn private_keys_are_found_however_their_lines_are_written() {
        for label in
            ["PRIVATE KEY", "RSA PRIVATE KEY", "OPENSSH PRIVATE KEY", "ENCRYPTED PRIVATE KEY", "PGP PRIVATE KEY BLOCK"]
        {
            for break_ in ["\n", "\r\n", "\\n", "\\\\n", "\n    ", "\\n\" +\n    \""] {
                assert!(armoured(pem(label, break_).as_bytes(), 0).is_some(), "{label} {break_:?}");
            }
        }
        let with_header = pem("RSA PRIVATE KEY", "\n").replacen(
            '\n',
            "\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,9F86D081\n\n",
            1,
        );
        assert!(armoured(with_header.as_bytes(), 0).is_some(), "{with_header}");
    }

    #[test]
    fn mentions_and_public_keys_are_not() {
        for text in [
            "-----BEGIN PRIVATE KEY-----",
            "-----BEGIN RSA PRIVATE KEY-----\n...\n-----END RSA PRIVATE KEY-----",
            "-----BEGIN PRIVATE KEY-----\\nYOUR_KEY\\n-----END PRIVATE KEY-----",
            "-----BEGIN RSA PRIVATE KEY-----\nMIIE...\n-----END",
        ] {
            assert_eq!(armoured(text.as_bytes(), 0), None, "{text}");
        }
        assert_eq!(armoured(pem("PUBLIC KEY", "\n").as_bytes(), 0), None);
        assert_eq!(armoured(pem("CERTIFICATE", "\n").as_bytes(), 0), None);
    }

    #[test]
    fn putty_keys_are_found_by_their_private_lines() {
        let text = format!(
            "PuTTY-User-Key-File-3: ssh-ed25519\nComment: x\nPublic-Lines: 1\nAAAA\nPrivate-Lines: 2\n{BODY_LINES}\nPrivate-MAC: 00"
        );
        assert!(putty(text.as_bytes(), 0).is_some());
        assert_eq!(putty(b"PuTTY-User-Key-File-3: ssh-ed25519\nPublic-Lines: 1\nAAAA\n", 0), None);
    }
}

//! Hashes as text: SHA-256, and the ids that git gives its objects.

use sha2::{Digest, Sha256};

/// SHA-256 of bytes, as 64 hexadecimal digits.
#[must_use]
pub fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// The first 16 digits of it: enough to tell texts apart that nobody forges.
#[must_use]
pub fn short(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes)[..8])
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// Whether a text is the whole id of one of git's objects: 40 hexadecimal digits, or 64 in a repository of SHA-256.
#[must_use]
pub fn is_object_id(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|b| b.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_those_of_the_standard() {
        // FIPS 180-4, the example of one block.
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!((sha256(b"abc").as_str(), short(b"abc").as_str()), (abc, &abc[..16]));
        assert!(is_object_id(abc) && is_object_id(&abc[..40]));
        assert!(!is_object_id(&abc[..39]) && !is_object_id("") && !is_object_id(&"g".repeat(40)));
    }
}

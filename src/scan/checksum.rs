//! Checksums inside tokens. A token whose checksum is wrong was never given out.

/// Whether the last six characters of `token` are the CRC-32 of `body` in base 62, as GitHub and npm make them
/// (GitHub, "Behind GitHub's new authentication token formats", 2021).
#[must_use]
pub(super) fn crc32_base62(token: &[u8]) -> bool {
    let Some(underscore) = token.iter().position(|b| *b == b'_') else { return false };
    let rest = &token[underscore + 1..];
    let Some(split) = rest.len().checked_sub(6) else { return false };
    let (body, sum) = rest.split_at(split);
    let mut crc = crc32(body);
    let mut digits = [b'0'; 6];
    const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    for digit in digits.iter_mut().rev() {
        *digit = ALPHABET[(crc % 62) as usize];
        crc /= 62;
    }
    sum == digits
}

/// CRC-32 as in ISO 3309, bit by bit: it runs over thirty bytes, once a finding.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0_u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |c, _| if c & 1 == 1 { c >> 1 ^ 0xedb8_8320 } else { c >> 1 })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_crc_is_that_of_the_standard() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    }

    #[test]
    fn only_the_right_checksum_fits() {
        let body = "A".repeat(30);
        let fits = (0..62_u32).filter(|_| crc32_base62(format!("ghp_{body}000000").as_bytes())).count();
        assert_eq!(fits, 0);
        assert!(!crc32_base62(b"ghp_short"));
        assert!(!crc32_base62(b"none"));
    }
}

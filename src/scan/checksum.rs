//! Checksums inside tokens. A token whose checksum is wrong was never given out.

/// Digits of base 62, in the two orders that are in use.
const ALPHABETS: [&[u8; 62]; 2] = [
    b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
    b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
];
/// How many digits a checksum has.
const DIGITS: usize = 6;

/// Whether the last six characters of `token` are the CRC-32 of what stands between its prefix and them, in base 62,
/// as GitHub and npm make them (GitHub, "Behind GitHub's new authentication token formats", 2021).
#[must_use]
pub(super) fn crc32_base62(token: &[u8]) -> bool {
    let Some(underscore) = token.iter().position(|b| *b == b'_') else { return false };
    let rest = &token[underscore + 1..];
    let Some(split) = rest.len().checked_sub(DIGITS) else { return false };
    let (body, sum) = rest.split_at(split);
    let crc = crc32(body);
    ALPHABETS.iter().any(|alphabet| base62(crc, alphabet) == sum)
}

fn base62(mut number: u32, alphabet: &[u8; 62]) -> [u8; DIGITS] {
    let mut digits = [b'0'; DIGITS];
    for digit in digits.iter_mut().rev() {
        *digit = alphabet[(number % 62) as usize];
        number /= 62;
    }
    digits
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
        assert_eq!(&base62(61 * 62 + 10, ALPHABETS[0]), b"0000zA");
    }

    #[test]
    fn only_the_right_checksum_fits() {
        let body = "q8Zt2Lw9Xk4Vb7NmR3c5Hy6Tg1Fs0D";
        let sum = String::from_utf8(base62(crc32(body.as_bytes()), ALPHABETS[0]).to_vec()).unwrap();
        assert!(crc32_base62(format!("ghp_{body}{sum}").as_bytes()));
        assert!(!crc32_base62(format!("ghp_{}{sum}", body.replace('q', "r")).as_bytes()));
        assert!(!crc32_base62(b"ghp_short") && !crc32_base62(b"none") && !crc32_base62(b"ghp_"));
    }
}

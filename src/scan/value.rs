//! What a value looks like: words, or chance.
//!
//! The thresholds were set on generated credentials and look-alikes (`docs/benchmarks.md`).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

/// Shannon entropy in bits per byte.
#[must_use]
pub(super) fn entropy(value: &[u8]) -> f64 {
    let mut counts = [0_u32; 256];
    for byte in value {
        counts[usize::from(*byte)] += 1;
    }
    let all = value.len() as f64;
    counts.iter().filter(|c| **c > 0).map(|c| f64::from(*c) / all).map(|p| -p * p.log2()).sum()
}

/// How much a value looks like drawn by chance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Strength {
    /// Words, numbers, names.
    None,
    /// Like a password somebody thought up: some classes of characters, short.
    Password,
    /// Like random characters of at least twelve.
    Random,
}

/// Letters that often follow a letter in English text and in program source, a bit each: 224 pairs that make up
/// 93 % of all, where chance would give a third.
const PAIRS: [u32; 26] = [
    0x13e_b94e, 0x090_4915, 0x09a_4d91, 0x010_4111, 0x1ae_b97f, 0x01a_4131, 0x006_2990, 0x00a_4111, 0x22e_f87f,
    0x000_0000, 0x004_0010, 0x11c_4939, 0x014_d911, 0x11c_457d, 0x07e_f82e, 0x11e_c911, 0x010_0000, 0x11e_715d,
    0x11c_c995, 0x15e_d19d, 0x00e_b916, 0x000_0111, 0x000_4191, 0x08c_0000, 0x002_c000, 0x000_0010,
];

/// Share of neighbouring letters that are common neighbours, and how many there are.
fn common_pairs(value: &[u8]) -> (f64, usize) {
    let (mut common, mut all) = (0_u32, 0_u32);
    for pair in value.windows(2) {
        if let [a, b] = pair
            && a.is_ascii_alphabetic()
            && b.is_ascii_alphabetic()
        {
            let at = |l: &u8| u32::from(l.to_ascii_lowercase() - b'a');
            all += 1;
            common += PAIRS[at(a) as usize] >> at(b) & 1;
        }
    }
    (f64::from(common) / f64::from(all.max(1)), all as usize)
}

/// How often the class of characters changes in a way that words do not: `aB` inside a word, a digit in the
/// middle of letters. `Word` and what separators divide counts nothing.
fn breaks(value: &[u8]) -> usize {
    let class = |b: u8| match b {
        b'a'..=b'z' => 1,
        b'A'..=b'Z' => 2,
        b'0'..=b'9' => 3,
        _ => 0,
    };
    let mut count = 0;
    let mut run = 0_usize;
    for pair in value.windows(2) {
        let (a, b) = (class(pair[0]), class(pair[1]));
        run = if a == b { run + 1 } else { 0 };
        // A capital in front of small letters begins a word.
        count += usize::from(a != b && a != 0 && b != 0 && !(a == 2 && b == 1));
    }
    count
}

/// Whether all is hexadecimal, with letters of one case.
pub(super) fn is_hex(value: &[u8]) -> bool {
    value.iter().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
        || value.iter().all(|b| matches!(b, b'0'..=b'9' | b'A'..=b'F'))
}

/// Whether this is a UUID.
pub(super) fn is_uuid(value: &[u8]) -> bool {
    value.len() == 36
        && value.iter().enumerate().all(|(i, b)| match i {
            8 | 13 | 18 | 23 => *b == b'-',
            _ => b.is_ascii_hexdigit(),
        })
}

/// How much `value` looks like chance.
pub(super) fn strength(value: &[u8]) -> Strength {
    let length = value.len();
    if length < 8 || !value.iter().all(u8::is_ascii_graphic) || sequential(value) {
        return Strength::None;
    }
    let digits = value.iter().filter(|b| b.is_ascii_digit()).count();
    let letters = value.iter().filter(|b| b.is_ascii_alphabetic()).count();
    let symbols = length - digits - letters;
    if letters == 0 && symbols <= 4 {
        // Numbers, dates, addresses.
        return Strength::None;
    }
    let bits = entropy(value);
    let hex = value.strip_prefix(b"0x").unwrap_or(value);
    if length >= 16 && is_hex(hex) {
        return if bits >= 2.7 && digits > 0 && letters > 0 { Strength::Random } else { Strength::None };
    }
    let (common, pairs) = common_pairs(value);
    let breaks = breaks(value);
    let random = |length: usize| {
        let changes = breaks * 100 >= length * 18;
        let letters_only = pairs * 10 >= length * 7 && common < 0.55;
        (changes || letters_only) && bits >= (length as f64).log2() * 0.68
    };
    if length >= 12 && symbols * 3 <= length && random(length) && !(common > 0.72 && pairs * 2 > length) {
        return Strength::Random;
    }
    let upper = value.iter().any(u8::is_ascii_uppercase);
    let lower = value.iter().any(u8::is_ascii_lowercase);
    let classes = [upper, lower, digits > 0, symbols > 0].iter().filter(|c| **c).count();
    let password = match classes {
        4 => true,
        3 => breaks + symbols >= 2 && digits > 0,
        _ => false,
    };
    if password && letters >= 3 && bits >= 2.7 && length <= 64 && !structured(value) {
        Strength::Password
    } else {
        Strength::None
    }
}

/// Whether separators divide it into words and numbers, as names, versions and dates are.
fn structured(value: &[u8]) -> bool {
    let parts: Vec<&[u8]> = value
        .split(|b| matches!(b, b'-' | b'_' | b'.' | b'/' | b':' | b',' | b'+'))
        .filter(|p| !p.is_empty())
        .collect();
    parts.len() >= 2
        && parts.iter().all(|part| {
            let digits = part.iter().filter(|b| b.is_ascii_digit()).count();
            let plain = part.iter().all(u8::is_ascii_alphanumeric);
            plain && (digits == part.len() || breaks(part) <= 1)
        })
}

/// Whether it rises or repeats: `abcdefgh`, `12345678`, `xxxxxxxx`, `abcabcabc`.
pub(super) fn sequential(value: &[u8]) -> bool {
    let (mut same, mut up, mut down) = (1, 1, 1);
    let (mut longest, mut rising) = (1, 1);
    for pair in value.windows(2) {
        let (a, b) = (pair[0].to_ascii_lowercase(), pair[1].to_ascii_lowercase());
        let alike = a.is_ascii_alphanumeric() && b.is_ascii_alphanumeric();
        same = if a == b { same + 1 } else { 1 };
        up = if alike && (b == a + 1 || (a == b'9' && (b == b'0' || b == b'a'))) { up + 1 } else { 1 };
        down = if alike && a == b + 1 { down + 1 } else { 1 };
        longest = longest.max(same);
        rising = rising.max(up).max(down);
    }
    let length = value.len();
    let few = {
        let mut seen = [false; 256];
        value.iter().for_each(|b| seen[usize::from(*b)] = true);
        seen.iter().filter(|s| **s).count()
    };
    let period = (1..=8).any(|p| length >= p * 3 && length >= 8 && value.iter().zip(&value[p..]).all(|(a, b)| a == b));
    longest >= 6
        || longest * 2 > length
        || rising >= 7
        || rising * 2 > length
        || (length >= 12 && few * 5 < length.min(30))
        || period
}

/// Text that a base64 value stands for; `None` where it is none, or not text.
pub(super) fn decoded_text(value: &[u8]) -> Option<Vec<u8>> {
    let trimmed = {
        let end = value.iter().rposition(|b| *b != b'=').map_or(0, |at| at + 1);
        &value[..end]
    };
    if trimmed.len() < 8 || trimmed.len() % 4 == 1 {
        return None;
    }
    let standard: Vec<u8> = trimmed
        .iter()
        .map(|b| match b {
            b'-' => b'+',
            b'_' => b'/',
            other => *other,
        })
        .collect();
    let lenient = base64::engine::GeneralPurpose::new(
        &base64::alphabet::STANDARD,
        base64::engine::GeneralPurposeConfig::new()
            .with_decode_allow_trailing_bits(true)
            .with_decode_padding_mode(base64::engine::DecodePaddingMode::RequireNone),
    );
    let text = lenient.decode(&standard).or_else(|_| STANDARD_NO_PAD.decode(&standard)).ok()?;
    let fits = text.iter().filter(|b| b.is_ascii_graphic() || matches!(b, b' ' | b'\n' | b'\r' | b'\t')).count();
    (!text.is_empty() && fits == text.len()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chance_is_told_from_words() {
        for random in [
            "q8Zt2Lw9Xk4Vb7Nm",
            "9f86d081884c7d659a2feaa0c55ad015",
            "kJ8sLqPzR2vNwXyB4tGh6dFcMa",
            "dGhpc2lzMTIzNDU2Nzg5MGFiY2RlZg==",
            "qkzjxvwpqhgtbfmdnxcz",
            "h7g2k9d4m1x8p5z0",
        ] {
            assert_eq!(strength(random.as_bytes()), Strength::Random, "{random}");
        }
        for thought in ["Tr0ub4dor&3", "Kx92!mPq", "Summer#Rain82"] {
            assert!(strength(thought.as_bytes()) >= Strength::Password, "{thought}");
        }
        for word in [
            "AuthenticationTokenProviderFactoryBean",
            "my-application-secret-name",
            "com.example.security.TokenProvider",
            "2024-01-15T10:30:00Z",
            "correct-horse-battery-staple",
            "application/json",
            "abcdefghijklmnop",
            "0000000000000000",
            "v1.2.3-beta.4",
            "http2_max_concurrent_streams",
            "us-east-1",
        ] {
            assert_eq!(strength(word.as_bytes()), Strength::None, "{word}");
        }
    }

    #[test]
    fn base64_is_taken_for_text_only_where_it_is_some() {
        assert_eq!(decoded_text(b"Y2hhbmdlbWU=").unwrap(), b"changeme");
        assert!(decoded_text(b"iVBORw0KGgoAAAANSUhEUg").is_none());
    }
}

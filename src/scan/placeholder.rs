//! Values that stand in place of a secret: placeholders, references to where it is kept, examples that
//! documentation shows, and words that nobody would call secret.

use sha2::{Digest, Sha256};

use super::value::{Strength, entropy, sequential, strength};

/// Words that say so wherever they stand in a value.
const MARKS: &str = "example sample dummy placeholder redacted changeme change-me change_me replace insert- insert_ your- your_ \
    yourtoken yourkey yoursecret yourpass yourapi -here _here fake notreal not-real not_real not-a- not_a_ xxxx todo fixme invalid \
    deadbeef cafebabe baddcafe lorem foobar removed hidden masked truncated omitted ...";

/// Beginnings of values that say "look elsewhere": programs, templates, stores of secrets.
const REFERENCES: &str = "{{ {% %( #{ process.env os.environ os.getenv getenv env( env[ env. env: std::env system.getenv \
    system.getproperty environment. import.meta deno.env vault: vault( op:// arn: ssm: aws-ssm secretsmanager secrets. secret: \
    keyvault sm:// ref+ ref: file: gcp- projects/ enc[ enc( {cipher} pgp: sops: bao: doppler: infisical: bws: akeyless: lastpass: keychain: berglas \
    azurekeyvault akv:// aws: config. data. var. local. module. self. encrypted: secure: kms: awskms";

/// Words of which a value that is no secret is made.
const WEAK: &str = "administrator development correcthorsebatterystaple undefined localhost minioadmin passphrase username password passwort mariadb postgres \
    rabbitmq default testing develop elastic mongodb welcome letmein docker oracle passwd qwerty secret secure strong tester string hunter \
    apikey admin guest hello local mongo minio mysql redis super token value world false rabbit root pass user test demo null none \
    this true some very asdf pwd api key foo bar baz qux dev nil new old the app my is sa";

/// Keys that documentation and emulators give to everybody, as the first eight bytes of the SHA-256 of them in lower case: Azurite, the
/// Cosmos emulator, Stripe's test keys, AWS's, SendGrid's and Google's examples, the token of jwt.io, the first
/// accounts of Hardhat, UUIDs of RFC 9562 and of package readmes, hashes of nothing and of `password`, keys of test vectors (FIPS 197), what the RFCs of OAuth, TOTP and JSON Web Tokens use.
const KNOWN: [u64; 56] = [
    0x0346_82f9_1502_ec71,
    0x39a9_2138_de4c_bc43,
    0x414b_0f60_b0b3_1da2,
    0x5029_ac07_8774_af82,
    0x60d8_40c1_7297_4991,
    0x9b4d_1fe0_7ab0_b901,
    0xa870_ea9d_abba_5567,
    0x62cb_a7da_440b_681f,
    0xdb37_d211_8159_2000,
    0x1dfd_b406_e871_29bb,
    0x4818_8066_48ce_9466,
    0xbc1a_5096_6c9e_6486,
    0x60a0_9e43_5786_8c1e,
    0x8335_c553_3482_1eef,
    0x0951_01cf_732c_298a,
    0xa3a9_e1ed_9732_cab2,
    0x986c_0dc9_56dc_822b,
    0x5c28_b202_2dca_14af,
    0x8f40_0c25_7611_ed5d,
    0xe585_5ff4_8799_c52c,
    0xcd37_2fb8_5148_700f,
    0xf215_faf9_d88b_7f0a,
    0x07e2_3ede_2756_aa3f,
    0x3f2c_d8e5_7b09_6fe7,
    0xac68_8ac6_c61f_e9fc,
    0x7178_4e6e_8e92_e4e0,
    0x2892_4e09_c7cd_86dd,
    0x2e86_74f3_4155_f57c,
    0x8151_8f53_ac4e_44f2,
    0xc602_edb3_3d89_a3a1,
    0x2b5a_b1cb_7beb_a5e4,
    0xec69_e404_27f8_509d,
    0xfc6e_109e_3927_c811,
    0x2ef2_503d_964e_9668,
    0xd65d_f89f_702e_ec58,
    0x837e_8e63_6d45_2b61,
    0x72c1_05da_8778_0f44,
    0x01ee_fb2a_8612_9c68,
    0x1619_4783_37f6_6258,
    0x13e0_91b2_098d_fe55,
    0x0f1a_4cf6_f786_a8e9,
    0x2837_5b3f_0b48_bbf0,
    0x9fb8_0255_482a_bf64,
    0xa64e_d54f_0b45_945b,
    0x970c_3d6d_b9c9_7336,
    0x3d14_a015_c7fb_9d76,
    0x8600_7eb3_6769_6d32,
    0x0d40_2b13_48f4_fa8a,
    0x8ca4_f08f_d421_0a77,
    0x1560_1619_9292_155a,
    0x2aeb_abfb_53b3_f1b5,
    0xf109_d3dd_ccb2_c952,
    0x453a_6f62_06b9_e2fa,
    0x1041_3e10_53dd_d878,
    0x681e_6c64_8341_77cf,
    0x4e1b_69a7_b774_c39f,
];

/// Whether this is one of the values that documentation gives to everybody.
pub(super) fn is_known(value: &[u8]) -> bool {
    let hash = Sha256::digest(value.to_ascii_lowercase());
    let first = hash.iter().take(8).fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
    KNOWN.contains(&first)
}

/// Whether a provider's token is one that documentation shows: known, marked as such, or without chance in it.
/// `body` is the token without its public prefix.
pub(super) fn token_is_placeholder(token: &[u8], body: &[u8]) -> bool {
    marked(&body.to_ascii_lowercase())
        || sequential(body)
        || (body.len() >= 12 && entropy(body) < 2.2)
        || is_known(token)
}

fn marked(lower: &[u8]) -> bool {
    MARKS.split_ascii_whitespace().any(|m| memchr::memmem::find(lower, m.as_bytes()).is_some())
}

/// Whether the value only stands in place of one, or points to where it is kept, or is one that nobody
/// would call secret (`admin123`, `P@ssw0rd`).
pub(super) fn is_placeholder(value: &[u8]) -> bool {
    let lower = value.to_ascii_lowercase();
    if lower.len() < 4 || marked(&lower) || sequential(value) || reference(value, &lower) {
        return true;
    }
    let wrapped = |open: u8, close: u8| lower.first() == Some(&open) && lower.last() == Some(&close);
    let pairs = [(b'[', b']'), (b'(', b')'), (b'{', b'}'), (b'<', b'>'), (b'%', b'%'), (b'_', b'_'), (b'@', b'@')];
    if pairs.iter().any(|(open, close)| wrapped(*open, *close))
        && strength(&value[1..value.len() - 1]) < Strength::Random
    {
        return true;
    }
    let holes = ["${", "{{", "$(", "#{", "{}", "%("];
    holes.iter().any(|h| memchr::memmem::find(&lower, h.as_bytes()).is_some()) || is_weak(&lower) || is_known(value)
}

/// Whether it names something that holds the value: `$TOKEN`, `*anchor`, `!vault`, `process.env.TOKEN`.
fn reference(value: &[u8], lower: &[u8]) -> bool {
    if REFERENCES.split_ascii_whitespace().any(|r| lower.starts_with(r.as_bytes())) {
        return true;
    }
    let [b'$' | b'@' | b'&' | b'*' | b'!' | b'%', name @ ..] = value else { return value.starts_with(b"<") };
    let plain = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b':' | b'/' | b'{' | b'}');
    name.first().is_none_or(|b| b.is_ascii_alphabetic() || matches!(b, b'_' | b'{' | b'%'))
        && name.iter().all(plain)
        && strength(name) < Strength::Random
}

/// Whether nothing is left when known words, digits and signs are taken out.
pub(super) fn is_weak(lower: &[u8]) -> bool {
    let leet = |b: u8| match b {
        b'0' => b'o',
        b'1' | b'!' => b'i',
        b'3' => b'e',
        b'4' | b'@' => b'a',
        b'5' | b'$' => b's',
        b'7' => b't',
        other => other,
    };
    let end = lower.iter().rposition(u8::is_ascii_alphabetic).map_or(0, |at| at + 1);
    only_words(lower.iter().copied().filter(u8::is_ascii_alphabetic).collect())
        || only_words(lower[..end].iter().copied().map(leet).filter(u8::is_ascii_alphabetic).collect())
}

fn only_words(mut rest: Vec<u8>) -> bool {
    if rest.len() > 40 {
        return false;
    }
    // Longer words stand in front of those that are part of them.
    for word in WEAK.split_ascii_whitespace() {
        if rest.len() <= 2 {
            break;
        }
        while let Some(at) = memchr::memmem::find(&rest, word.as_bytes()) {
            rest.drain(at..at + word.len());
        }
    }
    rest.len() <= 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_place_of_a_value_is_known() {
        for placeholder in [
            "changeme",
            "YOUR_API_KEY",
            "your-token-here",
            "xxxxxxxxxxxx",
            "<token>",
            "${VAR}",
            "{{ var }}",
            "admin123",
            "P@ssw0rd",
            "password",
            "test1234",
            "process.env.TOKEN",
            "[REDACTED]",
            "op://vault/item/field",
            "$(cat file)",
            "root",
            "Passw0rd!",
            "arn:aws:secretsmanager:eu-west-1:1:secret:x",
            "%DB_PASSWORD%",
            "MyS3cr3tP@ssw0rd",
        ] {
            assert!(is_placeholder(placeholder.as_bytes()), "{placeholder}");
        }
        for value in ["Tr0ub4dor&3x!plum", "q8Zt2Lw9Xk4Vb7Nm", "9f86d081884c7d659a2feaa0c55ad015"] {
            assert!(!is_placeholder(value.as_bytes()), "{value}");
        }
    }
}

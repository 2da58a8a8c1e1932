//! Assignments: a name that promises a credential, and what it is given.

use std::ops::Range;

use super::context::Place;
use super::effort::Effort;
use super::finding::Severity;
use super::names::{Promise, promise};
use super::placeholder::is_placeholder;
use super::read;
use super::value::{Strength, decoded_text, is_hex, is_uuid, strength};

/// A credential that a name was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Given {
    /// The value.
    pub(super) range: Range<usize>,
    /// The rule's id.
    pub(super) rule: &'static str,
    /// How much it weighs.
    pub(super) severity: Severity,
}

/// What the rules of this detector are called.
pub(super) const RULES: [(&str, &str); 3] =
    [("generic-password", "Password"), ("generic-secret", "Secret key"), ("generic-token", "Token")];

/// What it costs to look at a name, and at each byte of a value.
const NAME: usize = 200;
const VALUE: usize = 40;

/// Words that names of credentials have; one of them has to stand somewhere.
pub(super) const KEYWORDS: [&str; 23] = [
    "psk",
    "pass",
    "pwd",
    "pswd",
    "psw",
    "secret",
    "token",
    "key",
    "cred",
    "auth",
    "kennwort",
    "contrasena",
    "motdepasse",
    "senha",
    "bearer",
    "salt",
    "pepper",
    "jwt",
    "_pat",
    "-pat",
    "_pw",
    "cookie",
    "session",
];

/// Beginnings of values that are public, encrypted, or a hash of something.
const HARMLESS: &str = "pk_live_ pk_test_ pk.eyj sb_publishable_ phc_ ssh- ecdsa- age1 ----- sha1- sha256- sha256: sha384- sha512- md5 \
    urn: data: $argon2 $2a$ $2b$ $2y$ $pbkdf2 pbkdf2 {bcrypt} {ssha aqicah vault:v enc: ciqa mailto: http: https: arn: 6lc 6ld 6le 6lf 6lg \
    !vault k8s: gpg:";

/// What the name around `hit` is given, if that is a credential.
pub(super) fn look(text: &[u8], name: &Range<usize>, place: Place, effort: &mut Effort) -> Option<Given> {
    effort.take(NAME + name.len());
    if inside_reference(&text[name.start.saturating_sub(100)..name.start]) {
        return None;
    }
    let value = read::value(text, name, place.code)?;
    effort.take(value.range.len());
    let promise = promise(&text[name.clone()])?;
    effort.take(VALUE * value.range.len());
    let severity = weigh(&text[value.range.clone()], promise, &text[name.clone()], &value, place)?;
    Some(Given { range: value.range, rule: rule(promise), severity })
}

/// Whether the name is a part of something that names a thing: `arn:aws:secretsmanager:…:secret:x`,
/// `checksum/secret: …`.
fn inside_reference(before: &[u8]) -> bool {
    // `AWS::ApiGateway::ApiKey` names a type.
    if before.ends_with(b"::") {
        return true;
    }
    if !before.ends_with(b":") && !before.ends_with(b"/") {
        return false;
    }
    let word = before
        .rsplit(|b| b.is_ascii_whitespace() || matches!(b, b'"' | b'\'' | b'=' | b','))
        .next()
        .unwrap_or_default();
    word.starts_with(b"arn:") || word.ends_with(b"checksum/")
}

fn rule(promise: Promise) -> &'static str {
    match promise {
        Promise::Password => RULES[0].0,
        Promise::Secret | Promise::Perhaps => RULES[1].0,
        Promise::Token => RULES[2].0,
    }
}

/// A cell of a table under a column of such a name.
pub(super) fn cell(value: &[u8], column: &[u8]) -> Option<(&'static str, Severity)> {
    let promise = promise(column)?;
    let read = read::Value { range: 0..value.len(), quoted: true, leads: true, entry: true };
    weigh(value, promise, column, &read, Place::default()).map(|severity| (rule(promise), severity))
}

fn weigh(value: &[u8], promise: Promise, name: &[u8], read: &read::Value, place: Place) -> Option<Severity> {
    if place.generated || value.len() < 6 || harmless(value) {
        return None;
    }
    if app_password(value) && promise == Promise::Password {
        return Some(Severity::Critical);
    }
    let strength = strength(value);
    if place.texts && strength != Strength::Random {
        return None;
    }
    let length = value.len();
    let critical = if is_uuid(value) {
        matches!(promise, Promise::Secret | Promise::Password) || (promise == Promise::Token && vouched(name))
    } else {
        match promise {
            Promise::Password => {
                let thought = strength >= Strength::Password || ((12..=64).contains(&length) && all_classes(value));
                thought && (read.quoted || !expression(value))
            }
            Promise::Secret => {
                let hash = is_hex(value) && length < 20;
                !hash
                    && (strength == Strength::Random || (strength == Strength::Password && length >= 10))
                    && !expression(value)
            }
            Promise::Token => {
                let random = strength == Strength::Random && length >= 16 && (!is_hex(value) || length >= 20);
                (random || (length >= 12 && thought_up(value))) && !expression(value)
            }
            Promise::Perhaps => {
                // `KEY` alone stands in every test vector.
                let shouted = name.len() > 4 && name.iter().all(|b| !b.is_ascii_lowercase());
                shouted && strength == Strength::Random && length >= 20 && !expression(value)
            }
        }
    };
    if critical {
        let invented = place.test && !(strength == Strength::Random && length >= 16 && !is_hex(value));
        return Some(if invented { Severity::Warning } else { Severity::Critical });
    }
    let warning = match promise {
        Promise::Password => {
            read.quoted && length >= 8 && value.iter().any(u8::is_ascii_digit) && value.iter().all(u8::is_ascii_graphic)
        }
        Promise::Perhaps | Promise::Token => strength == Strength::Random && length >= 20,
        Promise::Secret => false,
    };
    (warning && !place.test && !place.texts && !expression(value)).then_some(Severity::Warning)
}

/// Whether a name says more than that it is a token: whose it is, or what for. Many services give out UUIDs.
fn vouched(name: &[u8]) -> bool {
    let lower = name.to_ascii_lowercase();
    let has = |word: &str| memchr::memmem::find(&lower, word.as_bytes()).is_some();
    const PASSING: &str = "request session trace correlation device push verif invite reset track idempot upload next page cursor client \
        change lifecycle lock revision version concurren event nonce task job sync";
    name.len() > "_token".len() && !PASSING.split_ascii_whitespace().any(has)
}

/// Whether it has capitals, small letters, digits and signs.
fn all_classes(value: &[u8]) -> bool {
    let has = |class: fn(&u8) -> bool| value.iter().any(class);
    has(u8::is_ascii_uppercase)
        && has(u8::is_ascii_lowercase)
        && has(u8::is_ascii_digit)
        && has(u8::is_ascii_punctuation)
        && value.iter().all(u8::is_ascii_graphic)
}

/// Whether people think up passwords like this: all kinds of characters, with signs that names do not have.
fn thought_up(value: &[u8]) -> bool {
    let signs = value
        .iter()
        .filter(|b| b.is_ascii_punctuation() && !matches!(b, b'-' | b'_' | b'.' | b'/' | b':' | b',' | b'+' | b'='))
        .count();
    strength(value) >= Strength::Password && signs > 0 && value.iter().any(u8::is_ascii_digit)
}

fn harmless(value: &[u8]) -> bool {
    let lower: Vec<u8> = value.iter().take(24).map(u8::to_ascii_lowercase).collect();
    if is_placeholder(value) || HARMLESS.split_ascii_whitespace().any(|h| lower.starts_with(h.as_bytes())) {
        return true;
    }
    if memchr::memmem::find(value, b"://").is_some() || path(value) || mail(value) {
        return true;
    }
    // An address or a hash of a blockchain; private keys there have 64 digits.
    if value.starts_with(b"0x") && value.len() != 66 {
        return true;
    }
    // A sealed secret of Kubernetes: only the cluster can open it.
    if value.len() >= 300 && value.starts_with(b"Ag") {
        return true;
    }
    let plain = super::url::percent_decoded(value);
    if plain.len() < value.len() && is_placeholder(&plain) {
        return true;
    }
    // Base64 of a placeholder is one.
    decoded_text(value).is_some_and(|inner| inner.len() >= 4 && (is_placeholder(inner.trim_ascii()) || words(&inner)))
}

/// Whether this is prose or a name rather than something drawn by chance.
fn words(text: &[u8]) -> bool {
    strength(text.trim_ascii()) == Strength::None && !text.iter().any(u8::is_ascii_digit)
}

fn path(value: &[u8]) -> bool {
    let drive =
        value.len() > 2 && value[0].is_ascii_alphabetic() && value[1] == b':' && matches!(value[2], b'\\' | b'/');
    let rooted =
        matches!(value, [b'/' | b'~' | b'.', ..]) && value[1..].iter().take(16).any(|b| matches!(b, b'/' | b'.'));
    let ending = [
        &b".pem"[..],
        b".key",
        b".json",
        b".txt",
        b".yaml",
        b".yml",
        b".crt",
        b".jks",
        b".p12",
        b".env",
        b".html",
        b".js",
        b".ts",
        b".py",
        b".md",
        b".rs",
    ];
    let rooted = rooted && strength(value) < Strength::Random;
    drive || rooted || ending.iter().any(|e| value.ends_with(e))
}

fn mail(value: &[u8]) -> bool {
    let Some(at) = value.iter().position(|b| *b == b'@') else { return false };
    let (user, host) = (&value[..at], &value[at + 1..]);
    let plain = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b'+');
    let domain = host
        .rsplit(|b| *b == b'.')
        .next()
        .is_some_and(|d| (2..=6).contains(&d.len()) && d.iter().all(u8::is_ascii_lowercase));
    !user.is_empty() && user.iter().all(plain) && host.iter().all(plain) && host.contains(&b'.') && domain
}

/// `abcd efgh ijkl mnop`, as Google gives out passwords for programs.
fn app_password(value: &[u8]) -> bool {
    value.len() == 19
        && value.iter().enumerate().all(|(i, b)| if i % 5 == 4 { *b == b' ' } else { b.is_ascii_lowercase() })
        && super::value::entropy(value) > 3.0
}

/// Whether it reads like a piece of a program. Generators of passwords draw from the same signs, but from many.
fn expression(value: &[u8]) -> bool {
    let mut signs: Vec<u8> = value.iter().copied().filter(u8::is_ascii_punctuation).collect();
    signs.sort_unstable();
    signs.dedup();
    if (value.len() >= 24 && signs.len() >= 7) || (value.len() >= 40 && signs.len() >= 5) {
        return false;
    }
    let has = |word: &[u8]| memchr::memmem::find(value, word).is_some();
    has(b"(")
        || has(b"::")
        || has(b"->")
        || has(b"=>")
        || has(b"[")
        || has(b"]")
        || has(b"{")
        || has(b"&&")
        || has(b"||")
        || has(b"\\")
        || value.ends_with(b")")
}

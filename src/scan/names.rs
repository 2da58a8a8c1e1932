//! What the name of a variable, key or field says of its value.

use std::collections::HashSet;
use std::sync::LazyLock;

/// Words, looked up often.
pub(super) type Words = LazyLock<HashSet<&'static str>>;

/// The words of a text.
pub(super) fn words_of(text: &'static str) -> HashSet<&'static str> {
    text.split_ascii_whitespace().collect()
}

/// What a name promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Promise {
    /// A password: people think them up, so they may be short.
    Password,
    /// A key or secret that a program made.
    Secret,
    /// A token, which may be a credential or not.
    Token,
    /// Something that is a credential now and then.
    Perhaps,
}

/// Words at the end of a name that say where a value is used, not what it is.
static USE: Words = LazyLock::new(|| {
    words_of(
        "prod production staging stage dev development live test testing sandbox qa uat main primary secondary backup \
    old new current previous next value val str string plain plaintext raw b64 base64 encoded default readonly \
    rw ro local base data env literal text bytes",
    )
});

/// Words at the end that make it something about a credential, not one.
static ABOUT: Words = LazyLock::new(|| {
    words_of(
        "url uri path file filename dir folder name id ids type kind length len size count min max limit policy regex \
    pattern field label placeholder hint title message msg error errors expiry expires expiration ttl timeout \
    header prefix suffix algorithm alg format version enabled required class style icon input form reset confirm \
    confirmation change event endpoint host var index column provider manager service factory store alias arn \
    ref selector source rotation hash hashed digest sha sha1 sha256 md5 checksum fingerprint strength rules \
    description desc help doc docs example sample age date time at scope scopes issuer audience status state \
    mode lifetime generator encoder validator visible",
    )
});

/// Words anywhere that take the promise back.
static NEVER: Words = LazyLock::new(|| {
    words_of(
        "public publishable pub hashed fake mock dummy example sample i18n label cache sort foreign partition \
    translation translations validate invalid forgot min max num tokenizer has is hide show toggle enable \
    disable require csrf xsrf pagination page continuation cancellation cancel eos bos pad unk mask design etag \
    integrity commit revision widget keyboard shortcut hotkey ssh_host known recaptcha vapid idempotency dedupe",
    )
});

/// Words in front of `key` that make it a credential.
static KEYS: Words = LazyLock::new(|| {
    words_of(
        "api access secret private priv encryption encrypt decryption signing sign signature master auth account \
    shared service admin session jwt hmac aes des crypto cipher client consumer app application deploy license \
    webhook storage db database integration subscription function rest server security token merchant symmetric \
    cookie flask django rails root credential write ingest ingestion seller payment vault developer preshared \
    psk",
    )
});

/// Words that are a promise by themselves, run together or not.
const WHOLE: [(&str, Promise); 55] = [
    ("password", Promise::Password),
    ("passwd", Promise::Password),
    ("passphrase", Promise::Password),
    ("passwort", Promise::Password),
    ("kennwort", Promise::Password),
    ("passcode", Promise::Password),
    ("motdepasse", Promise::Password),
    ("contrasena", Promise::Password),
    ("senha", Promise::Password),
    ("pwd", Promise::Password),
    ("pass", Promise::Password),
    ("pswd", Promise::Password),
    ("psw", Promise::Password),
    ("userpass", Promise::Password),
    ("psk", Promise::Password),
    ("wifipsk", Promise::Password),
    ("presharedkey", Promise::Password),
    ("dbpass", Promise::Password),
    ("dbpassword", Promise::Password),
    ("pgpassword", Promise::Password),
    ("storepass", Promise::Password),
    ("keypass", Promise::Password),
    ("storepassword", Promise::Password),
    ("keypassword", Promise::Password),
    ("secret", Promise::Secret),
    ("secrets", Promise::Secret),
    ("secretkey", Promise::Secret),
    ("secretaccesskey", Promise::Secret),
    ("clientsecret", Promise::Secret),
    ("appsecret", Promise::Secret),
    ("apisecret", Promise::Secret),
    ("apikey", Promise::Secret),
    ("appkey", Promise::Secret),
    ("accesskey", Promise::Secret),
    ("privatekey", Promise::Secret),
    ("masterkey", Promise::Secret),
    ("authkey", Promise::Secret),
    ("accountkey", Promise::Secret),
    ("signingkey", Promise::Secret),
    ("encryptionkey", Promise::Secret),
    ("sharedaccesskey", Promise::Secret),
    ("credential", Promise::Secret),
    ("credentials", Promise::Secret),
    ("creds", Promise::Secret),
    ("cred", Promise::Secret),
    ("apitoken", Promise::Token),
    ("authtoken", Promise::Token),
    ("accesstoken", Promise::Token),
    ("refreshtoken", Promise::Token),
    ("bearertoken", Promise::Token),
    ("token", Promise::Token),
    ("bearer", Promise::Token),
    ("pat", Promise::Token),
    ("auth", Promise::Token),
    ("jwt", Promise::Token),
];

/// The words of a name, in lower case: `dbPassword`, `DB_PASSWORD` and `db-password` are the same.
fn words(name: &[u8]) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before = b' ';
    for (at, byte) in name.iter().enumerate() {
        let next = name.get(at + 1).copied().unwrap_or(b' ');
        let begins = byte.is_ascii_uppercase()
            && (before.is_ascii_lowercase()
                || before.is_ascii_digit()
                || (before.is_ascii_uppercase() && next.is_ascii_lowercase()));
        if begins && words.last().is_some_and(|w| !w.is_empty()) {
            words.push(String::new());
        }
        if byte.is_ascii_alphanumeric() {
            if let Some(word) = words.last_mut() {
                word.push(char::from(byte.to_ascii_lowercase()));
            }
        } else if words.last().is_some_and(|w| !w.is_empty()) {
            words.push(String::new());
        }
        before = *byte;
    }
    words.retain(|w| !w.is_empty());
    words
}

/// What `name` promises of its value; `None` where it is no name of a credential.
pub(super) fn promise(name: &[u8]) -> Option<Promise> {
    let all = words(name);
    let mut rest: &[String] = &all;
    while let Some((last, before)) = rest.split_last() {
        let digits = last.bytes().all(|b| b.is_ascii_digit())
            || (last.len() <= 3 && last.starts_with('v') && last[1..].bytes().all(|b| b.is_ascii_digit()));
        if before.is_empty() || !(digits || USE.contains(last.as_str())) {
            break;
        }
        rest = before;
    }
    let (last, before) = rest.split_last()?;
    if all.iter().any(|w| NEVER.contains(w.as_str())) {
        return None;
    }
    let word = last.trim_end_matches(|c: char| c.is_ascii_digit());
    if let Some((_, promise)) = WHOLE.iter().find(|(whole, _)| *whole == word) {
        return Some(*promise);
    }
    match word {
        "key" | "keys" => Some(match before.last().map(String::as_str) {
            Some(before) if KEYS.contains(before) => Promise::Secret,
            _ => Promise::Perhaps,
        }),
        "pw" if !before.is_empty() => Some(Promise::Password),
        "authorization" | "authentication" | "salt" | "pepper" => Some(Promise::Token),
        "tokens" | "cookie" | "session" | "sid" | "seed" => Some(Promise::Perhaps),
        _ if ABOUT.contains(word) => None,
        // Words run together: `mydbpassword`, `stripeapikey`.
        _ => {
            const ENDS: [(&str, Promise); 6] = [
                ("password", Promise::Password),
                ("passwd", Promise::Password),
                ("secret", Promise::Secret),
                ("apikey", Promise::Secret),
                ("secretkey", Promise::Secret),
                ("token", Promise::Token),
            ];
            ENDS.iter().find(|(end, _)| word.ends_with(end)).map(|(_, promise)| *promise)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_promise_what_they_say() {
        for (name, expected) in [
            ("DB_PASSWORD", Some(Promise::Password)),
            ("dbPassword", Some(Promise::Password)),
            ("spring.datasource.password", Some(Promise::Password)),
            ("MYSQL_ROOT_PASSWORD_PROD", Some(Promise::Password)),
            ("apiKey", Some(Promise::Secret)),
            ("X-Api-Key", Some(Promise::Secret)),
            ("client_secret", Some(Promise::Secret)),
            ("SECRET_KEY_BASE", Some(Promise::Secret)),
            ("aws_secret_access_key", Some(Promise::Secret)),
            ("AuthToken", Some(Promise::Token)),
            ("GITHUB_TOKEN", Some(Promise::Token)),
            ("stripe_key", Some(Promise::Perhaps)),
            ("mydbpassword", Some(Promise::Password)),
            ("SMTP_PASS", Some(Promise::Password)),
            ("password_file", None),
            ("publicKey", None),
            ("max_tokens", None),
            ("aws_access_key_id", None),
            ("secretName", None),
            ("csrfToken", None),
            ("password_hash", None),
            ("tokenizer", None),
            ("forgotPassword", None),
            ("keyboard", None),
            ("compass", None),
        ] {
            assert_eq!(promise(name.as_bytes()), expected, "{name}");
        }
    }
}

//! Texts with holes, filled from seeded dice.
//!
//! A hole stands between guillemets. `«A:20»` and `«A:20-40»` are characters of an alphabet (see
//! [`alphabet`]); `«N»`, `«NU»`, `«NC»`, `«NP»`, `«NK»` the name in snake, upper, camel, Pascal and kebab
//! case; `«V»` the value, with a letter for its encoding (`J` JSON, `JJ` JSON in JSON, `X` XML, `U` percent,
//! `64` base64, `I` with each line indented); `«»` is nothing and breaks a literal that would look like a
//! secret here. The rest are in [`Maker::hole`].

use super::encode;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// The name of a value in the cases that languages use.
pub struct Names {
    snake: String,
}

impl Names {
    pub fn of(snake: &str) -> Self {
        Self { snake: snake.to_owned() }
    }

    fn pascal(&self) -> String {
        let capital = |word: &str| word[..1].to_uppercase() + &word[1..];
        self.snake.split('_').filter(|w| !w.is_empty()).map(capital).collect()
    }

    fn case(&self, which: &str) -> Option<String> {
        Some(match which {
            "N" => self.snake.clone(),
            "NU" => self.snake.to_uppercase(),
            "NK" => self.snake.replace('_', "-"),
            "NP" => self.pascal(),
            "NC" => {
                let pascal = self.pascal();
                pascal[..1].to_lowercase() + &pascal[1..]
            }
            _ => return None,
        })
    }
}

/// Fills texts with holes; the same seed gives the same texts.
pub struct Maker {
    dice: StdRng,
}

impl Maker {
    pub fn new(seed: u64) -> Self {
        Self { dice: StdRng::seed_from_u64(seed) }
    }

    pub fn below(&mut self, bound: usize) -> usize {
        self.dice.random_range(0..bound)
    }

    pub fn one_of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }

    /// The numbers below `count` in some order.
    pub fn shuffled(&mut self, count: usize) -> Vec<usize> {
        let mut order: Vec<_> = (0..count).collect();
        for at in (1..count).rev() {
            order.swap(at, self.below(at + 1));
        }
        order
    }

    pub fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.dice.random()).collect()
    }

    /// `count` characters of an alphabet that has both letters and digits, if there is room.
    pub fn characters(&mut self, alphabet: &str, count: usize) -> String {
        let all: Vec<char> = alphabet.chars().collect();
        loop {
            let text: String = (0..count).map(|_| *self.one_of(&all)).collect();
            let mixed = |test: fn(&char) -> bool| !all.iter().any(test) || text.chars().any(|c| test(&c));
            if count < 8 || mixed(char::is_ascii_digit) && mixed(char::is_ascii_alphabetic) {
                return text;
            }
        }
    }

    /// `text` with its holes filled.
    pub fn expand(&mut self, text: &str, names: &Names, value: &str) -> String {
        let mut filled = String::with_capacity(text.len() + value.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('«') {
            let (hole, after) = after.split_once('»').unwrap_or_else(|| panic!("a hole without end: {after}"));
            filled.push_str(before);
            let filling = self.hole(hole, names, value);
            filled.push_str(&filling.unwrap_or_else(|| panic!("no such hole: {hole}")));
            rest = after;
        }
        filled + rest
    }

    fn hole(&mut self, hole: &str, names: &Names, value: &str) -> Option<String> {
        if let Some(name) = names.case(hole) {
            return Some(name);
        }
        let (what, size) = hole.split_once(':').unwrap_or((hole, ""));
        if let (Some(alphabet), false) = (alphabet(what), size.is_empty()) {
            let (least, most) = size.split_once('-').unwrap_or((size, size));
            let (least, most): (usize, usize) = (least.parse().ok()?, most.parse().ok()?);
            let count = self.dice.random_range(least..=most);
            return Some(self.characters(alphabet, count));
        }
        let of_value = match what {
            "V" => Some(value.to_owned()),
            "VJ" => Some(encode::json(value)),
            "VJJ" => Some(encode::json(&encode::json(value))),
            "VX" => Some(encode::xml(value)),
            "VU" => Some(encode::percent(value)),
            "V64" => Some(encode::base64(value.as_bytes())),
            "VI" => Some(value.trim_end().replace('\n', &format!("\n{}", " ".repeat(size.parse().unwrap_or(4))))),
            // The value behind a user's name, as HTTP and many tools send it.
            "VBASIC" => Some(encode::base64(format!("{size}:{value}").as_bytes())),
            _ => None,
        };
        of_value.or_else(|| self.drawn(what, size))
    }

    fn drawn(&mut self, what: &str, size: &str) -> Option<String> {
        let number = |default: usize| size.parse().unwrap_or(default);
        Some(match what {
            "" => String::new(),
            "uuid" => {
                let hex = self.characters("0123456789abcdef", 30);
                let variant = *self.one_of(&["8", "9", "a", "b"]);
                format!("{}-{}-4{}-{variant}{}-{}", &hex[..8], &hex[8..12], &hex[12..15], &hex[15..18], &hex[18..30])
            }
            "github" => {
                let random = self.characters(ALNUM, 30);
                format!("{size}_{random}{}", encode::base62_checksum(&random))
            }
            "github-wrong" => {
                let random = self.characters(ALNUM, 30);
                let wrong = encode::crc32(random.as_bytes()).wrapping_add(1);
                format!("{size}_{random}{}", encode::based(wrong, 62, 6))
            }
            // Routable: payload, its length and a CRC-32, both in base 36.
            "gitlab" => {
                let payload = encode::base64url(&self.bytes(24));
                let length = encode::based(u32::try_from(payload.len()).ok()?, 36, 2).to_lowercase();
                let text = format!("{size}-{payload}.01.{length}");
                let sum = encode::based(encode::crc32(text.as_bytes()), 36, 7).to_lowercase();
                text + &sum
            }
            "grafana" => {
                let text = format!("glsa_{}", self.characters(ALNUM, 32));
                format!("{text}_{:08x}", encode::crc32(text.as_bytes()))
            }
            "age" => {
                let words: Vec<u8> = (0..52).map(|_| self.dice.random_range(0..32)).collect();
                let sum = encode::bech32_checksum("age-secret-key-", &words);
                let text: String =
                    words.iter().chain(&sum).map(|w| char::from(BECH32.as_bytes()[usize::from(*w)])).collect();
                format!("{}-KEY-1{}", ["AGE", "SECRET"].join("-"), text.to_uppercase())
            }
            "b64" => encode::base64(&self.bytes(number(32))),
            "b64u" => encode::base64url(&self.bytes(number(32))),
            // Base64 in lines of 64, as in PEM files.
            "b64lines" => {
                let text = encode::base64(&self.bytes(number(600)));
                text.as_bytes().chunks(64).map(|l| String::from_utf8_lossy(l)).collect::<Vec<_>>().join("\n")
            }
            "pem" => self.pem(size),
            "jwt" => self.jwt(size),
            "discord" => encode::base64url(self.characters("123456789", 18).as_bytes()),
            "sentry" => encode::base64(
                format!(
                    r#"{{"iat":17{}.{},"url":"https://sentry.io","region_url":"https://us.sentry.io","org":"{}"}}"#,
                    self.characters(DIGITS, 8),
                    self.characters(DIGITS, 6),
                    self.one_of(WORDS)
                )
                .as_bytes(),
            )
            .trim_end_matches('=')
            .to_owned(),
            "grafana-old" => encode::base64(
                format!(r#"{{"k":"{}","n":"{}","id":1}}"#, self.characters(ALNUM, 32), self.one_of(WORDS)).as_bytes(),
            ),
            "onepassword" => format!(
                "ops_{}",
                encode::base64url(
                    format!(
                        r#"{{"signInAddress":"my.1password.com","userAuth":{{"method":"SRPg-4096","alg":"PBES2g-HS256","iterations":650000,"salt":"{}"}},"email":"{}@1passwordserviceaccounts.com","srpX":"{}","muk":{{"alg":"A256GCM","ext":true,"k":"{}","key_ops":["encrypt","decrypt"],"kty":"oct","kid":"mp"}},"deviceUuid":"{}"}}"#,
                        self.characters(B64URL, 22),
                        self.characters(LOWER36, 13),
                        self.characters(HEX, 64),
                        self.characters(B64URL, 43),
                        self.characters(LOWER36, 26)
                    )
                    .as_bytes()
                )
            ),
            "word" => (*self.one_of(WORDS)).to_owned(),
            "Word" => {
                let word = *self.one_of(WORDS);
                word[..1].to_uppercase() + &word[1..]
            }
            "user" => (*self.one_of(&["deploy", "svc_orders", "reporting", "app", "ingest", "mwagner", "etl", "jlopez"])).to_owned(),
            "host" => format!("{}.{}", self.one_of(WORDS), self.one_of(HOSTS)),
            "ip" => format!("10.{}.{}.{}", self.below(250), self.below(250), self.below(250)),
            "port" => (1024 + self.below(60000)).to_string(),
            "n" => self.below(number(1000)).to_string(),
            "human" => self.human(),
            "date" => format!("2026-{:02}-{:02}", 1 + self.below(12), 1 + self.below(28)),
            "any" => {
                let forms: Vec<&str> = size.split('|').collect();
                (*self.one_of(&forms)).to_owned()
            }
            _ => return None,
        })
    }

    /// A password as people make them: words, digits and symbols that need no escape in common places.
    fn human(&mut self) -> String {
        let symbols = ["!", "@", "#", "%", "^", "*", "-", "_", "=", "+", "?", "~"];
        let word = |maker: &mut Self| {
            let text = *maker.one_of(PASSWORD_WORDS);
            let mut bent = text.replace(['a'], "4").replace('o', "0");
            if maker.below(2) == 0 {
                bent = text.to_owned();
            }
            bent[..1].to_uppercase() + &bent[1..]
        };
        let (first, second) = (word(self), word(self));
        let (one, two) = (*self.one_of(&symbols), *self.one_of(&symbols));
        let digits = self.characters("23456789", 2);
        match self.below(4) {
            0 => format!("{first}{one}{second}{digits}{two}"),
            1 => format!("{first}{digits}{one}{}{two}", second.to_lowercase()),
            2 => format!("{}{one}{digits}{second}", first.to_lowercase()),
            _ => format!(
                "{first}{one}{}{digits}{}{two}",
                self.characters("bcdfghjkmnpqrstvwxz", 3),
                second.to_lowercase()
            ),
        }
    }

    /// A private key in PEM. `size` names the header and, behind a slash, what stands first in the DER.
    fn pem(&mut self, kind: &str) -> String {
        let (label, start, length) = match kind {
            "rsa" => ("RSA PRIVATE KEY", "MIIEpAIBAAKCAQEA", 1170),
            "ec" => ("EC PRIVATE KEY", "MHcCAQEEI", 112),
            "dsa" => ("DSA PRIVATE KEY", "MIIBuwIBAAKBgQ", 430),
            "pkcs8" => ("PRIVATE KEY", "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQ", 1170),
            "encrypted" => ("ENCRYPTED PRIVATE KEY", "MIIFHDBOBgkqhkiG9w0BBQ0wQTApBgkqhkiG9w0BBQwwHAQI", 1260),
            "openssh" => (
                "OPENSSH PRIVATE KEY",
                "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAAzAAAAC3NzaC1lZDI1NTE5AAAAI",
                230,
            ),
            "pgp" => ("PGP PRIVATE KEY BLOCK", "lQVYBG", 900),
            _ => panic!("no such key: {kind}"),
        };
        let body = format!("{start}{}", encode::base64(&self.bytes(length)));
        let lines: Vec<_> = body.as_bytes().chunks(64).map(String::from_utf8_lossy).collect();
        let blank = if kind == "pgp" { "\n" } else { "" };
        let sum = if kind == "pgp" { format!("\n={}", self.characters(ALNUM, 4)) } else { String::new() };
        let dashes = "-".repeat(5);
        format!("{dashes}BEGIN {label}{dashes}\n{blank}{}{sum}\n{dashes}END {label}{dashes}\n", lines.join("\n"))
    }

    fn jwt(&mut self, kind: &str) -> String {
        let payload = match kind {
            "supabase" => format!(
                r#"{{"iss":"supabase","ref":"{}","role":"service_role","iat":17{},"exp":20{}}}"#,
                self.characters(LOWER, 20),
                self.characters(DIGITS, 8),
                self.characters(DIGITS, 8)
            ),
            _ => format!(
                r#"{{"sub":"{}","iss":"https://{}.{}/","aud":"api","iat":17{},"exp":18{},"scope":"orders:write"}}"#,
                self.characters(HEX, 24),
                self.one_of(WORDS),
                self.one_of(HOSTS),
                self.characters(DIGITS, 8),
                self.characters(DIGITS, 8)
            ),
        };
        let header = *self.one_of(&[r#"{"alg":"HS256","typ":"JWT"}"#, r#"{"typ":"JWT","alg":"HS256"}"#]);
        let parts = [encode::base64url(header.as_bytes()), encode::base64url(payload.as_bytes())];
        format!("{}.{}", parts.join("."), encode::base64url(&self.bytes(32)))
    }
}

const ALNUM: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const B64URL: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const LOWER36: &str = "abcdefghijklmnopqrstuvwxyz0123456789";
const LOWER: &str = "abcdefghijklmnopqrstuvwxyz";
const HEX: &str = "0123456789abcdef";
const DIGITS: &str = "0123456789";
const BECH32: &str = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";

/// The alphabets that a hole can name.
fn alphabet(letter: &str) -> Option<&'static str> {
    Some(match letter {
        "A" => ALNUM,
        "a" => LOWER36,
        "U" => "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789",
        "h" => HEX,
        "H" => "0123456789ABCDEF",
        "d" => DIGITS,
        "w" => B64URL,
        "p" => "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
        "l" => LOWER,
        "L" => "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        "m" => "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
        "b" => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567",
        "c" => "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz",
        // A password manager's: symbols that need no escape in JSON, XML, YAML in quotes or a shell in quotes.
        "s" => "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz23456789!@#%^*-_=+?~",
        _ => return None,
    })
}

pub const WORDS: &[&str] = &[
    "orders",
    "billing",
    "atlas",
    "ledger",
    "harbor",
    "falcon",
    "meadow",
    "payments",
    "catalog",
    "inventory",
    "mercury",
    "orchid",
    "pelican",
    "quartz",
    "reports",
    "shipping",
    "tundra",
    "users",
    "vector",
    "warehouse",
    "zephyr",
    "beacon",
];

const HOSTS: &[&str] =
    &["internal", "prod.acme-retail.com", "eu-west.northwind.io", "corp.initech.net", "svc.cluster.local"];

const PASSWORD_WORDS: &[&str] = &[
    "winter", "coffee", "monsoon", "gravel", "pirate", "lantern", "velvet", "copper", "thunder", "badger", "rocket",
    "maple", "granite", "octopus", "sparrow", "tango", "walnut", "juniper", "cobalt", "marble", "saffron", "hammock",
];

//! Reading what stands behind a name: the operator, quotes however often escaped, and the value.

use std::ops::Range;

/// How far a name, an operator and a value are looked for.
const NAME: usize = 80;
const GAP: usize = 48;
const VALUE: usize = 512;

/// A value as it stands in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Value {
    /// Where it stands.
    pub(super) range: Range<usize>,
    /// Whether quotes stand around it.
    pub(super) quoted: bool,
    /// Whether the name begins its line, as in a properties file.
    pub(super) leads: bool,
    /// Whether it stands behind a name that is itself the value of a field called "name".
    pub(super) entry: bool,
}

/// Whether a byte can stand inside a name.
fn names(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'$')
}

/// The whole name around a hit.
pub(super) fn name(text: &[u8], hit: Range<usize>) -> Range<usize> {
    let from = hit.start.saturating_sub(NAME);
    let mut start = text[from..hit.start].iter().rposition(|b| !names(*b)).map_or(from, |at| from + at + 1);
    // In `"\nTOKEN=` the n belongs to the escape, not to the name.
    if start > 0 && text[start - 1] == b'\\' && matches!(text[start], b'n' | b't' | b'r') && start < hit.start {
        start += 1;
    }
    let to = text.len().min(hit.end + NAME);
    let end = text[hit.end..to].iter().position(|b| !names(*b)).map_or(to, |at| hit.end + at);
    start..end
}

struct Cursor<'t> {
    text: &'t [u8],
    at: usize,
}

impl Cursor<'_> {
    fn peek(&self) -> u8 {
        self.text.get(self.at).copied().unwrap_or(0)
    }

    fn rest(&self) -> &[u8] {
        &self.text[self.at.min(self.text.len())..]
    }

    fn blanks(&mut self) -> usize {
        let before = self.at;
        while self.at - before < GAP && matches!(self.peek(), b' ' | b'\t') {
            self.at += 1;
        }
        self.at - before
    }

    fn any_space(&mut self) -> usize {
        let before = self.at;
        while self.at - before < GAP && matches!(self.peek(), b' ' | b'\t' | b'\n' | b'\r') {
            self.at += 1;
        }
        self.at - before
    }

    /// Takes a quote with the backslashes in front of it, `&quot;` too; the quote and how many bytes it took.
    fn quote(&mut self) -> Option<(u8, usize)> {
        let slashes = self.rest().iter().take(4).take_while(|b| **b == b'\\').count();
        let byte = self.text.get(self.at + slashes).copied().unwrap_or(0);
        if matches!(byte, b'"' | b'\'' | b'`') {
            self.at += slashes + 1;
            return Some((byte, slashes));
        }
        for (entity, quote) in [
            (&b"&quot;"[..], b'"'),
            (b"&#34;", b'"'),
            (b"&apos;", b'\''),
            (b"&#39;", b'\''),
            (b"\\u0022", b'"'),
            (b"%22", b'"'),
        ] {
            if self.rest().starts_with(entity) {
                self.at += entity.len();
                return Some((quote, 0));
            }
        }
        None
    }

    fn take(&mut self, word: &[u8]) -> bool {
        let fits = self.rest().len() >= word.len() && self.rest()[..word.len()].eq_ignore_ascii_case(word);
        self.at += if fits { word.len() } else { 0 };
        fits
    }
}

/// The value that `name` is given, where it is given one right there.
pub(super) fn value(text: &[u8], name: &Range<usize>, code: bool) -> Option<Value> {
    let leads = leads(text, name.start);
    let mut cursor = Cursor { text, at: name.end };
    let quoted_name = cursor.quote().is_some();
    // `["TOKEN"]`, `.at("TOKEN")`
    if quoted_name && matches!(cursor.peek(), b']') {
        cursor.at += 1;
    }
    // A property list, or one of KeePass: `<key>Token</key><string>x</string>`.
    if cursor.take(b"</key>") {
        cursor.any_space();
        let tag = cursor.rest().iter().take(GAP).position(|b| *b == b'>').filter(|_| cursor.peek() == b'<')?;
        cursor.at += tag + 1;
        return read(&cursor, None, false).map(|range| Value { range, quoted: true, leads: true, entry: true });
    }
    if let Some(value) = entry(text, cursor.at, quoted_name).or_else(|| element(text, name.start, cursor.at)) {
        return Some(value);
    }
    let spaces = cursor.blanks();
    // C#: `public string ApiKey { get; set; } = "x";`
    if cursor.rest().starts_with(b"{ get;") {
        cursor.at += cursor.rest().iter().take(GAP).position(|b| *b == b'}')? + 1;
        cursor.blanks();
    }
    let flag = text[name.start] == b'-' || (name.start > 0 && text[name.start - 1] == b'-');
    let mut needs_quotes = false;
    let mut exact = true;
    match cursor.peek() {
        b'=' => {
            cursor.at += 1;
            // With blanks around it, it is an expression.
            exact = spaces == 0 && !matches!(cursor.peek(), b'=' | b' ' | b'>');
            // `==`, `===`, `=>`, `=~`
            while matches!(cursor.peek(), b'=' | b'>' | b'~') {
                needs_quotes |= cursor.peek() != b'>';
                cursor.at += 1;
            }
        }
        b':' => {
            cursor.at += 1;
            if cursor.peek() == b'=' || cursor.peek() == b'-' {
                cursor.at += 1;
            }
            exact = false;
            annotation(&mut cursor);
        }
        b'?' | b'+' | b'|' if cursor.rest().get(1) == Some(&b'=') => cursor.at += 2,
        b'-' if cursor.rest().get(1) == Some(&b'>') => cursor.at += 2,
        // XML: `<password>value<`; a table: `| password | value |`.
        b'>' if text[..name.start].ends_with(b"<") => cursor.at += 1,
        b'|' if before_is(text, name.start, b'|') => cursor.at += 1,
        b'(' => {
            cursor.at += 1;
            needs_quotes = true;
        }
        b',' if quoted_name => {
            cursor.at += 1;
            needs_quotes = true;
        }
        b'|' | b'?' if matches!(cursor.rest().get(..2), Some(b"||" | b"??")) => {
            cursor.at += 2;
            needs_quotes = true;
        }
        b')' if fallback(&mut cursor) => needs_quotes = true,
        // `--token value`, `ENV TOKEN value`, `set -x TOKEN value`, `string password = `.
        _ if spaces > 0 && !quoted_name => {
            let quote = matches!(cursor.peek(), b'"' | b'\'' | b'\\');
            if typed(&mut cursor) {
                needs_quotes = code;
            } else if quote {
                // `proxy_set_header Authorization "…"`, `#define TOKEN "…"`
                needs_quotes = true;
            } else if !(flag || command(text, name.start)) {
                // `requirepass x`: the name, the value, and nothing else in the line.
                let near = &cursor.rest()[..cursor.rest().len().min(VALUE)];
                let line = near.split(|b| *b == b'\n').next().unwrap_or_default().trim_ascii();
                if !leads || code || line.iter().any(u8::is_ascii_whitespace) {
                    return None;
                }
            }
        }
        _ if quoted_name && spaces > 0 && fallback(&mut cursor) => needs_quotes = true,
        _ => return None,
    }
    let broken = cursor.blanks();
    // `TOKEN = { value = "x", force = true }`
    if cursor.peek() == b'{'
        && let Some(value) = entry(text, cursor.at, true)
    {
        return Some(value);
    }
    // YAML: the value stands on the next line, behind `>-` or `|`.
    if matches!(cursor.peek(), b'>' | b'|') && !code {
        let sign = cursor.rest().iter().take(4).position(|b| matches!(b, b'\n' | b'\r'))?;
        cursor.at += sign;
        cursor.any_space();
        return read(&cursor, None, true).map(|range| Value { range, quoted: false, leads: true, entry: true });
    }
    // A value on the next line counts where it is quoted: Python, Java and JSON break lines so.
    if matches!(cursor.peek(), b'\n' | b'\r' | b'\\') && broken <= 2 {
        let line = cursor.at;
        if cursor.peek() == b'\\' && matches!(cursor.rest().get(1), Some(b'\n' | b'\r')) {
            cursor.at += 1;
        }
        cursor.any_space();
        if cursor.at != line && !matches!(cursor.peek(), b'"' | b'\'' | b'`') {
            return None;
        }
    }
    // Prefixes of strings (`b"`, `r"`, `@"`, `f"`), calls that only wrap one, and words of schemes.
    wrapper(&mut cursor);
    let start_quote = cursor.quote();
    if start_quote.is_none() && (needs_quotes || (code && !leads_comment(text, name.start) && !exact)) {
        return None;
    }
    scheme(&mut cursor);
    read(&cursor, start_quote, leads).map(|range| Value { range, quoted: start_quote.is_some(), leads, entry: false })
}

/// `- name: DB_PASSWORD\n  value: x`, `{"name": "X", "value": "x"}`, `key="X" value="x"`, `variable "x" { default = "x"`.
fn entry(text: &[u8], at: usize, quoted: bool) -> Option<Value> {
    let mut cursor = Cursor { text, at };
    let mut broke = false;
    for _ in 0..4 {
        broke |= cursor.any_space() > 0;
        if matches!(cursor.peek(), b',' | b'{' | b';') {
            cursor.at += 1;
            broke = true;
        }
    }
    if !broke && !quoted {
        return None;
    }
    // Terraform: other lines may stand in front of `default = "x"`.
    if text[at..cursor.at].contains(&b'{') && !cursor.rest().starts_with(b"value") {
        let block = &cursor.rest()[..cursor.rest().len().min(240)];
        let block = &block[..block.iter().position(|b| *b == b'}').unwrap_or(block.len())];
        if let Some(found) = memchr::memmem::find(block, b"default") {
            cursor.at += found;
        }
    }
    cursor.quote();
    if !["value", "default", "defaultvalue", "secretvalue"].iter().rev().any(|w| cursor.take(w.as_bytes())) {
        return None;
    }
    cursor.quote();
    cursor.blanks();
    if !matches!(cursor.peek(), b':' | b'=' | b'>') {
        return None;
    }
    cursor.at += 1;
    cursor.blanks();
    let quote = cursor.quote();
    scheme(&mut cursor);
    read(&cursor, quote, true).map(|range| Value { range, quoted: quote.is_some(), leads: true, entry: true })
}

/// The text of an XML element whose tag, or an attribute of it, has the name: `<Pass encoding="base64">x</Pass>`,
/// `<string name="token" translatable="false">x</string>`.
fn element(text: &[u8], name: usize, at: usize) -> Option<Value> {
    let from = name.saturating_sub(NAME);
    let open = text[from..name].iter().rposition(|b| matches!(b, b'<' | b'>' | b'\n')).map(|at| from + at)?;
    let to = text.len().min(at + NAME);
    let close = text[at..to].iter().position(|b| matches!(b, b'<' | b'>' | b'\n')).map(|i| at + i)?;
    let plain = close == at && open + 1 == name;
    if text[open] != b'<' || text[close] != b'>' || text[close - 1] == b'/' || plain {
        return None;
    }
    let start = close + 1;
    let to = text.len().min(start + VALUE);
    let end = text[start..to].iter().position(|b| matches!(b, b'<' | b'\n')).map(|i| start + i)?;
    (end > start).then_some(Value { range: start..end, quoted: true, leads: true, entry: true })
}

/// Skips a type: `: string =`, `: &'static str =`, `: Option<String> =`.
fn annotation(cursor: &mut Cursor<'_>) {
    let rest = &cursor.rest()[..cursor.rest().len().min(GAP)];
    let Some(equals) = rest.iter().position(|b| *b == b'=') else { return };
    let kind = &rest[..equals];
    let plain = |b: &u8| {
        b.is_ascii_alphabetic()
            || matches!(b, b'_' | b'<' | b'>' | b'&' | b'\'' | b'[' | b']' | b'?' | b'.' | b' ' | b'|' | b':' | b'!')
    };
    let follows = rest[equals + 1..].iter().find(|b| !matches!(b, b' ' | b'\t'));
    if kind.iter().all(plain)
        && kind.last() == Some(&b' ')
        && matches!(follows, Some(b'"' | b'\'' | b'`' | b'r' | b'b' | b'\n'))
    {
        cursor.at += equals + 1;
    }
}

/// `password string = "x"`, `TOKEN VARCHAR := 'x'`: a type between name and operator.
fn typed(cursor: &mut Cursor<'_>) -> bool {
    let before = cursor.at;
    for word in ["string", "str", "text", "varchar2", "varchar", "[]byte", "NSString *", "is", "="] {
        if cursor.take(word.as_bytes()) {
            cursor.blanks();
            if word == "is" || word == "=" || cursor.take(b":=") || cursor.take(b"=") {
                return true;
            }
        }
        cursor.at = before;
    }
    false
}

/// `env::var("TOKEN").unwrap_or("x")`, `process.env.TOKEN || "x"`, `os.environ.get("TOKEN") or "x"`.
fn fallback(cursor: &mut Cursor<'_>) -> bool {
    let before = cursor.at;
    while matches!(cursor.peek(), b')' | b']' | b' ' | b'?' | b'\n') && cursor.at - before < GAP {
        cursor.at += 1;
    }
    for word in ["||", "??", "or ", "?:", ".unwrap_or(", ".unwrap_or_else(|_| ", ".orElse(", ".getOrElse(", "else "] {
        if cursor.take(word.as_bytes()) {
            cursor.blanks();
            return matches!(cursor.peek(), b'"' | b'\'' | b'`' | b'\\');
        }
    }
    cursor.at = before;
    false
}

/// What may stand between the operator and the quote.
fn wrapper(cursor: &mut Cursor<'_>) {
    for mark in ["\\texttt{", "**", "<code>", "<b>", "<tt>"] {
        if cursor.take(mark.as_bytes()) {
            return;
        }
    }
    for word in ["$'", "@\"", "new String("] {
        if cursor.take(word.as_bytes()) {
            cursor.at -= usize::from(word.ends_with(['\'', '"']));
            return;
        }
    }
    let rest = &cursor.rest()[..cursor.rest().len().min(40)];
    let Some(at) = rest.iter().position(|b| matches!(b, b'"' | b'\'')) else { return };
    let lead = &rest[..at];
    let call = lead.ends_with(b"(")
        && lead[..lead.len() - 1].iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b':' | b' '));
    let bytes: [&[u8]; 10] = [b"N", b"b", b"r", b"rb", b"br", b"f", b"u", b"@", b"[", b"!"];
    let lookup = [
        "env", "get", "read", "load", "fetch", "find", "config", "setting", "lookup", "param", "vault", "query",
        "header", "require", "file", "input", "prompt",
    ];
    let lower = lead.to_ascii_lowercase();
    let looks_up = lookup.iter().any(|w| memchr::memmem::find(&lower, w.as_bytes()).is_some());
    if bytes.contains(&lead) || (call && !looks_up) || lead == b"r#" {
        cursor.at += at;
    }
}

/// `Bearer`, `Basic` and the like in front of a token.
fn scheme(cursor: &mut Cursor<'_>) {
    for word in ["bearer ", "token ", "basic ", "apikey ", "ssws ", "key ", "bot ", "api-key ", "bearer%20"] {
        if cursor.take(word.as_bytes()) {
            cursor.blanks();
            return;
        }
    }
}

/// Reads the value itself.
fn read(cursor: &Cursor<'_>, quote: Option<(u8, usize)>, leads: bool) -> Option<Range<usize>> {
    let text = cursor.text;
    let start = cursor.at;
    let limit = text.len().min(start + VALUE);
    let mut at = start;
    match quote {
        Some((quote, slashes)) => loop {
            if at >= limit {
                // A value without an end is none, but for long keys.
                return (limit - start == VALUE).then_some(start..limit);
            }
            let byte = text[at];
            if byte == quote {
                let escaped = text[start..at].iter().rev().take_while(|b| **b == b'\\').count();
                if escaped <= slashes {
                    return Some(start..at - escaped);
                }
                if slashes == 0 && escaped % 2 == 0 {
                    return Some(start..at);
                }
            }
            if byte == b'\n' || text[at..].starts_with(b"&quot;") || text[at..].starts_with(b"\\u0022") {
                return (byte != b'\n').then_some(start..at);
            }
            at += 1;
        },
        None => {
            while at < limit {
                let byte = text[at];
                let ends = match byte {
                    b' ' | b'\t' | b'\n' | b'\r' | b'"' | b'\'' | b'`' | b'<' | 0 => true,
                    b',' | b';' | b')' | b'}' | b']' | b'&' | b'|' => !leads,
                    b'\\' => true,
                    _ => !byte.is_ascii() && !leads,
                };
                if ends {
                    break;
                }
                at += 1;
            }
            // What ends a sentence or a list is no part of it.
            while at > start && matches!(text[at - 1], b',' | b';' | b'.' | b':') {
                at -= 1;
            }
            (at > start).then_some(start..at)
        }
    }
}

/// Whether only what a properties file allows stands in front of the name in its line.
fn leads(text: &[u8], name: usize) -> bool {
    let from = name.saturating_sub(64);
    let line = text[from..name].iter().rposition(|b| *b == b'\n').map_or(from, |at| from + at + 1);
    if line == from && from != 0 && text[from - 1] != b'\n' {
        return false;
    }
    let lead = text[line..name].trim_ascii();
    lead.is_empty()
        || matches!(
            lead,
            b"-" | b"export"
                | b"- export"
                | b"set"
                | b"ENV"
                | b"ARG"
                | b"#"
                | b"\xef\xbb\xbf"
                | b"//"
                | b"env"
                | b"- ENV"
                | b";"
                | b"?"
        )
}

/// Whether the line of the name is a comment, where programs hold no expressions.
fn leads_comment(text: &[u8], name: usize) -> bool {
    let from = name.saturating_sub(200);
    let line = text[from..name].iter().rposition(|b| *b == b'\n').map_or(from, |at| from + at + 1);
    let lead = text[line..name].trim_ascii();
    [&b"#"[..], b"//", b"*", b"/*", b"--", b";", b"<!--"].iter().any(|c| lead.starts_with(c))
}

/// Whether `byte` is the last before `at` that is no blank.
fn before_is(text: &[u8], at: usize, byte: u8) -> bool {
    text[at.saturating_sub(GAP)..at].iter().rev().find(|b| !matches!(b, b' ' | b'\t' | b'*' | b'`')) == Some(&byte)
}

/// Words of commands behind which a name and its value stand, divided by a blank.
fn command(text: &[u8], name: usize) -> bool {
    let lead = text[name.saturating_sub(24)..name].trim_ascii_end();
    let words: [&[u8]; 12] = [
        b"ENV",
        b"ARG",
        b"set",
        b"-x",
        b"-gx",
        b"-Ux",
        b"setx",
        b"setenv",
        b"login",
        b"machine",
        b"SetEnv",
        b"config set",
    ];
    words.iter().any(|w| lead.ends_with(w)) || memchr::memmem::find(lead, b" login ").is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_from(text: &str, word: &str, code: bool) -> Option<String> {
        let at = text.find(word).unwrap();
        let name = name(text.as_bytes(), at..at + word.len());
        value(text.as_bytes(), &name, code).map(|v| String::from_utf8_lossy(&text.as_bytes()[v.range]).into_owned())
    }

    #[test]
    fn values_are_read_as_people_write_them() {
        for (text, word, expected) in [
            (r#"password = "abc def""#, "password", Some("abc def")),
            ("DB_PASSWORD=a&b;c\n", "PASSWORD", Some("a&b;c")),
            ("url?token=abc&x=1", "token", Some("abc")),
            (r#""password": "abc","#, "password", Some("abc")),
            (r#""cmd": "export TOKEN=\"abc\" && x""#, "TOKEN", Some("abc")),
            (r#"{\"secret\": \"abc\"}"#, "secret", Some("abc")),
            ("const token: string = 'abc';", "token", Some("abc")),
            ("static TOKEN: &'static str = \"abc\";", "TOKEN", Some("abc")),
            ("var password string = \"abc\"", "password", Some("abc")),
            ("<password>abc</password>", "password", Some("abc")),
            ("<add key=\"ApiKey\" value=\"abc\"/>", "ApiKey", Some("abc")),
            ("- name: DB_PASSWORD\n  value: abc\n", "PASSWORD", Some("abc")),
            ("{\"name\": \"TOKEN\",\n \"value\": \"abc\"}", "TOKEN", Some("abc")),
            ("setPassword(\"abc\")", "Password", Some("abc")),
            ("define('DB_PASSWORD', 'abc');", "PASSWORD", Some("abc")),
            ("os.environ['TOKEN'] = 'abc'", "TOKEN", Some("abc")),
            ("--password abc", "password", Some("abc")),
            ("Authorization: Bearer abc", "Authorization", Some("abc")),
            ("process.env.TOKEN || 'abc'", "TOKEN", Some("abc")),
            ("env::var(\"TOKEN\").unwrap_or(\"abc\")", "TOKEN", Some("abc")),
            ("${TOKEN:-abc}", "TOKEN", Some("abc")),
            ("ENV TOKEN abc", "TOKEN", Some("abc")),
            ("| password | abc |", "password", Some("abc")),
            ("the password protects it", "password", None),
        ] {
            assert_eq!(read_from(text, word, false).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn expressions_of_programs_are_no_values() {
        for text in ["password = user.password;", "token: string;", "secret = load_secret()", "password: password,"] {
            let word = if text.starts_with("token") { "token" } else { &text[..text.find([' ', ':']).unwrap()] };
            let got = read_from(text, word, true);
            assert!(got.is_none() || !text.contains('"'), "{text}: {got:?}");
        }
        assert_eq!(read_from("token = getenv(\"abc\")", "token", true), None);
    }
}

//! Patterns as Go reads them, written so that the crate `regex` reads the same.
//!
//! Both engines are linear and nearly of one grammar. Where they differ, Go's reading counts: a brace that is no
//! repetition is a brace, `[` in a class is a bracket, `\s` has no vertical tab, `\<` is `<`. The result is meant
//! for `unicode(false)`: a `.` or a negated class is one byte, where Go takes one character. A class that names
//! characters outside ASCII is put into `(?u:…)`.

/// Why a pattern cannot be used. It does not quote the pattern.
pub(super) type Fault = &'static str;

/// The most times Go lets something be repeated.
const REPEATS: u32 = 1000;
/// The most parentheses within each other.
const DEPTH: usize = 100;

const LOOK_AROUND: Fault = "looks ahead or behind, which neither Go nor this program can do";
const ESCAPE: Fault = "has an escape that Go does not know";
const CLASS: Fault = "has a character class that does not end or is not valid";
const UNICODE: Fault = "names classes of Unicode (\\p), which this program does not have";

/// `go` in the grammar of `regex`.
///
/// # Errors
///
/// If Go would not take it either, or it needs tables of Unicode.
pub(super) fn translate(go: &str) -> Result<String, Fault> {
    let mut reader = Reader { rest: go, out: String::with_capacity(go.len() + 16), fold: vec![false] };
    while let Some(c) = reader.take() {
        match c {
            '\\' => reader.escape()?,
            '[' => reader.class()?,
            '(' => reader.open()?,
            ')' => {
                if reader.fold.len() > 1 {
                    reader.fold.pop();
                }
                reader.out.push(')');
            }
            '{' => reader.repetition()?,
            '*' | '+' | '?' | '|' | '^' | '$' | '.' => reader.out.push(c),
            c => reader.literal(c),
        }
    }
    Ok(reader.out)
}

struct Reader<'t> {
    rest: &'t str,
    out: String,
    /// Whether upper and lower case are the same, for each open group.
    fold: Vec<bool>,
}

impl Reader<'_> {
    fn take(&mut self) -> Option<char> {
        let c = self.rest.chars().next()?;
        self.rest = &self.rest[c.len_utf8()..];
        Some(c)
    }

    fn eat(&mut self, text: &str) -> bool {
        let Some(rest) = self.rest.strip_prefix(text) else { return false };
        self.rest = rest;
        true
    }

    fn folds(&self) -> bool {
        self.fold.last().copied().unwrap_or(false)
    }

    fn literal(&mut self, c: char) {
        if c.is_ascii() {
            self.out.push_str(&code(c));
        } else {
            // Folding it would need tables.
            self.out.push_str("(?-i:");
            self.out.push(c);
            self.out.push(')');
        }
    }

    fn escape(&mut self) -> Result<(), Fault> {
        match self.rest.chars().next().ok_or(ESCAPE)? {
            'Q' => {
                self.take();
                let (text, rest) = self.rest.split_once("\\E").unwrap_or((self.rest, ""));
                self.rest = rest;
                text.chars().for_each(|c| self.literal(c));
            }
            c @ ('A' | 'z' | 'b' | 'B') => {
                self.take();
                self.out.push('\\');
                self.out.push(c);
            }
            c @ ('d' | 'D' | 's' | 'S' | 'w' | 'W') => {
                self.take();
                self.out.push_str(if c.is_ascii_uppercase() { "[^" } else { "[" });
                self.out.push_str(perl(c));
                self.out.push(']');
            }
            'p' | 'P' => return Err(UNICODE),
            _ => {
                let c = self.escaped()?;
                self.literal(c);
            }
        }
        Ok(())
    }

    /// One character behind a backslash, in a class or outside.
    fn escaped(&mut self) -> Result<char, Fault> {
        let c = self.take().ok_or(ESCAPE)?;
        Ok(match c {
            'a' => '\x07',
            'f' => '\x0C',
            't' => '\t',
            'n' => '\n',
            'r' => '\r',
            'v' => '\x0B',
            'x' => {
                let digits = if self.eat("{") {
                    let (digits, rest) = self.rest.split_once('}').ok_or(ESCAPE)?;
                    self.rest = rest;
                    digits
                } else {
                    let digits = self.rest.get(..2).ok_or(ESCAPE)?;
                    self.rest = &self.rest[2..];
                    digits
                };
                if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
                    return Err(ESCAPE);
                }
                u32::from_str_radix(digits, 16).ok().and_then(char::from_u32).ok_or(ESCAPE)?
            }
            '0'..='7' => {
                let more = self.rest.bytes().take(2).take_while(|b| (b'0'..=b'7').contains(b)).count();
                if c != '0' && more == 0 {
                    return Err("refers back to a group, which neither Go nor this program can do");
                }
                let digits = format!("{c}{}", &self.rest[..more]);
                self.rest = &self.rest[more..];
                u32::from_str_radix(&digits, 8).ok().and_then(char::from_u32).ok_or(ESCAPE)?
            }
            c if c.is_ascii_punctuation() || c == ' ' => c,
            _ => return Err(ESCAPE),
        })
    }

    fn open(&mut self) -> Result<(), Fault> {
        if self.fold.len() > DEPTH {
            return Err("has too many groups within each other");
        }
        let outer = self.folds();
        if !self.eat("?") {
            self.fold.push(outer);
            self.out.push('(');
            return Ok(());
        }
        if ["=", "!", "<=", "<!"].iter().any(|sign| self.rest.starts_with(sign)) {
            return Err(LOOK_AROUND);
        }
        if self.eat("P<") || self.eat("<") {
            // Groups are known by number; Go takes names that `regex` does not.
            let (_, rest) = self.rest.split_once('>').ok_or("has a group whose name does not end")?;
            self.rest = rest;
            self.fold.push(outer);
            self.out.push('(');
            return Ok(());
        }
        let end = self.rest.find([':', ')']).ok_or("has a group that does not end")?;
        let (flags, rest) = self.rest.split_at(end);
        if !flags.chars().all(|c| "imsU-".contains(c)) {
            return Err("has a flag that Go does not know");
        }
        let (on, off) = flags.split_once('-').unwrap_or((flags, ""));
        let fold = (outer || on.contains('i')) && !off.contains('i');
        let group = rest.starts_with(':');
        self.rest = &rest[1..];
        if group {
            self.fold.push(fold);
        } else if let Some(current) = self.fold.last_mut() {
            *current = fold;
        }
        if group || !flags.is_empty() {
            self.out.push_str("(?");
            self.out.push_str(flags);
            self.out.push(if group { ':' } else { ')' });
        }
        Ok(())
    }

    /// Behind a `{`: a repetition, or else a brace.
    fn repetition(&mut self) -> Result<(), Fault> {
        let bounds = self.rest.split_once('}').filter(|(text, _)| {
            let (least, most) = text.split_once(',').unwrap_or((text, ""));
            !least.is_empty() && (least.bytes().chain(most.bytes())).all(|b| b.is_ascii_digit())
        });
        let Some((bounds, rest)) = bounds else {
            self.out.push_str("\\{");
            return Ok(());
        };
        if bounds.split(',').any(|n| !n.is_empty() && !n.parse::<u32>().is_ok_and(|n| n <= REPEATS)) {
            return Err("repeats something more than 1000 times, which Go does not take");
        }
        self.rest = rest;
        self.out.push('{');
        self.out.push_str(bounds);
        self.out.push('}');
        Ok(())
    }

    /// Behind a `[`.
    fn class(&mut self) -> Result<(), Fault> {
        let mut class = Class { sets: String::new(), ranges: Vec::new() };
        let negated = self.eat("^");
        let mut first = true;
        while first || !self.rest.starts_with(']') {
            first = false;
            if self.posix(&mut class)? {
                continue;
            }
            if self.rest.starts_with("\\p") || self.rest.starts_with("\\P") {
                return Err(UNICODE);
            }
            let set = self.rest.strip_prefix('\\').and_then(|r| r.chars().next()).filter(|c| "dDsSwW".contains(*c));
            if let Some(c) = set {
                self.rest = &self.rest[2..];
                class.set(c.is_ascii_uppercase(), perl(c));
                continue;
            }
            let low = self.class_char()?;
            let range = self.rest.starts_with('-') && self.rest.len() > 1 && !self.rest[1..].starts_with(']');
            let high = if range {
                self.rest = &self.rest[1..];
                self.class_char()?
            } else {
                low
            };
            if low > high {
                return Err(CLASS);
            }
            class.ranges.push((low, high));
        }
        self.rest = &self.rest[1..];
        let text = class.text(negated, self.folds());
        self.out.push_str(&text);
        Ok(())
    }

    fn class_char(&mut self) -> Result<char, Fault> {
        match self.take().ok_or(CLASS)? {
            '\\' => self.escaped(),
            c => Ok(c),
        }
    }

    /// `[:alpha:]` within a class.
    fn posix(&mut self, class: &mut Class) -> Result<bool, Fault> {
        let Some((name, rest)) = self.rest.strip_prefix("[:").and_then(|r| r.split_once(":]")) else {
            return Ok(false);
        };
        let (negated, name) = name.strip_prefix('^').map_or((false, name), |n| (true, n));
        let set = match name {
            "alnum" => "0-9A-Za-z",
            "alpha" => "A-Za-z",
            "ascii" => "\\x00-\\x7F",
            "blank" => "\\t\\x20",
            "cntrl" => "\\x00-\\x1F\\x7F",
            "digit" => "0-9",
            "graph" => "!-\\x7E",
            "lower" => "a-z",
            "print" => "\\x20-\\x7E",
            "punct" => "!-/:-@\\[-`\\{-\\x7E",
            "space" => "\\t-\\r\\x20",
            "upper" => "A-Z",
            "word" => "0-9A-Za-z_",
            "xdigit" => "0-9A-Fa-f",
            _ => return Err(CLASS),
        };
        class.set(negated, set);
        self.rest = rest;
        Ok(true)
    }
}

struct Class {
    sets: String,
    ranges: Vec<(char, char)>,
}

impl Class {
    fn set(&mut self, negated: bool, set: &str) {
        if negated {
            self.sets.push_str("[^");
            self.sets.push_str(set);
            self.sets.push(']');
        } else {
            self.sets.push_str(set);
        }
    }

    fn text(mut self, negated: bool, folds: bool) -> String {
        let wide = self.ranges.iter().any(|(_, high)| !high.is_ascii());
        if wide && folds {
            // Folding within `(?u:…)` would need tables, so ASCII is folded here.
            for (low, high) in self.ranges.clone() {
                let letters = (low..=high.min('z')).filter(char::is_ascii_alphabetic);
                self.ranges.extend(letters.map(|c| {
                    let other = if c.is_ascii_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() };
                    (other, other)
                }));
            }
        }
        let ranges: String = self
            .ranges
            .iter()
            .map(|(low, high)| if low == high { code(*low) } else { format!("{}-{}", code(*low), code(*high)) })
            .collect();
        let class = format!("[{}{}{ranges}]", if negated { "^" } else { "" }, self.sets);
        if wide { format!("(?u-i:{class})") } else { class }
    }
}

/// The characters of `\d`, `\s`, `\w`, or those that their opposite leaves out.
fn perl(c: char) -> &'static str {
    match c.to_ascii_lowercase() {
        'd' => "0-9",
        's' => "\\t\\n\\x0C\\r\\x20",
        _ => "0-9A-Za-z_",
    }
}

/// A character, such that nothing in it means anything.
fn code(c: char) -> String {
    if c.is_ascii_alphanumeric() { c.to_string() } else { format!("\\x{{{:X}}}", u32::from(c)) }
}

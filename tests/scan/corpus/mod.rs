//! An evaluation corpus for secret scanners, made at run time from a seed.
//!
//! No value of it stands in the source: formats come from the providers' public descriptions of their
//! tokens, and everything random is drawn when the corpus is made. Seeds below [`HELD_OUT`] draw from one
//! family of contexts, seeds from there on from another, so that a scanner can be tuned on the first and
//! measured on the second.

pub mod encode;
pub mod forms;
pub mod held;
pub mod innocent;
pub mod innocent_code;
pub mod innocent_data;
pub mod innocent_held;
pub mod places;
pub mod places_held;
pub mod providers;
pub mod providers_more;
pub mod structured;
pub mod structured_files;
pub mod template;
#[cfg(test)]
mod tests;
pub mod tree;

use template::{Maker, Names};

/// Seeds from here on use the second family of contexts, names and look-alikes.
pub const HELD_OUT: u64 = 1_000_000;

/// What kind of thing a case is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tier {
    /// A provider's token, known by its format.
    T1,
    /// A credential known by the structure around it: URLs, keys, files of the usual tools.
    T2,
    /// A strong value assigned to a name that says what it is.
    T3,
    /// Nothing that may block a commit.
    LookAlike,
}

/// One file of the corpus.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// Unique: tier, provider or kind, and the context it stands in.
    pub name: String,
    pub tier: Tier,
    /// The provider, or for look-alikes the kind.
    pub provider: &'static str,
    /// The file's name, relative and with `/`.
    pub path: String,
    pub content: Vec<u8>,
    /// The planted value, in plain. It may stand in the file encoded (base64, percent, JSON, UTF-16).
    pub secret: Option<String>,
}

/// How a file's text becomes its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrap {
    Plain,
    Crlf,
    Utf16Le,
    Utf16Be,
}

/// A file that a value can stand in. See [`template`] for what stands between the guillemets.
pub struct Place {
    pub id: &'static str,
    pub path: &'static str,
    pub wrap: Wrap,
    pub text: &'static str,
}

/// A provider's token.
pub struct Format {
    pub provider: &'static str,
    pub kind: &'static str,
    /// Names that such a value is usually given, in snake case.
    pub names: &'static [&'static str],
    pub form: &'static str,
    /// Known by its name only: the value alone (32 hex digits, say) says nothing.
    pub bare: bool,
}

/// A file that has a structure of its own.
pub struct Structured {
    pub kind: &'static str,
    pub id: &'static str,
    pub path: &'static str,
    /// How the secret is made.
    pub secret: &'static str,
    pub wrap: Wrap,
    pub text: &'static str,
}

/// A file that holds no secret.
#[derive(Clone)]
pub struct Innocent {
    pub kind: &'static str,
    pub id: &'static str,
    pub path: &'static str,
    pub text: &'static str,
}

/// Every file of `seed` that holds a secret: three tiers, each provider and structure at least once.
pub fn positives(seed: u64) -> Vec<Case> {
    let held = seed >= HELD_OUT;
    let mut maker = Maker::new(seed);
    let mut cases = Vec::new();
    let places = if held { places_held::PLACES } else { places::PLACES };
    let mut order = maker.shuffled(places.len());
    let mut next = 0;
    let mut place = |maker: &mut Maker, bare: bool| loop {
        if next == order.len() {
            order = maker.shuffled(places.len());
            next = 0;
        }
        let place: &Place = &places[order[next]];
        next += 1;
        // A value that only its name gives away needs a place that shows the name beside it.
        if !bare || place.text.contains("«N") {
            break place;
        }
    };
    for format in providers::FORMATS.iter().chain(providers_more::FORMATS) {
        let place = place(&mut maker, format.bare);
        let mut name = (*maker.one_of(format.names)).to_owned();
        if held && maker.below(3) == 0 {
            let around = maker.one_of(&["prod_«»", "my_«»", "«»_prod", "«»_2", "app_«»"]).replace("«»", &name);
            name = around;
        }
        let name = name.as_str();
        let value = maker.expand(format.form, &Names::of(name), "");
        cases.push(planted(&mut maker, Tier::T1, format.provider, format.kind, place, name, &value));
    }
    let structured: &[&[Structured]] =
        if held { &[held::FORMS] } else { &[structured::FORMS, structured_files::FORMS] };
    for form in structured.iter().copied().flatten() {
        let secret = maker.expand(form.secret, &Names::of("password"), "");
        let text = maker.expand(form.text, &Names::of("password"), &secret);
        cases.push(Case {
            name: format!("t2/{}/{}", form.kind, form.id),
            tier: Tier::T2,
            provider: form.kind,
            path: maker.expand(form.path, &Names::of("config"), ""),
            content: encode::wrapped(&text, form.wrap),
            // Of a key of several lines, one line is proof enough.
            secret: Some(secret.lines().nth(2).unwrap_or(&secret).to_owned()),
        });
    }
    let (names, values) = if held { (forms::NAMES_HELD, forms::VALUES_HELD) } else { (forms::NAMES, forms::VALUES) };
    let turn = maker.below(values.len());
    for (at, name) in names.iter().enumerate() {
        for copy in 0..3 {
            let place = place(&mut maker, true);
            let (kind, form) = values[(turn + at * 3 + copy) % values.len()];
            let value = maker.expand(form, &Names::of(name), "");
            cases.push(planted(&mut maker, Tier::T3, "generic", kind, place, name, &value));
        }
    }
    numbered(cases)
}

/// Every file of `seed` that must not block.
pub fn look_alikes(seed: u64) -> Vec<Case> {
    let held = seed >= HELD_OUT;
    // Another stream of values than that of `positives`.
    let mut maker = Maker::new(seed ^ 0x5eed_a11c_e000_0000);
    let mut cases = Vec::new();
    let whole: &[&[Innocent]] =
        if held { &[innocent_held::FILES] } else { &[innocent::FILES, innocent_code::FILES, innocent_data::FILES] };
    for file in whole.iter().copied().flatten() {
        cases.push(Case {
            name: format!("no/{}/{}", file.kind, file.id),
            tier: Tier::LookAlike,
            provider: file.kind,
            path: maker.expand(file.path, &Names::of("config"), ""),
            content: maker.expand(file.text, &Names::of("config"), "").into_bytes(),
            secret: None,
        });
    }
    let places = if held { places_held::PLACES } else { places::PLACES };
    let values = if held { innocent_held::VALUES } else { innocent::VALUES };
    let names = if held { forms::NAMES_HELD } else { forms::NAMES };
    for (kind, form) in values {
        let (place, name) = (maker.one_of(places), *maker.one_of(names));
        let value = maker.expand(form, &Names::of(name), "");
        let mut case = planted(&mut maker, Tier::LookAlike, kind, kind, place, name, &value);
        case.secret = None;
        cases.push(case);
    }
    numbered(cases)
}

fn planted(
    maker: &mut Maker,
    tier: Tier,
    provider: &'static str,
    kind: &str,
    place: &Place,
    name: &str,
    value: &str,
) -> Case {
    let text = maker.expand(place.text, &Names::of(name), value);
    let path = maker.expand(place.path, &Names::of(name), "");
    let folder = match tier {
        Tier::T1 => "t1",
        Tier::T2 => "t2",
        Tier::T3 => "t3",
        Tier::LookAlike => "no",
    };
    Case {
        name: format!("{folder}/{provider}/{kind}/{}", place.id),
        tier,
        provider,
        path,
        content: encode::wrapped(&text, place.wrap),
        secret: Some(value.to_owned()),
    }
}

/// Names are unique: a number is added to those that are not.
fn numbered(mut cases: Vec<Case>) -> Vec<Case> {
    let mut seen = std::collections::HashMap::<String, usize>::new();
    for case in &mut cases {
        let count = seen.entry(case.name.clone()).or_default();
        *count += 1;
        if *count > 1 {
            case.name = format!("{}#{count}", case.name);
        }
    }
    cases
}

//! What the corpus promises.

use super::{Case, HELD_OUT, Innocent, Place, Structured, Tier, Wrap, encode, look_alikes, positives};
use super::{
    forms, held, innocent, innocent_code, innocent_data, innocent_held, places, places_held, structured,
    structured_files,
};
use std::collections::{BTreeMap, BTreeSet};

const SEEDS: [u64; 4] = [1, 2, HELD_OUT, HELD_OUT + 1];

/// The content as text, whatever its encoding.
fn text(case: &Case) -> String {
    let words = |two: fn([u8; 2]) -> u16| {
        let words: Vec<u16> = case.content.chunks(2).map(|pair| two([pair[0], pair[1]])).collect();
        String::from_utf16(&words).unwrap()
    };
    match case.content.get(..2) {
        Some([0xff, 0xfe]) => words(u16::from_le_bytes),
        Some([0xfe, 0xff]) => words(u16::from_be_bytes),
        _ => String::from_utf8(case.content.clone()).unwrap(),
    }
}

/// Whether the value stands in the text, plain or in an encoding that files use.
fn stands_in(text: &str, value: &str) -> bool {
    let twice = encode::json(&encode::json(value));
    [value.to_owned(), encode::json(value), twice, encode::xml(value), encode::percent(value)]
        .iter()
        .any(|form| text.contains(form.as_str()))
        // In base64 at one of three places within a group; the first and last characters mix with others.
        || (0..3).any(|shift| {
            let padded = [vec![b' '; shift], value.as_bytes().to_vec()].concat();
            let encoded = encode::base64(&padded).replace('=', "");
            text.contains(&encoded[if shift == 0 { 0 } else { 4 }..encoded.len() - 2])
        })
}

#[test]
fn there_is_enough_of_everything() {
    for seed in SEEDS {
        let (positives, innocent) = (positives(seed), look_alikes(seed));
        let mut tiers = BTreeMap::new();
        for case in &positives {
            *tiers.entry(case.tier).or_insert(0) += 1;
        }
        assert!(tiers[&Tier::T1] >= 200 && tiers[&Tier::T2] >= 90 && tiers[&Tier::T3] >= 90, "{seed}: {tiers:?}");
        let providers: BTreeSet<_> = positives.iter().map(|c| c.provider).collect();
        assert!(providers.len() >= 80, "{seed}: {} providers", providers.len());
        assert!(innocent.len() >= 150, "{seed}: {} look-alikes", innocent.len());
        assert!(innocent.iter().all(|c| c.tier == Tier::LookAlike && c.secret.is_none()));
        let names: BTreeSet<_> = positives.iter().chain(&innocent).map(|c| &c.name).collect();
        assert_eq!(names.len(), positives.len() + innocent.len(), "names are unique");
    }
}

#[test]
fn a_seed_gives_the_same_corpus_again_and_another_seed_another() {
    assert_eq!(positives(7), positives(7));
    assert_eq!(look_alikes(7), look_alikes(7));
    let secrets = |seed| positives(seed).into_iter().filter_map(|c| c.secret).collect::<BTreeSet<_>>();
    let both = &secrets(7) & &secrets(8);
    assert!(both.is_empty(), "{both:?}");
}

#[test]
fn what_is_planted_stands_in_its_file() {
    for case in SEEDS.into_iter().flat_map(positives) {
        let secret = case.secret.as_deref().unwrap();
        assert!(secret.len() >= 8, "{}: short", case.name);
        assert!(stands_in(&text(&case), secret), "{}: {secret} is not in\n{}", case.name, text(&case));
    }
}

#[test]
fn held_out_contexts_are_not_those_for_tuning() {
    let places = |all: &[Place]| all.iter().map(|p| (p.path, p.text)).collect::<BTreeSet<_>>();
    let forms = |all: &[Structured]| all.iter().map(|f| (f.path, f.text)).collect::<BTreeSet<_>>();
    let files = |all: &[Innocent]| all.iter().map(|f| (f.path, f.text)).collect::<BTreeSet<_>>();
    let texts = |held| {
        if held {
            return [places(places_held::PLACES), forms(held::FORMS), files(innocent_held::FILES)];
        }
        let forms = &forms(structured::FORMS) | &forms(structured_files::FORMS);
        let innocent = [innocent::FILES, innocent_code::FILES, innocent_data::FILES].concat();
        [places(places::PLACES), forms, files(&innocent)]
    };
    for (small, large) in texts(false).iter().zip(&texts(true)) {
        assert!(small.is_disjoint(large), "{:?}", small & large);
    }
    assert!(forms::NAMES.iter().all(|name| !forms::NAMES_HELD.contains(name)));
}

#[test]
fn every_hole_was_filled_and_no_path_leaves_the_folder() {
    for case in SEEDS.into_iter().flat_map(|seed| [positives(seed), look_alikes(seed)]).flatten() {
        let text = text(&case);
        assert!(!text.contains(['«', '»']), "{}: {text}", case.name);
        assert!(
            !case.path.starts_with('/') && !case.path.contains(['«', '\\']) && !case.path.contains(".."),
            "{}",
            case.path
        );
    }
}

#[test]
fn classic_github_and_npm_tokens_have_the_checksum_that_their_kind_wants() {
    let right = |token: &str| {
        let random = token.split_once('_').unwrap().1;
        encode::base62_checksum(&random[..30]) == random[30..]
    };
    let mut seen = 0;
    for seed in SEEDS {
        for case in positives(seed).iter().filter(|c| c.provider == "github" || c.provider == "npm") {
            let secret = case.secret.as_deref().unwrap();
            if !secret.starts_with("github_pat_") {
                assert!(right(secret), "{}", case.name);
                seen += 1;
            }
        }
        for case in look_alikes(seed).iter().filter(|c| c.provider == "checksum-wrong") {
            let text = text(case);
            // In a file that encodes its values there is nothing to compare.
            if let Some(at) = ["ghp_", "gho_", "ghu_", "ghs_", "ghr_"].iter().find_map(|p| text.find(p)) {
                assert!(!right(&text[at..at + 40]), "{}", case.name);
            }
        }
    }
    assert_eq!(seen, 6 * SEEDS.len());
}

#[test]
fn encodings_agree_with_their_standards() {
    // RFC 4648, section 10; the check value of CRC-32; BIP 173.
    assert_eq!(encode::base64(b"foobar"), "Zm9vYmFy");
    assert_eq!(encode::base64(b"fooba"), "Zm9vYmE=");
    assert_eq!(encode::base64(b"foob"), "Zm9vYg==");
    assert_eq!(encode::crc32(b"123456789"), 0xcbf4_3926);
    assert_eq!(encode::based(61 * 62 + 10, 62, 6), "0000zA");
    let sum = encode::bech32_checksum("a", &[]);
    let letters: String =
        sum.iter().map(|w| char::from(b"qpzry9x8gf2tvdw0s3jn54khce6mua7l"[usize::from(*w)])).collect();
    assert_eq!(letters, "2uel5l");
    assert_eq!(encode::percent("a@b/ü"), "a%40b%2F%C3%BC");
    assert_eq!(encode::wrapped("a\n", Wrap::Utf16Be), [0xfe, 0xff, 0, b'a', 0, b'\n']);
    assert_eq!(encode::wrapped("a\n", Wrap::Crlf), b"a\r\n");
}

#[test]
fn no_look_alike_holds_a_private_key_or_a_password_in_a_url() {
    for case in SEEDS.into_iter().flat_map(look_alikes) {
        let text = text(&case);
        for begin in text.match_indices("PRIVATE KEY-----").map(|(at, _)| at) {
            let body = &text[begin + 16..].chars().take(40).collect::<String>();
            let key = body.trim_start().chars().take_while(char::is_ascii_alphanumeric).count();
            assert!(key < 20, "{}: {body}", case.name);
        }
    }
}

#[test]
fn a_tree_has_the_size_that_was_asked_for_and_planted_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let made = super::tree::tree(folder.path(), 1_000_000, 3).unwrap();
    assert!((1_000_000..2_500_000).contains(&made.bytes), "{made:?}");
    assert!(made.planted >= 300 && made.files > made.planted + 50, "{made:?}");
    let planted = std::fs::read_dir(folder.path().join("planted")).unwrap().count();
    assert_eq!(planted, made.planted);
}

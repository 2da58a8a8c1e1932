//! Whether a request is worth a plan, by its words. The originals have lists of such words; what is better here is
//! that words are whole ones, that the verb of the request counts and not one that stands in it somewhere, and that a
//! question changes nothing.

use serde::Serialize;

/// What a request is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Category {
    /// Code is made, changed or taken away.
    #[serde(rename = "Code Changes")]
    CodeChanges,
    /// How the code is built.
    Architecture,
    /// Settings, tools, machines.
    Configuration,
    /// Where something is.
    Navigation,
    /// How or why something is.
    Explanation,
    /// Something else.
    General,
}

impl Category {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::CodeChanges => "Code Changes",
            Self::Architecture => "Architecture",
            Self::Configuration => "Configuration",
            Self::Navigation => "Navigation",
            Self::Explanation => "Explanation",
            Self::General => "General",
        }
    }

    /// Whether such a request is worth a plan.
    #[must_use]
    pub fn plans(self) -> bool {
        matches!(self, Self::CodeChanges | Self::Architecture | Self::Configuration)
    }
}

/// What is thought of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// What it is about; decides.
    pub category: Category,
    /// The word that decided.
    pub word: Option<String>,
    /// Why, as a part of a sentence.
    pub reason: &'static str,
}

const CODE: &[&str] = &[
    "add",
    "adjust",
    "build",
    "cache",
    "change",
    "clean",
    "code",
    "convert",
    "correct",
    "create",
    "debug",
    "delete",
    "develop",
    "drop",
    "edit",
    "extend",
    "extract",
    "fix",
    "generate",
    "handle",
    "implement",
    "improve",
    "insert",
    "integrate",
    "introduce",
    "make",
    "modify",
    "move",
    "optimise",
    "optimize",
    "patch",
    "port",
    "prevent",
    "reduce",
    "refactor",
    "remove",
    "rename",
    "reorder",
    "repair",
    "replace",
    "resolve",
    "revert",
    "rework",
    "rewrite",
    "simplify",
    "sort",
    "speed",
    "stop",
    "support",
    "swap",
    "test",
    "translate",
    "tweak",
    "update",
    "use",
    "validate",
    "wire",
    "wrap",
    "write",
];
const STRUCTURE: &[&str] = &[
    "decouple",
    "migrate",
    "modularise",
    "modularize",
    "rearchitect",
    "redesign",
    "reorganise",
    "reorganize",
    "restructure",
    "split",
];
const SETTING: &[&str] = &[
    "bump",
    "configure",
    "deploy",
    "disable",
    "downgrade",
    "enable",
    "install",
    "pin",
    "provision",
    "setup",
    "uninstall",
    "upgrade",
];
const SHOWING: &[&str] = &[
    "check", "count", "display", "find", "get", "grep", "list", "locate", "look", "navigate", "open", "point", "print",
    "read", "search", "show", "view",
];
const TELLING: &[&str] = &[
    "analyse",
    "analyze",
    "clarify",
    "compare",
    "describe",
    "discuss",
    "explain",
    "review",
    "summarise",
    "summarize",
    "teach",
    "tell",
    "understand",
    "walk",
];
/// Words about settings: with a verb of change, the request is about configuration.
const OF_SETTINGS: &[&str] = &[
    "ci",
    "config",
    "configuration",
    "dependencies",
    "dependency",
    "docker",
    "dockerfile",
    "env",
    "environment",
    "eslint",
    "linter",
    "pipeline",
    "prettier",
    "settings",
    "toolchain",
];
/// Words about how it is built.
const OF_STRUCTURE: &[&str] =
    &["architecture", "layers", "microservice", "microservices", "modules", "monolith", "monorepo"];
/// Something does not work: a request to mend it, though no verb says so.
const FAULTS: &[&str] = &[
    "broken",
    "bug",
    "cant",
    "crash",
    "crashes",
    "crashing",
    "doesnt",
    "error",
    "exception",
    "fail",
    "failing",
    "fails",
    "isnt",
    "leak",
    "leaks",
    "missing",
    "regression",
    "slow",
    "vulnerability",
    "wrong",
];
/// What people say in front of what they want.
const POLITE: &[&[&str]] = &[
    &["go", "ahead", "and"],
    &["i", "want", "you", "to"],
    &["i", "would", "like", "you", "to"],
    &["i", "want", "to"],
    &["i", "need", "you", "to"],
    &["i", "need", "to"],
    &["i", "would", "like", "to"],
    &["id", "like", "you", "to"],
    &["id", "like", "to"],
    &["we", "need", "to"],
    &["we", "want", "to"],
    &["we", "should"],
    &["we", "must"],
    &["you", "should"],
    &["you", "can"],
    &["can", "you"],
    &["could", "you"],
    &["would", "you"],
    &["will", "you"],
    &["can", "we"],
    &["could", "we"],
    &["shall", "we"],
    &["why", "dont", "we"],
    &["why", "not"],
    &["help", "me", "to"],
    &["help", "me"],
    &["help", "us"],
    &["let", "us"],
    &["lets"],
    &["please"],
    &["try", "to"],
    &["just"],
    &["now"],
    &["then"],
    &["and"],
    &["also"],
    &["next"],
    &["first"],
    &["finally"],
    &["quickly"],
    &["maybe"],
    &["hey"],
    &["hi"],
    &["hello"],
    &["ok"],
    &["okay"],
    &["so"],
    &["claude"],
    &["again"],
    &["do", "please"],
];
const ASKING_WHERE: &[&str] = &["where", "wheres", "which"];
const ASKING: &[&str] = &[
    "am", "are", "can", "could", "did", "do", "does", "had", "has", "have", "how", "hows", "is", "may", "should",
    "was", "were", "what", "whats", "when", "who", "whom", "whos", "whose", "why", "whys", "will", "would",
];
/// Behind these a word is a thing and not what is to be done: "the add button", "how to add".
const NOUN_AFTER: &[&str] = &[
    "a", "an", "any", "each", "every", "my", "no", "of", "our", "some", "that", "the", "their", "these", "this",
    "those", "your", "to", "on", "in", "by", "from", "for", "with",
];
const NEGATIONS: &[&str] = &["dont", "never", "no", "not", "without"];

/// What is thought of `request`.
#[must_use]
pub fn check(request: &str) -> Verdict {
    let mut first = None;
    for sentence in sentences(request) {
        let words = words(sentence);
        if words.is_empty() {
            continue;
        }
        let verdict = of_sentence(&words, sentence.trim_end().ends_with('?'));
        if verdict.category.plans() {
            return verdict;
        }
        // Something that was recognised says more than something that was not.
        if first.as_ref().is_none_or(|f: &Verdict| f.word.is_none() && verdict.word.is_some()) {
            first = Some(verdict);
        }
    }
    first.unwrap_or(Verdict { category: Category::General, word: None, reason: "has no word that asks for a change" })
}

/// Sentences; a dot in a name (`a.rs`) ends none.
fn sentences(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive(['\n', ';', '?', '!']).flat_map(|part| part.split(". "))
}

/// Words in lower case, without apostrophes: `don't` is `dont`.
fn words(sentence: &str) -> Vec<String> {
    let lower = sentence.to_lowercase().replace(['\'', '’'], "");
    lower.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).map(str::to_owned).collect()
}

fn of_sentence(all: &[String], asks: bool) -> Verdict {
    let words = bare(all);
    let known = |category, word: &str, reason| Verdict { category, word: Some(word.to_owned()), reason };
    let Some(first) = words.first().map(String::as_str) else {
        return Verdict { category: Category::General, word: None, reason: "has no word that asks for a change" };
    };
    if ASKING_WHERE.contains(&first) {
        return known(Category::Navigation, first, "asks where something is");
    }
    if ASKING.contains(&first) {
        let there = matches!(first, "is" | "are") && words.get(1).is_some_and(|w| w == "there");
        let place = matches!(first, "what" | "whats")
            && words[1..]
                .iter()
                .take(3)
                .any(|w| ["file", "files", "folder", "line", "directory"].contains(&w.as_str()));
        return if there || place {
            known(Category::Navigation, first, "asks what is there")
        } else {
            known(Category::Explanation, first, "is a question")
        };
    }
    for (at, word) in words.iter().enumerate() {
        let before = at.checked_sub(1).map(|i| words[i].as_str());
        let is_thing = before.is_some_and(|b| NOUN_AFTER.contains(&b) || NEGATIONS.contains(&b));
        if is_thing {
            continue;
        }
        let pair = words.get(at + 1).map_or("", String::as_str);
        let Some((category, base)) = kind(word, pair, at == 0) else { continue };
        if category.plans() {
            return known(by_object(category, words), base, "asks for a change");
        }
        // "Find and fix it": the looking is only the way there. "Show me how to add it" is not.
        let rest = &words[at + 1..];
        let explains = rest.iter().any(|w| ["how", "where", "what", "why", "which"].contains(&w.as_str()));
        let then = rest.windows(2).enumerate().filter(|(_, w)| w[0] == "and" || w[0] == "then");
        let mut changes = then.filter_map(|(i, w)| kind(&w[1], rest.get(i + 2).map_or("", String::as_str), false));
        if let Some((category, base)) = changes.find(|(c, _)| c.plans()).filter(|_| !explains) {
            return known(by_object(category, words), base, "asks for a change");
        }
        let reason = if category == Category::Navigation { "asks to be shown something" } else { "asks to be told" };
        return known(category, base, reason);
    }
    if asks {
        return Verdict { category: Category::General, word: None, reason: "is a question" };
    }
    match words.iter().find(|w| FAULTS.contains(&w.as_str())) {
        Some(fault) => known(Category::CodeChanges, fault, "tells of a fault to be mended"),
        None => Verdict { category: Category::General, word: None, reason: "has no word that asks for a change" },
    }
}

/// Without what is only polite.
fn bare(mut words: &[String]) -> &[String] {
    while let Some(lead) =
        POLITE.iter().find(|lead| words.len() >= lead.len() && words.iter().zip(**lead).all(|(a, b)| a == b))
    {
        words = &words[lead.len()..];
    }
    words
}

/// What a verb is about, and the verb of our lists. Other forms (`adding`, `adds`, `added`) count only where they
/// stand first, since elsewhere they tell and do not ask.
fn kind(word: &str, next: &str, first: bool) -> Option<(Category, &'static str)> {
    if word == "set" && next == "up" {
        return Some((Category::Configuration, "set up"));
    }
    let lists = [
        (Category::CodeChanges, CODE),
        (Category::Architecture, STRUCTURE),
        (Category::Configuration, SETTING),
        (Category::Navigation, SHOWING),
        (Category::Explanation, TELLING),
    ];
    lists.into_iter().find_map(|(category, list)| {
        let found = list.iter().find(|verb| word == **verb || (first && is_form(word, verb)))?;
        Some((category, *found))
    })
}

fn is_form(word: &str, verb: &str) -> bool {
    let stem = verb.strip_suffix('e').unwrap_or(verb);
    let doubled = verb.chars().last().map(|last| format!("{verb}{last}")).unwrap_or_default();
    let with = |stem: &str, endings: &[&str]| word.strip_prefix(stem).is_some_and(|rest| endings.contains(&rest));
    with(stem, &["ing", "ed"]) || with(&doubled, &["ing", "ed"]) || with(verb, &["s", "es"])
}

/// A change of settings or of how it is built is one of these, whatever its verb.
fn by_object(category: Category, words: &[String]) -> Category {
    let about = |list: &[&str]| words.iter().any(|w| list.contains(&w.as_str()));
    match category {
        Category::CodeChanges if about(OF_STRUCTURE) => Category::Architecture,
        Category::CodeChanges if about(OF_SETTINGS) => Category::Configuration,
        category => category,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn requests_are_judged_as_people_mean_them() {
        use Category::{Architecture, CodeChanges, Configuration, Explanation, General, Navigation};
        for (request, category) in [
            ("add user authentication", CodeChanges),
            ("Please, can you add a logout button?", CodeChanges),
            ("I'd like you to fix the flaky test", CodeChanges),
            ("fix", CodeChanges),
            ("Fixing the login", CodeChanges),
            ("Let's remove the old API", CodeChanges),
            ("why don't we cache the answers?", CodeChanges),
            ("find and fix the memory leak", CodeChanges),
            ("find the callers of parse(), then rename it", CodeChanges),
            ("the login page crashes on Safari", CodeChanges),
            ("I think we should replace moment.js", CodeChanges),
            ("Where is the parser? Rename it to Reader.", CodeChanges),
            ("I saw how it's done elsewhere. Implement it here", CodeChanges),
            ("Don't explain anything, just implement it", CodeChanges),
            ("refactor the monolith into services", Architecture),
            ("migrate to PostgreSQL", Architecture),
            ("split the module in two", Architecture),
            ("set up CI", Configuration),
            ("install eslint", Configuration),
            ("update the dependencies", Configuration),
            ("add a Dockerfile", Configuration),
            ("where is the add button", Navigation),
            ("Where's the config loaded?", Navigation),
            ("which file has the fix for the crash", Navigation),
            ("is there a test for login?", Navigation),
            ("show me the update handler", Navigation),
            ("find all uses of create_user", Navigation),
            ("list the changed files", Navigation),
            ("what file defines the router?", Navigation),
            ("how do I add a route?", Explanation),
            ("what is the build step for?", Explanation),
            ("should we migrate to Postgres?", Explanation),
            ("explain how to implement a parser", Explanation),
            ("show me how to add and remove users", Navigation),
            ("please describe the change you made", Explanation),
            ("don't change anything, explain the cache", Explanation),
            ("tell me why the test fails", Explanation),
            ("address book", General),
            ("the prefix of an additive colour", General),
            ("thanks, that was great", General),
            ("really?", General),
            ("", General),
        ] {
            assert_eq!(check(request).category, category, "{request}: {:?}", check(request));
        }
    }

    #[test]
    fn every_word_of_the_originals_lists_decides_as_there() {
        for verb in "add implement create fix refactor update migrate optimize build configure setup install remove \
                     delete change"
            .split_whitespace()
        {
            assert!(check(&format!("{verb} the thing")).category.plans(), "{verb}");
        }
        for start in ["where is", "show", "find", "list", "explain", "how does", "what is"] {
            assert!(!check(&format!("{start} the thing that is to be added")).category.plans(), "{start}");
        }
    }

    proptest! {
        #[test]
        fn a_question_never_needs_a_plan_and_any_text_gets_an_answer(
            text in "\\PC{0,60}", asking in proptest::sample::select(ASKING_WHERE), tail in "[a-z ]{0,40}"
        ) {
            let verdict = check(&text);
            prop_assert!(verdict.word.is_some() || !verdict.category.plans());
            prop_assert_eq!(check(&format!("{asking} {tail}")).category, Category::Navigation);
        }

        #[test]
        fn the_verb_in_front_decides_whatever_follows(
            verb in proptest::sample::select(CODE), polite in proptest::sample::select(POLITE), tail in "[a-z ]{0,40}"
        ) {
            let request = format!("{} {verb} {tail}", polite.join(" "));
            prop_assert!(check(&request).category.plans(), "{request}");
        }
    }
}

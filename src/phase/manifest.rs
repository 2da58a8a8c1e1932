//! Dependencies in the files that declare them, read leniently: what is not understood is not listed.

use std::collections::BTreeMap;

use toml::{Table, Value};

/// Names with what is asked of each; the name has its section in front where that is not the usual one.
pub type Dependencies = BTreeMap<String, String>;

/// A dependency that came, went or changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// Its name.
    pub name: String,
    /// What was asked of it.
    pub from: Option<String>,
    /// What is.
    pub to: Option<String>,
}

impl Moved {
    /// `added serde 1.0`, `removed serde`, `serde 1.0 → 2.0`.
    #[must_use]
    pub fn words(&self) -> String {
        let with =
            |version: &str| if version.is_empty() { self.name.clone() } else { format!("{} {version}", self.name) };
        match (&self.from, &self.to) {
            (None, Some(to)) => format!("added {}", with(to)),
            (Some(from), Some(to)) => format!("{} → {}", with(from), if to.is_empty() { "any" } else { to }),
            (Some(_), None) | (None, None) => format!("removed {}", self.name),
        }
    }
}

/// Whether a file declares dependencies in a form that is known here.
#[must_use]
pub fn is_manifest(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let requirements = name.starts_with("requirements") && name.ends_with(".txt");
    requirements
        || matches!(
            name,
            "Cargo.toml"
                | "package.json"
                | "composer.json"
                | "go.mod"
                | "pyproject.toml"
                | "Pipfile"
                | "Gemfile"
                | "pom.xml"
        )
}

/// What the file `path` with this text depends on; `None` where the text is not of the file's form.
#[must_use]
pub fn dependencies(path: &str, text: &str) -> Option<Dependencies> {
    const NODE: [(&str, &str); 4] = [
        ("dependencies", ""),
        ("devDependencies", "dev "),
        ("peerDependencies", "peer "),
        ("optionalDependencies", "optional "),
    ];
    match path.rsplit('/').next().unwrap_or(path) {
        "Cargo.toml" => text.parse().ok().map(|t| cargo(&t)),
        "pyproject.toml" => text.parse().ok().map(|t| pyproject(&t)),
        "Pipfile" => text.parse().ok().map(|t| named(&t, &[("packages", ""), ("dev-packages", "dev ")])),
        "package.json" => json(text, &NODE),
        "composer.json" => json(text, &[("require", ""), ("require-dev", "dev ")]),
        "go.mod" => Some(go(text)),
        "Gemfile" => Some(text.lines().filter_map(gem).collect()),
        "pom.xml" => Some(pom(text)),
        _ => Some(text.lines().filter_map(requirement).collect()),
    }
}

/// What differs between the dependencies before and after.
#[must_use]
pub fn moved(before: &Dependencies, after: &Dependencies) -> Vec<Moved> {
    let names: std::collections::BTreeSet<_> = before.keys().chain(after.keys()).collect();
    let all = names.into_iter().map(|name| Moved {
        name: name.clone(),
        from: before.get(name).cloned(),
        to: after.get(name).cloned(),
    });
    all.filter(|m| m.from != m.to).collect()
}

/// The version in a value: `"1.0"` or `{ version = "1.0" }`; else where it comes from.
fn version(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Table(table) => {
            let found = ["version", "git", "path"].iter().find_map(|key| table.get(*key)?.as_str());
            found.map(str::to_owned).unwrap_or_default()
        }
        _ => String::new(),
    }
}

fn named(table: &Table, sections: &[(&str, &str)]) -> Dependencies {
    let mut found = Dependencies::new();
    for (section, prefix) in sections {
        for (name, value) in table.get(*section).and_then(Value::as_table).into_iter().flatten() {
            found.insert(format!("{prefix}{name}"), version(value));
        }
    }
    found
}

fn cargo(table: &Table) -> Dependencies {
    const SECTIONS: [(&str, &str); 3] =
        [("dependencies", ""), ("dev-dependencies", "dev "), ("build-dependencies", "build ")];
    let mut found = named(table, &SECTIONS);
    if let Some(workspace) = table.get("workspace").and_then(Value::as_table) {
        found.extend(named(workspace, &[("dependencies", "workspace ")]));
    }
    for (_, target) in table.get("target").and_then(Value::as_table).into_iter().flatten() {
        found.extend(target.as_table().map(|t| named(t, &SECTIONS)).unwrap_or_default());
    }
    found
}

fn pyproject(table: &Table) -> Dependencies {
    let mut found = Dependencies::new();
    let strings = |value: Option<&Value>| -> Vec<String> {
        let all = value.and_then(Value::as_array).into_iter().flatten();
        all.filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let project = table.get("project").and_then(Value::as_table);
    found.extend(strings(project.and_then(|p| p.get("dependencies"))).iter().filter_map(|l| requirement(l)));
    let groups = [project.and_then(|p| p.get("optional-dependencies")), table.get("dependency-groups")];
    for (group, list) in groups.into_iter().flatten().filter_map(Value::as_table).flatten() {
        let all = strings(Some(list));
        found.extend(
            all.iter().filter_map(|l| requirement(l)).map(|(name, version)| (format!("{group} {name}"), version)),
        );
    }
    if let Some(poetry) = table.get("tool").and_then(|t| t.get("poetry")).and_then(Value::as_table) {
        found.extend(named(poetry, &[("dependencies", ""), ("dev-dependencies", "dev ")]));
    }
    found
}

fn json(text: &str, sections: &[(&str, &str)]) -> Option<Dependencies> {
    let value: serde_json::Value = serde_json::from_str(text).ok()?;
    let mut found = Dependencies::new();
    for (section, prefix) in sections {
        for (name, version) in value.get(section).and_then(serde_json::Value::as_object).into_iter().flatten() {
            found.insert(format!("{prefix}{name}"), version.as_str().unwrap_or_default().to_owned());
        }
    }
    Some(found)
}

/// A line of a file of requirements (PEP 508, leniently): `name[extra] >= 1.0 ; marker # comment`.
fn requirement(line: &str) -> Option<(String, String)> {
    let line = line.split(" #").next().unwrap_or_default().trim();
    if line.starts_with(['#', '-']) {
        return None;
    }
    let end = line.find(|c: char| !(c.is_ascii_alphanumeric() || "-_.".contains(c))).unwrap_or(line.len());
    let rest = line[end..].split(';').next().unwrap_or_default();
    (end > 0).then(|| (line[..end].to_owned(), rest.trim().to_owned()))
}

fn go(text: &str) -> Dependencies {
    let mut inside = false;
    let mut found = Dependencies::new();
    for line in text.lines() {
        let line = line.split("//").next().unwrap_or_default().trim();
        let required = match (inside, line.strip_prefix("require")) {
            (true, _) if line == ")" => {
                inside = false;
                continue;
            }
            (true, _) => line,
            (false, Some(rest)) if rest.trim() == "(" => {
                inside = true;
                continue;
            }
            (false, Some(rest)) if rest.starts_with([' ', '\t']) => rest.trim(),
            _ => continue,
        };
        if let Some((name, version)) = required.split_once(char::is_whitespace) {
            found.insert(name.to_owned(), version.trim().to_owned());
        }
    }
    found
}

/// `gem "rails", "~> 7.0"`.
fn gem(line: &str) -> Option<(String, String)> {
    let rest = line.trim_start().strip_prefix("gem")?;
    if !rest.starts_with([' ', '(']) {
        return None;
    }
    let mut words = rest.split(['"', '\'']);
    let name = words.nth(1)?;
    let comma = words.next().is_some_and(|between| between.trim() == ",");
    let version = words.next().filter(|_| comma).unwrap_or_default();
    Some((name.to_owned(), version.to_owned()))
}

fn pom(text: &str) -> Dependencies {
    let element = |block: &str, name: &str| -> Option<String> {
        let (_, rest) = block.split_once(&format!("<{name}>"))?;
        Some(rest.split_once("</")?.0.trim().to_owned())
    };
    let blocks = text.split("<dependency>").skip(1).filter_map(|rest| Some(rest.split_once("</dependency>")?.0));
    blocks
        .filter_map(|block| {
            let name = format!("{}:{}", element(block, "groupId")?, element(block, "artifactId")?);
            Some((name, element(block, "version").unwrap_or_default()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changes(path: &str, before: &str, after: &str) -> Vec<String> {
        assert!(is_manifest(path), "{path}");
        let of = |text: &str| dependencies(path, text).unwrap();
        moved(&of(before), &of(after)).iter().map(Moved::words).collect()
    }

    #[test]
    fn what_came_went_and_changed_is_told_for_each_kind_of_file() {
        let cases: [(&str, &str, &str, &[&str]); 8] = [
            (
                "Cargo.toml",
                "[package]\nversion = \"1\"\n[dependencies]\na = \"1\"\nb = \"1\"\n",
                "[package]\nversion = \"2\"\n[dependencies]\na = { version = \"2\" }\n[dev-dependencies]\nc = \"3\"\n",
                &["a 1 → 2", "removed b", "added dev c 3"],
            ),
            (
                "web/package.json",
                "{\"version\": \"1\", \"dependencies\": {\"a\": \"^1\"}}",
                "{\"version\": \"2\", \"devDependencies\": {\"a\": \"^1\"}}",
                &["removed a", "added dev a ^1"],
            ),
            (
                "requirements-dev.txt",
                "a==1\n# c\n-r b.txt\n",
                "a==2 # why\nd[x]>=1; os\n",
                &["a ==1 → ==2", "added d [x]>=1"],
            ),
            (
                "go.mod",
                "module x\ngo 1.22\nrequire a v1\n",
                "module x\nrequire (\n\ta v1 // indirect\n\tb v2\n)\n",
                &["added b v2"],
            ),
            (
                "pyproject.toml",
                "[project]\ndependencies = [\"a>=1\"]\n",
                "[project]\ndependencies = []\n[tool.poetry.dependencies]\nb = \"^1\"\n",
                &["removed a", "added b ^1"],
            ),
            ("Gemfile", "gem 'a', '1'\n", "gem \"a\", \"2\"\ngem 'b'\n", &["a 1 → 2", "added b"]),
            (
                "pom.xml",
                "",
                "<dependency><groupId>g</groupId><artifactId>a</artifactId><version>1</version></dependency>",
                &["added g:a 1"],
            ),
            ("composer.json", "{}", "{\"require\": {\"a/b\": \"^1\"}}", &["added a/b ^1"]),
        ];
        for (path, before, after, wanted) in cases {
            assert_eq!(changes(path, before, after), wanted, "{path}");
        }
        assert_eq!(dependencies("Cargo.toml", "not TOML"), None, "and not as one without any");
        assert_eq!(dependencies("package.json", "{"), None);
    }
}

//! Our rules under the names that gitleaks has for the same thing.
//!
//! People's files name rules as gitleaks does: `disabledRules`, `targetRules`, `.gitleaksignore`, a baseline.

/// Our id, and the ids of gitleaks that mean the same or a part of it; sorted by ours.
const ALIASES: [(&str, &[&str]); 1] = [("aws-access-key-id", &["aws-access-token"])];

/// The ids that gitleaks has for our rule `ours`. None: there the names are the same, or it has no such rule.
#[must_use]
pub fn alias(ours: &str) -> &'static [&'static str] {
    ALIASES.binary_search_by_key(&ours, |(id, _)| id).map_or(&[], |at| ALIASES[at].1)
}

/// Whether `name` means our rule `ours`.
#[must_use]
pub fn means(name: &str, ours: &str) -> bool {
    name == ours || alias(ours).contains(&name)
}

/// Whether `name` means a built-in rule that stands in the table.
#[must_use]
pub fn known(name: &str) -> bool {
    ALIASES.iter().any(|(ours, theirs)| *ours == name || theirs.contains(&name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_so_that_each_rule_is_found() {
        assert!(ALIASES.windows(2).all(|w| w[0].0 < w[1].0));
        assert!(means("aws-access-token", "aws-access-key-id"));
        assert!(means("own", "own") && !means("own", "other"));
        assert!(known("aws-access-token") && !known("own"));
    }
}

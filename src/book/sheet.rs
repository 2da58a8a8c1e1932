//! Where the block of JSON stands in a book.

use std::ops::Range;

use super::markdown::{Fence, fences, lines};

/// Words that only a book's block has.
const KNOWN: [&str; 3] = ["\"active_context\"", "\"completed_summaries\"", "\"phased_execution\""];

/// The block of a book.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// Both fences and what stands between.
    pub outer: Range<usize>,
    /// The JSON.
    pub inner: Range<usize>,
    /// Whether the fence is closed.
    pub closed: bool,
    /// The line, from 1, on which the JSON begins.
    pub line: usize,
}

/// The block of the book `text`: of all fences marked `json` the last one that has fields of a book, else the last that
/// stands where a block does: behind a rule `---`, or at the end and not closed. (An original's `summarize` wrote behind
/// the block, and prose may show JSON of its own, which is no block to write into.)
#[must_use]
pub fn block(text: &str) -> Option<Block> {
    let all = fences(text);
    let json = |f: &&Fence<'_>| f.info.split_whitespace().next().is_some_and(|w| w.eq_ignore_ascii_case("json"));
    let known = |f: &&Fence<'_>| is_known(&text[f.inner.clone()]);
    let placed = |f: &&Fence<'_>| !f.closed || rule_before(text, f.outer.start).is_some();
    let found = all.iter().filter(json).rfind(known).or_else(|| all.iter().filter(json).rfind(placed))?;
    Some(Block {
        outer: found.outer.clone(),
        inner: found.inner.clone(),
        closed: found.closed,
        // The last line of a text may open it and have no end.
        line: text[..found.outer.start].matches('\n').count() + 2,
    })
}

/// Whether some JSON has words that only a book's block has.
#[must_use]
pub fn is_known(json: &str) -> bool {
    KNOWN.iter().any(|word| json.contains(word))
}

/// The end of the prose in front of the block: before the rule `---` that stands there, if one does.
#[must_use]
pub fn prose_end(text: &str, block: Option<&Block>) -> usize {
    let Some(block) = block else { return text.len() };
    rule_before(text, block.outer.start).unwrap_or(block.outer.start)
}

/// Where the rule `---` begins that is the last line in front of `at` with anything in it.
fn rule_before(text: &str, at: usize) -> Option<usize> {
    let last = lines(&text[..at]).filter(|l| !l.text.trim().is_empty()).last();
    last.filter(|l| l.text.trim() == "---").map(|l| l.start)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_block_is_found_among_other_json_and_before_text_that_was_appended() {
        let text = "# X\n```json\n{\"an\": \"example\"}\n```\n---\n\n```json\n{\"active_context\": []}\n```\n\nmore\n\
                    ```json\n{}\n```\n";
        let found = block(text).unwrap();
        assert_eq!(&text[found.inner.clone()], "{\"active_context\": []}\n");
        assert_eq!(found.line, 8);
        assert!(text[..prose_end(text, Some(&found))].ends_with("}\n```\n"));
        assert_eq!(block("# X\n```sh\nx\n```\n"), None);
        // An example in the prose is no block, whatever else is there; what stands behind the rule is one.
        let example = "# X\n```json\n{\"an\": \"example\"}\n```\n";
        assert_eq!(block(example), None);
        assert_eq!(block(&format!("# X\n\n---\n\nAs follows:\n{example}---\n")), None);
        let own = format!("{example}\n---\n\n```json\n{{\"mine\": 1}}\n```\n\n{example}");
        assert_eq!(&own[block(&own).unwrap().inner], "{\"mine\": 1}\n");
        assert!(!block("```json\n{\n").unwrap().closed);
        assert_eq!(block("```json").unwrap().line, 2, "its fence is on the line before");
    }
}

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

/// The block of the book `text`: of all fences marked `json` the last one that has fields of a book, else the last.
/// (An original's `summarize` wrote behind the block, and prose may show JSON of its own.)
#[must_use]
pub fn block(text: &str) -> Option<Block> {
    let all = fences(text);
    let json = |f: &&Fence<'_>| f.info.split_whitespace().next().is_some_and(|w| w.eq_ignore_ascii_case("json"));
    let known = |f: &&Fence<'_>| is_known(&text[f.inner.clone()]);
    let found = all.iter().filter(json).rfind(known).or_else(|| all.iter().rfind(json))?;
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
    let before = &text[..block.outer.start];
    let last = lines(before).filter(|l| !l.text.trim().is_empty()).last();
    last.filter(|l| l.text.trim() == "---").map_or(block.outer.start, |l| l.start)
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
        assert!(!block("```json\n{\n").unwrap().closed);
        assert_eq!(block("```json").unwrap().line, 2, "its fence is on the line before");
    }
}

//! Merging line by line, as git does it: libgit2 has git's own code for that, as a function of three texts.

use git2::{MergeFileInput, MergeFileOptions};

/// How conflicts are marked when a marker has its usual length.
pub const MARKER: u16 = 7;

/// Which text is shown between the markers (`merge.conflictStyle` of git).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Style {
    /// Both sides.
    #[default]
    Merge,
    /// Both sides, and what was there before.
    Diff3,
    /// The same, without what both sides begin or end with.
    Zdiff3,
}

impl Style {
    /// The style that git's configuration names; its default for what is none.
    #[must_use]
    pub fn named(word: &str) -> Self {
        match word.trim() {
            "diff3" => Self::Diff3,
            "zdiff3" => Self::Zdiff3,
            _ => Self::Merge,
        }
    }
}

/// How a conflict is marked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marks {
    /// Characters of a marker.
    pub size: u16,
    /// What is shown.
    pub style: Style,
    /// What stands behind the markers: names of base, ours and theirs.
    pub labels: [String; 3],
}

impl Default for Marks {
    fn default() -> Self {
        Self { size: MARKER, style: Style::Merge, labels: ["base", "ours", "theirs"].map(str::to_owned) }
    }
}

/// The merged bytes, and whether they are free of conflicts. `None` where there is a NUL, which git takes for no text,
/// and where libgit2 cannot (texts of a gigabyte).
#[must_use]
pub fn merge(base: &[u8], ours: &[u8], theirs: &[u8], marks: &Marks) -> Option<(Vec<u8>, bool)> {
    if ours == theirs || theirs == base {
        return Some((ours.to_vec(), true));
    }
    if ours == base {
        return Some((theirs.to_vec(), true));
    }
    if [base, ours, theirs].iter().any(|text| text.contains(&0)) {
        return None;
    }
    // The binding hands out no empty result. A line that all begin with is never part of a change.
    let crlf = ours.split_inclusive(|b| *b == b'\n').next().is_some_and(|line| line.ends_with(b"\r\n"));
    let guard: &[u8] = if crlf { b"\r\n" } else { b"\n" };
    let texts = [base, ours, theirs].map(|text| [guard, text].concat());
    // What is called below does not set the library up by itself; making an empty configuration does.
    drop(git2::Config::new().ok()?);
    let mut options = MergeFileOptions::new();
    options.marker_size(marks.size);
    match marks.style {
        Style::Merge => options.style_standard(true),
        Style::Diff3 => options.style_diff3(true),
        Style::Zdiff3 => options.style_zdiff3(true),
    };
    // A C string cannot hold a NUL.
    let [base_label, our_label, their_label] = marks.labels.each_ref().map(|label| label.replace('\0', ""));
    options.ancestor_label(base_label).our_label(our_label).their_label(their_label);
    let mut sides = [MergeFileInput::new(), MergeFileInput::new(), MergeFileInput::new()];
    for (side, bytes) in sides.iter_mut().zip(&texts) {
        side.content(bytes);
    }
    let merged = git2::merge_file(&sides[0], &sides[1], &sides[2], Some(&mut options)).ok()?;
    Some((merged.content().strip_prefix(guard)?.to_vec(), merged.is_automergeable()))
}

/// A piece of a merge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// What is the same everywhere, or changed by one side, or by both alike.
    Clean(String),
    /// Lines that the sides changed differently: base, ours, theirs.
    Clash([String; 3]),
}

/// The pieces of a merge of three texts, in order. `None` where it cannot be made.
#[must_use]
pub fn parts(texts: [&str; 3]) -> Option<Vec<Part>> {
    // Longer than any marker that a text has already.
    let longest = texts.iter().flat_map(|t| t.lines()).map(run).max().unwrap_or(0);
    let size = u16::try_from(longest + usize::from(MARKER)).ok()?;
    let marks = Marks { size, style: Style::Diff3, ..Marks::default() };
    let (merged, _) = merge(texts[0].as_bytes(), texts[1].as_bytes(), texts[2].as_bytes(), &marks)?;
    let merged = String::from_utf8(merged).ok()?;
    let mut parts = Vec::new();
    let mut clean = String::new();
    // The sides of a clash, in the order in which they stand: ours, base, theirs.
    let mut open: Option<(usize, [String; 3])> = None;
    for line in merged.split_inclusive('\n') {
        let mark = line.as_bytes().first().filter(|_| run(line) == usize::from(size));
        match (mark, &mut open) {
            (Some(b'<'), None) => {
                parts.push(Part::Clean(std::mem::take(&mut clean)));
                open = Some((0, Default::default()));
            }
            (Some(b'|' | b'='), Some((side, _))) => *side += 1,
            (Some(b'>'), Some(_)) => {
                if let Some((_, [ours, base, theirs])) = open.take() {
                    parts.push(Part::Clash([base, ours, theirs]));
                }
            }
            (_, Some((side, sides))) => sides.get_mut(*side)?.push_str(line),
            (_, None) => clean.push_str(line),
        }
    }
    if clean.is_empty()
        && let Some(Part::Clash(sides)) = parts.last_mut()
    {
        // A last line without an end was given one, so that the marker behind it stands on a line of its own.
        for (side, text) in sides.iter_mut().zip(texts) {
            if !text.ends_with('\n') {
                let bare = side.strip_suffix('\n').map(|s| s.strip_suffix('\r').unwrap_or(s)).map(str::len);
                side.truncate(bare.unwrap_or(side.len()));
            }
        }
    }
    parts.push(Part::Clean(clean));
    Some(parts)
}

/// How many characters of a marker `line` begins with.
fn run(line: &str) -> usize {
    let first = line.bytes().next().filter(|b| b"<|=>".contains(b));
    first.map_or(0, |first| line.bytes().take_while(|b| *b == first).count())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_put_together_are_the_sides_again() {
        let texts = ["a\n<<<<<<<<< x\nb\nc", "A\n<<<<<<<<< x\nb\nour", "a\n<<<<<<<<< x\nb\n=======\nc2"];
        let parts = parts(texts).unwrap();
        let side = |n: usize| {
            let of = |p: &Part| match p {
                Part::Clean(text) => text.clone(),
                Part::Clash(sides) => sides[n].clone(),
            };
            parts.iter().map(of).collect::<String>()
        };
        assert_eq!(side(0), "A\n<<<<<<<<< x\nb\nc");
        assert_eq!(side(1), texts[1]);
        assert_eq!(side(2), "A\n<<<<<<<<< x\nb\n=======\nc2");
    }

    #[test]
    fn a_merge_may_leave_nothing_and_bytes_that_are_no_text_are_not_merged() {
        let marks = Marks::default();
        assert_eq!(merge(b"a\n\nb\nb\nb\n", b"a\n\nb\nb\n", b"", &marks).map(|m| m.1), Some(false));
        assert_eq!(merge(b"1\n2\n3\n4\n", b"1\n2\n3\n", b"2\n3\n4\n", &marks), Some((b"2\n3\n".to_vec(), true)));
        let first = merge(b"x\r\ny\r\n", b"a\r\ny\r\n", b"b\r\ny\r\n", &marks).unwrap().0;
        assert!(first.starts_with(b"<<<<<<< ours\r\na\r\n"), "{first:?}");
        assert_eq!(merge(b"a\0", b"b\0", b"c\0", &marks), None);
    }

    #[test]
    fn markers_are_gits_own() {
        let marks = Marks { size: 9, style: Style::named("diff3"), labels: ["b", "o", "t"].map(str::to_owned) };
        let (merged, clean) = merge(b"1\r\nx\r\n", b"1\r\ny\r\n", b"1\r\nz\r\n", &marks).unwrap();
        let wanted = "1\r\n<<<<<<<<< o\r\ny\r\n||||||||| b\r\nx\r\n=========\r\nz\r\n>>>>>>>>> t\r\n";
        assert_eq!((String::from_utf8(merged).unwrap().as_str(), clean), (wanted, false));
    }
}

//! Tables of values with a line of column names: exports of users, keys and passwords.

use std::ops::Range;

use super::assign;
use super::finding::Severity;

/// At most this many lines are looked at.
const LINES: usize = 10_000;
/// How far a statement is read.
const STATEMENT: usize = 16_384;

/// Calls `hear` for each cell of a Markdown table that stands under a column of such a name.
pub(super) fn markdown(text: &[u8], mut hear: impl FnMut(Range<usize>, &'static str, Severity)) {
    let mut start = 0;
    let mut begun: Option<usize> = None;
    for line in text.split(|b| *b == b'\n').take(LINES) {
        let row = line.trim_ascii_start().starts_with(b"|");
        match (row, begun) {
            (true, None) => begun = Some(start),
            (false, Some(from)) => {
                cells(&text[from..start], b'|', |range, rule, severity| {
                    hear(from + range.start..from + range.end, rule, severity);
                });
                begun = None;
            }
            _ => {}
        }
        start += line.len() + 1;
    }
    if let Some(from) = begun {
        cells(&text[from..], b'|', |range, rule, severity| hear(from + range.start..from + range.end, rule, severity));
    }
}

/// Calls `hear` for each cell under a column whose name promises a credential.
pub(super) fn cells(text: &[u8], separator: u8, mut hear: impl FnMut(Range<usize>, &'static str, Severity)) {
    let mut start = 0;
    let mut columns: Vec<Option<Vec<u8>>> = Vec::new();
    for (number, line) in text.split(|b| *b == b'\n').take(LINES).enumerate() {
        let line_start = start;
        start += line.len() + 1;
        let mut at = line_start;
        for (column, cell) in line.split(|b| *b == separator).enumerate() {
            let trimmed = cell.trim_ascii();
            let quote = |c: &'_ [u8]| matches!(c, [b'"', .., b'"'] | [b'`', .., b'`']);
            let trimmed = if quote(trimmed) { &trimmed[1..trimmed.len() - 1] } else { trimmed };
            let offset = at + (trimmed.as_ptr() as usize).saturating_sub(cell.as_ptr() as usize);
            at += cell.len() + 1;
            if number == 0 {
                columns.push(super::names::promise(trimmed).map(|_| trimmed.to_vec()));
            } else if let Some(Some(name)) = columns.get(column)
                && let Some((rule, severity)) = assign::cell(trimmed, name)
            {
                hear(offset..offset + trimmed.len(), rule, severity);
            }
        }
        if number == 0 && columns.iter().all(Option::is_none) {
            return;
        }
    }
}

/// Calls `hear` for each value that an `INSERT INTO t (names) VALUES (values)` at `hit` gives to such a name.
pub(super) fn insert(text: &[u8], hit: usize, mut hear: impl FnMut(Range<usize>, &'static str, Severity)) {
    let end = text.len().min(hit + STATEMENT);
    let Some(open) = text[hit..end].iter().take(200).position(|b| *b == b'(').map(|i| hit + i + 1) else { return };
    let Some(close) = text[open..end].iter().position(|b| *b == b')').map(|i| open + i) else { return };
    let bare =
        |name: &[u8]| -> Vec<u8> { name.iter().copied().filter(|b| b.is_ascii_alphanumeric() || *b == b'_').collect() };
    let names: Vec<Vec<u8>> = text[open..close].split(|b| *b == b',').map(bare).collect();
    let promising: Vec<bool> = names.iter().map(|n| super::names::promise(n).is_some()).collect();
    if !promising.contains(&true) {
        return;
    }
    let (mut column, mut depth, mut at) = (0, 0, close + 1);
    while at < end {
        match text[at] {
            b'(' => (column, depth) = if depth == 0 { (0, 1) } else { (column, depth + 1) },
            b')' => depth = (depth - 1_i32).max(0),
            b',' if depth == 1 => column += 1,
            b';' if depth == 0 => return,
            b'\'' => {
                let start = at + 1;
                let mut stop = start;
                while stop < end && (text[stop] != b'\'' || text.get(stop + 1) == Some(&b'\'')) {
                    stop += if text[stop] == b'\'' || text[stop] == b'\\' { 2 } else { 1 };
                }
                let stop = stop.min(end);
                if promising.get(column) == Some(&true)
                    && let Some((rule, severity)) = assign::cell(&text[start..stop], &names[column])
                {
                    hear(start..stop, rule, severity);
                }
                at = stop;
            }
            _ => {}
        }
        at += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_of_passwords_is_one() {
        let text = b"user,password,city\nann,\"q8Zt2Lw9Xk4Vb7Nm\",Bern\nbob,changeme,Rome\n";
        let mut found = Vec::new();
        cells(text, b',', |range, rule, severity| {
            found.push((String::from_utf8_lossy(&text[range]).into_owned(), rule, severity));
        });
        assert_eq!(found, [("q8Zt2Lw9Xk4Vb7Nm".to_owned(), "generic-password", Severity::Critical)]);
    }

    #[test]
    fn values_of_a_statement_belong_to_its_columns() {
        let text = b"INSERT INTO `c` (`id`,`api_key`,`n`) VALUES (1,'q8Zt2Lw9Xk4Vb7Nm',2),(2,'it''s, (none)',3);";
        let mut found = Vec::new();
        insert(text, 0, |range, rule, _| found.push((String::from_utf8_lossy(&text[range]).into_owned(), rule)));
        assert_eq!(found, [("q8Zt2Lw9Xk4Vb7Nm".to_owned(), "generic-secret")]);
    }
}

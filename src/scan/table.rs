//! Tables of values with a line of column names: exports of users, keys and passwords.

use std::ops::Range;

use super::assign;
use super::finding::Severity;

/// How a statement begins.
const INSERT: &[u8] = b"insert into";
/// How far a statement is read.
const STATEMENT: usize = 16_384;

/// Calls `hear` for each cell of a Markdown table that stands under a column of such a name.
pub(super) fn markdown(text: &[u8], mut hear: impl FnMut(Range<usize>, &'static str, Severity)) {
    let mut start = 0;
    let mut begun: Option<usize> = None;
    for line in text.split(|b| *b == b'\n') {
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
    for (number, line) in text.split(|b| *b == b'\n').enumerate() {
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

/// Calls `hear` for each value that an `INSERT INTO t (names) VALUES (values)` at `hit` gives to such a name. Returns
/// how far it has read.
pub(super) fn insert(text: &[u8], hit: usize, mut hear: impl FnMut(Range<usize>, &'static str, Severity)) -> usize {
    let end = text.len().min(hit + STATEMENT);
    let Some(open) = text[hit..end].iter().take(200).position(|b| *b == b'(').map(|i| hit + i + 1) else { return hit };
    let Some(close) = text[open..end].iter().position(|b| *b == b')').map(|i| open + i) else { return end };
    let bare =
        |name: &[u8]| -> Vec<u8> { name.iter().copied().filter(|b| b.is_ascii_alphanumeric() || *b == b'_').collect() };
    let names: Vec<Vec<u8>> = text[open..close].split(|b| *b == b',').map(bare).collect();
    let promising: Vec<bool> = names.iter().map(|n| super::names::promise(n).is_some()).collect();
    if !promising.contains(&true) {
        return close;
    }
    let (mut column, mut depth, mut at) = (0, 0, close + 1);
    while at < end {
        match text[at] {
            b'(' => (column, depth) = if depth == 0 { (0, 1) } else { (column, depth + 1) },
            b')' => depth = (depth - 1_i32).max(0),
            b',' if depth == 1 => column += 1,
            b';' if depth == 0 => return at,
            // Not everybody ends a statement.
            b'i' | b'I' if begins_insert(&text[at..end]) => return at,
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
    end
}

fn begins_insert(text: &[u8]) -> bool {
    text.get(..INSERT.len()).is_some_and(|word| word.eq_ignore_ascii_case(INSERT))
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
    fn the_last_line_of_a_long_table_counts_as_the_first() {
        for separator in [",", "|"] {
            let line = ["", "ann", "changeme", ""].join(separator);
            let last = ["", "bob", "q8Zt2Lw9Xk4Vb7Nm", ""].join(separator);
            let head = ["", "user", "password", ""].join(separator);
            let text = format!("{head}\n{}{last}\n", format!("{line}\n").repeat(12_000));
            let mut found = 0;
            match separator {
                "," => cells(text.as_bytes(), b',', |_, _, _| found += 1),
                _ => markdown(text.as_bytes(), |_, _, _| found += 1),
            }
            assert_eq!(found, 1, "{separator}");
        }
    }

    #[test]
    fn a_statement_ends_where_the_next_begins() {
        let text = b"INSERT INTO a (id, password) VALUES (1, 'changeme')\nINSERT INTO b (password, n) VALUES ('q8Zt2Lw9Xk4Vb7Nm', 1)";
        let mut found = 0;
        let end = insert(text, 0, |_, _, _| found += 1);
        assert_eq!((found, &text[end..end + 13]), (0, &b"INSERT INTO b"[..]));
        insert(text, end, |_, _, _| found += 1);
        assert_eq!(found, 1);
    }

    #[test]
    fn values_of_a_statement_belong_to_its_columns() {
        let text = b"INSERT INTO `c` (`id`,`api_key`,`n`) VALUES (1,'q8Zt2Lw9Xk4Vb7Nm',2),(2,'it''s, (none)',3);";
        let mut found = Vec::new();
        insert(text, 0, |range, rule, _| found.push((String::from_utf8_lossy(&text[range]).into_owned(), rule)));
        assert_eq!(found, [("q8Zt2Lw9Xk4Vb7Nm".to_owned(), "generic-secret")]);
    }
}

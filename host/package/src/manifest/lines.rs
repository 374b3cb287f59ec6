//! On which line of a TOML text something stands, for errors.

use toml_edit::{Document, Item};

/// The line, counted from one, of the key at `path`, or of its nearest parent that is there.
#[must_use]
pub(crate) fn find(text: &str, path: &[impl AsRef<str>]) -> Option<usize> {
    let document = Document::parse(text).ok()?;
    let mut item: &Item = document.as_item();
    let mut start = None;
    for key in path {
        let found = item
            .as_table_like()
            .and_then(|table| table.get_key_value(key.as_ref()));
        let Some((key, inner)) = found else { break };
        start = key
            .span()
            .or_else(|| inner.span())
            .map(|span| span.start)
            .or(start);
        item = inner;
    }
    start.map(|start| of(text, start))
}

/// The line, counted from one, of the byte at `offset`.
#[must_use]
pub(crate) fn of(text: &str, offset: usize) -> usize {
    let before = text.bytes().take(offset);
    before.filter(|byte| *byte == b'\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_line_of_a_key_or_of_its_parent() {
        let text = "\n[tools.pay]\neffect = 'read'\n\n[http]\nbank = { allow = [] }\n";
        let line = |path: &[&str]| find(text, path);
        assert_eq!(line(&["tools", "pay", "effect"]), Some(3));
        assert_eq!(line(&["tools", "pay", "targets"]), Some(2));
        assert_eq!(line(&["http", "bank", "allow"]), Some(6));
        assert_eq!(line(&["nothing"]), None);
        assert_eq!(find("= broken", &["a"]), None);
    }
}

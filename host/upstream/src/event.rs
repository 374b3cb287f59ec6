//! Server-sent events as they come (HTML, 9.2), as far as the protocol uses them.

/// The most bytes of one event.
const MOST: usize = 8 << 20;

/// Reads a stream of events part by part.
#[derive(Debug, Default)]
pub struct Events {
    /// What has not ended in a line yet.
    line: Vec<u8>,
    /// Whether the last byte was a CR, whose LF ends no other line.
    after_cr: bool,
    data: Vec<u8>,
    has_data: bool,
    /// Whether the event is of another kind than `message`.
    other: bool,
}

/// One event is longer than any message is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an event is too long")]
pub struct TooLong;

impl Events {
    /// Takes the next part, and gives the data of each message that it ends.
    ///
    /// # Errors
    /// [`TooLong`].
    pub fn push(&mut self, part: &[u8]) -> Result<Vec<Vec<u8>>, TooLong> {
        let mut ended = Vec::new();
        for &byte in part {
            let follows_cr = std::mem::replace(&mut self.after_cr, byte == b'\r');
            match byte {
                b'\n' if follows_cr => {}
                b'\n' | b'\r' => ended.extend(self.end_line()),
                byte => self.line.push(byte),
            }
            if self.line.len() + self.data.len() > MOST {
                return Err(TooLong);
            }
        }
        Ok(ended)
    }

    fn end_line(&mut self) -> Option<Vec<u8>> {
        let line = std::mem::take(&mut self.line);
        if line.is_empty() {
            return self.end_event();
        }
        let mut parts = line.splitn(2, |&byte| byte == b':');
        let (field, value) = (parts.next()?, parts.next().unwrap_or_default());
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match field {
            b"data" => {
                if std::mem::replace(&mut self.has_data, true) {
                    self.data.push(b'\n');
                }
                self.data.extend_from_slice(value);
            }
            b"event" => self.other = value != b"message",
            _ => {}
        }
        None
    }

    fn end_event(&mut self) -> Option<Vec<u8>> {
        let data = std::mem::take(&mut self.data);
        let has_data = std::mem::take(&mut self.has_data);
        let other = std::mem::take(&mut self.other);
        (has_data && !other).then_some(data)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn all(parts: &[&[u8]]) -> Vec<String> {
        let mut events = Events::default();
        let each = parts.iter().flat_map(|part| events.push(part).unwrap());
        each.map(|data| String::from_utf8(data).unwrap()).collect()
    }

    #[test]
    fn messages_are_what_the_standard_says_they_are() {
        let text = b": hello\n\nid: 1\ndata: {\"a\":\ndata:1}\n\nevent: ping\ndata: x\n\nevent: message\r\ndata: two\r\n\r\ndata\n\ndata: cut off";
        assert_eq!(all(&[text]), ["{\"a\":\n1}", "two", ""]);
    }

    #[test]
    fn an_event_without_end_is_not_kept() {
        let mut events = Events::default();
        let part = vec![b'x'; 1 << 20];
        let ended = (0..9).find_map(|_| events.push(&part).err());
        assert_eq!(ended, Some(TooLong));
    }

    proptest! {
        /// However a stream is cut into parts, its messages are the same.
        #[test]
        fn parts_make_no_difference(text in "[dat: x\r\n]{0,80}", at in 0_usize..80) {
            let bytes = text.as_bytes();
            let (one, two) = bytes.split_at(at.min(bytes.len()));
            prop_assert_eq!(all(&[bytes]), all(&[one, two]));
        }
    }
}

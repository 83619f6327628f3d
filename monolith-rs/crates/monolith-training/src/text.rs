//! Text as Python reads it.

use crate::errors::{Error, ErrorKind, Result};

/// The text of these bytes; `UnicodeDecodeError` with Python's text where they aren't UTF-8.
pub(crate) fn decode_utf8(bytes: Vec<u8>) -> Result<String> {
    String::from_utf8(bytes).map_err(|error| {
        let (reason, bytes) = (error.utf8_error(), error.as_bytes());
        let start = reason.valid_up_to();
        let end = reason.error_len().map_or(bytes.len(), |len| start + len);
        let why = match (reason.error_len(), bytes[start]) {
            (None, _) => "unexpected end of data",
            (Some(_), 0xc2..=0xf4) => "invalid continuation byte",
            (Some(_), _) => "invalid start byte",
        };
        let place = if end - start == 1 {
            format!("byte 0x{:02x} in position {start}", bytes[start])
        } else {
            format!("bytes in position {start}-{}", end - 1)
        };
        let message = format!("'utf-8' codec can't decode {place}: {why}");
        Error::new(ErrorKind::UnicodeDecodeError, message)
    })
}

/// Whether Python counts this as white space: with the four separators of ASCII.
pub(crate) fn is_space(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{1c}'..='\u{1f}')
}

/// What `int(text)` gives: decimal, with a sign, white space around it and single
/// underscores between its digits. None where Python raises a `ValueError`, or where
/// the number doesn't fit.
pub(crate) fn parse_int(text: &str) -> Option<i64> {
    let text = text.trim_matches(is_space);
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let is_digits = |part: &str| !part.is_empty() && part.bytes().all(|c| c.is_ascii_digit());
    if !unsigned.split('_').all(is_digits) {
        return None;
    }
    text.replace('_', "").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_utf8_is_told_as_python_tells_it() {
        for (bytes, expected) in [
            (&b"\xff"[..], "byte 0xff in position 0: invalid start byte"),
            (b"a\x80", "byte 0x80 in position 1: invalid start byte"),
            (b"\xc1\xbf", "byte 0xc1 in position 0: invalid start byte"),
            (
                b"\xf5\x80\x80\x80",
                "byte 0xf5 in position 0: invalid start byte",
            ),
            (
                b"\xc2a",
                "byte 0xc2 in position 0: invalid continuation byte",
            ),
            (
                b"\xed\xa0\x80",
                "byte 0xed in position 0: invalid continuation byte",
            ),
            (
                b"ab\xe2\x82a",
                "bytes in position 2-3: invalid continuation byte",
            ),
            (
                b"\xf0\x9f\x98a",
                "bytes in position 0-2: invalid continuation byte",
            ),
            (b"\xc2", "byte 0xc2 in position 0: unexpected end of data"),
            (
                b"ab\xf0\x9f\x98",
                "bytes in position 2-4: unexpected end of data",
            ),
        ] {
            let error = decode_utf8(bytes.to_vec()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::UnicodeDecodeError);
            assert_eq!(
                error.message(),
                format!("'utf-8' codec can't decode {expected}"),
            );
        }
        assert_eq!(decode_utf8("ä".into()).unwrap(), "ä");
    }

    #[test]
    fn an_integer_is_what_python_takes_for_one() {
        for (text, number) in [
            ("7", 7),
            ("+3", 3),
            ("-3", -3),
            ("007", 7),
            (" 1_000\n", 1000),
            ("\u{1f}5", 5),
            ("-9223372036854775808", i64::MIN),
        ] {
            assert_eq!(parse_int(text), Some(number), "{text:?}");
        }
        for text in [
            "",
            "+",
            "+-3",
            "- 3",
            "_1",
            "1_",
            "1__0",
            "1.0",
            "0x1",
            "b",
            "1 0",
            "٣",
            "9223372036854775808",
        ] {
            assert_eq!(parse_int(text), None, "{text:?}");
        }
    }
}

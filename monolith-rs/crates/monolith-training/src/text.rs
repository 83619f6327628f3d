//! Text as Python reads it.

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

//! Protobuf's text format, for messages of scalar fields.
//!
//! Of a message's fields, whatever they are, it knows name and value; what a value
//! means is for whoever asks. Nested messages are not read.

use std::fmt::Write;
use std::iter::Peekable;
use std::ops::RangeInclusive;
use std::str::Chars;

use crate::text::is_space;

/// One field as it is written.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) value: Value,
}

/// The value of a field.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Value {
    /// A quoted string.
    Text(String),
    /// A number or a name.
    Word(String),
}

/// All fields in their order, a list's as one field each. Only `repeated` fields can have a
/// list. The error is what is wrong with the text.
pub(crate) fn parse_fields(text: &str, repeated: &[&str]) -> Result<Vec<Field>, String> {
    let mut reader = Reader {
        rest: text.chars().peekable(),
    };
    let mut fields = Vec::new();
    while reader.skip_space().is_some() {
        let name = reader.word()?;
        reader.expect(':')?;
        for value in reader.values(repeated.contains(&name.as_str()))? {
            let name = name.clone();
            fields.push(Field { name, value });
        }
        // For historical reasons fields may be separated.
        reader.take_if(|c| matches!(c, ',' | ';'));
    }
    Ok(fields)
}

/// The value of an integer field: as [`integer`] reads it, or octal as C writes it.
pub(crate) fn integer_field(word: &str) -> Option<i64> {
    let unsigned = word.strip_prefix('-').unwrap_or(word);
    match unsigned.strip_prefix('0') {
        Some(octal) if !octal.is_empty() && octal.bytes().all(|c| c.is_ascii_digit()) => {
            i64::from_str_radix(word, 8).ok()
        }
        _ => integer(word),
    }
}

/// The number of an enum's value, of an integer as [`integer`] reads it.
///
/// Protobuf's runtime in Python looks for the low 32 bits, so 4294967298 is 2.
pub(crate) fn enum_number(word: &str) -> Option<i32> {
    let [a, b, c, d, ..] = integer(word)?.to_le_bytes();
    Some(i32::from_le_bytes([a, b, c, d]))
}

/// An integer as Python writes them: decimal without leading zeros, or `0x`, `0o`,
/// `0b`; signed; single underscores between digits. None too where it doesn't fit.
fn integer(text: &str) -> Option<i64> {
    let (negative, unsigned) = match text.strip_prefix('-') {
        Some(unsigned) => (true, unsigned),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let lower = unsigned.to_ascii_lowercase();
    let based = [("0x", 16), ("0o", 8), ("0b", 2)]
        .into_iter()
        .find_map(|(prefix, base)| Some((lower.strip_prefix(prefix)?, base)));
    let (digits, base) = match based {
        // After the base an underscore may come first.
        Some((digits, base)) => (digits.strip_prefix('_').unwrap_or(digits), base),
        None => (lower.as_str(), 10),
    };
    if digits.split('_').any(str::is_empty) || digits.contains(['+', '-']) {
        return None;
    }
    let digits = digits.replace('_', "");
    if base == 10 && digits.starts_with('0') && digits.contains(|c| c != '0') {
        return None;
    }
    if !digits.chars().all(|digit| digit.is_digit(base)) {
        return None;
    }
    let magnitude = i128::from_str_radix(&digits, base).ok()?;
    i64::try_from(if negative { -magnitude } else { magnitude }).ok()
}

/// A string as a value, in quotes.
pub(crate) fn quote(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            '"' | '\'' | '\\' => quoted.extend(['\\', c]),
            c if c.is_ascii_control() => {
                // Writing to a string can't fail.
                let _ = write!(quoted, "\\{:03o}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

struct Reader<'a> {
    rest: Peekable<Chars<'a>>,
}

impl Reader<'_> {
    /// Passes over white space and comments, and gives what comes then.
    fn skip_space(&mut self) -> Option<char> {
        loop {
            match self.rest.peek() {
                Some('#') => while self.rest.next_if(|c| *c != '\n').is_some() {},
                Some(c) if is_space(*c) => {
                    self.rest.next();
                }
                next => return next.copied(),
            }
        }
    }

    fn take_if(&mut self, wanted: impl Fn(char) -> bool) -> Option<char> {
        self.skip_space();
        self.rest.next_if(|c| wanted(*c))
    }

    fn expect(&mut self, wanted: char) -> Result<(), String> {
        match self.take_if(|c| c == wanted) {
            Some(_) => Ok(()),
            None => Err(format!("Expected {wanted:?}, found {}.", self.found())),
        }
    }

    fn found(&mut self) -> String {
        match self.skip_space() {
            Some(c) => format!("{c:?}"),
            None => "the end".to_owned(),
        }
    }

    fn word(&mut self) -> Result<String, String> {
        self.skip_space();
        let in_word = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '_' | '+' | '-' | '.');
        let mut word = String::new();
        while let Some(c) = self.rest.next_if(in_word) {
            word.push(c);
        }
        if word.is_empty() {
            return Err(format!("Expected a word, found {}.", self.found()));
        }
        Ok(word)
    }

    /// One value, or those of a list.
    fn values(&mut self, repeated: bool) -> Result<Vec<Value>, String> {
        if !repeated || self.take_if(|c| c == '[').is_none() {
            return Ok(vec![self.value()?]);
        }
        let mut values = Vec::new();
        if self.take_if(|c| c == ']').is_some() {
            return Ok(values);
        }
        loop {
            values.push(self.value()?);
            if self.take_if(|c| c == ',').is_none() {
                self.expect(']')?;
                return Ok(values);
            }
        }
    }

    /// A word, or strings, which are one if they stand next to each other.
    fn value(&mut self) -> Result<Value, String> {
        let mut text: Option<Vec<u8>> = None;
        while let Some(quote) = self.take_if(|c| matches!(c, '"' | '\'')) {
            self.string(quote, text.get_or_insert_default())?;
        }
        match text {
            None => self.word().map(Value::Word),
            Some(bytes) => String::from_utf8(bytes)
                .map(Value::Text)
                .map_err(|error| format!("A string isn't UTF-8: {error}.")),
        }
    }

    /// The rest of a string up to its closing quote.
    fn string(&mut self, quote: char, bytes: &mut Vec<u8>) -> Result<(), String> {
        loop {
            match self.rest.next() {
                Some(c) if c == quote => return Ok(()),
                None | Some('\n') => return Err("A string has no end.".to_owned()),
                Some('\\') => self.escape(bytes)?,
                Some(c) => push(bytes, c),
            }
        }
    }

    /// An escape as Python reads it, which keeps the backslash of one that it doesn't know.
    fn escape(&mut self, bytes: &mut Vec<u8>) -> Result<(), String> {
        let Some(c) = self.rest.next() else {
            return Err("A string has no end.".to_owned());
        };
        match c {
            'a' => bytes.push(0x07),
            'b' => bytes.push(0x08),
            't' => bytes.push(b'\t'),
            'n' => bytes.push(b'\n'),
            'v' => bytes.push(0x0b),
            'f' => bytes.push(0x0c),
            'r' => bytes.push(b'\r'),
            '"' | '\'' | '\\' => push(bytes, c),
            'x' => bytes.push(byte(&self.digits(16, 1..=2)?, 16)?),
            'u' => push(bytes, character(&self.digits(16, 4..=4)?)?),
            'U' => push(bytes, character(&self.digits(16, 8..=8)?)?),
            'N' | '\n' => return Err(format!("A string has the escape {c:?}.")),
            '0'..='7' => {
                let octal = format!("{c}{}", self.digits(8, 0..=2)?);
                bytes.push(byte(&octal, 8)?);
            }
            _ => {
                bytes.push(b'\\');
                push(bytes, c);
            }
        }
        Ok(())
    }

    /// As many digits as there are, up to the end of the range.
    fn digits(&mut self, radix: u32, count: RangeInclusive<usize>) -> Result<String, String> {
        let mut digits = String::new();
        while digits.len() < *count.end()
            && let Some(digit) = self.rest.next_if(|c| c.is_digit(radix))
        {
            digits.push(digit);
        }
        if !count.contains(&digits.len()) {
            let least = count.start();
            return Err(format!(
                "Expected {least} digits of an escape, found {digits:?}."
            ));
        }
        Ok(digits)
    }
}

fn push(bytes: &mut Vec<u8>, c: char) {
    bytes.extend(c.encode_utf8(&mut [0; 4]).bytes());
}

fn byte(digits: &str, radix: u32) -> Result<u8, String> {
    u8::from_str_radix(digits, radix).map_err(|_| format!("A string has the byte {digits}."))
}

fn character(digits: &str) -> Result<char, String> {
    let number = u32::from_str_radix(digits, 16).ok();
    number
        .and_then(char::from_u32)
        .ok_or_else(|| format!("A string has the character {digits}."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(name: &str, value: Value) -> Field {
        let name = name.to_owned();
        Field { name, value }
    }

    fn text(text: &str) -> Value {
        Value::Text(text.to_owned())
    }

    #[test]
    fn fields_are_read_in_their_order() {
        let read = parse_fields(
            "# a comment\npath: \"a\" 'b';\nlist: [\"x\", 'y'] none: []\n time:\t1.5e3, kind :OK",
            &["list", "none"],
        );
        let expected = [
            field("path", text("ab")),
            field("list", text("x")),
            field("list", text("y")),
            field("time", Value::Word("1.5e3".to_owned())),
            field("kind", Value::Word("OK".to_owned())),
        ];
        assert_eq!(read.unwrap(), expected);
    }

    #[test]
    fn a_quoted_string_is_read_back() {
        for given in ["a\"'\\\n\r\t\u{1}é", ""] {
            let read = parse_fields(&format!("name: {}", quote(given)), &[]).unwrap();
            assert_eq!(read, [field("name", text(given))]);
        }
        assert_eq!(quote("\u{1}'"), r#""\001\'""#);
        let read = parse_fields(r#"name: "\303\251\x41""#, &[]).unwrap();
        assert_eq!(read, [field("name", text("éA"))]);
    }

    #[test]
    fn what_is_wrong_is_said() {
        for wrong in [
            "path",
            "path \"a\"",
            "path:",
            ": 1",
            "path: \"a",
            "path: \"a\nb\"",
            "path: \"\\N\"",
            "path: \"\\x\"",
            "path: \"\\ud83d\"",
            "path: [\"a\"]",
            "path: \"\\777\"",
            "path: \"\\xff\"",
            "path: [1",
            "path: { }",
            "path: 1;;",
        ] {
            assert!(parse_fields(wrong, &[]).is_err(), "{wrong:?}");
        }
    }
}

//! The protobuf message `MachineHealthResult`, read by hand.

use std::fmt;

use parity_driver::errors::{Error, ErrorKind, Result};

/// What is known of a parameter server that isn't healthy.
#[derive(Debug, Default, Eq, PartialEq)]
pub struct HealthResult {
    /// Field 1, an enum; nothing if it is unset or of no known value.
    pub status: Option<&'static str>,
    /// Field 2.
    pub message: Option<String>,
}

/// Parses a message; other fields, and known ones of another type, are passed over.
pub fn parse(bytes: &[u8]) -> Result<HealthResult> {
    fields(bytes).ok_or_else(|| Error::new(ErrorKind::DecodeError, "Error parsing message"))
}

fn fields(mut bytes: &[u8]) -> Option<HealthResult> {
    let mut result = HealthResult::default();
    while !bytes.is_empty() {
        let key = varint(&mut bytes)?;
        match (key >> 3, key & 7) {
            (0, _) => return None,
            (1, 0) => match varint(&mut bytes)? {
                0 => result.status = Some("OK"),
                1 => result.status = Some("OUT_OF_MEMORY"),
                _ => {}
            },
            (field, 2) => {
                let length = usize::try_from(varint(&mut bytes)?).ok()?;
                let text = take(&mut bytes, length)?;
                if field == 2 {
                    result.message = Some(String::from_utf8_lossy(text).into_owned());
                }
            }
            (_, 0) => drop(varint(&mut bytes)?),
            (_, 1) => drop(take(&mut bytes, 8)?),
            (_, 5) => drop(take(&mut bytes, 4)?),
            _ => return None,
        }
    }
    Some(result)
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let byte = take(bytes, 1)?[0];
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

fn take<'a>(bytes: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    let (taken, rest) = bytes.split_at_checked(count)?;
    *bytes = rest;
    Some(taken)
}

/// Protobuf's text format on a single line.
impl fmt::Display for HealthResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let status = self.status.map(|status| format!("status: {status}"));
        let message = self.message.as_ref();
        let message = message.map(|message| format!("message: \"{}\"", escaped(message)));
        let fields: Vec<String> = status.into_iter().chain(message).collect();
        f.write_str(&fields.join(" "))
    }
}

fn escaped(text: &str) -> String {
    let escape = |c: char| match c {
        '\n' => "\\n".to_owned(),
        '\r' => "\\r".to_owned(),
        '\t' => "\\t".to_owned(),
        '"' | '\'' | '\\' => format!("\\{c}"),
        c if c.is_ascii_control() => format!("\\{:03o}", u32::from(c)),
        c => c.to_string(),
    };
    text.chars().map(escape).collect()
}

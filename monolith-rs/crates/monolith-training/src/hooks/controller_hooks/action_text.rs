//! A `ControllerHooksProto` in protobuf's text format: `action: STOP`.
//!
//! It takes what Python's parser takes, and refuses what that refuses; its words
//! for what is wrong are its own.

use crate::proto::controller_hooks::controller_hooks_proto::Action;
use crate::text::is_space;
use crate::text_format::enum_number;

/// The message, as errors call it.
const MESSAGE: &str = "monolith.ControllerHooksProto";

/// What the text asks for; `UNKNOWN` if it doesn't say. The error is what is wrong
/// with the text, for whoever wrote it.
pub fn parse_action(text: &str) -> Result<Action, String> {
    let mut tokens = tokens(text).into_iter().peekable();
    let mut action = None;
    while let Some(name) = tokens.next() {
        if name != "action" {
            return Err(format!(
                "Message type \"{MESSAGE}\" has no field named \"{name}\"."
            ));
        }
        if tokens.next() != Some(":") {
            return Err("Expected \":\" after \"action\".".to_owned());
        }
        let value = tokens.next().ok_or("Expected a value after \":\".")?;
        if action.replace(value_of(value)?).is_some() {
            return Err(format!(
                "Message type \"{MESSAGE}\" should not have multiple \"action\" fields."
            ));
        }
        // For historical reasons fields may be separated.
        tokens.next_if(|token| matches!(*token, "," | ";"));
    }
    Ok(action.unwrap_or(Action::Unknown))
}

/// An enum value by its name or its number.
fn value_of(token: &str) -> Result<Action, String> {
    let found = match enum_number(token) {
        Some(number) => Action::try_from(number).ok(),
        None => Action::from_str_name(token),
    };
    found.ok_or_else(|| format!("Enum type \"{MESSAGE}.Action\" has no value {token}."))
}

/// Words, numbers, and single characters of any other kind. White space and what
/// follows a `#` on its line are passed over.
fn tokens(text: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    for line in text.split('\n') {
        let mut rest = line.trim_start_matches(is_space);
        while !rest.is_empty() && !rest.starts_with('#') {
            let (token, after) = rest.split_at(token_length(rest));
            tokens.push(token);
            rest = after.trim_start_matches(is_space);
        }
    }
    tokens
}

/// How many bytes the first token of this has. A dot is a token of its own, which
/// nothing takes: there are no fractions here.
fn token_length(text: &str) -> usize {
    let in_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '+' | '-');
    match text.find(|c| !in_word(c)) {
        Some(0) => text.chars().next().map_or(0, char::len_utf8),
        Some(end) => end,
        None => text.len(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_action_has_a_name_or_a_number() {
        for stop in [
            "action: STOP",
            "action:2",
            "action: +2",
            "action: 0x2",
            "action: 0b1_0",
            "action: 4294967298",
            "action: -4294967294",
        ] {
            assert_eq!(parse_action(stop), Ok(Action::Stop), "{stop}");
        }
        assert_eq!(
            parse_action("action: TRIGGER_SAVE"),
            Ok(Action::TriggerSave)
        );
        assert_eq!(parse_action("action: 1"), Ok(Action::TriggerSave));
        for nothing in [
            "action: UNKNOWN",
            "action: 0",
            "action: -0_0",
            "",
            " \n",
            "# STOP",
        ] {
            assert_eq!(parse_action(nothing), Ok(Action::Unknown), "{nothing}");
        }
    }

    #[test]
    fn white_space_comments_and_one_separator_are_passed_over() {
        for text in [
            "\n\t action\n:\r\n STOP # now\n",
            "# please\naction: STOP,",
            "action: STOP;#\n\u{1f}",
        ] {
            assert_eq!(parse_action(text), Ok(Action::Stop), "{text:?}");
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "STOP",
            "action STOP",
            "action",
            "action:",
            "action: stop",
            "action: 3",
            "action: 2.",
            "action: 2.0",
            "action: .2",
            "action: 02",
            "action: 2_",
            "action: 99999999999999999999",
            "action: \"STOP\"",
            "action: [STOP]",
            "action { }",
            "action: STOP;;",
            ", action: STOP",
            "other: 1",
            "Action: STOP",
            "action: STOP action: STOP",
            "action: UNKNOWN, action: STOP",
            "ä: STOP",
            "\u{feff}action: STOP",
        ] {
            assert!(parse_action(text).is_err(), "{text:?}");
        }
        let error = parse_action("action: STOP\n  # more\n  act: 1").unwrap_err();
        assert_eq!(
            error,
            "Message type \"monolith.ControllerHooksProto\" has no field named \"act\"."
        );
    }
}

//! Tokens: the server's table of them, and the client's one.

use std::fmt;
use std::path::Path;

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::private_file::read_private;
use crate::errors::{Error, Result};

/// How many characters a token may have.
const LENGTHS: std::ops::RangeInclusive<usize> = 16..=256;

/// What the holder of a token may do.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Role {
    /// Look.
    Reader,
    /// Look, and act.
    Operator,
}

impl Role {
    fn from_word(word: &str) -> Option<Self> {
        match word {
            "reader" => Some(Self::Reader),
            "operator" => Some(Self::Operator),
            _ => None,
        }
    }
}

/// The holder of a token.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Holder {
    pub(super) name: String,
    pub(super) role: Role,
}

/// The tokens that a server takes. Of each it keeps no more than the digest.
pub(super) struct TokenTable {
    holders: Vec<([u8; 32], Holder)>,
}

impl TokenTable {
    /// Reads a file of lines, each a name, a role and a token.
    pub(super) fn read(path: &Path) -> Result<Self> {
        let text = read_private(path)?;
        let mut table = Self {
            holders: Vec::new(),
        };
        for (number, line) in (1..).zip(text.lines()) {
            let words: Vec<_> = line.split_ascii_whitespace().collect();
            if words.first().is_none_or(|word| word.starts_with('#')) {
                continue;
            }
            let wrong = |wrong| Error::access(format!("{}:{number}: {wrong}", path.display()));
            table.add(&words).map_err(wrong)?;
        }
        if table.holders.is_empty() {
            let message = "has no token; expected lines: NAME ROLE TOKEN";
            return Err(Error::access(format!("{} {message}", path.display())));
        }
        Ok(table)
    }

    /// Who has this token. How long that takes doesn't depend on the tokens of the table.
    pub(super) fn holder(&self, token: &[u8]) -> Option<&Holder> {
        let digest = digest(token);
        let mut found = None;
        for (known, holder) in &self.holders {
            if bool::from(known.ct_eq(&digest)) {
                found = Some(holder);
            }
        }
        found
    }

    fn add(&mut self, words: &[&str]) -> Result<(), String> {
        let &[name, role, token] = words else {
            let count = words.len();
            return Err(format!(
                "expected three words, NAME ROLE TOKEN, got {count}"
            ));
        };
        let in_names = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        if !name.chars().all(in_names) {
            return Err("expected a name of letters, digits, '.', '_' and '-'".to_owned());
        }
        // The word isn't told: a line with its words in another order has the token here.
        let role = Role::from_word(role).ok_or("expected the role reader or operator")?;
        check_token(token)?;
        let digest = digest(token.as_bytes());
        for (known, holder) in &self.holders {
            if holder.name == name {
                return Err(format!("{name} is there twice"));
            }
            if *known == digest {
                return Err(format!("{name} and {} have the same token", holder.name));
            }
        }
        let name = name.to_owned();
        self.holders.push((digest, Holder { name, role }));
        Ok(())
    }
}

impl fmt::Debug for TokenTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let holders = self.holders.iter().map(|(_, holder)| holder);
        f.debug_list().entries(holders).finish()
    }
}

/// The token of a client's file, which holds nothing else.
pub(super) fn read_token(path: &Path) -> Result<String> {
    let text = read_private(path)?;
    let wrong = |wrong| Error::access(format!("{}: {wrong}", path.display()));
    let words: Vec<_> = text.split_ascii_whitespace().collect();
    let &[token] = &words[..] else {
        let count = words.len();
        return Err(wrong(format!("expected one token, got {count} words")));
    };
    check_token(token).map_err(wrong)?;
    Ok(token.to_owned())
}

/// The token is never told, and what is wrong of it is said of its length at most.
fn check_token(token: &str) -> Result<(), String> {
    if LENGTHS.contains(&token.len()) && token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(());
    }
    let count = token.chars().count();
    Err(format!(
        "expected a token of 16 to 256 printable ASCII characters without white space, \
         got {count} characters"
    ))
}

fn digest(token: &[u8]) -> [u8; 32] {
    Sha256::digest(token).into()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::errors::ErrorKind;

    const ALICE: &str = "9c1185a5c5e9fc54612808977ee8f548";
    const GRAFANA: &str = "3f0b9f6f2f0c4a6c8d7a5be1";

    /// What is made of a file with this content.
    fn read(content: &str) -> Result<TokenTable> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("tokens");
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        TokenTable::read(&path).map_err(|error| {
            assert_eq!(error.kind(), ErrorKind::AccessError);
            let folder = format!("{}/", dir.path().display());
            Error::access(error.message().replace(&folder, ""))
        })
    }

    fn wrong(content: &str) -> String {
        let message = read(content).unwrap_err().message().to_owned();
        assert!(
            !message.contains(ALICE) && !message.contains(GRAFANA),
            "{message}"
        );
        message
    }

    #[test]
    fn each_token_has_its_holder_and_no_other_text_has() {
        let text =
            format!("# name role token\n\ngrafana  reader\t{GRAFANA}\r\n  alice operator {ALICE}");
        let table = read(&text).unwrap();
        let alice = table.holder(ALICE.as_bytes()).unwrap();
        assert_eq!((&*alice.name, alice.role), ("alice", Role::Operator));
        let grafana = table.holder(GRAFANA.as_bytes()).unwrap();
        assert_eq!((&*grafana.name, grafana.role), ("grafana", Role::Reader));
        for text in [
            "",
            "alice",
            &ALICE[1..],
            &ALICE.to_uppercase(),
            &format!("{ALICE} "),
        ] {
            assert_eq!(table.holder(text.as_bytes()), None, "{text:?}");
        }
        let shown = format!("{table:?}");
        assert!(shown.contains("alice") && !shown.contains(ALICE), "{shown}");
    }

    #[test]
    fn a_wrong_line_is_told_with_its_number_and_without_its_token() {
        for (line, expected) in [
            (
                format!("alice {ALICE}"),
                "expected three words, NAME ROLE TOKEN, got 2",
            ),
            (
                format!("alice operator {ALICE} # mine"),
                "expected three words",
            ),
            (
                format!("al/ice operator {ALICE}"),
                "expected a name of letters",
            ),
            (
                format!("älice operator {ALICE}"),
                "expected a name of letters",
            ),
            (
                format!("alice {ALICE} operator"),
                "expected the role reader or operator",
            ),
            (
                format!("alice Operator {ALICE}"),
                "expected the role reader or operator",
            ),
            (
                "alice operator fifteen-letters".to_owned(),
                "got 15 characters",
            ),
            (
                format!("alice operator {}", "x".repeat(257)),
                "got 257 characters",
            ),
            (format!("alice operator {ALICE}é"), "got 33 characters"),
            (
                format!("grafana operator {ALICE}"),
                "grafana is there twice",
            ),
            (
                format!("alice operator {GRAFANA}"),
                "alice and grafana have the same token",
            ),
        ] {
            let message = wrong(&format!("# mine\ngrafana reader {GRAFANA}\n{line}\n"));
            assert!(message.starts_with("tokens:3: "), "{message}");
            assert!(message.contains(expected), "{message}");
        }
        for length in [16, 256] {
            read(&format!("a reader {}", "!".repeat(length))).unwrap();
        }
    }

    #[test]
    fn a_file_without_a_token_is_refused() {
        for nothing in ["", "\n \n", "# alice operator\n"] {
            assert!(wrong(nothing).starts_with("tokens has no token"));
        }
    }

    #[test]
    fn a_clients_file_is_one_token() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("token");
        let read = |text: &str| {
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
            read_token(&path)
        };
        assert_eq!(read(&format!(" {ALICE}\n")).unwrap(), ALICE);
        for text in [
            "",
            "alice operator 9c1185a5c5e9fc54612808977ee8f548",
            "short",
        ] {
            assert_eq!(
                read(text).unwrap_err().kind(),
                ErrorKind::AccessError,
                "{text}"
            );
        }
    }
}

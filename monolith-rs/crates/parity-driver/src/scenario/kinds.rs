//! The kind of a hook, a fault or a step, read from the keys of its mapping.
//!
//! A key that isn't among the port's words names a capability that it lacks: the scenario is
//! skipped.

use serde_json::{Map, Value};
use serde_path_to_error::Path;

use super::{Unplayable, failed};
use crate::wire::scenario::{FAULTS, HOOKS, STEP_OPTIONS, STEPS};

/// Checks that every kind is known and among `words`, and converts steps to serde's enum form.
pub(super) fn check(document: &mut Value, words: &[&str]) -> Result<(), Unplayable> {
    each(document.get_mut("hooks"), "hooks", |hook, at| {
        kind(hook, HOOKS, words, &[], at).map(drop)
    })?;
    each(document.get_mut("faults"), "faults", |fault, at| {
        kind(fault, FAULTS, words, &[], at).map(drop)
    })?;
    each(document.get_mut("steps"), "steps", |it, at| {
        step(it, words, at)
    })
}

/// Converts a path into the document with steps in enum form to a place in the original.
pub(super) fn place(path: &Path) -> String {
    let path = path.to_string();
    if path == "." {
        return "scenario".to_owned();
    }
    STEP_OPTIONS.iter().fold(path, |path, (kind, _)| {
        path.replace(&format!(".{kind}.{kind}"), &format!(".{kind}"))
    })
}

fn step(step: &mut Value, words: &[&str], at: &str) -> Result<(), Unplayable> {
    let kind = kind(step, STEPS, words, STEP_OPTIONS, at)?;
    let place = format!("{at}.{kind}");
    match kind {
        "fault" => self::kind(&step[kind], FAULTS, words, &[], &place).map(drop)?,
        "background" => self::step(&mut step[kind], words, &place)?,
        "concurrently" => {
            each(step.get_mut(kind), &place, |it, at| {
                self::step(it, words, at)
            })?;
        }
        _ => {}
    }
    if STEP_OPTIONS.iter().any(|(of, _)| *of == kind) {
        let whole = step.take();
        *step = Value::Object(Map::from_iter([(kind.to_owned(), whole)]));
    }
    Ok(())
}

/// Returns the single key that names the entry's kind; only that kind's options may accompany it.
fn kind(
    entry: &Value,
    kinds: &[&'static str],
    words: &[&str],
    options: &[(&str, &str)],
    at: &str,
) -> Result<&'static str, Unplayable> {
    let entry = entry
        .as_object()
        .ok_or_else(|| failed(at, "must be a mapping"))?;
    let found = kinds.iter().filter(|kind| entry.contains_key(**kind));
    let found: Vec<&'static str> = found.copied().collect();
    let kind = found.first();
    let is_option = |key: &str| kind.is_some_and(|kind| options.contains(&(*kind, key)));
    let is_known = |key: &str| kinds.contains(&key) || is_option(key);
    if let Some(unknown) = entry.keys().find(|key| !is_known(key)) {
        return Err(Unplayable::lacks(unknown));
    }
    match found[..] {
        [kind] if words.contains(&kind) => Ok(kind),
        [kind] => Err(Unplayable::lacks(kind)),
        [] => Err(failed(at, "expected one kind, got none")),
        _ => {
            let message = format!("expected one kind, got {}", found.join(" and "));
            Err(failed(at, message))
        }
    }
}

fn each(
    list: Option<&mut Value>,
    at: &str,
    check: impl Fn(&mut Value, &str) -> Result<(), Unplayable>,
) -> Result<(), Unplayable> {
    let entries = list.and_then(Value::as_array_mut);
    for (index, entry) in entries.into_iter().flatten().enumerate() {
        check(entry, &format!("{at}[{index}]"))?;
    }
    Ok(())
}

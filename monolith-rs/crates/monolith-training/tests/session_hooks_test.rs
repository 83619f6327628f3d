//! Whose session the current one is, from creation to the end.
#![allow(clippy::unwrap_used)] // helpers of tests are tests

use std::sync::Arc;

use monolith_training::clock::SystemClock;
use monolith_training::errors::{Error, ErrorKind, Result};
use monolith_training::hooks::session_hooks::{CurrentSession, SetCurrentSessionHook};
use monolith_training::session::monitored::{Hooks, Recovery};
use monolith_training::session::{ChiefSessionCreator, Graph, MonitoredSession, Session};

fn session(current: &CurrentSession) -> MonitoredSession {
    let hook = SetCurrentSessionHook::new(current.clone());
    let hooks: Hooks = vec![Arc::new(hook)];
    let creator = Box::new(ChiefSessionCreator::new(Graph::new(), None));
    MonitoredSession::new(Recovery::Recreates, creator, hooks, Arc::new(SystemClock)).unwrap()
}

/// The global step of the current session, as code that isn't handed one sees it.
fn current_step(current: &CurrentSession) -> Option<Result<i64>> {
    let session = current.get_current_session();
    session.map(|session| session.global_step())
}

#[test]
fn the_session_is_current_from_its_creation_to_a_clean_end() {
    let current = CurrentSession::new();
    assert_eq!(current_step(&current), None);
    let mut session = session(&current);
    session.run(Session::train_step).unwrap();
    assert_eq!(current_step(&current), Some(Ok(1)));
    session.leave(None).unwrap();
    assert_eq!(current_step(&current), None);
}

#[test]
fn after_an_error_the_closed_session_stays() {
    let current = CurrentSession::new();
    let mut session = session(&current);
    let left = session.leave(Some(Error::value("body")));
    assert_eq!(left, Err(Error::value("body")));
    let closed = Err(Error::closed_session());
    assert_eq!(current_step(&current), Some(closed));
}

#[test]
fn a_recreated_session_takes_its_place() {
    let current = CurrentSession::new();
    let mut session = session(&current);
    let first = current.get_current_session().unwrap();
    let mut lost = true;
    session
        .run(|session| {
            if std::mem::take(&mut lost) {
                return Err(Error::new(ErrorKind::AbortedError, "lost"));
            }
            session.train_step()
        })
        .unwrap();
    let second = current.get_current_session().unwrap();
    assert!(!Arc::ptr_eq(&first, &second));
    assert_eq!(current_step(&current), Some(Ok(1)));
}

#[test]
fn jobs_of_one_process_do_not_see_each_other() {
    let (ours, theirs) = (CurrentSession::new(), CurrentSession::new());
    let _session = session(&ours);
    assert_eq!(current_step(&ours), Some(Ok(0)));
    assert_eq!(current_step(&theirs), None);
}

//! Each wrapper forwards its half of a save, and nothing else.
#![allow(clippy::unwrap_used)] // helpers of tests are tests

use std::sync::{Arc, Mutex};
use std::thread::{self, ThreadId};

use monolith_training::errors::{Error, Result};
use monolith_training::hooks::hook_utils::{AfterSaveListener, BeforeSaveListener};
use monolith_training::save_utils::CheckpointSaverListener;
use monolith_training::session::{Graph, Session};

#[derive(Debug, Default)]
struct Spy {
    calls: Mutex<Vec<String>>,
    fails: bool,
}

impl Spy {
    fn note(&self, call: String) -> Result<()> {
        self.calls.lock().unwrap().push(call);
        if self.fails {
            return Err(Error::value("spotted"));
        }
        Ok(())
    }
}

impl CheckpointSaverListener for Spy {
    fn begin(&self) -> Result<()> {
        self.note("begin".into())
    }

    fn before_save(&self, _: &Arc<Session>, step: i64) -> Result<()> {
        self.note(format!("before {step}"))
    }

    fn after_save(&self, _: &Arc<Session>, step: i64) -> Result<bool> {
        self.note(format!("after {step}"))?;
        Ok(true)
    }

    fn end(&self, _: &Arc<Session>, step: i64) -> Result<()> {
        self.note(format!("end {step}"))
    }
}

fn call_all(listener: &dyn CheckpointSaverListener) -> Result<bool> {
    let session = Session::new(&Graph::new(), 0).unwrap();
    listener.begin()?;
    listener.before_save(&session, 7)?;
    let stop = listener.after_save(&session, 7)?;
    listener.end(&session, 7)?;
    Ok(stop)
}

#[test]
fn test_before_after_saver_listener() {
    let spy = Arc::new(Spy::default());
    assert_eq!(call_all(&BeforeSaveListener::new(spy.clone())), Ok(false));
    assert_eq!(*spy.calls.lock().unwrap(), ["before 7"]);

    let spy = Arc::new(Spy::default());
    // The wish to stop is dropped (B42).
    assert_eq!(call_all(&AfterSaveListener::new(spy.clone())), Ok(false));
    assert_eq!(*spy.calls.lock().unwrap(), ["after 7"]);
}

#[test]
fn each_wrapper_shows_its_own_name_and_then_its_listener() {
    #[derive(Debug)]
    struct Named;
    impl CheckpointSaverListener for Named {}
    let before = BeforeSaveListener::new(Arc::new(Named));
    assert_eq!(format!("{before:?}"), "BeforeSaveListenerNamed");
    let after = AfterSaveListener::new(Arc::new(before));
    let both = "AfterSaveListenerBeforeSaveListenerNamed";
    assert_eq!(format!("{after:?}"), both);
}

#[test]
fn what_the_listener_raises_leaves_the_wrapper() {
    let spy = Arc::new(Spy {
        fails: true,
        ..Spy::default()
    });
    let raised = Err(Error::value("spotted"));
    assert_eq!(call_all(&BeforeSaveListener::new(spy.clone())), raised);
    assert_eq!(call_all(&AfterSaveListener::new(spy)), raised);
}

#[test]
fn a_wrapper_calls_on_the_thread_that_calls_it() {
    #[derive(Debug, Default)]
    struct Where(Mutex<Vec<ThreadId>>);

    impl CheckpointSaverListener for Where {
        fn before_save(&self, _: &Arc<Session>, _: i64) -> Result<()> {
            self.0.lock().unwrap().push(thread::current().id());
            Ok(())
        }

        fn after_save(&self, _: &Arc<Session>, _: i64) -> Result<bool> {
            self.0.lock().unwrap().push(thread::current().id());
            Ok(false)
        }
    }

    let here = Arc::new(Where::default());
    call_all(&BeforeSaveListener::new(here.clone())).unwrap();
    call_all(&AfterSaveListener::new(here.clone())).unwrap();
    assert_eq!(*here.0.lock().unwrap(), [thread::current().id(); 2]);
}

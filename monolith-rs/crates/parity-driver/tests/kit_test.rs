//! The library with a port that has next to nothing.
#![allow(clippy::unwrap_used)] // helpers of tests are tests

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use parity_driver::clock::{Clock, HandlerPool};
use parity_driver::errors::{Error, ErrorKind, Result};
use parity_driver::port::{BASIC_STEPS, MACHINE_FAULTS};
use parity_driver::wire::events::SessionState;
use parity_driver::wire::protocol::{Channel, Need};
use parity_driver::wire::scenario::RpcStep;
use parity_driver::{Event, Identity, Job, Port, Scenario, Trained, Unplayable, World, serve};
use serde_json::{Value, json};

/// A port whose chief steps, and which says that it can call although it can't.
struct Stepping;

/// A port that goes wrong where a scenario's global step says: 1 in `begin`, 2 in `open`, 3 in a
/// handler, 4 in a thread of its own that no clock has started, 5 in one that a clock has.
struct Wrong;

impl Port for Wrong {
    fn identity(&self) -> Identity {
        Stepping.identity()
    }

    fn begin(&mut self, scenario: &Scenario, world: &World) -> Result<Arc<dyn Job>, Unplayable> {
        let place = scenario.global_step.unwrap_or(0);
        assert_ne!(place, 1, "as it should");
        let (handlers, world) = (world.clock.handler_pool(1, "controller"), world.clone());
        Ok(Arc::new(WrongJob {
            place,
            handlers,
            world,
        }))
    }
}

struct WrongJob {
    place: i64,
    handlers: Arc<dyn HandlerPool>,
    world: World,
}

impl Job for WrongJob {
    fn open(&self) -> Result<()> {
        assert_ne!(self.place, 2, "as it should");
        Ok(())
    }

    fn train(&self) -> Result<Option<Trained>> {
        let state = SessionState::Created;
        let recorder = Arc::clone(&self.world.recorder);
        match self.place {
            4 => drop(thread::spawn(move || recorder.record(Event::Session { state })).join()),
            5 => {
                let panics = Box::new(|| panic!("as it should"));
                self.world.clock.start_thread("panics", None, panics)?;
            }
            _ => {}
        }
        Ok(None)
    }

    fn leave(&self, _: Option<Error>) -> Result<()> {
        Ok(())
    }

    fn rpc(&self, step: &RpcStep, place: &str) -> Result<(), Unplayable> {
        let handle = || panic!("as it should");
        self.world.call(&self.handlers, step.rpc, place, handle)
    }
}

impl Port for Stepping {
    fn identity(&self) -> Identity {
        Identity {
            implementation: "stepping".to_owned(),
            version: "2".to_owned(),
            source_digest: None,
            capabilities: [BASIC_STEPS, MACHINE_FAULTS, &["rpc"]].concat(),
            channels: Some(vec![Channel::Steps, Channel::Session]),
            needs: Some(vec![Need::ExactTime]),
        }
    }

    fn begin(&mut self, scenario: &Scenario, world: &World) -> Result<Arc<dyn Job>, Unplayable> {
        match scenario.global_step {
            None => Err(Unplayable::lacks("a step")),
            Some(9) => Err(Error::value("not 9").into()),
            Some(_) => Ok(Arc::new(SteppingJob(world.clone()))),
        }
    }
}

struct SteppingJob(World);

impl Job for SteppingJob {
    fn open(&self) -> Result<()> {
        self.0.recorder.open(|| Some(vec![0]));
        let state = SessionState::Created;
        self.0.recorder.record(Event::Session { state });
        Ok(())
    }

    fn train(&self) -> Result<Option<Trained>> {
        let global_step = 1;
        let element = None;
        Ok(Some(Trained {
            global_step,
            element,
        }))
    }

    fn leave(&self, error: Option<Error>) -> Result<()> {
        match error {
            Some(error) => Err(error),
            None => Err(Error::new(ErrorKind::ValueError, "at the end")),
        }
    }
}

fn answers(requests: &[Value]) -> Vec<Value> {
    answers_of(&mut Stepping, requests)
}

fn answers_of(port: &mut impl Port, requests: &[Value]) -> Vec<Value> {
    let lines: Vec<String> = requests.iter().map(ToString::to_string).collect();
    let mut output = Vec::new();
    serve(port, lines.join("\n").as_bytes(), &mut output).unwrap();
    let output = String::from_utf8(output).unwrap();
    let parsed = output
        .lines()
        .map(|line| serde_json::from_str(line).unwrap());
    parsed.collect()
}

fn play(changes: &Value) -> Value {
    let mut scenario = json!({
        "name": "a/b", "about": "x", "covers": [],
        "cluster": {"ps": 1, "workers": 2, "capacity": 2},
        "session": "monitored", "global_step": 0, "default_mem_limit": null,
        "machines": [{"ps": 0, "rss": 1, "mem_limit": null}],
        "barrier": {"callbacks": [], "wait": 1000, "held": false},
        "hooks": [], "tables": [], "faults": [], "steps": [{"train": 1}, {"advance": 1500}], "expect": {},
    });
    let changes = changes.as_object().unwrap().clone();
    scenario.as_object_mut().unwrap().extend(changes);
    json!({"type": "play", "seq": 3, "seed": null, "schedule": null, "scenario": scenario})
}

fn answer(changes: &Value) -> Value {
    answers(&[play(changes)]).remove(0)
}

fn rpc() -> Value {
    json!({"rpc": "StopTraining", "deadline": null, "server": null, "expect": "OK",
           "details": null, "response": null, "error": null})
}

#[test]
fn hello_has_what_the_port_says_and_bye_ends_it() {
    let hello = json!({"type": "hello", "protocol": 1});
    let bye = json!({"type": "bye"});
    let answers = answers(&[hello.clone(), bye.clone(), hello]);
    assert_eq!(answers.len(), 2);
    assert_eq!(answers[0]["implementation"], "stepping");
    assert_eq!(answers[0]["language"], "rust");
    assert_eq!(answers[0]["channels"], json!(["steps", "session"]));
    assert_eq!(answers[0]["needs"], json!(["exact_time"]));
    let capabilities = answers[0]["capabilities"].as_array().unwrap();
    assert!(capabilities.contains(&json!("seed")) && capabilities.contains(&json!("train")));
    assert_eq!(answers[1], bye);
}

#[test]
fn a_play_has_the_events_of_the_job_and_those_of_the_library() {
    let trace = answer(&json!({"faults": [{"recover": {"ps": 0}}]}));
    let events = json!([
        {"ms": 0, "lane": "main", "kind": "barrier", "blocked": [0]},
        {"ms": 0, "lane": "main", "kind": "session", "state": "created"},
        {"ms": 0, "lane": "main", "kind": "step", "worker": 0, "global_step": 1},
        {"ms": 1500, "lane": "main", "kind": "raised", "error": "ValueError",
         "message": "at the end"},
        {"ms": 1500, "lane": "main", "kind": "session", "state": "closed"},
        {"ms": 1500, "lane": "main", "kind": "files", "left": []},
    ]);
    assert_eq!(trace["events"], events);
    assert_eq!(trace["struck"], json!({"faults[0]": false}));
}

#[test]
fn what_the_port_lacks_is_skipped_by_its_words_its_options_or_its_methods() {
    for (changes, reason) in [
        (
            json!({"hooks": [{"current_session": {}}]}),
            "needs current_session",
        ),
        (json!({"steps": [{"timer": "enable"}]}), "needs timer"),
        (
            json!({"steps": [{"background": {"timer": "enable"}, "after": 0}]}),
            "needs timer",
        ),
        (
            json!({"barrier": {"callbacks": ["record"], "wait": 1000, "held": false},
                   "steps": [{"append_callback": "record"}]}),
            "needs append_callback",
        ),
        (json!({"global_step": null}), "needs a step"),
        (
            json!({"steps": [rpc()]}),
            "needs rpc, which hello names, but Job has no method rpc",
        ),
        (
            json!({"steps": [{"concurrently": [rpc(), rpc()]}]}),
            "needs rpc, which hello names, but Job has no method rpc",
        ),
        (
            json!({"steps": [{"worker": {"index": 1, "train": 1, "takes": 0}}]}),
            "needs worker, which hello names, but Job has no method worker",
        ),
    ] {
        let skipped = json!({"type": "skipped", "seq": 3, "reason": reason});
        assert_eq!(answer(&changes), skipped);
    }
}

#[test]
fn what_cannot_be_played_fails_with_its_place() {
    for (changes, message, step) in [
        (
            json!({"steps": []}),
            "steps: expected 1 to 10000 items, got 0",
            Value::Null,
        ),
        (
            json!({"global_step": 9}),
            "setting up: ValueError: not 9",
            Value::Null,
        ),
        (
            json!({"steps": [{"end": {}}, {"train": 1}]}),
            "steps[1]: train: the session was left before",
            json!(1),
        ),
    ] {
        let failed = answer(&changes);
        assert_eq!(failed["type"], "failed");
        assert_eq!(failed["message"], message);
        assert_eq!(failed["step"], step);
    }
}

#[test]
fn a_panic_of_the_port_fails_at_once_with_its_place_and_the_driver_goes_on() {
    let here = "panicked at crates/parity-driver/tests/kit_test.rs:";
    for (global_step, before) in [
        (1, "setting up: the port "),
        (2, "main "),
        (3, "steps[0]: rpc: the handler "),
    ] {
        let asked = play(&json!({"steps": [rpc()], "global_step": global_step}));
        let began = Instant::now();
        let failed = answers_of(&mut Wrong, &[asked]).remove(0);
        assert!(began.elapsed() < Duration::from_secs(20));
        let message = failed["message"].as_str().unwrap();
        let place = message.strip_prefix(&format!("{before}{here}"));
        let place = place.unwrap_or_else(|| panic!("{message}"));
        assert!(place.contains("as it should") && !place.contains('\n'));
        assert_eq!(failed["reason"], "unplayable");
    }
}

#[test]
fn a_thread_that_dies_of_a_panic_is_an_event_and_one_that_is_no_lane_a_failure() {
    let trained = |global_step| {
        let asked = play(&json!({"global_step": global_step}));
        answers_of(&mut Wrong, &[asked]).remove(0)
    };
    let died = json!({"ms": 0, "lane": "panics", "kind": "thread", "thread": "panics",
                      "fate": "died", "error": "RuntimeError"});
    assert_eq!(trained(5)["events"][0], died);
    assert_eq!(
        trained(4)["message"],
        "only a lane may wait or record; start threads through Clock::start_thread"
    );
}

#[test]
fn the_words_are_in_the_documentation_which_shows_no_values() {
    let source = include_str!("../src/port.rs");
    for (name, words) in [
        ("BASIC_STEPS", BASIC_STEPS),
        ("MACHINE_FAULTS", MACHINE_FAULTS),
    ] {
        let (before, _) = source.split_once(&format!("pub const {name}")).unwrap();
        let comment = before.rsplit("\n\n").next().unwrap();
        for word in words {
            assert!(comment.contains(&format!("`{word}`")), "{name}: {word}");
        }
    }
}

#[test]
fn interop_is_lacking_and_garbage_ends_the_driver() {
    let stop = json!({"type": "stop_serving", "seq": 8});
    let failed = answers(&[stop]).remove(0);
    assert_eq!(failed["seq"], 8);
    assert_eq!(failed["message"], "this driver lacks interop");
    for garbage in [
        "{",
        "[]",
        r#"{"type": "sing"}"#,
        r#"{"type": "hello", "protocol": 2}"#,
    ] {
        let mut output = Vec::new();
        let outcome = serve(&mut Stepping, garbage.as_bytes(), &mut output);
        assert!(outcome.is_err() && output.is_empty(), "{garbage}");
    }
}

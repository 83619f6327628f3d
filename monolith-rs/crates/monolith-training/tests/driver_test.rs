//! The driver as its host sees it: lines in, lines out.
#![allow(clippy::unwrap_used)] // helpers of tests are tests

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

/// Gives these requests to a driver, and returns the lines of its answer.
fn drive(requests: &[Value]) -> Vec<String> {
    let mut driver = Command::new(env!("CARGO_BIN_EXE_parity-driver"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut input = driver.stdin.take().unwrap();
    for request in requests {
        writeln!(input, "{request}").unwrap();
    }
    drop(input);
    let output = driver.wait_with_output().unwrap();
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(ToOwned::to_owned).collect()
}

fn play(scenario: &Value, seed: &Value) -> Value {
    json!({"type": "play", "seq": 7, "seed": seed, "scenario": scenario})
}

fn answer(scenario: &Value) -> Value {
    let lines = drive(&[play(scenario, &Value::Null)]);
    assert_eq!(lines.len(), 1);
    serde_json::from_str(&lines[0]).unwrap()
}

fn scenario(steps: &Value) -> Value {
    json!({
        "name": "a/b", "about": "x", "covers": [],
        "cluster": {"ps": 2, "workers": 3},
        "session": "monitored",
        "machines": [{"ps": 0, "rss": 1024, "mem_limit": null},
                     {"ps": 1, "rss": 1024, "mem_limit": 0}],
        "hooks": [{"ps_health": {"report": "default", "barrier": true}},
                  {"saver": {"ignore_save_errors": false}},
                  {"server": {}}],
        "faults": [],
        "steps": steps,
        "expect": {"reports": 1},
    })
}

fn rpc(method: &str) -> Value {
    json!({"rpc": method, "expect": "OK", "details": null, "response": null})
}

fn busy() -> Value {
    scenario(&json!([
        {"train": 2},
        {"worker": {"index": 1, "train": 2}},
        {"advance": 30000},
        rpc("ResumeTraining"),
        {"fault": {"slow_save": {"takes": 2000}}, "strikes": true},
        {"concurrently": [rpc("SaveCheckpoint"), rpc("SaveCheckpoint"), rpc("StopTraining"),
                          rpc("StopTraining"), {"worker": {"index": 2, "train": 1}}]},
        {"advance": 5000},
        rpc("GetBlockStatus")]))
}

fn events<'a>(trace: &'a Value, kind: &str) -> Vec<&'a Value> {
    let events = trace["events"].as_array().unwrap();
    events
        .iter()
        .filter(|event| event["kind"] == kind)
        .collect()
}

#[test]
fn it_introduces_itself_and_says_goodbye() {
    let requests = [
        json!({"type": "hello", "protocol": 1}),
        json!({"type": "bye"}),
        json!({"type": "hello", "protocol": 1}),
    ];
    let lines = drive(&requests);
    assert_eq!(lines.len(), 2);
    let hello: Value = serde_json::from_str(&lines[0]).unwrap();
    assert_eq!(hello["implementation"], "monolith-rs");
    let digest = hello["source_digest"].as_str().unwrap();
    assert_eq!(digest.len(), "sha256:".len() + 64);
    assert_eq!(lines[1], r#"{"type":"bye"}"#);
}

#[test]
fn what_it_cannot_play_is_skipped_or_failed() {
    let skipped = answer(&scenario(&json!([{"dance": {}}])));
    assert_eq!(
        skipped,
        json!({"type": "skipped", "seq": 7, "reason": "needs dance"})
    );
    let failed = answer(&scenario(&json!([{"end": {}}, {"train": 1}])));
    let message = "steps[1]: train: the session was left before";
    assert_eq!(
        failed,
        json!({"type": "failed", "seq": 7, "message": message})
    );
}

#[test]
fn a_trace_tells_what_happened() {
    let trace = answer(&busy());
    assert_eq!(trace["type"], "trace");
    assert_eq!(trace["struck"], json!({"steps[4].fault": true}));
    assert_eq!(
        events(&trace, "log")[0]["message"],
        "PS are not healthy:\nPS 1: status: OUT_OF_MEMORY \
         message: \"Memory limit exceeded. Current: 1024, Limit: 0\""
    );
    let codes: Vec<&str> = events(&trace, "rpc")
        .iter()
        .map(|event| event["code"].as_str().unwrap())
        .collect();
    assert_eq!(codes, ["OK", "OK", "OK", "ALREADY_EXISTS", "OK", "OK"]);
    let saves: Vec<_> = events(&trace, "save")
        .iter()
        .map(|event| (event["ms"].as_u64(), event["step"].as_i64()))
        .collect();
    // One after the other; workers step on meanwhile. The exit has nothing to save.
    assert_eq!(saves, [(Some(32_000), Some(3)), (Some(34_000), Some(5))]);
    assert_eq!(events(&trace, "files")[0]["left"][0], "checkpoint",);
}

#[test]
fn a_scenario_repeats_itself_to_the_byte_with_and_without_a_seed() {
    for seed in [Value::Null, json!(1), json!(u64::MAX / 2)] {
        let lines = drive(&vec![play(&busy(), &seed); 20]);
        assert_eq!(lines.len(), 20);
        assert!(lines.iter().all(|line| *line == lines[0]));
    }
}

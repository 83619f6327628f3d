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

/// A folder of a test's own, for a controller to be found in.
struct ModelDir(std::path::PathBuf);

impl ModelDir {
    fn new(name: &str) -> Self {
        let name = format!("driver_test-{}-{name}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn serve(&self, fields: &Value) -> Value {
        let mut request = json!({
            "type": "serve", "seq": 1, "model_dir": self.0, "ip": "127.0.0.1", "workers": 5,
            "global_step": 7, "save_error": null, "save_ms": 0, "callback_error": null,
        });
        let fields = fields.as_object().unwrap().clone();
        request.as_object_mut().unwrap().extend(fields);
        request
    }

    fn call(&self, method: &str, request_hex: &Value) -> Value {
        json!({
            "type": "call", "seq": 2, "model_dir": self.0, "method": method,
            "request_hex": request_hex, "deadline_ms": 10000,
        })
    }
}

impl Drop for ModelDir {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).unwrap();
    }
}

fn answers(requests: &[Value]) -> Vec<Value> {
    let lines = drive(requests);
    assert_eq!(lines.len(), requests.len());
    let parsed = lines.iter().map(|line| serde_json::from_str(line).unwrap());
    parsed.collect()
}

#[test]
fn it_serves_a_controller_and_calls_one() {
    let dir = ModelDir::new("serves");
    let blocked = dir.call("/Controller/GetBlockStatus", &json!(""));
    let answers = answers(&[
        dir.serve(&json!({})),
        dir.serve(&json!({})),
        dir.call("/Controller/StopTraining", &Value::Null),
        json!({"type": "arrive", "seq": 3, "workers": [1, 3, 4]}),
        blocked.clone(),
        dir.call("/Controller/ResumeTraining", &Value::Null),
        blocked,
        dir.call("/Controller/GetTrainingStatus", &Value::Null),
        dir.call("/Controller/GetTrainingStatus", &json!("ff")),
        dir.call("/Controller/Nonsense", &Value::Null),
        json!({"type": "stop_serving", "seq": 4}),
        dir.call("/Controller/StopTraining", &Value::Null),
        json!({"type": "stop_serving", "seq": 5}),
    ]);
    assert_eq!(answers[0], json!({"type": "serving", "seq": 1}));
    assert_eq!(
        answers[1]["message"],
        "RuntimeError: a controller is served already"
    );
    assert_eq!(answers[3], json!({"type": "arrived", "seq": 3}));
    assert_eq!(answers[4]["response_hex"], "0a0400010304120102");
    assert_eq!(answers[6]["response_hex"], "0a0301030412020002");
    let called = json!({
        "type": "called", "seq": 2, "code": "OK", "details": null, "response_hex": "0807",
        "error": null,
    });
    assert_eq!(answers[7], called);
    assert_eq!(answers[8]["code"], "INTERNAL");
    assert_eq!(answers[8]["details"], "Exception deserializing request!");
    assert_eq!(answers[9]["code"], "UNIMPLEMENTED");
    assert_eq!(answers[10], json!({"type": "stopped", "seq": 4}));
    assert_eq!(answers[11]["code"], "UNAVAILABLE");
    assert_eq!(
        answers[12]["message"],
        "RuntimeError: no controller is served"
    );
}

#[test]
fn what_a_controller_raises_and_what_takes_too_long_reaches_the_caller() {
    let dir = ModelDir::new("raises");
    let mut hurried = dir.call("/Controller/SaveCheckpoint", &Value::Null);
    hurried["deadline_ms"] = json!(20);
    let answers = answers(&[
        dir.call("/Controller/StopTraining", &Value::Null),
        dir.serve(&json!({"save_error": "no space", "callback_error": "nö"})),
        dir.call("/Controller/SaveCheckpoint", &Value::Null),
        dir.call("/Controller/StopTraining", &Value::Null),
        json!({"type": "stop_serving", "seq": 4}),
        dir.serve(&json!({"save_ms": 2000})),
        hurried,
    ]);
    assert_eq!(answers[0]["error"], "NotFoundError");
    assert_eq!(answers[0]["code"], Value::Null);
    let details = "Exception calling application: ";
    assert_eq!(answers[2]["code"], "UNKNOWN");
    assert_eq!(answers[2]["details"], format!("{details}no space"));
    assert_eq!(answers[3]["details"], format!("{details}nö"));
    assert_eq!(answers[6]["code"], "DEADLINE_EXCEEDED");
}

#[test]
fn messages_become_bytes_and_bytes_messages() {
    let health = "tensorflow.monolith_tf.MachineHealthResult";
    let answers = answers(&[
        json!({"type": "encode", "seq": 1, "message": health,
               "fields": {"status": 1, "message": "a"}}),
        json!({"type": "decode", "seq": 2, "message": health, "hex": "1200"}),
        json!({"type": "decode", "seq": 3, "message": health, "hex": "ff"}),
        json!({"type": "encode", "seq": 4, "message": "monolith.ControllerHooksProto",
               "fields": {"action": 2}}),
        json!({"type": "decode", "seq": 5, "message": "GetBlockStatusResponse", "hex": "08011003"}),
        json!({"type": "encode", "seq": 6, "message": "Nonsense", "fields": {}}),
    ]);
    let text = "status: OUT_OF_MEMORY message: \"a\"";
    let encoded = json!({"type": "encoded", "seq": 1, "hex": "0801120161", "text": text});
    assert_eq!(answers[0], encoded);
    assert_eq!(answers[1]["fields"], json!({"status": null, "message": ""}));
    assert_eq!(answers[2]["error"], "DecodeError");
    assert_eq!(answers[3]["text"], "action: STOP");
    let fields = json!({"blocked_indices": [1], "unblocked_indices": [3]});
    assert_eq!(answers[4]["fields"], fields);
    assert_eq!(answers[5]["type"], "failed");
}

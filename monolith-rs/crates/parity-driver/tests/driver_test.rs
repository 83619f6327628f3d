//! The driver as its host sees it: lines in, lines out.
#![allow(clippy::unwrap_used)] // helpers of tests are tests

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

/// Gives these requests to a driver, and returns the lines of its answer.
fn drive(requests: &[Value]) -> Vec<String> {
    drive_logging(requests).0
}

/// As [`drive`], with its log.
fn drive_logging(requests: &[Value]) -> (Vec<String>, String) {
    let mut driver = Command::new(env!("CARGO_BIN_EXE_parity-driver"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
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
    let log = String::from_utf8(output.stderr).unwrap();
    (text.lines().map(ToOwned::to_owned).collect(), log)
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
        "cluster": {"ps": 2, "workers": 3, "capacity": 3},
        "session": "monitored", "global_step": 0,
        "default_mem_limit": null,
        "machines": [{"ps": 0, "rss": 1024, "mem_limit": null},
                     {"ps": 1, "rss": 1024, "mem_limit": 0}],
        "barrier": {"callbacks": [], "wait": 1000, "held": false},
        "hooks": [{"ps_health": {"report": "default", "barrier": true}}, saver(),
                  {"server": {"ip": "127.0.0.1", "folder": "model_dir", "saver": true}}],
        "tables": [], "faults": [],
        "steps": steps,
        "expect": {"reports": 1},
    })
}

/// A saver hook that doesn't save by itself.
fn saver() -> Value {
    json!({"saver": {"save_steps": null, "save_secs": null, "first_save": false,
                     "dense_only": false, "ignore_save_errors": false, "tide": null,
                       "dump_mode": false, "save_graph_def": false, "guards": [], "barrier_wait": 1000, "barrier_pending": 30000, "step_wait": null, "listeners": []}})
}

/// The scenario with these hooks and no machine that is out of memory.
fn with_hooks(hooks: &Value, steps: &Value) -> Value {
    let mut scenario = scenario(steps);
    scenario["machines"][1]["mem_limit"] = Value::Null;
    scenario["hooks"] = hooks.clone();
    scenario
}

fn rpc(method: &str) -> Value {
    json!({"rpc": method, "deadline": null, "server": null, "expect": "OK",
           "details": null, "response": null, "error": null})
}

fn hurried(method: &str, deadline: u64) -> Value {
    let mut call = rpc(method);
    call["deadline"] = json!(deadline);
    call
}

/// These fields of the events of this kind, as one text each.
fn told(trace: &Value, kind: &str, fields: &[&str]) -> Vec<String> {
    let told = events(trace, kind).into_iter().map(|event| {
        let fields = fields.iter().map(|field| match &event[*field] {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        });
        fields.collect::<Vec<_>>().join(" ")
    });
    told.collect()
}

fn busy() -> Value {
    scenario(&json!([
        {"train": 2},
        {"worker": {"index": 1, "train": 2, "takes": 0}},
        {"advance": 30000},
        rpc("ResumeTraining"),
        {"fault": {"slow_save": {"takes": 2000}}, "strikes": true},
        {"concurrently": [rpc("SaveCheckpoint"), rpc("SaveCheckpoint"), rpc("StopTraining"),
                          rpc("StopTraining"), {"worker": {"index": 2, "train": 1, "takes": 0}}]},
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
    let needs = ["injection", "exact_time", "exact_memory", "options"];
    assert_eq!(hello["needs"], json!(needs));
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
        json!({"type": "failed", "seq": 7, "message": message, "reason": "unplayable",
            "step": 1, "choices": []})
    );
}

#[test]
fn the_log_says_what_the_session_was_left_with_that_a_step_needs() {
    let raised = json!({"raise": {"error": "ValueError", "message": "no"}});
    let request = play(&scenario(&json!([raised, {"train": 1}])), &Value::Null);
    let (lines, log) = drive_logging(&[request]);
    assert!(lines[0].contains("steps[1]: train: the session was left before\""));
    assert!(log.contains("the session was left with ValueError: no\n"));
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
fn an_operator_calls_whoever_the_address_file_names() {
    let file = |text: &str| json!({"address_file": {"text": text, "hex": null}});
    let mut first = rpc("GetBlockStatus");
    first["server"] = json!(1);
    let trace = answer(&scenario(&json!([
        rpc("GetTrainingStatus"),
        {"address_file": {"text": null, "hex": null}},
        rpc("StopTraining"),
        {"address_file": {"text": null, "hex": "ff"}},
        rpc("StopTraining"),
        file("{dead}\n"),
        rpc("StopTraining"),
        file("{silent}"),
        hurried("StopTraining", 5000),
        first,
    ])));
    assert_eq!(
        told(&trace, "client_error", &["call", "error"]),
        ["steps[2] NotFoundError", "steps[4] UnicodeDecodeError"]
    );
    assert_eq!(
        told(&trace, "rpc", &["call", "code", "ms"]),
        [
            "steps[0] OK 0",
            "steps[6] UNAVAILABLE 0",
            "steps[8] DEADLINE_EXCEEDED 5000",
            "steps[9] OK 5000",
        ]
    );
    assert_eq!(
        told(&trace, "address", &["text", "mode"]),
        ["127.0.0.1:<port> 0644"]
    );
}

#[test]
fn a_call_that_hangs_or_has_no_server_cannot_be_played() {
    let silent = json!({"address_file": {"text": "{silent}", "hex": null}});
    let failed = |steps: Value| answer(&scenario(&steps))["message"].clone();
    assert_eq!(
        failed(json!([silent, rpc("StopTraining")])),
        "steps[1]: rpc: a call to {silent} hangs without a deadline"
    );
    assert_eq!(
        failed(json!([silent, {"background": rpc("StopTraining"), "after": 0}])),
        "steps[1]: background: a call to {silent} hangs without a deadline"
    );
    let mut third = rpc("StopTraining");
    third["server"] = json!(3);
    assert_eq!(
        failed(json!([third])),
        "steps[0]: rpc: there is no server 3; 1 have published an address"
    );
    let call = json!({"call": {"phase": "after_run", "rpc": "StopTraining", "expect": "OK"}});
    let steps = json!([silent, {"train": 1}]);
    let server = json!({"server": {"ip": "127.0.0.1", "folder": "model_dir", "saver": true}});
    let failed = answer(&with_hooks(&json!([saver(), server, call]), &steps));
    assert_eq!(
        failed["message"],
        "steps[1]: train: a call to {silent} hangs without a deadline"
    );
}

#[test]
fn a_hook_calls_in_its_phase_and_finds_whoever_is_there_by_then() {
    let call =
        |phase: &str, rpc: &str| json!({"call": {"phase": phase, "rpc": rpc, "expect": "OK"}});
    let server = json!({"server": {"ip": "127.0.0.1", "folder": "model_dir", "saver": true}});
    let hooks = json!([
        call("after_create_session", "SaveCheckpoint"),
        saver(),
        server,
        call("after_create_session", "SaveCheckpoint"),
        call("after_run", "GetTrainingStatus"),
        call("end", "StopTraining")
    ]);
    let trace = answer(&with_hooks(&hooks, &json!([{"train": 1}, {"end": {}}])));
    assert_eq!(
        told(&trace, "client_error", &["call", "method", "error"]),
        ["hooks[0].call SaveCheckpoint NotFoundError"]
    );
    assert_eq!(
        told(&trace, "rpc", &["lane", "call", "code", "response"]),
        [
            "main hooks[3].call OK {}",
            "main hooks[4].call OK {\"global_step\":1}",
            "main hooks[5].call UNAVAILABLE null",
        ]
    );
    assert_eq!(
        told(&trace, "save", &["lane", "step"]),
        ["controller 0", "main 1"]
    );
}

#[test]
fn a_call_in_the_background_is_waited_for_before_the_play_is_over() {
    let server = json!({"server": {"ip": "127.0.0.1", "folder": "missing", "saver": true}});
    let trace = answer(&with_hooks(
        &json!([saver(), server]),
        &json!([
            {"train": 1},
            {"fault": {"slow_save": {"takes": 10000}}, "strikes": true},
            {"background": rpc("SaveCheckpoint"), "after": 0},
            hurried("SaveCheckpoint", 4000),
            {"background": rpc("GetBlockStatus"), "after": 0},
            {"advance": 1000},
        ]),
    ));
    // Both handlers are taken: one by who has given up, whose save comes to nothing.
    assert_eq!(
        told(&trace, "rpc", &["lane", "call", "code", "ms"]),
        [
            "main steps[3] DEADLINE_EXCEEDED 4000",
            "background-2 steps[2].background UNKNOWN 10000",
            "background-4 steps[4].background UNKNOWN 10000",
        ]
    );
    assert_eq!(
        told(&trace, "session", &["state", "ms"]),
        ["created 0", "closed 5000"]
    );
    assert_eq!(told(&trace, "address", &["text"]), ["127.0.0.1:<port>"]);
    let left = &events(&trace, "files")[0]["left"];
    assert_eq!(left[0], "server/new/controller_server_addr.txt");
}

#[test]
fn an_ipv6_address_is_published_in_brackets() {
    let server = json!({"server": {"ip": "::1", "folder": "model_dir", "saver": true}});
    let trace = answer(&with_hooks(
        &json!([saver(), server]),
        &json!([{"end": {}}]),
    ));
    assert_eq!(told(&trace, "address", &["text"]), ["[::1]:<port>"]);
}

#[test]
fn an_address_that_cannot_be_published_fails_the_sessions_creation() {
    let server = json!({"server": {"ip": "::1", "folder": "file", "saver": true}});
    let trace = answer(&with_hooks(
        &json!([saver(), server]),
        &json!([{"advance": 1}]),
    ));
    assert_eq!(
        told(&trace, "raised", &["error", "message"]),
        ["FailedPreconditionError <model_dir>/server is not a directory"]
    );
}

#[test]
fn an_operators_file_stops_training() {
    let hooks = json!([
        {"stop_helper": {}}, {"current_session": {}}, {"controller": {"barrier": true, "saver": true}}, {"query_action": {}}]);
    let action = |text: &str| json!({"action_file": {"text": text, "hex": null, "folder": false}});
    let look = |what: &str| json!({"look": what, "expect": "none"});
    let mut scenario = with_hooks(
        &hooks,
        &json!([
            look("action_response"),
            action("pause"),
            {"advance": 60000},
            look("action_response"),
            action("action: UNKNOWN"),
            {"advance": 60000},
            action("action: STOP"),
            {"advance": 60000},
            look("action_response"),
            look("current_session"),
            {"train": 9},
            {"end": {}},
            look("current_session"),
        ]),
    );
    scenario["barrier"]["callbacks"] = json!(["record"]);
    let trace = answer(&scenario);
    assert_eq!(
        told(&trace, "action_response", &["response"]),
        ["none", "error", "OK"]
    );
    assert_eq!(
        told(&trace, "current_session", &["session"]),
        ["current", "none"]
    );
    assert_eq!(
        told(&trace, "log", &["level", "message", "ms"]),
        ["ERROR TypeError 120000"]
    );
    // Listed first, the helper stops after the second step, which waits as well.
    assert_eq!(
        told(&trace, "step", &["global_step", "ms"]),
        ["1 210000", "2 240000"]
    );
    assert_eq!(
        told(&trace, "callback", &["callback", "action", "ms"]),
        ["0 Stop 180000", "0 Stop 210000"]
    );
    assert_eq!(
        told(&trace, "thread", &["thread", "fate"]),
        ["query_action returned"]
    );
}

#[test]
fn the_schedule_a_listener_and_the_timer_decide_what_is_saved() {
    let mut saver = saver();
    saver["saver"]["save_steps"] = json!(2);
    saver["saver"]["first_save"] = json!(true);
    saver["saver"]["ignore_save_errors"] = json!(true);
    saver["saver"]["listeners"] = json!(["plain", "stops"]);
    let disk = json!({"error": "InternalError", "message": "disk", "times": 2});
    let trace = answer(&with_hooks(
        &json!([saver, {"controller": {"barrier": true, "saver": true}}]),
        &json!([
            {"timer": "disable"},
            {"train": 3},
            {"timer": "enable"},
            {"fault": {"save_error": disk}, "strikes": true},
            {"train": 1},
            {"controller_op": "trigger_save_op"},
            {"train": 1},
            {"train": 9},
        ]),
    ));
    assert_eq!(told(&trace, "save", &["step"]), ["0", "5", "7"]);
    assert_eq!(
        told(&trace, "save_failed", &["step", "error"]),
        ["4 InternalError"; 2]
    );
    assert_eq!(
        told(&trace, "log", &["level", "message"]),
        ["ERROR Failed to save, retrying ..."; 2]
    );
    // The listener is heeded where the schedule saved, and not where it was told to.
    assert_eq!(
        told(&trace, "step", &["global_step"]),
        ["1", "2", "3", "4", "5", "6", "7"]
    );
}

#[test]
fn a_worker_that_the_barrier_has_no_bit_for_raises() {
    let mut scenario = scenario(&json!([
        {"machine_info": {"ps": 0, "mem_limit": 0}},
        {"worker": {"index": 2, "train": 3, "takes": 0}},
        {"worker": {"index": 1, "train": 1, "takes": 0}},
    ]));
    scenario["cluster"]["capacity"] = json!(2);
    scenario["barrier"]["callbacks"] = json!(["raise", "record"]);
    scenario["barrier"]["wait"] = json!(500);
    let trace = answer(&scenario);
    assert_eq!(
        told(&trace, "raised", &["lane", "error", "message"]),
        [
            "worker-2 ValueError Index [2] must be non-negative and less than capacity [2]. ",
            "worker-1 RuntimeError callback failed",
        ]
    );
    assert_eq!(
        told(&trace, "callback", &["lane", "callback"]),
        ["ps_health 0", "worker-1 0"]
    );
    assert_eq!(
        told(&trace, "thread", &["fate", "error"]),
        ["died RuntimeError"]
    );
}

#[test]
fn hooks_hold_the_barrier_each_for_itself_where_a_scenario_says_so() {
    let barriers = |held: bool| {
        let steps = json!([
            {"background": rpc("SaveCheckpoint"), "after": 0},
            {"advance": 1000},
            rpc("ResumeTraining"),
            {"advance": 9000},
        ]);
        let mut saver = saver();
        saver["saver"]["listeners"] = json!(["barrier"]);
        saver["saver"]["barrier_pending"] = json!(2000);
        let server = json!({"server": {"ip": "127.0.0.1", "folder": "model_dir", "saver": true}});
        let mut scenario = with_hooks(&json!([saver, server]), &steps);
        scenario["barrier"]["held"] = json!(held);
        told(&answer(&scenario), "barrier", &["ms", "blocked"])
    };
    // A resume lets workers into a save, unless the save holds them for itself.
    assert_eq!(barriers(true), ["0 [0]", "3000 []"]);
    assert_eq!(barriers(false), ["0 [0]", "1000 []"]);
}

#[test]
fn machine_info_has_the_jobs_default_limit_unless_somebody_was_first() {
    let report = json!({"ps_health": {"report": "record", "barrier": true}});
    let mut scenario = with_hooks(&json!([report]), &json!([{"train": 1}]));
    scenario["machines"][1]["mem_limit"] = json!(4096);
    scenario["default_mem_limit"] = json!(1);
    let trace = answer(&scenario);
    let results = &events(&trace, "report")[0]["results"];
    assert_eq!(results.as_array().unwrap().len(), 1);
    assert_eq!(
        results[0]["message"],
        "Memory limit exceeded. Current: 1024, Limit: 1"
    );
}

#[test]
fn a_resilient_watch_has_the_options_of_its_scenario() {
    let resilient = |poll_deadline: u64, backoff: u64, unreachable_after: u64| {
        let options = json!({"poll_deadline": poll_deadline, "report_deadline": 30000,
                             "backoff": backoff, "unreachable_after": unreachable_after});
        let hook = json!({"report": "raise", "barrier": true, "resilient": options});
        let mut scenario = with_hooks(&json!([{"ps_health": hook}]), &json!([{"advance": 13000}]));
        scenario["faults"] = json!([{"slow_poll": {"ps": 1, "takes": 5000}}]);
        let trace = answer(&scenario);
        told(&trace, "report", &["ms", "lane"])
    };
    // All are asked at once, then each alone: PS 1 takes up the deadline in both.
    assert_eq!(
        resilient(2000, 1000, 1),
        ["4000 ps_report", "7000 ps_report#2", "11000 ps_report#3"]
    );
    assert_eq!(
        resilient(2000, 4000, 1),
        ["4000 ps_report", "10000 ps_report#2"]
    );
    assert_eq!(resilient(2000, 1000, 3), ["11000 ps_report"]);
    assert_eq!(resilient(5000, 1000, 1), [] as [&str; 0]);
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
struct ModelDir(tempfile::TempDir);

impl ModelDir {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn serve(&self, fields: &Value) -> Value {
        let mut request = json!({
            "type": "serve", "seq": 1, "model_dir": self.0.path(), "ip": "127.0.0.1", "workers": 5,
            "global_step": 7, "save_error": null, "save_ms": 0, "callback_error": null,
            "callback_ms": 0,
        });
        let fields = fields.as_object().unwrap().clone();
        request.as_object_mut().unwrap().extend(fields);
        request
    }

    fn call(&self, method: &str, request_hex: &Value) -> Value {
        json!({
            "type": "call", "seq": 2, "model_dir": self.0.path(), "method": method,
            "request_hex": request_hex, "deadline_ms": 10000,
        })
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
    let dir = ModelDir::new();
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
    let dir = ModelDir::new();
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

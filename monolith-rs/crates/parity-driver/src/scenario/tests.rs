use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::wire::events::{FaultyFile, FileOperation};
use crate::wire::scenario::{
    ActionContent, BackgroundStep, Fault, FaultStep, InBackground, RpcStep, Step,
};

fn document(steps: &Value) -> Value {
    json!({
        "name": "a/b", "about": "x", "covers": [],
        "cluster": {"ps": 1, "workers": 2, "capacity": 2},
        "session": "monitored",
        "global_step": 9,
        "default_mem_limit": null,
        "machines": [{"ps": 0, "rss": 1, "mem_limit": null}],
        "barrier": {"callbacks": ["record", "raise"], "wait": 1000, "held": false},
        "hooks": [
            {"saver": {"save_steps": null, "save_secs": 60000, "first_save": true,
                       "dense_only": false, "ignore_save_errors": false, "tide": null,
                       "dump_mode": false, "save_graph_def": true, "guards": [], "barrier_wait": 1000, "barrier_pending": 30000, "step_wait": null,
                       "listeners": ["plain", "after_stops"]}},
            {"server": {"ip": "::1", "folder": "missing", "saver": true}},
            {"call": {"phase": "end", "rpc": "GetBlockStatus", "expect": "UNAVAILABLE"}},
            {"current_session": {}}, {"controller": {"barrier": true, "saver": true}}, {"query_action": {}},
            {"stop_helper": {}}],
        "tables": [], "faults": [],
        "steps": steps,
        "expect": {"reports": 0},
    })
}

fn rpc(method: &str) -> Value {
    json!({"rpc": method, "deadline": null, "server": null, "expect": "OK",
           "details": null, "response": null, "error": null})
}

fn parse(document: Value) -> Result<Scenario, Unplayable> {
    Scenario::parse(document, &all_words())
}

fn error(steps: &Value) -> Unplayable {
    parse(document(steps)).unwrap_err()
}

#[test]
fn every_kind_of_step_is_read() {
    let steps = json!([
        {"train": 3},
        {"advance": 30000},
        rpc("StopTraining"),
        {"worker": {"index": 1, "train": 2, "takes": 0}},
        {"concurrently": [rpc("StopTraining"), {"worker": {"index": 1, "train": 1, "takes": 0}}]},
        {"fault": {"rss": {"ps": 0, "bytes": 5}}, "strikes": false},
        {"fault": {"health_bytes": {"ps": 0, "hex": "0a05"}}, "strikes": true},
        {"fault": {"save_error": {"error": "InternalError", "message": "disk", "times": null}},
         "strikes": true},
        {"raise": {"error": "ValueError", "message": "x"}},
        {"end": {}},
        {"background": {"rpc": "SaveCheckpoint", "deadline": 5000, "server": 2,
                        "expect": "OK", "details": null, "response": null, "error": null},
         "after": 500},
        {"address_file": {"text": "{addr}", "hex": null}},
        {"action_file": {"text": null, "hex": "ff00", "folder": false}},
        {"action_file": {"text": null, "hex": null, "folder": true}},
        {"machine_info": {"ps": 0, "mem_limit": null}},
        {"controller_op": "trigger_save_op"},
        {"timer": "disable"},
        {"append_callback": "slow"},
        {"look": "current_session", "expect": "left"},
        {"fault": {"file_error": {"operation": "rename", "file": "controller_server_addr.txt",
                                  "error": "DataLossError", "message": "disk", "skips": 2,
                                  "times": null}},
         "strikes": true}]);
    let scenario = parse(document(&steps)).unwrap();
    assert_eq!(scenario.steps.len(), 20);
    assert!(matches!(
        &scenario.steps[19],
        Step::Fault(FaultStep { fault: Fault::FileError(fault), .. })
            if (fault.operation, fault.file) == (FileOperation::Rename, FaultyFile::ControllerServerAddr)
    ));
    assert!(matches!(
        scenario.steps[10],
        Step::Background(BackgroundStep {
            background: InBackground::Rpc(RpcStep { deadline: Some(deadline), server: Some(2), .. }),
            after,
        }) if deadline == Duration::from_secs(5) && after == Duration::from_millis(500)
    ));
    assert!(matches!(
        &scenario.steps[12],
        Step::ActionFile(ActionContent { text: None, hex: Some(bytes), folder: false })
            if *bytes == [255, 0]
    ));
    assert!(matches!(
        &scenario.steps[13],
        Step::ActionFile(ActionContent {
            text: None,
            hex: None,
            folder: true
        })
    ));
    assert!(matches!(&scenario.steps[4], Step::Concurrently(both) if both.len() == 2));
    assert!(matches!(
        &scenario.steps[6],
        Step::Fault(FaultStep { fault: Fault::HealthBytes(health), .. }) if health.hex == [10, 5]
    ));
}

#[test]
fn what_is_not_known_is_named_as_a_missing_capability() {
    let skipped = |name: &str| Unplayable::Skipped(format!("needs {name}"));
    assert_eq!(error(&json!([{"dance": {}}])), skipped("dance"));
    let mut unknown_beside = rpc("StopTraining");
    unknown_beside["patience"] = json!(1);
    assert_eq!(error(&json!([unknown_beside])), skipped("patience"));
    let unknown_fault = json!([{"fault": {"flood": {}}, "strikes": true}]);
    assert_eq!(error(&unknown_fault), skipped("flood"));
    // A fault that only a player with real processes has.
    let real = json!([{"fault": {"kill": "ps-0"}, "strikes": true}]);
    assert_eq!(error(&real), skipped("kill"));
    let in_background = json!([{"background": {"dance": {}}, "after": 0}]);
    assert_eq!(error(&in_background), skipped("dance"));
    let concurrent = json!([{"concurrently": [rpc("StopTraining"), {"dance": {}}]}]);
    assert_eq!(error(&concurrent), skipped("dance"));
}

#[test]
fn what_is_wrong_is_named_with_its_place() {
    let message = |steps: &Value| match error(steps) {
        Unplayable::Failed(message) => message,
        skipped @ Unplayable::Skipped(_) => panic!("{skipped:?}"),
    };
    assert!(message(&json!([{"train": -1}])).starts_with("steps[0].train: "));
    assert_eq!(
        message(&json!([{"train": 1, "end": {}}])),
        "steps[0]: expected one kind, got train and end"
    );
    assert_eq!(
        message(&json!([{}])),
        "steps[0]: expected one kind, got none"
    );
    assert!(message(&json!(["end"])).starts_with("steps[0]: "));
    assert!(message(&json!([])).starts_with("steps: expected 1 to 10000 items"));
    assert!(message(&json!({"train": 1})).starts_with("steps: "));
    let train = json!([{"background": {"train": 1}, "after": 0}]);
    assert!(message(&train).starts_with("steps[0].background: unknown variant `train`"));
    let worker =
        json!([{"background": {"worker": {"index": 9, "train": 1, "takes": 0}}, "after": 0}]);
    assert_eq!(
        message(&worker),
        "steps[0].background.worker: there is no worker 9"
    );
    let recover = json!({"fault": {"recover": {"ps": 1}}, "strikes": true});
    let fault = json!([{"background": recover, "after": 0}]);
    assert_eq!(message(&fault), "steps[0].background: there is no PS 1");
    let both = json!([{"background": {"action_file": {"text": "", "hex": "", "folder": false}}, "after": 0}]);
    assert_eq!(
        message(&both),
        "steps[0].background: expected text or hex or folder, got two of them"
    );
    let nameless = json!([{"raise": {"error": "Nonsense", "message": ""}}]);
    assert!(message(&nameless).starts_with("steps[0].raise.error: unknown variant `Nonsense`"));
    let no_deadline = json!([{"rpc": "StopTraining"}]);
    assert_eq!(
        message(&no_deadline),
        "steps[0].rpc: missing field `deadline`"
    );
    let nested = json!([{"concurrently": [{"train": 1}, {"train": 1}]}]);
    assert_eq!(
        message(&nested),
        "steps[0].concurrently[0]: unknown variant `train`, expected `rpc` or `worker`"
    );
    let no_such_ps = json!([{"fault": {"recover": {"ps": 1}}, "strikes": true}]);
    assert_eq!(message(&no_such_ps), "steps[0].fault: there is no PS 1");
    let no_such_ps = json!([{"machine_info": {"ps": 1, "mem_limit": 0}}]);
    assert_eq!(
        message(&no_such_ps),
        "steps[0].machine_info: there is no PS 1"
    );
    let both = json!([{"action_file": {"text": "", "hex": "", "folder": false}}]);
    assert!(message(&both).starts_with("steps[0].action_file: "));
    for hex in ["0a0", "0g", "0A", "+a"] {
        let health = json!({"health_bytes": {"ps": 0, "hex": hex}});
        assert_eq!(
            message(&json!([{"fault": health, "strikes": true}])),
            format!("steps[0].fault.health_bytes.hex: {hex:?} is not hexadecimal")
        );
    }
}

#[test]
fn slots_are_counted_of_tables() {
    for kind in ["listeners", "guards"] {
        let mut document = document(&json!([{"end": {}}]));
        document["hooks"][0]["saver"][kind] = json!(["slot_counts"]);
        let expected = Unplayable::Failed("hooks[0]: slot_counts needs tables".to_owned());
        assert_eq!(parse(document.clone()).unwrap_err(), expected);
        document["tables"] = json!([{"slots": [], "device": 0, "multi": false}]);
        assert_eq!(parse(document).unwrap().tables.len(), 1);
    }
}

#[test]
fn nothing_is_appended_to_a_list_that_is_not_kept() {
    for step in [
        json!({"append_callback": "record"}),
        json!({"background": {"append_callback": "record"}, "after": 0}),
    ] {
        let mut document = document(&json!([step]));
        document["barrier"]["callbacks"] = json!([]);
        let expected = Unplayable::Failed("steps[0]: an empty list isn't kept".to_owned());
        assert_eq!(parse(document).unwrap_err(), expected);
    }
}

#[test]
fn a_hook_or_a_step_without_what_it_works_on_is_refused() {
    let message = |hooks: Value, steps: Value| {
        let mut document = document(&steps);
        document["hooks"] = hooks;
        parse(document).unwrap_err()
    };
    let end = || json!([{"end": {}}]);
    let failed = |text: &str| Unplayable::Failed(text.to_owned());
    assert_eq!(
        message(
            json!([{"server": {"ip": "::1", "folder": "file", "saver": true}}]),
            end()
        ),
        failed("hooks[0]: a server needs a saver")
    );
    assert_eq!(
        message(json!([{"query_action": {}}]), end()),
        failed("hooks[0]: a query_action needs a controller")
    );
    assert_eq!(
        message(json!([]), json!([{"timer": "enable"}])),
        failed("steps[0]: there is no saver")
    );
    let background = |step: Value| json!([{"background": step, "after": 0}]);
    assert_eq!(
        message(json!([]), background(json!({"timer": "enable"}))),
        failed("steps[0]: there is no saver")
    );
    assert_eq!(
        message(json!([]), background(json!({"controller_op": "stop_op"}))),
        failed("steps[0]: there is no controller")
    );
    assert_eq!(
        message(json!([]), json!([{"controller_op": "stop_op"}])),
        failed("steps[0]: there is no controller")
    );
}

/// Returns a valid document with the value at `pointer` replaced.
fn with(pointer: &str, value: Value) -> Value {
    let mut document = document(&json!([{"train": 1}]));
    *document.pointer_mut(pointer).unwrap() = value;
    document
}

fn failure(document: Value) -> String {
    match parse(document).unwrap_err() {
        Unplayable::Failed(message) => message,
        skipped @ Unplayable::Skipped(_) => panic!("{skipped:?}"),
    }
}

/// Asserts that each value, put at its pointer, is refused with a message that starts like this.
fn assert_refused(cases: impl IntoIterator<Item = (&'static str, Value, &'static str)>) {
    for (pointer, value, message) in cases {
        let said = failure(with(pointer, value));
        assert!(said.starts_with(message), "{pointer}: {said}");
    }
}

#[test]
fn more_of_everything_than_any_machine_has_is_refused_at_its_place() {
    let huge = json!(1_000_000_000);
    assert_refused([
        (
            "/cluster/ps",
            huge.clone(),
            "cluster.ps: expected 0 to 10000, got 1000000000",
        ),
        (
            "/cluster/workers",
            huge.clone(),
            "cluster.workers: expected 1 to 10000, got 1000000000",
        ),
        (
            "/cluster/workers",
            json!(0),
            "cluster.workers: expected 1 to 10000, got 0",
        ),
        (
            "/cluster/capacity",
            huge,
            "cluster.capacity: expected 1 to 10000, got 1000000000",
        ),
        (
            "/cluster/capacity",
            json!(0),
            "cluster.capacity: expected 1 to 10000, got 0",
        ),
        (
            "/machines/0/rss",
            json!(-1),
            "machines[0].rss: expected 0 to 9223372036854775807, got -1",
        ),
        (
            "/barrier/wait",
            json!(0),
            "barrier.wait: expected 1 to 360000000000, got 0",
        ),
        (
            "/barrier/callbacks",
            json!(["slow"].repeat(1001)),
            "barrier.callbacks: expected 0 to 1000 items, got 1001",
        ),
        (
            "/hooks",
            json!(vec![json!({"current_session": {}}); 1001]),
            "hooks: expected 0 to 1000 items, got 1001",
        ),
        (
            "/hooks/0/saver/save_steps",
            json!(1_000_001),
            "hooks[0].saver.save_steps: expected 1 to 1000000, got 1000001",
        ),
        (
            "/hooks/0/saver/listeners",
            json!(["plain"].repeat(1001)),
            "hooks[0].saver.listeners: expected 0 to 1000 items, got 1001",
        ),
    ]);
}

#[test]
fn more_than_a_step_or_a_fault_may_ask_for_is_refused_at_its_place() {
    let long = json!("x".repeat(65_537));
    assert_refused([
        (
            "/steps",
            json!(vec![json!({"train": 1}); 10_001]),
            "steps: expected 1 to 10000 items, got 10001",
        ),
        (
            "/steps",
            json!([{"train": 0}]),
            "steps[0].train: expected 1 to 1000000, got 0",
        ),
        (
            "/steps",
            json!([{"train": 1_000_001}]),
            "steps[0].train: expected 1 to 1000000, got 1000001",
        ),
        (
            "/steps",
            json!([{"advance": 360_000_000_001_u64}]),
            "steps[0].advance: expected 0 to",
        ),
        (
            "/steps",
            json!([{"advance": u64::MAX}]),
            "steps[0].advance: expected 0 to 360000000000, got 18446744073709551615",
        ),
        ("/steps", json!([{"advance": 1e30}]), "steps[0].advance: "),
        (
            "/steps",
            json!([{"action_file": {"text": long, "hex": null, "folder": false}}]),
            "steps[0].action_file.text: expected 0 to 65536 characters, got 65537",
        ),
        (
            "/steps",
            json!([{"raise": {"error": "ValueError", "message": long}}]),
            "steps[0].raise.message: expected 0 to 65536 characters, got 65537",
        ),
        (
            "/faults",
            json!([{"slow_poll": {"ps": 0, "takes": 100_001}}]),
            "faults[0].slow_poll.takes: expected 0 to 100000, got 100001",
        ),
        (
            "/faults",
            json!([{"save_error": {"error": "InternalError", "message": "", "times": 0}}]),
            "faults[0].save_error.times: expected 1 to 1000000, got 0",
        ),
    ]);
}

#[test]
fn what_is_bounded_of_a_step_is_bounded_of_all_together() {
    let twice = |step: Value| json!([step.clone(), step]);
    let said = |steps: Value| failure(with("/steps", steps));
    assert_eq!(
        said(twice(json!({"advance": 360_000_000_000_u64}))),
        "steps[1]: expected at most 360000000000 ms of time up to here, got 720000000000"
    );
    assert_eq!(
        said(twice(json!({"train": 600_000}))),
        "steps[1]: expected at most 1000000 training steps up to here, got 1200000"
    );
    let background = json!({"background": rpc("SaveCheckpoint"), "after": 0});
    assert_eq!(
        said(Value::Array(vec![background; 1001])),
        "steps[1000]: expected at most 1000 steps in the background up to here, got 1001"
    );
    let later = json!({"background": {"timer": "enable"}, "after": 360_000_000_000_u64});
    assert_eq!(
        said(twice(later)),
        "steps[1]: expected at most 360000000000 ms of time up to here, got 720000000000"
    );
    let all = json!([{"advance": 360_000_000_000_u64}, {"train": 500_000}, {"train": 500_000}]);
    assert!(parse(with("/steps", all)).is_ok());
}

#[test]
fn machines_that_are_not_every_ps_in_order_are_refused() {
    let machine = |ps: usize| json!({"ps": ps, "rss": 1, "mem_limit": null});
    assert_refused([
        (
            "/machines",
            json!([]),
            "machines: expected one machine for each of 1 PS, got 0",
        ),
        (
            "/machines",
            json!([machine(1)]),
            "machines[0].ps: expected 0, got 1",
        ),
    ]);
}

#[test]
fn a_worker_that_there_is_not_is_refused() {
    let worker = |index: u32| json!({"worker": {"index": index, "train": 1, "takes": 0}});
    assert!(parse(with("/steps", json!([worker(1)]))).is_ok());
    assert_eq!(
        failure(with("/steps", json!([worker(2)]))),
        "steps[0].worker: there is no worker 2"
    );
    let both = json!([{"concurrently": [rpc("StopTraining"), worker(9)]}]);
    assert_eq!(
        failure(with("/steps", both)),
        "steps[0].concurrently[1].worker: there is no worker 9"
    );
    assert_eq!(
        failure(with("/steps", json!([worker(0)]))),
        "steps[0].worker.index: expected 1 to 9999, got 0"
    );
}

#[test]
fn a_large_cluster_is_read() {
    let machines = (0..10_000).map(|ps| json!({"ps": ps, "rss": 1, "mem_limit": null}));
    let mut large = with("/machines", machines.collect());
    large["cluster"] = json!({"ps": 10_000, "workers": 10_000, "capacity": 10_000});
    assert_eq!(parse(large).unwrap().machines.len(), 10_000);
}

#[test]
fn what_is_no_scenario_at_all_is_refused() {
    for (document, at) in [
        (json!([]), "scenario: "),
        (json!("end"), "scenario: "),
        (json!({"hooks": 1}), "hooks: "),
        (json!({}), "scenario: missing field"),
    ] {
        let message = failure(document);
        assert!(message.starts_with(at), "{message}");
    }
}

#[test]
fn an_error_has_the_name_that_the_port_shows() {
    for name in [
        "CancelledError",
        "UnauthenticatedError",
        "ValueError",
        "SystemExit",
    ] {
        let steps = json!([{"raise": {"error": name, "message": "x"}}]);
        let scenario = parse(document(&steps)).unwrap();
        let Step::Raise(raised) = &scenario.steps[0] else {
            panic!("{scenario:?}");
        };
        assert_eq!(raised.error.to_string(), name);
    }
}

use serde_json::{Value, json};

use super::*;

fn document(steps: &Value) -> Value {
    json!({
        "name": "a/b", "about": "x", "covers": [],
        "cluster": {"ps": 1, "workers": 2, "capacity": 2},
        "session": "monitored",
        "default_mem_limit": null,
        "machines": [{"ps": 0, "rss": 1, "mem_limit": null}],
        "barrier": {"callbacks": ["record", "raise"], "wait": 1000},
        "hooks": [
            {"saver": {"save_steps": null, "save_secs": 60000, "first_save": true,
                       "dense_only": false, "ignore_save_errors": false,
                       "listeners": ["plain", "after_stops"]}},
            {"server": {"ip": "::1", "folder": "missing"}},
            {"call": {"phase": "end", "rpc": "GetBlockStatus", "expect": "UNAVAILABLE"}},
            {"current_session": {}}, {"controller": {}}, {"query_action": {}},
            {"stop_helper": {}}],
        "faults": [],
        "steps": steps,
        "expect": {"reports": 0},
    })
}

fn rpc(method: &str) -> Value {
    json!({"rpc": method, "deadline": null, "server": null, "expect": "OK",
           "details": null, "response": null, "error": null})
}

fn error(steps: &Value) -> Unplayable {
    Scenario::parse(document(steps)).unwrap_err()
}

#[test]
fn every_kind_of_step_is_read() {
    let steps = json!([
        {"train": 3},
        {"advance": 30000},
        rpc("StopTraining"),
        {"worker": {"index": 1, "train": 2}},
        {"concurrently": [rpc("StopTraining"), {"worker": {"index": 1, "train": 1}}]},
        {"fault": {"rss": {"ps": 0, "bytes": 5}}, "strikes": false},
        {"fault": {"health_bytes": {"ps": 0, "hex": "0a05"}}, "strikes": true},
        {"fault": {"save_error": {"error": "InternalError", "message": "disk", "times": null}},
         "strikes": true},
        {"raise": {"error": "ValueError", "message": "x"}},
        {"end": {}},
        {"background": {"rpc": "SaveCheckpoint", "deadline": 5000, "server": 2,
                        "expect": "OK", "details": null, "response": null, "error": null}},
        {"address_file": {"text": "{addr}", "hex": null}},
        {"action_file": {"text": null, "hex": "ff00"}},
        {"action_file": {"text": null, "hex": null}},
        {"machine_info": {"ps": 0, "mem_limit": null}},
        {"controller_op": "trigger_save_op"},
        {"timer": "disable"},
        {"look": "current_session", "expect": "left"}]);
    let scenario = Scenario::parse(document(&steps)).unwrap();
    assert_eq!(scenario.steps.len(), 18);
    assert!(matches!(
        scenario.steps[10],
        Step::Background(Rpc { deadline: Some(deadline), server: Some(2), .. })
            if deadline == Duration::from_secs(5)
    ));
    assert!(matches!(&scenario.steps[12], Step::ActionFile(Content::Bytes(b)) if *b == [255, 0]));
    assert!(matches!(
        &scenario.steps[13],
        Step::ActionFile(Content::Missing)
    ));
    assert!(matches!(&scenario.steps[4], Step::Concurrently(both) if both.len() == 2));
    assert!(matches!(
        &scenario.steps[6],
        Step::Fault(Fault::HealthBytes { bytes, .. }) if *bytes == [10, 5]
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
}

#[test]
fn what_is_wrong_is_named_with_its_place() {
    let message = |steps: &Value| match error(steps) {
        Unplayable::Failed(message) => message,
        skipped @ Unplayable::Skipped(_) => panic!("{skipped:?}"),
    };
    assert!(message(&json!([{"train": -1}])).starts_with("steps[0].train: "));
    assert!(message(&json!([{"train": 1, "end": {}}])).starts_with("steps[0]: "));
    let nested = json!([{"concurrently": [{"train": 1}, {"train": 1}]}]);
    assert_eq!(
        message(&nested),
        "steps[0].concurrently[0]: train can't run beside other steps"
    );
    let no_such_ps = json!([{"fault": {"recover": {"ps": 1}}, "strikes": true}]);
    assert_eq!(message(&no_such_ps), "steps[0].fault: there is no PS 1");
    let no_such_ps = json!([{"machine_info": {"ps": 1, "mem_limit": 0}}]);
    assert_eq!(
        message(&no_such_ps),
        "steps[0].machine_info: there is no PS 1"
    );
    let both = json!([{"action_file": {"text": "", "hex": ""}}]);
    assert!(message(&both).starts_with("steps[0].action_file: "));
    let odd = json!([{"fault": {"health_bytes": {"ps": 0, "hex": "0"}}, "strikes": true}]);
    assert!(message(&odd).contains("is not hexadecimal"));
}

#[test]
fn a_hook_or_a_step_without_what_it_works_on_is_refused() {
    let message = |hooks: Value, steps: Value| {
        let mut document = document(&steps);
        document["hooks"] = hooks;
        Scenario::parse(document).unwrap_err()
    };
    let end = || json!([{"end": {}}]);
    let failed = |text: &str| Unplayable::Failed(text.to_owned());
    assert_eq!(
        message(json!([{"server": {"ip": "::1", "folder": "file"}}]), end()),
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
    assert_eq!(
        message(json!([]), json!([{"controller_op": "stop_op"}])),
        failed("steps[0]: there is no controller")
    );
}

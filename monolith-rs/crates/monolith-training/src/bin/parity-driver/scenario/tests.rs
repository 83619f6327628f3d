use serde_json::{Value, json};

use super::*;

fn document(steps: &Value) -> Value {
    json!({
        "name": "a/b", "about": "x", "covers": [],
        "cluster": {"ps": 1, "workers": 2},
        "session": "monitored",
        "machines": [{"ps": 0, "rss": 1, "mem_limit": null}],
        "hooks": [{"server": {}}],
        "faults": [],
        "steps": steps,
        "expect": {"reports": 0},
    })
}

fn error(steps: &Value) -> Unplayable {
    Scenario::parse(document(steps)).unwrap_err()
}

#[test]
fn every_kind_of_step_is_read() {
    let steps = json!([
        {"train": 3},
        {"advance": 30000},
        {"rpc": "StopTraining", "expect": "OK", "details": null, "response": null},
        {"worker": {"index": 1, "train": 2}},
        {"concurrently": [
            {"rpc": "StopTraining", "expect": "OK", "details": null, "response": null},
            {"worker": {"index": 1, "train": 1}}]},
        {"fault": {"rss": {"ps": 0, "bytes": 5}}, "strikes": false},
        {"fault": {"health_bytes": {"ps": 0, "hex": "0a05"}}, "strikes": true},
        {"fault": {"save_error": {"error": "InternalError", "message": "disk", "times": null}},
         "strikes": true},
        {"raise": {"error": "ValueError", "message": "x"}},
        {"end": {}}]);
    let scenario = Scenario::parse(document(&steps)).unwrap();
    assert_eq!(scenario.steps.len(), 10);
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
        "steps[0].concurrently[0]: train can't run concurrently"
    );
    let no_such_ps = json!([{"fault": {"recover": {"ps": 1}}, "strikes": true}]);
    assert_eq!(message(&no_such_ps), "steps[0].fault: there is no PS 1");
    let odd = json!([{"fault": {"health_bytes": {"ps": 0, "hex": "0"}}, "strikes": true}]);
    assert!(message(&odd).contains("is not hexadecimal"));
}

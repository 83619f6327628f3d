//! The driver with access at both ends, and with what can't be used of it.
#![allow(clippy::unwrap_used)] // helpers of tests are tests

use std::fs::{self, Permissions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

const ALICE: &str = "9c1185a5c5e9fc54612808977ee8f548";

/// The driver's answers to these requests.
fn answers(requests: &[Value]) -> Vec<Value> {
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
    let text = String::from_utf8(output.stdout).unwrap();
    let answers = text.lines().map(|line| serde_json::from_str(line).unwrap());
    answers.collect()
}

fn private(dir: &Path, name: &str, content: &str) {
    let path = dir.join(name);
    fs::write(&path, content).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
}

fn serve(dir: &Path, tokens: &str) -> Value {
    json!({"type": "serve", "seq": 1, "model_dir": dir, "ip": "10.0.0.1", "workers": 3,
           "global_step": 0, "save_error": null, "save_ms": 0, "callback_error": null,
           "callback_panic": null, "callback_ms": 0, "access": {
               "address": "127.0.0.1:0", "certificate": null, "private_key": null,
               "client_ca": null, "token_file": dir.join(tokens), "max_request_bytes": 65536,
               "max_metadata_bytes": 8192, "max_concurrent_calls": 64, "max_deadline_ms": 60_000,
               "health_service": false, "reflection": false, "remove_address_file": true,
               "audit": dir.join("audit")}})
}

fn call(dir: &Path, token: &str, deadline_ms: u64) -> Value {
    json!({"type": "call", "seq": 2, "model_dir": dir, "method": "/Controller/StopTraining",
           "request_hex": null, "deadline_ms": deadline_ms, "access": {
               "ca": null, "certificate": null, "private_key": null, "server_name": null,
               "token_file": dir.join(token), "proxy": null}})
}

#[test]
fn access_is_given_at_both_ends_and_audited() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    private(dir, "tokens", &format!("alice operator {ALICE}"));
    private(dir, "alice", ALICE);
    private(dir, "unknown", "0123456789abcdef");
    let stop_serving = json!({"type": "stop_serving", "seq": 3});
    let answers = answers(&[
        json!({"type": "hello", "protocol": 1}),
        serve(dir, "missing"),
        serve(dir, "tokens"),
        call(dir, "missing", 10_000),
        call(dir, "unknown", 10_000),
        call(dir, "alice", 90_000),
        call(dir, "alice", 10_000),
        stop_serving,
    ]);
    let capabilities = answers[0]["capabilities"].as_array().unwrap();
    assert!(capabilities.contains(&json!("access")));
    assert_eq!(answers[1]["type"], "failed");
    let unread = "missing can't be read: No such file or directory";
    let message = answers[1]["message"].as_str().unwrap();
    assert!(
        message.starts_with("AccessError: ") && message.contains(unread),
        "{message}"
    );
    assert_eq!(answers[2]["type"], "serving");
    assert_eq!(answers[3]["error"], "AccessError");
    assert_eq!(answers[3]["code"], Value::Null);
    assert!(answers[3]["details"].as_str().unwrap().contains(unread));
    let codes = answers[4..7]
        .iter()
        .map(|answer| answer["code"].as_str().unwrap());
    let codes: Vec<_> = codes.collect();
    assert_eq!(codes, ["UNAUTHENTICATED", "INVALID_ARGUMENT", "OK"]);
    assert_eq!(answers[7]["type"], "stopped");
    assert!(!dir.join("controller_server_addr.txt").exists());
    let audit = fs::read_to_string(dir.join("audit")).unwrap();
    let lines: Vec<_> = audit.lines().collect();
    for (line, (who, code)) in lines.iter().zip([
        ("-", "UNAUTHENTICATED"),
        ("alice", "INVALID_ARGUMENT"),
        ("alice", "OK"),
    ]) {
        assert!(
            line.starts_with(&format!("who={who} from=127.0.0.1:")),
            "{line}"
        );
        assert!(
            line.ends_with(&format!(" method=StopTraining code={code}")),
            "{line}"
        );
    }
    assert_eq!(lines.len(), 3);
}

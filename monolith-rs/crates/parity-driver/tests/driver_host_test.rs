//! The driver on hosts that lack something: memory, threads, a way past a proxy.
#![allow(clippy::unwrap_used)] // helpers of tests are tests

use std::io::{ErrorKind, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

/// The variables by which programs are told of a proxy.
const PROXIES: [&str; 8] = [
    "http_proxy",
    "HTTP_PROXY",
    "https_proxy",
    "HTTPS_PROXY",
    "grpc_proxy",
    "GRPC_PROXY",
    "all_proxy",
    "ALL_PROXY",
];

fn driver() -> Command {
    Command::new(env!("CARGO_BIN_EXE_parity-driver"))
}

/// A driver that may have so many kilobytes of address space.
fn driver_within(kilobytes: u64) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("ulimit -v {kilobytes} && exec \"$0\"")]);
    shell.arg(env!("CARGO_BIN_EXE_parity-driver"));
    shell
}

/// Gives it these lines; its answers. It must still be there after the last one.
fn answers(mut driver: Command, lines: &[String]) -> Vec<Value> {
    let mut driver = driver
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut input = driver.stdin.take().unwrap();
    for line in lines {
        writeln!(input, "{line}").unwrap();
    }
    drop(input);
    let output = driver.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", output.status);
    let text = String::from_utf8(output.stdout).unwrap();
    let answers: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(answers.len(), lines.len());
    answers
}

fn serve(dir: &Path, workers: &str) -> String {
    let dir = dir.display();
    format!(
        r#"{{"type": "serve", "seq": 1, "model_dir": "{dir}", "ip": "127.0.0.1",
            "workers": {workers}, "global_step": 0, "save_error": null, "save_ms": 0,
            "callback_error": null, "callback_ms": 0}}"#
    )
    .replace('\n', " ")
}

fn call(dir: &Path, method: &str, deadline_ms: u64) -> String {
    let method = format!("/Controller/{method}");
    json!({"type": "call", "seq": 2, "model_dir": dir, "method": method,
           "request_hex": null, "deadline_ms": deadline_ms})
    .to_string()
}

fn play(capacity: &Value, steps: &Value) -> String {
    let saver = json!({"saver": {"save_steps": null, "save_secs": null, "first_save": false,
        "dense_only": false, "ignore_save_errors": false, "tide": null,
                       "dump_mode": false, "save_graph_def": false, "guards": [], "barrier_wait": 1000, "barrier_pending": 30000, "step_wait": null, "listeners": []}});
    let scenario = json!({
        "name": "a/b", "about": "x", "covers": [],
        "cluster": {"ps": 0, "workers": 3, "capacity": capacity},
        "session": "monitored", "global_step": 0, "default_mem_limit": null, "machines": [],
        "barrier": {"callbacks": [], "wait": 1000, "held": false},
        "hooks": [saver, {"server": {"ip": "127.0.0.1", "folder": "model_dir", "saver": true}}],
        "tables": [], "faults": [], "steps": steps, "expect": {},
    });
    json!({"type": "play", "seq": 2, "seed": null, "scenario": scenario}).to_string()
}

fn rpc(method: &str) -> Value {
    json!({"rpc": method, "deadline": null, "server": null, "expect": "OK",
           "details": null, "response": null, "error": null})
}

#[test]
fn a_worker_count_that_is_none_is_refused_and_the_driver_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    for (workers, message) in [
        (
            "1000000000000",
            "ValueError: capacity must be at most 2147483648, it is 1000000000000.",
        ),
        ("0", "ValueError: capacity must be positive, it is 0."),
        ("-4", "ValueError: capacity must be positive, it is -4."),
        ("9223372036854775808", "serve: invalid value: "),
        ("1e999", "serve: number out of range"),
        ("1.5", "serve: invalid type: floating point `1.5`"),
        ("\"3\"", "serve: invalid type: string"),
        ("null", "serve: invalid type: null"),
    ] {
        let lines = [
            serve(dir.path(), workers),
            serve(dir.path(), "3"),
            call(dir.path(), "StopTraining", 10_000),
        ];
        let answers = answers(driver(), &lines);
        assert_eq!(answers[0]["type"], "failed", "{workers}");
        let found = answers[0]["message"].as_str().unwrap();
        assert!(found.starts_with(message), "{workers}: {found}");
        assert_eq!(answers[2]["code"], "OK");
    }
}

#[test]
fn a_capacity_beyond_its_bounds_fails_the_play() {
    for capacity in [json!(1_u64 << 31), json!(1_u64 << 40), json!(0)] {
        let answers = answers(driver_within(1 << 20), &[play(&capacity, &json!([]))]);
        assert_eq!(answers[0]["type"], "failed", "{capacity}");
        let expected = format!("cluster.capacity: expected 1 to 10000, got {capacity}");
        assert_eq!(answers[0]["message"], expected);
    }
}

#[test]
fn an_answer_that_no_memory_holds_is_an_error_of_the_call() {
    // There is memory for the barrier; for all indices there is none, or none for their bytes.
    for (workers, what) in [
        ("40000000", "indices of workers"),
        ("9000000", "bytes of an answer"),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let lines = [
            serve(dir.path(), workers),
            call(dir.path(), "GetBlockStatus", 100_000),
            call(dir.path(), "StopTraining", 10_000),
        ];
        let mut driver = driver_within(120 << 10);
        driver.env("MALLOC_ARENA_MAX", "1");
        let answers = answers(driver, &lines);
        assert_eq!(answers[1]["code"], "UNKNOWN");
        let details = answers[1]["details"].as_str().unwrap();
        assert!(details.starts_with("Exception calling application: OOM when allocating "));
        assert!(details.ends_with(what), "{details}");
        assert_eq!(answers[2]["code"], "OK");
    }
}

#[test]
fn threads_that_the_system_does_not_make_are_an_error() {
    // A thread takes 1 GiB, so that some fit and there is memory left for what else goes on.
    let within = || {
        let mut driver = driver_within(10 << 20);
        driver.env("RUST_MIN_STACK", (1 << 30).to_string());
        driver
    };
    let dir = tempfile::tempdir().unwrap();
    let arrive = json!({"type": "arrive", "seq": 2, "workers": (1..20).collect::<Vec<_>>()});
    let lines = [
        serve(dir.path(), "100"),
        call(dir.path(), "StopTraining", 10_000),
        arrive.to_string(),
        call(dir.path(), "ResumeTraining", 10_000),
    ];
    let served = answers(within(), &lines);
    let message = served[2]["message"].as_str().unwrap();
    assert!(
        message.starts_with("RuntimeError: can't start new thread: "),
        "{message}"
    );
    assert_eq!(served[3]["code"], "OK");

    let branches = vec![rpc("GetTrainingStatus"); 20];
    let line = play(&json!(3), &json!([{"concurrently": branches}]));
    let hello = json!({"type": "hello", "protocol": 1}).to_string();
    let played = answers(within(), &[line, hello]);
    let message = played[0]["message"].as_str().unwrap();
    assert!(
        message.starts_with("no thread for lane concurrently-0: "),
        "{message}"
    );
    assert_eq!(played[1]["type"], "hello");
}

#[test]
fn no_time_is_too_long_for_a_call() {
    let dir = tempfile::tempdir().unwrap();
    let lines = [
        serve(dir.path(), "3"),
        call(dir.path(), "GetTrainingStatus", u64::MAX),
        call(dir.path(), "GetTrainingStatus", 0),
    ];
    let answers = answers(driver(), &lines);
    assert_eq!(answers[1]["code"], "OK");
    assert_eq!(answers[2]["code"], "DEADLINE_EXCEEDED");
}

#[test]
fn no_proxy_comes_between_a_client_and_the_controller() {
    let proxy = TcpListener::bind("127.0.0.1:0").unwrap();
    proxy.set_nonblocking(true).unwrap();
    let listening = format!("http://{}", proxy.local_addr().unwrap());
    for url in [listening.as_str(), "http://127.0.0.1:1", "not a proxy"] {
        let dir = tempfile::tempdir().unwrap();
        let mut driver = driver();
        driver.envs(PROXIES.map(|name| (name, url)));
        driver.env("no_proxy", "").env("no_grpc_proxy", "");
        let mut raw = call(dir.path(), "GetTrainingStatus", 10_000);
        raw = raw.replace(r#""request_hex":null"#, r#""request_hex":"""#);
        let lines = [
            serve(dir.path(), "3"),
            call(dir.path(), "GetTrainingStatus", 10_000),
            raw,
            play(&json!(3), &json!([rpc("StopTraining")])),
        ];
        let answers = answers(driver, &lines);
        assert_eq!(answers[1]["code"], "OK", "{url}");
        assert_eq!(answers[2]["code"], "OK", "{url}");
        let events = answers[3]["events"].as_array().unwrap();
        let call = events.iter().find(|event| event["kind"] == "rpc").unwrap();
        assert_eq!(call["code"], "OK", "{url}");
    }
    let nobody = proxy.accept().unwrap_err();
    assert_eq!(nobody.kind(), ErrorKind::WouldBlock);
}

//! Who gets in, and that those who don't change nothing.

use std::time::Duration;

use monolith_training::hooks::server::access::{ClientAccess, ServerAccess};
use tonic::{Code, Status};

use super::chief::Chief;
use super::files::{ALICE, Files, GRAFANA};

const ACTS: [&str; 3] = ["StopTraining", "ResumeTraining", "SaveCheckpoint"];
const LOOKS: [&str; 2] = ["GetBlockStatus", "GetTrainingStatus"];

/// The code and message of a refusal, after which nothing has changed.
fn refused(chief: &Chief, outcome: Result<(), Status>) -> (Code, String) {
    let status = outcome.unwrap_err();
    assert!(!chief.is_stopped());
    (status.code(), status.message().to_owned())
}

#[test]
fn an_operator_acts_and_looks() {
    let files = Files::new();
    let chief = Chief::new(files.guarded());
    let alice = files.holder("alice");
    chief.call(&alice, "StopTraining").unwrap();
    assert!(chief.is_stopped());
    let again = chief.call(&alice, "StopTraining").unwrap_err();
    assert_eq!(again.code(), Code::AlreadyExists);
    for method in LOOKS {
        chief.call(&alice, method).unwrap();
    }
    chief.call(&alice, "ResumeTraining").unwrap();
    let saved = chief.call(&alice, "SaveCheckpoint").unwrap_err();
    assert_eq!(saved.code(), Code::Unknown);
    assert_eq!(
        chief.audit(),
        [
            "who=alice from=127.0.0.1 method=StopTraining code=OK",
            "who=alice from=127.0.0.1 method=StopTraining code=ALREADY_EXISTS",
            "who=alice from=127.0.0.1 method=ResumeTraining code=OK",
            "who=alice from=127.0.0.1 method=SaveCheckpoint code=UNKNOWN",
        ]
    );
}

#[test]
fn a_reader_looks_and_does_not_act() {
    let files = Files::new();
    let chief = Chief::new(files.guarded());
    let grafana = files.holder("grafana");
    for method in LOOKS {
        chief.call(&grafana, method).unwrap();
    }
    assert!(chief.audit().is_empty());
    for method in ACTS {
        let message = format!("grafana is a reader: {method} is for operators.");
        let outcome = chief.call(&grafana, method);
        assert_eq!(refused(&chief, outcome), (Code::PermissionDenied, message));
        let line = format!("who=grafana from=127.0.0.1 method={method} code=PERMISSION_DENIED");
        assert_eq!(chief.audit(), [line]);
    }
}

#[test]
fn without_a_token_that_is_known_nobody_gets_in() {
    let files = Files::new();
    let chief = Chief::new(files.guarded());
    for method in [&ACTS[..], &LOOKS, &["Nothing"]].concat() {
        for (access, message) in [
            (files.trusting(), "This controller needs a token."),
            (files.holder("unknown"), "The token is unknown."),
        ] {
            let outcome = chief.call(&access, method);
            let expected = (Code::Unauthenticated, message.to_owned());
            assert_eq!(refused(&chief, outcome), expected);
            let line = format!("who=- from=127.0.0.1 method={method} code=UNAUTHENTICATED");
            assert_eq!(chief.audit(), [line]);
        }
    }
}

#[test]
fn only_one_bearer_token_is_taken() {
    let files = Files::new();
    let chief = Chief::new(files.guarded());
    let with = |credentials: &[&str]| {
        let credentials: Vec<_> = credentials
            .iter()
            .map(|text| text.parse().unwrap())
            .collect();
        chief.send(
            &files.trusting(),
            "GetBlockStatus",
            Vec::new(),
            |mut request| {
                for text in credentials {
                    request.metadata_mut().append("authorization", text);
                }
                request
            },
        )
    };
    let alice = format!("Bearer {ALICE}");
    with(&[&alice]).unwrap();
    with(&[&format!("bearer {ALICE}")]).unwrap();
    for others in [
        &[&*format!("Basic {ALICE}")][..],
        &[ALICE],
        &[""],
        &["Bearer"],
        &["Bearer "],
        &[&format!("Bearer {ALICE} {GRAFANA}")],
        &[&alice, &alice],
    ] {
        let status = with(others).unwrap_err();
        assert_eq!(status.code(), Code::Unauthenticated, "{others:?}");
        assert_eq!(status.message(), "The token is unknown.");
    }
}

#[test]
fn a_method_that_is_not_there_is_told_to_those_who_are_let_in() {
    let files = Files::new();
    let chief = Chief::new(files.guarded());
    let status = chief.call(&files.holder("grafana"), "Nothing").unwrap_err();
    assert_eq!(status.code(), Code::Unimplemented);
    assert_eq!(status.message(), "Method not found!");
    assert!(chief.audit().is_empty());
}

#[test]
fn a_connection_that_tls_refuses_is_unavailable() {
    let files = Files::new();
    let chief = Chief::new(files.guarded());
    let alice = files.holder("alice");
    let other_ca = ClientAccess {
        ca: Some(files.path("other-ca.pem")),
        ..alice.clone()
    };
    let other_name = ClientAccess {
        server_name: Some("elsewhere.example".to_owned()),
        ..alice.clone()
    };
    for access in [&other_ca, &other_name, &ClientAccess::default()] {
        let outcome = chief.call(access, "StopTraining");
        assert_eq!(refused(&chief, outcome).0, Code::Unavailable, "{access:?}");
    }
    assert!(chief.audit().is_empty());
    let this_name = ClientAccess {
        server_name: Some("localhost".to_owned()),
        ..alice
    };
    chief.call(&this_name, "GetBlockStatus").unwrap();
}

#[test]
fn a_server_whose_certificate_has_expired_is_unavailable() {
    let files = Files::new();
    files.issue("expired", false, true);
    let chief = Chief::new(files.tls("expired"));
    let outcome = chief.call(&files.trusting(), "StopTraining");
    assert_eq!(refused(&chief, outcome).0, Code::Unavailable);
}

#[test]
fn tls_to_a_server_in_plaintext_is_unavailable() {
    let files = Files::new();
    let chief = Chief::new(Files::open());
    let outcome = chief.call(&files.trusting(), "StopTraining");
    assert_eq!(refused(&chief, outcome).0, Code::Unavailable);
    chief
        .call(&ClientAccess::default(), "StopTraining")
        .unwrap();
}

#[test]
fn mutual_tls_asks_for_a_certificate_of_the_authority() {
    let files = Files::new();
    files.issue("client", false, false);
    files.issue("other", true, false);
    files.issue("expired", false, true);
    let chief = Chief::new(ServerAccess {
        client_ca: Some(files.path("ca.pem")),
        ..files.tls("server")
    });
    for access in [
        files.trusting(),
        files.certified("other"),
        files.certified("expired"),
        ClientAccess::default(),
    ] {
        let outcome = chief.call(&access, "StopTraining");
        assert_eq!(refused(&chief, outcome).0, Code::Unavailable, "{access:?}");
    }
    assert!(chief.audit().is_empty());
    chief
        .call(&files.certified("client"), "StopTraining")
        .unwrap();
    let [line] = &chief.audit()[..] else {
        panic!("expected one line");
    };
    let who = line.split(' ').next().unwrap();
    let digits = who.strip_prefix("who=cert:").unwrap();
    assert!(
        digits.len() == 16 && digits.chars().all(|c| c.is_ascii_hexdigit()),
        "{line}"
    );
    assert!(line.ends_with(" method=StopTraining code=OK"), "{line}");
}

#[test]
fn metadata_beyond_the_bound_is_refused_before_the_role() {
    let files = Files::new();
    let chief = Chief::new(files.guarded());
    let with = |bytes: usize| {
        let text = "x".repeat(bytes).parse().unwrap();
        chief.send(
            &files.holder("grafana"),
            "StopTraining",
            Vec::new(),
            |mut request| {
                request.metadata_mut().insert("x-long", text);
                request
            },
        )
    };
    let (code, message) = refused(&chief, with(9_000));
    assert_eq!(code, Code::ResourceExhausted);
    let message = message.strip_prefix("The metadata has ").unwrap();
    let size = message
        .strip_suffix(" bytes; at most 8192 are taken.")
        .unwrap();
    let size: usize = size.parse().unwrap();
    let line = "who=grafana from=127.0.0.1 method=StopTraining code=RESOURCE_EXHAUSTED";
    assert_eq!(chief.audit(), [line]);
    let others = size - 9_000;
    assert_eq!(
        refused(&chief, with(8_192 - others)).0,
        Code::PermissionDenied
    );
    assert_eq!(
        refused(&chief, with(8_193 - others)).0,
        Code::ResourceExhausted
    );
    assert_eq!(refused(&chief, with(40_000)).0, Code::ResourceExhausted);
}

#[test]
fn a_deadline_is_needed_and_none_too_far() {
    let chief = Chief::new(ServerAccess {
        max_deadline: Some(Duration::from_secs(60)),
        ..Files::open()
    });
    let within = |timeout: Option<&'static str>| {
        chief.send(
            &ClientAccess::default(),
            "ResumeTraining",
            Vec::new(),
            |mut request| {
                match timeout {
                    Some(text) => drop(
                        request
                            .metadata_mut()
                            .insert("grpc-timeout", text.parse().unwrap()),
                    ),
                    None => drop(request.metadata_mut().remove("grpc-timeout")),
                }
                request
            },
        )
    };
    for timeout in [Some("60S"), Some("60000m"), Some("1M")] {
        within(timeout).unwrap();
    }
    chief.audit();
    for timeout in [
        None,
        Some("61S"),
        Some("2M"),
        Some("60000001u"),
        Some("nonsense"),
    ] {
        let status = within(timeout).unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument, "{timeout:?}");
        assert_eq!(status.message(), "A deadline of at most 60 s is needed.");
        let line = "who=- from=127.0.0.1 method=ResumeTraining code=INVALID_ARGUMENT";
        assert_eq!(chief.audit(), [line]);
    }
}

#[test]
fn a_message_beyond_the_bound_is_refused_by_grpc_itself() {
    let chief = Chief::new(Files::open());
    // An unknown field of so many bytes, with its head.
    let message = |bytes: usize| {
        let mut message = vec![0x0a];
        prost::encoding::encode_varint(u64::try_from(bytes - 4).unwrap(), &mut message);
        message.resize(bytes, 0);
        message
    };
    let send = |bytes| {
        let access = ClientAccess::default();
        chief.send(&access, "StopTraining", message(bytes), |request| request)
    };
    for bytes in [65_537, 200_000, 4_000_000] {
        let (code, text) = refused(&chief, send(bytes));
        assert_eq!(code, Code::ResourceExhausted);
        assert_eq!(
            text,
            format!("Received message larger than max ({bytes} vs. 65536)")
        );
    }
    assert!(chief.audit().is_empty());
    send(65_536).unwrap();
    assert!(chief.is_stopped());
}

//! Who gets in, and that those who don't change nothing.

use monolith_training::hooks::server::access::{ClientAccess, ServerAccess};
use tonic::Code;

use super::chief::{Chief, refused};
use super::files::{ALICE, Files, GRAFANA};

const ACTS: [&str; 3] = ["StopTraining", "ResumeTraining", "SaveCheckpoint"];
const LOOKS: [&str; 2] = ["GetBlockStatus", "GetTrainingStatus"];

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

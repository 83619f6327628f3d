//! How much a call may bring, and how long it may take.

use std::time::Duration;

use monolith_training::hooks::server::access::{ClientAccess, ServerAccess};
use tonic::Code;

use super::chief::{Chief, refused};
use super::files::Files;

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

//! What an operator sees, where not everybody may call.

use std::time::Duration;

use monolith_training::hooks::server::access::{ClientAccess, ServerAccess};
use monolith_training::proto::operations::operations_client::OperationsClient;
use monolith_training::proto::operations::{GetRunStatusRequest, GetRunStatusResponse};
use tonic::{Code, Request, Status};

use super::chief::Chief;
use super::files::Files;

fn ask(
    chief: &Chief,
    access: &ClientAccess,
    timeout: Option<Duration>,
) -> Result<GetRunStatusResponse, Status> {
    let mut client = OperationsClient::new(chief.channel(access).unwrap());
    let mut request = Request::new(GetRunStatusRequest {});
    if let Some(timeout) = timeout {
        request.set_timeout(timeout);
    }
    let answer = chief.runtime.block_on(client.get_run_status(request));
    answer.map(tonic::Response::into_inner)
}

#[test]
fn a_reader_may_ask_and_nobody_without_a_token() {
    let files = Files::new();
    let chief = Chief::with_operations(files.guarded());
    let status = ask(&chief, &files.holder("grafana"), None).unwrap();
    assert_eq!(status.free, [1, 2]);
    ask(&chief, &files.holder("alice"), None).unwrap();
    // Who looks is not told of.
    assert!(chief.audit().is_empty());
    let refused = ask(&chief, &files.trusting(), None).unwrap_err();
    assert_eq!(refused.code(), Code::Unauthenticated);
    let line = "who=- from=127.0.0.1 method=GetRunStatus code=UNAUTHENTICATED";
    assert_eq!(chief.audit(), [line]);
    // The controller's own methods are as they were.
    let grafana = files.holder("grafana");
    let refused = chief.call(&grafana, "StopTraining").unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied);
    chief.call(&files.holder("alice"), "StopTraining").unwrap();
}

#[test]
fn its_deadline_is_bounded_as_the_controllers() {
    let bounded = || ServerAccess {
        max_deadline: Some(Duration::from_secs(60)),
        ..Files::open()
    };
    let chief = Chief::with_operations(bounded());
    let anyone = ClientAccess::default();
    for timeout in [None, Some(Duration::from_secs(61))] {
        let refused = ask(&chief, &anyone, timeout).unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument, "{timeout:?}");
        assert_eq!(refused.message(), "A deadline of at most 60 s is needed.");
        let line = "who=- from=127.0.0.1 method=GetRunStatus code=INVALID_ARGUMENT";
        assert_eq!(chief.audit(), [line]);
    }
    ask(&chief, &anyone, Some(Duration::from_secs(60))).unwrap();
    // Where it isn't served no deadline makes a difference.
    let chief = Chief::new(bounded());
    for timeout in [None, Some(Duration::from_secs(60))] {
        let refused = ask(&chief, &anyone, timeout).unwrap_err();
        assert_eq!(refused.code(), Code::Unimplemented, "{timeout:?}");
    }
    let unknown = chief.send(&anyone, "Dance", Vec::new(), |mut request| {
        request.metadata_mut().remove("grpc-timeout");
        request
    });
    assert_eq!(unknown.unwrap_err().code(), Code::Unimplemented);
}

#[test]
fn its_requests_are_bounded_too() {
    let chief = Chief::with_operations(ServerAccess {
        max_request_bytes: 100,
        ..Files::open()
    });
    ask(&chief, &ClientAccess::default(), None).unwrap();
    let mut message = vec![0x0a, 120];
    message.resize(122, 0);
    let path = "/monolith_hooks.Operations/GetRunStatus";
    let refused = chief.send_to(&ClientAccess::default(), path, message, |request| request);
    let refused = refused.unwrap_err();
    assert_eq!(refused.code(), Code::ResourceExhausted);
    let expected = "Received message larger than max (122 vs. 100)";
    assert_eq!(refused.message(), expected);
}

//! Health and reflection.

use monolith_training::hooks::server::access::ServerAccess;
use monolith_training::session::SessionRunHook;
use tonic::{Code, Request};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;
use tonic_reflection::pb::v1::ServerReflectionRequest;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;

use super::chief::Chief;
use super::files::Files;

#[test]
fn health_needs_no_token_and_says_not_serving_after_the_end() {
    let files = Files::new();
    let chief = Chief::new(ServerAccess {
        health_service: true,
        ..files.guarded()
    });
    let mut client = HealthClient::new(chief.channel(&files.trusting()).unwrap());
    let of = |service: &str| HealthCheckRequest {
        service: service.to_owned(),
    };
    let mut watched = chief.runtime.block_on(async {
        for service in ["", "Controller"] {
            let answer = client.check(of(service)).await.unwrap().into_inner();
            assert_eq!(answer.status, 1, "{service}");
        }
        let unknown = client.check(of("Other")).await.unwrap_err();
        assert_eq!(unknown.code(), Code::NotFound);
        client.watch(of("Controller")).await.unwrap().into_inner()
    });
    let next = |watched: &mut tonic::Streaming<_>| chief.runtime.block_on(watched.message());
    let first: Option<tonic_health::pb::HealthCheckResponse> = next(&mut watched).unwrap();
    assert_eq!(first.unwrap().status, 1);
    chief.hook.end(&chief.session).unwrap();
    assert_eq!(next(&mut watched).unwrap().unwrap().status, 2);
    assert!(chief.audit().is_empty());
}

#[test]
fn health_that_is_not_served_is_asked_for_a_token_like_all_else() {
    let files = Files::new();
    let chief = Chief::new(files.guarded());
    let check = |access| {
        let mut client = HealthClient::new(chief.channel(&access).unwrap());
        let request = HealthCheckRequest::default();
        chief
            .runtime
            .block_on(client.check(request))
            .unwrap_err()
            .code()
    };
    assert_eq!(check(files.trusting()), Code::Unauthenticated);
    assert_eq!(check(files.holder("grafana")), Code::Unimplemented);
}

#[test]
fn reflection_tells_readers_of_the_services() {
    let files = Files::new();
    let access = || ServerAccess {
        reflection: true,
        health_service: true,
        ..files.guarded()
    };
    let chief = Chief::with_operations(access());
    let without = Chief::new(access());
    let ask = |chief: &Chief, access, message| {
        let mut client = ServerReflectionClient::new(chief.channel(&access).unwrap());
        let request = ServerReflectionRequest {
            host: String::new(),
            message_request: Some(message),
        };
        chief.runtime.block_on(async {
            let requests = tokio_stream::once(request);
            let answers = client
                .server_reflection_info(Request::new(requests))
                .await?;
            let answer = answers.into_inner().message().await?;
            Ok::<_, tonic::Status>(answer.unwrap().message_response.unwrap())
        })
    };
    let list = || MessageRequest::ListServices(String::new());
    let refused = ask(&chief, files.trusting(), list()).unwrap_err();
    assert_eq!(refused.code(), Code::Unauthenticated);
    let names = |chief| {
        let answer = ask(chief, files.holder("grafana"), list()).unwrap();
        let MessageResponse::ListServicesResponse(list) = answer else {
            panic!("expected the services");
        };
        let names = list.service.into_iter().map(|service| service.name);
        names.collect::<Vec<_>>()
    };
    let of_both = [
        "Controller",
        "grpc.health.v1.Health",
        "grpc.reflection.v1.ServerReflection",
    ];
    for (chief, operations) in [(&chief, true), (&without, false)] {
        let names = names(chief);
        for name in of_both {
            assert!(names.contains(&name.to_owned()), "{names:?}");
        }
        let name = "monolith_hooks.Operations".to_owned();
        assert_eq!(names.contains(&name), operations, "{names:?}");
    }
    for symbol in [
        "Controller.StopTraining",
        "monolith_hooks.Operations.GetRunStatus",
    ] {
        let symbol = MessageRequest::FileContainingSymbol(symbol.to_owned());
        let described = ask(&chief, files.holder("grafana"), symbol).unwrap();
        assert!(matches!(
            described,
            MessageResponse::FileDescriptorResponse(_)
        ));
    }
}

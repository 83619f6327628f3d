//! The service beside the controller's, as its clients find it.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use monolith_training::barrier_ops::BarrierOp;
use monolith_training::clock::{Clock, SystemClock};
use monolith_training::coordinator::Coordinator;
use monolith_training::hooks::server::client_lib::{
    get_channel_from_model_dir, get_stub_from_model_dir,
};
use monolith_training::hooks::server::server_lib::ServerHook;
use monolith_training::proto::controller::StopTrainingRequest;
use monolith_training::proto::operations::operations_client::OperationsClient;
use monolith_training::proto::operations::{GetRunStatusRequest, GetRunStatusResponse};
use monolith_training::session::{Graph, Session, SessionRunHook};
use tokio::runtime::Builder;
use tonic::{Code, Request, Status};

async fn ask(model_dir: &Path) -> Result<GetRunStatusResponse, Status> {
    let mut client = OperationsClient::new(get_channel_from_model_dir(model_dir).unwrap());
    let mut request = Request::new(GetRunStatusRequest {});
    request.set_timeout(Duration::from_secs(20));
    client
        .get_run_status(request)
        .await
        .map(tonic::Response::into_inner)
}

fn now_ms() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(now.as_millis()).unwrap()
}

#[test]
fn it_is_served_beside_the_controller_and_only_if_that_is_asked_for() {
    for served in [true, false] {
        let dir = tempfile::tempdir().unwrap();
        let graph = Graph::new();
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let barrier = Arc::new(BarrierOp::new(&graph, Arc::clone(&clock), 2).unwrap());
        let operator = barrier.held_by("operator", &[]).unwrap();
        let hook = ServerHook::new(dir.path(), operator, None, clock)
            .with_address(|port| Ok(format!("127.0.0.1:{port}")));
        let hook = if served {
            hook.with_operations(None)
        } else {
            hook
        };
        let session = Session::new(&graph, 5).unwrap();
        let before = now_ms();
        hook.after_create_session(&session, &Coordinator::new())
            .unwrap();
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let mut stub = get_stub_from_model_dir(dir.path()).unwrap();
            stub.stop_training(StopTrainingRequest {}).await.unwrap();
            let answer = ask(dir.path()).await;
            if !served {
                let status = answer.unwrap_err();
                assert_eq!(status.code(), Code::Unimplemented);
                assert_eq!(status.message(), "Method not found!");
                return;
            }
            let status = answer.unwrap();
            assert_eq!(status.global_step, Some(5));
            assert!(status.placed);
            assert_eq!(status.holds[0].holder, "operator");
            assert_eq!((status.last_save, status.watch), (None, None));
            // Since the Unix epoch, in the order in which it happened.
            let times = [
                before,
                status.session_since_ms,
                status.holds[0].since_ms,
                status.now_ms,
                now_ms(),
            ];
            assert!(times.is_sorted(), "{times:?}");
        });
        hook.end(&session).unwrap();
    }
}

//! The controller over real gRPC on the loopback interface, on the machine's
//! own clock.
#![allow(clippy::unwrap_used)] // helpers of tests are tests

#[path = "access/raw.rs"]
mod raw;

use std::path::Path;
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use monolith_training::barrier_ops::{BarrierCallback, BarrierOp};
use monolith_training::clock::{Clock, SystemClock};
use monolith_training::coordinator::Coordinator;
use monolith_training::errors::{Error, ErrorKind, Result};
use monolith_training::files::Files;
use monolith_training::hooks::server::client_lib::{
    ControllerStub, get_stub_from_model_dir, with_deadline,
};
use monolith_training::hooks::server::constants::SERVER_ADDR_FILENAME;
use monolith_training::hooks::server::server_lib::ServerHook;
use monolith_training::proto::controller::{
    GetBlockStatusRequest, GetTrainingStatusRequest, ResumeTrainingRequest, SaveCheckpointRequest,
    StopTrainingRequest,
};
use monolith_training::save_utils::{
    Every, FileSaver, NoFirstSaveCheckpointSaverHook, Saver, SaverOptions,
};
use monolith_training::session::{Graph, Session, SessionRunHook};
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;
use tonic::client::Grpc;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Status};

/// A session with a saver and a server, and a client to call it with.
struct Chief {
    dir: TempDir,
    session: Arc<Session>,
    hook: ServerHook,
    runtime: Runtime,
}

fn no_callbacks() -> Vec<BarrierCallback> {
    Vec::new()
}

impl Chief {
    fn new() -> Self {
        Self::build(
            &Graph::new(),
            3,
            no_callbacks(),
            Arc::new(FileSaver::default()),
        )
    }

    fn build(
        graph: &Graph,
        capacity: usize,
        callbacks: Vec<BarrierCallback>,
        saver: Arc<dyn Saver>,
    ) -> Self {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let dir = tempfile::tempdir().unwrap();
        let barrier = BarrierOp::new(graph, Arc::clone(&clock), capacity).unwrap();
        let saver_hook = NoFirstSaveCheckpointSaverHook::new(
            graph,
            Arc::clone(&clock),
            dir.path(),
            saver,
            SaverOptions::new(Every::Steps(1_000_000)),
        );
        let session = Session::new(graph, 0).unwrap();
        let coord = Coordinator::new();
        if graph.has_global_step() {
            saver_hook.after_create_session(&session, &coord).unwrap();
        }
        let hook = ServerHook::new(
            dir.path(),
            Arc::new(barrier.with_callbacks(callbacks)),
            Some(Arc::new(saver_hook)),
            clock,
        )
        .with_address(|port| Ok(format!("127.0.0.1:{port}")));
        hook.after_create_session(&session, &coord).unwrap();
        Self {
            dir,
            session,
            hook,
            runtime: Builder::new_multi_thread()
                .worker_threads(1)
                .enable_all()
                .build()
                .unwrap(),
        }
    }

    /// One with a stop in flight, in a callback that returns when it is let go.
    fn stopping() -> (
        Self,
        ControllerStub,
        JoinHandle<Result<(), Status>>,
        mpsc::Sender<()>,
    ) {
        let (entered, was_entered) = mpsc::channel();
        let (let_go, release) = mpsc::channel();
        let release = Mutex::new(release);
        let callback: BarrierCallback = Arc::new(move |_, _| {
            entered.send(()).unwrap();
            release.lock().unwrap().recv().unwrap();
            Ok(())
        });
        let saver = Arc::new(FileSaver::default());
        let chief = Self::build(&Graph::new(), 3, vec![callback], saver);
        let stub = chief.stub();
        let mut own = stub.clone();
        let stopping = chief
            .runtime
            .spawn(async move { own.stop_training(StopTrainingRequest {}).await.map(drop) });
        was_entered.recv().unwrap();
        (chief, stub, stopping, let_go)
    }

    fn stub(&self) -> ControllerStub {
        let _within = self.runtime.enter();
        get_stub_from_model_dir(self.dir.path()).unwrap()
    }

    fn stop(&self) -> Result<(), Status> {
        let mut stub = self.stub();
        let call = stub.stop_training(StopTrainingRequest {});
        self.runtime.block_on(call).map(drop)
    }

    fn resume(&self) -> Result<(), Status> {
        let mut stub = self.stub();
        let call = stub.resume_training(ResumeTrainingRequest {});
        self.runtime.block_on(call).map(drop)
    }

    fn blocked(&self) -> (Vec<i32>, Vec<i32>) {
        let mut stub = self.stub();
        let call = stub.get_block_status(GetBlockStatusRequest {});
        let response = self.runtime.block_on(call).unwrap().into_inner();
        (response.blocked_indices, response.unblocked_indices)
    }

    fn save(&self) -> Result<(), Status> {
        let mut stub = self.stub();
        let call = stub.save_checkpoint(SaveCheckpointRequest {});
        self.runtime.block_on(call).map(drop)
    }

    fn global_step(&self) -> Result<i64, Status> {
        let mut stub = self.stub();
        let call = stub.get_training_status(GetTrainingStatusRequest {});
        let response = self.runtime.block_on(call)?;
        Ok(response.into_inner().global_step)
    }

    fn file(&self, name: &str) -> String {
        std::fs::read_to_string(self.dir.path().join(name)).unwrap()
    }
}

#[test]
fn stop_places_the_barrier_once_and_resume_removes_it() {
    let chief = Chief::new();
    assert_eq!(chief.blocked(), (vec![], vec![0, 1, 2]));
    chief.stop().unwrap();
    assert_eq!(chief.blocked(), (vec![0], vec![1, 2]));
    let again = chief.stop().unwrap_err();
    assert_eq!(again.code(), Code::AlreadyExists);
    assert_eq!(again.message(), "Barrier is placed already.");
    chief.resume().unwrap();
    chief.resume().unwrap();
    assert_eq!(chief.blocked(), (vec![], vec![0, 1, 2]));
}

#[test]
fn save_writes_what_training_has_come_to() {
    let chief = Chief::new();
    for _ in 0..3 {
        chief.session.train_step().unwrap();
    }
    assert_eq!(chief.global_step().unwrap(), 3);
    chief.save().unwrap();
    assert_eq!(chief.file("model.ckpt-3"), "global_step: 3\n");
    assert_eq!(
        chief.file("checkpoint"),
        "model_checkpoint_path: \"model.ckpt-3\"\nall_model_checkpoint_paths: \"model.ckpt-3\"\n"
    );
}

#[test]
fn what_a_handler_raises_is_unknown_with_its_message() {
    let raises: BarrierCallback = Arc::new(|_, _| Err(Error::value("no")));
    let files = Arc::new(FileSaver::default());
    let chief = Chief::build(&Graph::new(), 1, vec![raises], files);
    let error = chief.stop().unwrap_err();
    assert_eq!(error.code(), Code::Unknown);
    assert_eq!(error.message(), "Exception calling application: no");
    assert_eq!(chief.blocked(), (vec![0], vec![]));

    chief.session.close();
    let error = chief.global_step().unwrap_err();
    assert_eq!(
        error.message(),
        "Exception calling application: Attempted to use a closed Session."
    );
}

#[test]
fn without_a_global_step_the_status_is_unknown() {
    let graph = Graph::without_global_step();
    let files = Arc::new(FileSaver::default());
    let chief = Chief::build(&graph, 1, no_callbacks(), files);
    let status = chief.global_step().unwrap_err();
    assert_eq!(status.code(), Code::Unknown);
    assert_eq!(
        status.message(),
        "Exception calling application: Argument `fetch` = None has invalid type \"NoneType\". \
         Cannot be None"
    );
}

#[test]
fn an_address_that_cannot_be_published_leaves_the_creation_and_no_server() {
    let dir = tempfile::tempdir().unwrap();
    let graph = Graph::new();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let barrier = Arc::new(BarrierOp::new(&graph, Arc::clone(&clock), 1).unwrap());
    let tried = Arc::new(Mutex::new(0));
    let port = Arc::clone(&tried);
    let hook = ServerHook::new(dir.path(), barrier, None, clock)
        .with_address(move |port_of| {
            *port.lock().unwrap() = port_of;
            Ok("address".to_owned())
        })
        .with_files(Files::checked_by(|_, path| {
            assert!(path.ends_with(SERVER_ADDR_FILENAME));
            Err(Error::new(ErrorKind::UnavailableError, "injected"))
        }));
    let session = Session::new(&graph, 0).unwrap();
    let error = hook.after_create_session(&session, &Coordinator::new());
    assert_eq!(error.unwrap_err().kind(), ErrorKind::UnavailableError);
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    let port = *tried.lock().unwrap();
    assert!(std::net::TcpStream::connect(("127.0.0.1", port)).is_err());
    let ended = hook.end(&session).unwrap_err();
    assert_eq!(ended.kind(), ErrorKind::AttributeError);
    let expected = "ServerHook.end was called before after_create_session";
    assert!(ended.message().starts_with(expected), "{ended}");
}

#[test]
fn the_port_refuses_as_soon_as_end_returns_and_the_address_stays() {
    let chief = Chief::new();
    chief.stop().unwrap();
    let address = chief.file(SERVER_ADDR_FILENAME);
    chief.hook.end(&chief.session).unwrap();
    assert!(std::net::TcpStream::connect(&address).is_err());
    assert_eq!(chief.stop().unwrap_err().code(), Code::Unavailable);
    assert_eq!(chief.file(SERVER_ADDR_FILENAME), address);
    chief.hook.end(&chief.session).unwrap();
}

#[test]
fn a_call_on_a_channel_that_is_open_is_refused_once_end_returns() {
    let (chief, mut stub, stopping, let_go) = Chief::stopping();
    chief.hook.end(&chief.session).unwrap();
    let refused = with_deadline(
        GetTrainingStatusRequest {},
        Duration::from_secs(60),
        async |request| stub.get_training_status(request).await,
    );
    let refused = chief.runtime.block_on(refused).unwrap_err();
    assert_eq!(refused.code(), Code::Unavailable);
    let_go.send(()).unwrap();
    chief.runtime.block_on(stopping).unwrap().unwrap();
}

#[test]
fn a_call_in_flight_is_answered_though_the_hook_is_dropped() {
    for is_ended in [true, false] {
        let (chief, _, stopping, let_go) = Chief::stopping();
        if is_ended {
            chief.hook.end(&chief.session).unwrap();
        }
        let Chief {
            hook,
            runtime,
            dir: _dir,
            ..
        } = chief;
        drop(hook);
        let_go.send(()).unwrap();
        runtime.block_on(stopping).unwrap().unwrap();
    }
}

#[test]
fn a_call_in_flight_is_answered_though_a_new_session_has_another_server() {
    let (chief, _, stopping, let_go) = Chief::stopping();
    let session = Session::new(&Graph::new(), 41).unwrap();
    let coord = Coordinator::new();
    chief.hook.after_create_session(&session, &coord).unwrap();
    let_go.send(()).unwrap();
    chief.runtime.block_on(stopping).unwrap().unwrap();
    assert_eq!(chief.global_step().unwrap(), 41);
}

#[test]
fn end_before_a_session_is_an_attribute_error() {
    let graph = Graph::new();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let barrier = Arc::new(BarrierOp::new(&graph, Arc::clone(&clock), 1).unwrap());
    let hook = ServerHook::new("/nowhere", barrier, None, clock);
    let error = hook.end(&Session::new(&graph, 0).unwrap()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AttributeError);
}

#[test]
fn a_model_dir_that_is_a_file_is_a_failed_precondition() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    std::fs::write(&file, "").unwrap();
    let graph = Graph::new();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let barrier = Arc::new(BarrierOp::new(&graph, Arc::clone(&clock), 1).unwrap());
    let hook = ServerHook::new(&file, barrier, None, clock);
    let session = Session::new(&graph, 0).unwrap();
    let error = hook
        .after_create_session(&session, &Coordinator::new())
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::FailedPreconditionError);
    assert!(error.message().ends_with("file is not a directory"));
}

#[test]
fn a_new_session_has_a_new_server_under_the_same_file() {
    let chief = Chief::new();
    let before = chief.file(SERVER_ADDR_FILENAME);
    let session = Session::new(&Graph::new(), 41).unwrap();
    chief
        .hook
        .after_create_session(&session, &Coordinator::new())
        .unwrap();
    assert_ne!(chief.file(SERVER_ADDR_FILENAME), before);
    assert_eq!(chief.global_step().unwrap(), 41);
}

/// Blocks in a save until it is let go.
struct HeldSaver {
    entered: mpsc::Sender<()>,
    release: Mutex<mpsc::Receiver<()>>,
}

impl Saver for HeldSaver {
    fn save(&self, session: &Session, _: &Path, _: &str, _: i64) -> Result<()> {
        self.entered.send(()).unwrap();
        self.release.lock().unwrap().recv().unwrap();
        session.global_step().map(drop)
    }
}

#[test]
fn a_save_in_flight_at_the_end_fails_with_the_closed_session() {
    let (entered, was_entered) = mpsc::channel();
    let (let_go, release) = mpsc::channel();
    let saver = HeldSaver {
        entered,
        release: Mutex::new(release),
    };
    let chief = Chief::build(&Graph::new(), 1, no_callbacks(), Arc::new(saver));
    let mut stub = chief.stub();
    let call = chief
        .runtime
        .spawn(async move { stub.save_checkpoint(SaveCheckpointRequest {}).await });
    was_entered.recv_timeout(Duration::from_secs(30)).unwrap();
    chief.hook.end(&chief.session).unwrap();
    chief.session.close();
    let_go.send(()).unwrap();
    let error = chief.runtime.block_on(call).unwrap().unwrap_err();
    assert_eq!(error.code(), Code::Unknown);
    assert_eq!(
        error.message(),
        "Exception calling application: Attempted to use a closed Session."
    );
}

/// Sends these bytes as a request to this method.
fn raw_call(chief: &Chief, path: &'static str, bytes: Vec<u8>) -> Status {
    let address = format!("http://{}", chief.file(SERVER_ADDR_FILENAME));
    chief.runtime.block_on(async {
        let channel: Channel = Endpoint::from_shared(address).unwrap().connect_lazy();
        let mut grpc = Grpc::new(channel);
        grpc.ready().await.unwrap();
        let path = PathAndQuery::from_static(path);
        let call = grpc.unary(Request::new(bytes), path, raw::RawCodec);
        call.await.map(drop).unwrap_err()
    })
}

#[test]
fn a_request_that_cannot_be_decoded_is_internal() {
    let status = raw_call(&Chief::new(), "/Controller/StopTraining", vec![0xff]);
    assert_eq!(status.code(), Code::Internal);
    assert_eq!(status.message(), "Exception deserializing request!");
}

#[test]
fn a_method_that_is_not_there_is_unimplemented() {
    for path in ["/Controller/Dance", "/Other/StopTraining"] {
        let status = raw_call(&Chief::new(), path, Vec::new());
        assert_eq!(status.code(), Code::Unimplemented);
        assert_eq!(status.message(), "Method not found!");
    }
}

#[test]
fn without_an_address_file_there_is_no_stub() {
    let dir = tempfile::tempdir().unwrap();
    let error = get_stub_from_model_dir(dir.path()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFoundError);
    assert!(error.message().contains(SERVER_ADDR_FILENAME));
    std::fs::write(dir.path().join(SERVER_ADDR_FILENAME), [0xff]).unwrap();
    let error = get_stub_from_model_dir(dir.path()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnicodeDecodeError);
}

#[test]
fn line_ends_after_an_address_are_passed_over_and_nonsense_fails_when_called() {
    let chief = Chief::new();
    let path = chief.dir.path().join(SERVER_ADDR_FILENAME);
    let address = chief.file(SERVER_ADDR_FILENAME);
    for end in ["\n", "\r\n"] {
        std::fs::write(&path, format!("{address}{end}")).unwrap();
        assert_eq!(chief.global_step().unwrap(), 0);
    }
    for nonsense in ["", " 127.0.0.1:1", "a\nb", "%%%"] {
        std::fs::write(&path, nonsense).unwrap();
        let code = chief.global_step().unwrap_err().code();
        let expected = [Code::Unavailable, Code::Unknown];
        assert!(expected.contains(&code), "{nonsense:?}: {code:?}");
    }
}

#[test]
fn the_address_files_name_is_the_same_on_every_thread() {
    let readers: Vec<_> = (0..8)
        .map(|_| std::thread::spawn(|| SERVER_ADDR_FILENAME))
        .collect();
    for reader in readers {
        assert_eq!(reader.join().unwrap(), "controller_server_addr.txt");
    }
}

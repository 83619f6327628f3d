//! A run with a controller, its audit, and clients of it.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use monolith_training::barrier_ops::{BarrierCallback, BarrierOp};
use monolith_training::clock::{Clock, SystemClock};
use monolith_training::coordinator::Coordinator;
use monolith_training::errors::{ErrorKind, Result};
use monolith_training::hooks::server::access::{ClientAccess, ServerAccess};
use monolith_training::hooks::server::client_lib::{
    ControllerChannel, get_channel_from_model_dir_with, with_deadline,
};
use monolith_training::hooks::server::constants::SERVER_ADDR_FILENAME;
use monolith_training::hooks::server::server_lib::ServerHook;
use monolith_training::session::{Graph, Session, SessionRunHook};
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};
use tonic::client::Grpc;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::{Code, Request, Status};

use super::files::{ALICE, GRAFANA};
use super::raw::RawCodec;

/// How long a call may take.
const DEADLINE: Duration = Duration::from_secs(20);

pub struct Chief {
    dir: TempDir,
    pub barrier: Arc<BarrierOp>,
    pub session: Arc<Session>,
    pub hook: ServerHook,
    pub runtime: Runtime,
    audit: Arc<Mutex<Vec<String>>>,
}

impl Chief {
    pub fn new(access: ServerAccess) -> Self {
        Self::try_new(access, Vec::new()).unwrap()
    }

    /// Whose hook also says what an operator sees.
    pub fn with_operations(access: ServerAccess) -> Self {
        Self::build(access, Vec::new(), |hook| hook.with_operations(None)).unwrap()
    }

    pub fn try_new(access: ServerAccess, callbacks: Vec<BarrierCallback>) -> Result<Self> {
        Self::build(access, callbacks, |hook| hook)
    }

    fn build(
        mut access: ServerAccess,
        callbacks: Vec<BarrierCallback>,
        change: impl FnOnce(ServerHook) -> ServerHook,
    ) -> Result<Self> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let dir = tempfile::tempdir().unwrap();
        let graph = Graph::new();
        let barrier = BarrierOp::new(&graph, Arc::clone(&clock), 3).unwrap();
        let barrier = Arc::new(barrier.with_callbacks(callbacks));
        let session = Session::new(&graph, 0).unwrap();
        let audit = Arc::new(Mutex::new(Vec::new()));
        let lines = Arc::clone(&audit);
        access.audit = Some(Arc::new(move |record| {
            lines.lock().unwrap().push(record.line());
        }));
        let hook = ServerHook::new(dir.path(), Arc::clone(&barrier), None, clock)
            .with_address(|port| Ok(format!("localhost:{port}")))
            .with_access(access);
        let hook = change(hook);
        hook.after_create_session(&session, &Coordinator::new())?;
        Ok(Self {
            dir,
            barrier,
            session,
            hook,
            runtime: Builder::new_multi_thread()
                .worker_threads(1)
                .enable_all()
                .build()
                .unwrap(),
            audit,
        })
    }

    pub fn model_dir(&self) -> &Path {
        self.dir.path()
    }

    pub fn address(&self) -> String {
        std::fs::read_to_string(self.dir.path().join(SERVER_ADDR_FILENAME)).unwrap()
    }

    pub fn channel(&self, access: &ClientAccess) -> Result<ControllerChannel> {
        let _within = self.runtime.enter();
        get_channel_from_model_dir_with(self.dir.path(), access)
    }

    /// Calls a method of the controller.
    pub fn call(&self, access: &ClientAccess, method: &str) -> Result<(), Status> {
        self.send(access, method, Vec::new(), |request| request)
    }

    /// Calls a method of the controller with these bytes, and what `prepare` makes of the request.
    pub fn send(
        &self,
        access: &ClientAccess,
        method: &str,
        message: Vec<u8>,
        prepare: impl FnOnce(Request<Vec<u8>>) -> Request<Vec<u8>>,
    ) -> Result<(), Status> {
        self.send_to(access, &format!("/Controller/{method}"), message, prepare)
    }

    /// Calls a method of any service.
    pub fn send_to(
        &self,
        access: &ClientAccess,
        path: &str,
        message: Vec<u8>,
        prepare: impl FnOnce(Request<Vec<u8>>) -> Request<Vec<u8>>,
    ) -> Result<(), Status> {
        let channel = self.channel(access).unwrap();
        let path: PathAndQuery = path.parse().unwrap();
        self.runtime.block_on(async {
            with_deadline(message, DEADLINE, async |request| {
                let mut grpc = Grpc::new(channel);
                let not_ready =
                    |error: tonic::transport::Error| Status::unavailable(error.to_string());
                grpc.ready().await.map_err(not_ready)?;
                grpc.unary(prepare(request), path, RawCodec).await.map(drop)
            })
            .await
        })
    }

    /// Whether the barrier is placed.
    pub fn is_stopped(&self) -> bool {
        !self.barrier.is_barrier_removed(&self.session).unwrap()
    }

    /// The lines of the audit since the last look, without ports.
    pub fn audit(&self) -> Vec<String> {
        let lines = std::mem::take(&mut *self.audit.lock().unwrap());
        let without_port = |line: String| {
            let Some((before, after)) = line.split_once("from=127.0.0.1:") else {
                return line;
            };
            let (port, rest) = after.split_once(' ').unwrap();
            port.parse::<u16>().unwrap();
            format!("{before}from=127.0.0.1 {rest}")
        };
        lines.into_iter().map(without_port).collect()
    }
}

/// The message of the `AccessError` that this access gives.
pub fn unusable(access: ServerAccess) -> String {
    let error = Chief::try_new(access, Vec::new()).err().unwrap();
    assert_eq!(error.kind(), ErrorKind::AccessError, "{error}");
    let message = error.message().to_owned();
    assert!(
        !message.contains(ALICE) && !message.contains(GRAFANA),
        "{message}"
    );
    message
}

/// The code and message of a refusal, after which nothing has changed.
pub fn refused(chief: &Chief, outcome: Result<(), Status>) -> (Code, String) {
    let status = outcome.unwrap_err();
    assert!(!chief.is_stopped());
    (status.code(), status.message().to_owned())
}

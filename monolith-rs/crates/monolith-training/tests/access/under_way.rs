//! Calls that are under way.

use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use monolith_training::barrier_ops::BarrierCallback;
use monolith_training::errors::Error;
use monolith_training::hooks::server::access::{ClientAccess, ServerAccess};
use monolith_training::hooks::server::client_lib::get_stub_for_address_with;
use tonic::Code;

use super::chief::Chief;
use super::files::Files;

#[test]
fn calls_beyond_those_under_way_are_refused_without_an_audit() {
    let (entered, was_entered) = mpsc::channel();
    let (let_go, release) = mpsc::channel::<()>();
    let release = Mutex::new(release);
    let held: BarrierCallback = Arc::new(move |_, _| {
        entered.send(()).unwrap();
        let _ = release.lock().unwrap().recv();
        Err(Error::value("let go"))
    });
    let access = ServerAccess {
        max_concurrent_calls: 1,
        ..Files::open()
    };
    let chief = Chief::try_new(access, vec![held]).unwrap();
    let none = ClientAccess::default();
    std::thread::scope(|scope| {
        let stopping = scope.spawn(|| chief.call(&none, "StopTraining"));
        was_entered.recv_timeout(Duration::from_secs(30)).unwrap();
        let refused = chief.call(&none, "GetBlockStatus").unwrap_err();
        assert_eq!(refused.code(), Code::ResourceExhausted);
        assert_eq!(refused.message(), "Concurrent RPC limit exceeded!");
        assert!(chief.audit().is_empty());
        let_go.send(()).unwrap();
        assert_eq!(stopping.join().unwrap().unwrap_err().code(), Code::Unknown);
    });
    chief.call(&none, "GetBlockStatus").unwrap();
    let line = "who=- from=127.0.0.1 method=StopTraining code=UNKNOWN";
    assert_eq!(chief.audit(), [line]);
}

#[test]
fn a_call_whose_client_goes_away_is_in_the_audit() {
    let (entered, was_entered) = mpsc::channel();
    let (let_go, release) = mpsc::channel::<()>();
    let release = Mutex::new(release);
    let held: BarrierCallback = Arc::new(move |_, _| {
        entered.send(()).unwrap();
        let _ = release.lock().unwrap().recv();
        Ok(())
    });
    let chief = Chief::try_new(Files::open(), vec![held]).unwrap();
    let stub = {
        let _within = chief.runtime.enter();
        get_stub_for_address_with(&chief.address(), &ClientAccess::default()).unwrap()
    };
    let call = chief.runtime.spawn(async move {
        let mut stub = stub;
        let request = monolith_training::proto::controller::StopTrainingRequest {};
        stub.stop_training(request).await
    });
    was_entered.recv_timeout(Duration::from_secs(30)).unwrap();
    call.abort();
    let mut lines = Vec::new();
    for _ in 0..600 {
        lines = chief.audit();
        if !lines.is_empty() {
            break;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(
        lines,
        ["who=- from=127.0.0.1 method=StopTraining code=CANCELLED"]
    );
    let_go.send(()).unwrap();
}

//! Where a server listens, what it publishes, the way to it, and its end.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::sync::mpsc;
use std::time::Duration;

use monolith_training::coordinator::Coordinator;
use monolith_training::hooks::server::access::{ClientAccess, ServerAccess};
use monolith_training::hooks::server::constants::SERVER_ADDR_FILENAME;
use monolith_training::session::{Graph, Session, SessionRunHook};
use tonic::Code;

use super::chief::{Chief, unusable};
use super::files::Files;

#[test]
fn a_unix_socket_is_its_owners_and_goes_at_the_end() {
    let files = Files::new();
    let path = files.path("socket");
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    let access = ServerAccess {
        address: format!("unix:{}", path.display()),
        token_file: Some(files.path("tokens")),
        ..Files::open()
    };
    let chief = Chief::new(access.clone());
    assert_eq!(chief.address(), access.address);
    let found = fs::metadata(&path).unwrap();
    assert!(found.file_type().is_socket());
    assert_eq!(found.permissions().mode() & 0o7777, 0o600);
    let alice = ClientAccess {
        ca: None,
        ..files.holder("alice")
    };
    chief.call(&alice, "StopTraining").unwrap();
    assert_eq!(
        chief.audit(),
        ["who=alice from=unix method=StopTraining code=OK"]
    );
    assert!(unusable(access).ends_with("is in use by another server"));
    // A session that is created anew has the same socket.
    let session = Session::new(&Graph::new(), 0).unwrap();
    chief
        .hook
        .after_create_session(&session, &Coordinator::new())
        .unwrap();
    chief.call(&alice, "GetTrainingStatus").unwrap();
    chief.hook.end(&session).unwrap();
    assert!(!path.exists());
    let code = chief.call(&alice, "StopTraining").unwrap_err().code();
    assert_eq!(code, Code::Unavailable);
}

#[test]
fn tls_works_over_a_unix_socket_too() {
    let files = Files::new();
    let address = format!("unix:{}", files.path("socket").display());
    let chief = Chief::new(ServerAccess {
        address,
        ..files.guarded()
    });
    chief.call(&files.holder("alice"), "StopTraining").unwrap();
    assert!(chief.is_stopped());
}

#[test]
fn the_address_of_one_interface_is_published_and_else_that_of_the_machine() {
    assert!(
        Chief::new(Files::open())
            .address()
            .starts_with("127.0.0.1:")
    );
    let all = ServerAccess {
        address: "[::]:0".to_owned(),
        ..Files::open()
    };
    assert!(Chief::new(all).address().starts_with("localhost:"));
}

#[test]
fn a_port_that_is_chosen_is_there_for_a_session_that_is_created_anew() {
    let chief = Chief::new(Files::open());
    let address = chief.address();
    let message = unusable(ServerAccess {
        address: address.clone(),
        ..Files::open()
    });
    assert!(
        message.starts_with(&format!("{address} can't be listened on: ")),
        "{message}"
    );
    chief.hook.end(&chief.session).unwrap();
    let chief = Chief::new(ServerAccess {
        address: address.clone(),
        ..Files::open()
    });
    chief
        .call(&ClientAccess::default(), "StopTraining")
        .unwrap();
    chief
        .hook
        .after_create_session(&chief.session, &Coordinator::new())
        .unwrap();
    assert_eq!(chief.address(), address);
    chief
        .call(&ClientAccess::default(), "ResumeTraining")
        .unwrap();
}

#[test]
fn the_address_file_is_removed_if_that_is_asked_for_and_it_is_still_its_own() {
    let access = |remove_address_file| ServerAccess {
        remove_address_file,
        ..Files::open()
    };
    for (remove, replaced, stays) in [
        (true, false, false),
        (true, true, true),
        (false, false, true),
    ] {
        let chief = Chief::new(access(remove));
        let path = chief.model_dir().join(SERVER_ADDR_FILENAME);
        if replaced {
            fs::write(&path, "127.0.0.1:1").unwrap();
        }
        chief.hook.end(&chief.session).unwrap();
        assert_eq!(path.exists(), stays, "{remove} {replaced}");
        chief.hook.end(&chief.session).unwrap();
    }
}

/// Takes CONNECT for one connection after another, and says whom it was asked for.
fn proxy() -> (String, mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    let (asked, was_asked) = mpsc::channel();
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let mut client = client.unwrap();
            let mut head = Vec::new();
            let mut byte = [0];
            while !head.ends_with(b"\r\n\r\n") && client.read(&mut byte).unwrap() > 0 {
                head.push(byte[0]);
            }
            let head = String::from_utf8(head).unwrap();
            let target = head.split(' ').nth(1).unwrap().to_owned();
            let mut server = TcpStream::connect(&target).unwrap();
            if asked.send(head.lines().next().unwrap().to_owned()).is_err() {
                return;
            }
            client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
            let (mut from, mut to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
            std::thread::spawn(move || std::io::copy(&mut from, &mut to));
            std::thread::spawn(move || std::io::copy(&mut server, &mut client));
        }
    });
    (format!("http://{addr}"), was_asked)
}

#[test]
fn a_client_goes_through_the_proxy_that_it_is_given() {
    let files = Files::new();
    let chief = Chief::new(files.guarded());
    let (proxy, was_asked) = proxy();
    let alice = ClientAccess {
        proxy: Some(proxy),
        ..files.holder("alice")
    };
    chief.call(&alice, "StopTraining").unwrap();
    assert!(chief.is_stopped());
    let asked = was_asked.recv_timeout(Duration::from_secs(30)).unwrap();
    assert_eq!(asked, format!("CONNECT {} HTTP/1.1", chief.address()));
}

//! What keeps a server or a client from beginning.

use std::fs;

use monolith_training::errors::ErrorKind;
use monolith_training::hooks::server::access::{ClientAccess, ServerAccess};
use monolith_training::hooks::server::client_lib::get_stub_for_address_with;

use super::chief::{Chief, unusable};
use super::files::{ALICE, Files, GRAFANA, set_mode};

/// The message of the `AccessError` that a client has of this access.
fn unusable_by_client(chief: &Chief, access: &ClientAccess) -> String {
    let error = chief.channel(access).err().unwrap();
    assert_eq!(error.kind(), ErrorKind::AccessError, "{error}");
    error.message().to_owned()
}

#[test]
fn options_that_do_not_go_together_leave_the_creation() {
    let files = Files::new();
    let tls = files.tls("server");
    for (access, expected) in [
        (
            ServerAccess {
                private_key: None,
                ..tls.clone()
            },
            "expected certificate and private_key together, got one of them",
        ),
        (
            ServerAccess {
                client_ca: Some(files.path("ca.pem")),
                ..Files::open()
            },
            "client_ca needs certificate and private_key",
        ),
        (
            ServerAccess {
                address: "[::]:0".to_owned(),
                token_file: Some(files.path("tokens")),
                ..Files::open()
            },
            "token_file needs certificate and private_key, or anyone on the network can read",
        ),
        (
            ServerAccess {
                address: "localhost".to_owned(),
                ..Files::open()
            },
            "expected the address as IP:PORT, [IPV6]:PORT or unix:PATH, got \"localhost\"",
        ),
        (
            ServerAccess {
                certificate: Some(files.path("none.pem")),
                ..tls.clone()
            },
            "none.pem can't be read: No such file or directory",
        ),
        (
            ServerAccess {
                certificate: Some(files.path("tokens")),
                ..tls.clone()
            },
            "tokens isn't a PEM file",
        ),
        (
            ServerAccess {
                private_key: Some(files.path("ca.pem")),
                ..tls.clone()
            },
            "TLS isn't possible with these files: ",
        ),
    ] {
        let message = unusable(access);
        assert!(message.contains(expected), "{message}");
    }
    files.issue("another", false, false);
    let message = unusable(ServerAccess {
        private_key: Some(files.path("another.key")),
        ..tls
    });
    assert!(
        message.starts_with("TLS isn't possible with these files: "),
        "{message}"
    );
}

#[test]
fn a_token_file_that_cannot_be_used_leaves_the_creation() {
    let files = Files::new();
    let with = |content: &str| ServerAccess {
        token_file: Some(files.private("tokens", content)),
        ..files.tls("server")
    };
    for (content, expected) in [
        (String::new(), "tokens has no token"),
        (
            format!("alice operator {ALICE}\nalice reader {GRAFANA}"),
            "tokens:2: alice is there twice",
        ),
        (
            format!("a reader {ALICE}\nb reader {ALICE}"),
            "tokens:2: b and a have the same token",
        ),
        (
            "alice operator short".to_owned(),
            "tokens:1: expected a token of 16 to 256",
        ),
        (
            format!("alice {ALICE} operator"),
            "tokens:1: expected the role",
        ),
    ] {
        let message = unusable(with(&content));
        assert!(message.contains(expected), "{message}");
    }
    let access = with(&format!("alice operator {ALICE}"));
    set_mode(&files.path("tokens"), 0o640);
    let message = unusable(access.clone());
    assert!(
        message.ends_with("is open to others (mode 0640); expected mode 0600"),
        "{message}"
    );
    fs::remove_file(files.path("tokens")).unwrap();
    assert!(unusable(access).contains("can't be read: No such file or directory"));
}

#[test]
fn a_client_refuses_what_it_cannot_use() {
    let files = Files::new();
    let chief = Chief::new(files.guarded());
    let alice = files.holder("alice");
    set_mode(&files.path("unknown"), 0o644);
    let none = ClientAccess::default();
    for (access, expected) in [
        (
            files.holder("unknown"),
            "is open to others (mode 0644); expected mode 0600",
        ),
        (
            files.holder("missing"),
            "can't be read: No such file or directory",
        ),
        (files.holder("tokens"), "expected one token, got 8 words"),
        (
            ClientAccess {
                server_name: Some("x".to_owned()),
                ..none.clone()
            },
            "server_name needs ca",
        ),
        (
            ClientAccess {
                private_key: Some(files.path("server.key")),
                ..alice.clone()
            },
            "expected certificate and private_key together",
        ),
        (
            ClientAccess {
                ca: Some(files.path("alice")),
                ..none.clone()
            },
            "alice isn't a PEM file",
        ),
        (
            ClientAccess {
                proxy: Some("proxy:80".to_owned()),
                ..none.clone()
            },
            "expected the proxy as http://host:port",
        ),
    ] {
        let message = unusable_by_client(&chief, &access);
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
fn a_token_is_not_sent_where_others_can_read_it() {
    let files = Files::new();
    let chief = Chief::new(files.guarded());
    let in_clear = ClientAccess {
        ca: None,
        ..files.holder("alice")
    };
    let by_proxy = ClientAccess {
        proxy: Some("http://10.0.0.1:3128".to_owned()),
        ..in_clear.clone()
    };
    let _within = chief.runtime.enter();
    for (access, addr, is_fine) in [
        (&in_clear, "127.0.0.1:80", true),
        (&in_clear, "127.1.2.3:80", true),
        (&in_clear, "[::1]:80", true),
        (&in_clear, "localhost:80", true),
        (&in_clear, "unix:/tmp/socket", true),
        (&in_clear, "10.0.0.1:80", false),
        (&in_clear, "[fe80::1]:80", false),
        (&in_clear, "127.example.org:80", false),
        (&by_proxy, "127.0.0.1:80", false),
        (&by_proxy, "unix:/tmp/socket", true),
        (&files.holder("alice"), "10.0.0.1:80", true),
    ] {
        match get_stub_for_address_with(addr, access) {
            Ok(_) => assert!(is_fine, "{addr}"),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::AccessError);
                assert!(!is_fine, "{error}");
                assert!(
                    error
                        .message()
                        .starts_with(&format!("a token for {addr} needs ca"))
                );
            }
        }
    }
}

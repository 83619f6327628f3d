//! Certificates and tokens, made anew for each test.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use monolith_training::hooks::server::access::{ClientAccess, ServerAccess};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd,
};
use tempfile::TempDir;

pub const ALICE: &str = "9c1185a5c5e9fc54612808977ee8f548";
pub const GRAFANA: &str = "3f0b9f6f2f0c4a6c8d7a5be1";

/// A folder of them.
pub struct Files {
    dir: TempDir,
    ca: CertifiedIssuer<'static, KeyPair>,
    other_ca: CertifiedIssuer<'static, KeyPair>,
}

fn authority(name: &str) -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, name);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

impl Files {
    pub fn new() -> Self {
        let files = Self {
            dir: tempfile::tempdir().unwrap(),
            ca: authority("ca"),
            other_ca: authority("other ca"),
        };
        fs::write(files.path("ca.pem"), files.ca.pem()).unwrap();
        fs::write(files.path("other-ca.pem"), files.other_ca.pem()).unwrap();
        files.issue("server", false, false);
        let tokens = format!("# mine\ngrafana reader {GRAFANA}\nalice operator {ALICE}\n");
        files.private("tokens", &tokens);
        files.private("alice", ALICE);
        files.private("grafana", GRAFANA);
        files.private("unknown", "0123456789abcdef");
        files
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// A file with this content that only its owner can use.
    pub fn private(&self, name: &str, content: &str) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, content).unwrap();
        set_mode(&path, 0o600);
        path
    }

    /// A certificate and its key, for 127.0.0.1 and localhost.
    pub fn issue(&self, name: &str, of_other: bool, expired: bool) {
        let names = ["127.0.0.1".to_owned(), "localhost".to_owned()];
        let mut params = CertificateParams::new(names).unwrap();
        if expired {
            params.not_before = date_time_ymd(2001, 1, 1);
            params.not_after = date_time_ymd(2002, 1, 1);
        }
        let key = KeyPair::generate().unwrap();
        let issuer = if of_other { &self.other_ca } else { &self.ca };
        let certificate = params.signed_by(&key, issuer).unwrap();
        fs::write(self.path(&format!("{name}.pem")), certificate.pem()).unwrap();
        self.private(&format!("{name}.key"), &key.serialize_pem());
    }

    /// A server on loopback in plaintext, for everyone.
    pub fn open() -> ServerAccess {
        ServerAccess {
            address: "127.0.0.1:0".to_owned(),
            ..ServerAccess::default()
        }
    }

    /// A server with a certificate of this name.
    pub fn tls(&self, name: &str) -> ServerAccess {
        ServerAccess {
            certificate: Some(self.path(&format!("{name}.pem"))),
            private_key: Some(self.path(&format!("{name}.key"))),
            ..Self::open()
        }
    }

    /// A server with TLS and tokens.
    pub fn guarded(&self) -> ServerAccess {
        ServerAccess {
            token_file: Some(self.path("tokens")),
            ..self.tls("server")
        }
    }

    /// A client that trusts the authority.
    pub fn trusting(&self) -> ClientAccess {
        ClientAccess {
            ca: Some(self.path("ca.pem")),
            ..ClientAccess::default()
        }
    }

    /// A client with the token of this name.
    pub fn holder(&self, name: &str) -> ClientAccess {
        ClientAccess {
            token_file: Some(self.path(name)),
            ..self.trusting()
        }
    }

    /// A client with a certificate of this name.
    pub fn certified(&self, name: &str) -> ClientAccess {
        ClientAccess {
            certificate: Some(self.path(&format!("{name}.pem"))),
            private_key: Some(self.path(&format!("{name}.key"))),
            ..self.trusting()
        }
    }
}

pub fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

//! The address file of a play: what servers publish in it, and what the scenario writes.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use monolith_training::clock::relock;
use monolith_training::hooks::server::constants::SERVER_ADDR_FILENAME;
use parity_driver::Recorder;
use parity_driver::model_dir::write_content;
use parity_driver::state_files::{Changed, WatchedFile};
use parity_driver::wire::events::Event;
use parity_driver::wire::scenario::FileContent;
use tokio::net::TcpSocket;

/// Observer of the address file, which remembers every published address.
///
/// Only the lane that has the turn uses it, so nobody waits for the mutex.
pub(crate) struct AddressFile {
    folder: PathBuf,
    recorder: Arc<Recorder>,
    state: Mutex<State>,
}

struct State {
    file: WatchedFile,
    /// Every address seen after the creation of a session, oldest first.
    published: Vec<String>,
    dead: Option<Dead>,
    silent: Option<Silent>,
}

/// A port that is bound but doesn't listen: it refuses connections, and nobody else can get it.
struct Dead(TcpSocket);

/// A port where only the system accepts connections, so that a call is never answered.
struct Silent(TcpListener);

impl AddressFile {
    /// Creates an observer of the file in the folder where the scenario's server publishes.
    pub(crate) fn new(folder: PathBuf, recorder: Arc<Recorder>) -> Self {
        let state = State {
            file: WatchedFile::new(folder.join(SERVER_ADDR_FILENAME)),
            published: Vec::new(),
            dead: None,
            silent: None,
        };
        Self {
            folder,
            recorder,
            state: Mutex::new(state),
        }
    }

    /// Returns the folder in which clients look for the file.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Records the address if it has changed since the last look.
    pub(crate) fn look(&self) {
        let Ok(metadata) = std::fs::metadata(self.path()) else {
            return;
        };
        let Some(Changed { replaced, text }) = self.changed() else {
            return;
        };
        let mode = format!("{:04o}", metadata.permissions().mode() & 0o7777);
        self.recorder.record(Event::Address {
            text: without_port(&text),
            mode,
            replaced,
        });
    }

    /// Adds a new address to the published ones and returns the change, if there is one.
    fn changed(&self) -> Option<Changed> {
        let mut state = self.state();
        let changed = state.file.changed()?;
        if state.published.last() == Some(&changed.text) {
            return None;
        }
        state.published.push(changed.text.clone());
        Some(changed)
    }

    /// Returns the published address of a server, counted from 1.
    pub(crate) fn published(&self, server: usize) -> Result<String, String> {
        let state = self.state();
        let address = server
            .checked_sub(1)
            .and_then(|at| state.published.get(at).cloned());
        address.ok_or_else(|| {
            let count = state.published.len();
            format!("there is no server {server}; {count} have published an address")
        })
    }

    /// Returns the file's text; empty if it is missing or isn't text.
    pub(crate) fn text(&self) -> String {
        let text = std::fs::read_to_string(self.path()).unwrap_or_default();
        text.trim_end_matches(['\r', '\n']).to_owned()
    }

    /// Returns whether this is the address of the silent listener.
    pub(crate) fn never_answers(&self, address: &str) -> bool {
        let silent = self.state().silent.as_ref().map(Silent::address);
        silent.is_some_and(|silent| silent == address)
    }

    /// Replaces or removes the file that clients read.
    pub(crate) fn write(&self, mut content: FileContent) -> Result<(), String> {
        if let Some(text) = &mut content.text {
            *text = self.fill_in(text).map_err(|error| error.to_string())?;
        }
        write_content(&self.path(), &content)
    }

    fn fill_in(&self, text: &str) -> std::io::Result<String> {
        let mut text = text.replace("{addr}", &self.text());
        let mut state = self.state();
        if text.contains("{dead}") {
            let dead = match state.dead.take() {
                Some(dead) => dead,
                None => Dead::new()?,
            };
            text = text.replace("{dead}", &state.dead.insert(dead).address()?);
        }
        if text.contains("{silent}") {
            let silent = match state.silent.take() {
                Some(silent) => silent,
                None => Silent::new()?,
            };
            text = text.replace("{silent}", &state.silent.insert(silent).address());
        }
        Ok(text)
    }

    fn path(&self) -> PathBuf {
        self.folder.join(SERVER_ADDR_FILENAME)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        relock(&self.state)
    }
}

impl Dead {
    fn new() -> std::io::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
        Ok(Self(socket))
    }

    fn address(&self) -> std::io::Result<String> {
        self.0.local_addr().map(|address| address.to_string())
    }
}

impl Silent {
    fn new() -> std::io::Result<Self> {
        TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map(Self)
    }

    fn address(&self) -> String {
        let address = self.0.local_addr();
        address.map_or_else(|error| error.to_string(), |address| address.to_string())
    }
}

/// Replaces the digits after the last colon with `<port>`.
fn without_port(text: &str) -> String {
    match text.rsplit_once(':') {
        Some((ip, port)) if !port.is_empty() && port.bytes().all(|c| c.is_ascii_digit()) => {
            format!("{ip}:<port>")
        }
        _ => text.to_owned(),
    }
}

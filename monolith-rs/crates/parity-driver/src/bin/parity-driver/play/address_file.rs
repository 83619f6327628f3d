//! The address file of a play: what servers publish there, and what the scenario
//! writes.

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

/// Looks at the file when a session was created, and remembers who was there before.
///
/// Touched only by the lane that has the turn; the mutex is never waited for.
pub(crate) struct AddressFile {
    folder: PathBuf,
    recorder: Arc<Recorder>,
    state: Mutex<State>,
}

struct State {
    file: WatchedFile,
    /// Every address that was seen after a session's creation, the oldest first.
    published: Vec<String>,
    dead: Option<Dead>,
    silent: Option<Silent>,
}

/// A port that is bound and doesn't listen: it refuses, and nobody else can get it.
struct Dead(TcpSocket);

/// A port where connections are accepted by the system alone.
struct Silent(TcpListener);

impl AddressFile {
    /// The file in the folder where the scenario's server publishes.
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

    /// Where clients look for it.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Records an address that wasn't there when last seen.
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

    /// How it has changed if it holds another address now, which is published then.
    fn changed(&self) -> Option<Changed> {
        let mut state = self.state();
        let changed = state.file.changed()?;
        if state.published.last() == Some(&changed.text) {
            return None;
        }
        state.published.push(changed.text.clone());
        Some(changed)
    }

    /// The address that was seen published as this one, counted from 1.
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

    /// What the file holds; nothing if it isn't there or isn't text.
    pub(crate) fn text(&self) -> String {
        let text = std::fs::read_to_string(self.path()).unwrap_or_default();
        text.trim_end_matches(['\r', '\n']).to_owned()
    }

    /// Whether this is the address of the silent listener.
    pub(crate) fn never_answers(&self, address: &str) -> bool {
        let silent = self.state().silent.as_ref().map(Silent::address);
        silent.is_some_and(|silent| silent == address)
    }

    /// Has clients find this from now on.
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

/// The text with `<port>` for the digits after its last colon.
fn without_port(text: &str) -> String {
    match text.rsplit_once(':') {
        Some((ip, port)) if !port.is_empty() && port.bytes().all(|c| c.is_ascii_digit()) => {
            format!("{ip}:<port>")
        }
        _ => text.to_owned(),
    }
}

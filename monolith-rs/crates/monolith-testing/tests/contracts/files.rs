//! Files that others read while they are written: whole at each moment, and readable by all.

use std::fs;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use monolith_training::barrier_ops::BarrierOp;
use monolith_training::clock::SystemClock;
use monolith_training::coordinator::Coordinator;
use monolith_training::errors::Result;
use monolith_training::files::{Files, Operation};
use monolith_training::hooks::server::server_lib::ServerHook;
use monolith_training::save_utils::{
    Every, FileSaver, NoFirstSaveCheckpointSaverHook, SaverOptions,
};
use monolith_training::session::{Graph, Session, SessionRunHook};

type Write = Box<dyn Fn(&Path) -> Result<()>>;

/// Writes a file of this name in a folder, again and again.
struct Writer {
    name: &'static str,
    write: Write,
}

impl Writer {
    /// The address that a session's server publishes.
    fn of_addresses() -> Self {
        let write = |dir: &Path| {
            let (graph, clock) = (Graph::new(), Arc::new(SystemClock));
            let barrier = Arc::new(BarrierOp::new(&graph, clock.clone(), 1)?);
            let hook = ServerHook::new(dir, barrier, None, clock);
            let hook = hook.with_address(|port| Ok(format!("here:{port}")));
            let session = Session::new(&graph, 0)?;
            hook.after_create_session(&session, &Coordinator::new())
        };
        Self {
            name: "controller_server_addr.txt",
            write: Box::new(write),
        }
    }

    /// One of the files of a save, of which each has another step.
    fn of_saves(name: &'static str) -> Self {
        let graph = Graph::new();
        let session = Session::new(&graph, 0).unwrap();
        let saver = Arc::new(FileSaver::default());
        let write = move |dir: &Path| {
            let mut options = SaverOptions::new(Every::Steps(1));
            options.save_graph_def = false;
            options.no_first_save = false;
            let (clock, saver) = (Arc::new(SystemClock), saver.clone());
            let hook = NoFirstSaveCheckpointSaverHook::new(&graph, clock, dir, saver, options);
            session.train_step()?;
            hook.after_create_session(&session, &Coordinator::new())
        };
        Self {
            name,
            write: Box::new(write),
        }
    }
}

fn writers() -> [Writer; 3] {
    [
        Writer::of_addresses(),
        Writer::of_saves("checkpoint"),
        Writer::of_saves("monolith_checkpoint"),
    ]
}

fn names(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn a_file_is_replaced_as_a_whole_and_readable_by_all() {
    for writer in writers() {
        let dir = tempfile::tempdir().unwrap();
        let (path, old) = (dir.path().join(writer.name), dir.path().join("the old one"));
        (writer.write)(dir.path()).unwrap();
        let content = fs::read(&path).unwrap();
        assert!(!content.is_empty());
        fs::hard_link(&path, &old).unwrap();
        let mut reader = fs::File::open(&path).unwrap();
        (writer.write)(dir.path()).unwrap();
        let mut read = Vec::new();
        reader.read_to_end(&mut read).unwrap();
        assert_eq!(read, content, "{}", writer.name);
        assert_eq!(fs::read(&old).unwrap(), content);
        // Whatever the umask is: that of any new file.
        let mode = |path| fs::metadata(path).unwrap().permissions().mode();
        fs::write(dir.path().join("other"), "").unwrap();
        assert_eq!(mode(path), mode(dir.path().join("other")));
        let is_temporary = |path: &PathBuf| path.extension().is_some_and(|end| end == "tmp");
        assert!(!names(dir.path()).iter().any(is_temporary));
    }
}

#[test]
fn what_cannot_be_replaced_is_an_op_error_and_leaves_nothing_behind() {
    for writer in writers() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(writer.name);
        fs::create_dir(&path).unwrap();
        fs::write(path.join("inside"), "").unwrap();
        assert!((writer.write)(dir.path()).unwrap_err().is_op_error());
        let left = names(dir.path()).into_iter();
        let mut left = left.filter(|it| *it != path && !is_checkpoint(it));
        assert_eq!(left.next(), None);
    }
}

#[test]
fn half_of_a_new_content_is_beside_the_file_when_its_write_can_fail() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let list = Arc::clone(&seen);
    let files = Files::checked_by(move |operation, path| {
        if operation == Operation::Write {
            let temporary = names(path.parent().unwrap()).pop().unwrap();
            list.lock()
                .unwrap()
                .push(fs::metadata(temporary).unwrap().len());
        }
        Ok(())
    });
    let dir = tempfile::tempdir().unwrap();
    let (graph, clock) = (Graph::new(), Arc::new(SystemClock));
    let barrier = Arc::new(BarrierOp::new(&graph, clock.clone(), 1).unwrap());
    let hook = ServerHook::new(dir.path(), barrier, None, clock).with_files(files);
    let hook = hook.with_address(|_| Ok("0123456789".to_owned()));
    let session = Session::new(&graph, 0).unwrap();
    hook.after_create_session(&session, &Coordinator::new())
        .unwrap();
    assert_eq!(*seen.lock().unwrap(), [5]);
}

fn is_checkpoint(path: &Path) -> bool {
    let name = path.file_name().unwrap().to_string_lossy();
    name == "checkpoint" || name.starts_with("model.ckpt-")
}

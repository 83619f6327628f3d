//! What the port's graphs take once, their checkpoint info, and the inputs saved with it.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use monolith_training::barrier_ops::{BarrierCallback, BarrierOp};
use monolith_training::clock::SystemClock;
use monolith_training::coordinator::Coordinator;
use monolith_training::errors::{Error, ErrorKind, Result};
use monolith_training::hooks::ckpt_hooks::{
    SAVE_ACTION, SaveableIterator, WorkerCkptHelper, WorkerCkptInfo, assign_ckpt_info,
    get_ckpt_info,
};
use monolith_training::hooks::controller_hooks::ControllerHook;
use monolith_training::session::{Graph, Session, SessionRunHook};

use parity_driver::wire::protocol::{LookRequest, LookedGraphs, LookedInfo};

/// The global step of the sessions.
const STEP: i64 = 3;

/// The worker whose inputs are saved.
const WORKER: usize = 0;

pub(super) fn see_graphs(look: &LookRequest) -> Result<LookedGraphs> {
    let folder = Path::new(&look.basename).parent().unwrap_or(Path::new(""));
    let inputs = look.inputs.iter().enumerate();
    Ok(LookedGraphs {
        second_barrier: second(|graph| BarrierOp::new(graph, Arc::new(SystemClock), 1))?,
        second_controller: second(|graph| {
            ControllerHook::new(graph, Arc::new(SystemClock), None, None)
        })?,
        infos: if look.infos.is_empty() {
            Vec::new()
        } else {
            see_infos(&look.infos, &folder.join("infos"))?
        },
        inputs: inputs
            .map(|(number, &pair)| restored(pair, &folder.join(format!("inputs-{number}"))))
            .collect::<Result<_>>()?,
    })
}

/// Returns the name of the error with which a graph refuses a second one, if it does.
fn second<T>(make: impl Fn(&Graph) -> Result<T>) -> Result<Option<String>> {
    let graph = Graph::new();
    let _first = make(&graph)?;
    Ok(make(&graph).err().map(|error| error.kind().to_string()))
}

/// Numbers from 0 on, as far as they were read.
#[derive(Debug, Default)]
struct Numbers(AtomicU64);

impl SaveableIterator for Numbers {
    fn save(&self) -> Result<Vec<u8>> {
        Ok(self.0.load(Ordering::SeqCst).to_le_bytes().to_vec())
    }

    fn restore(&self, position: &[u8]) -> Result<()> {
        let position = position.try_into();
        let position = position.map_err(|_| Error::value("a position has eight bytes"))?;
        self.0.store(u64::from_le_bytes(position), Ordering::SeqCst);
        Ok(())
    }
}

/// A graph with iterators, and its session.
struct Inputs {
    numbers: Vec<Arc<Numbers>>,
    session: Arc<Session>,
    save: BarrierCallback,
    restorer: Arc<dyn SessionRunHook>,
}

impl Inputs {
    fn new(count: usize, folder: &Path) -> Result<Self> {
        let graph = Graph::new();
        let numbers: Vec<_> = (0..count).map(|_| Arc::<Numbers>::default()).collect();
        for each in &numbers {
            graph.add_iterator(each.clone());
        }
        let helper = WorkerCkptHelper::new(&graph, folder, WORKER);
        Ok(Self {
            numbers,
            session: Session::new(&graph, STEP)?,
            save: helper.create_save_iterator_callback(),
            restorer: helper.create_restorer_hook(),
        })
    }

    fn save(&self) -> Result<()> {
        (self.save)(SAVE_ACTION, &self.session)
    }
}

fn see_infos(infos: &[Option<i64>], folder: &Path) -> Result<Vec<LookedInfo>> {
    let inputs = Inputs::new(1, folder)?;
    let mut seen = vec![see_info(&inputs, folder)?];
    for &global_step in infos {
        assign_ckpt_info(&inputs.session, &WorkerCkptInfo { global_step })?;
        seen.push(see_info(&inputs, folder)?);
    }
    Ok(seen)
}

fn see_info(inputs: &Inputs, folder: &Path) -> Result<LookedInfo> {
    let step = get_ckpt_info(&inputs.session)?.global_step;
    inputs.save()?;
    let io = |error| Error::from_io(&error, folder);
    let mut indices = Vec::new();
    for entry in fs::read_dir(folder).map_err(io)? {
        let path = entry.map_err(io)?.path();
        if path.extension().is_some_and(|ending| ending == "index") {
            indices.push(path.with_extension(""));
        }
        fs::remove_file(&path).map_err(io)?;
    }
    let saved = match indices.as_slice() {
        [one] => one
            .to_str()
            .and_then(|path| path.rsplit('-').next()?.parse().ok()),
        _ => None,
    };
    Ok(LookedInfo { step, saved })
}

/// Returns the next elements of the second number of iterators, after as many were saved as the
/// first number.
fn restored((saved, there): (usize, usize), folder: &Path) -> Result<Option<Vec<u64>>> {
    let before = Inputs::new(saved, folder)?;
    for (numbers, read) in before.numbers.iter().zip(1..) {
        numbers.0.store(read, Ordering::SeqCst);
    }
    before.save()?;
    let after = Inputs::new(there, folder)?;
    let coordinator = Coordinator::new();
    match after
        .restorer
        .after_create_session(&after.session, &coordinator)
    {
        Err(error) if error.kind() == ErrorKind::NotFoundError => Ok(None),
        other => {
            other?;
            let next = after
                .numbers
                .iter()
                .map(|each| each.0.load(Ordering::SeqCst));
            Ok(Some(next.collect()))
        }
    }
}

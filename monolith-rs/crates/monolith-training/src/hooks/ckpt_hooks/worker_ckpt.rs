//! Saving and restoring a worker's iterators.

use std::path::PathBuf;
use std::sync::Arc;

use super::barrier_saver::SAVE_ACTION;
use super::ckpt_meta::get_ckpt_info;
use super::iterator_files::IteratorFiles;
use crate::barrier_ops::BarrierCallback;
use crate::coordinator::Coordinator;
use crate::errors::{Error, ErrorKind, Result};
use crate::session::{Graph, SaveableIterator, Session, SessionRunHook};

/// Has [`WorkerCkptHelper`]s that are made for this graph from now on neither save nor
/// restore its iterators (B65).
pub fn disable_iterator_save_restore(graph: &Graph) {
    graph.keep_no_iterators();
}

/// Saves the positions of a worker's iterators with each checkpoint, and goes back to
/// them when a session is created (B60-B66).
///
/// The callback runs on whichever thread places the barrier or waits at it, the hook on
/// the training thread; what they share is fixed, but for the names of the files.
#[derive(Clone, Debug)]
pub struct WorkerCkptHelper {
    /// None without iterators.
    saver: Option<Arc<IteratorSaver>>,
}

impl WorkerCkptHelper {
    /// For worker `index` and the iterators that `graph` has by now; gives it its
    /// checkpoint info.
    pub fn new(graph: &Graph, model_dir: impl Into<PathBuf>, index: usize) -> Self {
        graph.add_ckpt_info();
        let iterators = graph.saved_iterators();
        let saver = (!iterators.is_empty()).then(|| IteratorSaver {
            iterators,
            files: IteratorFiles::new(model_dir.into(), index),
        });
        Self {
            saver: saver.map(Arc::new),
        }
    }

    /// For [`BarrierOp::with_callbacks`](crate::barrier_ops::BarrierOp::with_callbacks):
    /// saves on the action "Save" alone, under the step of the checkpoint info (B61).
    pub fn create_save_iterator_callback(&self) -> BarrierCallback {
        let saver = self.saver.clone();
        Arc::new(move |action, session| match &saver {
            Some(saver) if action == SAVE_ACTION => saver.save(session),
            _ => Ok(()),
        })
    }

    /// Restores after each creation of a session (B63).
    pub fn create_restorer_hook(&self) -> Arc<dyn SessionRunHook> {
        Arc::new(RestorerHook {
            saver: self.saver.clone(),
        })
    }
}

#[derive(Debug)]
struct IteratorSaver {
    iterators: Vec<Arc<dyn SaveableIterator>>,
    files: IteratorFiles,
}

impl IteratorSaver {
    /// Writes nothing if one of the iterators can't be saved (B62).
    fn save(&self, session: &Session) -> Result<()> {
        let step = get_ckpt_info(session)?.global_step();
        let positions: Result<Vec<_>> = self.iterators.iter().map(|it| it.save()).collect();
        match positions {
            Err(error) if error.kind() == ErrorKind::UnimplementedError => {
                tracing::warn!("The iterators can't be saved: {error}");
                Ok(())
            }
            positions => self.files.write(step, &positions?),
        }
    }

    /// Restores none if there are more iterators than were saved (B64).
    fn restore(&self) -> Result<()> {
        let Some((prefix, positions)) = self.files.read()? else {
            tracing::info!("There is no checkpoint of iterators to restore.");
            return Ok(());
        };
        if self.iterators.len() > positions.len() {
            let first = positions.len();
            let message = format!("Iterator {first} not found in checkpoint {prefix}");
            return Err(Error::new(ErrorKind::NotFoundError, message));
        }
        let mut pairs = self.iterators.iter().zip(&positions);
        pairs.try_for_each(|(iterator, position)| iterator.restore(position))
    }
}

struct RestorerHook {
    saver: Option<Arc<IteratorSaver>>,
}

impl SessionRunHook for RestorerHook {
    fn after_create_session(&self, _: &Arc<Session>, _: &Arc<Coordinator>) -> Result<()> {
        match &self.saver {
            Some(saver) => saver.restore(),
            None => Ok(()),
        }
    }
}

//! A graph with a barrier, whose hooks a test uses for one session after the other.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use monolith_training::barrier_ops::BarrierOp;
use monolith_training::clock::Clock;
use monolith_training::hooks::controller_hooks::ControllerHook;
use monolith_training::session::monitored::{Hooks, Recovery};
use monolith_training::session::{ChiefSessionCreator, Graph, MonitoredSession, Session};
use tempfile::TempDir;

use crate::chief::RawSession;
use crate::stage::{MS, Seen, Stage};

/// A graph with a barrier, whose hooks are used for one session after the other.
pub(crate) struct Rig {
    pub(crate) stage: Stage,
    pub(crate) dir: TempDir,
    pub(crate) graph: Arc<Graph>,
    pub(crate) barrier: Arc<BarrierOp>,
    pub(crate) actions: Seen<String>,
    pub(crate) raw: Arc<RawSession>,
}

impl Rig {
    pub(crate) fn new(stage: &Stage) -> Self {
        let (graph, actions) = (Graph::new(), Seen::default());
        let barrier = BarrierOp::new(&graph, Arc::clone(&stage.clock), 2).unwrap();
        let list = Arc::clone(&actions);
        let barrier = barrier
            .with_wait(MS)
            .with_callbacks(vec![Arc::new(move |action, _| {
                list.lock().unwrap().push(action.to_owned());
                Ok(())
            })]);
        Self {
            stage: stage.clone(),
            dir: tempfile::tempdir().unwrap(),
            graph,
            barrier: Arc::new(barrier),
            actions,
            raw: Arc::default(),
        }
    }

    pub(crate) fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.stage.clock)
    }

    pub(crate) fn session(&self, hooks: &Hooks) -> MonitoredSession {
        let creator = Box::new(ChiefSessionCreator::new(Arc::clone(&self.graph), None));
        let hooks = [hooks.clone(), vec![self.raw.clone()]].concat();
        MonitoredSession::new(Recovery::Recreates, creator, hooks, self.clock()).unwrap()
    }

    pub(crate) fn controller(&self, saves: &Arc<AtomicUsize>) -> Arc<ControllerHook> {
        let (count, barrier) = (Arc::clone(saves), Some(Arc::clone(&self.barrier)));
        let save = Arc::new(move || {
            count.fetch_add(1, Ordering::SeqCst);
            Ok(())
        });
        let hook = ControllerHook::new(&self.graph, self.clock(), barrier, Some(save));
        Arc::new(hook.unwrap().with_max_pending(Duration::ZERO))
    }

    /// Writes the action file and waits until it is gone; the response.
    pub(crate) fn ask(&self, text: &str) -> String {
        let path = |name: &str| self.dir.path().join(name);
        let response = path("monolith_action_response");
        drop(std::fs::remove_file(&response));
        std::fs::write(path("new"), text).unwrap();
        std::fs::rename(path("new"), path("monolith_action")).unwrap();
        self.stage.until(|| !path("monolith_action").exists());
        std::fs::read_to_string(response).unwrap()
    }

    pub(crate) fn blocked(&self) -> Vec<usize> {
        self.barrier.get_blocked_indices(&self.raw.get()).unwrap()
    }
}

pub(crate) fn step(session: &mut MonitoredSession) {
    session.run(Session::train_step).unwrap();
}

//! The chief's hooks, made from the list in a scenario.

use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::time::Duration;

use monolith_training::barrier_ops::BarrierHook;
use monolith_training::errors::Result;
use monolith_training::hooks::ckpt_hooks::{BarrierSaverListener, WorkerCkptHelper};
use monolith_training::hooks::controller_hooks::{
    ControllerHook, QueryActionHook, StopHelper, TriggerSave,
};
use monolith_training::hooks::hook_utils::{AfterSaveListener, BeforeSaveListener};
use monolith_training::hooks::ps_check_hooks::{
    Config, PsHealthCheckerHook, ReportFn, default_report,
};
use monolith_training::hooks::resilient_watch::Resilience;
use monolith_training::hooks::server::server_lib::ServerHook;
use monolith_training::hooks::session_hooks::SetCurrentSessionHook;
use monolith_training::net_utils::concat_ip_and_port;
use monolith_training::save_utils::{
    CheckpointSaverListener, Every, NoFirstSaveCheckpointSaverHook, SaverOptions, Tide,
};
use monolith_training::session::SessionRunHook;
use monolith_training::session::monitored::Hooks;
use parity_driver::Scenario;
use parity_driver::scenario::probe_path;
use parity_driver::wire::scenario::{
    self as wire, Controller, HealthReport, Hook, ListenerKind, Probe, PsHealth, Saver, Server,
    ServerIp,
};

use super::cluster::Cluster;
use super::input::NewInput;
use super::observers::{self, Caller, Observer, ProbeListener, RecordingSaver, shown};
use super::slot_counts::RecordingSlotCountListener;

/// An interval so long that a saver hook never saves by itself.
const NEVER: Duration = Duration::from_secs(1_000_000_000);

/// The hooks of one play; savers and controllers are also kept by kind for other hooks to use.
#[derive(Default)]
pub(crate) struct ChiefHooks {
    /// All hooks in the order of the list, followed by those that the player adds.
    pub(crate) all: Hooks,
    pub(crate) savers: Vec<Arc<NoFirstSaveCheckpointSaverHook>>,
    pub(crate) controllers: Vec<Arc<ControllerHook>>,
}

impl ChiefHooks {
    /// Makes the hooks, first the savers and controllers that other hooks use.
    pub(crate) fn new(cluster: &Cluster, scenario: &Scenario) -> Result<Self> {
        let mut hooks = Self::default();
        for hook in &scenario.hooks {
            if let Hook::Saver(options) = hook {
                hooks.savers.push(Arc::new(saver_hook(cluster, options)?));
            }
        }
        for hook in &scenario.hooks {
            if let Hook::Controller(options) = hook {
                let hook = hooks.controller_hook(cluster, options)?;
                hooks.controllers.push(Arc::new(hook));
            }
        }
        hooks.all = hooks.in_order(cluster, scenario)?;
        Ok(hooks)
    }

    fn in_order(&self, cluster: &Cluster, scenario: &Scenario) -> Result<Hooks> {
        let mut savers = self.savers.iter();
        let mut controllers = self.controllers.iter();
        let mut stop_helpers = cluster.stop_helpers.iter();
        let mut hooks: Hooks = Vec::new();
        if let Some((input, _)) = &cluster.input {
            hooks.push(Arc::new(NewInput(Arc::clone(input))));
        }
        for (at, hook) in scenario.hooks.iter().enumerate() {
            match hook {
                Hook::Saver(_) => hooks.extend(savers.next().map(|hook| Arc::clone(hook) as _)),
                Hook::Controller(_) => {
                    hooks.extend(controllers.next().map(|hook| Arc::clone(hook) as _));
                }
                Hook::StopHelper {} => {
                    hooks.extend(stop_helpers.next().map(StopHelper::create_stop_hook));
                }
                Hook::Input {} => {
                    let helper = cluster.input.iter().map(|(_, helper)| helper);
                    hooks.extend(helper.map(WorkerCkptHelper::create_restorer_hook));
                }
                hook => hooks.push(self.hook(cluster, scenario, hook, at)?),
            }
        }
        let barrier_op = Arc::clone(&cluster.barrier_op);
        hooks.push(Arc::new(BarrierHook::new(0, barrier_op)));
        hooks.push(Arc::new(Observer {
            recorder: Arc::clone(&cluster.world.recorder),
            barrier_op: Arc::clone(&cluster.barrier_op),
            chief: cluster.chief.clone(),
            address_file: Arc::clone(&cluster.address_file),
        }));
        Ok(hooks)
    }

    /// Makes a hook that no other hook uses.
    fn hook(
        &self,
        cluster: &Cluster,
        scenario: &Scenario,
        hook: &Hook,
        at: usize,
    ) -> Result<Arc<dyn SessionRunHook>> {
        Ok(match hook {
            Hook::PsHealth(options) => Arc::new(health_hook(cluster, scenario, options)?),
            Hook::Server(options) => Arc::new(self.server_hook(cluster, options)),
            Hook::Call(call) => Arc::new(Caller {
                call: call.clone(),
                place: format!("hooks[{at}].call"),
                operator: Arc::clone(&cluster.operator),
            }),
            Hook::CurrentSession {} => {
                Arc::new(SetCurrentSessionHook::new(cluster.current_session.clone()))
            }
            Hook::QueryAction {} => Arc::new(self.query_action_hook(cluster)),
            Hook::Probe(options) => Arc::new(probe(cluster, options, at)),
            Hook::Saver(_) | Hook::Controller(_) | Hook::StopHelper {} | Hook::Input {} => {
                unreachable!("it is made before the others")
            }
        })
    }

    fn server_hook(&self, cluster: &Cluster, options: &Server) -> ServerHook {
        let hook = ServerHook::new(
            cluster.address_file.folder(),
            Arc::clone(&cluster.holders.operator),
            self.savers
                .first()
                .filter(|_| options.saver)
                .map(Arc::clone),
            cluster.world.shared_clock(),
        )
        .with_files(cluster.files.files());
        match options.ip {
            ServerIp::V4 => hook.with_address(|port| Ok(concat_ip_and_port("127.0.0.1", port))),
            ServerIp::V6 => hook.with_address(|port| Ok(concat_ip_and_port("::1", port))),
        }
    }

    fn controller_hook(&self, cluster: &Cluster, options: &Controller) -> Result<ControllerHook> {
        let saver = self.savers.first().filter(|_| options.saver);
        let trigger_save = saver.map(|saver| -> TriggerSave {
            let (saver, session) = (Arc::clone(saver), cluster.chief.shared());
            Arc::new(move || saver.trigger_save(&session, false))
        });
        ControllerHook::new(
            &cluster.graph,
            cluster.world.shared_clock(),
            (options.barrier).then(|| Arc::clone(&cluster.holders.stop)),
            trigger_save,
        )
    }

    fn query_action_hook(&self, cluster: &Cluster) -> QueryActionHook {
        let Some(controller) = self.controllers.first() else {
            unreachable!("a scenario without a controller is refused");
        };
        QueryActionHook::new(
            cluster.world.model_dir.path(),
            Arc::clone(controller),
            cluster.world.shared_clock(),
        )
        .with_files(cluster.files.files())
    }
}

fn saver_hook(cluster: &Cluster, saver: &Saver) -> Result<NoFirstSaveCheckpointSaverHook> {
    let writes = RecordingSaver {
        inner: Arc::clone(&cluster.saver) as _,
        recorder: Arc::clone(&cluster.world.recorder),
    };
    let every = match (saver.save_steps, saver.save_secs) {
        (Some(steps), _) => Every::Steps(i64::from(steps)),
        (None, Some(time)) => Every::Time(time),
        (None, None) => Every::Time(NEVER),
    };
    let mut options = SaverOptions::new(every);
    options.no_first_save = !saver.first_save;
    options.is_dense_only = saver.dense_only;
    options.ignore_save_errors = saver.ignore_save_errors;
    options.tide = saver.tide.as_ref().map(tide);
    options.save_graph_def = saver.save_graph_def;
    options.step_wait = saver.step_wait;
    options.files = cluster.files.files();
    options.process.set_in_model_dump_mode(saver.dump_mode);
    let all = saver.listeners.iter().chain(&saver.guards).enumerate();
    options.listeners = all
        .map(|(index, kind)| listener(cluster, saver, index, *kind))
        .collect::<Result<_>>()?;
    options.guard_saver_listeners = options.listeners.split_off(saver.listeners.len());
    Ok(NoFirstSaveCheckpointSaverHook::new(
        &cluster.graph,
        cluster.world.shared_clock(),
        cluster.world.model_dir.path(),
        Arc::new(writes),
        options,
    ))
}

fn tide(tide: &wire::Tide) -> Tide {
    let at = |hour: usize, minute: usize| (hour as u64, minute as u64);
    Tide {
        start: at(tide.start_hour, tide.start_minute),
        end: at(tide.end_hour, tide.end_minute),
        every: tide.save_secs,
    }
}

fn listener(
    cluster: &Cluster,
    saver: &Saver,
    index: usize,
    kind: ListenerKind,
) -> Result<Arc<dyn CheckpointSaverListener>> {
    let listener = Arc::new(ProbeListener {
        index,
        asks_to_stop: matches!(kind, ListenerKind::Stops | ListenerKind::AfterStops),
        recorder: Arc::clone(&cluster.world.recorder),
        faults: Arc::clone(&cluster.listener_faults),
    });
    Ok(match kind {
        ListenerKind::Barrier => {
            let barrier_op = Arc::clone(&cluster.holders.save);
            let listener =
                BarrierSaverListener::new(&cluster.graph, cluster.world.shared_clock(), barrier_op)
                    .with_wait(saver.barrier_wait)
                    .with_max_pending(saver.barrier_pending);
            Arc::new(listener)
        }
        ListenerKind::SlotCounts => Arc::new(RecordingSlotCountListener::new(
            &cluster.graph,
            cluster.world.model_dir.path().to_owned(),
            Arc::clone(&cluster.world.recorder),
        )?),
        ListenerKind::Plain | ListenerKind::Stops => listener,
        ListenerKind::Before => Arc::new(BeforeSaveListener::new(listener)),
        ListenerKind::After | ListenerKind::AfterStops => {
            Arc::new(AfterSaveListener::new(listener))
        }
    })
}

fn health_hook(
    cluster: &Cluster,
    scenario: &Scenario,
    options: &PsHealth,
) -> Result<PsHealthCheckerHook> {
    let report_fn: ReportFn = match options.report {
        HealthReport::Default => Arc::new(default_report),
        kind => {
            let world = cluster.world.clone();
            Arc::new(move |results| world.report(kind, shown(results)))
        }
    };
    let hook = PsHealthCheckerHook::new(Config {
        report_fn,
        ..Config::new(
            (options.barrier).then(|| Arc::clone(&cluster.holders.ps_health)),
            scenario.cluster.ps,
            Arc::clone(&cluster.world.machines) as _,
            cluster.world.shared_clock(),
        )
    });
    Ok(match &options.resilient {
        Some(options) => hook.with_resilience(resilience(options)?),
        None => hook,
    })
}

fn resilience(options: &wire::Resilience) -> Result<Resilience> {
    Resilience::default()
        .with_poll_deadline(options.poll_deadline)?
        .with_report_deadline(options.report_deadline)?
        .with_backoff(options.backoff)?
        .with_unreachable_after(options.unreachable_after)
}

fn probe(cluster: &Cluster, options: &Probe, at: usize) -> observers::Probe {
    observers::Probe {
        name: options.name.clone(),
        raises: options.raises.clone(),
        takes: options.takes,
        clock: cluster.world.shared_clock(),
        reached: AtomicU32::new(0),
        path: probe_path(at),
        recorder: Arc::clone(&cluster.world.recorder),
        strikes: Arc::clone(&cluster.world.strikes),
    }
}

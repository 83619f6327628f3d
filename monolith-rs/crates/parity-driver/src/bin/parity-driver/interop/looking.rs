//! The port's view of this machine, of other machines, and of the served barrier.

use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use monolith_training::barrier_ops::BarrierOp;
use monolith_training::clock::{Clock, SystemClock};
use monolith_training::errors::{ErrorKind, Result};
use monolith_training::logging_ops::{HealthSource, LocalMachine};
use monolith_training::net_utils::{
    NodeAliveChecker, concat_ip_and_port, get_local_server_addr, is_ipv4_supported, local_ip,
    parse_addr,
};
use monolith_training::save_utils::{
    Every, SaveHelper, SecondOrStepTimer, get_monolith_checkpoint_state, restore_global_step,
};
use monolith_training::session::Graph;

use super::graphs::see_graphs;
use super::serving::Peer;
use super::{failed, to_hex};
use parity_driver::wire::protocol::{Answer, LookRequest, LookedCheckpoints, TimerCall};

/// The device on which machine info is created.
const DEVICE: &str = "/job:ps/task:0";

/// The number of addresses tried at a time.
const THREADS: usize = 2;

/// The step whose checkpoint name is shown.
const STEP: i64 = 7;

pub(crate) fn look(look: LookRequest, peer: &Peer) -> Answer {
    let seq = look.seq;
    see(look, peer).unwrap_or_else(|error| failed(seq, &error))
}

fn see(look: LookRequest, peer: &Peer) -> Result<Answer> {
    let timer = see_timer(&look);
    let graphs = see_graphs(&look)?;
    let timeout = Duration::from_millis(look.timeout_ms);
    // Standard output belongs to the protocol.
    let report = |line: &str| tracing::info!("{line}");
    let names = Names(look.resolves);
    let (server_addr, ipv4) = names.own(look.port)?;
    let resolve = |target: (&str, u16)| names.resolve(target);
    let nodes = NodeAliveChecker::resolving_by(look.addrs, timeout, THREADS, resolve, report);
    let hosts = look.hosts.iter();
    let joined = hosts.map(|host| concat_ip_and_port(host, look.port));
    let candidates = look.candidates.iter();
    let valid = candidates.map(|addr| parse_addr(addr).is_ok());
    let owned = |nodes: Vec<&str>| nodes.into_iter().map(str::to_owned).collect();
    let machine = look
        .default_limit
        .map_or_else(LocalMachine::default, LocalMachine::with_default_mem_limit);
    let machines: Result<Vec<_>> = look
        .machines
        .iter()
        .map(|(name, limit)| machine.machine_info(DEVICE, name, *limit))
        .collect();
    let health = machine.check_machine_health(&machines?)?;
    Ok(Answer::Looked {
        seq: look.seq,
        server_addr,
        ipv4,
        addrs: nodes.get_addrs().to_vec(),
        alive: owned(nodes.get_alive_nodes()),
        dead: owned(nodes.get_dead_nodes()),
        all_alive: nodes.all_nodes_alive(),
        valid: valid.collect(),
        joined: joined.collect(),
        timer,
        no_capacity: no_capacity(),
        now_ms: u64::try_from(SystemClock.now().as_millis()).unwrap_or(u64::MAX),
        health_hex: health.iter().map(|bytes| to_hex(bytes)).collect(),
        barrier: peer.look_at_barrier()?,
        checkpoints: see_checkpoints(
            Path::new(&look.basename),
            &look.prefixes,
            peer.look_at_latest(Path::new(&look.basename), look.latest_step)?,
        )?,
        graphs,
    })
}

/// What names resolve to, in place of the resolver's answer; `""` is this host's own.
struct Names(Vec<(String, Vec<String>)>);

impl Names {
    fn get(&self, name: &str) -> Option<io::Result<Vec<IpAddr>>> {
        let (_, ips) = self.0.iter().find(|(each, _)| each == name)?;
        let parsed = ips.iter().map(|ip| ip.parse().map_err(io::Error::other));
        Some(parsed.collect())
    }

    fn resolve(&self, target: (&str, u16)) -> io::Result<Vec<SocketAddr>> {
        let (name, port) = target;
        match self.get(name) {
            Some(ips) => Ok(ips?.into_iter().map(|ip| (ip, port).into()).collect()),
            None => target.to_socket_addrs().map(Iterator::collect),
        }
    }

    /// Returns the address of a server on this host, and whether it is of IPv4.
    fn own(&self, port: u16) -> Result<(String, bool)> {
        if self.get("").is_none() {
            return Ok((get_local_server_addr(port)?, is_ipv4_supported()?));
        }
        let ip = local_ip(|name| self.get(name).unwrap_or_else(|| Ok(Vec::new())), "")?;
        Ok((concat_ip_and_port(&ip.to_string(), port), ip.is_ipv4()))
    }
}

/// Returns the error message for a barrier of capacity 0.
fn no_capacity() -> Option<String> {
    let made = BarrierOp::new(&Graph::new(), Arc::new(SystemClock), 0);
    made.err().map(|error| error.message().to_owned())
}

/// Returns for each call whether the step is due or, for other calls, whether the timer is enabled.
fn see_timer(look: &LookRequest) -> Vec<bool> {
    let every = match look.every_steps {
        Some(steps) => Every::Steps(steps),
        None => Every::Time(Duration::from_millis(look.every_ms)),
    };
    let mut timer = SecondOrStepTimer::new(every);
    let mut answer = |&(call, step, now): &(TimerCall, i64, u64)| {
        let now = Duration::from_millis(now);
        match call {
            TimerCall::Due => return timer.should_trigger_for_step(step, now),
            TimerCall::Count => timer.update_last_triggered_step(step, now),
            TimerCall::Enable => timer.enable(),
            TimerCall::Disable => timer.disable(),
        }
        timer.is_enabled()
    };
    look.timer.iter().map(&mut answer).collect()
}

/// Returns the steps of existing checkpoints; none if that raises an `AttributeError`.
fn existing(helper: &SaveHelper) -> Result<Option<Vec<i64>>> {
    match helper.get_existing_checkpoint_steps() {
        Err(error) if error.kind() == ErrorKind::AttributeError => Ok(None),
        steps => Ok(Some(steps?.into_iter().collect())),
    }
}

/// Returns the step of the newest checkpoint, if there is one.
fn restored(basename: &Path) -> Result<Option<i64>> {
    let Some(dir) = basename.parent() else {
        return Ok(None);
    };
    match restore_global_step(dir) {
        Err(error) if error.kind() == ErrorKind::NotFoundError => Ok(None),
        step => step,
    }
}

/// Returns the exempt paths that are checkpoints; none without a file that has them.
fn see_exempt(basename: &Path) -> Option<Vec<String>> {
    let state = get_monolith_checkpoint_state(basename.parent()?, None, true)?;
    Some(state.exempt_model_checkpoint_paths)
}

fn see_checkpoints(
    basename: &Path,
    prefixes: &[String],
    latest: Option<String>,
) -> Result<LookedCheckpoints> {
    let helper = SaveHelper::new(basename);
    let prefix = helper.get_ckpt_prefix(STEP);
    Ok(LookedCheckpoints {
        asset_dir: SaveHelper::get_ckpt_asset_dir(&prefix),
        prefix,
        existing: existing(&helper)?,
        restored: restored(basename)?,
        steps: prefixes
            .iter()
            .map(|prefix| SaveHelper::get_global_step_value(prefix).ok())
            .collect(),
        latest,
        exempt: see_exempt(basename),
    })
}

//! Metrics of a run for Prometheus, with the feature `metrics`. Upstream has nothing like it.
//!
//! The job serves the registry over HTTP itself: [`prometheus_client`] has no server.
//!
//! ```
//! use std::sync::Arc;
//!
//! # use monolith_training::barrier_ops::BarrierOp;
//! # use monolith_training::clock::SystemClock;
//! use monolith_training::hooks::prometheus_metrics::PrometheusHook;
//! use monolith_training::hooks::run_metrics::RunMetrics;
//! # use monolith_training::session::Graph;
//! # use monolith_training::session::monitored::Hooks;
//! use prometheus_client::encoding::prometheus_text;
//! use prometheus_client::registry::Registry;
//!
//! # let graph = Graph::new();
//! # let barrier_op = Arc::new(BarrierOp::new(&graph, Arc::new(SystemClock), 3)?);
//! # let (saver_hook, health_hook) = (None, None);
//! # let mut hooks = Hooks::new();
//! let run = RunMetrics::new(barrier_op, saver_hook, health_hook);
//! let hook = Arc::new(PrometheusHook::new(run));
//! let mut registry = Registry::default();
//! registry.register_collector(Box::new(hook.collector()));
//! hooks.push(hook);
//!
//! // At each scrape, with the content type `prometheus_text::CONTENT_TYPE`:
//! let mut text = String::new();
//! prometheus_text::encode(&mut text, &registry)?;
//! # assert!(text.contains("\nmonolith_session_up 0.0\n"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::fmt;
use std::sync::Arc;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;

use super::run_metrics::{Kind, RunMetrics};
use super::session_hooks::CurrentSession;
use crate::coordinator::Coordinator;
use crate::errors::Result;
use crate::session::{Session, SessionRunHook};

/// The prefix of every metric's name.
const PREFIX: &str = "monolith_";

/// Hook that gives its collectors the newest session, from its creation to a clean end.
///
/// After an error no `end` is called: the closed session is kept until the next one is created.
/// It can't be read, so `monolith_session_up` is 0, as it is without a session.
#[derive(Debug)]
pub struct PrometheusHook {
    metrics: Arc<RunMetrics>,
    current: CurrentSession,
}

impl PrometheusHook {
    /// Creates a hook that has no session yet.
    pub fn new(metrics: RunMetrics) -> Self {
        Self {
            metrics: Arc::new(metrics),
            current: CurrentSession::new(),
        }
    }

    /// Returns a collector of the run's metrics, to be registered once.
    ///
    /// It may outlive the hook. A [`Registry`](prometheus_client::registry::Registry) can't
    /// unregister it: after the end of the run it still collects the state of the hooks, with
    /// `monolith_session_up` 0. In Python the metrics are gone by then.
    pub fn collector(&self) -> RunCollector {
        RunCollector {
            metrics: Arc::clone(&self.metrics),
            current: self.current.clone(),
        }
    }
}

impl SessionRunHook for PrometheusHook {
    fn after_create_session(&self, session: &Arc<Session>, _: &Arc<Coordinator>) -> Result<()> {
        self.current.set(Some(session));
        Ok(())
    }

    fn end(&self, _: &Arc<Session>) -> Result<()> {
        self.current.set(None);
        Ok(())
    }
}

/// Collector that reads a run on the thread that encodes the registry.
///
/// It holds no lock of the hooks, and the hook's session only while it reads it.
#[derive(Debug)]
pub struct RunCollector {
    metrics: Arc<RunMetrics>,
    current: CurrentSession,
}

impl Collector for RunCollector {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let session = self.current.get_current_session();
        let measurements = self.metrics.read(session.as_deref());
        drop(session);
        for same in measurements.chunk_by(|one, next| one.name == next.name) {
            let [first, ..] = same else { continue };
            let name = format!("{PREFIX}{}", first.name);
            let metric_type = match first.kind {
                Kind::Counter => MetricType::Counter,
                Kind::Gauge | Kind::Moment => MetricType::Gauge,
            };
            // The encoder adds the `_total` of a counter's name.
            let mut family = encoder.encode_descriptor(&name, first.about, None, metric_type)?;
            for each in same {
                let labels = each.label.as_slice();
                let mut metric = family.encode_family(&labels)?;
                match each.kind {
                    Kind::Counter => {
                        metric.encode_counter::<NoLabelSet, _, f64>(&each.value, None)?;
                    }
                    Kind::Gauge | Kind::Moment => metric.encode_gauge(&each.value)?,
                }
            }
        }
        Ok(())
    }
}

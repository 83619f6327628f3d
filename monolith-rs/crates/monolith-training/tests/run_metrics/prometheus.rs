//! The metrics of a run, as Prometheus scrapes them.

use std::sync::Arc;

use monolith_testing::machines::MachineFault;
use monolith_training::coordinator::Coordinator;
use monolith_training::errors::{Error, ErrorKind};
use monolith_training::hooks::prometheus_metrics::PrometheusHook;
use monolith_training::hooks::resilient_watch::Resilience;
use monolith_training::hooks::run_metrics::RunMetrics;
use monolith_training::session::monitored::Recovery;
use monolith_training::session::{ChiefSessionCreator, MonitoredSession, Session, SessionRunHook};
use prometheus_client::encoding::{prometheus_text, text};
use prometheus_client::registry::Registry;

use super::{Run, play};

/// Returns a hook and a registry with its collector.
fn register(metrics: RunMetrics) -> (Arc<PrometheusHook>, Registry) {
    let hook = Arc::new(PrometheusHook::new(metrics));
    let mut registry = Registry::default();
    registry.register_collector(Box::new(hook.collector()));
    (hook, registry)
}

/// Scrapes the registry in Prometheus's text format.
fn scrape(registry: &Registry) -> String {
    let mut scraped = String::new();
    prometheus_text::encode(&mut scraped, registry).unwrap();
    scraped
}

/// Returns the lines of a scrape that begin with one of these names.
fn lines<'a>(scraped: &'a str, names: &[&str]) -> Vec<&'a str> {
    let is_of = |line: &&str| names.iter().any(|name| line.starts_with(name));
    scraped.lines().filter(is_of).collect()
}

const STATE: [&str; 2] = ["monolith_session_up ", "monolith_global_step "];

const GONE: [&str; 1] = ["monolith_session_up 0.0"];

/// Starts a chief's session with this hook alone.
fn chief(run: &Run, hook: &Arc<PrometheusHook>) -> MonitoredSession {
    let creator = ChiefSessionCreator::new(Arc::clone(&run.graph), None);
    MonitoredSession::new(
        Recovery::Recreates,
        Box::new(creator),
        vec![Arc::clone(hook) as _],
        Arc::new(run.clock.clone()),
    )
    .unwrap()
}

#[test]
fn a_scrape_has_every_measurement_in_pythons_text() {
    play(|run| {
        let health_hook = run.health_hook(Some(Resilience::default()));
        let metrics = run.metrics(Some(&run.saver_hook), Some(&health_hook));
        let (hook, registry) = register(metrics);
        let session = run.session(3);
        let coord = Coordinator::new();
        hook.after_create_session(&session, &coord).unwrap();
        run.set(0, MachineFault::Rss(4096));
        run.set(2, MachineFault::Rss(4096));
        health_hook.after_create_session(&session, &coord).unwrap();
        run.saver_hook.trigger_save(&session, false).unwrap();
        run.pass_until(1);
        for holder in ["operator", "the \"night\" shift"] {
            let view = run.barrier.held_by(holder, &[]).unwrap();
            view.place_barrier(&session, "").unwrap();
        }
        run.start_worker(&session, 1);
        let expected = r#"# HELP monolith_session_up 1 if the session could be read.
# TYPE monolith_session_up gauge
monolith_session_up 1.0
# HELP monolith_barrier_placed 1 while the barrier is placed.
# TYPE monolith_barrier_placed gauge
monolith_barrier_placed 1.0
# HELP monolith_workers_held Workers that the barrier blocks.
# TYPE monolith_workers_held gauge
monolith_workers_held 1.0
# HELP monolith_barrier_held_since_timestamp_seconds Since when each holder holds the barrier.
# TYPE monolith_barrier_held_since_timestamp_seconds gauge
monolith_barrier_held_since_timestamp_seconds{holder="operator"} 1.0
monolith_barrier_held_since_timestamp_seconds{holder="the \"night\" shift"} 1.0
# HELP monolith_global_step The global step.
# TYPE monolith_global_step gauge
monolith_global_step 3.0
# HELP monolith_last_save_timestamp_seconds The end of the newest save.
# TYPE monolith_last_save_timestamp_seconds gauge
monolith_last_save_timestamp_seconds 0.0
# HELP monolith_last_save_step The step of the newest save.
# TYPE monolith_last_save_step gauge
monolith_last_save_step 3.0
# HELP monolith_last_save_failed 1 if the newest save failed.
# TYPE monolith_last_save_failed gauge
monolith_last_save_failed 0.0
# HELP monolith_health_polls_total Polls that have ended.
# TYPE monolith_health_polls_total counter
monolith_health_polls_total 2.0
# HELP monolith_health_polls_failed_total Polls that a PS didn't answer.
# TYPE monolith_health_polls_failed_total counter
monolith_health_polls_failed_total 0.0
# HELP monolith_health_alarms_total Reports of unhealthy PS.
# TYPE monolith_health_alarms_total counter
monolith_health_alarms_total 1.0
# HELP monolith_health_reports_failed_total Reports that failed.
# TYPE monolith_health_reports_failed_total counter
monolith_health_reports_failed_total 1.0
# HELP monolith_health_last_good_poll_timestamp_seconds The end of the last poll that all PS answered.
# TYPE monolith_health_last_good_poll_timestamp_seconds gauge
monolith_health_last_good_poll_timestamp_seconds 1.0
# HELP monolith_ps_unhealthy 1 for each PS that is unhealthy.
# TYPE monolith_ps_unhealthy gauge
monolith_ps_unhealthy{ps="0"} 1.0
monolith_ps_unhealthy{ps="2"} 1.0
"#;
        assert_eq!(scrape(&registry), expected);
        coord.request_stop();
    });
}

#[test]
fn counters_have_the_same_names_in_openmetrics() {
    play(|run| {
        let health_hook = run.health_hook(Some(Resilience::default()));
        let (_, registry) = register(run.metrics(None, Some(&health_hook)));
        let session = run.session(0);
        let coord = Coordinator::new();
        health_hook.after_create_session(&session, &coord).unwrap();
        run.pass_until(1);
        let mut scraped = String::new();
        text::encode(&mut scraped, &registry).unwrap();
        assert_eq!(
            lines(&scraped, &["monolith_health_polls_total "]),
            ["monolith_health_polls_total 1.0"]
        );
        coord.request_stop();
    });
}

#[test]
fn the_newest_session_is_read_until_it_is_closed() {
    play(|run| {
        let (hook, registry) = register(run.metrics(None, None));
        assert_eq!(lines(&scrape(&registry), &STATE), GONE);
        for step in [3, 0] {
            let session = run.session(step);
            hook.after_create_session(&session, &Coordinator::new())
                .unwrap();
            let expected = [
                "monolith_session_up 1.0".to_owned(),
                format!("monolith_global_step {step}.0"),
            ];
            assert_eq!(lines(&scrape(&registry), &STATE), expected);
            session.close();
            assert_eq!(lines(&scrape(&registry), &STATE), GONE);
        }
    });
}

#[test]
fn the_hook_drops_its_session_at_the_end() {
    play(|run| {
        let (hook, registry) = register(run.metrics(None, None));
        let session = run.session(0);
        hook.after_create_session(&session, &Coordinator::new())
            .unwrap();
        scrape(&registry);
        hook.end(&session).unwrap();
        assert_eq!(Arc::strong_count(&session), 1);
        // The session is still open, but no longer read.
        assert_eq!(lines(&scrape(&registry), &STATE), GONE);
    });
}

#[test]
fn a_chief_is_read_across_recreations_until_it_closes() {
    for error in [None, Some(Error::new(ErrorKind::InternalError, "step"))] {
        play(move |run| {
            let (hook, registry) = register(run.metrics(None, None));
            let mut chief = chief(run, &hook);
            let mut lost = Some(Error::new(ErrorKind::UnavailableError, "PS 0"));
            for _ in 0..2 {
                let step = |session: &Session| match lost.take() {
                    Some(error) => Err(error),
                    None => session.train_step(),
                };
                chief.run(step).unwrap();
            }
            let expected = ["monolith_session_up 1.0", "monolith_global_step 2.0"];
            assert_eq!(lines(&scrape(&registry), &STATE), expected);
            drop(chief.leave(error));
            assert_eq!(lines(&scrape(&registry), &STATE), GONE);
        });
    }
}

//! The measurements that are read from a run.

use monolith_testing::machines::MachineFault;
use monolith_training::coordinator::Coordinator;
use monolith_training::hooks::resilient_watch::Resilience;
use monolith_training::hooks::run_metrics::{Kind, Measurement};
use monolith_training::session::{ChiefsSession, Graph, SessionRunHook};

use super::{play, play_on};

/// Returns the names and values of measurements without a label, in order.
fn values(measurements: &[Measurement]) -> Vec<(&str, f64)> {
    let unlabelled = measurements.iter().filter(|each| each.label.is_none());
    unlabelled.map(|each| (each.name, each.value)).collect()
}

/// Returns the labels and values of measurements of this name, in order.
fn labels<'a>(measurements: &'a [Measurement], name: &str) -> Vec<(&'a str, &'a str, f64)> {
    let same = measurements.iter().filter(|each| each.name == name);
    same.filter_map(|each| {
        let (label, value) = each.label.as_ref()?;
        Some((*label, value.as_str(), each.value))
    })
    .collect()
}

#[test]
fn a_barrier_that_is_not_placed_holds_nobody() {
    play_on(Graph::without_global_step(), |run| {
        let read = run.metrics(None, None).read(Some(&*run.session(0)));
        assert_eq!(
            values(&read),
            [
                ("session_up", 1.0),
                ("barrier_placed", 0.0),
                ("workers_held", 0.0)
            ]
        );
    });
}

#[test]
fn a_placed_barrier_has_its_holders_with_their_times_and_the_count_of_blocked_workers() {
    play_on(Graph::without_global_step(), |run| {
        let session = run.session(0);
        let place = |holder| {
            let view = run.barrier.held_by(holder, &[]).unwrap();
            view.place_barrier(&session, "").unwrap();
            view
        };
        run.pass_until(10);
        let alarm = place("ps_health");
        run.pass_until(20);
        let operator = place("operator");
        run.start_worker(&session, 2);
        let metrics = run.metrics(None, None);
        let read = metrics.read(Some(&*session));
        let expected = [
            ("session_up", 1.0),
            ("barrier_placed", 1.0),
            ("workers_held", 1.0),
        ];
        assert_eq!(values(&read), expected);
        let since = "barrier_held_since_timestamp_seconds";
        assert_eq!(
            labels(&read, since),
            [("holder", "ps_health", 10.0), ("holder", "operator", 20.0)]
        );
        alarm.remove_barrier(&session).unwrap();
        operator.remove_barrier(&session).unwrap();
        // The worker hasn't noticed yet.
        let read = metrics.read(Some(&*session));
        let expected = [
            ("session_up", 1.0),
            ("barrier_placed", 0.0),
            ("workers_held", 1.0),
        ];
        assert_eq!(values(&read), expected);
        assert_eq!(labels(&read, since), []);
    });
}

#[test]
fn holds_of_an_earlier_session_are_not_read() {
    play(|run| {
        run.barrier.place_barrier(&run.session(0), "").unwrap();
        let read = run.metrics(None, None).read(Some(&*run.session(7)));
        assert_eq!(run.barrier.holds().len(), 1);
        assert_eq!(labels(&read, "barrier_held_since_timestamp_seconds"), []);
    });
}

#[test]
fn the_global_step_is_read_if_the_graph_has_one() {
    play(|run| {
        let read = run.metrics(None, None).read(Some(&*run.session(7)));
        assert_eq!(values(&read)[3..], [("global_step", 7.0)]);
    });
}

#[test]
fn the_hooks_are_read_even_if_the_session_cannot_be() {
    play(|run| {
        let session = run.session(4);
        run.pass_until(5);
        run.saver_hook.trigger_save(&session, false).unwrap();
        session.close();
        let metrics = run.metrics(Some(&run.saver_hook), None);
        // Neither can the session of a worker whose chief is gone.
        let without_chief = ChiefsSession::default().shared();
        for session in [None, Some(&*session), Some(&*without_chief)] {
            let expected = [
                ("session_up", 0.0),
                ("last_save_timestamp_seconds", 5.0),
                ("last_save_step", 4.0),
                ("last_save_failed", 0.0),
            ];
            assert_eq!(values(&metrics.read(session)), expected);
        }
    });
}

#[test]
fn a_failed_save_is_marked_as_failed() {
    play(|run| {
        run.fail_saves();
        let saved = run.saver_hook.trigger_save(&run.session(4), false);
        saved.unwrap_err();
        let read = run.metrics(Some(&run.saver_hook), None).read(None);
        assert_eq!(
            values(&read)[2..],
            [("last_save_step", 4.0), ("last_save_failed", 1.0)]
        );
    });
}

#[test]
fn hooks_without_results_give_no_measurements() {
    play(|run| {
        let health_hook = run.health_hook(Some(Resilience::default()));
        let metrics = run.metrics(Some(&run.saver_hook), Some(&health_hook));
        assert_eq!(values(&metrics.read(None)), [("session_up", 0.0)]);
    });
}

#[test]
fn upstreams_watch_gives_no_measurements() {
    play(|run| {
        let health_hook = run.health_hook(None);
        let session = run.session(0);
        let coord = Coordinator::new();
        health_hook.after_create_session(&session, &coord).unwrap();
        run.pass_until(1);
        let read = run.metrics(None, Some(&health_hook)).read(None);
        assert_eq!(values(&read), [("session_up", 0.0)]);
        coord.request_stop();
    });
}

#[test]
fn a_resilient_watch_has_its_counts_its_last_good_poll_and_the_unhealthy_ps() {
    play(|run| {
        let health_hook = run.health_hook(Some(Resilience::default()));
        let metrics = run.metrics(None, Some(&health_hook));
        let coord = Coordinator::new();
        run.set(1, MachineFault::PollError);
        let session = run.session(0);
        health_hook.after_create_session(&session, &coord).unwrap();
        // Two polls fail, the third is good.
        run.pass_until(2);
        run.set(1, MachineFault::Recover);
        run.pass_until(4);
        // The first report fails, and is repeated a second later.
        run.set(1, MachineFault::Rss(4096));
        run.pass_until(35);
        run.set(0, MachineFault::Rss(4096));
        run.pass_until(65);
        run.set(2, MachineFault::Rss(4096));
        run.pass_until(95);
        run.set(0, MachineFault::Recover);
        run.pass_until(125);
        let read = metrics.read(None);
        let expected = [
            ("session_up", 0.0),
            ("health_polls", 8.0),
            ("health_polls_failed", 2.0),
            ("health_alarms", 3.0),
            ("health_reports_failed", 1.0),
            ("health_last_good_poll_timestamp_seconds", 124.0),
        ];
        assert_eq!(values(&read), expected);
        assert_eq!(
            labels(&read, "ps_unhealthy"),
            [("ps", "1", 1.0), ("ps", "2", 1.0)]
        );
        coord.request_stop();
    });
}

#[test]
fn a_watch_without_a_good_poll_has_no_time_of_one() {
    play(|run| {
        let health_hook = run.health_hook(Some(Resilience::default()));
        let coord = Coordinator::new();
        let session = run.session(0);
        health_hook.after_create_session(&session, &coord).unwrap();
        let read = run.metrics(None, Some(&health_hook)).read(None);
        let polls = Measurement {
            name: "health_polls",
            about: "Polls that have ended.",
            value: 0.0,
            kind: Kind::Counter,
            label: None,
        };
        assert_eq!(read[1], polls);
        assert_eq!(values(&read).last(), Some(&("health_reports_failed", 0.0)));
        coord.request_stop();
    });
}

#[test]
fn names_texts_kinds_and_order_are_the_same_as_in_python() {
    play(|run| {
        let health_hook = run.health_hook(Some(Resilience::default()));
        let session = run.session(3);
        let coord = Coordinator::new();
        run.set(2, MachineFault::Rss(4096));
        health_hook.after_create_session(&session, &coord).unwrap();
        run.barrier.place_barrier(&session, "").unwrap();
        run.saver_hook.trigger_save(&session, false).unwrap();
        run.pass_until(1);
        let metrics = run.metrics(Some(&run.saver_hook), Some(&health_hook));
        let read = metrics.read(Some(&*session));
        let described = read.iter().map(|each| (each.kind, each.name, each.about));
        let expected = [
            (Kind::Gauge, "session_up", "1 if the session could be read."),
            (
                Kind::Gauge,
                "barrier_placed",
                "1 while the barrier is placed.",
            ),
            (
                Kind::Gauge,
                "workers_held",
                "Workers that the barrier blocks.",
            ),
            (
                Kind::Moment,
                "barrier_held_since_timestamp_seconds",
                "Since when each holder holds the barrier.",
            ),
            (Kind::Gauge, "global_step", "The global step."),
            (
                Kind::Moment,
                "last_save_timestamp_seconds",
                "The end of the newest save.",
            ),
            (
                Kind::Gauge,
                "last_save_step",
                "The step of the newest save.",
            ),
            (
                Kind::Gauge,
                "last_save_failed",
                "1 if the newest save failed.",
            ),
            (Kind::Counter, "health_polls", "Polls that have ended."),
            (
                Kind::Counter,
                "health_polls_failed",
                "Polls that a PS didn't answer.",
            ),
            (Kind::Counter, "health_alarms", "Reports of unhealthy PS."),
            (
                Kind::Counter,
                "health_reports_failed",
                "Reports that failed.",
            ),
            (
                Kind::Moment,
                "health_last_good_poll_timestamp_seconds",
                "The end of the last poll that all PS answered.",
            ),
            (
                Kind::Gauge,
                "ps_unhealthy",
                "1 for each PS that is unhealthy.",
            ),
        ];
        assert_eq!(described.collect::<Vec<_>>(), expected);
        coord.request_stop();
    });
}

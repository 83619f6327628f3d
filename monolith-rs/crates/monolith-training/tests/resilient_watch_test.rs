//! The rows of the table *A watch that lives* of `docs/production.md`, in virtual time.
#![allow(clippy::unwrap_used)] // helpers of tests are tests

mod watched;

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use monolith_testing::machines::MachineFault;
use monolith_testing::virtual_clock::VirtualClock;
use monolith_training::barrier_ops::BarrierOp;
use monolith_training::clock::{Clock, HandlerPool, RawLock, Target, Thread};
use monolith_training::coordinator::Coordinator;
use monolith_training::errors::{Error, Result};
use monolith_training::hooks::ps_check_hooks::{Config, PsHealthCheckerHook};
use monolith_training::hooks::resilient_watch::{Resilience, WatchStatus};
use monolith_training::logging_ops::LocalMachine;
use monolith_training::session::{Session, SessionRunHook};
use watched::{Act, Asked, Chief, Instead, Plan, play};

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A plan with these reports.
fn acts(acts: &[Act]) -> Plan {
    Plan {
        acts: acts.to_vec(),
        ..Plan::default()
    }
}

/// That the watch, having gone on to the end, has returned.
fn returned(chief: &Chief) -> bool {
    let fates = chief.fates();
    fates.iter().any(|(label, _)| label == "ps_health") && fates.iter().all(|(_, is_fine)| *is_fine)
}

// A poll raises.

#[test]
fn after_a_poll_that_fails_each_is_asked_alone_until_all_answer() {
    play(Plan::default(), |chief| {
        chief.fault(0, MachineFault::PollError);
        let session = chief.session().with(|_| {
            chief.until(0);
            assert_eq!(chief.asked(), [(0, vec![0, 1]), (0, vec![0]), (0, vec![1])]);
            chief.until(1);
            assert_eq!(chief.asked(), [(1, vec![0]), (1, vec![1])]);
            chief.fault(0, MachineFault::Recover);
            chief.until(34);
            assert_eq!(
                chief.asked(),
                [(3, vec![0]), (3, vec![1]), (33, vec![0, 1])]
            );
            Ok(())
        });
        assert_eq!(session, Ok(()));
        assert_eq!(chief.reported(), []);
        assert!(returned(chief));
        let status = WatchStatus {
            polls: 4,
            failed_polls: 2,
            last_good_poll: Some(secs(33)),
            ..WatchStatus::default()
        };
        assert_eq!(chief.status(), status);
    });
}

#[test]
fn the_time_to_the_next_poll_doubles_up_to_that_between_two_good_ones() {
    play(
        Plan {
            ps: 1,
            ..Plan::default()
        },
        |chief| {
            chief.fault(0, MachineFault::PollError);
            let session = chief.session().with(|_| {
                chief.until(130);
                let mut times: Vec<u64> = chief.asked().into_iter().map(|(at, _)| at).collect();
                times.dedup();
                assert_eq!(times, [0, 1, 3, 7, 15, 31, 61, 91, 121]);
                // Once it has gone well, it begins anew.
                chief.fault(0, MachineFault::Recover);
                chief.until(152);
                chief.fault(0, MachineFault::PollError);
                chief.until(185);
                let mut times: Vec<u64> = chief.asked().into_iter().map(|(at, _)| at).collect();
                times.dedup();
                assert_eq!(times, [151, 181, 182, 184]);
                Ok(())
            });
            assert_eq!(session, Ok(()));
            assert!(returned(chief));
        },
    );
}

// A PS gives no answer to `unreachable_after` polls in a row.

#[test]
fn who_gives_no_answer_to_three_polls_in_a_row_is_unhealthy() {
    play(Plan::default(), |chief| {
        chief.fault(1, MachineFault::PollError);
        let session = chief.session().with(|session| {
            chief.until(2);
            assert_eq!((chief.reported(), chief.is_held(session)), (vec![], false));
            chief.until(3);
            let message = "No answer to 3 polls in a row.".to_owned();
            assert_eq!(chief.reports(), [(3, vec![(1, message)])]);
            assert!(chief.is_held(session));
            chief.until(3600);
            assert_eq!(chief.reports().len(), 1);
            assert_eq!(chief.status().unhealthy, [1]);
            Ok(())
        });
        assert_eq!(session, Ok(()));
        assert!(returned(chief));
    });
}

#[test]
fn an_answer_in_between_makes_the_count_begin_anew() {
    play(Plan::default(), |chief| {
        chief.fault(1, MachineFault::PollError);
        let session = chief.session().with(|_| {
            chief.until(2);
            chief.fault(1, MachineFault::Recover);
            chief.until(4);
            chief.fault(1, MachineFault::PollError);
            chief.until(35);
            assert_eq!(chief.reported(), []);
            chief.until(36);
            assert_eq!(chief.reported(), [(36, vec![1])]);
            Ok(())
        });
        assert_eq!(session, Ok(()));
    });
}

// Bytes that don't parse.

#[test]
fn bytes_that_do_not_parse_are_unhealthy_and_hide_nobody() {
    play(Plan::default(), |chief| {
        chief.fault(0, MachineFault::HealthBytes(vec![0xff, 0xff]));
        chief.exhaust(1);
        let session = chief.session().with(|session| {
            chief.until(60);
            let reports = chief.reports();
            assert_eq!(chief.reported(), [(0, vec![0, 1])]);
            assert_eq!(
                reports[0].1[0].1,
                "2 bytes that are no MachineHealthResult."
            );
            assert!(reports[0].1[1].1.starts_with("Memory limit exceeded."));
            assert!(chief.is_held(session));
            Ok(())
        });
        assert_eq!(session, Ok(()));
        assert_eq!(chief.status().failed_polls, 0);
        assert!(returned(chief));
    });
}

// A poll hangs.

#[test]
fn a_poll_that_hangs_fails_at_its_deadline_and_who_is_slow_is_found() {
    let options = Resilience::default().with_poll_deadline(secs(5)).unwrap();
    let options = options.with_unreachable_after(2).unwrap();
    play(
        Plan {
            options,
            ..Plan::default()
        },
        |chief| {
            chief.fault(0, MachineFault::SlowPoll(secs(100)));
            let session = chief.session().with(|_| {
                chief.until(17);
                let asked = [
                    (0, vec![0, 1]),
                    (5, vec![0]),
                    (10, vec![1]),
                    (11, vec![0]),
                    (16, vec![1]),
                ];
                assert_eq!(chief.asked(), asked);
                assert_eq!(chief.reported(), [(16, vec![0])]);
                // As long as the deadline is in time.
                chief.fault(0, MachineFault::SlowPoll(secs(5)));
                chief.until(70);
                assert_eq!(chief.status().unhealthy, []);
                Ok(())
            });
            assert_eq!(session, Ok(()));
            assert!(returned(chief));
        },
    );
}

#[test]
fn the_exit_waits_for_a_poll_that_hangs_until_its_deadline_alone() {
    play(Plan::default(), |chief| {
        chief.fault(0, MachineFault::SlowPoll(secs(1000)));
        chief.fault(1, MachineFault::SlowPoll(secs(1000)));
        let session = chief.session().with(|_| {
            chief.until(4);
            Ok(())
        });
        assert_eq!((session, chief.now()), (Ok(()), 10));
        assert_eq!(chief.asked(), [(0, vec![0, 1])]);
        assert!(returned(chief));
        // Nobody has answered it.
        let status = chief.status();
        assert_eq!((status.failed_polls, status.last_good_poll), (1, None));
    });
}

#[test]
fn the_exit_waits_for_both_deadlines_together_at_most() {
    let (left, threads) = play(acts(&[Act::SucceedsAfter(1000)]), |chief| {
        chief.fault(0, MachineFault::SlowPoll(secs(9)));
        chief.exhaust(1);
        let session = chief.session().with(|_| {
            chief.until(1);
            Ok(())
        });
        assert_eq!(session, Ok(()));
        assert!(returned(chief));
        chief.now()
    });
    assert_eq!(left, 9 + 30);
    // It is left alone: the play ends before it does.
    assert_eq!(threads, ["ps_report"]);
}

// The report raises.

#[test]
fn a_report_that_fails_is_made_again_and_the_barrier_is_placed_nevertheless() {
    for act in [Act::Fails, Act::Panics] {
        play(acts(&[act, act]), |chief| {
            chief.exhaust(1);
            let session = chief.session().with(|session| {
                chief.until(0);
                assert_eq!(chief.reported(), [(0, vec![1])]);
                assert!(chief.is_held(session));
                chief.until(3600);
                let of = || vec![1];
                assert_eq!(chief.reported(), [(0, of()), (1, of()), (3, of())]);
                Ok(())
            });
            assert_eq!(session, Ok(()));
            assert!(returned(chief));
            let status = chief.status();
            assert_eq!((status.alarms, status.failed_reports), (1, 2));
        });
    }
}

// The report hangs.

#[test]
fn a_report_that_hangs_is_left_alone_and_counts_once_it_has_succeeded() {
    play(acts(&[Act::SucceedsAfter(100)]), |chief| {
        chief.exhaust(0);
        let session = chief.session().with(|session| {
            chief.until(29);
            assert!(!chief.is_held(session));
            chief.until(30);
            assert!(chief.is_held(session));
            // The polls go on meanwhile, and no report is begun, of nobody.
            chief.exhaust(1);
            chief.until(99);
            assert_eq!(chief.reported(), [(0, vec![0])]);
            assert_eq!(chief.status().unhealthy, [0, 1]);
            // It was about the first alone.
            chief.until(200);
            assert_eq!(chief.reported()[1].1, [0, 1]);
            chief.until(3600);
            assert_eq!(chief.reported().len(), 2);
            Ok(())
        });
        assert_eq!(session, Ok(()));
        assert!(returned(chief));
        let status = chief.status();
        assert_eq!((status.alarms, status.failed_reports), (1, 1));
    });
}

#[test]
fn a_report_that_succeeds_late_is_not_made_again() {
    play(acts(&[Act::SucceedsAfter(100)]), |chief| {
        chief.exhaust(0);
        let session = chief.session().with(|_| {
            chief.until(3600);
            Ok(())
        });
        assert_eq!(session, Ok(()));
        assert_eq!(chief.reported(), [(0, vec![0])]);
        let status = chief.status();
        assert_eq!((status.alarms, status.failed_reports), (0, 1));
    });
}

#[test]
fn a_report_that_fails_late_is_made_again_once_it_is_done() {
    play(acts(&[Act::FailsAfter(100)]), |chief| {
        chief.exhaust(0);
        let session = chief.session().with(|_| {
            chief.until(3600);
            Ok(())
        });
        assert_eq!(session, Ok(()));
        let reported = chief.reported();
        assert_eq!(reported.len(), 2);
        assert!((100..=130).contains(&reported[1].0), "{reported:?}");
        let status = chief.status();
        assert_eq!((status.alarms, status.failed_reports), (1, 1));
    });
}

#[test]
fn a_report_that_is_late_is_none_of_a_relapse() {
    play(acts(&[Act::SucceedsAfter(100)]), |chief| {
        chief.exhaust(0);
        let session = chief.session().with(|_| {
            chief.until(40);
            chief.fault(0, MachineFault::Recover);
            chief.until(200);
            chief.exhaust(0);
            chief.until(300);
            assert_eq!(chief.reported().len(), 2);
            Ok(())
        });
        assert_eq!(session, Ok(()));
    });
}

#[test]
fn the_exit_does_not_wait_for_a_report_that_was_left_alone() {
    let ((), threads) = play(acts(&[Act::SucceedsAfter(1_000_000)]), |chief| {
        chief.exhaust(0);
        let session = chief.session().with(|_| {
            chief.until(60);
            Ok(())
        });
        assert_eq!((session, chief.now()), (Ok(()), 60));
        assert!(returned(chief));
    });
    assert_eq!(threads, ["ps_report"]);
}

// The barrier is placed already.

#[test]
fn a_barrier_that_is_placed_already_is_fine() {
    play(Plan::default(), |chief| {
        let places = Arc::new(Places(Arc::clone(&chief.barrier)));
        chief.exhaust(0);
        let session = chief.session_with(vec![places]).with(|session| {
            chief.until(0);
            assert_eq!(chief.reported(), [(0, vec![0])]);
            assert!(chief.is_held(session));
            // It went well, so the next poll is in 30 s.
            chief.until(31);
            assert_eq!(chief.asked(), first_poll_and([(30, vec![0, 1])]));
            chief.resume(session);
            chief.until(100);
            assert!(!chief.is_held(session));
            Ok(())
        });
        assert_eq!(session, Ok(()));
        assert!(returned(chief));
    });
}

/// The first poll, which asks both at once and each alone, and these.
fn first_poll_and<const N: usize>(later: [Asked; N]) -> Vec<Asked> {
    let first = [(0, vec![0, 1]), (0, vec![0]), (0, vec![1])];
    first.into_iter().chain(later).collect()
}

/// Places the barrier as soon as there is a session.
struct Places(Arc<BarrierOp>);

impl SessionRunHook for Places {
    fn after_create_session(&self, session: &Arc<Session>, _: &Arc<Coordinator>) -> Result<()> {
        self.0.place_barrier(session, "Stop")
    }
}

#[test]
fn a_callback_that_fails_or_panics_is_an_error_like_others() {
    for panics in [false, true] {
        play(Plan::default(), move |chief| {
            chief.barrier.append_callback(Arc::new(move |_, _| {
                assert!(!panics, "as it should");
                Err(Error::runtime("callback failed"))
            }));
            chief.exhaust(0);
            let session = chief.session().with(|session| {
                chief.until(0);
                assert!(chief.is_held(session));
                // It is found placed after the backoff.
                chief.until(32);
                let times: Vec<u64> = chief.asked().into_iter().map(|(at, _)| at).collect();
                assert_eq!(times, [0, 0, 0, 1, 31]);
                Ok(())
            });
            assert_eq!(session, Ok(()));
            assert_eq!(chief.reported(), [(0, vec![0])]);
            assert!(returned(chief));
        });
    }
}

#[test]
fn without_a_barrier_there_is_nothing_to_place() {
    let plan = Plan {
        has_barrier: false,
        ..Plan::default()
    };
    play(plan, |chief| {
        chief.exhaust(0);
        let session = chief.session().with(|session| {
            chief.until(31);
            assert!(!chief.is_held(session));
            assert_eq!(chief.asked(), first_poll_and([(30, vec![0, 1])]));
            Ok(())
        });
        assert_eq!(session, Ok(()));
        assert_eq!(chief.reported(), [(0, vec![0])]);
        assert!(returned(chief));
    });
}

// After an alarm, and after a resume.

#[test]
fn who_becomes_unhealthy_later_is_reported_with_all_who_are() {
    play(Plan::default(), |chief| {
        chief.exhaust(1);
        let session = chief.session().with(|session| {
            chief.until(100);
            chief.resume(session);
            chief.exhaust(0);
            chief.until(200);
            assert!(chief.is_held(session));
            assert_eq!(chief.reported(), [(0, vec![1]), (120, vec![0, 1])]);
            Ok(())
        });
        assert_eq!(session, Ok(()));
        assert_eq!(chief.status().alarms, 2);
        assert!(returned(chief));
    });
}

#[test]
fn after_a_resume_only_who_was_healthy_in_between_is_reported_again() {
    play(Plan::default(), |chief| {
        chief.exhaust(0);
        let session = chief.session().with(|session| {
            chief.until(10);
            chief.resume(session);
            chief.until(100);
            assert!(!chief.is_held(session));
            chief.fault(0, MachineFault::Recover);
            chief.until(130);
            chief.exhaust(0);
            chief.until(160);
            assert!(chief.is_held(session));
            assert_eq!(chief.reported(), [(0, vec![0]), (150, vec![0])]);
            Ok(())
        });
        assert_eq!(session, Ok(()));
        assert!(returned(chief));
    });
}

// Whatever else goes wrong.

#[test]
fn a_source_that_panics_or_miscounts_has_given_no_answer() {
    for instead in [Instead::Panics, Instead::TooMuch] {
        play(Plan::default(), move |chief| {
            chief.has_health(instead);
            let session = chief.session().with(|_| {
                chief.until(2);
                assert_eq!(chief.status().failed_polls, 2);
                chief.has_health(Instead::Nothing);
                chief.until(4);
                Ok(())
            });
            assert_eq!(session, Ok(()));
            let status = chief.status();
            assert_eq!((status.polls, status.last_good_poll), (3, Some(secs(3))));
            assert!(returned(chief));
        });
    }
}

#[test]
fn a_report_without_a_thread_has_failed() {
    let plan = Plan {
        clock: |clock| Arc::new(Threadless(clock)),
        ..Plan::default()
    };
    play(plan, |chief| {
        chief.exhaust(0);
        let session = chief.session().with(|session| {
            chief.until(4);
            assert!(chief.is_held(session));
            assert_eq!(chief.status().failed_reports, 3);
            Ok(())
        });
        assert_eq!(session, Ok(()));
        assert_eq!(chief.reported(), []);
        assert!(returned(chief));
    });
}

/// A clock that has no thread for a report.
#[derive(Debug)]
struct Threadless(VirtualClock);

impl Clock for Threadless {
    fn now(&self) -> Duration {
        self.0.now()
    }

    fn sleep(&self, time: Duration) {
        self.0.sleep(time);
    }

    fn wait_for_stop(&self, coord: &Arc<Coordinator>, timeout: Option<Duration>) -> bool {
        self.0.wait_for_stop(coord, timeout)
    }

    fn join(&self, threads: &[Arc<Thread>], grace: Duration) {
        self.0.join(threads, grace);
    }

    fn start_thread(
        &self,
        name: &str,
        coord: Option<&Coordinator>,
        target: Target,
    ) -> Result<Arc<Thread>> {
        match name {
            "ps_report" => Err(Error::runtime("can't start new thread")),
            _ => self.0.start_thread(name, coord, target),
        }
    }

    fn ends_thread_by(&self, payload: &(dyn Any + Send)) -> bool {
        self.0.ends_thread_by(payload)
    }

    fn raw_lock(&self) -> Box<dyn RawLock> {
        self.0.raw_lock()
    }

    fn handler_pool(&self, workers: usize, name: &str) -> Arc<dyn HandlerPool> {
        self.0.handler_pool(workers, name)
    }
}

#[test]
fn a_play_that_ends_leaves_a_poll_and_a_report_quietly() {
    for hangs in [
        MachineFault::SlowPoll(secs(1000)),
        MachineFault::Rss(i64::MAX),
    ] {
        let options = Resilience::default()
            .with_poll_deadline(secs(5000))
            .unwrap();
        let plan = Plan {
            options: options.with_report_deadline(secs(5000)).unwrap(),
            ..acts(&[Act::SucceedsAfter(1000)])
        };
        let (session, threads) = play(plan, move |chief| {
            chief.fault(0, hangs);
            let session = chief.session();
            chief.until(5);
            assert_eq!(chief.fates(), []);
            session
        });
        // Nobody has left it.
        drop(session);
        assert_eq!(threads[0], "ps_health");
    }
}

// The status.

#[test]
fn there_is_no_status_without_a_resilient_watch() {
    let clock: Arc<dyn Clock> = Arc::new(VirtualClock::new(None));
    let config = Config::new(None, 1, Arc::new(LocalMachine::default()), clock);
    let hook = PsHealthCheckerHook::new(config);
    assert_eq!(hook.watch_status(), None);
    let hook = hook.with_resilience(Resilience::default());
    assert_eq!(hook.watch_status(), None);
}

#[test]
fn a_session_has_a_watch_of_its_own_whose_status_begins_anew() {
    play(Plan::default(), |chief| {
        chief.exhaust(0);
        for _ in 0..2 {
            let begun = chief.now();
            let session = chief.session().with(|_| {
                chief.until(begun + 31);
                Ok(())
            });
            assert_eq!(session, Ok(()));
            let status = chief.status();
            assert_eq!((status.polls, status.alarms), (2, 1));
            assert_eq!(status.last_good_poll, Some(secs(begun + 30)));
        }
        assert_eq!(chief.reported(), [(0, vec![0]), (31, vec![0])]);
    });
}

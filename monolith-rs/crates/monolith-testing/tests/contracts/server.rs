//! The controller over real gRPC, its handlers in real and in virtual time.

use std::sync::Arc;

use monolith_training::errors::ErrorKind;
use monolith_training::session::{Session, SessionRunHook};
use tonic::Code;

use crate::chief::{Chief, Gate, RawSession, placed_already};
use crate::stage::{MS, Stage, contracts, seen};

fn unknown(message: &str) -> Result<(), (Code, String)> {
    let details = format!("Exception calling application: {message}");
    Err((Code::Unknown, details))
}

contracts! { of Stage;
    fn every_call_has_the_same_answers_in_the_same_order(stage) {
        let chief = Chief::new(stage, 3);
        let mut session = chief.session(vec![]);
        assert_eq!(chief.status(), (vec![], vec![0, 1, 2]));
        assert_eq!(chief.resume(), Ok(()));
        assert_eq!(chief.stop(), Ok(()));
        assert_eq!(chief.stop(), placed_already());
        assert_eq!(chief.status(), (vec![0], vec![1, 2]));
        assert_eq!(chief.resume(), Ok(()));
        assert_eq!(chief.status(), (vec![], vec![0, 1, 2]));
        for step in 0..3 {
            assert_eq!(chief.global_step(), Ok(step));
            session.run(Session::train_step).unwrap();
        }
        assert_eq!(chief.save(), Ok(()));
        assert!(chief.model_dir().join("model.ckpt-3").exists());
        session.leave(None).unwrap();
    }

    fn a_blocked_worker_is_seen_until_it_has_noticed_the_resume(stage) {
        let (chief, raw) = (Chief::new(stage, 3), Arc::<RawSession>::default());
        let mut session = chief.session(vec![raw.clone()]);
        chief.stop().unwrap();
        let worker = chief.worker(&raw.get());
        stage.until(|| chief.status() == (vec![0, 1], vec![2]));
        chief.resume().unwrap();
        stage.until_ended(&[worker]);
        assert_eq!(chief.status(), (vec![], vec![0, 1, 2]));
        session.leave(None).unwrap();
    }

    fn a_third_call_waits_behind_two_that_are_handled(stage) {
        let (chief, inside, gate) = (Chief::new(stage, 1), Gate::default(), Gate::default());
        let (own, within, open) = (stage.clone(), inside.clone(), gate.clone());
        chief.react(move |_, _| {
            within.open();
            own.until(|| open.is_open());
        });
        let mut session = chief.session(vec![]);
        let first = chief.beside(Chief::stop);
        stage.until(|| inside.is_open());
        let second = chief.beside(Chief::stop);
        stage.until(|| chief.counts.came() == 2);
        let third = chief.beside(Chief::global_step);
        stage.until(|| chief.counts.came() == 3);
        stage.clock.sleep(10 * MS);
        assert!(seen(&first).is_empty() && seen(&second).is_empty() && seen(&third).is_empty());
        gate.open();
        let answered = || [&first, &second].iter().all(|it| seen(it).len() == 1);
        stage.until(|| answered() && seen(&third).len() == 1);
        assert_eq!((seen(&first), seen(&second)), (vec![Ok(())], vec![placed_already()]));
        assert_eq!(seen(&third), [Ok(0)]);
        assert_eq!(chief.counts.most(), 2);
        session.leave(None).unwrap();
    }

    fn of_simultaneous_stops_one_is_ok(stage) {
        let chief = Chief::new(stage, 1);
        let mut session = chief.session(vec![]);
        let calls: Vec<_> = (0..8).map(|_| chief.beside(Chief::stop)).collect();
        stage.until(|| calls.iter().all(|call| seen(call).len() == 1));
        let results: Vec<_> = calls.iter().flat_map(seen).collect();
        assert_eq!(results.iter().filter(|it| it.is_ok()).count(), 1);
        assert_eq!(results.iter().filter(|it| **it == placed_already()).count(), 7);
        session.leave(None).unwrap();
    }

    fn a_callback_that_panics_is_unknown_with_its_message_and_frees_the_barrier(stage) {
        let chief = Chief::new(stage, 2);
        let mut session = chief.session(vec![]);
        for message in ["broken", "Zürich 東京 🚂", "100 % of %41", &"x".repeat(2000)] {
            let text = message.to_owned();
            chief.react(move |_, _| panic!("{text}"));
            assert_eq!(chief.stop(), unknown(message));
            // Its two handlers and the lock are free for others.
            for _ in 0..3 {
                assert_eq!(chief.stop(), placed_already());
            }
            assert_eq!(chief.status(), (vec![0], vec![1]));
            assert_eq!(chief.resume(), Ok(()));
        }
        chief.react_no_more();
        assert_eq!(chief.stop(), Ok(()));
        session.run(Session::train_step).unwrap();
        session.leave(None).unwrap();
    }

    fn after_the_end_new_calls_are_refused(stage) {
        let chief = Chief::new(stage, 1);
        let mut session = chief.session(vec![]);
        assert_eq!(chief.resume(), Ok(()));
        session.leave(None).unwrap();
        assert_eq!(chief.resume().unwrap_err().0, Code::Unavailable);
        assert!(!chief.address().is_empty());
    }

    fn a_call_that_is_handled_at_the_end_has_the_grace_and_is_answered(stage) {
        let (chief, gate) = (Chief::new(stage, 1), Gate::default());
        let (own, open) = (stage.clone(), gate.clone());
        chief.react(move |_, _| own.until(|| open.is_open()));
        let raw = Arc::<RawSession>::default();
        let mut session = chief.session(vec![raw.clone()]);
        let running = chief.beside(Chief::stop);
        stage.until(|| chief.counts.running() == 1);
        chief.server.end(&raw.get()).unwrap();
        assert_eq!(chief.resume().unwrap_err().0, Code::Unavailable);
        // Long enough to tell a grace of 20 s from one of as many milliseconds.
        stage.clock.sleep(100 * MS);
        assert_eq!(seen(&running), []);
        gate.open();
        stage.until(|| seen(&running).len() == 1);
        assert_eq!(seen(&running), [Ok(())]);
        session.leave(None).unwrap();
    }

    fn a_second_end_is_nothing_and_one_before_a_session_is_an_error(stage) {
        let (chief, raw) = (Chief::new(stage, 1), Arc::<RawSession>::default());
        let unused = Session::new(&chief.graph, 0).unwrap();
        let error = chief.server.end(&unused).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AttributeError);
        let mut session = chief.session(vec![raw.clone()]);
        chief.server.end(&raw.get()).unwrap();
        session.leave(None).unwrap();
    }

    fn the_next_session_has_another_server_at_the_address_in_the_file(stage) {
        let chief = Chief::new(stage, 1);
        let mut addresses = Vec::new();
        for _ in 0..2 {
            let mut session = chief.session(vec![]);
            addresses.push(chief.address());
            assert_eq!(chief.resume(), Ok(()));
            session.leave(None).unwrap();
        }
        assert_ne!(addresses[0], addresses[1]);
    }
}

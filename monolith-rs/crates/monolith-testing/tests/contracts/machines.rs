//! Machine info of fake parameter servers and of this process.

use std::sync::Arc;
use std::time::Duration;

use monolith_testing::machines::{MachineFault, Machines};
use monolith_testing::strikes::Strikes;
use monolith_testing::virtual_clock::VirtualClock;
use monolith_training::clock::{Clock, SystemClock};
use monolith_training::device_utils::ps_device;
use monolith_training::hooks::ps_check_hooks::get_ps_machine_info_shared_name;
use monolith_training::logging_ops::machine_health_result::MachineHealthStatus;
use monolith_training::logging_ops::{
    HealthSource, LocalMachine, MachineInfo, parse_machine_health, resident_memory,
};

use crate::stage::{PATIENCE, contracts};

/// The limit of machine info that is created without one.
const DEFAULT: i64 = 9;

/// Two parameter servers, and roughly the memory that each has.
struct Cluster {
    source: Box<dyn HealthSource>,
    memory: i64,
}

impl Cluster {
    fn fake(contract: fn(&Self)) {
        let memory = 1 << 30;
        let (clock, strikes) = (Arc::new(SystemClock), Arc::new(Strikes::default()));
        let source = Box::new(Machines::new(clock, strikes, DEFAULT, &[memory, memory]));
        contract(&Self { source, memory });
    }

    fn real(contract: fn(&Self)) {
        let source = Box::new(LocalMachine::with_default_mem_limit(DEFAULT));
        let memory = resident_memory().unwrap();
        contract(&Self { source, memory });
    }

    fn info(&self, ps: usize, limit: Option<i64>) -> MachineInfo {
        let name = get_ps_machine_info_shared_name(ps);
        self.source
            .machine_info(&ps_device(ps), &name, limit)
            .unwrap()
    }

    fn poll(&self, machines: &[MachineInfo]) -> Vec<Vec<u8>> {
        self.source.check_machine_health(machines).unwrap()
    }

    /// The status of new machine info of the first one.
    fn status(&self, limit: i64) -> Vec<u8> {
        let machine = self.info(0, Some(limit));
        self.poll(&[machine]).remove(0)
    }
}

/// The memory and the limit that an alarm names.
fn parsed(status: &[u8]) -> (i64, i64) {
    let result = parse_machine_health(status).unwrap();
    assert_eq!(result.status(), MachineHealthStatus::OutOfMemory);
    let message = result.message();
    let (current, limit) = message
        .strip_prefix("Memory limit exceeded. Current: ")
        .and_then(|rest| rest.split_once(", Limit: "))
        .unwrap();
    (current.parse().unwrap(), limit.parse().unwrap())
}

fn limits(statuses: &[Vec<u8>]) -> Vec<i64> {
    statuses.iter().map(|status| parsed(status).1).collect()
}

contracts! { of Cluster;
    fn memory_far_below_the_limit_is_no_bytes_at_all(cluster) {
        assert!(cluster.status(8 * cluster.memory).is_empty());
    }

    fn memory_above_the_limit_names_both(cluster) {
        let limit = cluster.memory / 2;
        let (current, named) = parsed(&cluster.status(limit));
        assert_eq!(named, limit);
        assert!(cluster.memory / 4 < current && current < cluster.memory * 4);
    }

    fn an_alarm_names_a_memory_that_has_reached_the_limit(cluster) {
        // Real memory moves between two looks; what an alarm says of itself is right all the same.
        let status = cluster.status(cluster.memory);
        if !status.is_empty() {
            let (current, limit) = parsed(&status);
            assert!(current >= limit);
        }
    }

    fn no_process_is_healthy_under_a_limit_of_nothing_or_less(cluster) {
        let first = parsed(&cluster.status(i64::MIN));
        assert_eq!(first.1, i64::MIN);
        let machine = cluster.info(1, Some(0));
        assert_eq!(limits(&cluster.poll(&[machine])), [0]);
    }

    fn every_process_is_healthy_under_the_greatest_limit(cluster) {
        assert!(cluster.status(i64::MAX).is_empty());
    }

    fn each_ps_has_a_limit_of_its_own(cluster) {
        let polled = [cluster.info(0, Some(8 * cluster.memory)), cluster.info(1, Some(7))];
        let statuses = cluster.poll(&polled);
        assert!(statuses[0].is_empty());
        assert_eq!(parsed(&statuses[1]).1, 7);
    }

    fn the_first_creation_fixes_the_limit(cluster) {
        let first = cluster.info(0, Some(7));
        let again = cluster.info(0, Some(1 << 62));
        let without = cluster.info(0, None);
        assert_eq!(limits(&cluster.poll(&[first, again, without])), [7, 7, 7]);
    }

    fn a_limit_that_is_not_given_is_the_default_one(cluster) {
        let polled = [cluster.info(0, None), cluster.info(1, Some(8))];
        assert_eq!(limits(&cluster.poll(&polled)), [DEFAULT, 8]);
        let later = cluster.info(0, Some(1 << 62));
        assert_eq!(limits(&cluster.poll(&[later])), [DEFAULT]);
    }

    fn one_name_on_two_devices_is_two_resources(cluster) {
        let source = &cluster.source;
        let first = source.machine_info(&ps_device(0), "one", Some(7)).unwrap();
        let second = source.machine_info(&ps_device(1), "one", Some(8)).unwrap();
        assert_eq!(limits(&cluster.poll(&[first, second])), [7, 8]);
    }

    fn two_names_on_one_device_are_two_resources(cluster) {
        let source = &cluster.source;
        let first = source.machine_info(&ps_device(0), "one", Some(7)).unwrap();
        let second = source.machine_info(&ps_device(0), "two", Some(8)).unwrap();
        assert_eq!(limits(&cluster.poll(&[second, first])), [8, 7]);
    }

    fn a_poll_of_nobody_is_an_empty_one(cluster) {
        assert!(cluster.poll(&[]).is_empty());
    }

    fn a_poll_that_is_in_time_is_as_one_without_a_deadline(cluster) {
        let polled = [cluster.info(0, Some(8 * cluster.memory)), cluster.info(1, Some(7))];
        let statuses = cluster.source.check_within(&polled, PATIENCE).unwrap();
        assert!(statuses[0].is_empty());
        assert_eq!(parsed(&statuses[1]).1, 7);
    }

    fn machine_info_that_was_never_created_is_an_error(cluster) {
        let stranger = MachineInfo { device: ps_device(0), shared_name: "stranger".to_owned() };
        let error = cluster.source.check_machine_health(&[stranger]).unwrap_err();
        let message = format!("NotFoundError: there is no stranger on {}", ps_device(0));
        assert_eq!(error.to_string(), message);
    }
}

/// Not a contract: no machine of this process is slow. When a poll of three ended, by the first
/// that is slow and those after it, and whether it failed.
fn poll_of_slow_ones(seconds: [u64; 3], deadline: u64) -> (u64, Option<String>) {
    let clock = VirtualClock::new(None);
    let inner = clock.clone();
    let polled = clock.run(move || {
        let strikes = Arc::new(Strikes::default());
        let source = Machines::new(Arc::new(inner.clone()), strikes, DEFAULT, &[0; 3]);
        inner.sleep(Duration::from_secs(1000));
        let info = |(ps, seconds)| {
            let takes = Duration::from_secs(seconds);
            source.set(ps, MachineFault::SlowPoll(takes), "faults[0]");
            source.machine_info(&ps_device(ps), "one", None).unwrap()
        };
        let polled: Vec<_> = seconds.into_iter().enumerate().map(info).collect();
        let polled = source.check_within(&polled, Duration::from_secs(deadline));
        let error = polled.err().map(|error| error.to_string());
        (inner.now().as_secs() - 1000, error)
    });
    polled.unwrap()
}

#[test]
fn a_poll_fails_at_its_deadline_by_the_time_of_all_that_it_asks() {
    let given_up = || Some("UnknownError: the poll is given up at its deadline".to_owned());
    assert_eq!(poll_of_slow_ones([9, 0, 0], 5), (5, given_up()));
    assert_eq!(poll_of_slow_ones([2, 2, 2], 5), (5, given_up()));
    assert_eq!(poll_of_slow_ones([5, 1, 0], 5), (5, given_up()));
    assert_eq!(poll_of_slow_ones([2, 2, 1], 5), (5, None));
    assert_eq!(poll_of_slow_ones([5, 0, 0], 5), (5, None));
}

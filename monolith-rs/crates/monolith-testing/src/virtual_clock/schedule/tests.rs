use super::*;

fn at(deadline: u64) -> Park {
    Park::until(Some(deadline), Condition::Nothing)
}

#[test]
fn the_hashes_are_the_published_ones() {
    assert_eq!(fnv1a64(""), 0xcbf2_9ce4_8422_2325);
    assert_eq!(fnv1a64("a"), 0xaf63_dc4c_8601_ec8c);
    assert_eq!(splitmix64(0), 0xe220_a839_7b1d_cdaf);
}

#[test]
fn the_earliest_instant_goes_first_then_the_order_of_parking() {
    let mut schedule = Schedule::new(None);
    schedule.start("late", at(20));
    let first = schedule.start("first", at(10));
    let second = schedule.start("second", at(10));
    assert_eq!(schedule.next(), Some((first, 10)));
    schedule.end(first);
    assert_eq!(schedule.next(), Some((second, 10)));
    schedule.park(second, at(5));
    assert_eq!(schedule.next(), Some((second, 5)));
}

#[test]
fn a_deadline_that_has_passed_counts_as_now() {
    let mut schedule = Schedule::new(None);
    schedule.now = 100;
    let lane = schedule.start("a", at(10));
    assert_eq!(schedule.next(), Some((lane, 100)));
}

#[test]
fn settling_goes_after_everyone_at_the_instant_whatever_the_seed() {
    for seed in 0..50 {
        let mut schedule = Schedule::new(Some(seed));
        let settling = schedule.start("main", at(0));
        schedule.park(
            settling,
            Park {
                last: true,
                ..at(0)
            },
        );
        let other = schedule.start("other", at(0));
        schedule.start("later", at(1));
        assert_eq!(schedule.next(), Some((other, 0)));
        schedule.end(other);
        assert_eq!(schedule.next(), Some((settling, 0)));
    }
}

#[test]
fn equal_labels_and_counts_fall_back_on_the_order_of_parking() {
    let mut schedule = Schedule::new(Some(7));
    let first = schedule.start("controller", at(0));
    schedule.start("controller", at(0));
    assert_eq!(schedule.next(), Some((first, 0)));
}

#[test]
fn nobody_is_next_when_all_wait_for_what_never_comes() {
    let mut schedule = Schedule::new(None);
    let lock = schedule.new_lock();
    assert!(schedule.try_lock(lock));
    let lane = schedule.start("a", Park::until(None, Condition::LockFree(lock)));
    assert_eq!(schedule.next(), None);
    assert_eq!(schedule.describe(), "a waits for a lock");
    schedule.unlock(lock);
    assert_eq!(schedule.next(), Some((lane, 0)));
}

//! Plays a scenario on a port, over fakes and on a virtual clock.
//!
//! - [`player`]: plays one from its first fault to the files that it leaves;
//! - [`beside`]: what steps do that can be done on other lanes than main;
//! - [`lanes`]: other lanes beside main that steps start;
//! - [`workers`]: the other workers' lanes.

mod beside;
mod lanes;
mod player;
mod workers;

pub(crate) use self::player::play;

//! Player of scenarios on a port, with fakes and a virtual clock.
//!
//! - [`player`]: plays a scenario from its first fault to the files that it leaves;
//! - [`beside`]: steps that can also be done on lanes other than main;
//! - [`lanes`]: lanes beside main that steps start;
//! - [`workers`]: the lanes of the other workers.

mod beside;
mod lanes;
mod player;
mod workers;

pub(crate) use self::player::play;

//! What an operator sees, by what is tested of it.

mod run;
mod served;
mod watch;

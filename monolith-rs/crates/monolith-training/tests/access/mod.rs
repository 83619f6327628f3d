//! Controllers with access, by what is tested of them; and what the tests have in common.

mod bounds;
mod calls;
mod chief;
mod files;
mod life;
mod operations;
mod options;
mod probes;
mod raw;
mod under_way;

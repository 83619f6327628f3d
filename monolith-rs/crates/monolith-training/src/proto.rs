//! What `build.rs` makes of the `.proto` files that both languages build from.

/// The controller service; it has no package.
#[allow(missing_docs, clippy::pedantic, unused_qualifications)]
pub mod controller {
    include!(concat!(env!("OUT_DIR"), "/_.rs"));

    /// The service's own description, as reflection tells it.
    pub(crate) const SERVICE_DESCRIPTOR: &[u8] =
        include_bytes!(concat!(env!("OUT_DIR"), "/service.binpb"));
}

/// What state a run is in, since when and by whom.
#[allow(missing_docs, clippy::pedantic, unused_qualifications)]
pub mod operations {
    include!(concat!(env!("OUT_DIR"), "/monolith_hooks.rs"));

    /// The service's own description, as reflection tells it.
    pub(crate) const SERVICE_DESCRIPTOR: &[u8] =
        include_bytes!(concat!(env!("OUT_DIR"), "/operations.binpb"));
}

/// Machine health.
#[allow(missing_docs, clippy::pedantic)]
pub mod health {
    include!(concat!(env!("OUT_DIR"), "/tensorflow.monolith_tf.rs"));
}

/// The messages of the package `monolith`, which is in several files.
#[allow(missing_docs, clippy::pedantic)]
mod monolith {
    include!(concat!(env!("OUT_DIR"), "/monolith.rs"));
}

/// What an operator asks of a run through a file.
pub mod controller_hooks {
    pub use super::monolith::{ControllerHooksProto, controller_hooks_proto};
}

/// How many features of each slot there are at a checkpoint.
pub mod ckpt_info {
    pub use super::monolith::CkptInfo;
}

/// Which checkpoint the chief is writing.
#[allow(missing_docs, clippy::pedantic)]
pub mod ckpt_hooks {
    include!(concat!(env!("OUT_DIR"), "/monolith.hooks.rs"));
}

/// When a folder's last save was.
#[allow(missing_docs, clippy::pedantic)]
pub mod native_training {
    include!(concat!(env!("OUT_DIR"), "/monolith.native_training.rs"));
}

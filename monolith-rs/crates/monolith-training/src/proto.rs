//! What `build.rs` makes of the `.proto` files that both languages build from.

/// The controller service; it has no package.
#[allow(missing_docs, clippy::pedantic, unused_qualifications)]
pub mod controller {
    include!(concat!(env!("OUT_DIR"), "/_.rs"));
}

/// Machine health.
#[allow(missing_docs, clippy::pedantic)]
pub mod health {
    include!(concat!(env!("OUT_DIR"), "/tensorflow.monolith_tf.rs"));
}

/// What an operator asks of a run through a file.
#[allow(missing_docs, clippy::pedantic)]
pub mod controller_hooks {
    include!(concat!(env!("OUT_DIR"), "/monolith.rs"));
}

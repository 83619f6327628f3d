//! Compiles the repository's `.proto` files.

use std::error::Error;
use std::path::PathBuf;

use prost::Message;

const PROTOS: [&str; 7] = [
    "ckpt_hooks.proto",
    "ckpt_info.proto",
    "controller_hooks.proto",
    "logging_ops.proto",
    "monolith_checkpoint_state.proto",
    "server/operations.proto",
    "server/service.proto",
];

fn main() -> Result<(), Box<dyn Error>> {
    let crate_dir = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR")?);
    let include = crate_dir
        .ancestors()
        .nth(3)
        .ok_or("the crate lies at monolith-rs/crates/<name> of the repository")?
        .join("monolith_hooks");
    let protos = PROTOS.map(|proto| include.join(proto));
    for proto in &protos {
        println!("cargo:rerun-if-changed={}", proto.display());
    }
    // What reflection tells of each service.
    let out_dir = PathBuf::from(std::env::var("OUT_DIR")?);
    for name in ["service", "operations"] {
        let proto = include.join(format!("server/{name}.proto"));
        let described = protox::compile([proto], [&include])?.encode_to_vec();
        std::fs::write(out_dir.join(format!("{name}.binpb")), described)?;
    }
    tonic_prost_build::configure()
        .build_transport(false)
        .btree_map(".")
        .codec_path("crate::hooks::server::codec::ControllerCodec")
        .emit_rerun_if_changed(false)
        .compile_fds(protox::compile(&protos, [&include])?)?;
    Ok(())
}

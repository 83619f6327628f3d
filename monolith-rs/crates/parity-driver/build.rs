//! Computes the digest of the sources that the driver is built from.

use std::error::Error;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

const PROTOS: [&str; 3] = [
    "monolith_hooks/controller_hooks.proto",
    "monolith_hooks/logging_ops.proto",
    "monolith_hooks/server/service.proto",
];

fn main() -> Result<(), Box<dyn Error>> {
    let crate_dir = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR")?);
    let root = crate_dir
        .ancestors()
        .nth(3)
        .ok_or("the crate lies at monolith-rs/crates/<name> of the repository")?;
    let digest = source_digest(root)?;
    println!("cargo:rustc-env=MONOLITH_SOURCE_DIGEST={digest}");
    Ok(())
}

/// `sha256:` and the digest over `path NUL length NUL content` of each source of
/// every crate, in byte order of the paths. `parity.base.project` computes the same in Python.
fn source_digest(root: &Path) -> Result<String, Box<dyn Error>> {
    let mut files: Vec<String> = PROTOS.iter().map(ToString::to_string).collect();
    files.push("monolith-rs/Cargo.toml".into());
    files.push("monolith-rs/Cargo.lock".into());
    let crates = root.join("monolith-rs/crates");
    println!("cargo:rerun-if-changed={}", crates.display());
    for entry in fs::read_dir(&crates)? {
        let dir = entry?.path();
        for name in ["Cargo.toml", "build.rs"] {
            if dir.join(name).is_file() {
                files.push(relative(root, &dir.join(name))?);
            }
        }
        if dir.join("src").is_dir() {
            collect_rust_files(root, &dir.join("src"), &mut files)?;
        }
    }
    files.sort();
    let mut hasher = Sha256::new();
    for file in &files {
        let path = root.join(file);
        println!("cargo:rerun-if-changed={}", path.display());
        let content = fs::read(&path)?;
        hasher.update(file.as_bytes());
        hasher.update([0]);
        hasher.update(content.len().to_string().as_bytes());
        hasher.update([0]);
        hasher.update(&content);
    }
    let mut hex = String::new();
    for byte in hasher.finalize() {
        write!(hex, "{byte:02x}")?;
    }
    Ok(format!("sha256:{hex}"))
}

fn collect_rust_files(
    root: &Path,
    dir: &Path,
    files: &mut Vec<String>,
) -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed={}", dir.display());
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() {
            collect_rust_files(root, &path, files)?;
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            files.push(relative(root, &path)?);
        }
    }
    Ok(())
}

fn relative(root: &Path, path: &Path) -> Result<String, Box<dyn Error>> {
    let parts: Vec<String> = path
        .strip_prefix(root)?
        .components()
        .map(|part| part.as_os_str().to_string_lossy().into_owned())
        .collect();
    Ok(parts.join("/"))
}

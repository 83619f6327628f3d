//! Computes the digest of the sources that the driver is built from.

use std::error::Error;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

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
    let mut files = vec![
        "monolith-rs/Cargo.toml".into(),
        "monolith-rs/Cargo.lock".into(),
    ];
    collect_files(root, &root.join("monolith_hooks"), "proto", &mut files)?;
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
            collect_files(root, &dir.join("src"), "rs", &mut files)?;
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

fn collect_files(
    root: &Path,
    dir: &Path,
    ending: &str,
    files: &mut Vec<String>,
) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() {
            collect_files(root, &path, ending, files)?;
        } else if path.extension().is_some_and(|is| is == ending) {
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

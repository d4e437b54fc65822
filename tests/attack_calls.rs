//! Whatever functions are called, with whatever arguments, in whatever order, and whatever callbacks do: an error or a result.
//! `scripts/fuzz_calls` says what is drawn and what is checked. Here it runs the seeds that have found something, and some
//! rounds that are the same each time; `AUTOGRAD_ATTACK` says how many times as many (`make attack`).

mod programs;

use programs::{library, root};
use std::path::PathBuf;
use std::process::Command;

#[test]
fn random_calls() {
    if Command::new("python3").arg("--version").output().is_err() {
        println!("NOT RUN: there is no Python on this machine");
        return;
    }
    let times: usize = std::env::var("AUTOGRAD_ATTACK").ok().and_then(|n| n.parse().ok()).unwrap_or(1);
    let output = Command::new("python3")
        .arg(root().join("scripts/fuzz_calls"))
        .args(["--seed", "1", "--rounds", &(ROUNDS * times).to_string()])
        .arg("--library")
        .arg(library())
        .arg("--folder")
        .arg(PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("fuzz"))
        .output()
        .expect("Python can be started");
    let said = String::from_utf8_lossy(&output.stdout);
    println!("{said}");
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("nothing found"), "{said}");
}

/// About ten seconds.
const ROUNDS: usize = 250;

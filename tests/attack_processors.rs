//! Programs of `tests/c` on processors that know less than this one, as QEMU imitates them: no instruction that they don't
//! know, and the same results within the programs' own bounds. Among the ordinary tests it is one program on one
//! processor; where `AUTOGRAD_ATTACK` is set (`make attack`), many on all of them.

#![cfg(target_arch = "x86_64")]

mod programs;

use programs::{Kind, build, library, root};
use std::process::Command;

/// Before SSE4, before AVX, and with AVX2 and FMA.
const PROCESSORS: [&str; 3] = ["core2duo", "Nehalem", "Haswell"];

/// What depends on the processor, and the barrier in all threads at once (`presence`). The first one is the short form. Those
/// that take minutes there are left out, such as `threads`.
const PROGRAMS: [&str; 17] = [
    "operations",
    "arrays",
    "choose",
    "complex",
    "convolutions",
    "indexing",
    "kernels",
    "numbers",
    "operators",
    "order",
    "polynomials",
    "presence",
    "primitives",
    "products",
    "rules",
    "scans",
    "trees",
];

#[test]
fn programs_on_older_processors() {
    if Command::new("qemu-x86_64").arg("--version").output().is_err() {
        println!("NOT RUN: there is no qemu-x86_64 (QEMU's user mode) on this machine");
        return;
    }
    let long = std::env::var_os("AUTOGRAD_ATTACK").is_some();
    let (processors, programs) =
        if long { (&PROCESSORS[..], &PROGRAMS[..]) } else { (&PROCESSORS[..1], &PROGRAMS[..1]) };
    let mut failures = String::new();
    for stem in programs {
        let program = build(&root().join(format!("tests/c/{stem}.c")), &format!("{stem}.processors"), Kind::C);
        for processor in processors {
            let output = Command::new("qemu-x86_64")
                .args(["-cpu", processor])
                .arg(&program)
                .env("LD_LIBRARY_PATH", library())
                .env("AUTOGRAD_TEST_SLOW_MACHINE", "1")
                .output()
                .expect("it can be started");
            if !output.status.success() {
                failures += &format!(
                    "\n== {stem} on {processor} ({})\n{}{}",
                    output.status,
                    String::from_utf8_lossy(&output.stdout),
                    String::from_utf8_lossy(&output.stderr)
                );
            }
        }
    }
    assert!(failures.is_empty(), "{failures}");
}

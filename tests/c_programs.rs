//! Compiles the programs of `tests/c` against the shared library and runs them: as C99, as C++, under valgrind, and with
//! the address and undefined-behaviour sanitizers. A new program needs no line here: every `.c` file is one.

mod built;

use built::{library, root};
use std::path::{Path, PathBuf};
use std::process::Command;

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    C,
    Cpp,
    Sanitized,
}

/// The compiler as the `cc` crate finds it.
fn compiler(cpp: bool) -> Command {
    let target = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    cc::Build::new()
        .cpp(cpp)
        .target(&target)
        .host(&target)
        .opt_level(1)
        .debug(true)
        .cargo_metadata(false)
        .cargo_warnings(false)
        .get_compiler()
        .to_command()
}

/// Compiles a program, under a name of its own, since tests run at the same time.
fn build(source: &Path, stem: &str, kind: Kind) -> PathBuf {
    let suffix = match kind {
        Kind::C => "c",
        Kind::Cpp => "cpp",
        Kind::Sanitized => "asan",
    };
    let program = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{stem}.{suffix}"));
    let mut command = compiler(kind == Kind::Cpp);
    match kind {
        Kind::Cpp => command.args(["-std=c++17", "-x", "c++"]),
        _ => command.arg("-std=c99"),
    };
    command.args(["-Wall", "-Wextra", "-pedantic", "-Werror", "-g"]);
    if kind == Kind::Sanitized {
        command.args(["-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-fno-omit-frame-pointer"]);
    }
    command.arg("-I").arg(root().join("include")).arg(source);
    if kind == Kind::Cpp {
        command.args(["-x", "none"]);
    }
    command.arg("-L").arg(library()).arg("-lautograd").args(["-lm", "-pthread", "-ldl"]).arg("-o").arg(&program);
    let output = command.output().expect("there is a C compiler");
    assert!(output.status.success(), "{}: {}", source.display(), String::from_utf8_lossy(&output.stderr));
    program
}

fn sources() -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir(root().join("tests/c"))
        .expect("tests/c is there")
        .map(|e| e.expect("readable").path())
        .filter(|p| p.extension().is_some_and(|e| e == "c"))
        .collect();
    found.sort();
    assert!(found.len() >= 8, "the C programs are gone");
    found
}

/// Runs what `command` makes of each program; collects the failures so that all are seen at once.
fn run_all(kind: Kind, command: impl Fn(&Path) -> Command) {
    let mut failures = String::new();
    for source in sources() {
        let stem = source.file_stem().expect("a source has a name").to_string_lossy();
        let program = build(&source, &stem, kind);
        let output = command(&program).env("LD_LIBRARY_PATH", library()).output().expect("the program can be started");
        if !output.status.success() {
            failures += &format!(
                "\n== {} ({})\n{}{}",
                source.display(),
                output.status,
                String::from_utf8_lossy(&output.stdout),
                String::from_utf8_lossy(&output.stderr)
            );
        }
    }
    assert!(failures.is_empty(), "{failures}");
}

#[test]
fn as_c99() {
    run_all(Kind::C, |program| Command::new(program));
}

#[test]
fn as_cpp() {
    run_all(Kind::Cpp, |program| Command::new(program));
}

#[test]
fn with_sanitizers() {
    run_all(Kind::Sanitized, |program| {
        let mut command = Command::new(program);
        command.env("UBSAN_OPTIONS", "print_stacktrace=1");
        command
    });
}

#[test]
fn under_valgrind() {
    if Command::new("valgrind").arg("--version").output().is_err() {
        println!("NOT RUN: there is no valgrind on this machine");
        return;
    }
    run_all(Kind::C, |program| {
        let mut command = Command::new("valgrind");
        command
            .args([
                "--quiet",
                "--error-exitcode=9",
                "--leak-check=full",
                "--show-leak-kinds=definite,indirect,possible",
            ])
            .args(["--errors-for-leak-kinds=definite,indirect,possible", "--fair-sched=yes"])
            .env("AUTOGRAD_TEST_SLOW_MACHINE", "1")
            .arg(program);
        command
    });
}

/// The symbols of the shared library are the functions of the header, and nothing else.
#[test]
fn exported_symbols() {
    let output = Command::new("nm").args(["-D", "--defined-only"]).arg(library().join("libautograd.so")).output();
    let output = output.expect("binutils come with the C compiler");
    let text = String::from_utf8(output.stdout).expect("symbols are ASCII");
    let mut exported: Vec<&str> = text.lines().filter_map(|l| l.split_whitespace().last()).collect();
    exported.sort_unstable();
    let header = std::fs::read_to_string(root().join("include/autograd.h")).expect("the header is there");
    let mut declared: Vec<&str> = header
        .split("AG_API")
        .skip(1)
        .filter_map(|rest| rest.split('(').next()?.split([' ', '*', '\n']).rfind(|w| !w.is_empty()))
        .filter(|name| name.starts_with("ag_"))
        .collect();
    declared.sort_unstable();
    assert_eq!(exported, declared);
}

/// No other library than libc's own and the compiler's is needed at run time; the SONAME is what packages expect.
#[test]
fn needed_libraries() {
    let output = Command::new("readelf").arg("-d").arg(library().join("libautograd.so")).output();
    let text = String::from_utf8(output.expect("binutils come with the C compiler").stdout).expect("ASCII");
    assert!(text.contains("[libautograd.so.0]"), "{text}");
    for line in text.lines().filter(|l| l.contains("(NEEDED)")) {
        let known = ["libc.so.6", "libm.so.6", "libgcc_s.so.1", "ld-linux"].iter().any(|k| line.contains(k));
        assert!(known, "{line}");
    }
}

/// Contexts share nothing that has to be locked, says a tool that knows locks and threads but not our workers' atomic
/// words. (ThreadSanitizer, which knows both, is `make test-threads`.)
#[test]
fn threads_under_helgrind() {
    if Command::new("valgrind").arg("--version").output().is_err() {
        println!("NOT RUN: there is no valgrind on this machine");
        return;
    }
    let program = build(&root().join("tests/c/threads.c"), "threads.helgrind", Kind::C);
    let output = Command::new("valgrind")
        .args(["--tool=helgrind", "--quiet", "--error-exitcode=9", "--fair-sched=yes"])
        .env("AUTOGRAD_TEST_SLOW_MACHINE", "1")
        .env("AUTOGRAD_TEST_ONE_WORKER", "1")
        .env("LD_LIBRARY_PATH", library())
        .arg(program)
        .output()
        .expect("valgrind can be started");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}{said}", String::from_utf8_lossy(&output.stdout));
}

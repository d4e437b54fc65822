//! What the tests that run programs of `tests/c` share: the library where the linker finds it, and the compiler.
#![allow(dead_code)]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A folder with the shared library under the names that the linker and the loader look for.
pub fn library() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let deps = std::env::current_exe().expect("a test has a path").parent().expect("in a folder").to_path_buf();
        let built = ["libautograd.so", "../libautograd.so"].map(|p| deps.join(p)).into_iter().find(|p| p.exists());
        let built = built.expect("cargo test builds the shared library");
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("lib");
        std::fs::create_dir_all(&folder).expect("the target folder is writable");
        for name in ["libautograd.so", "libautograd.so.0"] {
            let link = folder.join(name);
            let _ = std::fs::remove_file(&link);
            std::os::unix::fs::symlink(&built, &link).expect("the target folder takes links");
        }
        folder
    })
}

#[derive(Clone, Copy, PartialEq)]
pub enum Kind {
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
pub fn build(source: &Path, stem: &str, kind: Kind) -> PathBuf {
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

//! Where the library is that `cargo test` has built.

use std::path::{Path, PathBuf};
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

//! Names the shared library for the dynamic loader. Nothing is written outside the build directory.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    // Without a SONAME, programs linked against the build tree would record its absolute path.
    if std::env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("linux") {
        println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libautograd.so.0");
    }
}

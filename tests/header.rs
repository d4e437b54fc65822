//! The C header: committed, and equal to what cbindgen renders from `src/capi`.
//!
//! `make header` (that is `AUTOGRAD_UPDATE_HEADER=1 cargo test --test header`) writes it.

use std::path::Path;
use std::process::Command;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn render() -> String {
    let mut config = cbindgen::Config::from_file(root().join("cbindgen.toml")).expect("cbindgen.toml is readable");
    config.after_includes = Some(format!(
        "\n#define AUTOGRAD_VERSION_STRING \"{}\"\n\n{}",
        env!("CARGO_PKG_VERSION"),
        "#if defined(_WIN32)\n#define AG_API __declspec(dllimport)\n#else\n#define AG_API __attribute__((visibility(\"default\")))\n#endif"
    ));
    let sources = [
        "handle",
        "context",
        "scope",
        "array",
        "elementwise",
        "choice",
        "with_complex",
        "number",
        "reduce",
        "masked",
        "product",
        "convolve",
        "polynomial",
        "positions",
        "shape",
        "arrange",
        "diagonal",
        "join",
        "pad",
        "space",
        "scan",
        "order",
        "quantile",
        "nan",
        "statistics",
        "choose",
        "index",
        "tape",
        "function",
        "check",
        "operators",
        "implicit",
        "diagnosis",
        "primitive",
        "raw",
        "tree",
        "tree_operators",
        "tree_linear",
        "tree_equations",
        "array_functions",
        "optimize",
        "files",
    ];
    let mut builder = cbindgen::Builder::new().with_config(config);
    for name in sources {
        builder = builder.with_src(root().join(format!("src/capi/{name}.rs")));
    }
    let mut out = Vec::new();
    builder.generate().expect("cbindgen renders src/capi").write(&mut out);
    String::from_utf8(out).expect("the header is UTF-8")
}

#[test]
fn the_committed_header_is_up_to_date() {
    let fresh = render();
    let debug = render_debug(&fresh);
    for (name, fresh) in [("autograd.h", fresh), ("autograd_debug.h", debug)] {
        let path = root().join("include").join(name);
        if std::env::var_os("AUTOGRAD_UPDATE_HEADER").is_some() {
            std::fs::write(&path, fresh).expect("include/ is writable");
            continue;
        }
        let committed = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(committed == fresh, "include/{name} is not what src/capi says; `make header` renders it anew");
    }
}

/// The macros that put file and line into calls: one for each function that makes arrays.
fn render_debug(header: &str) -> String {
    let mut macros = String::new();
    for declaration in header.split("\nAG_API").skip(1) {
        let declaration = declaration.split(';').next().expect("a declaration ends").replace("struct ", "");
        let (head, parameters) = declaration.split_once('(').expect("a function has parameters");
        let name = head.split([' ', '*', '\n']).rfind(|w| !w.is_empty()).expect("a function has a name");
        // What reads the pending error, or names something, is no call that fails.
        let silent = ["ag_here", "ag_label", "ag_context_free"].contains(&name) || name.starts_with("ag_error");
        if silent {
            continue;
        }
        if parameters.starts_with("ag_context *cx,") {
            macros += &format!("#define {name}(cx, ...) {name}(AG_HERE(cx), __VA_ARGS__)\n");
        } else if parameters.starts_with("ag_context *cx)") {
            macros += &format!("#define {name}(cx) {name}(AG_HERE(cx))\n");
        }
    }
    DEBUG_HEADER.replace("@MACROS@", macros.trim_end())
}

const DEBUG_HEADER: &str = "\
/* autograd_debug.h: where functions are called, for the messages of errors and of ag_anomaly_begin, for pictures and traces.
 *
 * By hand, before the calls of interest:
 *
 *     AG_HERE(cx);
 *     ag_array y = ag_log(cx, x);
 *
 * or everywhere, without a change of the program: compile it with -DAG_TRACE_LINES and include this file instead of
 * autograd.h (or after it, or with the compiler's option -include). Then every function that can fail is a macro of the
 * same name that says its file and line first. It costs a call per call. An expression that spans several lines counts as
 * one line of them.
 */
#ifndef AUTOGRAD_DEBUG_H
#define AUTOGRAD_DEBUG_H

#include \"autograd.h\"

/* Operations from here on are called at this line. Its value is cx. */
#define AG_HERE(cx) ag_here((cx), __FILE__, __LINE__)

#ifdef AG_TRACE_LINES
@MACROS@
#endif

#endif
";

/// Names of the functions that the header declares.
fn declared() -> Vec<String> {
    let header = std::fs::read_to_string(root().join("include/autograd.h")).expect("the header is there");
    let mut names: Vec<String> = header
        .split("AG_API")
        .skip(1)
        .filter_map(|rest| {
            let name = rest.split('(').next()?.split([' ', '*', '\n']).rfind(|w| !w.is_empty())?;
            name.starts_with("ag_").then(|| name.to_string())
        })
        .collect();
    names.sort();
    names.dedup();
    names
}

#[test]
fn every_exported_function_is_declared_and_called_from_c() {
    let declared = declared();
    assert!(declared.len() > 150, "only {} functions found in the header", declared.len());
    let mut exported = Vec::new();
    let mut paths = vec![root().join("src/capi")];
    while let Some(path) = paths.pop() {
        if path.is_dir() {
            paths.extend(std::fs::read_dir(path).expect("readable").map(|entry| entry.expect("readable").path()));
            continue;
        }
        let text = std::fs::read_to_string(path).expect("readable");
        exported.extend(
            text.split("extern \"C\" fn ag_")
                .skip(1)
                .map(|rest| format!("ag_{}", rest.split('(').next().expect("a function has parameters"))),
        );
    }
    exported.sort();
    assert_eq!(declared, exported, "functions of src/capi, and those of the header");

    let mut programs = String::new();
    for entry in std::fs::read_dir(root().join("tests/c")).expect("tests/c is there") {
        programs += &std::fs::read_to_string(entry.expect("readable").path()).expect("readable");
    }
    let words: std::collections::HashSet<&str> = programs.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
    let missing: Vec<&String> = declared.iter().filter(|name| !words.contains(name.as_str())).collect();
    assert!(missing.is_empty(), "no C test calls {missing:?}");
}

#[test]
fn every_declaration_has_a_comment() {
    let header = std::fs::read_to_string(root().join("include/autograd.h")).expect("the header is there");
    let lines: Vec<&str> = header.lines().collect();
    for (i, line) in lines.iter().enumerate() {
        if line.starts_with("AG_API") {
            assert!(lines[i - 1].trim_end().ends_with("*/"), "no comment before: {line}");
        }
    }
}

/// The header alone, included twice, under strict flags, in every standard.
#[test]
fn the_header_compiles_alone() {
    let dir = std::path::PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let compile = |tool: &str, extension: &str, standard: &str, flags: &[&str]| {
        let source = dir.join(format!("alone.{extension}"));
        let text =
            "#include <autograd.h>\n#include <autograd.h>\n#define AG_TRACE_LINES\n#include <autograd_debug.h>\n";
        std::fs::write(&source, text).expect("the target folder is writable");
        let output = Command::new(tool)
            .arg(format!("-std={standard}"))
            .args(["-Wall", "-Wextra", "-pedantic", "-Werror", "-fsyntax-only"])
            .args(flags)
            .arg("-I")
            .arg(root().join("include"))
            .arg(&source)
            .output()
            .unwrap_or_else(|e| panic!("{tool} cannot be run: {e}"));
        assert!(output.status.success(), "{tool} -std={standard}:\n{}", String::from_utf8_lossy(&output.stderr));
    };
    let cc = std::env::var("CC").unwrap_or_else(|_| "cc".into());
    let cxx = std::env::var("CXX").unwrap_or_else(|_| "c++".into());
    for standard in ["c99", "c11", "c17"] {
        compile(&cc, "c", standard, &["-Wstrict-prototypes", "-Wc++-compat"]);
    }
    for standard in ["c++11", "c++17", "c++20"] {
        compile(&cxx, "cpp", standard, &[]);
    }
}

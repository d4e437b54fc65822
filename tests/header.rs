//! The C header: committed, and equal to what is rendered here. cbindgen makes the declarations out of `src/capi`; here they get
//! their order, in sections, and their layout.
//!
//! `make header` (that is `AUTOGRAD_UPDATE_HEADER=1 cargo test --test header`) writes it.

use std::path::Path;
use std::process::Command;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The sections of the header: a file of `src/capi` and its title.
const SECTIONS: &[(&str, &str)] = &[
    ("handle", "Contexts and handles"),
    ("context", "Errors, memory, threads, versions"),
    ("scope", "Scopes, and handles one by one"),
    ("array", "Making and reading arrays"),
    ("elementwise", "Element-wise functions"),
    ("compare", "Comparisons and logic"),
    ("with_complex", "Arithmetic with a complex number"),
    ("number", "Parts of numbers, rounding, bounds, bits; questions about arrays"),
    ("reduce", "Reductions: over all axes, along one axis, along several axes"),
    ("masked", "Reductions with a mask and an initial value"),
    ("product", "Products of vectors, matrices and tensors"),
    ("convolve", "Convolutions, correlations, pooling"),
    ("polynomial", "Polynomials: vectors of coefficients, the highest power first"),
    ("positions", "Positions as arrays of integers, and sums of rows that belong together"),
    ("shape", "Changes of shape"),
    ("arrange", "Elements in another order, or several times"),
    ("diagonal", "Diagonals and triangles"),
    ("join", "Arrays put together and taken apart"),
    ("pad", "Padding"),
    ("linspace", "Numbers in steps between two ends"),
    ("scan", "Running sums and products, differences, gradients, integrals"),
    ("order", "Sorting, partitioning, searching"),
    ("quantile", "Medians, quantiles, percentiles"),
    ("nan", "Reductions that leave NaN out"),
    ("statistics", "Statistics of samples, counts in bins, interpolation"),
    ("choose", "Choices that depend on conditions, on numbers, on bounds"),
    ("take", "Elements picked, and put, by position or by a mask"),
    ("nonzero", "Where elements are not 0"),
    ("index", "Indexing, as text and as a list of items"),
    ("tape", "Tapes by hand"),
    ("callback", "Functions of the caller's"),
    ("grad", "Gradients and derivatives of functions"),
    ("jacobian", "Jacobians and Hessians, whole or multiplied by something"),
    ("linear", "Derivatives as linear maps"),
    ("check", "Checks of derivatives against differences"),
    ("checkpoint", "Checkpoints: values computed again for the derivative"),
    ("along", "Functions of lines and of coordinates"),
    ("implicit", "Fixed points, roots, solutions of differential equations"),
    ("diagnosis", "Diagnosis: anomalies, pictures and traces of tapes, profiles"),
    ("primitive", "Primitives: functions of the caller's with derivative rules"),
    ("raw", "Primitives written as kernels on memory"),
    ("tree", "Trees: tuples, lists and dicts of arrays"),
    ("tree_operators", "Derivatives of functions of trees"),
    ("tree_linear", "Derivatives of functions of trees as linear maps"),
    ("tree_equations", "Functions of trees: checkpoints, fixed points, roots, differential equations"),
    ("array_functions", "Functions of arrays whose result is a tree"),
    ("optimize", "Training loops and minimizers"),
    ("files", "Arrays and trees in files"),
];

/// Types that a section before the one of their own file asks for, and that section.
const EARLIER: &[(&str, &str)] = &[("ag_context", "handle"), ("ag_drop", "handle"), ("ag_multi_function", "callback")];

/// No line of the header is longer.
const WIDTH: usize = 120;

fn source(module: &str) -> std::path::PathBuf {
    root().join(format!("src/capi/{module}.rs"))
}

/// A declaration of the header with the comment before it.
struct Item {
    name: String,
    /// Lines without slashes.
    comment: Vec<String>,
    /// In one line, but for structs.
    code: String,
}

impl Item {
    /// One that cbindgen rendered, which separates them by blank lines.
    fn read(block: &str) -> Item {
        let mut lines: Vec<&str> = block.lines().collect();
        let comments = lines.iter().take_while(|l| l.starts_with("///")).count();
        let mut code = lines.split_off(comments);
        // A constant that a type has in Rust, such as its null, is none of the header's.
        code.retain(|l| !l.starts_with("#define ag_"));
        let code = code.join("\n");
        let first = code.lines().next().unwrap_or("");
        let words = |text: &str| -> Vec<String> {
            let split = text.split(|c: char| !c.is_alphanumeric() && c != '_');
            split.filter(|w| !w.is_empty()).map(String::from).collect()
        };
        let name = match first.split_once("(*") {
            Some((_, pointer)) if first.starts_with("typedef") => words(pointer)[0].clone(),
            _ if first.starts_with("AG_API") => words(first.split('(').next().unwrap_or("")).pop().expect("a name"),
            _ => words(first)[if first.starts_with("typedef") { 2 } else { 1 }].clone(),
        };
        let comment = lines.iter().map(|l| l.trim_start_matches('/').trim_end().to_string()).collect();
        Item { name, comment, code: without_struct(&code) }
    }

    fn is_constant(&self) -> bool {
        self.code.starts_with("#define")
    }

    fn value(&self) -> Option<i64> {
        self.code.rsplit(' ').next()?.parse().ok()
    }

    /// Whether it belongs to one enumeration with the constant before it.
    fn continues(&self, before: &Item) -> bool {
        let group = |item: &Item| item.name.split('_').take(2).collect::<Vec<_>>().join("_");
        let counts = matches!((before.value(), self.value()), (Some(a), Some(b)) if 0 <= a && a < b);
        self.is_constant() && before.is_constant() && (counts || group(self) == group(before))
    }

    /// The constant with its comment behind, if both fit in one line when constants are `width` wide.
    fn behind(&self, width: usize) -> Option<String> {
        let comment = self.comment.join("").trim().to_string();
        let line = format!("{:width$} ///< {comment}", self.code);
        (self.is_constant() && !comment.is_empty() && line.len() <= WIDTH).then_some(line)
    }

    fn text(&self) -> String {
        let mut text = String::new();
        let comment = |lines: &[String], indent: &str| {
            let filled = fill(lines, WIDTH - indent.len() - "///".len());
            filled.iter().map(|l| format!("{indent}///{l}\n")).collect::<String>()
        };
        text += &comment(&self.comment, "");
        let mut pending = Vec::new();
        for line in self.code.lines() {
            match line.trim_start().strip_prefix("///") {
                Some(words) => pending.push(words.to_string()),
                None => {
                    text += &comment(&std::mem::take(&mut pending), "  ");
                    text += &broken(line);
                    text.push('\n');
                }
            }
        }
        text
    }
}

/// Types by the names that `typedef` gives them.
fn without_struct(code: &str) -> String {
    let definition = "typedef struct ";
    let first = code.lines().next().unwrap_or("");
    match code.strip_prefix(definition) {
        Some(rest) if !first.contains('(') => definition.to_string() + &rest.replace("struct ag_", "ag_"),
        _ => code.replace("struct ag_", "ag_"),
    }
}

/// Lines of a comment, filled anew: paragraphs, and lines that are indented as they are.
fn fill(lines: &[String], width: usize) -> Vec<String> {
    let mut filled: Vec<String> = Vec::new();
    let mut open = false;
    for line in lines {
        if line.trim().is_empty() || line.starts_with("  ") {
            filled.push(line.clone());
            open = false;
            continue;
        }
        for word in line.split_whitespace() {
            match filled.last_mut() {
                Some(last) if open && last.len() + 1 + word.len() <= width => *last = format!("{last} {word}"),
                _ => filled.push(format!(" {word}")),
            }
            open = true;
        }
    }
    filled
}

/// A declaration in lines that are filled with parameters.
fn broken(code: &str) -> String {
    let mut line = String::new();
    let mut lines = Vec::new();
    for part in code.split_inclusive(", ") {
        if line.len() + part.trim_end().len() > WIDTH {
            lines.push(line.trim_end().to_string());
            line = "    ".to_string();
        }
        line += part;
    }
    lines.push(line);
    lines.join("\n")
}

/// The declarations of a section. Blank lines stand around constants, and around what takes more than two lines.
fn section(title: &str, items: &[Item]) -> String {
    let mut text = format!("/* ---- {title} {} */\n", "-".repeat(WIDTH - title.len() - "/* ----   */".len()));
    let mut open = false;
    let mut i = 0;
    while i < items.len() {
        // A group: constants of one enumeration, or one declaration.
        let n = 1 + items[i..].windows(2).take_while(|pair| pair[1].continues(&pair[0])).count();
        let group = &items[i..i + n];
        let short = group.iter().filter(|item| item.behind(0).is_some());
        let width = short.map(|item| item.code.len()).max().unwrap_or(0);
        let lines = |item: &Item| item.behind(width).map_or_else(|| item.text(), |line| line + "\n");
        let block: String = group.iter().map(lines).collect();
        let short = !items[i].is_constant() && block.lines().count() <= 2;
        if !(open && short) {
            text.push('\n');
        }
        text += &block;
        open = short;
        i += n;
    }
    text
}

/// What cbindgen renders from `src/capi`, declaration by declaration.
fn items() -> Vec<Item> {
    let config = cbindgen::Config::from_file(root().join("cbindgen.toml")).expect("cbindgen.toml is readable");
    let mut builder = cbindgen::Builder::new().with_config(config);
    for (module, _) in SECTIONS {
        builder = builder.with_src(source(module));
    }
    let mut out = Vec::new();
    builder.generate().expect("cbindgen renders src/capi").write(&mut out);
    let text = String::from_utf8(out).expect("the header is UTF-8");
    text.split("\n\n").map(|block| block.trim_matches('\n')).filter(|b| !b.is_empty()).map(Item::read).collect()
}

fn render() -> String {
    // The file that defines a name.
    let mut defined = std::collections::HashMap::new();
    for (module, _) in SECTIONS {
        let text = std::fs::read_to_string(source(module)).expect("readable");
        for line in text.lines().filter(|l| l.starts_with("pub ")) {
            let words: Vec<&str> = line.split([' ', '(', ':', '=', ';', '<', '{']).collect();
            if let Some(i) = words.iter().position(|w| ["const", "struct", "type", "fn"].contains(w)) {
                defined.insert(words[i + 1].to_string(), *module);
            }
        }
    }
    defined.extend(EARLIER.iter().map(|(name, module)| (name.to_string(), *module)));
    let mut sorted: std::collections::HashMap<&str, Vec<Item>> = std::collections::HashMap::new();
    for item in items() {
        let module = defined.get(&item.name).unwrap_or_else(|| panic!("no file defines {}: {}", item.name, item.code));
        sorted.entry(module).or_default().push(item);
    }
    let contents: Vec<String> = SECTIONS.iter().map(|(_, title)| format!(" *   {title}")).collect();
    let sections: Vec<String> = SECTIONS.iter().map(|(module, title)| section(title, &sorted[module])).collect();
    HEADER
        .replace("@CONTENTS@", &contents.join("\n"))
        .replace("@VERSION@", env!("CARGO_PKG_VERSION"))
        .replace("@SECTIONS@", &sections.join("\n"))
}

const HEADER: &str = r##"/* autograd.h: automatic differentiation of ordinary functions of n-d arrays, in C.
 *
 * CONVENTIONS
 *
 * Context    An ag_context owns everything: arrays, tapes, primitives, memory. ag_context_free ends it all. Contexts
 *            are independent; one context serves one thread at a time, any thread (AG_ERR_BUSY otherwise).
 * Handles    ag_array and the others are numbers, structs of one uint64_t that are passed by value; {0} is null. A
 *            handle that is null, stale, released twice or of another context is an error (AG_ERR_HANDLE), never
 *            undefined behaviour. ag_is_valid asks without raising one.
 * Scopes     Every result belongs to the innermost open scope and is released when that is left: nothing is freed one
 *            by one. Put a scope around each step of a loop; hand a result outwards with ag_keep, or rebind a handle
 *            that lives longer with ag_set. ag_dup and ag_release are for owners of single values.
 * Errors     The first failure stays in the context, and until ag_error_clear every operation returns its null (the
 *            null array, NULL, NaN, 0) at once. So expressions nest, ag_sum(cx, ag_mul(cx, r, r)), and one look at
 *            ag_error(cx) at the end is enough. The message names the operation, what was expected and what came, and
 *            with autograd_debug.h the line of the call.
 * Kept       A function that keeps a callback beyond its call takes a `drop` and says so in its first sentence.
 * Options    A struct with nothing but its struct_size set means the defaults, and so does NULL where it is allowed.
 * Arrays     are immutable. Shapes are int64_t, row-major; axes may be negative, counted from the end; dtypes AG_BOOL
 *            to AG_C128 mix as in NumPy 2. A `double` argument takes the precision of the array that it meets; beside
 *            integers a whole number is an integer.
 * Recording  ag_grad and its kin record what a function does with their arguments, whatever its control flow; tapes by
 *            hand do the same step by step. Values may be read while they are recorded, except in derivative rules that
 *            are being differentiated (AG_ERR_TRACED). Derivatives nest to any order.
 * Complex    For f = u + iv of z = x + iy the gradient is du/dx - i du/dy: descend along its conjugate. A holomorphic
 *            function's VJP is g f'(z), without conjugation. A real argument always gets a real gradient.
 * Callbacks  run on the calling thread in a scope of their own: arguments are borrowed, the result escapes by itself.
 *            They fail with `return ag_raise(cx, code, "message")` and must not throw or longjmp.
 * Pointers   returned by the library live as long as the handle they came from; strings until the innermost scope is
 *            left, if nothing else is said. Strings are never NULL: while an error is pending they are its message.
 *
 * CONTENTS: the sections, in their order
 *
@CONTENTS@
 */

#ifndef AUTOGRAD_H
#define AUTOGRAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AUTOGRAD_VERSION_STRING "@VERSION@"

#if defined(_WIN32)
#define AG_API __declspec(dllimport)
#else
#define AG_API __attribute__((visibility("default")))
#endif

#ifdef __cplusplus
extern "C" {
#endif

@SECTIONS@
#ifdef __cplusplus
}
#endif

#endif
"##;

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
        let declaration = declaration.split(';').next().expect("a declaration ends");
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
/* autograd_debug.h: where functions are called. Messages of errors and of ag_anomaly_begin say it, and so do pictures
 * and traces.
 *
 * By hand, before the calls of interest:
 *
 *     AG_HERE(cx);
 *     ag_array y = ag_log(cx, x);
 *
 * or everywhere, without a change of the program: compile it with -DAG_TRACE_LINES and include this file instead of
 * autograd.h (or after it, or with the compiler's option -include). Then every function that can fail is a macro of the
 * same name that says its file and line first. It costs a call per call. An expression that spans several lines counts
 * as one line of them.
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
            assert!(lines[i - 1].starts_with("///"), "no comment before: {line}");
        }
    }
}

/// The committed header, and its lines outside of the comment at its head.
fn committed() -> (String, Vec<String>) {
    let header = std::fs::read_to_string(root().join("include/autograd.h")).expect("the header is there");
    let lines = header.lines().skip_while(|l| !l.starts_with("#ifndef")).map(String::from).collect();
    (header, lines)
}

#[test]
fn the_contents_list_the_sections() {
    let (header, lines) = committed();
    let banner = |line: &String| {
        let title = line.strip_prefix("/* ---- ")?.strip_suffix(" */")?.trim_end_matches('-').trim_end();
        Some(title.to_string())
    };
    let banners: Vec<String> = lines.iter().filter_map(banner).collect();
    let (_, contents) = header.split_once(" * CONTENTS").expect("the head has contents");
    let contents = contents.lines().skip(1).take_while(|l| *l != " */");
    let contents: Vec<&str> = contents.map(|l| l.trim_start_matches(" *").trim()).filter(|l| !l.is_empty()).collect();
    assert_eq!(contents, banners);
    assert_eq!(banners.len(), SECTIONS.len(), "a section for each file");
    let declared = lines.split(|line| banner(line).is_some()).skip(1);
    for (declared, title) in declared.zip(&banners) {
        let some = declared.iter().any(|l| l.starts_with("AG_API") || l.starts_with("typedef"));
        assert!(some, "nothing is declared in the section {title:?}");
    }
}

/// Tools show one comment, not the ones before it.
#[test]
fn every_comment_stands_alone() {
    let (_, lines) = committed();
    let mut before = "";
    for line in lines.iter().map(|l| l.trim_start()) {
        let comment = match line.split_once("///") {
            Some(("", text)) if !before.starts_with("///") => text,
            Some((_, text)) => text.strip_prefix('<').unwrap_or(""),
            None => "",
        };
        let leans = ["The same", "As ag_", "See ag_"].into_iter().find(|words| comment.trim_start().starts_with(words));
        assert_eq!(leans, None, "the comment says nothing without another one: {line}");
        before = line;
    }
}

#[test]
fn macros_have_a_prefix_and_types_their_names() {
    let (header, lines) = committed();
    let mut names = 0;
    for line in &lines {
        if let Some(definition) = line.trim_start().strip_prefix("#define ") {
            names += 1;
            let prefixed = definition.starts_with("AG_") || definition.starts_with("AUTOGRAD_");
            assert!(prefixed, "a macro that users may have: {line}");
        }
        let code = line.split("///").next().unwrap_or("").replace("typedef struct ag_", "");
        assert!(!code.contains("struct ag_"), "a type with `struct`: {line}");
        assert!(code.is_empty() || !code.starts_with("typedef struct {"), "a struct without a tag: {line}");
    }
    assert!(names > 80, "only {names} macros found in the header");
    assert!(header.contains("#define AG_OK 0"), "constants are macros");
}

#[test]
fn the_header_is_short() {
    let (header, _) = committed();
    let lines: Vec<&str> = header.lines().collect();
    // 6183 were too many to be read; 4.5 for each function are enough.
    let functions = declared().len();
    assert!(2 * lines.len() <= 9 * functions, "{} lines for {functions} functions", lines.len());
    for name in ["autograd.h", "autograd_debug.h"] {
        let text = std::fs::read_to_string(root().join("include").join(name)).expect("the header is there");
        // Macros of the other header are one line each.
        for line in text.lines().filter(|l| !l.starts_with("#define ag_")) {
            assert!(line.chars().count() <= WIDTH, "{name}: a line of {}: {line}", line.chars().count());
        }
    }
}

#[test]
fn lines_are_filled() {
    let comment =
        ["one two three".to_string(), "four".into(), "  - item".into(), "five six".into(), "".into(), "seven".into()];
    assert_eq!(fill(&comment, 10), [" one two", " three", " four", "  - item", " five six", "", " seven"]);
    let parameters: Vec<String> = (0..30).map(|i| format!("int p{i}")).collect();
    let text = broken(&format!("AG_API void f({});", parameters.join(", ")));
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines.len() > 1 && lines.iter().all(|l| l.len() <= WIDTH && !l.ends_with(' ')), "{text}");
    assert_eq!(text.matches("int p").count(), 30, "{text}");
    assert_eq!(without_struct("typedef struct ag_a ag_a;"), "typedef struct ag_a ag_a;");
    assert_eq!(without_struct("typedef struct ag_a (*ag_f)(struct ag_b *x);"), "typedef ag_a (*ag_f)(ag_b *x);");
    assert_eq!(
        without_struct("typedef struct ag_a {\n  struct ag_b b;\n} ag_a;"),
        "typedef struct ag_a {\n  ag_b b;\n} ag_a;"
    );
}

#[test]
fn constants_of_one_enumeration_stand_together() {
    let item = |text: &str| Item::read(text);
    let ok = item("/// Success.\n#define AG_OK 0");
    let error = item("/// A failure.\n#define AG_ERR_FILE 18");
    let version = item("#define AUTOGRAD_VERSION_MAJOR 0");
    assert!(error.continues(&ok) && !version.continues(&error) && !ok.continues(&error));
    assert_eq!(error.behind(20).as_deref(), Some("#define AG_ERR_FILE 18 ///< A failure."));
    assert_eq!(error.behind(105), None);
    let text = section("Errors", &[ok, error, version]);
    let expected = "\n\n#define AG_OK 0        ///< Success.\n#define AG_ERR_FILE 18 ///< A failure.\n\n#define AUTOGRAD_VERSION_MAJOR 0\n";
    assert!(text.ends_with(expected), "{text}");
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

//! The layers of `docs/design.md`: no module names one that stands above its own.

use std::path::{Path, PathBuf};

/// From the ground up.
const LAYERS: [&[&str]; 10] = [
    &["error", "dtype", "panics"],
    &["kernels"],
    &["array"],
    &["engine"],
    &["trace"],
    &["ops"],
    &["registry"],
    &["operators"],
    &["files"],
    &["capi"],
];

/// The one file that uses a higher layer: recording and sweeping need a dozen operations.
const CIRCLE: (&str, &str) = ("src/trace/operations.rs", "ops");

fn height(module: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.contains(&module))
}

fn sources(folder: &Path, list: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, list);
        } else if path.extension().is_some_and(|e| e == "rs") {
            list.push(path);
        }
    }
}

/// The code without comments and without the tests at its end, which may use everything.
fn code(text: &str) -> String {
    let text = text.split("\n#[cfg(test)]\nmod tests").next().unwrap_or_default();
    text.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

/// The modules that stand behind `crate::`, also in braces.
fn named(code: &str) -> Vec<String> {
    let mut all = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        let Some(list) = rest.strip_prefix('{') else {
            all.push(word(rest));
            continue;
        };
        let mut depth = 0;
        for (i, c) in list.char_indices() {
            match c {
                '{' => depth += 1,
                '}' if depth == 0 => break,
                '}' => depth -= 1,
                _ if depth > 0 => {}
                _ if !c.is_whitespace() && (list[..i].trim().is_empty() || list[..i].trim_end().ends_with(',')) => {
                    all.push(word(&list[i..]));
                }
                _ => {}
            }
        }
    }
    all.retain(|name| !name.is_empty());
    all
}

fn word(text: &str) -> String {
    text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

#[test]
fn no_layer_uses_a_higher_one() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut list = Vec::new();
    sources(&root.join("src"), &mut list);
    let (mut seen, mut wrong, mut circle) = (0, Vec::new(), 0);
    for path in list {
        let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_string();
        let module = word(name.strip_prefix("src/").unwrap());
        if module == "lib" {
            continue;
        }
        let own = height(&module).unwrap_or_else(|| panic!("{name} belongs to no layer"));
        for other in named(&code(&std::fs::read_to_string(&path).unwrap())) {
            // Macros stand at the root.
            let Some(height) = height(&other) else { continue };
            seen += 1;
            if (name.as_str(), other.as_str()) == CIRCLE {
                circle += 1;
            } else if height > own {
                wrong.push(format!("{name} uses {other}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(seen > 500 && circle > 0, "{seen} names were found");
}

#[test]
fn names_are_found() {
    let code = code(
        "use crate::{array::{self, Tensor}, ops};\nlet x = crate::engine::f(); // crate::capi\n#[cfg(test)]\nmod tests { use crate::files; }",
    );
    assert_eq!(named(&code), ["array", "ops", "engine"]);
}

//! Nothing is exported that isn't in the registry, documented and called from C; no document names a function that isn't.

use autograd::registry::{Derivative, entries};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Exported functions that compute no array from arrays, so that nothing is to be differentiated.
const NO_OPERATIONS: &[&[&str]] = &[
    // Contexts, errors, memory, threads.
    &["ag_context_new", "ag_context_free", "ag_error", "ag_error_message", "ag_error_clear", "ag_raise"],
    &["ag_set_error_hook", "ag_version", "ag_version_number", "ag_live", "ag_memory", "ag_set_memory_limit"],
    &["ag_memory_trim", "ag_set_threads", "ag_threads", "ag_set_eager", "ag_independent"],
    // Scopes and handles.
    &[
        "ag_scope_enter",
        "ag_scope_leave",
        "ag_keep",
        "ag_set",
        "ag_dup",
        "ag_release",
        "ag_release_later",
        "ag_is_valid",
    ],
    &["ag_tree_release_later", "ag_tree_is_valid"],
    // Arrays out of numbers.
    &["ag_array_new", "ag_from_buffer", "ag_scalar", "ag_scalar_complex", "ag_scalar_int", "ag_vector", "ag_matrix"],
    &["ag_zeros", "ag_ones", "ag_full", "ag_eye", "ag_arange", "ag_linspace", "ag_random_uniform"],
    &["ag_random_normal", "ag_triu_indices", "ag_tril_indices", "ag_triu_indices_from", "ag_tril_indices_from"],
    &["ag_diag_indices", "ag_diag_indices_from", "ag_indices"],
    // Numbers out of arrays.
    &["ag_ndim", "ag_size", "ag_shape", "ag_strides", "ag_dtype", "ag_item", "ag_item_complex", "ag_data"],
    &["ag_data_f64", "ag_copy_to", "ag_to_string", "ag_value", "ag_level", "ag_isrealobj", "ag_iscomplexobj"],
    &["ag_result_type", "ag_dim"],
    // Tapes.
    &["ag_tape_begin", "ag_box", "ag_tape_grad", "ag_tape_grads", "ag_tape_vjp", "ag_tape_end", "ag_tape_length"],
    // Operators: arrays out of functions.
    &["ag_grad", "ag_value_and_grad", "ag_value_and_grads", "ag_elementwise_grad", "ag_holomorphic_grad"],
    &["ag_jacobian", "ag_hessian", "ag_hvp", "ag_hvps", "ag_make_vjp", "ag_vjp", "ag_jvp", "ag_check_grads"],
    &["ag_deriv", "ag_jacobian_forward", "ag_jacobian_reverse", "ag_tensor_jacobian_product"],
    &["ag_hessian_tensor_product", "ag_ggnvp", "ag_checkpoint", "ag_checkpoint_loop", "ag_apply_along_axis"],
    &["ag_fixed_point", "ag_root", "ag_odeint", "ag_odeint_last_report", "ag_fromfunction"],
    // Diagnosis.
    &["ag_anomaly_begin", "ag_anomaly_end", "ag_detail_begin", "ag_detail_end", "ag_label", "ag_here"],
    &["ag_tape_to_text", "ag_tape_to_dot", "ag_tape_to_svg", "ag_function_to_text", "ag_grad_to_text"],
    &["ag_profile_begin", "ag_profile_end", "ag_profile_count", "ag_profile_get"],
    &["ag_check_grads_with", "ag_check_vjp", "ag_check_jvp", "ag_combo_check"],
    &["ag_make_jvp", "ag_make_hvp", "ag_grad_and_aux"],
    // Trees: arrays in containers, and operators on functions of them.
    &["ag_tree_leaf", "ag_tree_tuple", "ag_tree_list", "ag_tree_dict", "ag_tree_tuple_of", "ag_tree_list_of"],
    &["ag_tree_dict_of", "ag_tree_kind", "ag_tree_length", "ag_tree_array", "ag_tree_array_at", "ag_tree_item"],
    &["ag_tree_get", "ag_tree_has", "ag_tree_key", "ag_tree_leaf_count", "ag_tree_leaf_at", "ag_tree_path_at"],
    &["ag_tree_with_leaves", "ag_tree_difference", "ag_tree_to_string", "ag_tree_map", "ag_tree_flatten"],
    &["ag_tree_unflatten", "ag_tree_add", "ag_tree_sub", "ag_tree_mul", "ag_tree_mul_scalar", "ag_tree_dot"],
    &["ag_tree_norm", "ag_tree_zeros_like", "ag_tree_value", "ag_tree_box", "ag_tree_dup", "ag_tree_set"],
    &["ag_tree_keep", "ag_tree_release", "ag_tree_grad", "ag_tree_value_and_grad", "ag_tree_value_and_grads"],
    &["ag_tree_grad_and_aux", "ag_tree_elementwise_grad", "ag_tree_holomorphic_grad", "ag_tree_jacobian"],
    &["ag_tree_hessian", "ag_tree_hvp", "ag_tree_jvp", "ag_tree_make_vjp", "ag_tree_vjp", "ag_tree_checkpoint"],
    &["ag_tree_check_grads", "ag_tree_jacobian_reverse", "ag_tree_jacobian_forward", "ag_tree_hvps", "ag_tree_deriv"],
    &["ag_tree_ggnvp", "ag_tree_make_jvp", "ag_tree_make_hvp", "ag_tree_checkpoint_loop", "ag_tree_fixed_point"],
    &["ag_tree_root", "ag_tree_odeint", "ag_tree_check_grads_with"],
    // Functions of arrays with a tree as their result.
    &["ag_array_tree_make_vjp", "ag_array_tree_jvp", "ag_array_tree_jacobian"],
    // Optimizers.
    &["ag_optimizer_defaults", "ag_optimizer_init", "ag_optimizer_update", "ag_optimize", "ag_minimize_defaults"],
    &["ag_minimize_lbfgs", "ag_minimize_newton_cg", "ag_tree_minimize_lbfgs", "ag_tree_minimize_newton_cg"],
    // Files.
    &["ag_save", "ag_load", "ag_tree_save", "ag_tree_load", "ag_tree_load_like", "ag_savetxt", "ag_loadtxt"],
    // Primitives of the user's.
    &["ag_primitive_new", "ag_primitive_free", "ag_apply", "ag_apply_multi", "ag_defvjp", "ag_defjvp"],
    &["ag_defvjp_primitive", "ag_defjvp_primitive", "ag_raw_primitive_new"],
];

/// Other names of the same operation, as in NumPy.
const ALIASES: &[(&str, &str)] = &[
    ("ag_degrees", "ag_rad2deg"),
    ("ag_radians", "ag_deg2rad"),
    ("ag_around", "ag_round"),
    ("ag_vsplit", "ag_split"),
    ("ag_hsplit", "ag_split"),
    ("ag_dsplit", "ag_split"),
];

/// Endings of names that say in which form an operation takes its arguments, or what it gives back besides.
const FORMS: &[&str] =
    &["_axis", "_axes", "_scalar", "_complex", "_with", "_array", "_counts", "_at", "_all", "_range", "_statistic"];

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The text of all files of a folder with some ending.
fn texts(folder: &str, ending: &str) -> Vec<(String, String)> {
    let list = std::fs::read_dir(root().join(folder)).expect("the folder is there");
    let paths = list.map(|e| e.expect("readable").path());
    let mut found: Vec<_> = paths
        .filter(|p| p.extension().is_some_and(|e| e == ending))
        .map(|p| (p.file_name().expect("a file").to_string_lossy().into_owned(), read(&p)))
        .collect();
    found.sort();
    found
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_')
}

/// The functions of the header, each with the comment before it.
fn functions(header: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut rest = header;
    while let Some((before, after)) = rest.split_once("\nAG_API") {
        let name = after.split('(').next().and_then(|head| words(head).filter(|w| !w.is_empty()).last());
        // The comment that ends right before the function.
        let comment = before.lines().rev().map_while(|line| line.strip_prefix("///"));
        let mut text: Vec<&str> = comment.map(str::trim).collect();
        text.reverse();
        found.insert(name.expect("a function has a name").to_string(), text.join(" "));
        rest = after;
    }
    found
}

/// The row that an operation counts to: its own, or that of the operation of which it is a form. A form has an ending of
/// `FORMS` or more of them, the plural for several numbers at once, `_items` where the index isn't text, or an `r` where a
/// number stands on the left.
fn row<'a>(rows: &BTreeMap<&'a str, Derivative>, name: &str) -> Option<&'a str> {
    if let Some((&row, _)) = rows.get_key_value(name) {
        return Some(row);
    }
    if let Some((_, of)) = ALIASES.iter().find(|(alias, _)| *alias == name) {
        return row(rows, of);
    }
    let shorter = FORMS.iter().find_map(|form| name.strip_suffix(form)).map(String::from);
    let reversed = || {
        name.strip_prefix("ag_r")
            .filter(|n| n.ends_with("_scalar") || n.ends_with("_complex"))
            .map(|n| format!("ag_{n}"))
    };
    let other_index = || name.contains("_items").then(|| name.replacen("_items", "", 1));
    let one = || name.strip_suffix('s').map(String::from);
    [shorter, reversed(), other_index(), one()].into_iter().flatten().find_map(|n| row(rows, &n))
}

#[test]
fn every_operation_is_complete() {
    let header = read(&root().join("include/autograd.h"));
    let declared = functions(&header);
    assert!(declared.len() > 450, "only {} functions found in the header", declared.len());
    let no_operations: BTreeSet<&str> = NO_OPERATIONS.iter().flat_map(|names| names.iter().copied()).collect();
    for name in no_operations.iter().chain(ALIASES.iter().map(|(alias, _)| alias)) {
        assert!(declared.contains_key(*name), "{name} is in a list of this test, and not in the header");
    }

    let list = entries();
    let rows: BTreeMap<&str, Derivative> =
        list.iter().filter(|e| e.name.starts_with("ag_")).map(|e| (e.name, e.derivative)).collect();
    let called = texts("tests/c", "c").into_iter().map(|(_, text)| text).collect::<String>();
    let called: BTreeSet<&str> = words(&called).collect();

    let mut problems = Vec::new();
    for (name, comment) in &declared {
        let operation = !no_operations.contains(name.as_str());
        if operation && row(&rows, name).is_none() {
            problems.push(format!("{name} has no row in the registry"));
        }
        if comment.is_empty() {
            problems.push(format!("{name} has no comment in the header"));
        }
        if !called.contains(name.as_str()) {
            problems.push(format!("{name} is called from no program of tests/c"));
        }
    }
    for name in rows.keys() {
        if !declared.contains_key(*name) {
            problems.push(format!("{name} has a row in the registry, and isn't exported"));
        }
        if no_operations.contains(name) {
            problems.push(format!("{name} has a row in the registry, and is called no operation here"));
        }
    }
    for e in &list {
        if e.derivative == Derivative::Constant("") {
            problems.push(format!("{}: nothing says why it has no derivative", e.name));
        }
        if e.cases.is_empty() || e.cases.iter().any(|c| c.args.is_empty()) || e.dtypes.is_empty() {
            problems.push(format!("{}: no case, a case without arguments, or no dtype", e.name));
        }
    }
    assert!(problems.is_empty(), "{}:\n{}", problems.len(), problems.join("\n"));
}

#[test]
fn forms_are_not_guessed() {
    let rows: BTreeMap<&str, Derivative> =
        ["ag_sub", "ag_sum", "ag_index", "ag_index_set", "ag_quantile"].map(|n| (n, Derivative::Both)).into();
    for (name, of) in [
        ("ag_sum_axis", Some("ag_sum")),
        ("ag_rsub_scalar", Some("ag_sub")),
        ("ag_index_items_set", Some("ag_index_set")),
        ("ag_quantiles_axes", Some("ag_quantile")),
        ("ag_sum_of", None),
        ("ag_rsub", None),
        ("ag_index_get", None),
    ] {
        assert_eq!(row(&rows, name), of, "{name}");
    }
}

/// Every name in a document is one of the header; `ag_index_...` and the like stand for several.
#[test]
fn documents_name_what_exists() {
    let header = read(&root().join("include/autograd.h")) + &read(&root().join("include/autograd_debug.h"));
    let known: BTreeSet<&str> = words(&header).collect();
    let mut documents = texts("docs", "md");
    documents.extend(texts("c-examples", "md"));
    for name in ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"] {
        documents.push((name.into(), read(&root().join(name))));
    }
    let mut problems = Vec::new();
    let mut found = 0;
    for (document, text) in &documents {
        for name in words(text) {
            if name.starts_with("ag_") || name.starts_with("AG_") || name.starts_with("AUTOGRAD_VERSION") {
                found += 1;
                let group = name.ends_with('_') && known.iter().any(|k| k.starts_with(name) && k.len() > name.len());
                if !group && !known.contains(name) {
                    problems.push(format!("{document}: {name}"));
                }
            }
        }
    }
    assert!(problems.is_empty(), "not in the header:\n{}", problems.join("\n"));
    assert!(found > 500, "only {found} names found");
}

/// The guide for those who know NumPy names every operation, so that what it doesn't name isn't there.
#[test]
fn the_guide_names_every_operation() {
    let guide = read(&root().join("docs/from-python.md"));
    let named: BTreeSet<&str> = words(&guide).collect();
    let missing: Vec<&str> =
        entries().iter().map(|e| e.name).filter(|n| n.starts_with("ag_") && !named.contains(n)).collect();
    assert!(missing.is_empty(), "docs/from-python.md doesn't name {missing:?}");
}

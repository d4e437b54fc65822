"""Writes the part of the fuzzing program that knows the header: a case for each function, and its structs.

How an argument is drawn is said once for its type or for its name, and where that isn't enough for the argument of one
function. Such an expression may use other arguments, which are drawn before it then.
"""
import hashlib
import re

import header

#: how an argument of a type is drawn, as a C expression
BY_TYPE = {
    "ag_context*": "cx",
    "const ag_context*": "cx",
    "ag_array": "any_array(cx)",
    "ag_tree": "any_tree(cx)",
    "ag_tape": "any_tape()",
    "ag_scope": "any_scope()",
    "ag_primitive": "any_primitive()",
    "bool": "roll(2)",
    "int32_t": "(int32_t)integer()",
    "int64_t": "integer()",
    "uint64_t": "(uint64_t)integer()",
    "size_t": "roll(20) ? roll(6) : roll(70)",
    "double": "number()",
    "double*": "roll(20) ? take(sizeof(double)) : NULL",
    "const char*": "any_text()",
    "const char*const*": "roll(30) ? some_keys() : NULL",
    "const int64_t*": "roll(30) ? some_integers() : NULL",
    "const size_t*": "roll(30) ? some_sizes() : NULL",
    "const double*": "roll(30) ? some_doubles() : NULL",
    "const ag_array*": "roll(30) ? some_arrays(cx) : NULL",
    "const ag_tree*": "roll(30) ? some_trees(cx) : NULL",
    "ag_array*": "roll(20) ? room_for_arrays(1) : NULL",
    "ag_tree*": "roll(20) ? room_for_trees(1) : NULL",
    "const ag_index_item*": "roll(30) ? some_items(cx) : NULL",
    "ag_function": "roll(40) ? function_any : NULL",
    "ag_tree_function": "roll(40) ? tree_function_any : NULL",
    "ag_array_tree_function": "roll(40) ? array_tree_function : NULL",
    "ag_step_function": "roll(40) ? step_function : NULL",
    "ag_tree_step_function": "roll(40) ? tree_step_function : NULL",
    "ag_multi_function": "roll(40) ? multi_function_aux : NULL",
    "ag_objective": "roll(40) ? objective : NULL",
    "ag_iteration_function": "roll(3) ? iteration_function : NULL",
    "ag_vjp_function": "roll(5) ? some_vjps(cx)[0] : NULL",
    "ag_jvp_function": "roll(5) ? some_jvps(cx)[0] : NULL",
    "const ag_primitive_def*": "roll(30) ? a_primitive_def(cx) : NULL",
    "const ag_raw_primitive_def*": "roll(30) ? a_raw_primitive_def(cx) : NULL",
}

#: the same for arguments and fields of this type and name
BY_NAME = {
    ("int32_t", "dtype"): "a_dtype()",
    ("int32_t", "mode"): "(int32_t)(roll(20) ? roll(3) : integer())",
    ("int32_t", "mode_code"): "(int32_t)(roll(20) ? roll(11) : integer())",
    ("int32_t", "method"): "(int32_t)(roll(20) ? roll(13) : integer())",
    ("int32_t", "derivative"): "(int32_t)(roll(20) ? roll(2) : integer())",
    ("int32_t", "flags"): "(int32_t)(roll(20) ? roll(4) : integer())",
    ("int32_t", "modes"): "(int32_t)(roll(20) ? roll(4) : integer())",
    ("int32_t", "code"): "a_code()",
    ("int64_t", "axis"): "an_axis()",
    ("int64_t", "axis1"): "an_axis()",
    ("int64_t", "axis2"): "an_axis()",
    ("int64_t", "edge_order"): "roll(12) ? 1 + (int64_t)roll(2) : integer()",
    ("int64_t", "groups"): "roll(6) ? 1 : integer()",
    ("int64_t", "sections"): "(int64_t)roll(9) - 2",
    ("int64_t", "num_segments"): "roll(12) ? (int64_t)roll(9) : integer()",
    ("const int64_t*", "axes"): "roll(20) ? some_axes() : NULL",
    ("const int64_t*", "axes_a"): "roll(20) ? some_axes() : NULL",
    ("const int64_t*", "axes_b"): "roll(20) ? some_axes() : NULL",
    ("const int64_t*", "source"): "roll(20) ? some_axes() : NULL",
    ("const int64_t*", "destination"): "roll(20) ? some_axes() : NULL",
    ("const int64_t*", "shape"): "roll(30) ? a_shape() : NULL",
    ("const int64_t*", "stride"): "roll(4) ? some_windows() : NULL",
    ("const int64_t*", "dilation"): "roll(2) ? some_windows() : NULL",
    ("const int64_t*", "window"): "roll(20) ? some_windows() : NULL",
    ("const int64_t*", "padding"): "roll(2) ? some_extents() : NULL",
    ("const int64_t*", "widths"): "roll(20) ? some_extents() : NULL",
    ("const int64_t*", "counts"): "roll(20) ? some_extents() : NULL",
    ("const int64_t*", "positions"): "roll(20) ? some_axes() : NULL",
    ("const int64_t*", "kths"): "roll(20) ? some_axes() : NULL",
    ("const double*", "q"): "roll(20) ? some_fractions() : NULL",
    ("double", "q"): "roll(8) ? some_fractions()[0] : number()",
    ("double", "rtol"): "tolerance()",
    ("double", "atol"): "tolerance()",
    ("double", "step"): "tolerance()",
    ("double", "tolerance"): "tolerance()",
    ("double", "first_step"): "tolerance()",
    ("double", "max_step"): "tolerance()",
    ("double", "gtol"): "tolerance()",
    ("double", "ftol"): "tolerance()",
    ("double", "xtol"): "tolerance()",
    ("double", "step_size"): "tolerance()",
    ("size_t", "naxes"): "roll(20) ? roll(3) : roll(70)",
    ("size_t", "ndim"): "roll(20) ? roll(4) : roll(70)",
    ("size_t", "npairs"): "roll(3) ? 1 : roll(4)",
    ("size_t", "nargs"): "roll(20) ? 1 + roll(3) : roll(70)",
    ("size_t", "argnum"): "roll(5) ? 0 : roll(4)",
    ("size_t", "elements"): "roll(12)",
    ("size_t", "steps"): "roll(12)",
    ("size_t", "skiprows"): "roll(4) ? 0 : roll(5)",
    ("size_t", "max_nodes"): "roll(60)",
    # What bounds the work of a call.
    ("int32_t", "order"): "an_order()",
    ("size_t", "max_steps"): "roll(60)",
    ("size_t", "max_states"): "roll(20)",
    ("size_t", "rk4_steps"): "roll(4) ? 0 : roll(20)",
    ("size_t", "num_iters"): "roll(12)",
    ("size_t", "max_iterations"): "roll(12)",
    ("size_t", "max_evaluations"): "roll(40)",
    ("size_t", "max_line_search"): "roll(12)",
    ("size_t", "memory"): "roll(6)",
    ("const char*", "index"): "an_index()",
    ("const char*", "subscripts"): "some_subscripts()",
    ("const char*", "mode"): "a_mode()",
    ("const char*", "message"): "a_raised_text()",
    ("const char*", "delimiter"): "roll(2) ? NULL : any_text()",
    ("const ag_array*", "args"): "roll(30) ? some_differentiable(cx) : NULL",
    ("const ag_array*", "conditions"): "roll(30) ? some_masks(cx) : NULL",
    ("ag_array", "condition"): "roll(4) ? ag_greater_scalar(cx, any_array(cx), 0.3) : any_array(cx)",
    ("ag_array", "mask"): "roll(3) ? (ag_array){0} : roll(4) ? some_masks(cx)[0] : any_array(cx)",
    ("ag_array", "weights"): "roll(3) ? (ag_array){0} : any_array(cx)",
    ("ag_array", "initial"): "roll(3) ? (ag_array){0} : roll(3) ? ag_scalar(cx, number()) : any_array(cx)",
    ("ag_array", "indices"): "some_positions(cx)",
    ("ag_array", "segment_ids"): "some_positions(cx)",
    ("ag_array", "numbers"): "some_positions(cx)",
    ("ag_array", "index"): "some_positions(cx)",
    ("ag_array", "sorted"): "sorted_vector(cx)",
    ("ag_array", "xp"): "sorted_vector(cx)",
    ("ag_array", "fp"): "roll(3) ? sorted_vector(cx) : any_array(cx)",
    ("ag_array", "bins"): "sorted_vector(cx)",
    ("ag_array", "edges"): "sorted_vector(cx)",
    ("ag_array", "t"): "roll(12) ? sorted_vector(cx) : any_array(cx)",
    ("ag_array", "y0"): "differentiable(cx)",
    ("ag_array", "x0"): "differentiable(cx)",
    ("ag_array", "lower"): "roll(2) ? (ag_array){0} : roll(2) ? ag_sub_scalar(cx, x0, 0.5) : any_array(cx)",
    ("ag_array", "upper"): "roll(2) ? (ag_array){0} : roll(2) ? ag_add_scalar(cx, x0, 0.5) : any_array(cx)",
    ("ag_array", "tangent"): "like(cx, args, nargs, argnum)",
    ("ag_array", "tensor"): "roll(3) ? ag_scalar(cx, 0.5) : like(cx, args, nargs, argnum)",
    ("const ag_array*", "vs"): "roll(8) ? args : some_arrays(cx)",
    ("ag_tree", "y0"): "differentiable_tree(cx)",
    ("ag_tree", "x0"): "differentiable_tree(cx)",
    ("ag_tree", "lower"): "roll(2) ? (ag_tree){0} : roll(3) ? x0 : any_tree(cx)",
    ("ag_tree", "upper"): "roll(2) ? (ag_tree){0} : roll(3) ? x0 : any_tree(cx)",
    ("ag_tree", "tangent"): "like_tree(cx, args, nargs, argnum)",
    ("ag_tree", "v"): "like_tree(cx, args, nargs, argnum)",
    ("ag_tree", "gradient"): "roll(8) ? x : any_tree(cx)",
    ("ag_tree", "state"): "roll(8) ? ag_optimizer_init(cx, x, options) : any_tree(cx)",
    ("const ag_tree*", "args"): "roll(30) ? some_differentiable_trees(cx) : NULL",
    ("const ag_tree*", "vs"): "roll(8) ? args : some_trees(cx)",
    ("const ag_tree*", "trees"): "roll(30) ? some_differentiable_trees(cx) : NULL",
    ("void*", "user"): "passing_user(cx)",
    ("void*", "callback_user"): "passing_user(cx)",
}

#: functions whose callback has a result of another kind than any
SCALAR = """grad value_and_grad value_and_grads hessian hvp hvps make_hvp ggnvp.g hessian_tensor_product minimize_lbfgs
    minimize_newton_cg grad_to_text""".split()
LIKE = "fixed_point root odeint".split()
HOLOMORPHIC = ["holomorphic_grad"]

#: the same for one argument of one function
OF_FUNCTION = {
    ("ag_block", "arrays"): "some_arrays(cx)",  # as many as all lengths together: the caller vouches for them
    ("ag_block", "lengths"): "some_sizes()",
    ("ag_block", "nrows"): "roll(4)",
    ("ag_matrix", "rows"): "roll(12)",
    ("ag_matrix", "cols"): "roll(12)",
    ("ag_set_threads", "n"): "roll(12) ? 1 + roll(4) : 0",
    ("ag_arange", "step"): "roll(4) ? 0.5 : number()",
    ("ag_copy_to", "nbytes"): "roll(3) ? 8 * roll(700) : roll(64)",
    ("ag_copy_to", "dst"): "roll(30) ? take(nbytes) : NULL",
    ("ag_array_new", "shape"): "a_small_shape()",
    ("ag_array_new", "ndim"): "roll(5)",
    ("ag_array_new", "data"): "roll(30) ? elements(bytes_of(dtype, shape, ndim)) : NULL",
    ("ag_optimizer_defaults", "method"): "(int32_t)(roll(12) ? roll(3) : integer())",
    ("ag_optimizer_defaults", "options"): "roll(30) ? take(sizeof(ag_optimizer_options)) : NULL",
    ("ag_optimizer_defaults", "size"): "roll(8) ? sizeof(ag_optimizer_options) : roll(sizeof(ag_optimizer_options))",
    ("ag_minimize_defaults", "options"): "roll(30) ? take(sizeof(ag_minimize_options)) : NULL",
    ("ag_minimize_defaults", "size"): "roll(8) ? sizeof(ag_minimize_options) : roll(sizeof(ag_minimize_options))",
    ("ag_set_error_hook", "hook"): "roll(4) ? error_hook : NULL",
    ("ag_combo_check", "lists"): "some_lists(cx)",
    ("ag_combo_check", "nargs"): "roll(4)",
    ("ag_holomorphic_grad", "args"): "some_complex(cx)",
    ("ag_tree_holomorphic_grad", "args"): "some_complex_trees(cx)",
    ("ag_apply_along_axis", "x"): "differentiable(cx)",
    ("ag_fromfunction", "shape"): "a_small_shape()",
    ("ag_fromfunction", "ndim"): "1 + roll(3)",
    ("ag_hvp", "v"): "like(cx, args, nargs, argnum)",
    ("ag_ggnvp", "v"): "like(cx, args, nargs, argnum)",
    ("ag_box", "x"): "differentiable(cx)",
    ("ag_tape_grad", "y"): "number_on_tape(cx, tape)",
    ("ag_tape_grad", "x"): "on_tape(cx, tape)",
    ("ag_tape_grads", "y"): "number_on_tape(cx, tape)",
    ("ag_tape_grads", "xs"): "some_on_tape(cx, tape)",
    ("ag_tape_vjp", "y"): "on_tape(cx, tape)",
    ("ag_tape_vjp", "g"): "beside(cx, y)",
    ("ag_tape_vjp", "xs"): "some_on_tape(cx, tape)",
    ("ag_vjp", "vjp"): "roll(3) ? a_pullback(cx) : any_tape()",
    ("ag_vjp", "g"): "roll(4) ? ag_scalar(cx, 2.0) : any_array(cx)",
    ("ag_tree_vjp", "vjp"): "roll(3) ? a_tree_pullback(cx) : any_tape()",
    ("ag_conv2d", "x"): "an_image(cx, 3)",
    ("ag_conv2d", "w"): "an_image(cx, 1)",
    ("ag_max_pool2d", "x"): "an_image(cx, 3)",
    ("ag_mean_pool2d", "x"): "an_image(cx, 3)",
    ("ag_polyfit", "x"): "sorted_vector(cx)",
    ("ag_polyfit", "y"): "beside(cx, x)",
    ("ag_polyfit", "w"): "roll(2) ? (ag_array){0} : beside(cx, x)",
    ("ag_polyfit", "deg"): "roll(8) ? (int64_t)roll(3) : integer()",
    ("ag_bincount", "x"): "some_positions(cx)",
    ("ag_gradient_axes", "n"): "roll(3)",
    ("ag_cov_with", "y"): "roll(2) ? (ag_array){0} : beside(cx, x)",
    ("ag_cov_with", "fweights"): "roll(3) ? (ag_array){0} : whole(cx)",
    ("ag_cov_with", "aweights"): "roll(3) ? (ag_array){0} : any_array(cx)",
    ("ag_cross_axes", "b"): "beside(cx, a)",
    ("ag_cross_axes", "axisa"): "roll(3) ? -1 : an_axis()",
    ("ag_cross_axes", "axisb"): "roll(3) ? axisa : an_axis()",
    ("ag_cross_axes", "axisc"): "roll(3) ? axisa : an_axis()",
    ("ag_apply", "nargs"): "roll(20) ? usual_arguments : roll(70)",
    ("ag_apply_multi", "nargs"): "roll(20) ? usual_arguments : roll(70)",
    ("ag_apply_multi", "nresults"): "roll(20) ? usual_results : roll(70)",
    ("ag_set_memory_limit", "bytes"): "roll(8) ? roll(1 << 20) : roll(2) ? 0 : SIZE_MAX",
    ("ag_tree_array_at", "path"): "a_path_in(cx, t)",
    ("ag_tree_get", "path"): "a_path_in(cx, t)",
    ("ag_tree_array", "t"): "roll(2) ? ag_tree_leaf(cx, any_array(cx)) : any_tree(cx)",
    ("ag_tree_key", "t"): "a_dict(cx)",
    ("ag_tree_sub", "y"): "roll(3) ? x : any_tree(cx)",
    ("ag_tree_add", "y"): "roll(3) ? x : any_tree(cx)",
    ("ag_tree_mul", "y"): "roll(3) ? x : any_tree(cx)",
    ("ag_tree_dot", "y"): "roll(3) ? x : any_tree(cx)",
    ("ag_tree_unflatten", "flat"): "roll(2) ? ag_tree_flatten(cx, like) : any_array(cx)",
    ("ag_tree_with_leaves", "n"): "roll(8) ? ag_tree_leaf_count(cx, like) : roll(6)",
    ("ag_tree_set", "src"): "any_tree(cx)",
    ("ag_tree_vjp", "g"): "roll(4) ? ag_tree_leaf(cx, ag_scalar(cx, 2.0)) : any_tree(cx)",
    ("ag_save", "path"): 'a_path("npy")',
    ("ag_load", "path"): 'a_path_to_read(cx, "npy")',
    ("ag_tree_save", "path"): 'a_path("npz")',
    ("ag_tree_load", "path"): 'a_path_to_read(cx, roll(6) ? "npz" : "npy")',
    ("ag_tree_load_like", "path"): 'a_path_to_read(cx, "npz")',
    ("ag_tree_load_like", "like"): "roll(2) ? saved_tree(cx) : any_tree(cx)",
    ("ag_savetxt", "path"): 'a_path("csv")',
    ("ag_savetxt", "x"): "roll(3) ? sorted_vector(cx) : any_array(cx)",
    ("ag_savetxt", "digits"): "roll(8) ? (int64_t)roll(18) : integer()",
    ("ag_loadtxt", "path"): 'a_path_to_read(cx, "csv")',
    ("ag_loadtxt", "ndmin"): "roll(8) ? (int64_t)roll(3) : integer()",
    ("ag_loadtxt", "usecols"): "roll(3) ? NULL : some_axes()",
    ("ag_loadtxt", "delimiter"): "roll(6) ? NULL : any_text()",
    ("ag_profile_get", "i"): "roll(6)",
}
WHOLE = "bitwise_and bitwise_or bitwise_xor left_shift right_shift gcd lcm".split()
OF_FUNCTION |= {(f"ag_{name}", argument): "whole(cx)" for name in WHOLE for argument in "xy"}

#: room for the results of a function: of several handles, as many as it has
ROOM = {
    "ag_triu_indices": "2", "ag_tril_indices": "2", "ag_triu_indices_from": "2", "ag_tril_indices_from": "2",
    "ag_diag_indices": "ndim", "ag_diag_indices_from": "70", "ag_unravel_index": "ndim",
    "ag_split": "70", "ag_array_split": "70", "ag_split_at": "n + 1", "ag_vsplit": "70", "ag_hsplit": "70",
    "ag_dsplit": "70", "ag_unstack": "n", "ag_broadcast_arrays": "n", "ag_meshgrid": "n", "ag_ix": "n",
    "ag_gradient": "70", "ag_gradient_axes": "n", "ag_nonzero": "70", "ag_tape_grads": "nxs", "ag_tape_vjp": "nxs",
    "ag_value_and_grads": "argnums ? nargnums : nargs", "ag_tree_value_and_grads": "argnums ? nargnums : nargs",
    "ag_hvps": "nargs", "ag_tree_hvps": "nargs", "ag_grad_and_aux": "naux + 1", "ag_apply_multi": "nresults",
}

#: what goes before a call, and after it
BEFORE = {
    "ag_anomaly_end": "if (roll(2)) ag_anomaly_begin(cx, 0);",
    "ag_detail_end": "if (roll(2)) ag_detail_begin(cx, roll(9));",
    "ag_profile_end": "if (roll(2)) ag_profile_begin(cx, roll(2));",
    "ag_profile_get": "if (roll(2)) ag_profile_begin(cx, true), ag_exp(cx, any_array(cx)), ag_profile_end(cx);",
}
AFTER = {
    "ag_anomaly_begin": "if (!ag_error(cx)) here->anomalies++;",
    "ag_anomaly_end": "if (!ag_error(cx) && here->anomalies) here->anomalies--;",
    "ag_detail_begin": "if (!ag_error(cx)) here->details++;",
    "ag_detail_end": "if (!ag_error(cx) && here->details) here->details--;",
    "ag_scope_leave": "to_be_mended = true;",
    "ag_set_memory_limit": "limited(cx, bytes);",
    "ag_shape": "if (got) see(got, ag_ndim(cx, x) * sizeof *got);",
    "ag_strides": "if (got) see(got, ag_ndim(cx, x) * sizeof *got);",
    "ag_data": "if (got) see(got, ag_size(cx, x) * element_bytes(ag_dtype(cx, x)));",
    "ag_data_f64": "if (got) see(got, ag_size(cx, x) * sizeof *got);",
    "ag_savetxt": "files_written = true;",
    "ag_save": "files_written = true;",
    "ag_tree_save": "files_written = true;",
}

#: functions that are called by hand, in scripts/fuzz/primitives.h, since their arguments belong together
BY_HAND = {"ag_context_new", "ag_context_free", "ag_from_buffer"}

#: what is done with a result
RESULT = {
    "ag_array": "keep(cx, got);",
    "ag_tree": "keep_tree(cx, got);",
    "ag_tape": "keep_tape(cx, got);",
    "ag_scope": "keep_scope(cx, got);",
    "ag_primitive": "keep_primitive(cx, got);",
    "const char*": "see_text(got);",
}

#: places of a function among the numbers that are drawn: the share of calls that it gets
POINTS = 64


def callback(function, argument):
    """The C function for a callback, by the kind of result that makes sense."""
    tree = function.startswith("ag_tree_")
    name = function[len("ag_tree_"):] if tree else function[len("ag_"):]
    kinds = {"scalar": SCALAR, "like": LIKE, "holomorphic": HOLOMORPHIC}
    kind = next((k for k, names in kinds.items() if name in names or f"{name}.{argument}" in names), "any")
    if function == "ag_tree_grad_and_aux":
        kind = "aux"
    start = "tree_function" if tree and function != "ag_tree_map" else "function"
    return f"roll(40) ? (roll(10) ? {start}_{kind} : {start}_any) : NULL"


def drawn(function, argument):
    """The C expression for an argument; None if nobody said how it is drawn."""
    found = OF_FUNCTION.get((function, argument.name))
    if found is None and argument.kind in ("ag_array*", "ag_tree*") and function in ROOM:
        found = f"room_for_{'trees' if 'tree' in argument.kind else 'arrays'}({ROOM[function]})"
    if found is None and argument.kind in ("ag_function", "ag_tree_function"):
        found = callback(function, argument.name)
    if found is None and argument.kind in ("ag_function", "ag_tree_function") and function.endswith("_map"):
        found = "roll(40) ? function_any : NULL"
    if found is None:
        found = BY_NAME.get((argument.kind, argument.name), BY_TYPE.get(argument.kind))
    if found is None:
        name = argument.kind.replace("const ", "").rstrip("*")
        if argument.kind == f"const {name}*" and name in header.structs():
            found = f"a_{name[3:]}(cx)"
        elif argument.kind == f"{name}*" and name in header.structs():
            found = f"room_for_{name[3:]}()"
    return found


def case(number, function):
    """The call of a function with arguments drawn one after the other."""
    if function.name in BY_HAND:
        return f"    case {number}:\n      by_hand_{function.name}(cx);\n      break;"
    lines, names = [], [a.name for a in function.arguments]
    kept = "drop" in names
    waiting = []
    for argument in function.arguments:
        if argument.kind in ("ag_context*", "const ag_context*"):
            continue
        if kept and argument.name == "drop":
            value = "roll(4) ? drop_user : NULL"
        elif kept and argument.name == "user":
            value = "kept_user(cx)"
        else:
            value = drawn(function.name, argument)
        if value is None:
            raise SystemExit(f"scripts/fuzz/program.py: nobody says how {argument.kind} {argument.name} of "
                             f"{function.name} is drawn")
        waiting.append((argument, value))
    # In their order, but for those that depend on later ones.
    while waiting:
        left = {argument.name for argument, _ in waiting}
        ready = next(w for w in waiting if not (set(re.findall(r"\w+", w[1])) & left - {w[0].name}))
        waiting.remove(ready)
        lines.append(f"{ready[0].kind} {ready[0].name} = {ready[1]};")
    if kept:
        lines.append("if (drop) promise(user);")
    if function.name in BEFORE:
        lines.append(BEFORE[function.name])
    lines.append("begin_call(cx);")
    arguments = ", ".join("cx" if a.kind.endswith("ag_context*") else a.name for a in function.arguments)
    if function.result == "void":
        lines.append(f"{function.name}({arguments});")
    else:
        lines += [f"{function.result} got = {function.name}({arguments});", "(void)got;"]
    if function.name in AFTER:
        lines.append(AFTER[function.name])
    if function.result in RESULT:
        lines.append(RESULT[function.result])
    body = "\n      ".join(lines)
    return f"    case {number}: {{\n      {body}\n      break;\n    }}"


def options(name, fields):
    """A function that draws a struct of options: each field is 0 or drawn by its type."""
    lines = [f"static const {name} *a_{name[3:]}(ag_context *cx) {{", "  (void)cx;", "  if (!roll(20)) return NULL;",
             f"  {name} *o = take(sizeof *o + 64);", "  o->struct_size = roll(12) ? sizeof *o : roll(sizeof *o + 64);"]
    for field in fields:
        value = drawn(name, field)
        if value is None:
            raise SystemExit(f"scripts/fuzz/program.py: nobody says how {field.kind} {field.name} of {name} is drawn")
        lines.append(f"  if (roll(2)) o->{field.name} = {value};")
    return "\n".join(lines + ["  return o;", "}", ""])


def room(name):
    """A function that makes room for a struct that the library fills in, as long as its struct_size says."""
    return "\n".join([
        f"static {name} *room_for_{name[3:]}(void) {{", "  if (!roll(20)) return NULL;",
        f"  size_t size = roll(6) ? sizeof({name}) : roll(sizeof({name}) + 32);",
        f"  {name} *room = take(size < sizeof(size_t) ? sizeof(size_t) : size);",
        "  memcpy(room, &size, sizeof size);", "  return room;", "}", ""])


def ring(functions):
    """(place, number of the function) in order: a drawn number falls to the next place. A function's places are hashes
    of its name, so that a new one takes calls over, a few from each of the others, and moves none."""
    places = []
    for number, function in enumerate(functions):
        for i in range(POINTS):
            digest = hashlib.sha256(f"{function.name} {i}".encode()).digest()
            places.append((int.from_bytes(digest[:4], "little"), number))
    return sorted(places)


def generated():
    """The C text, and the functions in the order of their numbers."""
    functions = sorted(header.functions(), key=lambda f: f.name)
    structs = header.structs()
    asked = {a.kind for f in functions for a in f.arguments}
    parts = ["/* Written by scripts/fuzz/program.py from include/autograd.h. */"]
    parts += [options(name, fields) for name, fields in structs.items()
              if name.endswith("_options") and f"const {name}*" in asked]
    parts += [room(name) for name in structs if f"{name}*" in asked and not name.endswith("_options")]
    cases = "\n".join(case(i, f) for i, f in enumerate(functions))
    parts.append(f"static void call_number(ag_context *cx, size_t which) {{\n  switch (which) {{\n{cases}\n  }}\n}}\n")
    listed = ",\n".join(f'  "{f.name}"' for f in functions)
    names = f"static const char *const names[] = {{\n{listed}\n}};\n"
    places = ring(functions)
    table = ", ".join(f"{{{place}u, {number}}}" for place, number in places)
    names += f"static const struct {{\n  uint32_t place, number;\n}} ring[] = {{{table}}};\n"
    names += f"enum {{ FUNCTIONS = {len(functions)}, PLACES = {len(places)} }};\n"
    return names, "\n".join(parts), functions

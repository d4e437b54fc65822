//! Values against those that NumPy and SciPy gave, recorded by `tests/reference/make_numpy.py`.

mod helpers;
mod recorded;
mod support;

use autograd::array::{DType, Shape, shape as arithmetic};
use autograd::error::Result;
use autograd::ops::elementwise::{self, BINARY, COMPARISONS, PIECEWISE_CONSTANT, TESTS, UNARY};
use autograd::ops::index_reduce::{self, Combine};
use autograd::ops::{complex, create, index, product, reduce, shape};
use autograd::trace::{Array, Context};
use recorded::{Call, Near};

fn lengths(request: &[i64]) -> Shape {
    request.iter().map(|&d| d as usize).collect()
}

fn run(cx: &Context, call: &Call<'_>) -> Result<Array> {
    let a = &call.args;
    let full = format!("ag_{}", call.name);
    let x = a.first();
    if let Some(row) = UNARY.iter().find(|r| r.name == full) {
        return Ok(elementwise::unary(cx, row, &a[0]));
    }
    if let Some(row) = BINARY.iter().find(|r| r.name == full) {
        return Ok(elementwise::binary(cx, row, &a[0], &a[1]));
    }
    if let Some(row) = PIECEWISE_CONSTANT.iter().find(|r| r.name == full) {
        return Ok(elementwise::piecewise_constant(cx, row, &a[0]));
    }
    if let Some(row) = TESTS.iter().find(|r| r.name == full) {
        return Ok(elementwise::test(cx, row, &a[0]));
    }
    if let Some(row) = COMPARISONS.iter().find(|r| r.name == full) {
        return Ok(elementwise::compare(cx, row, &a[0], &a[1]));
    }
    let reduction = |f: &dyn Fn(&Array, &[usize], bool) -> Array| -> Result<Array> {
        let axes = call.axes("axis", a[0].ndim())?;
        Ok(f(&a[0], &axes, call.parameters["keepdims"] == "1"))
    };
    let ddof = call.parameters.get("ddof").map_or(0.0, |d| d.parse().unwrap());
    let number = |key: &str| call.parameters[key].parse::<f64>().unwrap();
    let ndim = x.map_or(0, |x| x.ndim());
    let references: Vec<&Array> = a.iter().collect();
    Ok(match call.name {
        "abs" => complex::abs(cx, &a[0]),
        "real" => complex::real(cx, &a[0]),
        "imag" => complex::imag(cx, &a[0]),
        "conj" => complex::conj(cx, &a[0]),
        "angle" => complex::angle(cx, &a[0]),
        "sinc" => elementwise::sinc(cx, &a[0]),
        "nan_to_num" => elementwise::nan_to_num(cx, &a[0]),
        "floor_divide" => elementwise::floor_divide(cx, &a[0], &a[1]),
        "where" => elementwise::select(cx, &a[0], &a[1], &a[2]),
        "clip" => elementwise::clip(cx, &a[0], number("low"), number("high")),
        "astype" => {
            let to = DType::ALL.into_iter().find(|d| d.name() == call.parameters["to"]).unwrap();
            elementwise::astype(cx, &a[0], to)
        }
        "sum" => reduction(&|x, axes, keep| reduce::sum(cx, x, axes, keep))?,
        "mean" => reduction(&|x, axes, keep| reduce::mean(cx, x, axes, keep))?,
        "max" => reduction(&|x, axes, keep| reduce::extremum(cx, true, x, axes, keep))?,
        "min" => reduction(&|x, axes, keep| reduce::extremum(cx, false, x, axes, keep))?,
        "prod" => reduction(&|x, axes, keep| reduce::prod(cx, x, axes, keep))?,
        "var" => reduction(&|x, axes, keep| reduce::var(cx, x, axes, ddof, keep))?,
        "std" => reduction(&|x, axes, keep| reduce::std(cx, x, axes, ddof, keep))?,
        "logsumexp" => reduction(&|x, axes, keep| reduce::logsumexp(cx, x, axes, keep))?,
        "all" => reduction(&|x, axes, keep| reduce::all_any(cx, true, x, axes, keep))?,
        "any" => reduction(&|x, axes, keep| reduce::all_any(cx, false, x, axes, keep))?,
        "argmax" | "argmin" => {
            let axis = match call.parameters["axis"] {
                "all" => None,
                _ => Some(call.axes("axis", ndim)?[0]),
            };
            reduce::argbest(cx, call.name == "argmax", &a[0], axis, false)
        }
        "dot" => product::dot(cx, &a[0], &a[1]),
        "matmul" => product::matmul(cx, &a[0], &a[1]),
        "inner" => product::inner(cx, &a[0], &a[1]),
        "outer" => product::outer(cx, &a[0], &a[1]),
        "tensordot" if call.parameters.contains_key("n") => {
            product::tensordot_n(cx, &a[0], &a[1], call.integer("n") as usize)
        }
        "tensordot" => {
            let (i, j) = (call.axes("a", ndim)?, call.axes("b", a[1].ndim())?);
            product::tensordot(cx, "ag_tensordot", &a[0], &a[1], &i, &j)
        }
        "reshape" => shape::reshape(cx, &a[0], &shape::resolve(&call.integers("to"), a[0].size())?),
        "transpose" => shape::transpose(cx, &a[0], &call.axes("axes", ndim)?),
        "broadcast_to" => shape::broadcast_to(cx, &a[0], &lengths(&call.integers("to"))),
        "expand_dims" => shape::expand_dims(cx, &a[0], arithmetic::normalize_axis(call.integer("axis"), ndim + 1)?),
        "squeeze" => shape::squeeze(cx, &a[0], &call.axes("axis", ndim)?),
        "concatenate" => shape::concatenate(cx, &references, arithmetic::normalize_axis(call.integer("axis"), ndim)?),
        "stack" => shape::stack(cx, &references, call.integer("axis")),
        "arange" => create::arange(cx, DType::F64, number("start"), number("stop"), number("step"))?.into(),
        "linspace" => create::linspace(cx, number("start"), number("stop"), call.integer("num"))?.into(),
        "eye" => {
            create::eye(cx, DType::F64, call.integer("n") as usize, call.integer("m") as usize, call.integer("k"))?
                .into()
        }
        "index" => index::get(cx, &a[0], &call.plan(cx, a[0].shape(), &a[1..])?),
        "index_set" => index::set(cx, &a[0], &call.plan(cx, a[0].shape(), &a[2..])?, &a[1]),
        "index_mul" | "index_max" | "index_min" => {
            let how = match call.name {
                "index_mul" => Combine::Mul,
                "index_max" => Combine::Max,
                _ => Combine::Min,
            };
            index_reduce::combine(cx, how, &a[0], &call.plan(cx, a[0].shape(), &a[2..])?, &a[1])
        }
        "index_add" => index::add(cx, &a[0], &call.plan(cx, a[0].shape(), &a[2..])?, &a[1]),
        other => panic!("no operation {other}"),
    })
}

fn check_file(text: &str, at_least: usize) {
    const SUMS: [&str; 10] = ["sum", "mean", "prod", "var", "std", "dot", "matmul", "inner", "tensordot", "logsumexp"];
    // Which of two zeros is greater is nobody's promise.
    const EXTREMA: [&str; 4] = ["maximum", "minimum", "fmax", "fmin"];
    let row = |name: &str| UNARY.iter().any(|r| r.name[3..] == *name) || BINARY.iter().any(|r| r.name[3..] == *name);
    let near = |name: &str| match name {
        "sinc" => Near::Absolute,
        _ if SUMS.contains(&name) => Near::Sums,
        _ if row(name) && !EXTREMA.contains(&name) => Near::Elements,
        _ => Near::EitherZero,
    };
    recorded::walk_by(text, at_least, near, run);
}

#[test]
fn elementwise() {
    check_file(include_str!("reference/numpy_elementwise.txt"), 1000);
}

#[test]
fn reductions() {
    check_file(include_str!("reference/numpy_reduce.txt"), 4000);
}

#[test]
fn products_and_shapes() {
    check_file(include_str!("reference/numpy_shape.txt"), 1500);
}

#[test]
fn indexing() {
    check_file(include_str!("reference/numpy_index.txt"), 700);
}

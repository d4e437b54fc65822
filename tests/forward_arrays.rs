//! Values against those that NumPy gave, of the operations that arrange, pick, order and accumulate elements; recorded
//! by `tests/reference/make_arrange.py` and its siblings.

mod helpers;
mod recorded;
mod support;

use autograd::array::{Shape, shape as arithmetic};
use autograd::context::Context;
use autograd::error::{Error, Result};
use autograd::ops::pad::{self, Mode};
use autograd::ops::{arrange, diagonal, join, scan, shape, space};
use autograd::trace::Array;
use recorded::{Call, check_file};

/// What only this file asks of a call.
trait More {
    fn has(&self, key: &str) -> bool;
    fn flag(&self, key: &str) -> bool;
    fn number(&self, key: &str) -> f64;
    fn axis(&self, ndim: usize) -> Result<usize>;
    fn shape(&self, key: &str) -> Shape;
    fn part(&self, parts: Vec<Array>) -> Result<Array>;
}

impl More for Call<'_> {
    fn has(&self, key: &str) -> bool {
        self.parameters.contains_key(key)
    }
    fn flag(&self, key: &str) -> bool {
        self.parameters[key] == "1"
    }
    fn number(&self, key: &str) -> f64 {
        self.parameters[key].parse().unwrap()
    }
    fn axis(&self, ndim: usize) -> Result<usize> {
        arithmetic::normalize_axis(self.integer("axis"), ndim)
    }
    fn shape(&self, key: &str) -> Shape {
        self.integers(key).iter().map(|&d| d as usize).collect()
    }
    fn part(&self, parts: Vec<Array>) -> Result<Array> {
        parts.get(self.integer("part") as usize).cloned().ok_or_else(|| Error::index("fewer parts"))
    }
}

fn flat(cx: &Context, x: &Array) -> Array {
    shape::reshape(cx, x, &[x.size()])
}

fn mode(name: &str) -> Option<Mode> {
    Some(match name {
        "edge" => Mode::Edge,
        "maximum" => Mode::Maximum,
        "mean" => Mode::Mean,
        "minimum" => Mode::Minimum,
        "reflect" => Mode::Reflect { odd: false },
        "reflect_odd" => Mode::Reflect { odd: true },
        "symmetric" => Mode::Symmetric { odd: false },
        "symmetric_odd" => Mode::Symmetric { odd: true },
        "wrap" => Mode::Wrap,
        _ => return None,
    })
}

fn arranged(cx: &Context, call: &Call<'_>) -> Result<Array> {
    let all: Vec<&Array> = call.args.iter().collect();
    let x = all[0];
    let ndim = x.ndim();
    let at = |key: &str| call.integers(key);
    Ok(match call.name {
        "moveaxis" => arrange::moveaxis(cx, x, &at("source"), &at("destination"))?,
        "rollaxis" => arrange::rollaxis(cx, x, call.integer("axis"), call.integer("start"))?,
        "atleast_1d" => arrange::atleast(cx, x, 1),
        "atleast_2d" => arrange::atleast(cx, x, 2),
        "atleast_3d" => arrange::atleast(cx, x, 3),
        "matrix_transpose" => arrange::matrix_transpose(cx, x)?,
        "flip" => arrange::flip(cx, x, &call.axes("axes", ndim)?)?,
        "flipud" => arrange::flip_matrix(cx, x, 0)?,
        "fliplr" => arrange::flip_matrix(cx, x, 1)?,
        "rot90" => arrange::rot90(cx, x, call.integer("k"), at("axes")[0], at("axes")[1])?,
        "roll" if call.has("axes") => arrange::roll(cx, x, &at("shift"), &at("axes"))?,
        "roll" => arrange::roll_flat(cx, x, call.integer("shift")),
        "ravel_f" => arrange::ravel_f(cx, x),
        "reshape_f" => arrange::reshape_f(cx, x, &at("to"))?,
        "tile" => arrange::tile(cx, x, &at("reps"))?,
        "repeat" if call.has("axis") => arrange::repeat(cx, x, call.integer("count"), call.axis(ndim)?)?,
        "repeat" => arrange::repeat(cx, &flat(cx, x), call.integer("count"), 0)?,
        "repeat_counts" if call.has("axis") => arrange::repeat_counts(cx, x, &at("counts"), call.axis(ndim)?)?,
        "repeat_counts" => arrange::repeat_counts(cx, &flat(cx, x), &at("counts"), 0)?,
        "resize" => arrange::resize(cx, x, &call.shape("to"))?,
        "delete" if call.has("axis") => arrange::delete(cx, x, &at("at"), call.axis(ndim)?)?,
        "delete" => arrange::delete(cx, &flat(cx, x), &at("at"), 0)?,
        "insert" if call.has("axis") => arrange::insert(cx, x, &at("at"), all[1], call.axis(ndim)?)?,
        "insert" => arrange::insert(cx, &flat(cx, x), &at("at"), all[1], 0)?,
        "diag" => diagonal::diag(cx, x, call.integer("k"))?,
        "diagflat" => diagonal::diagflat(cx, x, call.integer("k"))?,
        "diagonal" => diagonal::diagonal(cx, x, at("at")[0], at("at")[1], at("at")[2])?,
        "trace" => diagonal::trace(cx, x, at("at")[0], at("at")[1], at("at")[2])?,
        "triu" => diagonal::triangle(cx, true, x, call.integer("k"))?,
        "tril" => diagonal::triangle(cx, false, x, call.integer("k"))?,
        "fill_diagonal" => diagonal::fill_diagonal(cx, x, all[1], call.flag("wrap"))?,
        "vstack" => join::vstack(cx, &all)?,
        "hstack" => join::hstack(cx, &all)?,
        "dstack" => join::dstack(cx, &all)?,
        "column_stack" => join::column_stack(cx, &all)?,
        "append" if call.has("axis") => join::append_axis(cx, x, all[1], call.integer("axis"))?,
        "append" => join::append(cx, x, all[1]),
        "block" => join::block(cx, &all, &call.shape("rows"))?,
        "split" => call.part(join::split(cx, x, call.integer("n"), call.integer("axis"), true)?)?,
        "array_split" => call.part(join::split(cx, x, call.integer("n"), call.integer("axis"), false)?)?,
        "split_at" => call.part(join::split_at(cx, x, &at("at"), call.integer("axis"))?)?,
        "vsplit" | "hsplit" | "dsplit" => {
            let axis = ["vsplit", "hsplit", "dsplit"].iter().position(|n| n == &call.name).unwrap();
            let axis = join::split_axis(call.name, x, axis)?;
            call.part(join::split(cx, x, call.integer("n"), axis, true)?)?
        }
        "unstack" => call.part(join::unstack(cx, x, call.integer("axis"))?)?,
        "broadcast_arrays" => call.part(join::broadcast_arrays(cx, &all)?)?,
        "meshgrid" => call.part(join::meshgrid(cx, &all, call.flag("matrix"), call.flag("sparse"))?)?,
        "pad" => {
            let widths = pad::widths(x, &at("widths"))?;
            let lengths = call.has("lengths").then(|| at("lengths"));
            match mode(call.parameters["mode"]) {
                Some(mode) => pad::pad(cx, x, &widths, mode, lengths.as_deref())?,
                None => pad::zeros(cx, x, &widths)?,
            }
        }
        "pad_constant" => pad::constant(cx, x, &pad::widths(x, &at("widths"))?, all[1])?,
        "pad_linear_ramp" => pad::linear_ramp(cx, x, &pad::widths(x, &at("widths"))?, all[1])?,
        "linspace" | "logspace" | "geomspace" => {
            let (num, endpoint, axis) = (call.integer("num"), call.flag("endpoint"), call.integer("axis"));
            match call.name {
                "linspace" => space::linspace(cx, x, all[1], num, endpoint, axis)?,
                "logspace" => space::logspace(cx, x, all[1], num, endpoint, call.number("base"), axis)?,
                _ => space::geomspace(cx, x, all[1], num, endpoint, axis)?,
            }
        }
        other => panic!("no operation {other}"),
    })
}

#[test]
fn arranging() {
    const SUMS: [&str; 6] = ["trace", "pad", "pad_linear_ramp", "linspace", "logspace", "geomspace"];
    check_file(include_str!("reference/numpy_arrange.txt"), 2900, |name| SUMS.contains(&name), arranged);
}

fn scanned(cx: &Context, call: &Call<'_>) -> Result<Array> {
    let x = &call.args[0];
    let ndim = x.ndim();
    Ok(match call.name {
        "cumsum" | "cumprod" | "nancumsum" | "nancumprod" => {
            let product = call.name.ends_with("prod");
            let x = match call.name.strip_prefix("nan") {
                Some(_) => scan::without_nan(cx, x, if product { 1.0 } else { 0.0 }),
                None => x.clone(),
            };
            let (x, axis) = if call.has("axis") { (x, call.axis(ndim)?) } else { (flat(cx, &x), 0) };
            if product { scan::cumprod(cx, &x, axis) } else { scan::cumsum(cx, &x, axis) }
        }
        "cumulative_sum" | "cumulative_prod" => {
            let product = call.name.ends_with("prod");
            scan::cumulative(cx, product, x, call.integer("axis"), call.flag("initial"))?
        }
        "diff" => scan::diff(cx, x, call.integer("n"), call.integer("axis"), None, None)?,
        "diff_with" => {
            let names: Vec<&str> = call.parameters["ends"].split(',').collect();
            let end = |name| names.iter().position(|n| n == &name).map(|k| &call.args[k + 1]);
            scan::diff(cx, x, 1, call.integer("axis"), end("prepend"), end("append"))?
        }
        "ediff1d" => scan::ediff1d(cx, x, None, None)?,
        "ediff1d_with" => scan::ediff1d(cx, x, Some(&call.args[1]), Some(&call.args[2]))?,
        "gradient" => {
            scan::gradient(cx, x, &Array::weak(call.number("h")), call.integer("axis"), call.integer("order"))?
        }
        "gradient_at" => scan::gradient(cx, x, &call.args[1], call.integer("axis"), call.integer("order"))?,
        "trapezoid" => scan::trapezoid(cx, x, &Array::weak(call.number("dx")), call.integer("axis"))?,
        "trapezoid_x" => scan::trapezoid(cx, x, &call.args[1], call.integer("axis"))?,
        "unwrap" if call.has("axis") => {
            scan::unwrap(cx, x, call.number("discont"), call.integer("axis"), call.number("period"))?
        }
        "unwrap" => scan::unwrap(cx, x, 0.0, -1, std::f64::consts::TAU)?,
        other => panic!("no operation {other}"),
    })
}

#[test]
fn scanning() {
    check_file(include_str!("reference/numpy_scans.txt"), 1000, |_| true, scanned);
}

//! Values against those that NumPy gave, of the operations that arrange, pick, order and accumulate elements; recorded
//! by `tests/reference/make_arrange.py` and its siblings.

mod helpers;
mod recorded;
mod support;

use autograd::array::{Shape, shape as arithmetic};
use autograd::error::{Error, Result};
use autograd::ops::index::{self, Item, Plan};
use autograd::ops::pad::{self, Mode};
use autograd::ops::quantile::{self, Method, Request};
use autograd::ops::statistics::{self, Outside, Weights};
use autograd::ops::{arrange, choose, diagonal, join, linspace, nan, nonzero, order, positions, scan, shape, take};
use autograd::trace::{Array, Context};
use recorded::{Call, Near, walk, walk_by};

/// What only this file asks of a call.
trait More {
    fn has(&self, key: &str) -> bool;
    fn axis(&self, ndim: usize) -> Result<usize>;
    fn shape(&self, key: &str) -> Shape;
    fn part(&self, parts: Vec<Array>) -> Result<Array>;
}

impl More for Call<'_> {
    fn has(&self, key: &str) -> bool {
        self.parameters.contains_key(key)
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
        "median" => Mode::Median,
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
                "linspace" => linspace::linspace(cx, x, all[1], num, endpoint, axis)?,
                "logspace" => linspace::logspace(cx, x, all[1], num, endpoint, call.number("base"), axis)?,
                _ => linspace::geomspace(cx, x, all[1], num, endpoint, axis)?,
            }
        }
        other => panic!("no operation {other}"),
    })
}

#[test]
fn arranging() {
    const SUMS: [&str; 6] = ["trace", "pad", "pad_linear_ramp", "linspace", "logspace", "geomspace"];
    walk_by(
        include_str!("reference/numpy_arrange.txt"),
        2900,
        |name| if SUMS.contains(&name) { Near::Sums } else { Near::Elements },
        arranged,
    );
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
    walk(include_str!("reference/numpy_scan.txt"), 1000, Near::Sums, scanned);
}

fn quantile(cx: &Context, call: &Call<'_>, x: &Array, axes: &[usize], keepdims: bool) -> Result<Array> {
    let name = call.name.strip_prefix("nan").unwrap_or(call.name);
    let scale = if name.starts_with("percentile") { 100.0 } else { 1.0 };
    let list = call.parameters["q"].split(',').filter(|q| !q.is_empty());
    let quantiles: Vec<f64> = list.map(|q| q.parse::<f64>().unwrap() / scale).collect();
    let method = Method::ALL.iter().find(|m| m.0 == call.parameters["method"]).unwrap().1;
    let ignore_nan = name.len() < call.name.len();
    let request = Request { quantiles: &quantiles, axes, method, ignore_nan, keepdims };
    if name.ends_with('s') { quantile::quantiles(cx, x, &request) } else { quantile::quantile(cx, x, &request) }
}

fn reduced(cx: &Context, call: &Call<'_>) -> Result<Array> {
    let x = &call.args[0];
    let axes = call.axes("axis", x.ndim())?;
    let keep = call.flag("keepdims");
    let ddof = if call.has("ddof") { call.number("ddof") } else { 0.0 };
    Ok(match call.name {
        "median" => quantile::median(cx, x, &axes, false, keep)?,
        "nanmedian" => quantile::median(cx, x, &axes, true, keep)?,
        "ptp" => statistics::ptp(cx, x, &axes, keep),
        "nansum" => nan::sum(cx, x, &axes, keep),
        "nanprod" => nan::prod(cx, x, &axes, keep),
        "nanmean" => nan::mean(cx, x, &axes, keep),
        "nanmax" => nan::extremum(cx, true, x, &axes, keep),
        "nanmin" => nan::extremum(cx, false, x, &axes, keep),
        "nanvar" => nan::var(cx, x, &axes, ddof, keep),
        "nanstd" => nan::std(cx, x, &axes, ddof, keep),
        "count_nonzero" => order::count_nonzero(cx, x, &axes, keep),
        "average" => statistics::average(cx, x, call.args.get(1), &axes, keep)?,
        _ => quantile(cx, call, x, &axes, keep)?,
    })
}

fn ordered(cx: &Context, call: &Call<'_>) -> Result<Array> {
    let x = &call.args[0];
    let given: Vec<&str> = call.parameters.get("given").map_or(vec![], |g| g.split(',').collect());
    let named = |first: usize, name| given.iter().position(|n| n == &name).map(|k| &call.args[first + k]);
    let along = |f: &dyn Fn(&Array, i64) -> Result<Array>| {
        if call.has("axis") { f(x, call.integer("axis")) } else { f(&flat(cx, x), 0) }
    };
    Ok(match call.name {
        "sort" => along(&|x, axis| order::sort(cx, x, axis))?,
        "argsort" => along(&|x, axis| order::argsort(cx, x, axis))?,
        // The kth element, and that none was lost; where the others stand is nobody's promise.
        "partition" | "partitioned" => {
            let (k, axis) = (call.integer("k"), call.integer("axis"));
            let y = order::partition(cx, x, &[k], axis)?;
            if call.name == "partitioned" {
                return order::sort(cx, &y, axis);
            }
            let items = take::along(call.axis(x.ndim())?, Item::Int(k));
            index::get(cx, &y, &Plan::new(cx, y.shape(), &items)?)
        }
        "searchsorted" => order::searchsorted(cx, x, &call.args[1], call.flag("right"))?.into(),
        "digitize" => order::digitize(cx, x, &call.args[1], call.flag("right"))?.into(),
        "unique" => {
            let found = order::unique(cx, x)?;
            call.part(vec![found.values, found.index, found.inverse, found.counts])?
        }
        "nanargmax" | "nanargmin" => {
            let axis = if call.parameters["axis"] == "all" { None } else { Some(call.axis(x.ndim())?) };
            nan::argbest(cx, call.name == "nanargmax", x, axis, false)?
        }
        "cov" => {
            let weights = Weights { frequencies: named(1, "f"), importance: named(1, "a") };
            statistics::cov(cx, x, named(1, "y"), call.flag("rowvar"), call.number("ddof"), &weights)?
        }
        "corrcoef" => statistics::corrcoef(cx, x, named(1, "y"), call.flag("rowvar"))?,
        "bincount" => statistics::bincount(cx, x, call.args.get(1), call.integer("least"))?,
        "histogram" => {
            let range = call.parameters.get("range").map(|r| r.split_once(',').unwrap());
            let range = range.map(|(a, b)| (a.parse().unwrap(), b.parse().unwrap()));
            let edges = statistics::bin_edges(cx, x, call.integer("bins"), range)?;
            let density = call.has("density") && call.flag("density");
            let counts = statistics::histogram(cx, x, &edges, call.args.get(1), density)?;
            call.part(vec![counts, edges])?
        }
        "histogram_edges" => statistics::histogram(cx, x, &call.args[1], None, call.flag("density"))?,
        "interp" => {
            let period = call.has("period").then(|| call.number("period"));
            let outside = Outside { left: named(3, "left"), right: named(3, "right"), period };
            statistics::interp(cx, x, &call.args[1], &call.args[2], &outside)?
        }
        _ => reduced(cx, call)?,
    })
}

#[test]
fn ordering() {
    walk(include_str!("reference/numpy_order.txt"), 3000, Near::Sums, ordered);
}

fn outside(name: &str) -> take::Outside {
    match name {
        "raise" => take::Outside::Raise,
        "wrap" => take::Outside::Wrap,
        _ => take::Outside::Clip,
    }
}

fn chosen(cx: &Context, call: &Call<'_>) -> Result<Array> {
    let all: Vec<&Array> = call.args.iter().collect();
    let x = all[0];
    Ok(match call.name {
        "take" => {
            let mode = outside(call.parameters["mode"]);
            let (x, axis) = if call.has("axis") { (x.clone(), call.integer("axis")) } else { (flat(cx, x), 0) };
            take::take(cx, &x, all[1], axis, mode)?
        }
        "take_along_axis" => take::take_along_axis(cx, x, all[1], call.integer("axis"))?,
        "put_along_axis" => take::put_along_axis(cx, x, all[1], all[2], call.integer("axis"))?,
        "choose" => choose::choose(cx, x, &all[1..], outside(call.parameters["mode"]))?,
        "select" => {
            let (n, last) = (call.integer("n") as usize, all.len() - 1);
            choose::select(cx, &all[..n], &all[n..last], all[last])?
        }
        "piecewise" => {
            let n = call.integer("n") as usize;
            choose::piecewise(cx, x, &all[1..=n], &all[n + 1..])?
        }
        "flatnonzero" => nonzero::flatnonzero(cx, x)?.into(),
        "argwhere" => nonzero::argwhere(cx, x)?.into(),
        "nonzero" => call.part(nonzero::nonzero(cx, x)?)?,
        "compress" if call.has("axis") => take::compress(cx, x, all[1], call.integer("axis"))?,
        "compress" => take::compress(cx, x, &flat(cx, all[1]), 0)?,
        "extract" => take::extract(cx, x, all[1])?,
        "trim_zeros" => {
            let sides = call.parameters["trim"];
            nonzero::trim_zeros(cx, x, sides.contains('f'), sides.contains('b'), &call.axes("axis", x.ndim())?)?
        }
        "ix" => call.part(positions::ix(cx, &all)?)?,
        "expand_dims" => shape::expand_dims_axes(cx, x, &call.integers("axis"))?,
        other => panic!("no operation {other}"),
    })
}

#[test]
fn choosing() {
    walk(include_str!("reference/numpy_choose.txt"), 1500, Near::Elements, chosen);
}

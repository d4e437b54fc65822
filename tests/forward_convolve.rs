//! Convolutions and pooling against the values that `tests/reference/make_convolve.py` recorded.

mod helpers;
mod recorded;
mod support;

use autograd::array::shape::normalize_axes;
use autograd::ops::convolve::{self, Mode, Pairs};
use autograd::ops::pooling::{Pooling, pool2d};
use recorded::{Near, walk};

#[test]
fn convolutions() {
    walk(include_str!("reference/numpy_convolve.txt"), 800, Near::Sums, |cx, call| {
        let a = &call.args;
        let mode = || Mode::parse(call.parameters["mode"]);
        let both = |key: &str| {
            let numbers = call.integers(key);
            [numbers[0], numbers[1]]
        };
        let pool = |which| pool2d(cx, which, &a[0], both("window"), both("stride"), both("padding"));
        Ok(match call.name {
            "convolve" => convolve::convolve(cx, &a[0], &a[1], mode()?),
            "correlate" => convolve::correlate(cx, &a[0], &a[1], mode()?),
            "signal_convolve" => convolve::convolve_all(cx, "ag_signal_convolve", &a[0], &a[1], mode()?),
            "signal_correlate" => convolve::correlate_all(cx, "ag_signal_correlate", &a[0], &a[1], mode()?),
            "signal_convolve_axes" => {
                let axes = |key: &str, k: usize| normalize_axes(&call.integers(key), a[k].ndim());
                let conv = [axes("conv_a", 0)?, axes("conv_b", 1)?];
                let dot = [axes("dot_a", 0)?, axes("dot_b", 1)?];
                let (conv, dot) = (Pairs { a: &conv[0], b: &conv[1] }, Pairs { a: &dot[0], b: &dot[1] });
                convolve::convolve_axes(cx, "ag_signal_convolve_axes", &a[0], &a[1], conv, dot, mode()?)
            }
            "conv2d" => {
                let settings = (both("stride"), both("padding"), both("dilation"));
                convolve::conv2d(cx, &a[0], &a[1], settings.0, settings.1, settings.2, call.integer("groups"))
            }
            "max_pool2d" => pool(Pooling::Max),
            "mean_pool2d" => pool(Pooling::Mean),
            other => panic!("no operation {other}"),
        })
    });
}

//! Contractions against the values that NumPy gave, recorded by `tests/reference/make_einsum.py`.

mod helpers;
mod recorded;
mod support;

use autograd::ops::{bilinear, einsum::einsum};
use autograd::trace::Array;
use recorded::{Near, walk};

#[test]
fn contractions() {
    walk(include_str!("reference/numpy_einsum.txt"), 400, Near::Sums, |cx, call| {
        let a = &call.args;
        Ok(match call.name {
            // In the file "_" stands for a space and ">" for "->".
            "einsum" => {
                let text = call.parameters["s"].replace('_', " ").replace('>', "->");
                einsum(cx, &text, &a.iter().collect::<Vec<&Array>>())
            }
            "kron" => bilinear::kron(cx, &a[0], &a[1]),
            "vdot" => bilinear::vdot(cx, &a[0], &a[1]),
            "vecdot" => bilinear::vecdot(cx, &a[0], &a[1], call.integer("axis")),
            "matvec" => bilinear::matvec(cx, &a[0], &a[1]),
            "vecmat" => bilinear::vecmat(cx, &a[0], &a[1]),
            "cross" => {
                let axes = call.integers("axes");
                bilinear::cross(cx, &a[0], &a[1], [axes[0], axes[1], axes[2]])
            }
            other => panic!("no operation {other}"),
        })
    });
}

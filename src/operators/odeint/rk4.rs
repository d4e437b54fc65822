//! The classical method of Runge and Kutta with fixed steps, in recorded operations.

use super::*;
use crate::kernels::memory::with_room;

/// The same by the classical method of fourth order, with `steps` steps from each time to the next.
pub fn rk4(cx: &Context, f: &Stored, y0: &Array, t: &Array, args: &[Array], steps: usize) -> Array {
    rk4_as(cx, "ag_odeint", f, y0, t, args, steps)
}

/// The same, under another name.
pub fn rk4_as(
    cx: &Context,
    name: &'static str,
    f: &Stored,
    y0: &Array,
    t: &Array,
    args: &[Array],
    steps: usize,
) -> Array {
    let check = || -> Result<()> {
        check_problem(y0, t)?;
        if steps == 0 {
            return Err(Error::value("expected at least one step between two times, found 0"));
        }
        Ok(())
    };
    if cx.failed() {
        return Array::Null;
    }
    if let Err(e) = check() {
        return cx.fail(e.within(name));
    }
    let f = of_unknown(name, STATE, f);
    let mut y = astype(cx, y0, y0.dtype().inexact());
    let slope = |y: &Array, t: &Array| {
        let args: Args = [y, t].into_iter().chain(args).cloned().collect();
        f(cx, &args).pop().unwrap_or_default()
    };
    let along =
        |y: &Array, h: &Array, k: &Array| binary(cx, &elementwise::ADD, y, &binary(cx, &elementwise::MUL, h, k));
    let times = |x: &Array, c: f64| binary(cx, &elementwise::MUL, x, &Array::weak(c));
    let plus = |x: &Array, y: &Array| binary(cx, &elementwise::ADD, x, y);
    let mut found = match with_room(t.size()) {
        Ok(found) => found,
        Err(e) => return cx.fail(e.within(name)),
    };
    found.push(y.clone());
    for i in 1..t.size() {
        let (from, to) = (shape::element(cx, t, i - 1), shape::element(cx, t, i));
        let h = times(&binary(cx, &elementwise::SUB, &to, &from), 1.0 / steps as f64);
        let (half, sixth) = (times(&h, 0.5), times(&h, 1.0 / 6.0));
        for step in 0..steps {
            if cx.failed() {
                return Array::Null;
            }
            let now = plus(&from, &times(&h, step as f64));
            let (middle, end) = (plus(&now, &half), plus(&now, &h));
            let k1 = slope(&y, &now);
            let k2 = slope(&along(&y, &half, &k1), &middle);
            let k3 = slope(&along(&y, &half, &k2), &middle);
            let k4 = slope(&along(&y, &h, &k3), &end);
            let sum = plus(&plus(&k1, &k4), &times(&plus(&k2, &k3), 2.0));
            // The precision of the state is that of y0, whatever the times have.
            y = astype(cx, &along(&y, &sixth, &sum), y0.dtype().inexact());
        }
        found.push(y.clone());
    }
    match shape::listed(found.iter()) {
        Ok(found) => shape::stack(cx, &found, 0),
        Err(e) => cx.fail(e.within(name)),
    }
}

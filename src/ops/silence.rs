//! Products inside of derivative rules: a factor of 0 makes a product 0, whatever the other factor is.
//!
//! The derivative of `sqrt(dot(x, x))` at 0 is an infinite cotangent times x = 0, and element by element that is 0
//! (`Elem::scaled`); so it must be where products are added up. The kernels multiply as the processor does. What they
//! made NaN of 0 and an infinity (or a NaN) is looked for afterwards, and put right by counting: how many pairs, of those
//! that go into an element, are infinite with the one sign, with the other one, or NaN.

use super::elementwise::{self, binary, compare, select};
use crate::array::{Element, Tensor};
use crate::error::Result;
use crate::kernels::reduce::all_finite;
use crate::trace::{Array, Context};
use crate::with_dtype;

/// What elements there are that matter here.
#[derive(Clone, Copy, Default)]
struct Seen {
    zero: bool,
    /// An infinity or a NaN.
    odd: bool,
}

fn look<T: Element>(t: &Tensor) -> Seen {
    let zero = T::default();
    match t.slice::<T>() {
        Some(x) => Seen { zero: x.iter().fold(false, |seen, x| seen | (*x == zero)), odd: !all_finite(x) },
        None => t.view::<T>().iter().fold(Seen::default(), |seen, x| Seen {
            zero: seen.zero | (*x == zero),
            odd: seen.odd | !T::all_finite(std::slice::from_ref(x)),
        }),
    }
}

fn odd(t: &Tensor) -> bool {
    with_dtype!(t.dtype(), T => match t.slice::<T>() {
        Some(x) => !all_finite(x),
        None => look::<T>(t).odd,
    })
}

fn seen(t: &Tensor) -> Seen {
    with_dtype!(t.dtype(), T => look::<T>(t))
}

/// A result that is so many times larger than both factors took few multiplications for each of its elements.
const OUTER: usize = 4;

/// Whether in a form of these two factors a 0 may have met what isn't finite: then its result `c` has a NaN. What is
/// small is looked at first, since such products take no longer than a look at everything.
pub(super) fn suspicious(a: &Tensor, b: &Tensor, c: &Tensor) -> bool {
    let (small, large) = if a.size() <= b.size() { (a, b) } else { (b, a) };
    if c.size() <= OUTER * large.size() {
        return odd(c) && meet(seen(small), seen(large));
    }
    let first = seen(small);
    (first.zero || first.odd) && meet(first, seen(large))
}

fn meet(x: Seen, y: Seen) -> bool {
    x.zero && y.odd || x.odd && y.zero
}

/// What a form that is linear in both factors has to be, where [`suspicious`]: `c` where nothing but finite numbers go
/// into an element, else what the pairs without a factor of 0 make of it.
pub(super) fn silenced(
    cx: &Context,
    a: &Tensor,
    b: &Tensor,
    form: &dyn Fn(&Tensor, &Tensor) -> Result<Tensor>,
) -> Result<Tensor> {
    let dtype = a.dtype();
    let (a, b): (Array, Array) = (a.clone().into(), b.clone().into());
    let number = Array::weak;
    let tensor = |x: &Array| cx.tensor(&elementwise::astype(cx, x, dtype));
    let product = |x: &Array, y: &Array| -> Result<Array> { Ok(form(&tensor(x)?, &tensor(y)?)?.into()) };
    let finite = |x: &Array| elementwise::test(cx, &elementwise::ISFINITE, x);
    let not = |x: &Array| elementwise::test(cx, &elementwise::LOGICAL_NOT, x);
    let is = |row, x: &Array, y: f64| compare(cx, row, x, &number(y));
    let either = |x: &Array, y: &Array| binary(cx, &elementwise::ADD, x, y);
    let holds = |count: &Array| is(&elementwise::NOT_EQUAL, count, 0.0);
    let cleared = |x: &Array| select(cx, &finite(x), x, &number(0.0));
    let (fa, fb) = (finite(&a), finite(&b));
    let calm = product(&cleared(&a), &cleared(&b))?;
    let (za, zb) = (is(&elementwise::NOT_EQUAL, &a, 0.0), is(&elementwise::NOT_EQUAL, &b, 0.0));
    let real = |x: Array| if dtype.is_complex() { super::complex::real(cx, &x) } else { x };
    let y = if dtype.is_complex() {
        // Complex infinities have no sign to count: what is not finite is NaN.
        let odd = either(&product(&not(&fa), &zb)?, &product(&za, &not(&fb))?);
        let nan = super::complex::number(cx, f64::NAN, f64::NAN);
        select(cx, &holds(&real(odd)), &elementwise::astype(cx, &nan, dtype), &calm)
    } else {
        let infinite = |x: &Array, v: f64| is(&elementwise::EQUAL, x, v);
        let (up, down) = (f64::INFINITY, f64::NEG_INFINITY);
        let (positive, negative) =
            (|x: &Array| is(&elementwise::GREATER, x, 0.0), |x: &Array| is(&elementwise::LESS, x, 0.0));
        let and = |x: &Array, y: &Array| compare(cx, &elementwise::LOGICAL_AND, x, y);
        // Infinite pairs of the sign of `s`; those of two infinities are counted with the first one.
        let pairs = |s: f64| -> Result<Array> {
            let (like, unlike) = if s > 0.0 { (up, down) } else { (down, up) };
            let one =
                either(&product(&infinite(&a, like), &positive(&b))?, &product(&infinite(&a, unlike), &negative(&b))?);
            let (p, n) = (and(&positive(&a), &fa), and(&negative(&a), &fa));
            let two = either(&product(&p, &infinite(&b, like))?, &product(&n, &infinite(&b, unlike))?);
            Ok(holds(&either(&one, &two)))
        };
        let nan = |x: &Array| elementwise::test(cx, &elementwise::ISNAN, x);
        let odd = holds(&either(&product(&nan(&a), &zb)?, &product(&za, &nan(&b))?));
        let (plus, minus) = (pairs(1.0)?, pairs(-1.0)?);
        let both = and(&plus, &minus);
        let y = select(cx, &plus, &number(up), &calm);
        let y = select(cx, &minus, &number(down), &y);
        select(cx, &compare(cx, &elementwise::LOGICAL_OR, &odd, &both), &number(f64::NAN), &y)
    };
    tensor(&y)
}

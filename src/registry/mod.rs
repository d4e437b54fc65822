//! The registry: every operation with the cases in which its gradient is tested.
//!
//! Rows of the element-wise tables are walked from the tables; all other operations have an entry here, a line per
//! case. `tests/gradients.rs` checks every case in all modes, dtypes and layouts, and `docs/operations.md` is a
//! rendering of this list, so that neither can miss an operation. Each family of operations has a file of cases here.

/// An entry does not compile without a case, nor a case without its arguments' domains.
macro_rules! entry {
    ($list:ident, $family:literal, $name:literal, $dtypes:expr, $derivative:expr;
     $($label:literal [$($domain:ident $shape:expr),+] $run:expr;)+) => {
        $list.push(Entry {
            name: $name,
            family: $family,
            dtypes: $dtypes,
            derivative: $derivative,
            cases: vec![$(Case {
                label: $label.into(),
                args: vec![$(Arg { domain: $domain, shape: &$shape }),+],
                run: Box::new($run),
            }),+],
        });
    };
}

mod arrange;
mod choose;
mod convolve;
mod einsum;
mod elementwise;
mod index;
mod nonzero;
mod number;
mod order;
mod polynomial;
mod product;
mod reduce;
mod scan;
mod shape;
mod take;

use crate::array::DType::{self, *};
pub use crate::ops::domain::Domain;
use crate::trace::{Array, Context};
use Domain::*;

/// An argument of a case.
#[derive(Clone, Copy, Debug)]
pub struct Arg {
    pub domain: Domain,
    pub shape: &'static [usize],
}

type Run = Box<dyn Fn(&Context, &[Array]) -> Array>;

/// One way to call an operation.
pub struct Case {
    pub label: String,
    pub args: Vec<Arg>,
    pub run: Run,
}

/// Which modes have a derivative, or why none has.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Derivative {
    Both,
    /// Piecewise constant: zero wherever there is one, so that results are plain arrays.
    Constant(&'static str),
}
use Derivative::*;

/// An operation.
pub struct Entry {
    /// Of the C function.
    pub name: &'static str,
    pub family: &'static str,
    /// The floating types it is defined for.
    pub dtypes: &'static [DType],
    pub derivative: Derivative,
    /// Never empty.
    pub cases: Vec<Case>,
}

const REAL: &[DType] = &[F64, F32];
const ALL: &[DType] = &[F64, F32, C128, C64];

/// Orders to which every case is checked, in every sequence of modes.
pub const ORDERS: u32 = 2;

/// Shapes for functions of one argument; the last one is for the tests of deferred computing.
const SHAPES: &[&[usize]] = &[&[], &[4], &[3, 4], &[0], &[2, 0, 3], &[33, 40]];
/// Pairs of shapes that broadcast, in every direction.
const PAIRS: &[[&[usize]; 2]] = &[
    [&[], &[]],
    [&[4], &[]],
    [&[], &[4]],
    [&[3, 4], &[4]],
    [&[3, 1], &[1, 4]],
    [&[2, 3, 1], &[3, 4]],
    [&[0], &[1]],
    [&[2, 1], &[0]],
    [&[33, 40], &[33, 40]],
    [&[33, 1], &[33, 40]],
    [&[33, 40], &[40]],
];

/// All operations, in the order of the documentation.
pub fn entries() -> Vec<Entry> {
    let mut list = Vec::new();
    elementwise::tables(&mut list);
    elementwise::explicit(&mut list);
    elementwise::complexes(&mut list);
    reduce::cases(&mut list);
    product::cases(&mut list);
    einsum::cases(&mut list);
    convolve::cases(&mut list);
    polynomial::cases(&mut list);
    number::cases(&mut list);
    shape::cases(&mut list);
    arrange::cases(&mut list);
    scan::cases(&mut list);
    order::cases(&mut list);
    take::cases(&mut list);
    choose::cases(&mut list);
    nonzero::cases(&mut list);
    index::cases(&mut list);
    list
}

/// The value, or the null value with the failure noted.
fn ok(cx: &Context, y: crate::error::Result<Array>) -> Array {
    cx.take("case", y)
}

/// An array of integers.
fn whole(cx: &Context, shape: &[usize], values: &[i64]) -> Array {
    ok(cx, cx.engine.build::<i64>(shape, |d| d.copy_from_slice(values)).map(Array::from))
}

/// An array of booleans.
fn truth(cx: &Context, shape: &[usize], values: &[u8]) -> Array {
    let fill = |d: &mut [bool]| d.iter_mut().zip(values).for_each(|(d, &v)| *d = v != 0);
    ok(cx, cx.engine.build::<bool>(shape, fill).map(Array::from))
}

/// True for every third element.
fn thirds(cx: &Context, x: &Array) -> Array {
    let fill = |d: &mut [bool]| d.iter_mut().enumerate().for_each(|(i, d)| *d = i % 3 == 1);
    ok(cx, cx.engine.build::<bool>(x.shape(), fill).map(Array::from))
}

fn of_shapes(domain: Domain, run: impl Fn(&Context, &[Array]) -> Array + Copy + 'static) -> Vec<Case> {
    let case = |&shape: &&'static [usize]| Case {
        label: format!("{shape:?}"),
        args: vec![Arg { domain, shape }],
        run: Box::new(run),
    };
    SHAPES.iter().map(case).collect()
}

fn of_pairs(domains: [Domain; 2], run: impl Fn(&Context, &[Array]) -> Array + Copy + 'static) -> Vec<Case> {
    let case = |[a, b]: &[&'static [usize]; 2]| Case {
        label: format!("{a:?} {b:?}"),
        args: vec![Arg { domain: domains[0], shape: a }, Arg { domain: domains[1], shape: b }],
        run: Box::new(run),
    };
    PAIRS.iter().map(case).collect()
}

/// `docs/operations.md`.
pub fn render() -> String {
    let mut text = String::from(
        "# Operations\n\n\
         Rendered from `src/registry` by `AUTOGRAD_UPDATE_DOCS=1 cargo test --test gradients`; a test compares.\n\
         In double precision, real and complex, every case is checked against differences in every sequence of reverse and\n\
         forward mode up to the order given, and to order 1 with reversed, transposed, strided and broadcast arguments. In\n\
         single precision values and first derivatives are compared with double precision; small smooth cases are checked\n\
         against differences, too.\n",
    );
    let mut family = "";
    for e in entries().iter().filter(|e| e.name.starts_with("ag_")) {
        if e.family != family {
            family = e.family;
            let mut title = String::from(family);
            title[..1].make_ascii_uppercase();
            text += &format!(
                "\n## {title}\n\n\
                 | function | in C | dtypes | VJP | JVP | complex | orders tested | cases |\n\
                 |---|---|---|---|---|---|---|---|\n"
            );
        }
        let names: Vec<&str> = e.dtypes.iter().map(|d| d.name()).collect();
        let (mode, orders) = match e.derivative {
            Both => ("yes".into(), ORDERS.to_string()),
            Constant(why) => (format!("none: {why}"), "zero".into()),
        };
        text += &format!(
            "| {} | `{}` | {} | {mode} | {mode} | {} | {orders} | {} |\n",
            &e.name[3..],
            e.name,
            names.join(", "),
            if e.dtypes.contains(&C128) { "yes" } else { "no" },
            e.cases.len()
        );
    }
    text
}

//! The registry: every operation with the cases in which its gradient is tested.
//!
//! Rows of the element-wise tables are walked from the tables; all other operations have an entry here, a line per
//! case. `tests/gradients.rs` checks every case in all modes, dtypes and layouts, and `docs/operations.md` is a
//! rendering of this list, so that neither can miss an operation.

use super::elementwise::{self as rows, BINARY, COMPARISONS, STEPS, TESTS, UNARY};
use super::index::{self, Item, Plan};
use super::{complex, create, product, reduce, shape};
use crate::array::DType::{self, *};
use crate::context::Context;
use crate::trace::Array;

/// Where arguments of a gradient test are drawn from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Domain {
    /// Anywhere around 0.
    Real,
    /// Away from 0, either sign.
    Nonzero,
    /// Greater than 0.
    Positive,
    /// Between -1 and 1, away from both.
    Unit,
    /// Greater than 1.
    AboveOne,
    /// All elements apart from each other: where a tie would be a kink.
    Distinct,
}
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

/// All operations, in the order of the documentation.
pub fn entries() -> Vec<Entry> {
    let mut list = Vec::new();
    tables(&mut list);
    elementwise(&mut list);
    complexes(&mut list);
    reductions(&mut list);
    products(&mut list);
    shapes(&mut list);
    indexing(&mut list);
    list
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

fn tables(list: &mut Vec<Entry>) {
    for &row in UNARY {
        list.push(Entry {
            name: row.name,
            family: "element-wise, one argument",
            dtypes: if row.kernel.c128.is_some() { ALL } else { REAL },
            derivative: Both,
            cases: of_shapes(row.domain, move |cx, a| rows::unary(cx, row, &a[0])),
        });
    }
    for &row in BINARY {
        let mut cases = of_pairs(row.domains, move |cx, a| rows::binary(cx, row, &a[0], &a[1]));
        cases.push(Case {
            label: "of one array twice".into(),
            args: vec![Arg { domain: row.domains[1], shape: &[5] }],
            run: Box::new(move |cx, a| {
                // Positive, and twice the other: no function has a kink there.
                let x = rows::unary(cx, &rows::SQUARE, &a[0]);
                rows::binary(cx, row, &rows::binary(cx, &rows::ADD, &x, &x), &x)
            }),
        });
        list.push(Entry {
            name: row.name,
            family: "element-wise, two arguments",
            dtypes: if row.kernel.c128.is_some() { ALL } else { REAL },
            derivative: Both,
            cases,
        });
    }
    for &row in STEPS {
        list.push(Entry {
            name: row.name,
            family: "steps and tests",
            dtypes: if row.kernel.c128.is_some() { ALL } else { REAL },
            derivative: Constant("piecewise constant"),
            cases: of_shapes(Nonzero, move |cx, a| rows::step(cx, row, &a[0])),
        });
    }
    for &row in TESTS {
        list.push(Entry {
            name: row.name,
            family: "steps and tests",
            dtypes: ALL,
            derivative: Constant("boolean"),
            cases: of_shapes(Nonzero, move |cx, a| rows::test(cx, row, &a[0])),
        });
    }
    for &row in COMPARISONS {
        list.push(Entry {
            name: row.name,
            family: "steps and tests",
            dtypes: ALL,
            derivative: Constant("boolean"),
            cases: of_pairs([Nonzero, Nonzero], move |cx, a| rows::compare(cx, row, &a[0], &a[1])),
        });
    }
}

#[rustfmt::skip]
fn elementwise(list: &mut Vec<Entry>) {
    const F: &str = "steps and tests";
    list.push(Entry { name: "ag_floor_divide", family: F, dtypes: REAL, derivative: Constant("piecewise constant"),
        cases: of_pairs([Real, Nonzero], |cx, a| rows::floor_divide(cx, &a[0], &a[1])) });
    entry! { list, "element-wise, other", "ag_where", ALL, Both;
        "numbers"              [Nonzero [], Real [], Real []]                |cx, a| rows::select(cx, &positive(cx, &a[0]), &a[1], &a[2]);
        "arrays"               [Nonzero [3, 4], Real [3, 4], Real [3, 4]]    |cx, a| rows::select(cx, &positive(cx, &a[0]), &a[1], &a[2]);
        "broadcast condition"  [Nonzero [4], Real [3, 1], Real [3, 4]]       |cx, a| rows::select(cx, &positive(cx, &a[0]), &a[1], &a[2]);
        "broadcast operands"   [Nonzero [3, 4], Real [], Real [4]]           |cx, a| rows::select(cx, &positive(cx, &a[0]), &a[1], &a[2]);
        "one operand a number" [Nonzero [3, 4], Real [3, 4]]                 |cx, a| rows::select(cx, &positive(cx, &a[0]), &a[1], &Array::weak(2.0));
        "empty"                [Nonzero [0], Real [0], Real [1]]             |cx, a| rows::select(cx, &positive(cx, &a[0]), &a[1], &a[2]);
        "large"                [Nonzero [40], Real [33, 40], Real [33, 1]]   |cx, a| rows::select(cx, &positive(cx, &a[0]), &a[1], &a[2]);
    }
    list.push(Entry { name: "ag_clip", family: "element-wise, other", dtypes: REAL, derivative: Both,
        cases: of_shapes(Nonzero, |cx, a| rows::clip(cx, &a[0], -0.7, 0.9)) });
    list.push(Entry { name: "ag_nan_to_num", family: "element-wise, other", dtypes: ALL, derivative: Both,
        cases: of_shapes(Real, |cx, a| rows::nan_to_num(cx, &a[0])) });
    list.push(Entry { name: "ag_sinc", family: "element-wise, other", dtypes: ALL, derivative: Both,
        cases: of_shapes(Real, |cx, a| rows::sinc(cx, &a[0])) });
    list.push(Entry { name: "ag_astype", family: "element-wise, other", dtypes: ALL, derivative: Both,
        cases: of_shapes(Real, |cx, a| {
            let to = if a[0].dtype().is_complex() { C128 } else { F64 };
            let back = rows::astype(cx, &rows::astype(cx, &a[0], to.complex()), to);
            rows::binary(cx, &rows::MUL, &back, &a[0])
        }) });
}

fn positive(cx: &Context, x: &Array) -> Array {
    rows::compare(cx, &rows::GREATER, x, &Array::weak(0.0))
}

fn complexes(list: &mut Vec<Entry>) {
    type F = fn(&Context, &Array) -> Array;
    let rows: [(&'static str, F); 6] = [
        ("ag_real", complex::real),
        ("ag_imag", complex::imag),
        ("ag_conj", complex::conj),
        ("ag_abs", complex::abs),
        ("ag_angle", complex::angle),
        ("ag_real_if_close", complex::real_if_close),
    ];
    for (name, f) in rows {
        list.push(Entry {
            name,
            family: "complex numbers",
            dtypes: ALL,
            derivative: Both,
            cases: of_shapes(Nonzero, move |cx, a| f(cx, &a[0])),
        });
    }
}

type Reduction = fn(&Context, &Array, &[usize], bool) -> Array;

/// Every form of axes for a reduction that has an identity (`empty`) or not.
fn of_axes(domain: Domain, empty: bool, f: Reduction) -> Vec<Case> {
    type Form = (&'static [usize], &'static [usize], bool);
    let mut forms: Vec<Form> = vec![
        (&[], &[], false),
        (&[5], &[0], false),
        (&[5], &[0], true),
        (&[3, 4], &[0, 1], false),
        (&[3, 4], &[0, 1], true),
        (&[3, 4], &[0], false),
        (&[3, 4], &[1], true),
        (&[3, 4], &[], false),
        (&[2, 3, 4], &[1], false),
        (&[2, 3, 4], &[0, 2], false),
        (&[2, 3, 4], &[2, 0], true),
        (&[2, 1, 3], &[1], false),
        (&[0, 3], &[1], false),
        (&[33, 40], &[0, 1], false),
        (&[33, 40], &[0], false),
        (&[33, 40], &[1], true),
    ];
    if empty {
        forms.extend::<[Form; 3]>([(&[0], &[0], false), (&[2, 0], &[1], true), (&[0, 2], &[0, 1], false)]);
    }
    let case = |(shape, axes, keepdims): Form| Case {
        label: format!("{shape:?} axes {axes:?}{}", if keepdims { " keepdims" } else { "" }),
        args: vec![Arg { domain, shape }],
        run: Box::new(move |cx, a| f(cx, &a[0], axes, keepdims)),
    };
    forms.into_iter().map(case).collect()
}

fn reductions(list: &mut Vec<Entry>) {
    let mut add = |name, dtypes, derivative, cases| {
        list.push(Entry { name, family: "reductions", dtypes, derivative, cases });
    };
    add("ag_sum", ALL, Both, of_axes(Real, true, reduce::sum));
    add("ag_mean", ALL, Both, of_axes(Real, false, reduce::mean));
    add("ag_max", ALL, Both, of_axes(Distinct, false, |cx, x, axes, keep| reduce::extremum(cx, true, x, axes, keep)));
    add("ag_min", ALL, Both, of_axes(Distinct, false, |cx, x, axes, keep| reduce::extremum(cx, false, x, axes, keep)));
    // Around 1, lest the product of many overflow.
    let prod: Reduction = |cx, x, axes, keep| {
        let x = rows::binary(cx, &rows::ADD, &rows::binary(cx, &rows::MUL, x, &Array::weak(0.02)), &Array::weak(1.0));
        reduce::prod(cx, &x, axes, keep)
    };
    add("ag_prod", ALL, Both, of_axes(Real, true, prod));
    add("ag_var", ALL, Both, of_axes(Real, false, |cx, x, axes, keep| reduce::var(cx, x, axes, 0.0, keep)));
    let mut std = of_axes(Distinct, false, |cx, x, axes, keep| reduce::std(cx, x, axes, 0.0, keep));
    // One element has no deviation: that is a singular point.
    std.retain(|case| !case.label.contains("axes []") && !case.label.contains("[2, 1, 3]"));
    std.push(Case {
        label: "ddof 1".into(),
        args: vec![Arg { domain: Distinct, shape: &[3, 4] }],
        run: Box::new(|cx, a| reduce::std(cx, &a[0], &[1], 1.0, false)),
    });
    add("ag_std", ALL, Both, std);
    add("ag_logsumexp", ALL, Both, of_axes(Real, false, reduce::logsumexp));
    let (boolean, position) = (Constant("boolean"), Constant("positions"));
    add("ag_all", ALL, boolean, of_axes(Real, true, |cx, x, axes, keep| reduce::all_any(cx, true, x, axes, keep)));
    add("ag_any", ALL, boolean, of_axes(Real, true, |cx, x, axes, keep| reduce::all_any(cx, false, x, axes, keep)));
    for (name, max) in [("ag_argmax", true), ("ag_argmin", false)] {
        let case = |shape, axis: Option<usize>, keepdims| Case {
            label: format!("{shape:?} axis {axis:?}"),
            args: vec![Arg { domain: Distinct, shape }],
            run: Box::new(move |cx: &Context, a: &[Array]| reduce::argbest(cx, max, &a[0], axis, keepdims)),
        };
        let cases = vec![
            case(&[], None, false),
            case(&[3, 4], None, true),
            case(&[3, 4], Some(0), false),
            case(&[2, 3, 4], Some(1), true),
        ];
        add(name, ALL, position, cases);
    }
}

#[rustfmt::skip]
fn products(list: &mut Vec<Entry>) {
    entry! { list, "products", "ag_dot", ALL, Both;
        "numbers"          [Real [], Real []]                  |cx, a| product::dot(cx, &a[0], &a[1]);
        "number, matrix"   [Real [], Real [3, 4]]              |cx, a| product::dot(cx, &a[0], &a[1]);
        "vectors"          [Real [4], Real [4]]                |cx, a| product::dot(cx, &a[0], &a[1]);
        "matrix, vector"   [Real [3, 4], Real [4]]             |cx, a| product::dot(cx, &a[0], &a[1]);
        "vector, matrix"   [Real [3], Real [3, 4]]             |cx, a| product::dot(cx, &a[0], &a[1]);
        "matrices"         [Real [3, 4], Real [4, 2]]          |cx, a| product::dot(cx, &a[0], &a[1]);
        "a matrix twice"   [Real [3, 3]]                       |cx, a| product::dot(cx, &a[0], &a[0]);
        "higher ranks"     [Real [2, 3, 4], Real [2, 4, 3]]    |cx, a| product::dot(cx, &a[0], &a[1]);
        "empty inside"     [Real [3, 0], Real [0, 2]]          |cx, a| product::dot(cx, &a[0], &a[1]);
        "empty outside"    [Real [0, 3], Real [3, 2]]          |cx, a| product::dot(cx, &a[0], &a[1]);
        "larger"           [Real [9, 20], Real [20, 11]]       |cx, a| product::dot(cx, &a[0], &a[1]);
    }
    entry! { list, "products", "ag_matmul", ALL, Both;
        "vectors"          [Real [4], Real [4]]                |cx, a| product::matmul(cx, &a[0], &a[1]);
        "matrix, vector"   [Real [3, 4], Real [4]]             |cx, a| product::matmul(cx, &a[0], &a[1]);
        "vector, matrix"   [Real [3], Real [3, 4]]             |cx, a| product::matmul(cx, &a[0], &a[1]);
        "matrices"         [Real [3, 4], Real [4, 2]]          |cx, a| product::matmul(cx, &a[0], &a[1]);
        "stacks"           [Real [2, 3, 4], Real [2, 4, 2]]    |cx, a| product::matmul(cx, &a[0], &a[1]);
        "broadcast stacks" [Real [2, 1, 3, 4], Real [3, 4, 2]] |cx, a| product::matmul(cx, &a[0], &a[1]);
        "stack, vector"    [Real [2, 3, 4], Real [4]]          |cx, a| product::matmul(cx, &a[0], &a[1]);
        "vector, stack"    [Real [3], Real [2, 3, 4]]          |cx, a| product::matmul(cx, &a[0], &a[1]);
        "empty stack"      [Real [0, 3, 4], Real [4, 2]]       |cx, a| product::matmul(cx, &a[0], &a[1]);
        "empty inside"     [Real [3, 0], Real [0, 2]]          |cx, a| product::matmul(cx, &a[0], &a[1]);
    }
    entry! { list, "products", "ag_inner", ALL, Both;
        "numbers"          [Real [], Real []]                  |cx, a| product::inner(cx, &a[0], &a[1]);
        "vectors"          [Real [4], Real [4]]                |cx, a| product::inner(cx, &a[0], &a[1]);
        "higher ranks"     [Real [2, 3], Real [4, 2, 3]]       |cx, a| product::inner(cx, &a[0], &a[1]);
    }
    entry! { list, "products", "ag_outer", ALL, Both;
        "numbers"          [Real [], Real []]                  |cx, a| product::outer(cx, &a[0], &a[1]);
        "vectors"          [Real [3], Real [4]]                |cx, a| product::outer(cx, &a[0], &a[1]);
        "matrices"         [Real [2, 2], Real [3]]             |cx, a| product::outer(cx, &a[0], &a[1]);
        "empty"            [Real [0], Real [3]]                |cx, a| product::outer(cx, &a[0], &a[1]);
    }
    entry! { list, "products", "ag_tensordot", ALL, Both;
        "no axes"          [Real [2], Real [3]]                |cx, a| product::tensordot_n(cx, &a[0], &a[1], 0);
        "one axis"         [Real [2, 3], Real [3, 4]]          |cx, a| product::tensordot_n(cx, &a[0], &a[1], 1);
        "two axes"         [Real [2, 3, 4], Real [3, 4, 2]]    |cx, a| product::tensordot_n(cx, &a[0], &a[1], 2);
        "all axes"         [Real [2, 3], Real [2, 3]]          |cx, a| product::tensordot_n(cx, &a[0], &a[1], 2);
        "lists of axes"    [Real [2, 3, 4], Real [4, 5, 2]]    |cx, a| product::tensordot(cx, "ag_tensordot", &a[0], &a[1], &[0, 2], &[2, 0]);
    }
}

#[rustfmt::skip]
fn shapes(list: &mut Vec<Entry>) {
    entry! { list, "shapes", "ag_reshape", ALL, Both;
        "split"     [Real [12]]         |cx, a| shape::reshape(cx, &a[0], &[3, 4]);
        "merge"     [Real [2, 3, 2]]    |cx, a| shape::reshape(cx, &a[0], &[4, 3]);
        "number"    [Real []]           |cx, a| shape::reshape(cx, &a[0], &[1, 1]);
        "to number" [Real [1, 1]]       |cx, a| shape::reshape(cx, &a[0], &[]);
        "empty"     [Real [0, 3]]       |cx, a| shape::reshape(cx, &a[0], &[2, 0]);
        "large"     [Real [33, 40]]     |cx, a| shape::reshape(cx, &rows::unary(cx, &rows::SIN, &a[0]), &[40, 33]);
    }
    entry! { list, "shapes", "ag_ravel", ALL, Both;
        "matrix"    [Real [3, 4]]       |cx, a| shape::reshape(cx, &a[0], &[a[0].size()]);
    }
    entry! { list, "shapes", "ag_transpose", ALL, Both;
        "matrix"    [Real [3, 4]]       |cx, a| shape::transpose(cx, &a[0], &[1, 0]);
        "cycle"     [Real [2, 3, 4]]    |cx, a| shape::transpose(cx, &a[0], &[2, 0, 1]);
        "empty"     [Real [0, 3]]       |cx, a| shape::transpose(cx, &a[0], &[1, 0]);
        "large"     [Real [33, 40]]     |cx, a| shape::transpose(cx, &rows::unary(cx, &rows::SIN, &a[0]), &[1, 0]);
    }
    entry! { list, "shapes", "ag_swapaxes", ALL, Both;
        "outermost and innermost" [Real [2, 3, 4]] |cx, a| shape::transpose(cx, &a[0], &[2, 1, 0]);
    }
    entry! { list, "shapes", "ag_broadcast_to", ALL, Both;
        "number"    [Real []]           |cx, a| shape::broadcast_to(cx, &a[0], &[2, 3]);
        "new axes"  [Real [3]]          |cx, a| shape::broadcast_to(cx, &a[0], &[2, 4, 3]);
        "both"      [Real [2, 1]]       |cx, a| shape::broadcast_to(cx, &a[0], &[3, 2, 4]);
        "empty"     [Real [1, 3]]       |cx, a| shape::broadcast_to(cx, &a[0], &[0, 3]);
        "large"     [Real [33, 1]]      |cx, a| shape::broadcast_to(cx, &a[0], &[33, 40]);
    }
    entry! { list, "shapes", "ag_expand_dims", ALL, Both;
        "first"     [Real [3]]          |cx, a| shape::expand_dims(cx, &a[0], 0);
        "last"      [Real [2, 3]]       |cx, a| shape::expand_dims(cx, &a[0], 2);
    }
    entry! { list, "shapes", "ag_squeeze", ALL, Both;
        "one"       [Real [3, 1]]       |cx, a| shape::squeeze(cx, &a[0], &[1]);
        "all"       [Real [1, 3, 1]]    |cx, a| shape::squeeze(cx, &a[0], &[0, 2]);
    }
    entry! { list, "shapes", "ag_concatenate", ALL, Both;
        "one"       [Real [3]]                              |cx, a| shape::concatenate(cx, &[&a[0]], 0);
        "rows"      [Real [2, 3], Real [1, 3]]              |cx, a| shape::concatenate(cx, &[&a[0], &a[1]], 0);
        "columns"   [Real [2, 3], Real [2, 0], Real [2, 2]] |cx, a| shape::concatenate(cx, &[&a[0], &a[1], &a[2]], 1);
        "itself"    [Real [2, 3]]                           |cx, a| shape::concatenate(cx, &[&a[0], &a[0]], 1);
        "large"     [Real [33, 40], Real [2, 40]]           |cx, a| shape::concatenate(cx, &[&rows::unary(cx, &rows::SIN, &a[0]), &a[1]], 0);
    }
    entry! { list, "shapes", "ag_stack", ALL, Both;
        "numbers"   [Real [], Real []]                      |cx, a| shape::stack(cx, &[&a[0], &a[1]], 0);
        "first"     [Real [3], Real [3]]                    |cx, a| shape::stack(cx, &[&a[0], &a[1]], 0);
        "last"      [Real [2, 3], Real [2, 3]]              |cx, a| shape::stack(cx, &[&a[0], &a[1]], -1);
    }
}

/// `x[text]`, with `@` in the text standing for the next of the index arrays.
fn plan(cx: &Context, shape: &[usize], text: &str, arrays: &[Item]) -> crate::array::Shared<Plan> {
    let mut arrays = arrays.iter();
    let items: Vec<Item> = text
        .split(',')
        .flat_map(|entry| match entry.trim() {
            "@" => vec![arrays.next().expect("an index array for each @").clone()],
            entry => index::parse(entry).expect("a correct index").into_vec(),
        })
        .collect();
    Plan::new(cx, shape, &items).expect("an index that fits")
}

/// Index arrays.
fn integers(cx: &Context, shape: &[usize], values: &[i64]) -> Item {
    Item::Array(cx.engine.build::<i64>(shape, |d| d.copy_from_slice(values)).expect("a small array"))
}

fn mask(cx: &Context, shape: &[usize], values: &[u8]) -> Item {
    let fill = |d: &mut [bool]| d.iter_mut().zip(values).for_each(|(d, &v)| *d = v != 0);
    Item::Array(cx.engine.build::<bool>(shape, fill).expect("a small array"))
}

/// The indices of the tests: shape, text, index arrays.
type Indexing = (&'static [usize], &'static str, fn(&Context) -> Vec<Item>);
#[rustfmt::skip]
const INDICES: &[Indexing] = &[
    (&[5],       "2",               |_| vec![]),
    (&[5],       "-1",              |_| vec![]),
    (&[5],       "1:4",             |_| vec![]),
    (&[5],       "::-2",            |_| vec![]),
    (&[5],       "3:3",             |_| vec![]),
    (&[3, 4],    "1",               |_| vec![]),
    (&[3, 4],    ":, 2",            |_| vec![]),
    (&[3, 4],    "::-1, 1::2",      |_| vec![]),
    (&[3, 4],    "None, ..., 0",    |_| vec![]),
    (&[2, 3, 4], "1, ..., ::2",     |_| vec![]),
    (&[33, 40],  "1:, ::-1",        |_| vec![]),
    (&[5],       "@",               |cx| vec![integers(cx, &[3], &[0, 4, 2])]),
    (&[5],       "@",               |cx| vec![integers(cx, &[2, 3], &[0, 0, -1, 0, 4, 1])]),
    (&[5],       "@",               |cx| vec![integers(cx, &[0], &[])]),
    (&[5],       "@",               |cx| vec![mask(cx, &[5], &[1, 0, 1, 1, 0])]),
    (&[3, 4],    "@",               |cx| vec![integers(cx, &[2], &[2, 2])]),
    (&[3, 4],    ":, @",            |cx| vec![integers(cx, &[3], &[3, 0, 3])]),
    (&[3, 4],    "@, @",            |cx| vec![integers(cx, &[3], &[0, 2, 0]), integers(cx, &[3], &[1, 1, 1])]),
    (&[3, 4],    "@, @",            |cx| vec![integers(cx, &[2, 1], &[0, 2]), integers(cx, &[3], &[3, 1, 1])]),
    (&[3, 4],    "@",               |cx| vec![mask(cx, &[3, 4], &[1, 0, 1, 0, 0, 0, 1, 1, 0, 0, 0, 1])]),
    (&[2, 3, 4], "1, :, @",         |cx| vec![integers(cx, &[2], &[3, 3])]),
    (&[2, 3, 4], "@, :, @",         |cx| vec![integers(cx, &[2], &[1, 1]), integers(cx, &[2], &[0, 0])]),
    (&[2, 3, 4], ":, @, @",         |cx| vec![integers(cx, &[2], &[1, 1]), integers(cx, &[2], &[0, 3])]),
    (&[2, 3, 4], "..., @, ::-1",    |cx| vec![mask(cx, &[3], &[1, 0, 1])]),
];

fn indexing(list: &mut Vec<Entry>) {
    let label = |(shape, text, _): &Indexing, i: usize| format!("{i}: {shape:?} [{text}]");
    let mut get = Vec::new();
    let (mut set, mut add) = (Vec::new(), Vec::new());
    for (i, &row) in INDICES.iter().enumerate() {
        let (shape, text, arrays) = row;
        let make = move |cx: &Context| plan(cx, shape, text, &arrays(cx));
        let x = Arg { domain: Real, shape };
        get.push(Case {
            label: label(&row, i),
            args: vec![x],
            run: Box::new(move |cx, a| index::get(cx, &a[0], &make(cx))),
        });
        // Values of the selection's shape, made from a vector, and one number for all.
        let value = Arg { domain: Real, shape: &[] };
        let whole = move |cx: &Context, a: &Array, to: &[usize]| {
            let steps = create::linspace(cx, 1.0, 3.0, to.iter().product::<usize>() as i64);
            let steps = shape::reshape(cx, &Array::from(steps.expect("a small array")), to);
            let steps = rows::astype(cx, &steps, a.dtype());
            rows::unary(cx, &rows::SIN, &rows::binary(cx, &rows::MUL, &steps, a))
        };
        set.push(Case {
            label: label(&row, i),
            args: vec![x, value],
            run: Box::new(move |cx, a| {
                let plan = make(cx);
                index::set(cx, &a[0], &plan, &whole(cx, &a[1], &plan.to))
            }),
        });
        add.push(Case {
            label: label(&row, i),
            args: vec![x, value],
            run: Box::new(move |cx, a| {
                let plan = make(cx);
                index::add(cx, &a[0], &plan, &whole(cx, &a[1], &plan.to))
            }),
        });
        set.push(Case {
            label: format!("{} to a number", label(&row, i)),
            args: vec![x, value],
            run: Box::new(move |cx, a| index::set(cx, &a[0], &make(cx), &a[1])),
        });
    }
    let mut push = |name, cases| {
        list.push(Entry { name, family: "indexing", dtypes: ALL, derivative: Both, cases });
    };
    push("ag_index", get);
    push("ag_index_set", set);
    push("ag_index_add", add);
}

/// `docs/operations.md`.
pub fn render() -> String {
    let mut text = String::from(
        "# Operations\n\n\
         Rendered from `src/ops/registry.rs` by `AUTOGRAD_UPDATE_DOCS=1 cargo test --test gradients`; a test compares.\n\
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

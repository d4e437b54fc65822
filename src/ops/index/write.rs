//! Adding and assigning at an index: the array with the change, and the derivatives of both.

use super::*;

/// `x` with `values` added at the index; places that occur several times get all of theirs.
pub fn add(cx: &Context, x: &Array, plan: &Shared<Plan>, values: &Array) -> Array {
    apply(cx, &Add(plan.clone()), &[x, &without_leading_ones(cx, values, plan)])
}

/// Values may have more axes than the selection, as in NumPy, if these have extent 1.
fn without_leading_ones(cx: &Context, values: &Array, plan: &Plan) -> Array {
    let extra = values.ndim().saturating_sub(plan.to.len());
    if values.shape()[..extra].iter().any(|&d| d != 1) {
        return values.clone();
    }
    reshape(cx, values, &values.shape()[extra..])
}

#[derive(Clone)]
struct Add(Shared<Plan>);

impl Add {
    /// Adding to zeros, as part of the pass that computes the values.
    fn to_zeros(&self, cx: &Context, x: &Tensor, values: &Array) -> Result<Option<Tensor>> {
        let plan = &self.0;
        let (dtype, zeros) = (x.dtype(), &x.shape());
        let Array::Plain(v) = values else { return Ok(None) };
        if v.dtype() != dtype || !dtype.is_inexact() || v.shape() != plan.to.as_slice() || !is_zero(x) {
            return Ok(None);
        }
        if cx.engine.defers(x.size())
            && let Some(padding) = plan.padding()
        {
            return cx.engine.pad(v, padding, zeros).map(Some);
        }
        // Values that are there are added at once; there is nothing to gain.
        if !v.is_ready()
            && let Some(list) = plan.row_list(cx)?
        {
            return cx.engine.scatter(v, list, zeros).map(Some);
        }
        Ok(None)
    }
}

/// Whether these are zeros of one element repeated, as a derivative begins with.
fn is_zero(x: &Tensor) -> bool {
    x.size() > 0 && x.is_ready() && x.is_splat() && with_dtype!(x.dtype(), T => x.first::<T>() == T::default())
}

impl Primitive for Add {
    fn name(&self) -> &str {
        "ag_index_add"
    }

    fn parameters(&self) -> String {
        self.0.text()
    }

    fn eval(&self, cx: &Context, args: &[Array]) -> Result<Array> {
        let dtype = elementwise::promote(&args[0], &args[1]);
        let x = cast(cx, cx.lazy_tensor(&args[0])?, dtype)?;
        if let Some(y) = self.to_zeros(cx, &x, &args[1])? {
            return Ok(y.into());
        }
        cx.engine.force(&x)?;
        Ok(add_to(cx, x, &self.0, &args[1])?.into())
    }

    fn batched(&self, cx: &Context, args: &[Array], lead: &[bool]) -> Option<Array> {
        let n = batch_size(args, lead)?;
        let plan = self.0.batched(cx, n);
        Some(plan.map_or_else(
            |e| cx.fail(e.within(self.name())),
            |plan| {
                let [x, values] = batch_operands(cx, args, lead, &plan.from, self.0.to.len());
                apply(cx, &Add(plan), &[&x, &values])
            },
        ))
    }

    fn keeps(&self, _: &[usize]) -> u64 {
        0
    }

    fn vjp(&self, cx: &Context, argnum: usize, g: &Array, _: &Kept<'_>) -> Array {
        let g = if same(g.shape(), &self.0.from) { g.clone() } else { broadcast_to(cx, g, &self.0.from) };
        if argnum == 0 { g } else { get(cx, &g, &self.0) }
    }

    fn jvp(&self, cx: &Context, argnum: usize, t: &Array, kept: &Kept<'_>) -> Array {
        if argnum == 0 {
            return t.clone();
        }
        let zero = zeros(cx, &Meta { dtype: t.dtype(), shape: kept.arg(0).shape().into() });
        add(cx, &zero, &self.0, t)
    }
}

/// How many values the marked arguments of a batch hold.
pub(super) fn batch_size(args: &[Array], lead: &[bool]) -> Option<usize> {
    args.iter().zip(lead).find(|(_, lead)| **lead).map(|(a, _)| a.shape()[0])
}

/// An array and values to be added to it, of a batch: the array has the shape `from`, the values `ndim` axes behind the first.
pub(super) fn batch_operands(cx: &Context, args: &[Array], lead: &[bool], from: &[usize], ndim: usize) -> [Array; 2] {
    let x = if lead[0] { args[0].clone() } else { broadcast_to(cx, &args[0], from) };
    let values = if lead[1] { with_ndim(cx, &args[1], ndim) } else { args[1].clone() };
    [x, values]
}

/// The same memory where there is no other reference to it, else a copy.
pub(super) fn own(cx: &Context, mut x: Tensor) -> Result<Tensor> {
    let unique = with_dtype!(x.dtype(), T => x.unique_mut::<T>().is_some());
    if unique {
        return Ok(x);
    }
    with_dtype!(x.dtype(), T => {
        let layout = Layout::new(x.shape(), x.strides(), x.offset());
        cx.engine.build::<T>(x.shape(), |d| {
            if !d.is_empty() {
                crate::kernels::strided::copy_all(&layout, x.memory::<T>(), d);
            }
        })
    })
}

/// The values in the dtype of the array and the shape of the selection, row-major.
pub(super) fn prepared(cx: &Context, to: &[usize], values: &Array, dtype: DType) -> Result<Tensor> {
    let v = cast(cx, cx.lazy_tensor(values)?, dtype)?;
    cx.engine.force(&v)?;
    let strides = shape::broadcast_strides(v.shape(), v.strides(), to).ok_or_else(|| {
        Error::shape(format!("could not broadcast input array from shape {} into shape {}", Show(v.shape()), Show(to)))
    })?;
    cx.engine.contiguous(&v.view_as(to.into(), v.offset(), strides))
}

/// How a value goes to its place.
pub(super) trait Change<T> {
    fn change(old: &mut T, new: T);
}
struct Replace;
pub(super) struct Accumulate;
impl<T: Copy> Change<T> for Replace {
    #[inline(always)]
    fn change(old: &mut T, new: T) {
        *old = new;
    }
}
macro_rules! accumulate {
    ($($t:ty),*) => {$(
        impl Change<$t> for Accumulate {
            #[inline(always)]
            fn change(old: &mut $t, new: $t) {
                *old += new;
            }
        }
    )*};
}
accumulate!(f64, f32, Complex64, Complex32);
impl Change<i64> for Accumulate {
    #[inline(always)]
    fn change(old: &mut i64, new: i64) {
        *old = old.wrapping_add(new);
    }
}
impl Change<bool> for Accumulate {
    #[inline(always)]
    fn change(old: &mut bool, new: bool) {
        *old |= new;
    }
}

/// Brings `values` to their places in `d`, the row-major elements of an array of the plan's shape.
fn write<T: Element, C: Change<T>>(cx: &Context, plan: &Plan, d: &mut [T], values: &[T]) -> Result<()> {
    if values.is_empty() {
        return Ok(());
    }
    let strides = shape::contiguous(&plan.from);
    let mut rest = values;
    let mut line = |at: isize, row: usize, step: isize| {
        let (v, tail) = rest.split_at(row);
        rest = tail;
        if let [v] = *v {
            return C::change(&mut d[at as usize], v);
        }
        if step == 1 {
            d[at as usize..at as usize + row].iter_mut().zip(v).for_each(|(d, &v)| C::change(d, v));
        } else {
            v.iter().enumerate().for_each(|(i, &v)| C::change(&mut d[(at + i as isize * step) as usize], v));
        }
    };
    if let Some(Some(list)) = plan.list.get() {
        let (list, row) = (list.elements::<i64>(), plan.row());
        if row == 1 {
            list.iter().zip(values).for_each(|(&i, &v)| C::change(&mut d[i as usize], v));
        } else {
            list.iter().for_each(|&i| line(i as isize * row as isize, row, 1));
        }
        return Ok(());
    }
    if let Some(lines) = plan.lines(cx, 0, &strides)? {
        let mut rest = values.chunks_exact(lines.places.size());
        lines.for_each_beginning(|at| {
            let d = &mut d[at..];
            let pairs = lines.places.elements::<i64>().iter().zip(rest.next().into_iter().flatten());
            pairs.for_each(|(&i, &v)| C::change(&mut d[i as usize], v));
        });
        return Ok(());
    }
    if plan.positions.is_some() {
        plan.rows(0, &strides, line);
        return Ok(());
    }
    let (shape, strides, at) = plan.over(0, &strides);
    let layout = Layout::new(&shape, &strides, 0);
    let (&(row, step), outer) = layout.axes.split_last().expect("a layout has an axis");
    for_each_offset(outer.iter().copied(), at, |at| line(at, row, step));
    Ok(())
}

pub(super) fn add_to(cx: &Context, x: Tensor, plan: &Plan, values: &Array) -> Result<Tensor> {
    let v = prepared(cx, &plan.to, values, x.dtype())?;
    let mut x = own(cx, x)?;
    plan.row_list(cx)?;
    with_dtype!(x.dtype(), T => {
        let d = x.unique_mut::<T>().expect("made unique");
        write::<T, Accumulate>(cx, plan, d, v.elements::<T>())?;
    });
    Ok(x)
}

/// `x` with `values` put at the index; of values for the same place the last one stays.
pub fn set(cx: &Context, x: &Array, plan: &Shared<Plan>, values: &Array) -> Array {
    apply(cx, &Set(plan.clone()), &[x, &without_leading_ones(cx, values, plan)])
}

#[derive(Clone)]
struct Set(Shared<Plan>);

impl Set {
    /// True for values that stayed, false for those overwritten by a later one; `None` where none can be.
    fn survivors(&self, cx: &Context) -> Result<Option<Array>> {
        let plan = &self.0;
        if plan.positions.is_none() {
            return Ok(None);
        }
        let n = shape::size_of(&plan.to);
        let numbers =
            cx.engine.build::<i64>(&plan.to, |d| d.iter_mut().enumerate().for_each(|(i, d)| *d = i as i64))?;
        let mut written = Ok(());
        let owner = cx.engine.build::<i64>(&plan.from, |d| {
            d.fill(n as i64);
            written = write::<i64, Replace>(cx, plan, d, numbers.elements::<i64>());
        })?;
        written?;
        let owner = get(cx, &owner.into(), plan);
        Ok(Some(elementwise::compare(cx, &elementwise::EQUAL, &owner, &numbers.into())))
    }
}

impl Primitive for Set {
    fn name(&self) -> &str {
        "ag_index_set"
    }

    fn parameters(&self) -> String {
        self.0.text()
    }

    fn eval(&self, cx: &Context, args: &[Array]) -> Result<Array> {
        // As in NumPy the array keeps its dtype; but precision that a derivative needs is not thrown away.
        let dtype = elementwise::promote(&args[0], &args[1]);
        let x = cast(cx, cx.lazy_tensor(&args[0])?, dtype)?;
        cx.engine.force(&x)?;
        let v = prepared(cx, &self.0.to, &args[1], dtype)?;
        let mut x = own(cx, x)?;
        with_dtype!(dtype, T => {
            let d = x.unique_mut::<T>().expect("made unique");
            write::<T, Replace>(cx, &self.0, d, v.elements::<T>())?;
        });
        Ok(x.into())
    }

    fn keeps(&self, _: &[usize]) -> u64 {
        0
    }

    fn vjp(&self, cx: &Context, argnum: usize, g: &Array, _: &Kept<'_>) -> Array {
        let g = if same(g.shape(), &self.0.from) { g.clone() } else { broadcast_to(cx, g, &self.0.from) };
        if argnum == 0 {
            return set(cx, &g, &self.0, &Array::weak(0.0));
        }
        let g = get(cx, &g, &self.0);
        match self.survivors(cx) {
            Ok(None) => g,
            Ok(Some(mask)) => elementwise::select(cx, &mask, &g, &Array::weak(0.0)),
            Err(e) => cx.fail(e.within(self.name())),
        }
    }

    fn jvp(&self, cx: &Context, argnum: usize, t: &Array, kept: &Kept<'_>) -> Array {
        if argnum == 0 {
            return set(cx, t, &self.0, &Array::weak(0.0));
        }
        let zero = zeros(cx, &Meta { dtype: t.dtype(), shape: kept.arg(0).shape().into() });
        set(cx, &zero, &self.0, t)
    }
}

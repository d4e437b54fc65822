//! Element-wise operations on small arrays that lie as the loops want them: no list of operands, no broadcast shape, no
//! copy. Most operations of a small net are of this kind, and their cost is what surrounds the loop.
//!
//! Everything else (another dtype, views, pending operands, wider broadcasts) goes the general way; the loops are the
//! same, so the results are the same bits.

use super::{Engine, splat_number};
use crate::array::{DType, Element, Tensor, dims::same};
use crate::kernels::math::{self, Binary, BinaryKernel, Pair, UnaryKernel};
use crate::kernels::rows;

/// How the second operand is broadcast to a row-major first one.
enum Broadcast {
    /// Element by element.
    Same,
    /// One number for all.
    Number(f64),
    /// One row for all rows, of this many elements.
    Row(usize),
    /// One number for each row of this many elements.
    Column(usize),
}

/// The loops of a function of two arguments, the array being the second one if `flip`.
struct Loops<'k, T: 'static> {
    kernel: &'k Binary<T>,
    flip: bool,
}

impl<T: Element> Loops<'_, T> {
    fn arrays(&self, z: &mut [T], x: &[T], y: &[T]) {
        if self.flip { (self.kernel.vv)(z, y, x) } else { (self.kernel.vv)(z, x, y) }
    }

    fn number(&self, z: &mut [T], x: &[T], y: T) {
        if self.flip { (self.kernel.sv)(z, y, x) } else { (self.kernel.vs)(z, x, y) }
    }
}

impl Engine {
    /// Whether operations on this array run at once.
    #[inline(always)]
    pub fn is_small(&self, t: &Tensor) -> bool {
        (2..=self.small.get()).contains(&t.size())
    }

    /// Whether an array is small, there, and row-major.
    fn is_handy(&self, t: &Tensor) -> bool {
        self.is_small(t) && t.is_ready() && t.is_contiguous()
    }

    /// A function of one small floating array; `None` for the general way.
    #[inline]
    pub fn small_unary(&self, kernel: &UnaryKernel, x: &Tensor) -> Option<Tensor> {
        if !self.is_handy(x) {
            return None;
        }
        match x.dtype() {
            DType::F64 => x.like::<f64>(|y| (kernel.f64)(y, x.elements())),
            DType::F32 => x.like::<f32>(|y| (kernel.f32)(y, x.elements())),
            _ => None,
        }
    }

    /// A function of one small floating array and its slope; no slope where that may be had from the values. `None` for the
    /// general way.
    #[inline]
    pub fn small_both(&self, pair: &Pair, x: &Tensor) -> Option<(Tensor, Option<Tensor>)> {
        if !self.is_small(x) {
            return None;
        }
        if let Some(of) = x.owned_slice::<f64>() {
            return both(x, of, pair.f64);
        }
        self.both_elsewhere(pair, x)
    }

    /// The same of a view, which would otherwise be walked again by the rule, and in single precision.
    #[inline(never)]
    fn both_elsewhere(&self, pair: &Pair, x: &Tensor) -> Option<(Tensor, Option<Tensor>)> {
        if !x.is_ready() {
            return None;
        }
        let x = &self.contiguous(x).ok()?;
        match x.dtype() {
            DType::F64 => both(x, x.elements(), pair.f64),
            DType::F32 => both(x, x.elements(), pair.f32),
            _ => None,
        }
    }

    /// A function of a small floating array and one that is broadcast to it; `flip` says that `x` is the second argument. `None`
    /// for the general way.
    #[inline]
    pub fn small_arrays(&self, kernel: &BinaryKernel, x: &Tensor, y: &Tensor, flip: bool) -> Option<Tensor> {
        // What most are, with as few questions as may be.
        if let (Some(a), Some(b)) = (x.owned_slice::<f64>(), y.owned_slice::<f64>())
            && self.is_small(x)
            && x.same_shape(y)
        {
            let (a, b) = if flip { (b, a) } else { (a, b) };
            return x.like::<f64>(|z| (kernel.f64.vv)(z, a, b));
        }
        if !self.is_handy(x) {
            return None;
        }
        self.small_broadcast(kernel, x, Some(y), broadcast(x, y)?, flip)
    }

    /// The same of an array and a number in its precision.
    #[inline]
    pub fn small_number(&self, kernel: &BinaryKernel, x: &Tensor, y: f64, flip: bool) -> Option<Tensor> {
        if let Some(a) = x.owned_slice::<f64>()
            && self.is_small(x)
        {
            let kernel = &kernel.f64;
            return x.like::<f64>(|z| if flip { (kernel.sv)(z, y, a) } else { (kernel.vs)(z, a, y) });
        }
        if !self.is_handy(x) {
            return None;
        }
        self.small_broadcast(kernel, x, None, Broadcast::Number(y), flip)
    }

    fn small_broadcast(
        &self,
        kernel: &BinaryKernel,
        x: &Tensor,
        y: Option<&Tensor>,
        broadcast: Broadcast,
        flip: bool,
    ) -> Option<Tensor> {
        match x.dtype() {
            DType::F64 => paired(Loops { kernel: &kernel.f64, flip }, x, y, broadcast),
            DType::F32 => paired(Loops { kernel: &kernel.f32, flip }, x, y, broadcast),
            _ => None,
        }
    }

    /// A loop over two small arrays of float64 and the same shape; `None` for the general way.
    #[inline]
    pub fn small_pair(&self, run: fn(&mut [f64], &[f64], &[f64]), x: &Tensor, y: &Tensor) -> Option<Tensor> {
        let (a, b) = (x.owned_slice::<f64>()?, y.owned_slice::<f64>()?);
        let fits = (2..=self.small.get()).contains(&a.len()) && x.same_shape(y);
        if fits { x.like::<f64>(|z| run(z, a, b)) } else { None }
    }

    /// A loop over a small array of float64 without another reference, in its place, and another one of the same shape; `false` for
    /// the general way.
    #[inline]
    pub fn small_in_place(&self, run: fn(&mut [f64], &[f64]), x: &mut Tensor, y: &Tensor) -> bool {
        if !self.is_small(x) || !x.same_shape(y) {
            return false;
        }
        let (Some(a), Some(b)) = (x.unique_mut::<f64>(), y.owned_slice::<f64>()) else { return false };
        run(a, b);
        true
    }

    /// The same with a number.
    #[inline]
    pub fn small_in_place_by(&self, run: fn(&mut [f64], f64), x: &mut Tensor, y: f64) -> bool {
        if !self.is_small(x) {
            return false;
        }
        x.unique_mut::<f64>().map(|a| run(a, y)).is_some()
    }

    /// Adds `part` to `sum`, both small, real and alike: in the place of one of them without another reference, or in a new
    /// array. Gives it back where that can't be done. No callback runs.
    #[inline]
    pub fn add_in_place(&self, sum: &mut Tensor, mut part: Tensor) -> Result<(), Tensor> {
        let there = |t: &Tensor| t.is_ready() && t.is_contiguous();
        let fits = sum.dtype() == part.dtype()
            && sum.same_shape(&part)
            && sum.size() <= IN_PLACE
            && there(sum)
            && there(&part)
            && matches!(sum.dtype(), DType::F64 | DType::F32);
        if fits && add_to(sum, &part) {
            return Ok(());
        }
        if !fits || !sum.drops_quietly() {
            return Err(part);
        }
        if !add_to(&mut part, sum) {
            let Some(total) = self.small_arrays(&math::ADD, sum, &part, false) else { return Err(part) };
            part = total;
        }
        *sum = part;
        Ok(())
    }

    /// Adds the products of the elements of `column` with those of `row` to the matrix `sum` in its place, if there is no
    /// other reference to it and all three are there and of one real dtype.
    pub fn add_outer(&self, sum: &mut Tensor, column: &Tensor, row: &Tensor) -> bool {
        let there = |t: &Tensor| t.is_ready() && t.is_contiguous() && t.dtype() == sum.dtype();
        if !there(sum) || !there(column) || !there(row) || sum.size() > IN_PLACE {
            return false;
        }
        debug_assert!(same(sum.shape(), &[column.size(), row.size()]));
        match sum.dtype() {
            DType::F64 => {
                sum.unique_mut::<f64>().is_some_and(|z| rows::add_outer(z, column.elements(), row.elements()))
            }
            DType::F32 => {
                sum.unique_mut::<f32>().is_some_and(|z| rows::add_outer(z, column.elements(), row.elements()))
            }
            _ => false,
        }
    }
}

/// Value and slope by one loop, which says whether the slope may be had from the value.
#[inline(always)]
fn both<T: Element>(
    x: &Tensor,
    of: &[T],
    pair: fn(&mut [T], &mut [T], &[T]) -> bool,
) -> Option<(Tensor, Option<Tensor>)> {
    let mut second = None;
    let mut from_first = false;
    let first = x.like::<T>(|y| second = x.like::<T>(|slope| from_first = pair(y, slope, of)))?;
    let second = second?;
    Some((first, if from_first { None } else { Some(second) }))
}

fn paired<T: Element>(loops: Loops<'_, T>, x: &Tensor, y: Option<&Tensor>, broadcast: Broadcast) -> Option<Tensor> {
    let a = x.elements::<T>();
    x.like::<T>(|z| match (broadcast, y) {
        (Broadcast::Number(y), _) => loops.number(z, a, T::from_f64(y)),
        (Broadcast::Same, Some(y)) => loops.arrays(z, a, y.elements::<T>()),
        (Broadcast::Row(n), Some(y)) => {
            let y = y.elements::<T>();
            z.chunks_exact_mut(n).zip(a.chunks_exact(n)).for_each(|(z, x)| loops.arrays(z, x, y));
        }
        (Broadcast::Column(n), Some(y)) => {
            let rows = z.chunks_exact_mut(n).zip(a.chunks_exact(n));
            rows.zip(y.elements::<T>()).for_each(|((z, x), &y)| loops.number(z, x, y));
        }
        _ => unreachable!("an operand that isn't a number is an array"),
    })
}

/// Adds `y` to a real array without another reference.
#[inline]
fn add_to(x: &mut Tensor, y: &Tensor) -> bool {
    if x.dtype() == DType::F64 {
        x.unique_mut::<f64>().map(|x| rows::add(x, y.elements::<f64>())).is_some()
    } else {
        x.unique_mut::<f32>().map(|x| rows::add(x, y.elements::<f32>())).is_some()
    }
}

/// Longer sums of what is there already may become part of a pass, and of several threads' work.
const IN_PLACE: usize = 1 << 16;

/// Rows shorter than this are not worth a call each.
const SHORT: usize = 8;

fn broadcast(x: &Tensor, y: &Tensor) -> Option<Broadcast> {
    if y.dtype() != x.dtype() || !y.is_ready() {
        return None;
    }
    let (p, q) = (x.shape(), y.shape());
    if same(p, q) {
        return if y.is_contiguous() { Some(Broadcast::Same) } else { splat_number(y).map(Broadcast::Number) };
    }
    let &[.., n] = p else { return None };
    if !y.is_contiguous() || n < SHORT {
        return None;
    }
    match *q {
        [] => splat_number(y).map(Broadcast::Number),
        [k] | [1, k] if k == n && p.len() >= q.len() => Some(Broadcast::Row(n)),
        [.., 1] if q.len() == p.len() && q[..q.len() - 1] == p[..p.len() - 1] => Some(Broadcast::Column(n)),
        _ => None,
    }
}

//! Element-wise operations on small arrays that lie as the loops want them: no list of operands, no broadcast shape, no
//! copy. Most operations of a small net are of this kind, and their cost is what surrounds the loop.
//!
//! Everything else (another dtype, views, pending operands, wider broadcasts) goes the general way; the loops are the
//! same, so the results are the same bits.

use super::{Engine, splat_number};
use crate::array::{DType, Element, Tensor, dims::same};
use crate::error::Result;
use crate::kernels::math::{Binary, BinaryKernel, UnaryKernel};
use crate::kernels::rows;

/// What a loop reads besides its first operand.
pub enum Other<'a> {
    Number(f64),
    Array(&'a Tensor),
}

/// How the second operand lies beside a row-major first one.
enum Beside {
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
    /// Whether an array is small, there, and row-major.
    fn is_handy(&self, t: &Tensor) -> bool {
        (2..=self.small.get()).contains(&t.size()) && t.is_ready() && t.is_contiguous()
    }

    /// A function of one small floating array; `None` for the general way.
    pub fn small_unary(&self, kernel: &UnaryKernel, x: &Tensor) -> Option<Result<Tensor>> {
        if !self.is_handy(x) {
            return None;
        }
        match x.dtype() {
            DType::F64 => Some(self.filled::<f64>(x, |y, x| (kernel.f64)(y, x))),
            DType::F32 => Some(self.filled::<f32>(x, |y, x| (kernel.f32)(y, x))),
            _ => None,
        }
    }

    /// A function of a small floating array and something that fits beside it; `flip` says that the array is the second
    /// argument. `None` for the general way.
    pub fn small_binary(&self, kernel: &BinaryKernel, x: &Tensor, y: Other<'_>, flip: bool) -> Option<Result<Tensor>> {
        if !self.is_handy(x) {
            return None;
        }
        let beside = match y {
            Other::Number(y) => Beside::Number(y),
            Other::Array(y) => beside(x, y)?,
        };
        let y = match y {
            Other::Array(y) => Some(y),
            Other::Number(_) => None,
        };
        match x.dtype() {
            DType::F64 => Some(self.paired(Loops { kernel: &kernel.f64, flip }, x, y, beside)),
            DType::F32 => Some(self.paired(Loops { kernel: &kernel.f32, flip }, x, y, beside)),
            _ => None,
        }
    }

    /// A loop over two small arrays of float64 and the same shape; `None` for the general way.
    pub fn small_pair(&self, row: fn(&mut [f64], &[f64], &[f64]), x: &Tensor, y: &Tensor) -> Option<Result<Tensor>> {
        let fits = self.is_handy(x) && x.dtype() == DType::F64 && y.dtype() == DType::F64;
        if !fits || !same(x.shape(), y.shape()) || !self.is_handy(y) {
            return None;
        }
        Some(self.filled::<f64>(x, |z, x| row(z, x, y.elements::<f64>())))
    }

    /// `x + y` in the place of `x`, if both are alike and there, and nobody else sees `x`; else `x` again.
    pub fn add_in_place(&self, mut x: Tensor, y: &Tensor) -> std::result::Result<Tensor, Tensor> {
        let there = |t: &Tensor| t.size() <= IN_PLACE && t.is_ready() && t.is_contiguous();
        let fits = there(&x) && there(y) && x.dtype() == y.dtype() && same(x.shape(), y.shape());
        let done = fits
            && match x.dtype() {
                DType::F64 => x.unique_mut::<f64>().map(|x| rows::add(x, y.elements::<f64>())).is_some(),
                DType::F32 => x.unique_mut::<f32>().map(|x| rows::add(x, y.elements::<f32>())).is_some(),
                _ => false,
            };
        if done { Ok(x) } else { Err(x) }
    }

    /// Adds the products of the elements of `column` with those of `row` to the matrix `sum` in its place, if nobody else sees
    /// it and all three are there and of one real dtype.
    pub fn add_outer(&self, sum: &mut Tensor, column: &Tensor, row: &Tensor) -> bool {
        let there = |t: &Tensor| t.is_ready() && t.is_contiguous() && t.dtype() == sum.dtype();
        if !there(sum) || !there(column) || !there(row) || sum.size() > IN_PLACE {
            return false;
        }
        debug_assert!(same(sum.shape(), &[column.size(), row.size()]));
        match sum.dtype() {
            DType::F64 => {
                sum.unique_mut::<f64>().map(|z| rows::add_outer(z, column.elements(), row.elements())).is_some()
            }
            DType::F32 => {
                sum.unique_mut::<f32>().map(|z| rows::add_outer(z, column.elements(), row.elements())).is_some()
            }
            _ => false,
        }
    }

    fn filled<T: Element>(&self, x: &Tensor, fill: impl FnOnce(&mut [T], &[T])) -> Result<Tensor> {
        x.like::<T>(|z| fill(z, x.elements::<T>()))
    }

    fn paired<T: Element>(
        &self,
        loops: Loops<'_, T>,
        x: &Tensor,
        y: Option<&Tensor>,
        beside: Beside,
    ) -> Result<Tensor> {
        self.filled::<T>(x, |z, x| match (beside, y) {
            (Beside::Number(y), _) => loops.number(z, x, T::from_f64(y)),
            (Beside::Same, Some(y)) => loops.arrays(z, x, y.elements::<T>()),
            (Beside::Row(n), Some(y)) => {
                let y = y.elements::<T>();
                z.chunks_exact_mut(n).zip(x.chunks_exact(n)).for_each(|(z, x)| loops.arrays(z, x, y));
            }
            (Beside::Column(n), Some(y)) => {
                let rows = z.chunks_exact_mut(n).zip(x.chunks_exact(n));
                rows.zip(y.elements::<T>()).for_each(|((z, x), &y)| loops.number(z, x, y));
            }
            _ => unreachable!("an operand that isn't a number is an array"),
        })
    }
}

/// Longer sums of what is there already may become part of a pass, and of several threads' work.
const IN_PLACE: usize = 1 << 16;

/// Rows shorter than this are not worth a call each.
const SHORT: usize = 8;

fn beside(x: &Tensor, y: &Tensor) -> Option<Beside> {
    if y.dtype() != x.dtype() || !y.is_ready() {
        return None;
    }
    let (p, q) = (x.shape(), y.shape());
    if same(p, q) {
        return if y.is_contiguous() { Some(Beside::Same) } else { splat_number(y).map(Beside::Number) };
    }
    let &[.., n] = p else { return None };
    if !y.is_contiguous() || n < SHORT {
        return None;
    }
    match *q {
        [] => splat_number(y).map(Beside::Number),
        [k] | [1, k] if k == n && p.len() >= q.len() => Some(Beside::Row(n)),
        [.., 1] if q.len() == p.len() && q[..q.len() - 1] == p[..p.len() - 1] => Some(Beside::Column(n)),
        _ => None,
    }
}

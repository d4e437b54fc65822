//! `numpy.astype` and its kernel: elements in another dtype.

use super::*;
use crate::ops::create;

/// The same elements in another dtype; deferred like any element-wise operation.
pub fn cast(cx: &Context, t: Tensor, dtype: DType) -> Result<Tensor> {
    if t.dtype() == dtype {
        return Ok(t);
    }
    let (from, shape) = (t.dtype(), Shape::from_slice(t.shape()));
    let operands = [Operand::Array(t), Operand::None, Operand::None];
    cx.engine.elementwise(Op::Cast, from, dtype, &shape, operands)
}

/// `numpy.astype`: linear where both dtypes can be differentiated. From complex to real it drops the imaginary part.
pub fn astype(cx: &Context, x: &Array, dtype: DType) -> Array {
    if x.dtype() == dtype && !x.is_weak() || cx.failed() {
        return x.clone();
    }
    if let Array::Number { value, .. } = x
        && dtype == DType::F64
    {
        return Array::from(*value);
    }
    if !dtype.is_inexact() {
        return plain(cx, "ag_astype", |cx| Astype(dtype).eval(cx, &[x.plain()]), &[x]);
    }
    apply(cx, &Astype(dtype), &[x])
}

/// An error where an element cannot become an integer by being cut off: NaN, infinities, what is beyond 64 bits.
fn has_integers(cx: &Context, t: &Tensor) -> Result<()> {
    let t = cx.engine.contiguous(t)?;
    let range = -create::LIMIT..create::LIMIT;
    let bad = crate::with_dtype!(t.dtype(), T => {
        t.elements::<T>().iter().map(|x| crate::array::Element::to_complex(*x).re).find(|x| !range.contains(x))
    });
    bad.map_or(Ok(()), |x| Err(Error::value(format!("{x} is no int64"))))
}

#[derive(Clone)]
struct Astype(DType);

impl Primitive for Astype {
    fn name(&self) -> &str {
        "ag_astype"
    }
    fn eval(&self, cx: &Context, args: &[Array]) -> Result<Array> {
        let t = cx.lazy_tensor(&args[0])?;
        if self.0 == DType::I64 && t.dtype().is_inexact() {
            has_integers(cx, &t)?;
        }
        Ok(cast(cx, t, self.0)?.into())
    }
    fn is_elementwise(&self) -> bool {
        true
    }

    fn keeps(&self, _: &[usize]) -> u64 {
        0
    }
    fn vjp(&self, _: &Context, _: usize, g: &Array, _: &Kept<'_>) -> Array {
        g.clone()
    }
    fn jvp(&self, cx: &Context, _: usize, t: &Array, _: &Kept<'_>) -> Array {
        astype(cx, t, self.0)
    }
}

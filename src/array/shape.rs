//! Shapes, strides, axes: the arithmetic of NumPy's indices, and its error messages.

use super::dims::{Dims, same};
use crate::error::{Error, Result};

/// Extents of the axes, outermost first. Four of them need no heap block.
pub type Shape = Dims<usize>;
/// Distances in elements between neighbours along each axis; may be zero (broadcast) or negative (reversed).
pub type Strides = Dims<isize>;
/// Axes, normalised to `0..ndim`.
pub type Axes = Dims<usize>;

/// More axes than NumPy 2 allows are refused.
pub const MAX_NDIM: usize = 64;

/// Refuses more axes than an array can have.
pub fn check_ndim(ndim: usize) -> Result<()> {
    if ndim > MAX_NDIM {
        return Err(Error::value(format!("maximum supported dimension for an array is {MAX_NDIM}, found {ndim}")));
    }
    Ok(())
}

/// The number of elements, or an error where it does not fit the address space with `element` bytes each.
pub fn checked_size(shape: &[usize], element: usize) -> Result<usize> {
    check_ndim(shape.len())?;
    // A zero extent makes the array empty however large the others are, but NumPy refuses the others all the same.
    let (mut bytes, mut n) = (Some(element.max(1)), 1usize);
    for &d in shape {
        n = n.wrapping_mul(d);
        bytes = bytes.and_then(|b| b.checked_mul(d.max(1)));
    }
    if bytes.is_none_or(|b| b > isize::MAX as usize) {
        return Err(Error::memory(format!("an array of shape {} is larger than the address space", Show(shape))));
    }
    Ok(n)
}

/// The number of elements of a shape that was checked when its array was made.
pub fn size_of(shape: &[usize]) -> usize {
    shape.iter().product()
}

/// Row-major strides.
pub fn contiguous(shape: &[usize]) -> Strides {
    let mut strides: Strides = Dims::from_elem(0, shape.len());
    let mut step = 1isize;
    for (s, &d) in strides.iter_mut().zip(shape).rev() {
        *s = step;
        step = step.wrapping_mul(d.max(1) as isize);
    }
    strides
}

/// Whether elements lie one after the other in row-major order (axes of extent 1 have no say).
pub fn is_contiguous(shape: &[usize], strides: &[isize]) -> bool {
    let mut step = 1isize;
    for (&d, &s) in shape.iter().zip(strides).rev() {
        if d != 1 {
            if s != step && d != 0 {
                return false;
            }
            step *= d as isize;
        }
    }
    true
}

/// NumPy's broadcasting of two shapes.
pub fn broadcast(a: &[usize], b: &[usize]) -> Result<Shape> {
    if same(a, b) {
        return Ok(a.into());
    }
    let n = a.len().max(b.len());
    let mut out: Shape = Dims::from_elem(1, n);
    for (i, o) in out.iter_mut().enumerate() {
        let x = if i + a.len() >= n { a[i + a.len() - n] } else { 1 };
        let y = if i + b.len() >= n { b[i + b.len() - n] } else { 1 };
        *o = match (x, y) {
            (x, y) if x == y => x,
            (1, y) => y,
            (x, 1) => x,
            _ => {
                return Err(Error::shape(format!(
                    "operands could not be broadcast together with shapes {} {}",
                    Show(a),
                    Show(b)
                )));
            }
        };
    }
    Ok(out)
}

/// Strides that make an array of `shape` read as one of `target`; `None` where it doesn't broadcast.
pub fn broadcast_strides(shape: &[usize], strides: &[isize], target: &[usize]) -> Option<Strides> {
    let lead = target.len().checked_sub(shape.len())?;
    let mut out: Strides = Dims::from_elem(0, target.len());
    for i in 0..shape.len() {
        if shape[i] == target[lead + i] {
            out[lead + i] = strides[i];
        } else if shape[i] != 1 {
            return None;
        }
    }
    Some(out)
}

/// The strides with which an array of `shape` and `strides` is read in the shape `to`, of as many elements (at least one), if
/// that can be done where it lies: axes that become one must follow each other in memory.
pub fn reshaped_strides(shape: &[usize], strides: &[isize], to: &[usize]) -> Option<Strides> {
    let mut old = shape.iter().zip(strides).filter(|(d, _)| **d != 1).map(|(&d, &s)| (d, s));
    let mut out: Strides = Dims::from_elem(0, to.len());
    let mut next = 0;
    while let Some((mut extent, mut stride)) = old.next() {
        // Axes `first..next` of the new shape hold the same elements as a few of the old ones.
        let (first, mut size) = (next, 1);
        while size != extent {
            if size < extent {
                size *= to.get(next)?;
                next += 1;
            } else {
                let (d, s) = old.next()?;
                if stride != s * d as isize {
                    return None;
                }
                (extent, stride) = (extent * d, s);
            }
        }
        for k in (first..next).rev() {
            out[k] = stride;
            stride *= to[k] as isize;
        }
    }
    Some(out)
}

/// One axis, counted from the end when negative.
pub fn normalize_axis(axis: i64, ndim: usize) -> Result<usize> {
    let n = ndim as i64;
    if axis < -n || axis >= n {
        return Err(Error::value(format!("axis {axis} is out of bounds for array of dimension {ndim}")));
    }
    Ok(if axis < 0 { axis + n } else { axis } as usize)
}

/// Several axes, each once, in the order given.
pub fn normalize_axes(axes: &[i64], ndim: usize) -> Result<Axes> {
    let mut out = Axes::new();
    for &a in axes {
        let a = normalize_axis(a, ndim)?;
        if out.contains(&a) {
            return Err(Error::value("duplicate value in 'axis'"));
        }
        out.push(a);
    }
    Ok(out)
}

/// The shape left by a reduction over `axes`.
pub fn reduced(shape: &[usize], axes: &[usize], keepdims: bool) -> Shape {
    shape
        .iter()
        .enumerate()
        .filter_map(|(i, &d)| match (axes.contains(&i), keepdims) {
            (false, _) => Some(d),
            (true, true) => Some(1),
            (true, false) => None,
        })
        .collect()
}

/// A shape as NumPy prints it: `()`, `(3,)`, `(2, 3)`.
pub struct Show<'a>(pub &'a [usize]);

impl std::fmt::Display for Show<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            [one] => write!(f, "({one},)"),
            all => {
                f.write_str("(")?;
                for (i, d) in all.iter().enumerate() {
                    write!(f, "{}{d}", if i == 0 { "" } else { ", " })?;
                }
                f.write_str(")")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broadcasting() {
        assert_eq!(broadcast(&[3, 1], &[4]).unwrap().as_slice(), &[3, 4]);
        assert_eq!(broadcast(&[], &[2, 0]).unwrap().as_slice(), &[2, 0]);
        let e = broadcast(&[3], &[4]).unwrap_err();
        assert_eq!(e.message, "operands could not be broadcast together with shapes (3,) (4,)");
    }

    #[test]
    fn views_take_other_shapes_where_they_lie() {
        let of = |shape: &[usize], strides: &[isize], to: &[usize]| {
            reshaped_strides(shape, strides, to).map(|s| s.as_slice().to_vec())
        };
        // A transposed matrix: axes may be split, and new ones of extent 1 come anywhere.
        assert_eq!(of(&[4, 6], &[1, 4], &[4, 1, 6]), Some(vec![1, 24, 4]));
        assert_eq!(of(&[4, 6], &[1, 4], &[2, 2, 3, 2]), Some(vec![2, 1, 8, 4]));
        assert_eq!(of(&[4, 6], &[1, 4], &[24]), None);
        assert_eq!(of(&[4, 6], &[1, 4], &[6, 4]), None);
        // Repeated rows, repeated elements, one element.
        assert_eq!(of(&[4, 6], &[0, 1], &[2, 2, 6]), Some(vec![0, 0, 1]));
        assert_eq!(of(&[4, 6], &[0, 0], &[3, 8]), Some(vec![0, 0]));
        assert_eq!(of(&[4, 6], &[0, 1], &[24]), None);
        assert_eq!(of(&[1, 1], &[7, 9], &[]), Some(vec![]));
        assert_eq!(of(&[], &[], &[1]), Some(vec![0]));
        // Axes that follow each other, backwards as well.
        assert_eq!(of(&[3, 2, 5], &[20, 10, -2], &[6, 5]), Some(vec![10, -2]));
        assert_eq!(of(&[3, 2, 5], &[-20, -10, -2], &[30]), Some(vec![-2]));
    }

    #[test]
    fn absurd_sizes_are_errors() {
        assert!(checked_size(&[1 << 31, 1 << 31], 8).is_err());
        assert!(checked_size(&[1 << 62], 8).is_err());
        assert_eq!(checked_size(&[0, 1 << 20], 8).unwrap(), 0);
    }

    #[test]
    fn contiguity_ignores_axes_of_extent_one() {
        assert!(is_contiguous(&[1, 3], &[99, 1]));
        assert!(!is_contiguous(&[2, 3], &[1, 2]));
        assert!(is_contiguous(&[2, 3], &contiguous(&[2, 3])));
    }
}

//! Lines of a selection that are read (or written) at the same distances from different beginnings, as `take` along the
//! last axis does: the distances are looked at once, not for each element.

use super::*;

pub(super) struct Lines {
    /// How far the elements of a line are from its beginning; none of them is negative.
    pub places: Tensor,
    start: isize,
    outer: SmallVec<[(usize, isize); 4]>,
}

impl Lines {
    pub fn for_each_beginning(&self, mut each: impl FnMut(usize)) {
        for_each_offset(self.outer.iter().copied(), self.start, |at| each(at as usize));
    }
}

impl Plan {
    /// The lines of the selection, if one index array stands for the last axis that has more than one element; for an
    /// array with such steps. Lines of a few elements are not worth it.
    pub(super) fn lines(&self, cx: &Context, offset: isize, strides: &[isize]) -> Result<Option<Lines>> {
        const SHORT: usize = 8;
        let Some(Positions { along, at, .. }) = &self.positions else { return Ok(None) };
        let [(axis, list)] = &along[..] else { return Ok(None) };
        if list.size() < SHORT {
            return Ok(None);
        }
        let (shape, strides, start) = self.over(offset, strides);
        let others = (0..shape.len()).filter(|k| k != axis);
        if others.clone().skip(*at).any(|k| shape[k] != 1) || strides[*axis] < 0 {
            return Ok(None);
        }
        let step = strides[*axis] as i64;
        let places = match step {
            1 => list.clone(),
            _ => cx.engine.build::<i64>(list.shape(), |d| {
                d.iter_mut().zip(list.elements::<i64>()).for_each(|(d, &i)| *d = i * step);
            })?,
        };
        let outer = others.take(*at).map(|k| (shape[k], strides[k])).collect();
        Ok(Some(Lines { places, start, outer }))
    }
}

//! Boolean masks as indices: the places of their true elements.

use super::*;

/// A mask must have the shape of the axes for which it stands.
pub(super) fn check(mask: &Tensor, axes: &[usize]) -> Result<()> {
    if mask.shape() == axes {
        return Ok(());
    }
    Err(Error::index(format!(
        "boolean index of shape {} did not match the indexed axes of shape {}",
        Show(mask.shape()),
        Show(axes)
    )))
}

impl Plan {
    /// The index that a mask over the first axes is: one list names the rows, whatever the number of axes.
    pub(super) fn of_mask(cx: &Context, from: &[usize], mask: &Tensor) -> Result<Shared<Plan>> {
        let masked = mask.ndim();
        check(mask, &from[..masked])?;
        let places = nonzero(cx, mask)?;
        let count = places.size();
        let window = from.iter().enumerate();
        let window = window.map(|(axis, &length)| Window { source: Some(axis), start: 0, step: 1, length }).collect();
        let to: Shape = behind(count, &from[masked..]);
        shape::checked_size(&to, 16)?;
        let positions = Positions { shape: Shape::from_slice(&[count]), along: SmallVec::new(), at: 0 };
        let (positions, list) = (Some(positions), OnceCell::from(Some(places)));
        Ok(Shared::new(&cx.plans, Plan { from: from.into(), to, window, positions, masked, list }))
    }

    /// The same index with positions along each axis.
    pub(super) fn unmasked(&self, cx: &Context) -> Result<Shared<Plan>> {
        let list = self.row_list(cx)?.expect("a mask names rows");
        let along = along_axes(cx, list, &self.from[..self.masked])?.into_iter().enumerate().collect();
        let positions = Some(Positions { shape: list.shape().into(), along, at: 0 });
        let (from, to, window) = (self.from.clone(), self.to.clone(), self.window.clone());
        Ok(Shared::new(&cx.plans, Plan { from, to, window, positions, masked: 0, list: OnceCell::new() }))
    }
}

/// The row-major places of true elements.
pub(super) fn nonzero(cx: &Context, mask: &Tensor) -> Result<Tensor> {
    let mask = cx.engine.contiguous(mask)?;
    let flags = mask.elements::<bool>();
    let count = flags.iter().filter(|&&b| b).count();
    cx.engine.build::<i64>(&[count], |places| {
        // Every place is written, and stays if it counts: no branch that the processor would have to guess.
        let mut k = 0;
        for (i, &flag) in flags.iter().enumerate() {
            if let Some(place) = places.get_mut(k) {
                *place = i as i64;
            }
            k += usize::from(flag);
        }
    })
}

/// The positions along each axis of row-major places in ascending order, one list per axis.
pub(super) fn along_axes(cx: &Context, places: &Tensor, shape: &[usize]) -> Result<SmallVec<[Tensor; 2]>> {
    let count = places.size();
    let list = places.elements::<i64>();
    if shape.len() == 1 {
        return Ok(SmallVec::from_iter([places.clone()]));
    }
    if let [_, columns] = *shape {
        // Counted along, since dividing takes longer than all else.
        let row = cx.engine.build::<i64>(&[count], |d| {
            let mut row = 0;
            for (d, &place) in d.iter_mut().zip(list) {
                while place >= (row + 1) * columns as i64 {
                    row += 1;
                }
                *d = row;
            }
        })?;
        let column = cx.engine.build::<i64>(&[count], |d| {
            let pairs = list.iter().zip(row.elements::<i64>());
            d.iter_mut().zip(pairs).for_each(|(d, (&place, &row))| *d = place - row * columns as i64);
        })?;
        return Ok(SmallVec::from_iter([row, column]));
    }
    let strides = shape::contiguous(shape);
    let along = shape.iter().zip(&strides).map(|(&extent, &stride)| {
        let of = |place: i64| place / stride as i64 % extent as i64;
        cx.engine.build::<i64>(&[count], |d| d.iter_mut().zip(list).for_each(|(d, &place)| *d = of(place)))
    });
    along.collect()
}

//! Reading strided memory: copies of views into row-major blocks.
//!
//! A view is first *collapsed*: neighbouring axes that one stride can walk become one, so that most views have one
//! or two axes left and the innermost run is long.

use super::copy::{copy, copy_apart};
use super::memory::prefetch;
use super::transpose::Columns;
use smallvec::SmallVec;

/// Bytes of a copy from which on the run after the one that is copied is prefetched, if it is one of so many bytes.
const FETCHED: usize = 1 << 20;
const RUN: std::ops::Range<usize> = 512..1 << 15;

/// A collapsed layout.
#[derive(Clone, Debug, PartialEq)]
pub struct Layout {
    pub offset: usize,
    /// Extent and stride of each axis, outermost first; at least one axis.
    pub axes: SmallVec<[(usize, isize); 4]>,
}

impl Layout {
    pub fn new(shape: &[usize], strides: &[isize], offset: usize) -> Layout {
        let mut axes: SmallVec<[(usize, isize); 4]> = SmallVec::new();
        for (&d, &s) in shape.iter().zip(strides) {
            if d == 1 {
                continue;
            }
            match axes.last_mut() {
                Some((n, t)) if *t == s * d as isize => {
                    *n *= d;
                    *t = s;
                }
                _ => axes.push((d, s)),
            }
        }
        if axes.is_empty() {
            axes.push((1, 0));
        }
        Layout { offset, axes }
    }

    /// Whether the copy of this is a transposition: the innermost axis makes wide steps, the one before it small ones.
    pub fn is_transposed(&self) -> bool {
        matches!(self.axes[..], [.., rows, columns] if transposed(rows, columns))
    }

    /// Elements of a row, if this is transposed.
    pub fn transposed_row(&self) -> Option<usize> {
        self.is_transposed().then(|| self.axes[self.axes.len() - 1].0)
    }

    /// The same as [`Layout::read`], where whole rows of a layout that is transposed are transposed together. Elements that
    /// are `ahead` further on will be read next.
    pub fn read_rows<T: Copy>(&self, memory: &[T], start: usize, dst: &mut [T], ahead: usize) {
        let &[ref outer @ .., (rows, row_step), (columns, column_step)] = &self.axes[..] else {
            return self.read(memory, start, dst);
        };
        let mut done = 0;
        while done < dst.len() {
            let (first, left) = (start + done, dst.len() - done);
            let (row, column) = (first / columns, first % columns);
            if column != 0 || left < columns {
                let n = left.min(columns - column);
                self.read(memory, first, &mut dst[done..done + n]);
                done += n;
                continue;
            }
            let (mut matrix, row) = (row / rows, row % rows);
            let mut at = self.offset as isize + row as isize * row_step;
            for &(d, s) in outer.iter().rev() {
                at += (matrix % d) as isize * s;
                matrix /= d;
            }
            let count = (rows - row).min(left / columns);
            let part = Columns { at, row_step, column_step, rows: count, columns, ahead: ahead / columns, past: false };
            part.copy(memory, &mut dst[done..], columns);
            done += count * columns;
        }
    }

    /// Copies the elements with row-major numbers `start..start + dst.len()`.
    pub fn read<T: Copy>(&self, memory: &[T], start: usize, dst: &mut [T]) {
        let (&(inner, step), outer) = self.axes.split_last().expect("a layout has an axis");
        if dst.is_empty() {
            return;
        }
        // Where the first element is.
        let mut index: SmallVec<[usize; 4]> = SmallVec::from_elem(0, outer.len());
        let mut rest = start / inner;
        let mut at = self.offset as isize;
        for (i, &(d, s)) in index.iter_mut().zip(outer).rev() {
            *i = rest % d;
            rest /= d;
            at += *i as isize * s;
        }
        let mut skip = start % inner;
        let mut done = 0;
        loop {
            let n = (inner - skip).min(dst.len() - done);
            let from = at + skip as isize * step;
            let run = &mut dst[done..done + n];
            copy_run(memory, from, step, run);
            done += n;
            skip = 0;
            if done == dst.len() {
                return;
            }
            for (i, &(d, s)) in index.iter_mut().zip(outer).rev() {
                *i += 1;
                at += s;
                if *i < d {
                    break;
                }
                *i = 0;
                at -= s * d as isize;
            }
        }
    }
}

/// Elements one after the other, `each` times, as far as `dst` goes.
fn repeat<'a, T: Copy + 'a>(source: impl Iterator<Item = &'a T>, each: usize, dst: &mut [T]) {
    // The usual numbers are known to the compiler, which then needs no inner loop.
    match each {
        2 => dst.as_chunks_mut::<2>().0.iter_mut().zip(source).for_each(|(d, s)| *d = [*s; 2]),
        3 => dst.as_chunks_mut::<3>().0.iter_mut().zip(source).for_each(|(d, s)| *d = [*s; 3]),
        4 => dst.as_chunks_mut::<4>().0.iter_mut().zip(source).for_each(|(d, s)| *d = [*s; 4]),
        _ => dst.chunks_exact_mut(each).zip(source).for_each(|(d, s)| d.fill(*s)),
    }
}

/// The elements `memory[from]`, `memory[from + step]` and so on.
#[inline]
fn copy_run<T: Copy>(memory: &[T], from: isize, step: isize, dst: &mut [T]) {
    let n = dst.len();
    match step {
        1 => copy(dst, &memory[from as usize..from as usize + n]),
        0 => fill(dst, memory[from as usize]),
        _ if step > 0 => {
            let source = memory[from as usize..].iter().step_by(step as usize);
            dst.iter_mut().zip(source).for_each(|(d, s)| *d = *s);
        }
        -1 => {
            let source = memory[from as usize + 1 - n..=from as usize].iter().rev();
            dst.iter_mut().zip(source).for_each(|(d, s)| *d = *s);
        }
        _ => {
            let mut p = from;
            for d in dst {
                *d = memory[p as usize];
                p += step;
            }
        }
    }
}

super::math::dispatch::dispatch!(fn fill[T: Copy](dst: &mut [T], x: T) = fill_body);

#[inline(always)]
fn fill_body<T: Copy, const FMA: bool>(dst: &mut [T], x: T) {
    dst.fill(x);
}

/// The whole of a layout, in row-major order.
pub fn copy_all<T: Copy>(layout: &Layout, memory: &[T], dst: &mut [T]) {
    if dst.is_empty() {
        return;
    }
    let mut width = 1;
    let mut axes: SmallVec<[Axis; 4]> = SmallVec::new();
    for &(n, from) in layout.axes.iter().rev() {
        axes.push(Axis { n, from, to: width as isize });
        width *= n;
    }
    axes.reverse();
    place(&axes, memory, layout.offset, dst, 0);
}

/// Where an array lies in memory: its first element, and the strides.
#[derive(Clone, Copy)]
pub struct StridedView<'a> {
    pub offset: usize,
    pub strides: &'a [isize],
}

/// Copies an array of this shape from its place in `memory` to one in `dst`, where no stride is negative.
pub fn copy_to<T: Copy>(shape: &[usize], memory: &[T], from: StridedView<'_>, dst: &mut [T], to: StridedView<'_>) {
    if shape.contains(&0) {
        return;
    }
    let mut axes: SmallVec<[Axis; 4]> = SmallVec::new();
    for ((&n, &from), &to) in shape.iter().zip(from.strides).zip(to.strides) {
        match axes.last_mut() {
            _ if n == 1 => {}
            Some(last) if last.from == from * n as isize && last.to == to * n as isize => {
                *last = Axis { n: last.n * n, from, to };
            }
            _ => axes.push(Axis { n, from, to }),
        }
    }
    if axes.is_empty() {
        axes.push(Axis { n: 1, from: 1, to: 1 });
    }
    place(&axes, memory, from.offset, dst, to.offset);
}

/// At most this many arrays are interleaved at once.
pub const MAX_INTERLEAVED: usize = 4;

/// An element of each source by turns; `dst` is filled.
pub fn interleave<T: Copy>(sources: &[&[T]], dst: &mut [T]) {
    match *sources {
        [a] => dst.copy_from_slice(&a[..dst.len()]),
        [a, b] => interleave_n([a, b], dst),
        [a, b, c] => interleave_n([a, b, c], dst),
        [a, b, c, d] => interleave_n([a, b, c, d], dst),
        _ => unreachable!("there are no more than {MAX_INTERLEAVED}"),
    }
}

fn interleave_n<T: Copy, const N: usize>(sources: [&[T]; N], dst: &mut [T]) {
    let (groups, _) = dst.as_chunks_mut::<N>();
    let sources = sources.map(|source| &source[..groups.len()]);
    for (i, group) in groups.iter_mut().enumerate() {
        *group = std::array::from_fn(|k| sources[k][i]);
    }
}

/// An axis of a copy: its extent, and the steps that it makes here and there.
#[derive(Clone, Copy)]
struct Axis {
    n: usize,
    from: isize,
    to: isize,
}

/// Whether the last two axes of an array are better copied as a transposition.
fn transposed(rows: (usize, isize), columns: (usize, isize)) -> bool {
    let (step, wide) = (rows.1.unsigned_abs(), columns.1.unsigned_abs());
    step != 0 && step < wide && wide > 4 && rows.0 >= 8 && columns.0 >= 8
}

/// Copies along axes, of which there is one at least. What is repeated is read once. Where the innermost axis makes wide
/// steps in memory and the one before it small steps, this is a transposition of matrices.
fn place<T: Copy>(axes: &[Axis], memory: &[T], at: usize, dst: &mut [T], to: usize) {
    let (&inner, outer) = axes.split_last().expect("there is an axis");
    // Copies of copies pay where they are runs.
    if (inner.to, inner.n >= 8) == (1, true)
        && let Some(k) = outer.iter().position(|a| a.from == 0)
    {
        let mut others: SmallVec<[Axis; 4]> = axes.into();
        let repeated = others.remove(k);
        let before = k.checked_sub(1).map(|k| outer[k]);
        if k + 1 == outer.len() && !before.is_some_and(|rows| transposed((rows.n, rows.from), (inner.n, inner.from))) {
            // A row again and again, while it is near.
            return for_each_place(&outer[..k], at, to, |at, to| {
                copy_run(memory, at, inner.from, &mut dst[to..to + inner.n]);
                for k in 1..repeated.n {
                    copy_apart(dst, to, to + k * repeated.to as usize, inner.n);
                }
            });
        }
        place(&others, memory, at, dst, to);
        return repeat_places(&others, repeated, dst, to);
    }
    if let Some((pairs, outer)) = outer.split_last()
        && inner.from == 0
        && (inner.to, pairs.to) == (1, inner.n as isize)
        && pairs.from > 0
    {
        return for_each_place(outer, at, to, |at, to| {
            let source = memory[at as usize..].iter();
            let dst = &mut dst[to..to + pairs.n * inner.n];
            match pairs.from {
                1 => repeat(source, inner.n, dst),
                step => repeat(source.step_by(step as usize), inner.n, dst),
            }
        });
    }
    if let Some((rows, outer)) = outer.split_last()
        && inner.to == 1
        && rows.to >= inner.n as isize
        && transposed((rows.n, rows.from), (inner.n, inner.from))
    {
        return for_each_place(outer, at, to, |at, to| {
            let (row_step, column_step) = (rows.from, inner.from);
            let matrix = Columns { at, row_step, column_step, rows: rows.n, columns: inner.n, ahead: 0, past: false };
            matrix.copy(memory, &mut dst[to..], rows.to as usize);
        });
    }
    // Where the next run is not where this one ends, the processor doesn't see it coming.
    let bytes = inner.n * size_of::<T>();
    let large = outer.iter().fold(bytes, |all, a| all.saturating_mul(a.n)) >= FETCHED;
    let next = (outer.last().map(|rows| rows.from))
        .filter(|&s| large && RUN.contains(&bytes) && inner.from.abs() == 1 && s != inner.from * inner.n as isize);
    for_each_place(outer, at, to, |at, to| {
        if let Some(next) = next {
            let lowest = if inner.from < 0 { at + next + 1 - inner.n as isize } else { at + next };
            prefetch(memory.as_ptr().wrapping_offset(lowest), bytes);
        }
        if inner.to == 1 {
            copy_run(memory, at, inner.from, &mut dst[to..to + inner.n]);
        } else if inner.from == 1 {
            let dst = dst[to..].iter_mut().step_by(inner.to as usize);
            dst.zip(&memory[at as usize..][..inner.n]).for_each(|(d, &x)| *d = x);
        } else {
            let mut at = at;
            for d in dst[to..].iter_mut().step_by(inner.to as usize).take(inner.n) {
                *d = memory[at as usize];
                at += inner.from;
            }
        }
    });
}

/// Copies an array that stands in `dst`, without its axis `repeated`, to all places along that.
fn repeat_places<T: Copy>(others: &[Axis], repeated: Axis, dst: &mut [T], to: usize) {
    // Along destinations only: what lies side by side there is one run.
    let mut axes: SmallVec<[Axis; 4]> = SmallVec::new();
    for &Axis { n, to, .. } in others {
        match axes.last_mut() {
            Some(last) if last.to == to * n as isize => *last = Axis { n: last.n * n, from: 0, to },
            _ => axes.push(Axis { n, from: 0, to }),
        }
    }
    let run = match axes.last() {
        Some(&Axis { n, to: 1, .. }) => {
            axes.pop();
            n
        }
        _ => 1,
    };
    for_each_place(&axes, 0, to, |_, first| {
        for k in 1..repeated.n {
            copy_apart(dst, first, first + k * repeated.to as usize, run);
        }
    });
}

/// Calls `each` with both beginnings of everything that is left of the array once these axes are walked.
fn for_each_place(axes: &[Axis], at: usize, to: usize, mut each: impl FnMut(isize, usize)) {
    let (mut at, mut to) = (at as isize, to as isize);
    let mut index: SmallVec<[usize; 4]> = SmallVec::from_elem(0, axes.len());
    loop {
        each(at, to as usize);
        let mut k = axes.len();
        loop {
            let Some(before) = k.checked_sub(1) else { return };
            k = before;
            index[k] += 1;
            at += axes[k].from;
            to += axes[k].to;
            if index[k] < axes[k].n {
                break;
            }
            index[k] = 0;
            at -= axes[k].from * axes[k].n as isize;
            to -= axes[k].to * axes[k].n as isize;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Obviously right.
    fn naive(shape: &[usize], strides: &[isize], offset: usize, memory: &[u32]) -> Vec<u32> {
        let n: usize = shape.iter().product();
        (0..n)
            .map(|mut i| {
                let mut at = offset as isize;
                for (&d, &s) in shape.iter().zip(strides).rev() {
                    at += (i % d) as isize * s;
                    i /= d;
                }
                memory[at as usize]
            })
            .collect()
    }

    #[test]
    fn every_layout_reads_like_the_naive_loop() {
        let memory: Vec<u32> = (0..20_000).collect();
        let layouts: &[(&[usize], &[isize], usize)] = &[
            (&[], &[], 3),
            (&[5], &[1], 2),
            (&[5], &[-2], 30),
            (&[4, 5], &[5, 1], 0),
            (&[4, 5], &[1, 4], 0),
            (&[4, 5], &[0, 1], 7),
            (&[4, 5], &[1, 0], 7),
            (&[3, 1, 4], &[4, 9, 1], 0),
            (&[3, 4, 5], &[-20, 1, 4], 60),
            (&[100, 90], &[1, 100], 0),
            (&[2, 70, 60], &[4200, 1, 70], 11),
            (&[40, 50], &[-1, 40], 39),
            (&[45, 51], &[-1, -45], 45 * 51 - 1),
            (&[33, 70], &[2, 66], 5),
            (&[40], &[-1], 39),
            (&[30, 2], &[1, 0], 7),
            (&[30, 3], &[2, 0], 7),
            (&[30, 4], &[1, 0], 0),
            (&[30, 5], &[3, 0], 0),
            (&[3, 20, 2, 17], &[0, 1, 0, 40], 5),
            (&[2, 20, 3, 17, 2], &[0, 1, 0, 40, 0], 5),
            (&[2, 3, 4], &[0, 0, 0], 5),
            (&[9, 4, 2], &[-7, 3, 0], 70),
        ];
        for &(shape, strides, offset) in layouts {
            let layout = Layout::new(shape, strides, offset);
            let want = naive(shape, strides, offset, &memory);
            let mut all = vec![0; want.len()];
            copy_all(&layout, &memory, &mut all);
            assert_eq!(all, want, "{shape:?} {strides:?}");
            for start in [0, 1, want.len() / 2] {
                for n in [0, 1, want.len().saturating_sub(start) / 2, want.len().saturating_sub(start)] {
                    if start + n <= want.len() {
                        let mut part = vec![0; n];
                        layout.read(&memory, start, &mut part);
                        assert_eq!(part, want[start..start + n], "{shape:?} {strides:?} {start} {n}");
                        part.fill(0);
                        layout.read_rows(&memory, start, &mut part, n);
                        assert_eq!(part, want[start..start + n], "rows: {shape:?} {strides:?} {start} {n}");
                    }
                }
            }
        }
    }

    #[test]
    fn copies_to_places_are_those_of_the_naive_loop() {
        let memory: Vec<u32> = (0..20_000).collect();
        type Copy<'a> = (&'a [usize], &'a [isize], usize, &'a [isize]);
        let layouts: &[Copy<'_>] = &[
            (&[], &[], 3, &[]),
            (&[5], &[-2], 30, &[3]),
            (&[4, 5], &[5, 1], 0, &[9, 1]),
            (&[4, 5], &[0, 1], 7, &[5, 1]),
            (&[4, 5], &[0, -2], 17, &[6, 1]),
            (&[30, 20], &[1, 100], 0, &[25, 1]),
            (&[30, 20], &[-1, 100], 29, &[20, 1]),
            (&[2, 30, 20], &[5000, 1, 100], 4, &[1000, 30, 1]),
            (&[3, 1, 4], &[4, 9, 1], 0, &[4, 77, 1]),
            (&[6, 7], &[7, 1], 0, &[1, 10]),
            (&[6, 0], &[7, 1], 0, &[1, 10]),
        ];
        for &(shape, strides, offset, to) in layouts {
            let mut dst = vec![77; 3000];
            let (from, target) = (StridedView { offset, strides }, StridedView { offset: 5, strides: to });
            copy_to(shape, &memory, from, &mut dst, target);
            let mut want = vec![77; 3000];
            for (mut i, x) in naive(shape, strides, offset, &memory).into_iter().enumerate() {
                let mut at = 5;
                for (&d, &s) in shape.iter().zip(to).rev() {
                    at += (i % d) * s as usize;
                    i /= d;
                }
                want[at] = x;
            }
            assert_eq!(dst, want, "{shape:?} {strides:?} {to:?}");
        }
    }

    #[test]
    fn axes_collapse() {
        assert_eq!(Layout::new(&[2, 3, 4], &[12, 4, 1], 0).axes.as_slice(), &[(24, 1)]);
        assert_eq!(Layout::new(&[2, 1, 4], &[0, 9, 0], 5).axes.as_slice(), &[(8, 0)]);
    }
}

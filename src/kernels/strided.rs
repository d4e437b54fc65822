//! Reading strided memory: copies of views into row-major blocks.
//!
//! A view is first *collapsed*: neighbouring axes that one stride can walk become one, so that most views have one
//! or two axes left and the innermost run is long.

use super::transpose::Columns;
use smallvec::SmallVec;

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
            match step {
                1 => run.copy_from_slice(&memory[from as usize..from as usize + n]),
                0 => run.fill(memory[from as usize]),
                _ if step > 0 => {
                    let source = memory[from as usize..].iter().step_by(step as usize);
                    run.iter_mut().zip(source).for_each(|(d, s)| *d = *s);
                }
                -1 => {
                    let source = memory[from as usize + 1 - n..=from as usize].iter().rev();
                    run.iter_mut().zip(source).for_each(|(d, s)| *d = *s);
                }
                _ => {
                    let mut p = from;
                    for d in run {
                        *d = memory[p as usize];
                        p += step;
                    }
                }
            }
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

/// The whole of a layout, in row-major order. Where the innermost axis makes wide steps and another one small steps,
/// copies square by square, so that every cache line is fetched once.
pub fn copy_all<T: Copy>(layout: &Layout, memory: &[T], dst: &mut [T]) {
    if dst.is_empty() {
        return;
    }
    if let [.., (rows, row_step), (columns, column_step)] = layout.axes[..]
        && column_step.unsigned_abs() > 4
        && row_step.unsigned_abs() < column_step.unsigned_abs()
        && rows >= 8
        && columns >= 8
    {
        let plane = rows * columns;
        let outer = &layout.axes[..layout.axes.len() - 2];
        let starts = Layout { offset: layout.offset, axes: outer.into() };
        for (k, block) in dst.chunks_exact_mut(plane).enumerate() {
            let mut at = starts.offset as isize;
            let mut rest = k;
            for &(d, s) in outer.iter().rev() {
                at += (rest % d) as isize * s;
                rest /= d;
            }
            Columns { at, row_step, column_step, rows, columns }.copy(memory, block, columns);
        }
        return;
    }
    if let [(_, 0), (inner, 1)] = layout.axes[..] {
        // A row again and again.
        let row = &memory[layout.offset..layout.offset + inner];
        return dst.chunks_exact_mut(inner).for_each(|line| line.copy_from_slice(row));
    }
    if let [(n, step), (each, 0)] = layout.axes[..]
        && step > 0
        && n > 1
    {
        let source = &memory[layout.offset..];
        return if step == 1 {
            repeat(source[..n].iter(), each, dst);
        } else {
            repeat(source.iter().step_by(step as usize), each, dst);
        };
    }
    layout.read(memory, 0, dst);
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
                    }
                }
            }
        }
    }

    #[test]
    fn axes_collapse() {
        assert_eq!(Layout::new(&[2, 3, 4], &[12, 4, 1], 0).axes.as_slice(), &[(24, 1)]);
        assert_eq!(Layout::new(&[2, 1, 4], &[0, 9, 0], 5).axes.as_slice(), &[(8, 0)]);
    }
}

//! Reading strided memory: copies of views into row-major blocks.
//!
//! A view is first *collapsed*: neighbouring axes that one stride can walk become one, so that most views have one
//! or two axes left and the innermost run is long.

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

/// Side of the squares in which a transposed matrix is copied: two of them fit the first-level cache.
const TILE: usize = 32;

/// A matrix of `rows` by `columns` whose element (r, c) is `memory[at + r row_step + c column_step]`, in row-major order. It
/// is copied in squares, and these in blocks of a cache line by a cache line that go through registers: neither reading
/// nor writing jumps from line to line for every element.
pub fn transposed<T: Copy>(
    memory: &[T],
    at: isize,
    [row_step, column_step]: [isize; 2],
    [rows, columns]: [usize; 2],
    dst: &mut [T],
) {
    for r0 in (0..rows).step_by(TILE) {
        for c0 in (0..columns).step_by(TILE) {
            let (r1, c1) = (rows.min(r0 + TILE), columns.min(c0 + TILE));
            // Whole blocks; what is left at the right and at the bottom goes element by element.
            let (mut whole_r, mut whole_c) = (r0, c0);
            if row_step.unsigned_abs() == 1 {
                (whole_r, whole_c) = (r1 - (r1 - r0) % SIDE, c1 - (c1 - c0) % SIDE);
                for r in (r0..whole_r).step_by(SIDE) {
                    for c in (c0..whole_c).step_by(SIDE) {
                        let first = at + r as isize * row_step + c as isize * column_step;
                        let first = if row_step == 1 { first } else { first + 1 - SIDE as isize };
                        let line = |i: usize| {
                            let from = (first + i as isize * column_step) as usize;
                            &memory[from..from + SIDE]
                        };
                        square(std::array::from_fn(line), &mut dst[r * columns + c..], columns, row_step != 1);
                    }
                }
            }
            for r in r0..r1 {
                let from = at + r as isize * row_step;
                let first = if r < whole_r { whole_c } else { c0 };
                for (c, d) in (first..c1).zip(&mut dst[r * columns + first..r * columns + c1]) {
                    *d = memory[(from + c as isize * column_step) as usize];
                }
            }
        }
    }
}

/// Side of a block: half a cache line of the usual type, which a register of AVX2 holds.
const SIDE: usize = 4;

/// Four lines become four columns of `to`, whose rows are `width` elements apart; from the last one on if `reversed`.
#[inline(always)]
fn square<T: Copy>(lines: [&[T]; SIDE], to: &mut [T], width: usize, reversed: bool) {
    #[cfg(target_arch = "x86_64")]
    if size_of::<T>() == 8 && !reversed && super::math::level() >= super::math::Level::Avx2 {
        let last = &to[3 * width..][..SIDE];
        debug_assert_eq!(last.len(), SIDE);
        // SAFETY: the processor has AVX2; every line holds four elements of eight bytes, and so does `to` from each of the
        // four rows on, by the slice above.
        unsafe { square_of_words(lines.map(|l| l.as_ptr().cast()), to.as_mut_ptr().cast(), width) };
        return;
    }
    for q in 0..SIDE {
        let from = if reversed { SIDE - 1 - q } else { q };
        let line = &mut to[q * width..][..SIDE];
        line.iter_mut().zip(lines).for_each(|(d, line)| *d = line[from]);
    }
}

/// # Safety
/// The processor has AVX2; four words lie at each of `lines`, and there is room for as many at `to` and every `width` words
/// from there, four times.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
#[inline]
unsafe fn square_of_words(lines: [*const i64; SIDE], to: *mut i64, width: usize) {
    use std::arch::x86_64::*;
    // SAFETY: the caller's promise.
    unsafe {
        let [a, b, c, d] = lines.map(|l| _mm256_loadu_si256(l.cast()));
        let (ab, cd) = (_mm256_unpacklo_epi64(a, b), _mm256_unpacklo_epi64(c, d));
        let (ef, gh) = (_mm256_unpackhi_epi64(a, b), _mm256_unpackhi_epi64(c, d));
        let rows = [
            _mm256_permute2x128_si256::<0x20>(ab, cd),
            _mm256_permute2x128_si256::<0x20>(ef, gh),
            _mm256_permute2x128_si256::<0x31>(ab, cd),
            _mm256_permute2x128_si256::<0x31>(ef, gh),
        ];
        for (q, row) in rows.into_iter().enumerate() {
            _mm256_storeu_si256(to.add(q * width).cast(), row);
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
        && rows >= TILE / 2
        && columns >= TILE / 2
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
            transposed(memory, at, [row_step, column_step], [rows, columns], block);
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

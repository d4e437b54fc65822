//! Correlations over any number of axes: one trilinear form, and the three maps that it holds.
//!
//! With images x[n, g, c, X], kernels w[g, o, c, K] and results y[n, g, o, P] (n counts a batch, g groups that know nothing
//! of each other, c input channels, o output channels; X, K, P stand for several axes each) the form is
//!
//! ```text
//! sum of y[n, g, o, p] w[g, o, c, k] x[n, g, c, p * stride + k * dilation - before]
//! ```
//! over everything, outside of the image x being 0. Each of [`output`], [`input`] and [`kernel`] computes the factor of
//! one of the three arrays from the other two. They are each other's derivatives.
//!
//! Where there are several channels the work is one matrix product: the image's patches become the columns of a matrix
//! (c, k) by p, block by block, so that a block stays in the cache between being filled and being multiplied. With few
//! channels the copies would cost more than the arithmetic, and rows are multiplied and added directly.

use super::copy::copy;
use super::math::dispatch::dispatch;
use super::matmul::{Matrix, Product, matmul, scratch};
use super::threads::Threads;
use smallvec::SmallVec;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// One axis of images, kernels and results.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Axis {
    pub input: usize,
    pub kernel: usize,
    pub output: usize,
    pub stride: usize,
    pub dilation: usize,
    /// Zeros before the image.
    pub before: usize,
}

impl Axis {
    /// An axis along which nothing happens.
    const TRIVIAL: Axis = Axis { input: 1, kernel: 1, output: 1, stride: 1, dilation: 1, before: 0 };

    fn at(&self, p: usize, k: usize) -> Option<usize> {
        (p * self.stride + k * self.dilation).checked_sub(self.before).filter(|&x| x < self.input)
    }

    /// The outputs that tap `k` reaches from inside of the image.
    fn reach(&self, k: usize) -> Reach {
        let from = k * self.dilation;
        let first = self.before.saturating_sub(from).div_ceil(self.stride);
        // p * stride < input + before - from
        let end = (self.input + self.before).saturating_sub(from).div_ceil(self.stride).min(self.output);
        let first = first.min(end);
        Reach { first, end, start: if first < end { first * self.stride + from - self.before } else { 0 } }
    }
}

/// Outputs `first..end` along the last axis; the first of them reads the image at `start`.
#[derive(Clone, Copy)]
struct Reach {
    first: usize,
    end: usize,
    start: usize,
}

impl Reach {
    /// The part of it in `from..to`: where it begins, how long it is, where it reads.
    fn within(&self, from: usize, to: usize, stride: usize) -> (usize, usize, usize) {
        let first = self.first.clamp(from, to);
        let end = self.end.clamp(first, to);
        (first, end - first, self.start + first.saturating_sub(self.first) * stride)
    }
}

/// Extents of the three arrays.
#[derive(Clone, Debug, PartialEq)]
pub struct Geometry {
    pub batch: usize,
    pub groups: usize,
    /// Channels of a group.
    pub inputs: usize,
    pub outputs: usize,
    pub axes: SmallVec<[Axis; 2]>,
}

/// Elements of a block of patches: it stays in the second-level cache.
const BLOCK: usize = 1 << 16;
/// Outputs of a row that are worked on together: they stay in the first-level cache.
const ROW: usize = 1 << 10;
/// Parts of a batch whose kernels are summed apart, so that threads can share them; the same for any number of threads.
const PARTS: usize = 8;

impl Geometry {
    pub fn image(&self) -> usize {
        self.axes.iter().map(|a| a.input).product()
    }
    pub fn window(&self) -> usize {
        self.axes.iter().map(|a| a.kernel).product()
    }
    pub fn field(&self) -> usize {
        self.axes.iter().map(|a| a.output).product()
    }
    /// Rows of the matrix of patches.
    fn taps(&self) -> usize {
        self.inputs * self.window()
    }
    /// Multiplications altogether.
    pub fn work(&self) -> f64 {
        let counts = [self.batch, self.groups, self.outputs, self.taps(), self.field()];
        counts.iter().map(|&n| n as f64).product()
    }

    /// Whether a matrix product pays.
    fn by_product<T: Product>(&self) -> bool {
        T::PACKED && self.outputs >= 4 && self.taps() >= 8
    }

    /// Patches that are the image itself: windows of one element, side by side.
    fn pointwise(&self) -> bool {
        self.axes.iter().all(|a| a.kernel == 1 && a.stride == 1 && a.before == 0 && a.input == a.output)
    }

    fn block(&self) -> usize {
        if self.pointwise() { self.field() } else { (BLOCK / self.taps().max(1)).max(64).min(self.field()) }
    }

    /// Elements of memory that each worker wants.
    pub fn workspace<T: Product>(&self) -> usize {
        if !self.by_product::<T>() || self.field() == 0 {
            return 0;
        }
        let (o, t, n) = (self.outputs, self.taps(), self.block());
        let tail = self.field() % n;
        let small =
            |n: usize| scratch((o, t, n)).max(scratch((t, o, n))).max(scratch((o, n, t))).max(scratch((t, n, o)));
        let patches = if self.pointwise() { 0 } else { t * n };
        patches + (o * n).max(t * n).max(o * t) + small(n).max(small(tail))
    }

    /// Parts in which [`kernel`] sums the batch.
    pub fn parts<T: Product>(&self) -> usize {
        let weights = self.groups * self.outputs * self.taps();
        let data = self.batch * self.groups * (self.inputs * self.image() + self.outputs * self.field());
        if self.by_product::<T>() && weights * PARTS <= data { self.batch.clamp(1, PARTS) } else { 1 }
    }
}

/// What the loops read again and again.
pub(crate) struct Loops<'a> {
    g: &'a Geometry,
    last: Axis,
    outer: &'a [Axis],
    /// Of each tap of the last axis.
    reach: SmallVec<[Reach; 16]>,
    /// Outputs and taps of the outer axes.
    outer_outputs: usize,
    outer_taps: usize,
}

impl<'a> Loops<'a> {
    fn new(g: &'a Geometry) -> Loops<'a> {
        let (last, outer) = g.axes.split_last().map_or((Axis::TRIVIAL, &[][..]), |(l, o)| (*l, o));
        Loops {
            g,
            last,
            outer,
            reach: (0..last.kernel).map(|k| last.reach(k)).collect(),
            outer_outputs: outer.iter().map(|a| a.output).product(),
            outer_taps: outer.iter().map(|a| a.kernel).product(),
        }
    }

    /// Where the image's row begins that the outer tap `k` of the outer output `p` reads.
    fn row(&self, mut p: usize, mut k: usize) -> Option<usize> {
        let (mut at, mut step) = (0, self.last.input);
        for axis in self.outer.iter().rev() {
            at += axis.at(p % axis.output, k % axis.kernel)? * step;
            step *= axis.input;
            p /= axis.output;
            k /= axis.kernel;
        }
        Some(at)
    }

    /// Every piece of a row of patches `p0..p0 + n`: number of the row, position in the block, length, and within that
    /// the part inside of the image: position, length, where it is in the image.
    #[inline(always)]
    fn pieces(&self, p0: usize, n: usize, mut f: impl FnMut(usize, usize, usize, usize, usize, usize)) {
        let (width, image) = (self.last.output, self.g.image());
        for outer_tap in 0..self.g.inputs * self.outer_taps {
            let (c, k) = (outer_tap / self.outer_taps, outer_tap % self.outer_taps);
            let mut done = 0;
            while done < n {
                let (p, from) = ((p0 + done) / width, (p0 + done) % width);
                let length = (width - from).min(n - done);
                let row = self.row(p, k);
                for (tap, reach) in self.reach.iter().enumerate() {
                    let number = outer_tap * self.last.kernel + tap;
                    match row {
                        Some(row) => {
                            let (first, count, start) = reach.within(from, from + length, self.last.stride);
                            f(number, done, length, done + first - from, count, c * image + row + start);
                        }
                        None => f(number, done, length, done, 0, 0),
                    }
                }
                done += length;
            }
        }
    }

    /// Whether every tap of the last axis reaches every output from inside of the image, side by side.
    fn is_plain(&self) -> bool {
        self.last.stride == 1 && self.reach.iter().all(|r| (r.first, r.end) == (0, self.last.output))
    }

    /// The patches `p0..p0 + n` of an image, (c, k) by p.
    fn gather<T: Product>(&self, x: &[T], p0: usize, n: usize, patches: &mut [T]) {
        if self.is_plain() {
            return gather_plain(self, x, p0, n, patches);
        }
        let stride = self.last.stride;
        self.pieces(p0, n, |number, at, length, first, count, start| {
            let row = &mut patches[number * n..(number + 1) * n];
            row[at..first.max(at)].fill(T::default());
            row[first + count..at + length].fill(T::default());
            let inside = &mut row[first..first + count];
            if stride == 1 {
                copy(inside, &x[start..start + count]);
            } else {
                for (d, s) in inside.iter_mut().zip(x.get(start..).unwrap_or_default().iter().step_by(stride)) {
                    *d = *s;
                }
            }
        });
    }

    /// Adds patches to the places in the image that they were taken from.
    fn scatter<T: Product>(&self, patches: &[T], p0: usize, n: usize, x: &mut [T]) {
        if self.is_plain() {
            return scatter_plain(self, patches, p0, n, x);
        }
        let stride = self.last.stride;
        self.pieces(p0, n, |number, _, _, first, count, start| {
            if count > 0 {
                let inside = &patches[number * n + first..number * n + first + count];
                spread(&mut x[start..], inside, stride, T::from_f64(1.0));
            }
        });
    }
}

// Rows of patches are often a few elements long: these loops, without calls, are for whole rows inside of the image.
dispatch!(fn gather_plain[T: Product](loops: &Loops<'_>, x: &[T], p0: usize, n: usize, patches: &mut [T]) = gather_rows);
dispatch!(fn scatter_plain[T: Product](loops: &Loops<'_>, patches: &[T], p0: usize, n: usize, x: &mut [T]) = scatter_rows);

#[inline(always)]
fn gather_rows<T: Product, const FMA: bool>(loops: &Loops<'_>, x: &[T], p0: usize, n: usize, patches: &mut [T]) {
    let (width, image) = (loops.last.output, loops.g.image());
    for (outer_tap, rows) in patches[..loops.g.taps() * n].chunks_exact_mut(loops.last.kernel * n).enumerate() {
        let (c, k) = (outer_tap / loops.outer_taps, outer_tap % loops.outer_taps);
        let (mut p, mut from, mut done) = (p0 / width, p0 % width, 0);
        while done < n {
            let length = (width - from).min(n - done);
            let row = loops.row(p, k);
            for (reach, to) in loops.reach.iter().zip(rows.chunks_exact_mut(n)) {
                let to = &mut to[done..done + length];
                match row {
                    Some(row) => copy_row(to, &x[c * image + row + reach.start + from..][..length]),
                    None => to.fill(T::default()),
                }
            }
            (p, from, done) = (p + 1, 0, done + length);
        }
    }
}

#[inline(always)]
fn scatter_rows<T: Product, const FMA: bool>(loops: &Loops<'_>, patches: &[T], p0: usize, n: usize, x: &mut [T]) {
    let (width, image) = (loops.last.output, loops.g.image());
    for (outer_tap, rows) in patches[..loops.g.taps() * n].chunks_exact(loops.last.kernel * n).enumerate() {
        let (c, k) = (outer_tap / loops.outer_taps, outer_tap % loops.outer_taps);
        let (mut p, mut from, mut done) = (p0 / width, p0 % width, 0);
        while done < n {
            let length = (width - from).min(n - done);
            if let Some(row) = loops.row(p, k) {
                for (reach, patch) in loops.reach.iter().zip(rows.chunks_exact(n)) {
                    let to = &mut x[c * image + row + reach.start + from..][..length];
                    to.iter_mut().zip(&patch[done..done + length]).for_each(|(x, &v)| *x = x.plus(v));
                }
            }
            (p, from, done) = (p + 1, 0, done + length);
        }
    }
}

/// A copy, of which a short one is done here.
#[inline(always)]
fn copy_row<T: Copy>(to: &mut [T], from: &[T]) {
    const SHORT: usize = 64;
    if to.len() > SHORT {
        return copy(to, from);
    }
    let (groups, rest) = to.as_chunks_mut::<8>();
    let (sources, others) = from.as_chunks::<8>();
    for (to, from) in groups.iter_mut().zip(sources) {
        *to = *from;
        // Else the compiler makes a call of `memcpy` of the loop.
        std::hint::black_box(to);
    }
    for (to, from) in rest.iter_mut().zip(others) {
        *to = *from;
        std::hint::black_box(to);
    }
}

// ------------------------------------------------------------------------------------------------------------ rows

/// y[i] += w x[i stride]
#[inline(always)]
fn add_row<T: Product, const FMA: bool>(y: &mut [T], x: &[T], stride: usize, w: T) {
    if stride == 1 {
        y.iter_mut().zip(x).for_each(|(y, &x)| *y = y.plus_product(w, x));
    } else {
        y.iter_mut().zip(x.iter().step_by(stride)).for_each(|(y, &x)| *y = y.plus_product(w, x));
    }
}

/// x[i stride] += w y[i]
#[inline(always)]
fn spread_row<T: Product, const FMA: bool>(x: &mut [T], y: &[T], stride: usize, w: T) {
    if stride == 1 {
        x.iter_mut().zip(y).for_each(|(x, &y)| *x = x.plus_product(w, y));
    } else {
        x.iter_mut().step_by(stride).zip(y).for_each(|(x, &y)| *x = x.plus_product(w, y));
    }
}

/// The sum of y[i] x[i stride], in lanes.
#[inline(always)]
fn dot_row<T: Product, const FMA: bool>(y: &[T], x: &[T], stride: usize) -> T {
    const LANES: usize = 16;
    let mut lanes = [T::default(); LANES];
    let mut rest = T::default();
    if stride == 1 {
        let n = y.len().min(x.len());
        let (ys, xs) = (y[..n].chunks_exact(LANES), x[..n].chunks_exact(LANES));
        for (&y, &x) in ys.remainder().iter().zip(xs.remainder()) {
            rest = rest.plus_product(y, x);
        }
        for (y, x) in ys.zip(xs) {
            for i in 0..LANES {
                lanes[i] = lanes[i].plus_product(y[i], x[i]);
            }
        }
    } else {
        for (i, (&y, &x)) in y.iter().zip(x.iter().step_by(stride)).enumerate() {
            lanes[i % LANES] = lanes[i % LANES].plus_product(y, x);
        }
    }
    lanes.iter().fold(rest, |s, &v| s.plus(v))
}

dispatch!(fn add[T: Product](y: &mut [T], x: &[T], stride: usize, w: T) = add_row);
dispatch!(fn spread[T: Product](x: &mut [T], y: &[T], stride: usize, w: T) = spread_row);
dispatch!(fn dot[T: Product](y: &[T], x: &[T], stride: usize) -> T = dot_row);

impl Loops<'_> {
    /// Calls `f` with the places of every run of multiplications between one image channel, one kernel and one field:
    /// tap, position and length in the field, position in the image. A stretch of the field is finished before the next.
    #[inline(always)]
    fn runs(&self, mut f: impl FnMut(usize, usize, usize, usize)) {
        let width = self.last.output;
        for p in 0..self.outer_outputs {
            for from in (0..width).step_by(ROW) {
                let to = (from + ROW).min(width);
                for k in 0..self.outer_taps {
                    let Some(row) = self.row(p, k) else { continue };
                    for (tap, reach) in self.reach.iter().enumerate() {
                        let (first, count, start) = reach.within(from, to, self.last.stride);
                        if count > 0 {
                            f(k * self.last.kernel + tap, p * width + first, count, row + start);
                        }
                    }
                }
            }
        }
    }
}

// --------------------------------------------------------------------------------------------------- the three maps

/// Calls `work(item, part of dst, workspace, threads left)` for every part of `dst`, shared among threads.
fn share<T: Product>(
    threads: Option<&Threads>,
    dst: &mut [T],
    part: usize,
    memory: &mut [T],
    work: impl Fn(usize, &mut [T], &mut [T], Option<&Threads>) + Sync,
) {
    if part == 0 {
        return;
    }
    let Some(threads) = threads.filter(|_| dst.len() > part) else {
        // What cannot be shared here may be inside.
        dst.chunks_exact_mut(part).enumerate().for_each(|(i, d)| work(i, d, memory, threads));
        return;
    };
    let parts: Vec<Mutex<&mut [T]>> = dst.chunks_exact_mut(part).map(Mutex::new).collect();
    let each = memory.len() / threads.count();
    let mut rest = memory;
    let memories: Vec<Mutex<&mut [T]>> = (0..threads.count())
        .map(|_| {
            let (own, others) = std::mem::take(&mut rest).split_at_mut(each);
            rest = others;
            Mutex::new(own)
        })
        .collect();
    let next = AtomicUsize::new(0);
    threads.run(&|worker| {
        let mut own = memories[worker].lock().unwrap_or_else(|e| e.into_inner());
        loop {
            let i = next.fetch_add(1, Relaxed);
            let Some(part) = parts.get(i) else { return };
            work(i, &mut part.lock().unwrap_or_else(|e| e.into_inner()), &mut own, None);
        }
    });
}

fn row_major<T>(memory: &[T], columns: usize) -> Matrix<'_, T> {
    Matrix { memory, offset: 0, row: columns as isize, column: 1 }
}

fn column_major<T>(memory: &[T], columns: usize) -> Matrix<'_, T> {
    Matrix { memory, offset: 0, row: 1, column: columns as isize }
}

/// y from x and w. `memory` has [`Geometry::workspace`] elements for every thread.
pub fn output<T: Product>(g: &Geometry, threads: Option<&Threads>, x: &[T], w: &[T], y: &mut [T], memory: &mut [T]) {
    let loops = Loops::new(g);
    let (image, field, taps) = (g.inputs * g.image(), g.field(), g.taps());
    if !g.by_product::<T>() {
        return share(threads, y, field, memory, |i, y, _, _| {
            let (x, w) = (&x[i / g.outputs * image..], &w[i % (g.groups * g.outputs) * taps..][..taps]);
            y.fill(T::default());
            for c in 0..g.inputs {
                let (x, w) = (&x[c * g.image()..], &w[c * g.window()..]);
                loops.runs(|tap, at, n, start| add(&mut y[at..at + n], &x[start..], loops.last.stride, w[tap]));
            }
        });
    }
    share(threads, y, g.outputs * field, memory, |i, y, memory, threads| {
        let (x, w) = (&x[i * image..(i + 1) * image], &w[i % g.groups * g.outputs * taps..][..g.outputs * taps]);
        if g.pointwise() {
            return matmul(threads, (g.outputs, taps, field), row_major(w, taps), row_major(x, field), y, memory);
        }
        let block = g.block();
        let (patches, rest) = memory.split_at_mut(taps * block);
        let (product, rest) = rest.split_at_mut(g.outputs * block);
        for p in (0..field).step_by(block.max(1)) {
            let n = block.min(field - p);
            loops.gather(x, p, n, patches);
            let shape = (g.outputs, taps, n);
            let patches = row_major(&patches[..taps * n], n);
            if n == field {
                matmul(threads, shape, row_major(w, taps), patches, y, rest);
                continue;
            }
            matmul(threads, shape, row_major(w, taps), patches, &mut product[..g.outputs * n], rest);
            for (y, part) in y.chunks_exact_mut(field).zip(product.chunks_exact(n)) {
                copy(&mut y[p..p + n], part);
            }
        }
    });
}

/// x from y and w.
pub fn input<T: Product>(g: &Geometry, threads: Option<&Threads>, y: &[T], w: &[T], x: &mut [T], memory: &mut [T]) {
    let loops = Loops::new(g);
    let (image, field, taps) = (g.inputs * g.image(), g.field(), g.taps());
    if !g.by_product::<T>() {
        return share(threads, x, g.image(), memory, |i, x, _, _| {
            x.fill(T::default());
            let (group, c) = (i / g.inputs, i % g.inputs);
            for o in 0..g.outputs {
                let y = &y[(group * g.outputs + o) * field..];
                let w = &w[(group % g.groups * g.outputs + o) * taps + c * g.window()..];
                loops.runs(|tap, at, n, start| spread(&mut x[start..], &y[at..at + n], loops.last.stride, w[tap]));
            }
        });
    }
    share(threads, x, image, memory, |i, x, memory, threads| {
        let y = &y[i * g.outputs * field..(i + 1) * g.outputs * field];
        let w = column_major(&w[i % g.groups * g.outputs * taps..][..g.outputs * taps], taps);
        if g.pointwise() {
            return matmul(threads, (taps, g.outputs, field), w, row_major(y, field), x, memory);
        }
        x.fill(T::default());
        let block = g.block();
        let (patches, rest) = memory.split_at_mut(taps * block);
        for p in (0..field).step_by(block.max(1)) {
            let n = block.min(field - p);
            let y = Matrix { offset: p as isize, ..row_major(y, field) };
            matmul(threads, (taps, g.outputs, n), w, y, &mut patches[..taps * n], rest);
            loops.scatter(patches, p, n, x);
        }
    });
}

/// w from x and y, in [`Geometry::parts`] parts one after the other that have yet to be added.
pub fn kernel<T: Product>(g: &Geometry, threads: Option<&Threads>, x: &[T], y: &[T], w: &mut [T], memory: &mut [T]) {
    let loops = Loops::new(g);
    let (image, field, taps) = (g.inputs * g.image(), g.field(), g.taps());
    if !g.by_product::<T>() {
        return share(threads, w, g.window(), memory, |i, w, _, _| {
            w.fill(T::default());
            let (channel, c) = (i / g.inputs, i % g.inputs);
            for n in 0..g.batch {
                let x = &x[(n * g.groups + channel / g.outputs) * image + c * g.image()..];
                let y = &y[(n * g.groups * g.outputs + channel) * field..];
                loops.runs(|tap, at, n, start| {
                    w[tap] = w[tap] + dot(&y[at..at + n], &x[start..], loops.last.stride);
                });
            }
        });
    }
    let parts = g.parts::<T>();
    share(threads, w, g.outputs * taps, memory, |i, w, memory, threads| {
        w.fill(T::default());
        let (part, group) = (i / g.groups, i % g.groups);
        let block = g.block();
        let (patches, rest) = memory.split_at_mut(if g.pointwise() { 0 } else { taps * block });
        let (product, rest) = rest.split_at_mut(g.outputs * taps);
        // The right operand of a product is copied if it is transposed: the one with fewer columns stands there, and if that
        // is y, sums are made of the transposed weights.
        let by_taps = taps > g.outputs;
        for n in part * g.batch / parts..(part + 1) * g.batch / parts {
            let item = n * g.groups + group;
            let x = &x[item * image..(item + 1) * image];
            let y = &y[item * g.outputs * field..(item + 1) * g.outputs * field];
            for p in (0..field).step_by(block.max(1)) {
                let n = block.min(field - p);
                let y = Matrix { offset: p as isize, ..row_major(y, field) };
                let patches = if g.pointwise() {
                    row_major(x, field)
                } else {
                    loops.gather(x, p, n, patches);
                    row_major(&patches[..taps * n], n)
                };
                if by_taps {
                    matmul(threads, (taps, n, g.outputs), patches, y.transposed(), product, rest);
                } else {
                    matmul(threads, (g.outputs, n, taps), y, patches.transposed(), product, rest);
                }
                w.iter_mut().zip(product.iter()).for_each(|(w, &v)| *w = w.plus(v));
            }
        }
        if by_taps {
            product.copy_from_slice(w);
            for (o, w) in w.chunks_exact_mut(taps).enumerate() {
                w.iter_mut().zip(product[o..].iter().step_by(g.outputs)).for_each(|(w, &v)| *w = v);
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The form written out: calls `f(y, w, x)` with the three positions of every product.
    fn every(g: &Geometry, mut f: impl FnMut(usize, usize, usize)) {
        let (field, window, image) = (g.field(), g.window(), g.image());
        for n in 0..g.batch * g.groups {
            for o in 0..g.outputs {
                for c in 0..g.inputs {
                    for p in 0..field {
                        'tap: for k in 0..window {
                            let (mut q, mut r, mut at, mut step) = (p, k, 0, 1);
                            for a in g.axes.iter().rev() {
                                let Some(i) = a.at(q % a.output, r % a.kernel) else { continue 'tap };
                                at += i * step;
                                step *= a.input;
                                q /= a.output;
                                r /= a.kernel;
                            }
                            let w = ((n % g.groups * g.outputs + o) * g.inputs + c) * window + k;
                            f((n * g.outputs + o) * field + p, w, (n * g.inputs + c) * image + at);
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn the_three_maps_are_the_sums_written_out() {
        let axis = |input: usize, kernel, stride, dilation, before, after| Axis {
            input,
            kernel,
            output: (input + before + after - (kernel - 1) * dilation - 1) / stride + 1,
            stride,
            dilation,
            before,
        };
        let geometries = [
            (1, 1, 1, 1, vec![]),
            (1, 1, 1, 1, vec![axis(7, 3, 1, 1, 0, 0)]),
            (2, 1, 1, 1, vec![axis(3, 7, 1, 1, 6, 6)]),
            (1, 1, 1, 1, vec![axis(2600, 5, 1, 1, 4, 4)]),
            (1, 1, 1, 2, vec![axis(2600, 5, 2, 3, 1, 0)]),
            (2, 3, 2, 1, vec![axis(6, 3, 1, 1, 1, 1), axis(5, 2, 2, 1, 0, 1)]),
            (3, 2, 3, 5, vec![axis(6, 3, 1, 1, 1, 1), axis(9, 2, 2, 1, 3, 1)]),
            (1, 1, 4, 8, vec![axis(9, 1, 1, 1, 0, 0), axis(5, 1, 1, 1, 0, 0)]),
            (9, 1, 8, 4, vec![axis(3, 1, 1, 1, 0, 0)]),
            (1, 1, 3, 4, vec![axis(40, 5, 1, 2, 4, 4), axis(50, 5, 1, 1, 2, 2)]),
            (2, 1, 2, 4, vec![axis(4, 2, 1, 1, 0, 0), axis(5, 3, 2, 1, 1, 1), axis(3, 2, 1, 2, 1, 1)]),
        ];
        let threads = Threads::new(3);
        for (batch, groups, inputs, outputs, axes) in geometries {
            let g = Geometry { batch, groups, inputs, outputs, axes: axes.into_iter().collect() };
            let fill = |n: usize, f: f64| -> Vec<f64> { (0..n).map(|i| (i as f64 * f).sin()).collect() };
            let x = fill(batch * groups * inputs * g.image(), 0.37);
            let w = fill(groups * outputs * g.taps(), 0.73);
            let y = fill(batch * groups * outputs * g.field(), 0.91);
            let mut want = [vec![0.0; y.len()], vec![0.0; x.len()], vec![0.0; w.len()]];
            every(&g, |i, j, k| {
                want[0][i] += w[j] * x[k];
                want[1][k] += w[j] * y[i];
                want[2][j] += x[k] * y[i];
            });
            for threads in [None, Some(&threads)] {
                let each = g.workspace::<f64>();
                let mut memory = vec![f64::NAN; 3 * each];
                let parts = g.parts::<f64>();
                let mut got = [vec![f64::NAN; y.len()], vec![f64::NAN; x.len()], vec![f64::NAN; parts * w.len()]];
                output(&g, threads, &x, &w, &mut got[0], &mut memory);
                input(&g, threads, &y, &w, &mut got[1], &mut memory);
                kernel(&g, threads, &x, &y, &mut got[2], &mut memory);
                let (sum, rest) = got[2].split_at_mut(w.len());
                for part in rest.chunks_exact(w.len().max(1)) {
                    sum.iter_mut().zip(part).for_each(|(s, p)| *s += p);
                }
                for (got, want) in got.iter().zip(&want) {
                    for (a, b) in got.iter().zip(want) {
                        assert!((a - b).abs() < 1e-10, "{g:?}: {a}, not {b}");
                    }
                }
            }
        }
    }
}

//! Convolution and correlation, over any number of axes, with channels, strides, dilation, padding and groups.
//!
//! All of it is one primitive, `Correlation`, in three roles: a trilinear form of images, kernels and results (see
//! `kernels::convolve`) has three partial derivatives, each bilinear in the other two arrays, and the derivatives of these
//! are the three again. So every order follows, each at the price of the first.
//!
//! `numpy.convolve`, the convolution of SciPy and HIPS/autograd over some or all axes, and the layers of neural nets
//! differ in how they arrange axes and padding. A convolution is a correlation with the kernel read backwards, which is a
//! view.

use super::elementwise::cast;
use super::index::{self, Item, Plan};
use super::shape::{reshape, transpose};
use super::silence::{silenced, suspicious};
use super::{complex, elementwise};
use crate::array::{Axes, DType, Shape, Tensor, shape};
use crate::error::{Error, Result, excerpt};
use crate::kernels::convolve::{self as kernels, Axis, Geometry};
use crate::kernels::matmul::Product;
use crate::trace::{Array, Context, Kept, Primitive, apply};
use shape::Show;
use smallvec::SmallVec;
use std::rc::Rc;

/// Which of the three arrays is computed, from the other two in this order.
#[derive(Clone, Copy, PartialEq)]
enum Role {
    Output,
    Input,
    Kernel,
}
use Role::*;

#[derive(Clone)]
struct Correlation {
    name: &'static str,
    geometry: Rc<Geometry>,
    role: Role,
    /// In derivatives: a factor of 0 makes a product 0, see `silence`.
    silent: bool,
}

impl Correlation {
    fn shape(&self) -> Shape {
        let g = &*self.geometry;
        let (mut shape, extent): (Shape, fn(&Axis) -> usize) = match self.role {
            Output => (Shape::from_slice(&[g.batch, g.groups, g.outputs]), |a| a.output),
            Input => (Shape::from_slice(&[g.batch, g.groups, g.inputs]), |a| a.input),
            Kernel => (Shape::from_slice(&[g.groups, g.outputs, g.inputs]), |a| a.kernel),
        };
        shape.extend(g.axes.iter().map(extent));
        shape
    }

    /// Another of the three, or the same, in a derivative.
    fn other(&self, cx: &Context, role: Role, a: &Array, b: &Array) -> Array {
        apply(cx, &Correlation { role, silent: true, ..self.clone() }, &[a, b])
    }

    fn run<T: Product>(&self, cx: &Context, a: &Tensor, b: &Tensor) -> Result<Tensor> {
        let g = &*self.geometry;
        let shape = self.shape();
        let size = shape::checked_size(&shape, size_of::<T>())?;
        // A multiplication takes some 0.1 ns.
        let threads = cx.engine.threads_for(g.work() * 0.1);
        let threads = threads.as_deref();
        let space = g.workspace::<T>() * threads.map_or(1, |t| t.count());
        let mut memory = cx.engine.heap.pool.take::<T>(space)?;
        let memory = memory.slice_mut::<T>(space);
        let (a, b) = (a.elements::<T>(), b.elements::<T>());
        match self.role {
            Output => cx.engine.build::<T>(&shape, |y| kernels::output(g, threads, a, b, y, memory)),
            Input => cx.engine.build::<T>(&shape, |x| kernels::input(g, threads, a, b, x, memory)),
            Kernel => {
                let parts = g.parts::<T>();
                let mut sums = cx.engine.heap.pool.take::<T>(parts * size)?;
                let sums = sums.slice_mut::<T>(parts * size);
                kernels::kernel(g, threads, a, b, sums, memory);
                cx.engine.build::<T>(&shape, |w| {
                    let (first, rest) = sums.split_at(size);
                    w.copy_from_slice(first);
                    for part in rest.chunks_exact(size.max(1)) {
                        w.iter_mut().zip(part).for_each(|(w, &p)| *w = *w + p);
                    }
                })
            }
        }
    }
}

impl Primitive for Correlation {
    fn name(&self) -> &str {
        self.name
    }

    fn parameters(&self) -> String {
        let of = |what: &str, value: fn(&Axis) -> usize, usual: usize| {
            let values: Shape = self.geometry.axes.iter().map(value).collect();
            if values.iter().all(|&v| v == usual) { String::new() } else { format!("{what}={}", Show(&values)) }
        };
        let role = match self.role {
            Output => "",
            Input => "with respect to the input",
            Kernel => "with respect to the kernel",
        };
        let parts = [
            role.into(),
            of("stride", |a| a.stride, 1),
            of("padding", |a| a.before, 0),
            of("dilation", |a| a.dilation, 1),
        ];
        parts.into_iter().filter(|p: &String| !p.is_empty()).collect::<Vec<_>>().join(", ")
    }

    fn eval(&self, cx: &Context, args: &[Array]) -> Result<Array> {
        let promoted = args[0].dtype().promote(args[1].dtype());
        let dtype = if promoted == DType::Bool { DType::I64 } else { promoted };
        let operand = |x: &Array| cx.engine.contiguous(&cast(cx, cx.lazy_tensor(x)?, dtype)?);
        let (a, b) = (operand(&args[0])?, operand(&args[1])?);
        let run = |a: &Tensor, b: &Tensor| match dtype {
            DType::F64 => self.run::<f64>(cx, a, b),
            DType::F32 => self.run::<f32>(cx, a, b),
            DType::C128 => self.run::<num_complex::Complex64>(cx, a, b),
            DType::C64 => self.run::<num_complex::Complex32>(cx, a, b),
            DType::I64 | DType::Bool => self.run::<i64>(cx, a, b),
        };
        let mut c = run(&a, &b)?;
        if self.silent && dtype.is_inexact() && suspicious(&a, &b, &c) {
            c = silenced(cx, &a, &b, &|a, b| run(&cx.engine.contiguous(a)?, &cx.engine.contiguous(b)?))?;
        }
        Ok(if promoted == DType::Bool { cast(cx, c, DType::Bool)?.into() } else { c.into() })
    }

    fn keeps(&self, argnums: &[usize]) -> u64 {
        argnums.iter().fold(0, |mask, &k| mask | if k == 0 { 2 } else { 1 })
    }

    fn vjp(&self, cx: &Context, argnum: usize, g: &Array, kept: &Kept<'_>) -> Array {
        match (self.role, argnum) {
            (Output, 0) => self.other(cx, Input, g, kept.arg(1)),
            (Output, _) => self.other(cx, Kernel, kept.arg(0), g),
            (Input, 0) => self.other(cx, Output, g, kept.arg(1)),
            (Input, _) => self.other(cx, Kernel, g, kept.arg(0)),
            (Kernel, 0) => self.other(cx, Input, kept.arg(1), g),
            (Kernel, _) => self.other(cx, Output, kept.arg(0), g),
        }
    }

    fn jvp(&self, cx: &Context, argnum: usize, t: &Array, kept: &Kept<'_>) -> Array {
        let [a, b] = if argnum == 0 { [t, kept.arg(1)] } else { [kept.arg(0), t] };
        self.other(cx, self.role, a, b)
    }
}

/// The result of the form, from `x` (batch, groups, inputs, ...) and `w` (groups, outputs, inputs, ...).
pub(super) fn correlation(cx: &Context, name: &'static str, x: &Array, w: &Array, axes: &[Axis]) -> Array {
    let (&[batch, groups, inputs, ..], &[_, outputs, ..]) = (x.shape(), w.shape()) else {
        debug_assert!(cx.failed(), "images and kernels have three leading axes");
        return Array::Null;
    };
    let geometry = Rc::new(Geometry { batch, groups, inputs, outputs, axes: axes.into() });
    apply(cx, &Correlation { name, geometry, role: Output, silent: false }, &[x, w])
}

/// Read backwards along some axes.
pub(super) fn flipped(cx: &Context, x: &Array, axes: &[usize]) -> Array {
    if cx.failed() || axes.iter().all(|&a| x.shape()[a] == 1) {
        return x.clone();
    }
    let item = |a| Item::Slice(None, None, axes.contains(&a).then_some(-1));
    let items: SmallVec<[Item; 4]> = (0..x.ndim()).map(item).collect();
    match Plan::new(cx, x.shape(), &items) {
        Ok(plan) => index::get(cx, x, &plan),
        Err(e) => cx.fail(e),
    }
}

/// How much of a convolution is wanted.
#[derive(Clone, Copy, PartialEq)]
pub enum Mode {
    /// Wherever the arrays overlap.
    Full,
    /// The middle of it, as large as the first array.
    Same,
    /// Where one array lies inside of the other.
    Valid,
}

impl Mode {
    pub fn parse(text: &str) -> Result<Mode> {
        match text {
            "full" => Ok(Mode::Full),
            "same" => Ok(Mode::Same),
            "valid" => Ok(Mode::Valid),
            _ => Err(Error::value(format!("mode must be one of 'valid', 'same', or 'full' (got '{}')", excerpt(text)))),
        }
    }
}

/// Axes of two arrays that belong together.
#[derive(Clone, Copy, Default)]
pub struct Pairs<'a> {
    pub a: &'a [usize],
    pub b: &'a [usize],
}

fn run(cx: &Context, name: &str, f: impl FnOnce() -> Result<Array>) -> Array {
    if cx.failed() { Array::Null } else { cx.take(name, f()) }
}

/// The convolution over the axes `conv`, summed over the axes `dot`; of the others all combinations. The result has the
/// other axes of `a`, those of `b`, and the convolved ones in the order given.
pub fn convolve_axes(
    cx: &Context,
    name: &'static str,
    a: &Array,
    b: &Array,
    conv: Pairs<'_>,
    dot: Pairs<'_>,
    mode: Mode,
) -> Array {
    run(cx, name, || {
        let extents = |x: &Array, axes: &[usize]| -> Shape { axes.iter().map(|&i| x.shape()[i]).collect() };
        for (&i, &j) in dot.a.iter().zip(dot.b) {
            if a.shape()[i] != b.shape()[j] {
                return Err(Error::shape(format!(
                    "shapes {} and {} not aligned: {} (dim {i}) != {} (dim {j})",
                    Show(a.shape()),
                    Show(b.shape()),
                    a.shape()[i],
                    b.shape()[j]
                )));
            }
        }
        let (of_a, of_b) = (extents(a, conv.a), extents(b, conv.b));
        for (which, extents) in [("first", &of_a), ("second", &of_b)] {
            if extents.contains(&0) {
                return Err(Error::value(format!("the {which} array is empty along a convolved axis")));
            }
        }
        let a_larger = of_a.iter().zip(&of_b).all(|(m, n)| m >= n);
        let b_larger = of_a.iter().zip(&of_b).all(|(m, n)| m <= n);
        if mode == Mode::Valid && !a_larger && !b_larger {
            return Err(Error::shape(format!(
                "one array must be larger than the other along all convolved axes, found {} and {}",
                Show(&of_a),
                Show(&of_b)
            )));
        }
        // The larger array is the image. The middle is the middle of `a`, so there that has to be the image.
        let swapped = match mode {
            Mode::Valid => !a_larger,
            Mode::Full => shape::size_of(&of_a) < shape::size_of(&of_b),
            Mode::Same => false,
        };
        let (x, w, conv_x, conv_w, dot_x, dot_w) =
            if swapped { (b, a, conv.b, conv.a, dot.b, dot.a) } else { (a, b, conv.a, conv.b, dot.a, dot.b) };
        let free = |x: &Array, conv: &[usize], dot: &[usize]| -> Axes {
            (0..x.ndim()).filter(|i| !conv.contains(i) && !dot.contains(i)).collect()
        };
        let (free_x, free_w) = (free(x, conv_x, dot_x), free(w, conv_w, dot_w));
        let axes: SmallVec<[Axis; 2]> = conv_x
            .iter()
            .zip(conv_w)
            .map(|(&i, &j)| {
                let (input, kernel) = (x.shape()[i], w.shape()[j]);
                let (before, output) = match mode {
                    Mode::Valid => (0, input - kernel + 1),
                    Mode::Same => (kernel / 2, input),
                    Mode::Full => (kernel - 1, input.saturating_add(kernel - 1)),
                };
                Axis { input, kernel, output, stride: 1, dilation: 1, before }
            })
            .collect();
        let lead = |x: &Array, free: &[usize]| -> Shape { extents(x, free) };
        let (lead_x, lead_w) = (lead(x, &free_x), lead(w, &free_w));
        let channels = shape::size_of(&extents(x, dot_x));
        let arranged = |x: &Array, free: &[usize], dot: &[usize], conv: &[usize], first: [usize; 3]| {
            if x.is_null() {
                return Array::Null;
            }
            let order: Axes = free.iter().chain(dot).chain(conv).copied().collect();
            let mut shape = Shape::from_slice(&first);
            shape.extend_from_slice(&extents(x, conv));
            reshape(cx, &transpose(cx, x, &order), &shape)
        };
        let (n, o) = (shape::size_of(&lead_x), shape::size_of(&lead_w));
        let x = arranged(x, &free_x, dot_x, conv_x, [n, 1, channels]);
        let w = arranged(&flipped(cx, w, conv_w), &free_w, dot_w, conv_w, [1, o, channels]);
        let y = correlation(cx, name, &x, &w, &axes);
        let mut shape: Shape = lead_x.iter().chain(&lead_w).copied().collect();
        shape.extend(axes.iter().map(|a| a.output));
        let y = reshape(cx, &y, &shape);
        if !swapped {
            return Ok(y);
        }
        let (p, q) = (lead_x.len(), lead_w.len());
        let order: Axes = (p..p + q).chain(0..p).chain(p + q..shape.len()).collect();
        Ok(transpose(cx, &y, &order))
    })
}

/// Over all axes of two arrays of the same rank.
pub fn convolve_all(cx: &Context, name: &'static str, a: &Array, b: &Array, mode: Mode) -> Array {
    run(cx, name, || {
        if a.ndim() != b.ndim() {
            return Err(Error::shape(format!(
                "in1 and in2 should have the same dimensionality, found shapes {} and {}",
                Show(a.shape()),
                Show(b.shape())
            )));
        }
        let all: Axes = (0..a.ndim()).collect();
        Ok(convolve_axes(cx, name, a, b, Pairs { a: &all, b: &all }, Pairs::default(), mode))
    })
}

/// `scipy.signal.correlate`: the convolution with the conjugate of `b`, read backwards.
pub fn correlate_all(cx: &Context, name: &'static str, a: &Array, b: &Array, mode: Mode) -> Array {
    let all: Axes = (0..b.ndim()).collect();
    convolve_all(cx, name, a, &flipped(cx, &complex::conj(cx, b), &all), mode)
}

/// A vector, as NumPy's functions of vectors take one: numbers count as vectors of one element.
fn vector(cx: &Context, x: &Array, what: &str) -> Result<Array> {
    if x.ndim() > 1 {
        return Err(Error::value(format!("object too deep for desired array: {what} has shape {}", Show(x.shape()))));
    }
    if x.size() == 0 {
        return Err(Error::value(format!("{what} cannot be empty")));
    }
    Ok(reshape(cx, x, &[x.size()]))
}

/// `numpy.convolve`: of vectors, the order of which does not matter.
pub fn convolve(cx: &Context, a: &Array, v: &Array, mode: Mode) -> Array {
    run(cx, "ag_convolve", || {
        let (a, v) = (vector(cx, a, "a")?, vector(cx, v, "v")?);
        let (a, v) = if a.size() < v.size() { (v, a) } else { (a, v) };
        Ok(convolve_all(cx, "ag_convolve", &a, &v, mode))
    })
}

/// `numpy.correlate`: sums of `a[n + k] conj(v[n])`.
pub fn correlate(cx: &Context, a: &Array, v: &Array, mode: Mode) -> Array {
    run(cx, "ag_correlate", || {
        let (a, v) = (vector(cx, a, "first array argument")?, vector(cx, v, "second array argument")?);
        // As large as the longer one; with the vectors exchanged the result is the conjugate, read backwards.
        if mode == Mode::Same && a.size() < v.size() {
            let y = correlate_all(cx, "ag_correlate", &v, &a, mode);
            return Ok(complex::conj(cx, &flipped(cx, &y, &[0])));
        }
        Ok(correlate_all(cx, "ag_correlate", &a, &v, mode))
    })
}

// ------------------------------------------------------------------------------------------------ layers of images

/// Two numbers, one for the rows and one for the columns of images.
pub type Both = [i64; 2];

/// One axis of a window that moves over an image.
pub(super) fn moving(input: usize, kernel: usize, what: &str, [stride, padding, dilation]: [i64; 3]) -> Result<Axis> {
    let positive = |what: &str, x: i64| match usize::try_from(x) {
        Ok(x) if x > 0 => Ok(x),
        _ => Err(Error::value(format!("the {what} must be positive, found {x}"))),
    };
    let (stride, dilation) = (positive("stride", stride)?, positive("dilation", dilation)?);
    let before = usize::try_from(padding)
        .map_err(|_| Error::value(format!("the padding must not be negative, found {padding}")))?;
    if kernel == 0 {
        return Err(Error::value(format!("a {what} must have at least one element along each axis")));
    }
    let too_large = || Error::memory("the image with its padding is larger than the address space");
    let padded = before.checked_mul(2).and_then(|p| p.checked_add(input)).ok_or_else(too_large)?;
    let reach = (kernel - 1).checked_mul(dilation).and_then(|r| r.checked_add(1)).ok_or_else(too_large)?;
    if reach > padded {
        return Err(Error::shape(format!(
            "the {what} reaches over {reach} elements, but the image with its padding has {padded}"
        )));
    }
    let output = (padded - reach) / stride + 1;
    Ok(Axis { input, kernel, output, stride, dilation, before })
}

/// The convolution of neural nets (which is a correlation): images (batch, channels, rows, columns), kernels (channels of
/// the result, channels of a group, rows, columns).
pub fn conv2d(cx: &Context, x: &Array, w: &Array, stride: Both, padding: Both, dilation: Both, groups: i64) -> Array {
    const NAME: &str = "ag_conv2d";
    run(cx, NAME, || {
        let (&[n, c, height, width], &[o, each, rows, columns]) = (x.shape(), w.shape()) else {
            return Err(Error::shape(format!(
                "expected images (batch, channels, rows, columns) and kernels (channels, channels, rows, columns), found \
                 shapes {} and {}",
                Show(x.shape()),
                Show(w.shape())
            )));
        };
        let count = usize::try_from(groups).ok().filter(|&g| g > 0);
        let Some(groups) = count.filter(|g| c % g == 0 && o % g == 0) else {
            return Err(Error::value(format!(
                "the number of groups must be positive and divide the channels of images and result, found {groups} for \
                 {c} and {o}"
            )));
        };
        if each != c / groups {
            return Err(Error::shape(format!(
                "images with {c} channels in groups of {} need kernels with as many, found {each}: shapes {} and {}",
                c / groups,
                Show(x.shape()),
                Show(w.shape())
            )));
        }
        let first = moving(height, rows, "kernel", [stride[0], padding[0], dilation[0]])?;
        let second = moving(width, columns, "kernel", [stride[1], padding[1], dilation[1]])?;
        shape::checked_size(&[n, o, first.output, second.output], x.dtype().size())?;
        let x = reshape(cx, x, &[n, groups, each, height, width]);
        let w = reshape(cx, w, &[groups, o / groups, each, rows, columns]);
        let y = correlation(cx, NAME, &x, &w, &[first, second]);
        Ok(reshape(cx, &y, &[n, o, first.output, second.output]))
    })
}

/// The mean over a window that moves over the last two axes. Padding does not count.
pub fn mean_pool2d(cx: &Context, x: &Array, axes: &[Axis; 2]) -> Array {
    const NAME: &str = "ag_mean_pool2d";
    run(cx, NAME, || {
        let x = elementwise::astype(cx, x, x.dtype().inexact());
        let lead = &x.shape()[..x.ndim() - 2];
        let images = reshape(cx, &x, &[shape::size_of(lead), 1, 1, axes[0].input, axes[1].input]);
        let ones = super::create::full(cx, x.dtype(), &[1, 1, 1, axes[0].kernel, axes[1].kernel], 1.0);
        let sums = correlation(cx, NAME, &images, &ones, axes);
        let inside = |a: &Axis, p: usize| {
            let from = p * a.stride;
            (from + a.kernel).min(a.input + a.before).saturating_sub(from.max(a.before)) as f64
        };
        let field = [axes[0].output, axes[1].output];
        let counts = cx.engine.build::<f64>(&field, |d| {
            for (i, d) in d.iter_mut().enumerate() {
                *d = inside(&axes[0], i / field[1]) * inside(&axes[1], i % field[1]);
            }
        })?;
        let counts = elementwise::astype(cx, &counts.into(), x.dtype().real());
        let mut shape = Shape::from_slice(lead);
        shape.extend(field);
        Ok(elementwise::binary(cx, &elementwise::DIV, &reshape(cx, &sums, &shape), &counts))
    })
}

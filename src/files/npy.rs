//! The `.npy` format (NumPy's documentation, `numpy.lib.format`): a magic string, the length of a header, the header,
//! which is a Python dict with the dtype, the order and the shape, and the elements.

use super::{PIECE, room, told};
use crate::array::{DType, Element, Shape, Tensor, shape};
use crate::error::{Error, Result, excerpt};
use crate::trace::Context;
use crate::with_dtype;
use num_complex::{Complex32, Complex64};
use std::io::{ErrorKind, Read, Write};

pub const MAGIC: &[u8] = b"\x93NUMPY";
/// The elements begin at a multiple of this.
const ALIGN: usize = 64;
/// Longer headers are not written by NumPy for the dtypes that are read here.
const LONGEST_HEADER: usize = 1 << 16;

fn code(dtype: DType) -> &'static str {
    match dtype {
        DType::Bool => "|b1",
        DType::I64 => "<i8",
        DType::F32 => "<f4",
        DType::F64 => "<f8",
        DType::C64 => "<c8",
        DType::C128 => "<c16",
    }
}

/// Everything before the elements.
pub fn header(t: &Tensor) -> Vec<u8> {
    let mut extents = String::new();
    for (i, d) in t.shape().iter().enumerate() {
        extents += &if i > 0 { format!(" {d},") } else { format!("{d},") };
    }
    if t.ndim() > 1 {
        extents.pop();
    }
    let dict = format!("{{'descr': '{}', 'fortran_order': False, 'shape': ({extents}), }}", code(t.dtype()));
    let before = MAGIC.len() + 4;
    let length = (before + dict.len() + 1).next_multiple_of(ALIGN) - before;
    let mut out = Vec::with_capacity(before + length);
    out.extend_from_slice(MAGIC);
    out.extend_from_slice(&[1, 0]);
    // At most 64 extents of 20 digits: it fits.
    out.extend_from_slice(&(length as u16).to_le_bytes());
    out.extend_from_slice(dict.as_bytes());
    out.resize(before + length - 1, b' ');
    out.push(b'\n');
    out
}

/// An element as the file has it.
trait Stored: Element {
    fn store(self, out: &mut Vec<u8>);
    /// From `bytes`, the first of which is the lowest.
    fn load(bytes: &[u8]) -> Self;
}

fn array<const N: usize>(bytes: &[u8]) -> [u8; N] {
    bytes.try_into().expect("as many bytes as an element has")
}

macro_rules! stored {
    ($($t:ty)*) => { $(impl Stored for $t {
        fn store(self, out: &mut Vec<u8>) {
            out.extend_from_slice(&self.to_le_bytes());
        }
        fn load(bytes: &[u8]) -> $t {
            <$t>::from_le_bytes(array(bytes))
        }
    })* };
    (complex $($t:ty, $part:ty;)*) => { $(impl Stored for $t {
        fn store(self, out: &mut Vec<u8>) {
            self.re.store(out);
            self.im.store(out);
        }
        fn load(bytes: &[u8]) -> $t {
            let (re, im) = bytes.split_at(bytes.len() / 2);
            <$t>::new(<$part>::load(re), <$part>::load(im))
        }
    })* };
}
stored!(i64 f32 f64);
stored!(complex Complex32, f32; Complex64, f64;);

impl Stored for bool {
    fn store(self, out: &mut Vec<u8>) {
        out.push(u8::from(self));
    }
    fn load(bytes: &[u8]) -> bool {
        bytes[0] != 0
    }
}

/// A whole file, piece by piece.
pub fn write(out: &mut dyn Write, t: &Tensor) -> std::io::Result<()> {
    out.write_all(&header(t))?;
    let mut piece = room(PIECE).map_err(std::io::Error::other)?;
    with_dtype!(t.dtype(), T => {
        for part in t.elements::<T>().chunks(PIECE / size_of::<T>()) {
            piece.clear();
            part.iter().for_each(|x| x.store(&mut piece));
            out.write_all(&piece)?;
        }
    });
    Ok(())
}

/// What a header says.
struct Header {
    /// `<`, `>`, or `|` where there is one byte.
    order: u8,
    kind: u8,
    /// Bytes per element.
    size: usize,
    fortran: bool,
    shape: Shape,
}

/// Reads until `out` is full or the file ends; says how much there was.
pub fn fill(input: &mut dyn Read, out: &mut [u8]) -> Result<usize> {
    let mut n = 0;
    while n < out.len() {
        match input.read(&mut out[n..]) {
            Ok(0) => break,
            Ok(more) => n += more,
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            Err(e) => return Err(told(e)),
        }
    }
    Ok(n)
}

/// The array of a file, of which `length` bytes are there if that is known. The header is read first; memory is asked for
/// when the file has as many bytes as it promises, and the elements are read piece by piece. What follows them is left.
pub fn read(cx: &Context, input: &mut dyn Read, length: Option<u64>) -> Result<Tensor> {
    let mut start = [0; 8];
    let got = fill(input, &mut start)?;
    if !start[..got].starts_with(MAGIC) {
        return Err(Error::file("this is no .npy file: it doesn't begin with \\x93NUMPY"));
    }
    let cut = || Error::file("the file ends inside of its header");
    if got < start.len() {
        return Err(cut());
    }
    let mut exactly = |out: &mut [u8]| if fill(input, out)? == out.len() { Ok(()) } else { Err(cut()) };
    let width = match start[6] {
        1 => 2,
        2 | 3 => 4,
        v => return Err(Error::file(format!("version {v} of the .npy format is not known"))),
    };
    let mut digits = [0; 4];
    exactly(&mut digits[..width])?;
    let long = u32::from_le_bytes(digits) as usize;
    if long > LONGEST_HEADER {
        return Err(Error::file(format!("the header is said to have {long} bytes")));
    }
    let mut text = room(long)?;
    exactly(&mut text)?;
    let text = std::str::from_utf8(&text).map_err(|_| Error::file("the header is no text"))?;
    let header = parse(text)?;
    let bytes = shape::checked_size(&header.shape, header.size)? * header.size;
    let before = start.len() + width + long;
    if let Some(length) = length {
        let there = length.saturating_sub(before as u64);
        if there < bytes as u64 {
            return Err(too_short(&header, there));
        }
    }
    elements_of(cx, &header, input)
}

fn too_short(h: &Header, there: u64) -> Error {
    let (shape, needed) = (shape::Show(&h.shape), shape::size_of(&h.shape) * h.size);
    Error::file(format!("the file is cut: an array of shape {shape} needs {needed} bytes, there are {there}"))
}

/// The dtype that holds elements of this kind and size.
fn dtype_of(kind: u8, size: usize) -> Option<DType> {
    Some(match (kind, size) {
        (b'b', 1) => DType::Bool,
        (b'i' | b'u', 1 | 2 | 4 | 8) => DType::I64,
        (b'f', 2 | 4) => DType::F32,
        (b'f', 8) => DType::F64,
        (b'c', 8) => DType::C64,
        (b'c', 16) => DType::C128,
        _ => return None,
    })
}

/// Elements as the file has them, converted by `element`, in the order of the file.
fn converted<T: Element>(
    cx: &Context,
    h: &Header,
    input: &mut dyn Read,
    element: impl Fn(&[u8]) -> Result<T>,
) -> Result<Tensor> {
    // In column-major order it is the transposed array that lies row by row.
    let extents: Shape = if h.fortran { h.shape.iter().rev().copied().collect() } else { h.shape.clone() };
    // The parts of a complex number are numbers of their own.
    let part = if h.kind == b'c' { h.size / 2 } else { h.size };
    let mut piece = room(PIECE.min(shape::size_of(&extents) * h.size))?;
    let mut done = Ok(());
    let mut read = |to: &mut [T]| {
        for (k, to) in to.chunks_mut(PIECE / h.size).enumerate() {
            let piece = &mut piece[..to.len() * h.size];
            let n = fill(input, piece)?;
            if n < piece.len() {
                return Err(too_short(h, (k * (PIECE / h.size) * h.size + n) as u64));
            }
            if h.order == b'>' && part > 1 {
                piece.chunks_exact_mut(part).for_each(<[u8]>::reverse);
            }
            for (to, from) in to.iter_mut().zip(piece.chunks_exact(h.size)) {
                *to = element(from)?;
            }
        }
        Ok(())
    };
    let t = cx.engine.build::<T>(&extents, |to| done = read(to))?;
    done.map(|()| t)
}

fn elements_of(cx: &Context, h: &Header, input: &mut dyn Read) -> Result<Tensor> {
    let Some(dtype) = dtype_of(h.kind, h.size) else {
        return Err(Error::dtype(format!("elements of dtype {}{} cannot be read", h.kind as char, h.size)));
    };
    let t = match (h.kind, h.size) {
        (b'i' | b'u', size) => {
            let signed = h.kind == b'i';
            converted::<i64>(cx, h, input, |raw| {
                let high = raw[size - 1] >= 0x80;
                if high && !signed && size == 8 {
                    return Err(Error::value("an element of dtype uint64 is too large for int64"));
                }
                let mut wide = [if high && signed { 0xff } else { 0 }; 8];
                wide[..size].copy_from_slice(raw);
                Ok(i64::from_le_bytes(wide))
            })?
        }
        (b'f', 2) => converted::<f32>(cx, h, input, |raw| Ok(half(u16::from_le_bytes(array(raw)))))?,
        _ => with_dtype!(dtype, T => converted::<T>(cx, h, input, |raw| Ok(T::load(raw)))?),
    };
    if !h.fortran || h.shape.len() < 2 {
        return Ok(t);
    }
    let axes: crate::array::Axes = (0..h.shape.len()).rev().collect();
    cx.engine.contiguous(&crate::ops::shape::permuted(&t, &axes))
}

/// A number of IEEE 754 binary16.
fn half(bits: u16) -> f32 {
    let (sign, exponent, fraction) = (bits >> 15, bits >> 10 & 31, f32::from(bits & 1023));
    let magnitude = match exponent {
        0 => fraction * 2f32.powi(-24),
        31 if fraction == 0.0 => f32::INFINITY,
        31 => f32::NAN,
        e => (1024.0 + fraction) * 2f32.powi(i32::from(e) - 25),
    };
    if sign == 1 { -magnitude } else { magnitude }
}

/// The header's dict: three keys in any order, with blanks anywhere.
fn parse(text: &str) -> Result<Header> {
    let bad = || Error::file(format!("the header cannot be understood: {}", excerpt(text.trim_end())));
    let value = |key: &str| -> Result<&str> {
        let quoted = [format!("'{key}'"), format!("\"{key}\"")];
        let at = quoted.iter().find_map(|q| text.find(q.as_str()).map(|i| i + q.len())).ok_or_else(bad)?;
        text[at..].trim_start().strip_prefix(':').map(str::trim_start).ok_or_else(bad)
    };
    let descr = value("descr")?;
    let quote = descr.chars().next().filter(|q| matches!(q, '\'' | '"'));
    let Some(quote) = quote else {
        return Err(Error::dtype("arrays of records cannot be read"));
    };
    let descr = descr[1..].split(quote).next().ok_or_else(bad)?;
    let dtype = descr.as_bytes();
    let (order, rest) = match dtype.first() {
        Some(&o @ (b'<' | b'>' | b'|' | b'=')) => (o, &descr[1..]),
        _ => (b'<', descr),
    };
    let kind = *rest.as_bytes().first().ok_or_else(bad)?;
    let size = rest.get(1..).and_then(|s| s.parse().ok()).unwrap_or(0);
    if dtype_of(kind, size).is_none() {
        let what = if kind == b'O' { "objects, which only Python can read" } else { "another dtype than numbers" };
        return Err(Error::dtype(format!("an array of {what} ('{}') cannot be read", excerpt(descr))));
    }
    let fortran = match value("fortran_order")? {
        v if v.starts_with("True") => true,
        v if v.starts_with("False") => false,
        _ => return Err(bad()),
    };
    let inner = value("shape")?.strip_prefix('(').and_then(|s| s.split_once(')')).ok_or_else(bad)?.0;
    let mut shape = Shape::new();
    for part in inner.split(',').map(str::trim).filter(|p| !p.is_empty()) {
        // Python 2 wrote long integers with an L.
        shape.push(part.trim_end_matches('L').parse().map_err(|_| bad())?);
    }
    if shape.len() > shape::MAX_NDIM {
        return Err(Error::value(format!("an array of {} axes, {} are the most", shape.len(), shape::MAX_NDIM)));
    }
    Ok(Header { order, kind, size, fortran, shape })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_read_however_they_are_written() {
        let h = parse("{'shape': (2, 3,), \"descr\" : \">f4\", 'fortran_order':True}\n").unwrap();
        assert_eq!((h.order, h.kind, h.size, h.fortran, &h.shape[..]), (b'>', b'f', 4, true, &[2, 3][..]));
        assert_eq!(parse("{'descr': '|b1', 'fortran_order': False, 'shape': (), }").unwrap().shape.len(), 0);
        for wrong in [
            "",
            "{'descr': '<f8'}",
            "{'descr': '<f8', 'fortran_order': Maybe, 'shape': ()}",
            "{'descr': '<f8', 'fortran_order': False, 'shape': (-1,)}",
            "{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999999999999,)}",
            "{'descr': '<f8', 'fortran_order': False, 'shape': (1,",
            "{'descr': '|O', 'fortran_order': False, 'shape': (1,)}",
            "{'descr': '<U5', 'fortran_order': False, 'shape': (1,)}",
            "{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (1,)}",
            "{'descr': '', 'fortran_order': False, 'shape': (1,)}",
            "{'descr': '\u{e9}8', 'fortran_order': False, 'shape': (1,)}",
        ] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn halves() {
        // 0x3555 is the number nearest to 1/3.
        for (bits, want) in
            [(0x3c00, 1.0), (0xc000, -2.0), (0x3555, 0.333_251_95), (1, 5.960_464_5e-8), (0x7bff, 65504.0)]
        {
            assert_eq!(half(bits), want);
        }
        assert!(half(0x7c00) == f32::INFINITY && half(0x7e00).is_nan());
    }
}

//! The `.npy` format (NumPy's documentation, `numpy.lib.format`): a magic string, the length of a header, the header,
//! which is a Python dict with the dtype, the order and the shape, and the elements.

use crate::array::{DType, Element, Shape, Tensor, shape};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::with_dtype;
use num_complex::{Complex32, Complex64};
use std::borrow::Cow;
use std::io::Write;

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

/// The elements of a row-major array.
pub fn bytes(t: &Tensor) -> Vec<u8> {
    let mut out = Vec::with_capacity(t.size() * t.dtype().size());
    with_dtype!(t.dtype(), T => t.elements::<T>().iter().for_each(|x| x.store(&mut out)));
    out
}

/// A whole file.
pub fn write(out: &mut dyn Write, t: &Tensor) -> std::io::Result<()> {
    out.write_all(&header(t))?;
    out.write_all(&bytes(t))
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

/// The array of a whole file.
pub fn read(cx: &Context, bytes: &[u8]) -> Result<Tensor> {
    if !bytes.starts_with(MAGIC) {
        return Err(Error::file("this is no .npy file: it doesn't begin with \\x93NUMPY"));
    }
    let cut = || Error::file("the file ends inside of its header");
    let width = match bytes.get(6).ok_or_else(cut)? {
        1 => 2,
        2 | 3 => 4,
        v => return Err(Error::file(format!("version {v} of the .npy format is not known"))),
    };
    let length = bytes.get(8..8 + width).ok_or_else(cut)?;
    let length = length.iter().rev().fold(0usize, |n, &b| n << 8 | usize::from(b));
    if length > LONGEST_HEADER {
        return Err(Error::file(format!("the header is said to have {length} bytes")));
    }
    let text = bytes.get(8 + width..8 + width + length).ok_or_else(cut)?;
    let text = std::str::from_utf8(text).map_err(|_| Error::file("the header is no text"))?;
    let header = parse(text)?;
    let n = shape::checked_size(&header.shape, header.size)?;
    let elements = &bytes[8 + width + length..];
    if elements.len() < n * header.size {
        return Err(Error::file(format!(
            "the file is cut: an array of shape {} needs {} bytes, there are {}",
            shape::Show(&header.shape),
            n * header.size,
            elements.len()
        )));
    }
    elements_of(cx, &header, &elements[..n * header.size])
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

fn elements_of(cx: &Context, h: &Header, data: &[u8]) -> Result<Tensor> {
    let Some(dtype) = dtype_of(h.kind, h.size) else {
        return Err(Error::dtype(format!("elements of dtype {}{} cannot be read", h.kind as char, h.size)));
    };
    // The parts of a complex number are numbers of their own.
    let part = if h.kind == b'c' { h.size / 2 } else { h.size };
    let data: Cow<'_, [u8]> = if h.order == b'>' && part > 1 {
        let mut turned = data.to_vec();
        turned.chunks_exact_mut(part).for_each(<[u8]>::reverse);
        turned.into()
    } else {
        data.into()
    };
    let rows = |i: usize| &data[i * h.size..(i + 1) * h.size];
    // In column-major order it is the transposed array that lies row by row.
    let extents: Shape = if h.fortran { h.shape.iter().rev().copied().collect() } else { h.shape.clone() };
    let t = match (h.kind, h.size) {
        (b'i' | b'u', size) => {
            if h.kind == b'u' && size == 8 && (0..data.len() / 8).any(|i| rows(i)[7] >= 0x80) {
                return Err(Error::value("an element of dtype uint64 is too large for int64"));
            }
            let signed = h.kind == b'i';
            cx.engine.build::<i64>(&extents, |d| {
                for (i, d) in d.iter_mut().enumerate() {
                    let raw = rows(i);
                    let fill = if signed && raw[size - 1] >= 0x80 { 0xff } else { 0 };
                    let mut wide = [fill; 8];
                    wide[..size].copy_from_slice(raw);
                    *d = i64::from_le_bytes(wide);
                }
            })?
        }
        (b'f', 2) => cx.engine.build::<f32>(&extents, |d| {
            d.iter_mut().enumerate().for_each(|(i, d)| *d = half(u16::from_le_bytes(array(rows(i)))));
        })?,
        _ => with_dtype!(dtype, T => cx.engine.build::<T>(&extents, |d| {
            d.iter_mut().enumerate().for_each(|(i, d)| *d = T::load(rows(i)));
        })?),
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
    let bad = || {
        Error::file(format!(
            "the header cannot be understood: {}",
            text.trim_end().chars().take(200).collect::<String>()
        ))
    };
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
        return Err(Error::dtype(format!("an array of {what} ('{descr}') cannot be read")));
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

//! Numbers as text, a row of a matrix per line: `numpy.loadtxt` and `numpy.savetxt`.
//!
//! A file is read line by line, and no line may be longer than `LONGEST_LINE`; what grows is the list of numbers.

use super::{inside, ready, save, system};
use crate::array::{DType, Element, Shape, Tensor};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::trace::Array;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::str::FromStr;

/// The bytes of the longest line that is read: half a million numbers with all of their digits.
const LONGEST_LINE: usize = 1 << 24;
/// The bytes of a file that a message quotes at most.
const QUOTED: usize = 60;
/// The digits that tell any two doubles apart.
pub const MOST_DIGITS: i64 = 17;

/// How a text is read.
pub struct Load<'a> {
    /// What stands between two numbers; `None`: blanks and tabs, as many as there are.
    pub delimiter: Option<&'a str>,
    /// Lines at the beginning that are no numbers.
    pub skiprows: usize,
    /// The columns wanted, in this order; negative ones count from the end. `None`: all.
    pub usecols: Option<&'a [i64]>,
    pub dtype: DType,
    /// The axes of the result at least, 0 to 2: axes of extent 1 are left out down to them.
    pub ndmin: i64,
}

/// How a text is written.
pub struct Save<'a> {
    pub delimiter: &'a str,
    /// The digits of every number, 0 for as many as it takes to read the same number back.
    pub digits: i64,
    /// Goes before the numbers, as a comment.
    pub header: Option<&'a str>,
}

/// A delimiter must not be what numbers, comments and lines are made of.
fn check_delimiter(delimiter: &str) -> Result<()> {
    let bad = |c: char| c.is_ascii_alphanumeric() || "+-.#\r\n".contains(c);
    if delimiter.is_empty() || delimiter.contains(bad) {
        return Err(Error::value(format!(
            "{} cannot stand between numbers: expected no letters, digits, signs, points, # or ends of lines",
            quote(delimiter.as_bytes())
        )));
    }
    Ok(())
}

/// The beginning of a text from outside, in quotes and on one line.
fn quote(text: &[u8]) -> String {
    let near = String::from_utf8_lossy(&text[..text.len().min(2 * QUOTED)]);
    let (mut shown, mut whole) = (String::new(), text.len() <= 2 * QUOTED);
    for c in near.chars() {
        if shown.len() + c.len_utf8() > QUOTED {
            whole = false;
            break;
        }
        shown.push(if c.is_control() { ' ' } else { c });
    }
    if whole { format!("\"{shown}\"") } else { format!("\"{shown}...\"") }
}

// ------------------------------------------------------------------------------------------------------------- writing

/// A number as a line has it.
trait Written: Element {
    fn text(self, digits: usize) -> String;
}
macro_rules! written {
    (float $($t:ty)*) => { $(impl Written for $t {
        fn text(self, digits: usize) -> String {
            if self.is_nan() {
                return "nan".into();
            }
            match digits {
                0 => format!("{self:?}"),
                n => scientific(format!("{:.*e}", n - 1, self)),
            }
        }
    })* };
    (whole $($t:ty)*) => { $(impl Written for $t {
        fn text(self, _: usize) -> String {
            i64::from(self).to_string()
        }
    })* };
}
written!(float f64 f32);
written!(whole i64 bool);

/// `1.5e-7` with an exponent as C has it: `1.5e-07`.
fn scientific(text: String) -> String {
    match text.split_once('e') {
        None => text,
        Some((digits, exponent)) => {
            let (sign, exponent) = exponent.strip_prefix('-').map_or(('+', exponent), |e| ('-', e));
            format!("{digits}e{sign}{exponent:0>2}")
        }
    }
}

fn write<T: Written>(out: &mut dyn Write, t: &Tensor, columns: usize, options: &Save<'_>) -> std::io::Result<()> {
    let digits = options.digits as usize;
    for row in t.elements::<T>().chunks(columns.max(1)) {
        for (j, x) in row.iter().enumerate() {
            let between = if j > 0 { options.delimiter } else { "" };
            write!(out, "{between}{}", x.text(digits))?;
        }
        out.write_all(b"\n")?;
    }
    Ok(())
}

/// `numpy.savetxt`: a line for each row of a matrix, or for each element of a vector.
pub fn save_text(cx: &Context, path: &Path, x: &Array, options: &Save<'_>) -> Result<()> {
    let columns = match *x.shape() {
        [_] => 1,
        [_, m] => m,
        _ => return Err(Error::value(format!("expected a vector or a matrix, found {} axes", x.ndim()))),
    };
    if x.dtype().is_complex() {
        return Err(Error::dtype(format!("numbers of dtype {} are not written as text", x.dtype().name())));
    }
    check_delimiter(options.delimiter)?;
    if !(0..=MOST_DIGITS).contains(&options.digits) {
        return Err(Error::value(format!("digits must be 0 to {MOST_DIGITS}, found {}", options.digits)));
    }
    let t = ready(cx, x)?;
    let empty_rows = if columns == 0 { t.shape()[0] } else { 0 };
    save(path, |out| {
        for line in options.header.iter().flat_map(|h| h.lines()) {
            writeln!(out, "# {line}")?;
        }
        (0..empty_rows).try_for_each(|_| out.write_all(b"\n"))?;
        match t.dtype() {
            DType::Bool => write::<bool>(out, &t, columns, options),
            DType::I64 => write::<i64>(out, &t, columns, options),
            DType::F32 => write::<f32>(out, &t, columns, options),
            _ => write::<f64>(out, &t, columns, options),
        }
    })
}

// ------------------------------------------------------------------------------------------------------------- reading

/// A number out of a text; `true` and `false` are none.
trait Parsed: Element {
    fn parse(text: &str) -> Option<Self>;
}
macro_rules! parsed {
    ($($t:ty)*) => { $(impl Parsed for $t {
        fn parse(text: &str) -> Option<$t> {
            <$t>::from_str(text).ok()
        }
    })* };
}
parsed!(f64 f32 i64);
impl Parsed for bool {
    fn parse(text: &str) -> Option<bool> {
        i64::from_str(text).ok().map(|x| x != 0)
    }
}

/// The numbers of a file so far.
struct Rows<T> {
    numbers: Vec<T>,
    count: usize,
    /// Of the first line with numbers: its number, and how many it has.
    first: Option<(usize, usize)>,
    /// So many numbers are the most that the context's memory has room for.
    most: usize,
}

impl<T: Parsed> Rows<T> {
    /// Takes the numbers of line number `line` in.
    fn add(&mut self, line: usize, fields: &[&str], options: &Load<'_>) -> Result<()> {
        let found = fields.len();
        let (first, width) = *self.first.get_or_insert((line, found));
        if width != found && options.usecols.is_none() {
            let text = format!("line {line} has {found} columns, and line {first} has {width}");
            return Err(Error::file(text));
        }
        let wanted = options.usecols.map_or(found, <[i64]>::len);
        let place = |k: usize| match options.usecols {
            None => Ok(k),
            Some(list) => {
                let at = if list[k] < 0 { list[k].saturating_add(found as i64) } else { list[k] };
                let at = usize::try_from(at).ok().filter(|&at| at < found);
                at.ok_or_else(|| Error::file(format!("line {line} has {found} columns, none of number {}", list[k])))
            }
        };
        if self.numbers.len() + wanted > self.most || self.numbers.try_reserve(wanted).is_err() {
            return Err(Error::memory(format!("there is no memory for the numbers before line {line}")));
        }
        for k in 0..wanted {
            let at = place(k)?;
            let Some(x) = T::parse(fields[at]) else {
                let (what, name) = (quote(fields[at].as_bytes()), T::DTYPE.name());
                return Err(Error::file(format!("line {line}, column {at}: {what} is no number of dtype {name}")));
            };
            self.numbers.push(x);
        }
        self.count += 1;
        Ok(())
    }
}

/// Calls `each` with the number and the text of every line, without comments.
fn lines(path: &Path, mut each: impl FnMut(usize, &str) -> Result<()>) -> Result<()> {
    let file = File::open(path).map_err(|e| system("read", path, &e))?;
    let mut file = BufReader::with_capacity(1 << 16, file);
    let mut line = Vec::new();
    for number in 1.. {
        line.clear();
        let read = (&mut file).take(LONGEST_LINE as u64 + 1).read_until(b'\n', &mut line);
        if read.map_err(|e| system("read", path, &e))? == 0 {
            break;
        }
        if line.len() > LONGEST_LINE {
            let text = format!("line {number} is longer than {LONGEST_LINE} bytes: {}", quote(&line));
            return Err(inside(path, Error::file(text)));
        }
        let mut text = line.as_slice();
        if number == 1 {
            // What some programs put before UTF-8.
            text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
        }
        let end = text.iter().position(|&c| c == b'#').unwrap_or(text.len());
        // Comments may be in any encoding, numbers are ASCII.
        let text = std::str::from_utf8(&text[..end]).map_err(|e| {
            let bad = &text[e.valid_up_to()..end];
            inside(path, Error::file(format!("line {number}: {} is no UTF-8", quote(bad))))
        })?;
        each(number, text).map_err(|e| inside(path, e))?;
    }
    Ok(())
}

/// The fields of a line.
fn split<'a>(text: &'a str, delimiter: Option<&str>) -> Vec<&'a str> {
    match delimiter {
        None => text.split_whitespace().collect(),
        Some(delimiter) => text.split(delimiter).map(str::trim).collect(),
    }
}

fn load<T: Parsed>(cx: &Context, path: &Path, options: &Load<'_>) -> Result<Tensor> {
    let most = cx.engine.heap.pool.stats().limit / size_of::<T>();
    let mut rows = Rows::<T> { numbers: Vec::new(), count: 0, first: None, most };
    lines(path, |number, text| {
        // Lines without numbers don't count.
        if number <= options.skiprows || text.trim().is_empty() {
            return Ok(());
        }
        rows.add(number, &split(text, options.delimiter), options)
    })?;
    let columns = options.usecols.map(<[i64]>::len).or(rows.first.map(|f| f.1)).unwrap_or(1);
    let mut to = Shape::from_slice(&[rows.count, columns]);
    if options.ndmin < 2 {
        // Of nothing there is a vector.
        to = to.iter().copied().filter(|&d| d != 1).collect();
        if options.ndmin == 1 && to.is_empty() {
            to.push(1);
        }
    }
    cx.engine.build::<T>(&to, |d| d.copy_from_slice(&rows.numbers))
}

/// `numpy.loadtxt`: a matrix with a row for each line of numbers. `#` begins a comment.
pub fn load_text(cx: &Context, path: &Path, options: &Load<'_>) -> Result<Array> {
    if let Some(delimiter) = options.delimiter {
        check_delimiter(delimiter)?;
    }
    if !(0..=2).contains(&options.ndmin) {
        return Err(Error::value(format!("ndmin must be 0, 1 or 2, found {}", options.ndmin)));
    }
    Ok(match options.dtype {
        DType::F64 => load::<f64>(cx, path, options)?,
        DType::F32 => load::<f32>(cx, path, options)?,
        DType::I64 => load::<i64>(cx, path, options)?,
        DType::Bool => load::<bool>(cx, path, options)?,
        other => return Err(Error::dtype(format!("numbers of dtype {} are not read from text", other.name()))),
    }
    .into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotations_are_short_and_on_one_line() {
        assert_eq!(quote(b"a\tb\n"), "\"a b \"");
        assert_eq!(quote("\u{e9}".repeat(31).as_bytes()), format!("\"{}...\"", "\u{e9}".repeat(30)));
        assert_eq!(quote(&[b'x'; 60]).len(), 62);
        // Bytes that are no text take more room as they are shown.
        assert_eq!(quote(&[0xff; 60]), format!("\"{}...\"", "\u{fffd}".repeat(20)));
    }

    #[test]
    fn digits() {
        assert_eq!((0.1).text(0), "0.1");
        assert_eq!((1e300).text(0), "1e300");
        assert_eq!((f64::MIN_POSITIVE / 3.0).text(0), "7.41691286169067e-309");
        assert_eq!((-1.5).text(4), "-1.500e+00");
        assert_eq!((1.0f64 / 3.0).text(17), "3.3333333333333331e-01");
        assert_eq!(
            [f64::NAN, -f64::NAN, f64::INFINITY, -f64::INFINITY].map(|x| x.text(0)),
            ["nan", "nan", "inf", "-inf"]
        );
        assert_eq!((0.1f32).text(0), "0.1");
        assert_eq!((true.text(3), (-7i64).text(3)), ("1".into(), "-7".into()));
    }
}

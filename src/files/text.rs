//! Numbers as text, a row of a matrix per line: `numpy.loadtxt` and `numpy.savetxt`.
//!
//! A file is read line by line, and no line may be longer than `LONGEST_LINE`; what grows is the list of numbers. A pipe or a
//! device, which may never end, is read up to `LONGEST_STREAM`.

use super::{inside, no_room, quote, ready, save, system, told};
use crate::array::{DType, Element, Shape, Tensor};
use crate::error::{Error, Result};
use crate::trace::{Array, Context};
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::str::FromStr;

/// The bytes of the longest line that is read: half a million numbers with all of their digits.
const LONGEST_LINE: usize = 1 << 24;
/// The bytes that are read of what isn't an ordinary file.
const LONGEST_STREAM: u64 = 1 << 30;
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
struct ParsedRows<'o, T> {
    options: &'o Load<'o>,
    numbers: Vec<T>,
    count: usize,
    /// Of the first line with numbers: its number, and how many it has.
    first: Option<(usize, usize)>,
    /// The most numbers that the context's memory has room for.
    most: usize,
    /// With `usecols`: where the fields of the line begin and end.
    places: Vec<(u32, u32)>,
}

impl<T: Parsed> ParsedRows<'_, T> {
    /// Makes room for `wanted` numbers more.
    fn reserve(&mut self, line: usize, wanted: usize) -> Result<()> {
        if self.most - self.numbers.len() < wanted || self.numbers.try_reserve(wanted).is_err() {
            return Err(Error::memory(format!("there is no memory for the numbers before line {line}")));
        }
        Ok(())
    }

    fn number(line: usize, column: usize, text: &str) -> Result<T> {
        T::parse(text).ok_or_else(|| {
            let (what, name) = (quote(text.as_bytes()), T::DTYPE.name());
            Error::file(format!("line {line}, column {column}: {what} is no number of dtype {name}"))
        })
    }

    /// Takes the numbers of line number `line` in, of which these are the fields.
    fn add<'l>(&mut self, line: usize, text: &'l str, fields: impl Iterator<Item = &'l str>) -> Result<()> {
        match self.options.usecols {
            None => self.add_all(line, fields)?,
            Some(columns) => self.add_some(line, text, fields, columns)?,
        }
        self.count += 1;
        Ok(())
    }

    fn add_all<'l>(&mut self, line: usize, fields: impl Iterator<Item = &'l str>) -> Result<()> {
        let begin = self.numbers.len();
        let mut wrong = Ok(());
        let mut found = 0;
        for field in fields {
            // The columns are counted to their end, since a line of another length is the better complaint.
            if wrong.is_ok() && self.first.is_none_or(|(_, width)| found < width) {
                if self.numbers.len() == self.numbers.capacity() || self.numbers.len() == self.most {
                    self.reserve(line, 1)?;
                }
                match Self::number(line, found, field) {
                    Ok(x) => self.numbers.push(x),
                    Err(e) => wrong = Err(e),
                }
            }
            found += 1;
        }
        let (first, width) = *self.first.get_or_insert((line, found));
        if width != found {
            let text = format!("line {line} has {found} columns, and line {first} has {width}");
            return Err(Error::file(text));
        }
        debug_assert!(wrong.is_err() || self.numbers.len() == begin + width);
        wrong
    }

    fn add_some<'l>(
        &mut self,
        line: usize,
        text: &'l str,
        fields: impl Iterator<Item = &'l str>,
        columns: &[i64],
    ) -> Result<()> {
        self.places.clear();
        for field in fields {
            self.places.try_reserve(1).map_err(|_| no_room(text.len() as u64))?;
            // Lines are shorter than 2^32.
            let start = (field.as_ptr() as usize - text.as_ptr() as usize) as u32;
            self.places.push((start, start + field.len() as u32));
        }
        let found = self.places.len();
        self.first.get_or_insert((line, found));
        self.reserve(line, columns.len())?;
        for &column in columns {
            let at = if column < 0 { column.saturating_add(found as i64) } else { column };
            let Some(&(start, end)) = usize::try_from(at).ok().and_then(|at| self.places.get(at)) else {
                return Err(Error::file(format!("line {line} has {found} columns, none of number {column}")));
            };
            self.numbers.push(Self::number(line, at as usize, &text[start as usize..end as usize])?);
        }
        Ok(())
    }
}

/// Calls `each` with the number and the text of every line, without comments, of a file of at most `most` bytes.
fn lines(file: impl Read, most: u64, mut each: impl FnMut(usize, &str) -> Result<()>) -> Result<()> {
    let mut file = BufReader::with_capacity(1 << 16, file.take(most.saturating_add(1)));
    let mut line = Vec::new();
    let mut before = 0u64;
    for number in 1.. {
        line.clear();
        // A line is read into what has room for it: asking for more can fail, and must not end the program.
        let longest = LONGEST_LINE + 1;
        let mut ended = false;
        while !ended && line.len() < longest {
            let there = file.fill_buf().map_err(told)?;
            let part = &there[..there.len().min(longest - line.len())];
            let end = part.iter().position(|&c| c == b'\n');
            let part = &part[..end.map_or(part.len(), |i| i + 1)];
            ended = end.is_some() || part.is_empty();
            line.try_reserve(part.len()).map_err(|_| no_room(part.len() as u64))?;
            line.extend_from_slice(part);
            let n = part.len();
            file.consume(n);
        }
        if line.is_empty() {
            break;
        }
        before += line.len() as u64;
        if before > most {
            return Err(Error::file(format!("it is no ordinary file and has more than {most} bytes")));
        }
        if line.len() == longest {
            let text = format!("line {number} is longer than {LONGEST_LINE} bytes: {}", quote(&line));
            return Err(Error::file(text));
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
            Error::file(format!("line {number}: {} is no UTF-8", quote(bad)))
        })?;
        each(number, text)?;
    }
    Ok(())
}

fn load<T: Parsed>(cx: &Context, path: &Path, options: &Load<'_>) -> Result<Tensor> {
    let most = cx.engine.heap.pool.stats().limit / size_of::<T>();
    let mut rows = ParsedRows::<T> { options, numbers: Vec::new(), count: 0, first: None, most, places: Vec::new() };
    let failed = |e: std::io::Error| system("read", path, &e);
    let file = File::open(path).map_err(failed)?;
    let known = file.metadata().map_err(failed)?;
    let longest = if known.is_file() { u64::MAX } else { LONGEST_STREAM };
    let read = lines(file, longest, |number, text| {
        // Lines without numbers don't count.
        if number <= options.skiprows || text.trim().is_empty() {
            return Ok(());
        }
        match options.delimiter {
            None => rows.add(number, text, text.split_whitespace()),
            Some(delimiter) => rows.add(number, text, text.split(delimiter).map(str::trim)),
        }
    });
    read.map_err(|e| inside(path, e))?;
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

    /// What never ends is given up: a line, lines without numbers, and an endless list of them.
    #[test]
    fn no_stream_is_read_for_ever() {
        let zeros = lines(std::io::repeat(0), u64::MAX, |_, _| Ok(())).unwrap_err();
        assert!(zeros.message.contains("line 1 is longer than"), "{zeros:?}");
        let empty = lines(std::io::repeat(b'\n'), 1 << 12, |_, _| Ok(())).unwrap_err();
        assert!(empty.message.contains("no ordinary file and has more than 4096 bytes"), "{empty:?}");
        let mut seen = 0;
        let whole = lines(&b"1\n2\n3"[..], 5, |_, text| {
            seen += text.trim().len();
            Ok(())
        });
        assert_eq!((whole, seen), (Ok(()), 3));
    }

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

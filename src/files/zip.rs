//! ZIP archives (PKWARE's APPNOTE.TXT, version 6.3): written without compression, as `numpy.savez` does; read with and
//! without deflate, for `numpy.savez_compressed`. Sizes above 4 GiB are in the 64-bit fields, sections 4.3.14 and
//! 4.5.3.

use super::{PIECE, no_room, quote, room, told};
use crate::error::{Error, Result};
use miniz_oxide::inflate::stream::{InflateState, inflate};
use miniz_oxide::{DataFormat, MZError, MZFlush, MZStatus};
use std::io::{self, Read, Seek, SeekFrom, Write};

/// How an archive with a file in it begins.
pub const MAGIC: &[u8] = b"PK\x03\x04";
/// How an empty one does.
pub const EMPTY: &[u8] = b"PK\x05\x06";
const LOCAL: u32 = 0x0403_4b50;
const CENTRAL: u32 = 0x0201_4b50;
const END: u32 = 0x0605_4b50;
const END_64: u32 = 0x0606_4b50;
const LOCATOR_64: u32 = 0x0706_4b50;
const FULL: u32 = u32::MAX;
/// Version of the format that reads this: 4.5, for the 64-bit fields.
const VERSION: u16 = 45;
/// Names are UTF-8.
const UTF8: u16 = 1 << 11;
const ENCRYPTED: u16 = 1;
/// The first day that a ZIP archive can name: 1980-01-01. Files with the same contents are the same.
const DATE: u16 = 1 << 5 | 1;

const CRC: [u32; 256] = {
    let mut table = [0; 256];
    let mut i = 0;
    while i < 256 {
        let (mut c, mut k) = (i as u32, 0);
        while k < 8 {
            c = if c & 1 == 1 { 0xedb8_8320 ^ c >> 1 } else { c >> 1 };
            k += 1;
        }
        table[i] = c;
        i += 1;
    }
    table
};

fn crc(mut c: u32, bytes: &[u8]) -> u32 {
    for &b in bytes {
        c = CRC[(c as u8 ^ b) as usize] ^ c >> 8;
    }
    c
}

struct Record {
    name: String,
    crc: u32,
    size: u64,
    at: u64,
}

/// An archive being written.
pub struct Writer<'w> {
    out: &'w mut dyn Write,
    at: u64,
    records: Vec<Record>,
}

#[derive(Default)]
struct Bytes(Vec<u8>);

impl Bytes {
    fn u16(mut self, x: u16) -> Bytes {
        self.0.extend_from_slice(&x.to_le_bytes());
        self
    }
    fn u32(mut self, x: u32) -> Bytes {
        self.0.extend_from_slice(&x.to_le_bytes());
        self
    }
    fn u64(mut self, x: u64) -> Bytes {
        self.0.extend_from_slice(&x.to_le_bytes());
        self
    }
}

/// The checksum and the size of what is written.
struct Sum {
    crc: u32,
    size: u64,
}

impl Write for Sum {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.crc = crc(self.crc, bytes);
        self.size += bytes.len() as u64;
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What stands in a field of 32 bits for a number of 64.
fn low(x: u64) -> u32 {
    u32::try_from(x).unwrap_or(FULL)
}

impl<'w> Writer<'w> {
    pub fn new(out: &'w mut dyn Write) -> Writer<'w> {
        Writer { out, at: 0, records: Vec::new() }
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.at += bytes.len() as u64;
        self.out.write_all(bytes)
    }

    /// Adds a file with the contents that `write` writes, the same each time: the checksum stands before them.
    pub fn add(&mut self, name: &str, write: impl Fn(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
        let mut sum = Sum { crc: !0, size: 0 };
        write(&mut sum)?;
        let Sum { crc, size } = Sum { crc: !sum.crc, ..sum };
        let length = u16::try_from(name.len()).map_err(|_| io::Error::other("a name has more than 65535 bytes"))?;
        let at = self.at;
        // Both sizes in the 64-bit fields always, as NumPy has it: they may be any.
        let head =
            Bytes::default().u32(LOCAL).u16(VERSION).u16(UTF8).u16(0).u16(0).u16(DATE).u32(crc).u32(FULL).u32(FULL);
        let head = head.u16(length).u16(20);
        self.put(&head.0)?;
        self.put(name.as_bytes())?;
        self.put(&Bytes::default().u16(1).u16(16).u64(size).u64(size).0)?;
        write(self.out)?;
        self.at += size;
        self.records.push(Record { name: name.into(), crc, size, at });
        Ok(())
    }

    /// Writes the directory.
    pub fn finish(mut self) -> io::Result<()> {
        let start = self.at;
        for r in std::mem::take(&mut self.records) {
            let head = Bytes::default().u32(CENTRAL).u16(VERSION).u16(VERSION).u16(UTF8).u16(0).u16(0).u16(DATE);
            let (size, at) = (low(r.size), low(r.at));
            let mut extra = Bytes::default();
            if size == FULL {
                extra = extra.u64(r.size).u64(r.size);
            }
            if at == FULL {
                extra = extra.u64(r.at);
            }
            let wide = extra.0.len() as u16;
            let head = head.u32(r.crc).u32(size).u32(size).u16(r.name.len() as u16);
            let head = head.u16(if wide > 0 { wide + 4 } else { 0 }).u16(0).u16(0).u16(0).u32(0).u32(at);
            self.put(&head.0)?;
            self.put(r.name.as_bytes())?;
            if wide > 0 {
                self.put(&Bytes::default().u16(1).u16(wide).0)?;
                self.put(&extra.0)?;
            }
            self.records.push(r);
        }
        let (count, size) = (self.records.len() as u64, self.at - start);
        if count >= 0xffff || low(start) == FULL || low(size) == FULL {
            let end = self.at;
            let wide = Bytes::default().u32(END_64).u64(44).u16(VERSION).u16(VERSION).u32(0).u32(0);
            let wide = wide.u64(count).u64(count).u64(size).u64(start);
            self.put(&wide.u32(LOCATOR_64).u32(0).u64(end).u32(1).0)?;
        }
        let few = u16::try_from(count).unwrap_or(0xffff);
        let end = Bytes::default().u32(END).u16(0).u16(0).u16(few).u16(few).u32(low(size)).u32(low(start)).u16(0);
        self.put(&end.0)
    }
}

/// A file of an archive.
#[derive(Clone)]
pub struct Entry {
    pub name: String,
    method: u16,
    crc: u32,
    packed: u64,
    size: u64,
    /// Where its own header stands.
    at: u64,
    /// Where its bytes begin.
    start: u64,
}

impl Entry {
    /// The bytes of the contents, as the directory has it.
    pub fn size(&self) -> u64 {
        self.size
    }
}

fn damaged(what: &str) -> Error {
    Error::file(format!("the archive is damaged: {what}"))
}

/// Numbers in a piece of the file that may be too short for them.
#[derive(Clone, Copy)]
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn bytes(self, at: usize, n: usize) -> Result<&'a [u8]> {
        let found = at.checked_add(n).and_then(|end| self.0.get(at..end));
        found.ok_or_else(|| damaged("an entry of its directory is cut"))
    }
    fn number(self, at: usize, n: usize) -> Result<u64> {
        Ok(self.bytes(at, n)?.iter().rev().fold(0, |x, &b| x << 8 | u64::from(b)))
    }
    fn u16(self, at: usize) -> Result<u16> {
        Ok(self.number(at, 2)? as u16)
    }
    fn u32(self, at: usize) -> Result<u32> {
        Ok(self.number(at, 4)? as u32)
    }
}

/// An archive being read. Of the file only its directory is held in memory, and no size is believed that the file
/// has no room for.
pub struct Archive<R> {
    input: R,
    length: u64,
    entries: Vec<Entry>,
}

impl<R: Read + Seek> Archive<R> {
    /// Reads the directory, and looks whether every file of it has a place of its own.
    pub fn new(mut input: R) -> Result<Archive<R>> {
        let length = input.seek(SeekFrom::End(0)).map_err(told)?;
        let mut archive = Archive { input, length, entries: Vec::new() };
        let start = archive.read_directory()?;
        archive.check_places(start)?;
        Ok(archive)
    }

    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// `n` bytes from a place of the file, if it has them.
    fn bytes(&mut self, at: u64, n: u64) -> Result<Vec<u8>> {
        if at.checked_add(n).is_none_or(|end| end > self.length) {
            return Err(Error::file("the archive is cut or damaged: it names places that aren't there"));
        }
        let mut out = room(n as usize)?;
        self.input.seek(SeekFrom::Start(at)).and_then(|_| self.input.read_exact(&mut out)).map_err(told)?;
        Ok(out)
    }

    /// Fills the list of entries; says where the directory begins.
    fn read_directory(&mut self) -> Result<u64> {
        // The end record is followed by a comment of at most 65535 bytes.
        let lowest = self.length.saturating_sub(22 + 0xffff);
        let tail = self.bytes(lowest, self.length - lowest)?;
        let r = Reader(&tail);
        let end = (0..tail.len().saturating_sub(21)).rev().find(|&i| tail[i..].starts_with(&END.to_le_bytes()));
        let Some(end) = end else {
            return Err(Error::file("this is no .npz file, or it is cut: it has no directory of a ZIP archive"));
        };
        let mut count = u64::from(r.u16(end + 10)?);
        let (mut size, mut at) = (u64::from(r.u32(end + 12)?), u64::from(r.u32(end + 16)?));
        if u64::from(r.u16(end + 8)?) != count || r.u32(end + 4)? != 0 {
            return Err(Error::file("the archive is damaged, or a part of one on several disks"));
        }
        let mut behind = lowest + end as u64;
        let locator = if behind >= 20 { self.bytes(behind - 20, 20)? } else { Vec::new() };
        if locator.starts_with(&LOCATOR_64.to_le_bytes()) {
            behind = Reader(&locator).number(8, 8)?;
            let wide = self.bytes(behind, 56)?;
            let r = Reader(&wide);
            if r.u32(0)? != END_64 {
                return Err(damaged("its 64-bit directory is not where it should be"));
            }
            (count, size, at) = (r.number(32, 8)?, r.number(40, 8)?, r.number(48, 8)?);
        }
        if at.checked_add(size).is_none_or(|end| end > behind) {
            return Err(damaged("its directory is said to lie where it cannot"));
        }
        let directory = self.bytes(at, size)?;
        let r = Reader(&directory);
        let mut from = 0;
        for _ in 0..count {
            if r.u32(from)? != CENTRAL {
                return Err(damaged("an entry of its directory is none"));
            }
            let (flags, method) = (r.u16(from + 8)?, r.u16(from + 10)?);
            let [name, extra, comment] = [r.u16(from + 28)?, r.u16(from + 30)?, r.u16(from + 32)?].map(usize::from);
            let mut entry = Entry {
                name: String::from_utf8_lossy(r.bytes(from + 46, name)?).into_owned(),
                method,
                crc: r.u32(from + 16)?,
                packed: u64::from(r.u32(from + 20)?),
                size: u64::from(r.u32(from + 24)?),
                at: u64::from(r.u32(from + 42)?),
                start: 0,
            };
            if flags & ENCRYPTED != 0 {
                return Err(Error::file(format!("{} is encrypted", quote(entry.name.as_bytes()))));
            }
            wide_fields(Reader(r.bytes(from + 46 + name, extra)?), &mut entry)?;
            self.entries.try_reserve(1).map_err(|_| no_room(size))?;
            self.entries.push(entry);
            from += 46 + name + extra + comment;
        }
        if from != directory.len() {
            return Err(damaged("its directory has another size than its entries"));
        }
        Ok(at)
    }

    /// Two files that share bytes are no archive that anybody wrote to be read: a small file could claim gigabytes.
    fn check_places(&mut self, directory: u64) -> Result<()> {
        let mut order = Vec::new();
        order.try_reserve_exact(self.entries.len()).map_err(|_| no_room(self.entries.len() as u64 * 8))?;
        order.extend(0..self.entries.len());
        order.sort_by_key(|&i| self.entries[i].at);
        // Who came before, and where it ends.
        let mut before: Option<(usize, u64)> = None;
        for i in order {
            let at = self.entries[i].at;
            if let Some((other, end)) = before
                && at < end
            {
                let [a, b] = [other, i].map(|k| quote(self.entries[k].name.as_bytes()));
                return Err(damaged(&format!("{a} and {b} overlap")));
            }
            let head = self.bytes(at, 30)?;
            let r = Reader(&head);
            if r.u32(0)? != LOCAL {
                return Err(damaged("the directory points at something else"));
            }
            let (name, extra) = (u64::from(r.u16(26)?), u64::from(r.u16(28)?));
            let own = self.bytes(at + 30, name)?;
            let entry = &mut self.entries[i];
            if String::from_utf8_lossy(&own) != entry.name {
                let [a, b] = [entry.name.as_bytes(), &own].map(quote);
                return Err(damaged(&format!("a file is {a} in the directory and {b} where it stands")));
            }
            entry.start = at + 30 + name + extra;
            let end = entry.start.checked_add(entry.packed).filter(|&end| end <= directory).ok_or_else(|| {
                let name = quote(entry.name.as_bytes());
                damaged(&format!("{name} is said to have {} bytes and has no room for them", entry.packed))
            })?;
            before = Some((i, end));
        }
        Ok(())
    }

    /// Opens entry number `i`.
    pub fn open(&mut self, i: usize) -> Result<Contents<'_, R>> {
        let entry = self.entries[i].clone();
        let inflate = match entry.method {
            0 if entry.size == entry.packed => None,
            0 => return Err(damaged("two sizes of one file")),
            // Deflate packs 1032 to 1 at best, so a size beyond that is a lie.
            8 if entry.size / 1032 > entry.packed => {
                let sizes = format!("{} bytes cannot be packed in {}", entry.size, entry.packed);
                return Err(damaged(&sizes));
            }
            8 => Some(Inflate {
                state: InflateState::new_boxed(DataFormat::Raw),
                piece: room(PIECE)?,
                from: 0,
                to: 0,
                ended: false,
            }),
            m => return Err(Error::file(format!("compression method {m} is not known"))),
        };
        self.input.seek(SeekFrom::Start(entry.start)).map_err(told)?;
        Ok(Contents { input: (&mut self.input).take(entry.packed), left: entry.size, crc: !0, entry, inflate })
    }
}

/// The 64-bit field among the extra ones: it has those numbers, in this order, that don't fit the others.
fn wide_fields(extra: Reader<'_>, entry: &mut Entry) -> Result<()> {
    let mut at = 0;
    while at + 4 <= extra.0.len() {
        let size = usize::from(extra.u16(at + 2)?);
        if extra.u16(at)? == 1 {
            let field = Reader(extra.bytes(at + 4, size)?);
            let mut from = 0;
            for number in [&mut entry.size, &mut entry.packed, &mut entry.at] {
                if *number == u64::from(FULL) {
                    *number = field.number(from, 8)?;
                    from += 8;
                }
            }
            return Ok(());
        }
        at += 4 + size;
    }
    Ok(())
}

/// What is between compressed bytes and others.
struct Inflate {
    state: Box<InflateState>,
    piece: Vec<u8>,
    /// The part of the piece that is still to be unpacked.
    from: usize,
    to: usize,
    ended: bool,
}

impl Inflate {
    /// Unpacks into `out`; 0 bytes at the end.
    fn read(&mut self, input: &mut impl Read, out: &mut [u8]) -> io::Result<usize> {
        while !self.ended {
            if self.from == self.to {
                (self.from, self.to) = (0, input.read(&mut self.piece)?);
            }
            let cut = self.from == self.to;
            let result = inflate(&mut self.state, &self.piece[self.from..self.to], out, MZFlush::None);
            self.from += result.bytes_consumed;
            self.ended = matches!(result.status, Ok(MZStatus::StreamEnd));
            if result.bytes_written > 0 {
                return Ok(result.bytes_written);
            }
            let stuck = !matches!(result.status, Ok(_) | Err(MZError::Buf));
            if stuck || cut && !self.ended {
                return Err(io::Error::other(damaged("the compressed data cannot be unpacked")));
            }
        }
        Ok(0)
    }
}

/// The contents of a file of an archive, unpacked as they are read: as many bytes as its header declares, and no more.
pub struct Contents<'a, R> {
    input: io::Take<&'a mut R>,
    entry: Entry,
    /// The bytes still to come.
    left: u64,
    crc: u32,
    inflate: Option<Inflate>,
}

impl<R: Read> Contents<'_, R> {
    fn other_size(&self, what: &str) -> Error {
        damaged(&format!("the file has {what} than the {} bytes that are declared", self.entry.size))
    }

    /// After all bytes were read: whether they are those that were packed.
    pub fn finish(mut self) -> Result<()> {
        if self.left > 0 {
            return Err(Error::file(format!("{} bytes follow the array", self.left)));
        }
        if let Some(inflate) = &mut self.inflate
            && inflate.read(&mut self.input, &mut [0]).map_err(told)? > 0
        {
            return Err(self.other_size("more"));
        }
        if !self.crc != self.entry.crc {
            return Err(damaged("the checksum is wrong"));
        }
        Ok(())
    }
}

impl<R: Read> Read for Contents<'_, R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let n = out.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        if n == 0 {
            return Ok(0);
        }
        let out = &mut out[..n];
        let n = match &mut self.inflate {
            Some(inflate) => inflate.read(&mut self.input, out)?,
            None => self.input.read(out)?,
        };
        if n == 0 {
            return Err(io::Error::other(self.other_size("fewer")));
        }
        self.left -= n as u64;
        self.crc = crc(self.crc, &out[..n]);
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    #[test]
    fn the_checksum_is_that_of_zip() {
        // The check value of CRC-32/ISO-HDLC.
        assert_eq!(!crc(!0, b"123456789"), 0xcbf4_3926);
    }

    type Files = Vec<(String, Vec<u8>)>;

    fn written(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut out = Vec::new();
        let mut w = Writer::new(&mut out);
        for (name, contents) in files {
            w.add(name, |out| out.write_all(contents)).unwrap();
        }
        w.finish().unwrap();
        out
    }

    fn all(bytes: &[u8]) -> Result<Files> {
        let mut archive = Archive::new(Cursor::new(bytes))?;
        let mut found = Vec::new();
        for i in 0..archive.entries().len() {
            let (mut contents, mut out) = (archive.open(i)?, Vec::new());
            contents.read_to_end(&mut out).map_err(told)?;
            contents.finish()?;
            found.push((archive.entries()[i].name.clone(), out));
        }
        Ok(found)
    }

    /// An archive of one compressed file with other sizes than it has.
    fn deflated(contents: &[u8], size: u32) -> Vec<u8> {
        let packed = miniz_oxide::deflate::compress_to_vec(contents, 6);
        let mut out = written(&[("a", &packed)]);
        let central = out.windows(4).position(|w| w == CENTRAL.to_le_bytes()).unwrap();
        out[central + 10] = 8;
        let sum = !crc(!0, contents);
        out[central + 16..central + 20].copy_from_slice(&sum.to_le_bytes());
        out[central + 24..central + 28].copy_from_slice(&size.to_le_bytes());
        out
    }

    #[test]
    fn what_is_written_is_read() {
        let files = [("a", &b"one two"[..]), ("\u{e9}/b", b"")];
        let read = all(&written(&files)).unwrap();
        assert_eq!(read, files.map(|(name, x)| (name.to_string(), x.to_vec())));
        assert_eq!(all(&written(&[])).unwrap(), []);
        assert!(written(&files).starts_with(MAGIC) && written(&[]).starts_with(EMPTY));
    }

    #[test]
    fn as_many_bytes_are_unpacked_as_are_declared() {
        let text = b"some text that is some text that is some text".repeat(9000);
        let n = text.len() as u32;
        assert_eq!(all(&deflated(&text, n)).unwrap()[0].1, text);
        for (size, part) in [(n - 1, "more than the"), (n + 1, "fewer than the"), (u32::MAX - 1, "cannot be packed")] {
            let e = all(&deflated(&text, size)).unwrap_err();
            assert!(e.message.contains(part), "{e:?}");
        }
    }

    #[test]
    fn files_with_common_bytes_are_refused() {
        let contents = [7; 100];
        let good = written(&[("first", &contents), ("other", &contents)]);
        let at: Vec<usize> =
            good.windows(4).enumerate().filter(|w| w.1 == CENTRAL.to_le_bytes()).map(|w| w.0).collect();
        // Both entries name one piece; the first one reaches into the second; the last one into the directory.
        let mut same = good.clone();
        same[at[1] + 42..at[1] + 46].fill(0);
        let mut longer = good.clone();
        longer[at[0] + 20] += 1;
        let mut last = good.clone();
        last[at[1] + 20] += 1;
        for (bytes, part) in
            [(same, "\"first\" and \"other\" overlap"), (longer, "\"first\" and \"other\" overlap"), (last, "no room")]
        {
            let e = all(&bytes).unwrap_err();
            assert!(e.message.contains(part), "{e:?}");
        }
    }

    /// Whatever byte is changed, wherever the archive is cut: an error or the right contents, and never a panic.
    #[test]
    fn damage_is_found() {
        let contents = (0..200).collect::<Vec<u8>>();
        let out = written(&[("a", b"some contents of a file"), ("b/c", &contents)]);
        let right = all(&out).unwrap();
        for i in 0..out.len() {
            assert!(all(&out[..i]).is_err(), "cut at {i}");
            for change in 1..=255 {
                let mut damaged = out.clone();
                damaged[i] ^= change;
                if let Ok(found) = all(&damaged) {
                    assert!(found == right, "byte {i}");
                }
            }
        }
    }
}

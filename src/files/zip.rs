//! ZIP archives (PKWARE's APPNOTE.TXT, version 6.3): written without compression, as `numpy.savez` does; read with and
//! without deflate, for `numpy.savez_compressed`. Sizes above 4 GiB are in the 64-bit fields, sections 4.3.14 and
//! 4.5.3.

use crate::error::{Error, Result};
use std::borrow::Cow;
use std::io::{self, Write};

/// How an archive with a file in it begins.
pub const MAGIC: &[u8] = b"PK\x03\x04";
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

    /// Adds a file, whose contents are these pieces.
    pub fn add(&mut self, name: &str, pieces: &[&[u8]]) -> io::Result<()> {
        let size = pieces.iter().map(|p| p.len() as u64).sum();
        let crc = !pieces.iter().fold(!0, |c, p| crc(c, p));
        let length = u16::try_from(name.len()).map_err(|_| io::Error::other("a name has more than 65535 bytes"))?;
        let at = self.at;
        // Both sizes in the 64-bit fields always, as NumPy has it: they may be any.
        let head =
            Bytes::default().u32(LOCAL).u16(VERSION).u16(UTF8).u16(0).u16(0).u16(DATE).u32(crc).u32(FULL).u32(FULL);
        let head = head.u16(length).u16(20);
        self.put(&head.0)?;
        self.put(name.as_bytes())?;
        self.put(&Bytes::default().u16(1).u16(16).u64(size).u64(size).0)?;
        for piece in pieces {
            self.put(piece)?;
        }
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
pub struct Entry {
    pub name: String,
    method: u16,
    crc: u32,
    packed: u64,
    size: u64,
    at: u64,
}

/// Numbers at places of a file that may not be there.
#[derive(Clone, Copy)]
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn bytes(self, at: u64, n: usize) -> Result<&'a [u8]> {
        let start = usize::try_from(at).ok();
        let found = start.and_then(|s| self.0.get(s..s.checked_add(n)?));
        found.ok_or_else(|| Error::file("the archive is cut or damaged: it names places that aren't there"))
    }
    fn number(self, at: u64, n: usize) -> Result<u64> {
        Ok(self.bytes(at, n)?.iter().rev().fold(0, |x, &b| x << 8 | u64::from(b)))
    }
    fn u16(self, at: u64) -> Result<u16> {
        Ok(self.number(at, 2)? as u16)
    }
    fn u32(self, at: u64) -> Result<u32> {
        Ok(self.number(at, 4)? as u32)
    }
}

/// The files of an archive, from its directory.
pub fn entries(archive: &[u8]) -> Result<Vec<Entry>> {
    let r = Reader(archive);
    // The end record is followed by a comment of at most 65535 bytes.
    let lowest = archive.len().saturating_sub(22 + 0xffff);
    let end = (lowest..archive.len().saturating_sub(21)).rev().find(|&i| archive[i..].starts_with(&END.to_le_bytes()));
    let Some(end) = end.map(|e| e as u64) else {
        return Err(Error::file("this is no .npz file, or it is cut: it has no directory of a ZIP archive"));
    };
    let (mut count, mut at) = (u64::from(r.u16(end + 10)?), u64::from(r.u32(end + 16)?));
    if end >= 20 && r.u32(end - 20)? == LOCATOR_64 {
        let wide = r.number(end - 12, 8)?;
        if r.u32(wide)? != END_64 {
            return Err(Error::file("the archive is damaged: its 64-bit directory is not where it should be"));
        }
        count = r.number(wide.saturating_add(32), 8)?;
        at = r.number(wide.saturating_add(48), 8)?;
    }
    let mut found = Vec::new();
    for _ in 0..count {
        if r.u32(at)? != CENTRAL {
            return Err(Error::file("the archive is damaged: an entry of its directory is none"));
        }
        let (flags, method) = (r.u16(at + 8)?, r.u16(at + 10)?);
        let [name, extra, comment] = [r.u16(at + 28)?, r.u16(at + 30)?, r.u16(at + 32)?].map(u64::from);
        let name_bytes = r.bytes(at + 46, name as usize)?;
        let mut entry = Entry {
            name: String::from_utf8_lossy(name_bytes).into_owned(),
            method,
            crc: r.u32(at + 16)?,
            packed: u64::from(r.u32(at + 20)?),
            size: u64::from(r.u32(at + 24)?),
            at: u64::from(r.u32(at + 42)?),
        };
        if flags & ENCRYPTED != 0 {
            return Err(Error::file(format!("{} is encrypted", entry.name)));
        }
        wide_fields(r, at + 46 + name, extra, &mut entry)?;
        found.push(entry);
        at += 46 + name + extra + comment;
    }
    Ok(found)
}

/// The 64-bit field among the extra ones: it has those numbers, in this order, that don't fit the others.
fn wide_fields(r: Reader<'_>, start: u64, length: u64, entry: &mut Entry) -> Result<()> {
    let (mut at, end) = (start, start + length);
    while at + 4 <= end {
        let size = u64::from(r.u16(at + 2)?);
        if r.u16(at)? == 1 {
            let mut from = at + 4;
            for field in [&mut entry.size, &mut entry.packed, &mut entry.at] {
                if *field == u64::from(FULL) {
                    *field = r.number(from, 8)?;
                    from += 8;
                }
            }
            return Ok(());
        }
        at += 4 + size;
    }
    Ok(())
}

impl Entry {
    /// The contents of the file, unpacked and compared with their checksum.
    pub fn contents<'a>(&self, archive: &'a [u8]) -> Result<Cow<'a, [u8]>> {
        let r = Reader(archive);
        if r.u32(self.at)? != LOCAL {
            return Err(Error::file("the archive is damaged: the directory points at something else"));
        }
        let start = self.at + 30 + u64::from(r.u16(self.at + 26)?) + u64::from(r.u16(self.at + 28)?);
        let packed = usize::try_from(self.packed).map_err(|_| Error::file("the archive is damaged: an absurd size"))?;
        let packed = r.bytes(start, packed)?;
        let contents: Cow<'a, [u8]> = match self.method {
            0 if self.size == self.packed => packed.into(),
            8 => self.inflate(packed)?.into(),
            0 => return Err(Error::file("the archive is damaged: two sizes of one file")),
            m => return Err(Error::file(format!("compression method {m} is not known"))),
        };
        if !crc(!0, &contents) != self.crc {
            return Err(Error::file("the archive is damaged: the checksum is wrong"));
        }
        Ok(contents)
    }

    fn inflate(&self, packed: &[u8]) -> Result<Vec<u8>> {
        let damaged = || Error::file("the archive is damaged: the compressed data cannot be unpacked");
        // Deflate packs 1032 to 1 at best, so a size beyond that is a lie, and nothing is reserved for it.
        let size = usize::try_from(self.size).ok().filter(|&n| n / 1032 <= packed.len()).ok_or_else(damaged)?;
        let mut out = Vec::new();
        out.try_reserve_exact(size).map_err(|_| Error::memory(format!("cannot allocate {size} bytes")))?;
        out.resize(size, 0);
        let written =
            miniz_oxide::inflate::decompress_slice_iter_to_slice(&mut out, std::iter::once(packed), false, true);
        if written == Ok(size) { Ok(out) } else { Err(damaged()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_that_of_zip() {
        // The check value of CRC-32/ISO-HDLC.
        assert_eq!(!crc(!0, b"123456789"), 0xcbf4_3926);
    }

    #[test]
    fn what_is_written_is_read() {
        let mut out = Vec::new();
        let mut w = Writer::new(&mut out);
        w.add("a", &[b"one ", b"two"]).unwrap();
        w.add("\u{e9}/b", &[]).unwrap();
        w.finish().unwrap();
        let list = entries(&out).unwrap();
        let read: Vec<(String, Vec<u8>)> =
            list.iter().map(|e| (e.name.clone(), e.contents(&out).unwrap().into_owned())).collect();
        assert_eq!(read, [("a".to_string(), b"one two".to_vec()), ("\u{e9}/b".to_string(), vec![])]);
    }

    /// Whatever byte is changed, wherever the archive is cut: an error or the right contents, and never a panic.
    #[test]
    fn damage_is_found() {
        let mut out = Vec::new();
        let mut w = Writer::new(&mut out);
        w.add("a", &[b"some contents of a file"]).unwrap();
        w.finish().unwrap();
        let all = |bytes: &[u8]| -> Result<Vec<Vec<u8>>> {
            entries(bytes)?.iter().map(|e| Ok(e.contents(bytes)?.into_owned())).collect()
        };
        for i in 0..out.len() {
            assert!(all(&out[..i]).is_err(), "cut at {i}");
            for change in [1u8, 0x80, 0xff] {
                let mut damaged = out.clone();
                damaged[i] ^= change;
                if let Ok(found) = all(&damaged) {
                    assert!(found.is_empty() || found == [b"some contents of a file".to_vec()], "byte {i}");
                }
            }
        }
    }
}

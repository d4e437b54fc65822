//! Arrays and trees in NumPy's files: `.npy` ([`npy`]) and `.npz`, a ZIP archive of the former ([`zip`]); numbers as text
//! ([`text`]).
//!
//! Files are not to be trusted: whatever their bytes are, reading them gives arrays or an error. The first bytes say what
//! a file is before anything else is read; what a header promises is compared with the length of the file, and with the
//! memory that the context may use, before memory is asked for; and what is read goes piece by piece to where it belongs.

pub mod npy;
pub mod text;
pub mod zip;

use crate::array::{DType, Tensor};
use crate::error::{Error, Result, excerpt, excerpt_of};
use crate::operators::tree::{Form, Kind, Leaves, MAX_DEPTH, Tree};
use crate::ops::elementwise::astype;
use crate::trace::{Array, Context};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// The name that `numpy.savez` gives to an array without one.
const UNNAMED: &str = "arr_0";

/// A path in a message.
fn shown(path: &Path) -> String {
    excerpt(&path.to_string_lossy()).into_owned()
}

/// A failure of the system, as one of a file.
fn system(doing: &str, path: &Path, e: &std::io::Error) -> Error {
    Error::file(format!("cannot {doing} {}: {e}", shown(path)))
}

/// Writes a file: beside the old one, which it replaces when it is complete.
fn save(path: &Path, write: impl FnOnce(&mut dyn Write) -> std::io::Result<()>) -> Result<()> {
    let special = fs::metadata(path).is_ok_and(|m| !m.is_file());
    let mut name = path.as_os_str().to_owned();
    name.push(".partial");
    let temporary = PathBuf::from(name);
    let target = if special { path } else { &temporary };
    let written = File::create(target).and_then(|file| {
        let mut out = BufWriter::with_capacity(1 << 16, file);
        write(&mut out)?;
        out.flush()
    });
    let done = written.and_then(|()| if special { Ok(()) } else { fs::rename(&temporary, path) });
    done.map_err(|e| {
        if !special {
            let _ = fs::remove_file(&temporary);
        }
        match e.downcast::<Error>() {
            Ok(own) => inside(path, own),
            Err(e) => system("write", path, &e),
        }
    })
}

/// The bytes that are read, written or unpacked at a time; a multiple of the size of every element.
const PIECE: usize = 1 << 16;
/// The bytes of a file that a message quotes at most.
const QUOTED: usize = 60;

/// The beginning of a text from outside, in quotes and on one line.
fn quote(text: &[u8]) -> String {
    let near = String::from_utf8_lossy(&text[..text.len().min(2 * QUOTED)]);
    let line: String = near.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    format!("\"{}\"", excerpt_of(&line, QUOTED))
}

fn no_room(bytes: u64) -> Error {
    Error::memory(format!("cannot allocate {bytes} bytes"))
}

/// This many bytes of memory, all 0.
fn room(bytes: usize) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    out.try_reserve_exact(bytes).map_err(|_| no_room(bytes as u64))?;
    out.resize(bytes, 0);
    Ok(out)
}

/// A failure while reading: one of ours that came through a reader, or the system's.
fn told(e: io::Error) -> Error {
    match e.downcast::<Error>() {
        Ok(own) => own,
        Err(e) => Error::file(format!("cannot be read: {e}")),
    }
}

/// A file being read, with its first bytes.
struct Source {
    file: File,
    /// Of a file that has an end. Pipes and devices have none that could be known, and neither have files that the system
    /// makes up while they are read, which it says are empty.
    length: Option<u64>,
    start: [u8; npy::MAGIC.len()],
    /// How many of these there are.
    got: usize,
}

impl Source {
    fn open(path: &Path) -> Result<Source> {
        let failed = |e: io::Error| system("read", path, &e);
        let mut file = File::open(path).map_err(failed)?;
        let length = file.metadata().map_err(failed)?;
        let length = Some(length.len()).filter(|&n| length.is_file() && n > 0);
        let mut start = [0; npy::MAGIC.len()];
        let got = npy::fill(&mut file, &mut start).map_err(|e| inside(path, e))?;
        Ok(Source { file, length, start, got })
    }

    fn begins_with(&self, magic: &[u8]) -> bool {
        self.start[..self.got].starts_with(magic)
    }

    /// The array of a .npy file.
    fn array(self, cx: &Context) -> Result<Tensor> {
        npy::read(cx, &mut (&self.start[..self.got]).chain(self.file), self.length)
    }

    /// The archive that it is.
    fn archive(mut self) -> Result<zip::Archive<File>> {
        if !self.begins_with(zip::MAGIC) && !self.begins_with(zip::EMPTY) {
            return Err(Error::file("this is no .npz file: it doesn't begin with PK, nor with \\x93NUMPY"));
        }
        if self.length.is_none() {
            return Err(Error::file("an .npz file is read from its end, which a pipe or a device doesn't have"));
        }
        self.file.seek(SeekFrom::Start(0)).map_err(told)?;
        zip::Archive::new(self.file)
    }
}

/// What is wrong with the contents of a file.
fn inside(path: &Path, e: Error) -> Error {
    Error { message: format!("{}: {}", shown(path), e.message).into(), ..e }
}

fn ready(cx: &Context, x: &Array) -> Result<Tensor> {
    cx.engine.contiguous(&cx.tensor(x)?)
}

/// `numpy.save`.
pub fn save_array(cx: &Context, path: &Path, x: &Array) -> Result<()> {
    let t = ready(cx, x)?;
    save(path, |out| npy::write(out, &t))
}

/// `numpy.load` of a `.npy` file.
pub fn load_array(cx: &Context, path: &Path) -> Result<Array> {
    let source = Source::open(path)?;
    if source.begins_with(zip::MAGIC) {
        return Err(inside(path, Error::file("this is an .npz file; use ag_tree_load")));
    }
    source.array(cx).map(Array::from).map_err(|e| inside(path, e))
}

fn name_of(path: String) -> String {
    if path.is_empty() { UNNAMED.into() } else { path }
}

/// `numpy.savez`, with the paths of the leaves as names.
pub fn save_tree(cx: &Context, path: &Path, tree: &Tree) -> Result<()> {
    let mut entries = Vec::new();
    for (i, x) in tree.leaves().iter().enumerate() {
        entries.push((name_of(tree.form().path(i)), ready(cx, x)?));
    }
    save(path, |out| {
        let mut archive = zip::Writer::new(out);
        for (name, t) in &entries {
            archive.add(&format!("{name}.npy"), |out| npy::write(out, t))?;
        }
        archive.finish()
    })
}

/// The arrays of an archive by name.
fn load_entries(cx: &Context, path: &Path) -> Result<Vec<(String, Array)>> {
    let source = Source::open(path)?;
    if source.begins_with(npy::MAGIC) {
        let x = source.array(cx).map_err(|e| inside(path, e))?;
        return Ok(vec![(String::new(), x.into())]);
    }
    let mut archive = source.archive().map_err(|e| inside(path, e))?;
    let mut found = Vec::new();
    for i in 0..archive.entries().len() {
        // What isn't an array (folders, notes) is passed over.
        let entry = &archive.entries()[i];
        let Some(name) = entry.name.strip_suffix(".npy").map(str::to_string) else { continue };
        let size = entry.size();
        let within =
            |e: Error| inside(path, Error { message: format!("{}: {}", excerpt(&name), e.message).into(), ..e });
        let mut contents = archive.open(i).map_err(within)?;
        let x = npy::read(cx, &mut contents, Some(size)).map_err(within)?;
        contents.finish().map_err(within)?;
        found.push((name, x.into()));
    }
    Ok(found)
}

/// A tree out of an archive: dicts by the parts of the names between `/`, lists where these are 0, 1, ...
pub fn load_tree(cx: &Context, path: &Path) -> Result<Tree> {
    let entries = load_entries(cx, path)?;
    if let [(name, x)] = &entries[..]
        && name.is_empty()
    {
        return Ok(x.clone().into());
    }
    let mut items: BTreeMap<&str, Array> = BTreeMap::new();
    for (name, x) in &entries {
        if name.matches('/').count() >= MAX_DEPTH {
            return Err(inside(path, Error::value(format!("names of more than {MAX_DEPTH} parts: {}", excerpt(name)))));
        }
        if items.insert(name, x.clone()).is_some() {
            return Err(inside(path, Error::file(format!("{} is there twice", excerpt(name)))));
        }
    }
    nest(&items.into_iter().collect::<Vec<_>>()).map_err(|e| inside(path, e))
}

/// The tree of names and arrays; those of a group stand together.
fn nest(items: &[(&str, Array)]) -> Result<Tree> {
    let mut groups: BTreeMap<&str, Vec<(&str, Array)>> = BTreeMap::new();
    let mut children: Vec<(Box<str>, Tree)> = Vec::new();
    for (name, x) in items {
        match name.split_once('/') {
            Some((first, rest)) => groups.entry(first).or_default().push((rest, x.clone())),
            None => children.push(((*name).into(), x.clone().into())),
        }
    }
    for (key, group) in groups {
        children.push((key.into(), nest(&group)?));
    }
    let place = |key: &str| key.parse::<usize>().ok().filter(|i| i.to_string() == key);
    let mut numbered: Vec<(usize, &Tree)> = children.iter().filter_map(|(k, t)| Some((place(k)?, t))).collect();
    numbered.sort_by_key(|(i, _)| *i);
    if !numbered.is_empty() && numbered.len() == children.len() && numbered.iter().enumerate().all(|(i, n)| i == n.0) {
        return Tree::sequence(Kind::List, numbered.into_iter().map(|(_, t)| t.clone()).collect());
    }
    Tree::dict(children)
}

/// The arrays of an archive in a tree like this one: each leaf by its path, with its shape and in its dtype.
pub fn load_like(cx: &Context, path: &Path, like: &Tree) -> Result<Tree> {
    let entries: BTreeMap<String, Array> = load_entries(cx, path)?.into_iter().collect();
    let form: &Form = like.form();
    let mut leaves = Leaves::new();
    for (i, want) in like.leaves().iter().enumerate() {
        let name = form.path(i);
        let found = entries.get(&name).or_else(|| entries.get(&name_of(name.clone())));
        let found = found.ok_or_else(|| {
            inside(path, Error::file(format!("there is no array {}", excerpt(&name_of(name.clone())))))
        })?;
        let (from, to) = (found.dtype(), want.dtype());
        if found.shape() != want.shape() {
            let [got, expected] = [found, want].map(|x| crate::array::shape::Show(x.shape()).to_string());
            return Err(inside(
                path,
                Error::shape(format!("{} has shape {got}, expected {expected}", excerpt(&name_of(name)))),
            ));
        }
        let floats = |d: DType| d.is_inexact() && !d.is_complex();
        let narrower = floats(from) && floats(to) || from.is_complex() && to.is_complex();
        if from.promote(to) != to && !narrower {
            let (from, to) = (from.name(), to.name());
            return Err(inside(
                path,
                Error::dtype(format!("{} has dtype {from}, expected {to}", excerpt(&name_of(name)))),
            ));
        }
        leaves.push(astype(cx, found, to));
    }
    Ok(like.with(leaves))
}

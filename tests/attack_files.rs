//! Files that somebody damaged: whatever becomes of their bytes, reading them is an error or gives the right arrays, never a
//! panic, and no memory stays behind. `AUTOGRAD_ATTACK` says how many times as long it goes on (`make attack`).

use autograd::array::DType;
use autograd::error::{Result, code};
use autograd::files::text::{Load, Save, load_text, save_text};
use autograd::files::{load_array, load_tree, save_array};
use autograd::operators::tree::Tree;
use autograd::trace::{Array, Context};
use std::path::{Path, PathBuf};

fn recorded(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/files").join(name)
}

fn temporary(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("attack-{name}"))
}

fn rounds(short: usize) -> usize {
    short * std::env::var("AUTOGRAD_ATTACK").ok().and_then(|n| n.parse().ok()).unwrap_or(1)
}

/// The generator of Steele, Lea and Flood (SplitMix64).
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.0;
        x = (x ^ x >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ x >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((x ^ x >> 31) % n as u64) as usize
    }

    /// Flips, cuts, puts in, takes out, repeats or appends something.
    fn damage(&mut self, whole: &[u8]) -> Vec<u8> {
        let mut bytes = whole.to_vec();
        for _ in 0..=self.below(4) {
            let at = self.below(bytes.len().max(1));
            let n = self.below(40).min(bytes.len() - at.min(bytes.len()));
            match self.below(6) {
                0 | 1 if !bytes.is_empty() => bytes[at] ^= 1 << self.below(8),
                2 => bytes.truncate(at),
                3 => bytes.extend((0..n).map(|_| self.below(256) as u8).collect::<Vec<_>>()),
                4 => drop(bytes.drain(at..at + n)),
                _ => {
                    let again = bytes[at..at + n].to_vec();
                    bytes.splice(at..at, again);
                }
            }
        }
        bytes
    }
}

/// Reads damaged copies of a file, and hands each with what was read to `right`.
fn attack<T>(
    name: &str,
    whole: &[u8],
    times: usize,
    read: impl Fn(&Context, &Path) -> Result<T>,
    right: impl Fn(&Context, &[u8], T),
) {
    let cx = Context::new();
    let path = temporary(name);
    let mut random = Random(name.bytes().map(u64::from).sum());
    let mut accepted = 0;
    for i in 0..rounds(times) {
        let bytes = random.damage(whole);
        // Some file systems wait for the disk when a file is cut to be written anew.
        let _ = std::fs::remove_file(&path);
        std::fs::write(&path, &bytes).unwrap();
        match read(&cx, &path) {
            Ok(found) => {
                accepted += 1;
                right(&cx, &bytes, found);
            }
            Err(e) => {
                let known = [code::FILE, code::DTYPE, code::VALUE, code::MEMORY].contains(&e.code);
                assert!(known && e.message.contains(name), "{name}, round {i}: {e:?}");
            }
        }
        let stats = cx.engine.heap.pool.stats();
        assert_eq!(stats.in_use, 0, "{name}, round {i}");
        assert!(stats.reserved <= 1 << 20, "{name}, round {i}: {} bytes for a file of {}", stats.reserved, bytes.len());
    }
    assert!(accepted > 0 && accepted < rounds(times), "{name}: {accepted} were accepted");
    std::fs::remove_file(path).unwrap();
}

fn bits(cx: &Context, x: &Array) -> Vec<u64> {
    cx.tensor(x).unwrap().view::<f64>().iter().map(|x| x.to_bits()).collect()
}

#[test]
fn damaged_arrays() {
    let whole = std::fs::read(recorded("float64.npy")).unwrap();
    attack("float64.npy", &whole, 1000, load_array, |cx, bytes, x| {
        // A header that says what it said: then the elements are those that follow it. Any other one promises no more than
        // there is, and what was read can be written and read again.
        if bytes.starts_with(&whole[..128]) {
            let there: Vec<u64> =
                bytes[128..].chunks_exact(8).map(|b| u64::from_le_bytes(b.try_into().unwrap())).collect();
            assert_eq!(bits(cx, &x), there[..6]);
        }
        assert!(cx.tensor(&x).unwrap().size() <= bytes.len());
        let own = temporary("again.npy");
        save_array(cx, &own, &x).unwrap();
        let again = load_array(cx, &own).unwrap();
        assert_eq!((again.dtype(), again.shape()), (x.dtype(), x.shape()));
    });
    for name in ["fortran.npy", "big_endian_complex.npy", "uint64.npy", "float16.npy", "bool.npy", "empty.npy"] {
        let whole = std::fs::read(recorded(name)).unwrap();
        attack(name, &whole, 200, load_array, |cx, bytes, x| {
            assert!(x.shape().contains(&0) || cx.tensor(&x).unwrap().size() <= bytes.len());
        });
    }
}

/// Checksums and both names stand in an archive, so what is accepted is what was written.
#[test]
fn damaged_archives() {
    for (name, times) in [("compressed.npz", 800), ("unnamed.npz", 800), ("tree.npz", 100)] {
        let whole = std::fs::read(recorded(name)).unwrap();
        let all = |cx: &Context, t: &Tree| -> Vec<(String, DType, Vec<usize>, String)> {
            let leaf = |(i, x): (usize, &Array)| {
                (t.form().path(i), x.dtype(), x.shape().to_vec(), cx.tensor(x).unwrap().size().to_string())
            };
            t.leaves().iter().enumerate().map(leaf).collect()
        };
        attack(name, &whole, times, load_tree, |cx, bytes, t| {
            let want = load_tree(cx, &recorded(name)).unwrap();
            assert!(all(cx, &t) == all(cx, &want), "{} bytes of {}", bytes.len(), whole.len());
            for (x, y) in t.leaves().iter().zip(want.leaves()).filter(|(x, _)| x.dtype() == DType::F64) {
                assert_eq!(bits(cx, x), bits(cx, y));
            }
        });
    }
}

#[test]
fn damaged_texts() {
    let cx = Context::new();
    let own = temporary("whole.csv");
    let x = load_array(&cx, &recorded("float64.npy")).unwrap();
    save_text(&cx, &own, &x, &Save { delimiter: " ", digits: 0, header: Some("a b c\nd") }).unwrap();
    let whole = std::fs::read(own).unwrap();
    let options = Load { delimiter: None, skiprows: 0, usecols: None, dtype: DType::F64, ndmin: 2 };
    attack(
        "numbers.csv",
        &whole,
        3000,
        |cx, path| load_text(cx, path, &options),
        |cx, bytes, x| {
            let text: Vec<String> = bytes
                .split(|&b| b == b'\n')
                .map(|line| String::from_utf8_lossy(line.split(|&b| b == b'#').next().unwrap()).into_owned())
                .collect();
            let there =
                text.iter().flat_map(|line| line.split_whitespace()).map(|x| x.parse::<f64>().unwrap().to_bits());
            assert_eq!(bits(cx, &x), there.collect::<Vec<u64>>());
        },
    );
    // Some columns of it: as many of each line.
    let some = Load { usecols: Some(&[-1, 0]), ..options };
    attack(
        "columns.csv",
        &whole,
        1000,
        |cx, path| load_text(cx, path, &some),
        |_, _, x| {
            assert!(x.shape().len() == 2 && x.shape()[1] == 2);
        },
    );
}

//! Files of NumPy's are read, and NumPy's own are written, byte by byte the same. `tests/reference/make_files.py` made
//! them.

use autograd::array::DType;
use autograd::error::code;
use autograd::files::{load_array, load_tree, npy, save_array, save_tree};
use autograd::operators::tree::{Kind, Tree};
use autograd::ops::elementwise::astype;
use autograd::trace::{Array, Context};
use num_complex::Complex64;
use std::path::{Path, PathBuf};
use std::process::Command;

fn recorded(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/files").join(name)
}

fn temporary(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

fn numbers(cx: &Context, x: &Array) -> Vec<Complex64> {
    let t = cx.tensor(&astype(cx, x, DType::C128)).unwrap();
    t.view::<Complex64>().iter().copied().collect()
}

fn real(x: impl IntoIterator<Item = f64>) -> Vec<Complex64> {
    x.into_iter().map(Complex64::from).collect()
}

/// -2 to 3, as the script has it.
fn expected(dtype: DType) -> Vec<Complex64> {
    let x = (-2..4).map(f64::from);
    match dtype {
        DType::Bool => real(x.map(|x| f64::from(u8::from(x != 0.0)))),
        d if d.is_complex() => x.map(|x| Complex64::new(x, -0.5 * x)).collect(),
        _ => real(x),
    }
}

#[test]
fn all_dtypes_are_the_same_bytes() {
    let cx = Context::new();
    for dtype in DType::ALL {
        let path = recorded(&format!("{}.npy", dtype.name()));
        let x = load_array(&cx, &path).unwrap();
        assert_eq!((x.dtype(), x.shape()), (dtype, &[2, 3][..]));
        assert_eq!(numbers(&cx, &x), expected(dtype));
        let own = temporary(&format!("{}.npy", dtype.name()));
        save_array(&cx, &own, &x).unwrap();
        assert!(std::fs::read(own).unwrap() == std::fs::read(path).unwrap(), "{}", dtype.name());
    }
    for (name, shape) in [("number", &[][..]), ("vector", &[3]), ("empty", &[2, 0, 3])] {
        let path = recorded(&format!("{name}.npy"));
        let x = load_array(&cx, &path).unwrap();
        assert_eq!(x.shape(), shape);
        let own = temporary(&format!("{name}.npy"));
        save_array(&cx, &own, &x).unwrap();
        assert!(std::fs::read(own).unwrap() == std::fs::read(path).unwrap(), "{name}");
    }
}

#[test]
fn other_orders_and_widths_are_read() {
    let cx = Context::new();
    let x = load_array(&cx, &recorded("fortran.npy")).unwrap();
    assert_eq!((x.shape(), numbers(&cx, &x)), (&[2, 3, 4][..], real((0..24).map(f64::from))));
    let x = load_array(&cx, &recorded("big_endian.npy")).unwrap();
    assert_eq!((x.dtype(), numbers(&cx, &x)), (DType::I64, expected(DType::I64)));
    let x = load_array(&cx, &recorded("big_endian_complex.npy")).unwrap();
    assert_eq!(numbers(&cx, &x), [Complex64::new(1.0, 2.0), Complex64::new(-3.0, -4.0)]);
    for (name, dtype) in [("int8", DType::I64), ("uint16", DType::I64), ("uint64", DType::I64), ("float16", DType::F32)]
    {
        let x = load_array(&cx, &recorded(&format!("{name}.npy"))).unwrap();
        assert_eq!((x.dtype(), numbers(&cx, &x)), (dtype, real([0.0, 1.0, 100.0])), "{name}");
    }
}

#[test]
fn what_is_no_numbers_is_refused() {
    let cx = Context::new();
    for (name, code, part) in [
        ("too_large", code::VALUE, "too large for int64"),
        ("object", code::DTYPE, "only Python can read"),
        ("text", code::DTYPE, "'<U3'"),
        ("record", code::DTYPE, "records"),
    ] {
        let e = load_array(&cx, &recorded(&format!("{name}.npy"))).err().unwrap();
        assert!(e.code == code && e.message.contains(part) && e.message.contains(name), "{e:?}");
    }
}

fn check_tree(cx: &Context, t: &Tree) {
    let paths: Vec<String> = (0..t.form().count()).map(|i| t.form().path(i)).collect();
    assert_eq!(paths, ["layers/0/w", "layers/1/b", "layers/1/w", "scale"]);
    assert_eq!(t.get("layers").unwrap().form().kind(), Kind::List);
    let leaf = |path: &str| numbers(cx, t.get(path).unwrap().array().unwrap());
    assert_eq!(leaf("layers/0/w"), real([1.0, 0.0, 0.0, 1.0]));
    assert_eq!(leaf("layers/1/b"), expected(DType::I64));
    assert_eq!(leaf("layers/1/w"), real([0.25; 2000]));
    assert_eq!(t.get("scale").unwrap().array().unwrap().dtype(), DType::F32);
}

#[test]
fn archives_are_trees() {
    let cx = Context::new();
    for name in ["tree.npz", "compressed.npz"] {
        check_tree(&cx, &load_tree(&cx, &recorded(name)).unwrap());
    }
    let t = load_tree(&cx, &recorded("unnamed.npz")).unwrap();
    assert_eq!((t.form().key(0), t.form().key(1), t.form().kind()), (Some("arr_0"), Some("arr_1"), Kind::Dict));
    let own = temporary("tree.npz");
    save_tree(&cx, &own, &load_tree(&cx, &recorded("tree.npz")).unwrap()).unwrap();
    check_tree(&cx, &load_tree(&cx, &own).unwrap());
}

/// What is damaged is an error or an array, and never a panic; what is cut is an error.
#[test]
fn damaged_files_are_errors() {
    let cx = Context::new();
    let path = temporary("damaged.npz");
    let whole = std::fs::read(recorded("compressed.npz")).unwrap();
    for i in 0..whole.len() {
        let mut damaged = whole.clone();
        damaged[i] ^= 1 << (i % 8);
        std::fs::write(&path, &damaged).unwrap();
        let _ = load_tree(&cx, &path);
        if i % 7 == 0 {
            std::fs::write(&path, &whole[..i]).unwrap();
            assert_eq!(load_tree(&cx, &path).err().map(|e| e.code), Some(code::FILE), "cut at {i}");
        }
    }
    let whole = std::fs::read(recorded("fortran.npy")).unwrap();
    for i in 0..128 {
        for change in 1..=255 {
            let mut damaged = whole.clone();
            damaged[i] ^= change;
            let _ = npy::read(&cx, &mut &damaged[..], Some(damaged.len() as u64));
        }
        assert!(npy::read(&cx, &mut &whole[..i], Some(i as u64)).is_err());
        assert!(npy::read(&cx, &mut &whole[..i], None).is_err());
    }
}

/// NumPy reads what the library writes, where there is a NumPy.
#[test]
fn numpy_reads_archives() {
    let cx = Context::new();
    let own = temporary("for_numpy.npz");
    save_tree(&cx, &own, &load_tree(&cx, &recorded("tree.npz")).unwrap()).unwrap();
    let script = "import sys, numpy as np\n\
                  a, b = np.load(sys.argv[1]), np.load(sys.argv[2])\n\
                  assert sorted(a.files) == sorted(b.files), a.files\n\
                  for k in a.files: assert a[k].dtype == b[k].dtype and np.array_equal(a[k], b[k]), k\n";
    let python = std::env::var("PYTHON").unwrap_or_else(|_| "python3".into());
    if !Command::new(&python).args(["-c", "import numpy"]).output().is_ok_and(|o| o.status.success()) {
        println!("NOT RUN: {python} has no NumPy");
        return;
    }
    let output = Command::new(python).args(["-c", script]).arg(own).arg(recorded("tree.npz")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

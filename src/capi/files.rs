//! Arrays and trees in files.

use super::{ag_array, ag_context, ag_tree, guard_as, slice, string};
use crate::error::{Error, Result};
use crate::files;
use crate::files::text::{Load, Save};
use crate::trace::Array;
use std::ffi::c_char;
use std::path::Path;

/// Runs `f` with a path.
fn with_path<R>(
    cx: *mut ag_context,
    name: &'static str,
    path: *const c_char,
    null: R,
    f: impl FnOnce(&ag_context, &Path) -> R,
) -> R
where
    R: Copy,
{
    guard_as(cx, name, null, |c| {
        // SAFETY: NULL or a text, the caller's promise.
        match unsafe { string(c, name, "path", path) } {
            Some(path) => f(c, Path::new(path)),
            None => null,
        }
    })
}

/// A value that goes to a file is read; refused inside rules that are being differentiated.
fn readable(c: &ag_context, values: &[Array]) -> Result<()> {
    if values.iter().all(|x| c.core.readable(x)) {
        return Ok(());
    }
    Err(Error::traced("a derivative rule that is itself being differentiated cannot write a recorded value to a file"))
}

/// Writes an array to a .npy file, for numpy.load; an old file is replaced once the new one is complete. AG_ERR_FILE if
/// it cannot be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_save(cx: *mut ag_context, path: *const c_char, x: ag_array) {
    const NAME: &str = "ag_save";
    with_path(cx, NAME, path, (), |c, path| {
        let x = c.get(NAME, x);
        if !x.is_null() {
            c.check(NAME, readable(c, std::slice::from_ref(&x)).and_then(|()| files::save_array(&c.core, path, &x)));
        }
    });
}

/// The array in a .npy file, such as numpy.save writes: in either order and byte order. Integers become i64, half
/// precision f32. AG_ERR_FILE if it cannot be read, is damaged, or has fewer bytes than its header says; AG_ERR_DTYPE for what
/// isn't numbers; AG_ERR_MEMORY if the context has no room for what the header says. A pipe is read as far as its header says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_load(cx: *mut ag_context, path: *const c_char) -> ag_array {
    const NAME: &str = "ag_load";
    with_path(cx, NAME, path, ag_array::NULL, |c, path| {
        let x = files::load_array(&c.core, path);
        c.check(NAME, x).map_or(ag_array::NULL, |x| c.put(x))
    })
}

/// Writes the leaves of a tree to an .npz file, for numpy.load, named by their paths ("layers/0/w"; "arr_0" if the
/// tree is a leaf). Written as by ag_save.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_tree_save(cx: *mut ag_context, path: *const c_char, t: ag_tree) {
    const NAME: &str = "ag_tree_save";
    with_path(cx, NAME, path, (), |c, path| {
        if let Some(t) = c.get_tree(NAME, t) {
            c.check(NAME, readable(c, t.leaves()).and_then(|()| files::save_tree(&c.core, path, &t)));
        }
    });
}

/// The arrays in an .npz file, such as numpy.savez or numpy.savez_compressed write, as a tree: dicts by the parts of
/// the names between "/", lists where these are "0", "1", and so on. Which lists had been tuples a file doesn't tell,
/// see ag_tree_load_like. A .npy file is a leaf. Fails as ag_load; AG_ERR_FILE, too, for files in an archive that overlap, or
/// unpack to another size than the archive says, and for an archive in a pipe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_tree_load(cx: *mut ag_context, path: *const c_char) -> ag_tree {
    const NAME: &str = "ag_tree_load";
    with_path(cx, NAME, path, ag_tree::NULL, |c, path| {
        let t = files::load_tree(&c.core, path);
        c.check(NAME, t).map_or(ag_tree::NULL, |t| c.put_tree(t))
    })
}

/// The arrays in an .npz file as a tree like `like`: each leaf by its path, of the same shape (AG_ERR_SHAPE),
/// converted to its dtype (AG_ERR_DTYPE from complex to real, or from floating to integer). AG_ERR_FILE if one is
/// missing; what else is in the file is passed over.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_tree_load_like(cx: *mut ag_context, path: *const c_char, like: ag_tree) -> ag_tree {
    const NAME: &str = "ag_tree_load_like";
    with_path(cx, NAME, path, ag_tree::NULL, |c, path| {
        let Some(like) = c.get_tree(NAME, like) else { return ag_tree::NULL };
        let t = files::load_like(&c.core, path, &like);
        c.check(NAME, t).map_or(ag_tree::NULL, |t| c.put_tree(t))
    })
}

/// A text that may be left out.
///
/// # Safety
/// `text` is NULL or a string that ends with 0 and stays for the call.
unsafe fn optional<'a>(c: &ag_context, name: &str, what: &str, text: *const c_char) -> Option<Option<&'a str>> {
    // SAFETY: the caller's promise.
    if text.is_null() { Some(None) } else { unsafe { string(c, name, what, text) }.map(Some) }
}

/// Writes a vector (a line for each element) or a matrix (a line for each row) of real numbers as text, `delimiter` (NULL: one
/// blank) between the numbers of a line. `digits` is how many each number has, at most 17; with 0 it has as many as it takes to
/// read the same number back. The lines of `header` (NULL: none) go first, with "# " before each. Written as by ag_save.
/// AG_ERR_DTYPE for complex numbers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_savetxt(
    cx: *mut ag_context,
    path: *const c_char,
    x: ag_array,
    delimiter: *const c_char,
    digits: i64,
    header: *const c_char,
) {
    const NAME: &str = "ag_savetxt";
    with_path(cx, NAME, path, (), |c, path| {
        // SAFETY: NULL or texts, the caller's promise.
        let texts = unsafe { (optional(c, NAME, "delimiter", delimiter), optional(c, NAME, "header", header)) };
        let ((Some(delimiter), Some(header)), x) = (texts, c.get(NAME, x)) else { return };
        if x.is_null() {
            return;
        }
        let options = Save { delimiter: delimiter.unwrap_or(" "), digits, header };
        let saved = readable(c, std::slice::from_ref(&x));
        c.check(NAME, saved.and_then(|()| files::text::save_text(&c.core, path, &x, &options)));
    });
}

/// The numbers in a text file: a row for each line, of which `delimiter` (NULL: blanks and tabs, as many as there are) divides the
/// columns. The first `skiprows` lines are passed over, and so are empty lines and what stands behind a "#". With `usecols` only
/// these columns are read, in this order, counted from 0, negative ones from the end (NULL: all, of which every line must have the
/// same number). `dtype` is AG_F64, AG_F32, AG_I64 or AG_BOOL; infinities and NaN are written inf and nan. As in NumPy axes of extent
/// 1 are left out of the result; it has at least `ndmin` (0 to 2) axes, so that with 2 it is always a matrix. AG_ERR_FILE, with
/// the line's number and what it has, for a line that cannot be read, that is longer than 16 MiB, or of another length; and
/// for more than 1 GiB from a pipe or a device, which may never end. AG_ERR_MEMORY if the context has no room for the numbers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_loadtxt(
    cx: *mut ag_context,
    path: *const c_char,
    delimiter: *const c_char,
    skiprows: usize,
    usecols: *const i64,
    nusecols: usize,
    dtype: i32,
    ndmin: i64,
) -> ag_array {
    const NAME: &str = "ag_loadtxt";
    with_path(cx, NAME, path, ag_array::NULL, |c, path| {
        // SAFETY: NULL or a text, and NULL or so many numbers, the caller's promise.
        let given = unsafe {
            let usecols =
                if usecols.is_null() { Some(None) } else { slice(c, NAME, "usecols", usecols, nusecols).map(Some) };
            (optional(c, NAME, "delimiter", delimiter), usecols)
        };
        let ((Some(delimiter), Some(usecols)), Some(dtype)) = (given, c.dtype(NAME, dtype)) else {
            return ag_array::NULL;
        };
        let x = files::text::load_text(&c.core, path, &Load { delimiter, skiprows, usecols, dtype, ndmin });
        c.check(NAME, x).map_or(ag_array::NULL, |x| c.put(x))
    })
}

//! Arrays and trees in files.

use super::{ag_array, ag_context, ag_tree, guard_as, string};
use crate::error::{Error, Result};
use crate::files;
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
/// precision f32. AG_ERR_FILE if it cannot be read or is damaged, AG_ERR_DTYPE for what isn't numbers.
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
/// see ag_tree_load_like. A .npy file is a leaf. Fails as ag_load.
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

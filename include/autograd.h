/* autograd.h: automatic differentiation of ordinary functions of n-d arrays, in C.
 *
 * CONVENTIONS
 *
 * Context    An ag_context owns everything: arrays, tapes, primitives, memory. ag_context_free ends it all. Contexts
 *            are independent; one context serves one thread at a time, any thread (AG_ERR_BUSY otherwise).
 * Handles    ag_array and the others are numbers, structs of one uint64_t that are passed by value; {0} is null. A
 *            handle that is null, stale, released twice or of another context is an error (AG_ERR_HANDLE), never
 *            undefined behaviour. ag_is_valid asks without raising one.
 * Scopes     Every result belongs to the innermost open scope and is released when that is left: nothing is freed one
 *            by one. Put a scope around each step of a loop; hand a result outwards with ag_keep, or rebind a handle
 *            that lives longer with ag_set. ag_dup and ag_release are for owners of single values.
 * Errors     The first failure stays in the context, and until ag_error_clear every operation returns its null (the
 *            null array, NULL, NaN, 0) at once. So expressions nest, ag_sum(cx, ag_mul(cx, r, r)), and one look at
 *            ag_error(cx) at the end is enough. The message names the operation, what was expected and what came, and
 *            with autograd_debug.h the line of the call.
 * Kept       A function that keeps a callback beyond its call takes a `drop` and says so in its first sentence.
 * Options    A struct with nothing but its struct_size set means the defaults, and so does NULL where it is allowed.
 * Arrays     are immutable. Shapes are int64_t, row-major; axes may be negative, counted from the end; dtypes AG_BOOL
 *            to AG_C128 mix as in NumPy 2. A `double` argument takes the precision of the array that it meets; beside
 *            integers a whole number is an integer.
 * Recording  ag_grad and its kin record what a function does with their arguments, whatever its control flow; tapes by
 *            hand do the same step by step. Values may be read while they are recorded, except in derivative rules that
 *            are being differentiated (AG_ERR_TRACED). Derivatives nest to any order.
 * Complex    For f = u + iv of z = x + iy the gradient is du/dx - i du/dy: descend along its conjugate. A holomorphic
 *            function's VJP is g f'(z), without conjugation. A real argument always gets a real gradient.
 * Callbacks  run on the calling thread in a scope of their own: arguments are borrowed, the result escapes by itself.
 *            They fail with `return ag_raise(cx, code, "message")` and must not throw or longjmp.
 * Pointers   returned by the library live as long as the handle they came from; strings until the innermost scope is
 *            left, if nothing else is said. Strings are never NULL: while an error is pending they are its message.
 *
 * CONTENTS: the sections, in their order
 *
 *   Contexts and handles
 *   Errors, memory, threads, versions
 *   Scopes, and handles one by one
 *   Making and reading arrays
 *   Element-wise functions
 *   Comparisons and logic
 *   Arithmetic with a complex number
 *   Parts of numbers, rounding, bounds, bits; questions about arrays
 *   Reductions: over all axes, along one axis, along several axes
 *   Reductions with a mask and an initial value
 *   Products of vectors, matrices and tensors
 *   Convolutions, correlations, pooling
 *   Polynomials: vectors of coefficients, the highest power first
 *   Positions as arrays of integers, and sums of rows that belong together
 *   Changes of shape
 *   Elements in another order, or several times
 *   Diagonals and triangles
 *   Arrays put together and taken apart
 *   Padding
 *   Numbers in steps between two ends
 *   Running sums and products, differences, gradients, integrals
 *   Sorting, partitioning, searching
 *   Medians, quantiles, percentiles
 *   Reductions that leave NaN out
 *   Statistics of samples, counts in bins, interpolation
 *   Choices that depend on conditions, on numbers, on bounds
 *   Elements picked, and put, by position or by a mask
 *   Where elements are not 0
 *   Indexing, as text and as a list of items
 *   Tapes by hand
 *   Functions of the caller's
 *   Gradients and derivatives of functions
 *   Jacobians and Hessians, whole or multiplied by something
 *   Derivatives as linear maps
 *   Checks of derivatives against differences
 *   Checkpoints: values computed again for the derivative
 *   Functions of lines and of coordinates
 *   Fixed points, roots, solutions of differential equations
 *   Diagnosis: anomalies, pictures and traces of tapes, profiles
 *   Primitives: functions of the caller's with derivative rules
 *   Primitives written as kernels on memory
 *   Trees: tuples, lists and dicts of arrays
 *   Derivatives of functions of trees
 *   Derivatives of functions of trees as linear maps
 *   Functions of trees: checkpoints, fixed points, roots, differential equations
 *   Functions of arrays whose result is a tree
 *   Training loops and minimizers
 *   Arrays and trees in files
 */

#ifndef AUTOGRAD_H
#define AUTOGRAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AUTOGRAD_VERSION_STRING "0.1.0"

#if defined(_WIN32)
#define AG_API __declspec(dllimport)
#else
#define AG_API __attribute__((visibility("default")))
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Contexts and handles ---------------------------------------------------------------------------------------- */

/// A context: everything that was made with it, arrays, tapes, primitives, memory, and the pending error. Contexts are
/// independent of each other and may be used on different threads at the same time; one context serves one thread at a
/// time, any thread.
typedef struct ag_context ag_context;

/// An array: a plain value, or one that is being differentiated. A number to pass around; the context owns the value.
/// For bindings: this and the other handles are, and stay, a struct of one uint64_t, passed as such a struct is; its
/// bits are to be copied and compared only, and 0 is the null array. It belongs to the scope in which it was made and
/// is valid until that is left.
typedef struct ag_array {
  /// What tells it from others; 0 for null.
  uint64_t bits;
} ag_array;

/// Called once when memory that was lent, or data that was handed over, is no longer needed. It must not call the
/// library. May be NULL.
typedef void (*ag_drop)(void *user);

/// A scope entered with `ag_scope_enter`. Valid until it is left.
typedef struct ag_scope {
  /// What tells it from others; 0 for null.
  uint64_t bits;
} ag_scope;

/// A tree: a tuple, list or dict, nested, with arrays as leaves; or one array. Like an array it is immutable, belongs
/// to the scope in which it was made, and is valid until that is left. `{0}` is null.
typedef struct ag_tree {
  /// What tells it from others; 0 for null.
  uint64_t bits;
} ag_tree;

/// A tape begun with `ag_tape_begin`, or a pullback made with `ag_make_vjp`. Valid until `ag_tape_end`, or until the
/// scope in which it was made is left. `{0}` is null.
typedef struct ag_tape {
  /// What tells it from others; 0 for null.
  uint64_t bits;
} ag_tape;

/// A primitive: a function of the caller's with its derivative rules. Valid until `ag_primitive_free` or the end of the
/// context. `{0}` is null.
typedef struct ag_primitive {
  /// What tells it from others; 0 for null.
  uint64_t bits;
} ag_primitive;

/* ---- Errors, memory, threads, versions --------------------------------------------------------------------------- */

#define AG_OK 0              ///< Success.
#define AG_ERR_CONTEXT 1     ///< The context is NULL, or cannot be freed now.
#define AG_ERR_HANDLE 2      ///< A handle is null, stale, of another context, of another type, or no handle.
#define AG_ERR_SHAPE 3       ///< Shapes do not fit.
#define AG_ERR_DTYPE 4       ///< The operation is not defined for this dtype.
#define AG_ERR_VALUE 5       ///< An argument has a value that it may not have, such as an axis that is not there.
#define AG_ERR_INDEX 6       ///< An index is out of range or cannot be read.
#define AG_ERR_MEMORY 7      ///< The memory is exhausted, the limit is reached, or the size is absurd.
#define AG_ERR_TRACED 8      ///< A derivative rule that is itself being differentiated reads the elements of a value.
#define AG_ERR_CALLBACK 9    ///< A callback returned something wrong.
#define AG_ERR_DERIVATIVE 10 ///< A derivative was asked for that has no rule.
#define AG_ERR_SCOPE 11      ///< A scope was left twice, left by someone else's callback, or left open by one.
#define AG_ERR_TAPE 12       ///< A tape has ended, is not the caller's to end, or was left open by a callback.
#define AG_ERR_BUSY 13       ///< The context is in use by another thread.
#define AG_ERR_CHECK 14      ///< ag_check_grads found a wrong derivative.
#define AG_ERR_ARGUMENT 15   ///< A pointer argument is NULL, or a struct is too small.
/// An internal error; the context can only be freed. The message says where it happened. It is written to the standard
/// error, too, if the environment variable AUTOGRAD_SHOW_PANICS is 1, with a stack trace if RUST_BACKTRACE is.
#define AG_ERR_PANIC 16
#define AG_ERR_ANOMALY 17    ///< A NaN or an infinity came up between ag_anomaly_begin and ag_anomaly_end.
#define AG_ERR_FILE 18       ///< A file cannot be read or written, or isn't what it should be.
#define AG_ERR_USER 1000     ///< Codes of callbacks begin here.

#define AUTOGRAD_VERSION_MAJOR 0
#define AUTOGRAD_VERSION_MINOR 1
#define AUTOGRAD_VERSION_PATCH 0
#define AUTOGRAD_VERSION_NUMBER 100 ///< 10000 major + 100 minor + patch.

/// Called at the moment of a failure, on the thread that made the call. Functions of the library do nothing in it, but
/// for ag_error and ag_error_message.
typedef void (*ag_error_hook)(int32_t code, const char *message, void *user);

/// Bytes of memory. Set struct_size to sizeof(ag_memory_stats) before the call.
typedef struct ag_memory_stats {
  size_t struct_size;
  /// In buffers of arrays that are alive, on tapes or behind handles.
  size_t in_use;
  /// The highest in_use so far.
  size_t peak;
  /// In use, or kept to be used again; and what tapes take.
  size_t reserved;
  /// The limit on reserved; 0 for none.
  size_t limit;
  /// How often the system was asked for a buffer. In the steady state of a loop it stands still.
  uint64_t system_allocations;
} ag_memory_stats;

/// A new context, to be freed with ag_context_free. NULL when there is no memory.
AG_API ag_context *ag_context_new(void);

/// Frees a context with everything in it; every handle of it is void from then on. NULL is allowed. Inside of anything
/// that the context has called (a function, a kernel, a rule, a `drop`, a hook), or while another thread is inside, it
/// is an error and nothing is freed. What is told by `drop` that the context ends may call the library as ever, but
/// what it makes ends, too.
AG_API void ag_context_free(ag_context *cx);

/// The code of the pending error, AG_OK if there is none. Of NULL: AG_ERR_CONTEXT. AG_ERR_BUSY while another thread is
/// inside, and on a thread that was turned away for that reason, until it calls ag_error_clear: till then its calls do
/// nothing. The thread that was inside isn't told.
AG_API int32_t ag_error(const ag_context *cx);

/// What happened, in one line; empty if no error is pending. Never NULL; valid until the error is cleared.
AG_API const char *ag_error_message(const ag_context *cx);

/// Forgets the pending error, so that the context can be used again. An AG_ERR_PANIC stays. A thread that was turned
/// away forgets that, and nothing else.
AG_API void ag_error_clear(ag_context *cx);

/// Raises an error, for callbacks: `return ag_raise(cx, AG_ERR_USER + 1, "what went wrong");`. Returns the null array.
/// A code of 0 counts as AG_ERR_CALLBACK; a message that is NULL or empty says that much; an error that is pending
/// already stays.
AG_API ag_array ag_raise(ag_context *cx, int32_t code, const char *message);

/// Keeps `hook` and `user`, until another hook takes their place or the context ends; `drop` is called with `user`
/// exactly once when that happens, or at once if the call fails (NULL: nobody is told). `hook` is called at the moment
/// of each failure: a place for a breakpoint, or for logging. ag_error and ag_error_message tell the failure in it;
/// every other function, ag_error_clear and ag_context_free among them, does nothing there. NULL: no longer.
AG_API void ag_set_error_hook(ag_context *cx, ag_error_hook hook, void *user, ag_drop drop);

/// The library's version, "0.1.0"; compare with AUTOGRAD_VERSION_STRING. Valid forever.
AG_API const char *ag_version(void);
/// The library's version as a number; compare with AUTOGRAD_VERSION_NUMBER.
AG_API int32_t ag_version_number(void);
/// How many array handles are alive.
AG_API size_t ag_live(ag_context *cx);
/// Fills in the memory statistics, as far as struct_size reaches.
AG_API void ag_memory(ag_context *cx, ag_memory_stats *stats);
/// Limits the bytes of memory that arrays and tapes take; what would exceed them fails with AG_ERR_MEMORY. 0: no limit.
AG_API void ag_set_memory_limit(ag_context *cx, size_t bytes);
/// Gives memory that is kept for use again back to the system.
AG_API void ag_memory_trim(ag_context *cx);

/// Lets large operations use `n` threads, the caller's among them; 1 at first. Results are the same bits for any
/// number. The other threads compute in the floating-point environment of the caller (how it rounds, whether it flushes
/// tiny numbers to 0), and the exceptions that they come across are raised in it. They take none of the process's
/// signals. A process that was forked goes on with the caller's thread alone.
AG_API void ag_set_threads(ag_context *cx, size_t n);

/// The number of threads.
AG_API size_t ag_threads(ag_context *cx);
/// Computes every operation at once instead of deferring and fusing element-wise ones. For debugging; slower.
AG_API void ag_set_eager(ag_context *cx, bool eager);
/// Whether the output of the last derivative did not depend on (some of) its inputs, whose gradients are zeros then.
AG_API bool ag_independent(ag_context *cx);

/* ---- Scopes, and handles one by one ------------------------------------------------------------------------------ */

/// Enters a scope: every handle made from now on belongs to it until it is left. A scope per step of a loop keeps the
/// step's temporaries from piling up.
AG_API ag_scope ag_scope_enter(ag_context *cx);

/// Leaves a scope: all handles that belong to it are void, scopes inside of it are left first, tapes begun in it are
/// ended. Works while an error is pending. Leaving a scope twice, or one that was entered outside of the running
/// callback, is AG_ERR_SCOPE.
AG_API void ag_scope_leave(ag_context *cx, ag_scope scope);

/// Lets `x` survive the leaving of `scope`: it belongs to the scope around it from now on. Returns `x`, the same
/// handle.
AG_API ag_array ag_keep(ag_context *cx, ag_scope scope, ag_array x);

/// Makes the handle `dst` stand for the value of `src`: for values that live longer than a scope, such as the
/// parameters of a loop. Pointers got from `dst` before (ag_data, ag_shape) are void.
AG_API void ag_set(ag_context *cx, ag_array dst, ag_array src);

/// A second handle for the same value, in the innermost scope.
AG_API ag_array ag_dup(ag_context *cx, ag_array x);

/// Gives up one handle before its scope is left. Works while an error is pending; the null array is allowed. Giving up
/// a handle twice is AG_ERR_HANDLE.
AG_API void ag_release(ag_context *cx, ag_array x);

/// Gives up a handle whenever it suits: on any thread, also while the context is busy on another one, as finalizers of
/// other languages must. The handle is void from then on, and is released with the next ag_scope_enter, ag_scope_leave,
/// ag_live, ag_memory or ag_memory_trim, or at the end of a callback. Raises nothing; null and void handles don't
/// matter. The context must not have been freed.
AG_API void ag_release_later(ag_context *cx, ag_array x);

/// Gives up a handle of a tree whenever it suits, on any thread, as ag_release_later does with one of an array.
AG_API void ag_tree_release_later(ag_context *cx, ag_tree t);

/// Whether a handle stands for an array of this context now. Raises nothing, whatever the bits are; false while another
/// thread is inside.
AG_API bool ag_is_valid(ag_context *cx, ag_array x);

/// Whether a handle stands for a tree of this context now. Raises nothing, whatever the bits are; false while another
/// thread is inside.
AG_API bool ag_tree_is_valid(ag_context *cx, ag_tree t);

/* ---- Making and reading arrays ----------------------------------------------------------------------------------- */

#define AG_BOOL 0 ///< bool, one byte per element.
#define AG_I64 1  ///< int64_t.
#define AG_F32 2  ///< float.
#define AG_F64 3  ///< double.
#define AG_C64 4  ///< Two floats, real part first.
#define AG_C128 5 ///< Two doubles, real part first.

/// A new array with the elements copied from `data`, in row-major order. Complex elements are pairs (real, imaginary);
/// booleans are bytes, of which those that aren't 0 are true.
AG_API ag_array ag_array_new(ag_context *cx, int32_t dtype, const int64_t *shape, size_t ndim, const void *data);

/// An array over memory that stays the caller's: nothing is copied (booleans are, and what isn't aligned). `strides`
/// are in elements and may be negative or 0; NULL means row-major. The memory must stay unchanged until `drop(user)` is
/// called, which happens exactly once: when the last array that uses it is gone (arrays on tapes count), or at once if
/// the call fails.
AG_API ag_array ag_from_buffer(ag_context *cx, int32_t dtype, const int64_t *shape, const int64_t *strides, size_t ndim,
    const void *data, void *user, ag_drop drop);

/// A number: an array of rank 0 and dtype f64.
AG_API ag_array ag_scalar(ag_context *cx, double x);
/// A complex number: an array of rank 0 and dtype c128.
AG_API ag_array ag_scalar_complex(ag_context *cx, double re, double im);
/// An integer: an array of rank 0 and dtype i64.
AG_API ag_array ag_scalar_int(ag_context *cx, int64_t x);
/// A vector of `n` numbers, copied.
AG_API ag_array ag_vector(ag_context *cx, const double *data, size_t n);
/// A matrix of `rows` times `cols` numbers in row-major order, copied.
AG_API ag_array ag_matrix(ag_context *cx, const double *data, size_t rows, size_t cols);
/// Zeros.
AG_API ag_array ag_zeros(ag_context *cx, int32_t dtype, const int64_t *shape, size_t ndim);
/// Ones.
AG_API ag_array ag_ones(ag_context *cx, int32_t dtype, const int64_t *shape, size_t ndim);
/// `value` everywhere.
AG_API ag_array ag_full(ag_context *cx, int32_t dtype, const int64_t *shape, size_t ndim, double value);
/// Zeros of the shape and dtype of `x`.
AG_API ag_array ag_zeros_like(ag_context *cx, ag_array x);
/// Ones of the shape and dtype of `x`.
AG_API ag_array ag_ones_like(ag_context *cx, ag_array x);
/// Ones on the k-th diagonal of an `n` by `m` matrix (k > 0: above the main one), zeros elsewhere.
AG_API ag_array ag_eye(ag_context *cx, int32_t dtype, int64_t n, int64_t m, int64_t k);
/// start, start + step, ... up to but not including stop.
AG_API ag_array ag_arange(ag_context *cx, int32_t dtype, double start, double stop, double step);
/// `num` numbers in equal steps from start to stop, both included.
AG_API ag_array ag_linspace(ag_context *cx, double start, double stop, int64_t num);

/// Random numbers, uniform in [low, high), of dtype f32 or f64. The same seed gives the same numbers on every machine.
AG_API ag_array ag_random_uniform(ag_context *cx, uint64_t seed, int32_t dtype, const int64_t *shape, size_t ndim,
    double low, double high);

/// Random numbers, normal with the given mean and standard deviation, of dtype f32 or f64. The same seed gives the same
/// numbers on every machine.
AG_API ag_array ag_random_normal(ag_context *cx, uint64_t seed, int32_t dtype, const int64_t *shape, size_t ndim,
    double mean, double std);

/// The number of axes; 0 on error.
AG_API size_t ag_ndim(ag_context *cx, ag_array x);
/// The number of elements; 0 on error.
AG_API size_t ag_size(ag_context *cx, ag_array x);
/// The extents of the axes, ag_ndim of them; valid as long as the handle. Never NULL: zeros on error, 64 of them.
AG_API const int64_t *ag_shape(ag_context *cx, ag_array x);
/// The extent of one axis; a negative one counts from the end. 0 on error.
AG_API int64_t ag_dim(ag_context *cx, ag_array x, int64_t axis);

/// The distances between neighbours along each axis, in elements; valid as long as the handle. Never NULL: zeros on
/// error.
AG_API const int64_t *ag_strides(ag_context *cx, ag_array x);

/// The dtype; -1 on error.
AG_API int32_t ag_dtype(ag_context *cx, ag_array x);
/// The number in an array with one element. NaN on error, and AG_ERR_DTYPE for a complex one.
AG_API double ag_item(ag_context *cx, ag_array x);
/// The number in an array with one element, as real and imaginary part (either may be NULL). NaN on error.
AG_API void ag_item_complex(ag_context *cx, ag_array x, double *re, double *im);

/// The elements in row-major order; valid as long as the handle, and until ag_set changes it. NULL on error and for an
/// empty array. Not to be written to.
AG_API const void *ag_data(ag_context *cx, ag_array x);

/// The elements of an array of dtype f64 in row-major order, see ag_data. AG_ERR_DTYPE for other dtypes.
AG_API const double *ag_data_f64(ag_context *cx, ag_array x);

/// Copies the elements in row-major order to `dst`, which has room for `nbytes` bytes. Returns the bytes written; 0 on
/// error, such as too little room.
AG_API size_t ag_copy_to(ag_context *cx, ag_array x, void *dst, size_t nbytes);

/// The array as text, in the manner of NumPy's repr, with its dtype; long ones are cut in the middle. A recorded one
/// tells on how many levels it is. Valid until the innermost scope is left, so that several may be printed together.
/// Never NULL: while an error is pending, its message.
AG_API const char *ag_to_string(ag_context *cx, ag_array x);

/// The value of `x` without its history: no derivative goes through it.
AG_API ag_array ag_value(ag_context *cx, ag_array x);
/// On how many open tape levels `x` is recorded; 0 for a plain array and on error.
AG_API size_t ag_level(ag_context *cx, ag_array x);
/// `x` in another dtype. From complex to real the imaginary part is dropped. Differentiable between floating dtypes.
AG_API ag_array ag_astype(ag_context *cx, ag_array x, int32_t dtype);

/* ---- Element-wise functions -------------------------------------------------------------------------------------- */

/// -x. The negative of booleans is AG_ERR_DTYPE.
AG_API ag_array ag_neg(ag_context *cx, ag_array x);
/// Absolute value; of a complex array a real one. The derivative at 0 is 0.
AG_API ag_array ag_abs(ag_context *cx, ag_array x);
/// Absolute value of a real array. The derivative at 0 is 0.
AG_API ag_array ag_fabs(ag_context *cx, ag_array x);
/// 1 / x.
AG_API ag_array ag_reciprocal(ag_context *cx, ag_array x);
/// Exponential function.
AG_API ag_array ag_exp(ag_context *cx, ag_array x);
/// 2 to the power of x.
AG_API ag_array ag_exp2(ag_context *cx, ag_array x);
/// exp(x) - 1, exact also near 0.
AG_API ag_array ag_expm1(ag_context *cx, ag_array x);
/// Natural logarithm: -inf at 0, NaN below 0 (of real arrays).
AG_API ag_array ag_log(ag_context *cx, ag_array x);
/// Logarithm to base 2.
AG_API ag_array ag_log2(ag_context *cx, ag_array x);
/// Logarithm to base 10.
AG_API ag_array ag_log10(ag_context *cx, ag_array x);
/// log(1 + x), exact also near 0.
AG_API ag_array ag_log1p(ag_context *cx, ag_array x);
/// Sine.
AG_API ag_array ag_sin(ag_context *cx, ag_array x);
/// Cosine.
AG_API ag_array ag_cos(ag_context *cx, ag_array x);
/// Tangent.
AG_API ag_array ag_tan(ag_context *cx, ag_array x);
/// Inverse sine; NaN outside [-1, 1] (of real arrays).
AG_API ag_array ag_arcsin(ag_context *cx, ag_array x);
/// Inverse cosine; NaN outside [-1, 1] (of real arrays).
AG_API ag_array ag_arccos(ag_context *cx, ag_array x);
/// Inverse tangent.
AG_API ag_array ag_arctan(ag_context *cx, ag_array x);
/// Hyperbolic sine.
AG_API ag_array ag_sinh(ag_context *cx, ag_array x);
/// Hyperbolic cosine.
AG_API ag_array ag_cosh(ag_context *cx, ag_array x);
/// Hyperbolic tangent.
AG_API ag_array ag_tanh(ag_context *cx, ag_array x);
/// Inverse hyperbolic sine.
AG_API ag_array ag_arcsinh(ag_context *cx, ag_array x);
/// Inverse hyperbolic cosine; NaN below 1 (of real arrays).
AG_API ag_array ag_arccosh(ag_context *cx, ag_array x);
/// Inverse hyperbolic tangent; NaN outside [-1, 1] (of real arrays).
AG_API ag_array ag_arctanh(ag_context *cx, ag_array x);
/// Radians to degrees. Real arrays only.
AG_API ag_array ag_rad2deg(ag_context *cx, ag_array x);
/// Radians to degrees, another name of ag_rad2deg.
AG_API ag_array ag_degrees(ag_context *cx, ag_array x);
/// Degrees to radians. Real arrays only.
AG_API ag_array ag_deg2rad(ag_context *cx, ag_array x);
/// Degrees to radians, another name of ag_deg2rad.
AG_API ag_array ag_radians(ag_context *cx, ag_array x);
/// x * x.
AG_API ag_array ag_square(ag_context *cx, ag_array x);
/// Square root; NaN below 0 (of real arrays). At 0 the derivative is infinite, but a zero cotangent stays zero.
AG_API ag_array ag_sqrt(ag_context *cx, ag_array x);
/// Error function, 2 / sqrt(pi) times the integral of exp(-t^2) from 0 to x.
AG_API ag_array ag_erf(ag_context *cx, ag_array x);
/// Complementary error function, 1 - erf(x), accurate where that is small.
AG_API ag_array ag_erfc(ag_context *cx, ag_array x);
/// Cube root, also of negative numbers.
AG_API ag_array ag_cbrt(ag_context *cx, ag_array x);
/// Logistic function, 1 / (1 + exp(-x)).
AG_API ag_array ag_expit(ag_context *cx, ag_array x);
/// sin(pi x) / (pi x), 1 at 0; every derivative is exact at 0, too.
AG_API ag_array ag_sinc(ag_context *cx, ag_array x);
/// Real part; of a real array the array itself. The gradient with respect to a complex array is g.
AG_API ag_array ag_real(ag_context *cx, ag_array x);
/// Imaginary part; of a real array zeros. The gradient with respect to a complex array is -i g.
AG_API ag_array ag_imag(ag_context *cx, ag_array x);
/// Complex conjugate; of a real array the array itself.
AG_API ag_array ag_conj(ag_context *cx, ag_array x);
/// Angle in the complex plane, in radians; of a real array 0 or pi. The derivative at 0 is 0.
AG_API ag_array ag_angle(ag_context *cx, ag_array x);
/// The real part if all imaginary parts are within 100 machine epsilons of 0, else the array itself.
AG_API ag_array ag_real_if_close(ag_context *cx, ag_array x);
/// NaN replaced by 0 and infinities by the largest finite numbers; the gradient is 0 where something was replaced.
AG_API ag_array ag_nan_to_num(ag_context *cx, ag_array x);
/// -1, 0 or 1: piecewise constant, a plain array without a derivative. Of a complex array x / |x|, which has one.
AG_API ag_array ag_sign(ag_context *cx, ag_array x);
/// The largest integer not above x. Piecewise constant: a plain array, no derivative.
AG_API ag_array ag_floor(ag_context *cx, ag_array x);
/// The smallest integer not below x. Piecewise constant: a plain array, no derivative.
AG_API ag_array ag_ceil(ag_context *cx, ag_array x);
/// The integer part. Piecewise constant: a plain array, no derivative.
AG_API ag_array ag_trunc(ag_context *cx, ag_array x);
/// The nearest integer, halves to the even one. Piecewise constant: a plain array, no derivative.
AG_API ag_array ag_rint(ag_context *cx, ag_array x);
/// Whether elements are NaN. A boolean array.
AG_API ag_array ag_isnan(ag_context *cx, ag_array x);
/// Whether elements are infinite. A boolean array.
AG_API ag_array ag_isinf(ag_context *cx, ag_array x);
/// Whether elements are neither infinite nor NaN. A boolean array.
AG_API ag_array ag_isfinite(ag_context *cx, ag_array x);
/// Whether elements are 0. A boolean array.
AG_API ag_array ag_logical_not(ag_context *cx, ag_array x);
/// x + y, with broadcasting; of booleans the logical or.
AG_API ag_array ag_add(ag_context *cx, ag_array x, ag_array y);
/// x + y for a number y.
AG_API ag_array ag_add_scalar(ag_context *cx, ag_array x, double y);
/// x - y, with broadcasting. Of booleans AG_ERR_DTYPE.
AG_API ag_array ag_sub(ag_context *cx, ag_array x, ag_array y);
/// x - y for a number y.
AG_API ag_array ag_sub_scalar(ag_context *cx, ag_array x, double y);
/// y - x for a number y.
AG_API ag_array ag_rsub_scalar(ag_context *cx, ag_array x, double y);
/// x * y, with broadcasting; of booleans the logical and.
AG_API ag_array ag_mul(ag_context *cx, ag_array x, ag_array y);
/// x * y for a number y.
AG_API ag_array ag_mul_scalar(ag_context *cx, ag_array x, double y);
/// x / y, with broadcasting; integers are divided as f64.
AG_API ag_array ag_div(ag_context *cx, ag_array x, ag_array y);
/// x / y for a number y.
AG_API ag_array ag_div_scalar(ag_context *cx, ag_array x, double y);
/// y / x for a number y.
AG_API ag_array ag_rdiv_scalar(ag_context *cx, ag_array x, double y);

/// x to the power of y, with broadcasting. At x = 0 the derivative with respect to y is 0, at y = 0 the one with
/// respect to x. Integers to negative powers are AG_ERR_VALUE.
AG_API ag_array ag_pow(ag_context *cx, ag_array x, ag_array y);

/// x to the power of a number y.
AG_API ag_array ag_pow_scalar(ag_context *cx, ag_array x, double y);
/// A number y to the power of x.
AG_API ag_array ag_rpow_scalar(ag_context *cx, ag_array x, double y);
/// The remainder of x / y with the sign of y, with broadcasting. The derivative with respect to y is -floor(x / y).
AG_API ag_array ag_mod(ag_context *cx, ag_array x, ag_array y);
/// The remainder of x / y with the sign of the number y.
AG_API ag_array ag_mod_scalar(ag_context *cx, ag_array x, double y);
/// The remainder of y / x with the sign of x, for a number y.
AG_API ag_array ag_rmod_scalar(ag_context *cx, ag_array x, double y);
/// The remainder of x / y with the sign of x, with broadcasting. The derivative with respect to y is -trunc(x / y).
AG_API ag_array ag_fmod(ag_context *cx, ag_array x, ag_array y);
/// The remainder of x / y with the sign of x, for a number y.
AG_API ag_array ag_fmod_scalar(ag_context *cx, ag_array x, double y);
/// The remainder of y / x with the sign of the number y.
AG_API ag_array ag_rfmod_scalar(ag_context *cx, ag_array x, double y);
/// The absolute value of x with the sign of y, with broadcasting. At x = 0 the derivative is 0.
AG_API ag_array ag_copysign(ag_context *cx, ag_array x, ag_array y);
/// The absolute value of x with the sign of the number y.
AG_API ag_array ag_copysign_scalar(ag_context *cx, ag_array x, double y);
/// The larger of x and y, NaN if one is NaN. A tie gives half of the cotangent to each.
AG_API ag_array ag_maximum(ag_context *cx, ag_array x, ag_array y);
/// The larger of x and a number y; at a tie the derivative is 1/2.
AG_API ag_array ag_maximum_scalar(ag_context *cx, ag_array x, double y);
/// The smaller of x and y, NaN if one is NaN. A tie gives half of the cotangent to each.
AG_API ag_array ag_minimum(ag_context *cx, ag_array x, ag_array y);
/// The smaller of x and a number y; at a tie the derivative is 1/2.
AG_API ag_array ag_minimum_scalar(ag_context *cx, ag_array x, double y);
/// The larger of x and y, the other one if one is NaN.
AG_API ag_array ag_fmax(ag_context *cx, ag_array x, ag_array y);
/// The larger of x and a number y, y where x is NaN.
AG_API ag_array ag_fmax_scalar(ag_context *cx, ag_array x, double y);
/// The smaller of x and y, the other one if one is NaN.
AG_API ag_array ag_fmin(ag_context *cx, ag_array x, ag_array y);
/// The smaller of x and a number y, y where x is NaN.
AG_API ag_array ag_fmin_scalar(ag_context *cx, ag_array x, double y);
/// log(exp(x) + exp(y)) without overflow. Where both are -infinity the derivatives are 0.
AG_API ag_array ag_logaddexp(ag_context *cx, ag_array x, ag_array y);
/// log(exp(x) + exp(y)) for a number y, without overflow.
AG_API ag_array ag_logaddexp_scalar(ag_context *cx, ag_array x, double y);
/// log2(2^x + 2^y) without overflow. Where both are -infinity the derivatives are 0.
AG_API ag_array ag_logaddexp2(ag_context *cx, ag_array x, ag_array y);
/// log2(2^x + 2^y) for a number y, without overflow.
AG_API ag_array ag_logaddexp2_scalar(ag_context *cx, ag_array x, double y);
/// The angle of the point (y, x), that is of x / y with the right quadrant. At the origin the derivatives are 0.
AG_API ag_array ag_arctan2(ag_context *cx, ag_array x, ag_array y);
/// The angle of the point (y, x) for a number y, see ag_arctan2.
AG_API ag_array ag_arctan2_scalar(ag_context *cx, ag_array x, double y);
/// The angle of the point (x, y) for a number y: that of y / x, see ag_arctan2.
AG_API ag_array ag_rarctan2_scalar(ag_context *cx, ag_array x, double y);
/// sqrt(x^2 + y^2) without overflow. At the origin the derivatives are 0.
AG_API ag_array ag_hypot(ag_context *cx, ag_array x, ag_array y);
/// sqrt(x^2 + y^2) for a number y, without overflow.
AG_API ag_array ag_hypot_scalar(ag_context *cx, ag_array x, double y);
/// floor(x / y). Piecewise constant: a plain array, no derivative.
AG_API ag_array ag_floor_divide(ag_context *cx, ag_array x, ag_array y);
/// floor(x / y) for a number y. Piecewise constant: a plain array, no derivative.
AG_API ag_array ag_floor_divide_scalar(ag_context *cx, ag_array x, double y);
/// floor(y / x) for a number y. Piecewise constant: a plain array, no derivative.
AG_API ag_array ag_rfloor_divide_scalar(ag_context *cx, ag_array x, double y);

/* ---- Comparisons and logic --------------------------------------------------------------------------------------- */

/// x == y, element by element, with broadcasting. A boolean array.
AG_API ag_array ag_equal(ag_context *cx, ag_array x, ag_array y);
/// x == y for a number y. A boolean array.
AG_API ag_array ag_equal_scalar(ag_context *cx, ag_array x, double y);
/// x != y, element by element, with broadcasting. A boolean array.
AG_API ag_array ag_not_equal(ag_context *cx, ag_array x, ag_array y);
/// x != y for a number y. A boolean array.
AG_API ag_array ag_not_equal_scalar(ag_context *cx, ag_array x, double y);
/// x < y, element by element, with broadcasting. A boolean array.
AG_API ag_array ag_less(ag_context *cx, ag_array x, ag_array y);
/// x < y for a number y. A boolean array.
AG_API ag_array ag_less_scalar(ag_context *cx, ag_array x, double y);
/// x <= y, element by element, with broadcasting. A boolean array.
AG_API ag_array ag_less_equal(ag_context *cx, ag_array x, ag_array y);
/// x <= y for a number y. A boolean array.
AG_API ag_array ag_less_equal_scalar(ag_context *cx, ag_array x, double y);
/// x > y, element by element, with broadcasting. A boolean array.
AG_API ag_array ag_greater(ag_context *cx, ag_array x, ag_array y);
/// x > y for a number y. A boolean array.
AG_API ag_array ag_greater_scalar(ag_context *cx, ag_array x, double y);
/// x >= y, element by element, with broadcasting. A boolean array.
AG_API ag_array ag_greater_equal(ag_context *cx, ag_array x, ag_array y);
/// x >= y for a number y. A boolean array.
AG_API ag_array ag_greater_equal_scalar(ag_context *cx, ag_array x, double y);
/// Logical and of what is not 0. A boolean array.
AG_API ag_array ag_logical_and(ag_context *cx, ag_array x, ag_array y);
/// Logical or of what is not 0. A boolean array.
AG_API ag_array ag_logical_or(ag_context *cx, ag_array x, ag_array y);
/// Logical xor of what is not 0. A boolean array.
AG_API ag_array ag_logical_xor(ag_context *cx, ag_array x, ag_array y);

/* ---- Arithmetic with a complex number ---------------------------------------------------------------------------- */

/// x + y for a complex number y = re + i im; the result is complex, in the precision of x.
AG_API ag_array ag_add_complex(ag_context *cx, ag_array x, double re, double im);
/// x - y for a complex number y, see ag_add_complex.
AG_API ag_array ag_sub_complex(ag_context *cx, ag_array x, double re, double im);
/// y - x for a complex number y, see ag_add_complex.
AG_API ag_array ag_rsub_complex(ag_context *cx, ag_array x, double re, double im);
/// x * y for a complex number y, see ag_add_complex.
AG_API ag_array ag_mul_complex(ag_context *cx, ag_array x, double re, double im);
/// x / y for a complex number y, see ag_add_complex.
AG_API ag_array ag_div_complex(ag_context *cx, ag_array x, double re, double im);
/// y / x for a complex number y, see ag_add_complex.
AG_API ag_array ag_rdiv_complex(ag_context *cx, ag_array x, double re, double im);
/// x to the power of a complex number y, see ag_add_complex.
AG_API ag_array ag_pow_complex(ag_context *cx, ag_array x, double re, double im);
/// A complex number y to the power of x, see ag_add_complex.
AG_API ag_array ag_rpow_complex(ag_context *cx, ag_array x, double re, double im);

/* ---- Parts of numbers, rounding, bounds, bits; questions about arrays -------------------------------------------- */

/// x to the power of y in double precision at least, with broadcasting.
AG_API ag_array ag_float_power(ag_context *cx, ag_array x, ag_array y);
/// 0 where x is negative, 1 where it is positive, y where it is 0, with broadcasting. The derivative by x is 0.
AG_API ag_array ag_heaviside(ag_context *cx, ag_array x, ag_array y);
/// The modified Bessel function of the first kind and order 0, of real numbers.
AG_API ag_array ag_i0(ag_context *cx, ag_array x);
/// The fraction of every element, and in *whole (unless NULL) its whole part, a plain array. Both have the sign of x.
AG_API ag_array ag_modf(ag_context *cx, ag_array x, ag_array *whole);

/// The mantissa of every element, 0.5 or more and less than 1, and in *exponent (unless NULL) the power of 2 it is to
/// be multiplied by, a plain i64 array.
AG_API ag_array ag_frexp(ag_context *cx, ag_array x, ag_array *exponent);

/// floor(x / y), a plain array, and in *remainder (unless NULL) the remainder with the sign of y; with broadcasting.
AG_API ag_array ag_divmod(ag_context *cx, ag_array x, ag_array y, ag_array *remainder);
/// x 2^e with integers e, with broadcasting.
AG_API ag_array ag_ldexp(ag_context *cx, ag_array x, ag_array e);
/// The next floating-point number after x on the way to y, with broadcasting. A plain array, no derivative.
AG_API ag_array ag_nextafter(ag_context *cx, ag_array x, ag_array y);
/// The distance to the next floating-point number away from 0, with the sign of x. A plain array, no derivative.
AG_API ag_array ag_spacing(ag_context *cx, ag_array x);
/// Whether the sign is set, that of -0 and of NaN too. A boolean array.
AG_API ag_array ag_signbit(ag_context *cx, ag_array x);
/// The nearest whole number towards 0. Piecewise constant: a plain array, no derivative.
AG_API ag_array ag_fix(ag_context *cx, ag_array x);
/// Rounded to so many decimals, halves to even; -1 rounds to tens and so on. A plain array, no derivative.
AG_API ag_array ag_round(ag_context *cx, ag_array x, int64_t decimals);
/// Rounded to so many decimals, halves to even: another name of ag_round.
AG_API ag_array ag_around(ag_context *cx, ag_array x, int64_t decimals);

/// x limited by arrays of lower and upper bounds, with broadcasting; a null array is no bound. Outside and at a bound
/// the derivative belongs to the bound.
AG_API ag_array ag_clip_arrays(ag_context *cx, ag_array x, ag_array low, ag_array high);

/// x with NaN and the infinities replaced by the numbers given. The derivative is 0 where something was replaced.
AG_API ag_array ag_nan_to_num_values(ag_context *cx, ag_array x, double nan, double posinf, double neginf);
/// The angle in the complex plane in degrees.
AG_API ag_array ag_angle_degrees(ag_context *cx, ag_array x);
/// An array of the shape and dtype of `x`, every element `value`. A value that an integer cannot be is AG_ERR_VALUE.
AG_API ag_array ag_full_like(ag_context *cx, ag_array x, double value);
/// The greatest common divisor of integers, with broadcasting.
AG_API ag_array ag_gcd(ag_context *cx, ag_array x, ag_array y);
/// The least common multiple of integers, with broadcasting.
AG_API ag_array ag_lcm(ag_context *cx, ag_array x, ag_array y);
/// The bits that both integers have, with broadcasting; of booleans the logical and.
AG_API ag_array ag_bitwise_and(ag_context *cx, ag_array x, ag_array y);
/// The bits that one of two integers has, with broadcasting; of booleans the logical or.
AG_API ag_array ag_bitwise_or(ag_context *cx, ag_array x, ag_array y);
/// The bits that exactly one of two integers has, with broadcasting; of booleans the logical xor.
AG_API ag_array ag_bitwise_xor(ag_context *cx, ag_array x, ag_array y);
/// All bits of integers turned over; of booleans the negation.
AG_API ag_array ag_invert(ag_context *cx, ag_array x);
/// The bits of x moved up by y places, with broadcasting; 0 if y is negative or 64 and more.
AG_API ag_array ag_left_shift(ag_context *cx, ag_array x, ag_array y);

/// The bits of x moved down by y places, with broadcasting, the sign stays; all of them if y is negative or 64 and
/// more.
AG_API ag_array ag_right_shift(ag_context *cx, ag_array x, ag_array y);

/// Whether |x - y| <= absolute + relative |y|, element by element, with broadcasting (NumPy's defaults: relative 1e-5,
/// absolute 1e-8). Infinities are close to themselves, NaN to NaN if `equal_nan`. A boolean array.
AG_API ag_array ag_isclose(ag_context *cx, ag_array x, ag_array y, double relative, double absolute, bool equal_nan);

/// Whether all elements are close, see ag_isclose. false on error.
AG_API bool ag_allclose(ag_context *cx, ag_array x, ag_array y, double relative, double absolute, bool equal_nan);
/// Whether two arrays have the same shape and elements; NaN equals NaN if `equal_nan`. false on error.
AG_API bool ag_array_equal(ag_context *cx, ag_array x, ag_array y, bool equal_nan);
/// Whether two arrays have the same elements after broadcasting. false on error.
AG_API bool ag_array_equiv(ag_context *cx, ag_array x, ag_array y);
/// Whether the imaginary part is 0, element by element. A boolean array.
AG_API ag_array ag_isreal(ag_context *cx, ag_array x);
/// Whether the imaginary part is not 0, element by element. A boolean array.
AG_API ag_array ag_iscomplex(ag_context *cx, ag_array x);
/// Whether the array is of a real dtype. false on error.
AG_API bool ag_isrealobj(ag_context *cx, ag_array x);
/// Whether the array is of a complex dtype. false on error.
AG_API bool ag_iscomplexobj(ag_context *cx, ag_array x);
/// Which real elements are +infinity. A boolean array.
AG_API ag_array ag_isposinf(ag_context *cx, ag_array x);
/// Which real elements are -infinity. A boolean array.
AG_API ag_array ag_isneginf(ag_context *cx, ag_array x);
/// Which elements of x are among those of `values`, or with `invert` are not. NaN is among nothing. A boolean array.
AG_API ag_array ag_isin(ag_context *cx, ag_array x, ag_array values, bool invert);
/// The dtype that results from combining the arrays; -1 on error.
AG_API int32_t ag_result_type(ag_context *cx, const ag_array *arrays, size_t n);

/* ---- Reductions: over all axes, along one axis, along several axes ----------------------------------------------- */

/// The sum of all elements; of booleans how many are true.
AG_API ag_array ag_sum(ag_context *cx, ag_array x);
/// The sum along one axis; of booleans how many are true. `keepdims` leaves extent 1.
AG_API ag_array ag_sum_axis(ag_context *cx, ag_array x, int64_t axis, bool keepdims);
/// The sum along several axes (NULL: all); of booleans how many are true. `keepdims` leaves extent 1.
AG_API ag_array ag_sum_axes(ag_context *cx, ag_array x, const int64_t *axes, size_t naxes, bool keepdims);
/// The mean of all elements; NaN of none.
AG_API ag_array ag_mean(ag_context *cx, ag_array x);
/// The mean along one axis; NaN of nothing. `keepdims` leaves extent 1.
AG_API ag_array ag_mean_axis(ag_context *cx, ag_array x, int64_t axis, bool keepdims);
/// The mean along several axes (NULL: all); NaN of nothing. `keepdims` leaves extent 1.
AG_API ag_array ag_mean_axes(ag_context *cx, ag_array x, const int64_t *axes, size_t naxes, bool keepdims);
/// The largest element; NaN if there is one. Elements that tie share the cotangent equally. Of none AG_ERR_VALUE.
AG_API ag_array ag_max(ag_context *cx, ag_array x);

/// The largest element along one axis; NaN where there is one. Ties share the cotangent equally. Of nothing
/// AG_ERR_VALUE. `keepdims` leaves extent 1.
AG_API ag_array ag_max_axis(ag_context *cx, ag_array x, int64_t axis, bool keepdims);

/// The largest element along several axes (NULL: all); NaN where there is one. Ties share the cotangent equally. Of
/// nothing AG_ERR_VALUE. `keepdims` leaves extent 1.
AG_API ag_array ag_max_axes(ag_context *cx, ag_array x, const int64_t *axes, size_t naxes, bool keepdims);

/// The smallest element; NaN if there is one. Elements that tie share the cotangent equally. Of none AG_ERR_VALUE.
AG_API ag_array ag_min(ag_context *cx, ag_array x);

/// The smallest element along one axis; NaN where there is one. Ties share the cotangent equally. Of nothing
/// AG_ERR_VALUE. `keepdims` leaves extent 1.
AG_API ag_array ag_min_axis(ag_context *cx, ag_array x, int64_t axis, bool keepdims);

/// The smallest element along several axes (NULL: all); NaN where there is one. Ties share the cotangent equally. Of
/// nothing AG_ERR_VALUE. `keepdims` leaves extent 1.
AG_API ag_array ag_min_axes(ag_context *cx, ag_array x, const int64_t *axes, size_t naxes, bool keepdims);

/// The product of all elements. The derivative is exact also if some are 0.
AG_API ag_array ag_prod(ag_context *cx, ag_array x);
/// The product along one axis, with an exact derivative also if some elements are 0. `keepdims` leaves extent 1.
AG_API ag_array ag_prod_axis(ag_context *cx, ag_array x, int64_t axis, bool keepdims);

/// The product along several axes (NULL: all), with an exact derivative also if some elements are 0. `keepdims` leaves
/// extent 1.
AG_API ag_array ag_prod_axes(ag_context *cx, ag_array x, const int64_t *axes, size_t naxes, bool keepdims);

/// log(sum(exp(x))) without overflow. The derivative is the softmax; where all elements are -infinity it is 0.
AG_API ag_array ag_logsumexp(ag_context *cx, ag_array x);

/// log(sum(exp(x))) along one axis, without overflow. The derivative is the softmax; where all elements are -infinity
/// it is 0. `keepdims` leaves extent 1.
AG_API ag_array ag_logsumexp_axis(ag_context *cx, ag_array x, int64_t axis, bool keepdims);

/// log(sum(exp(x))) along several axes (NULL: all), without overflow. The derivative is the softmax; where all elements
/// are -infinity it is 0. `keepdims` leaves extent 1.
AG_API ag_array ag_logsumexp_axes(ag_context *cx, ag_array x, const int64_t *axes, size_t naxes, bool keepdims);

/// The variance of all elements: the mean of |x - mean|^2. ag_var_axis and ag_var_axes divide by n - ddof.
AG_API ag_array ag_var(ag_context *cx, ag_array x);
/// The variance along one axis: the sum of |x - mean|^2, divided by n - ddof. `keepdims` leaves extent 1.
AG_API ag_array ag_var_axis(ag_context *cx, ag_array x, int64_t axis, double ddof, bool keepdims);

/// The variance along several axes (NULL: all): the sum of |x - mean|^2, divided by n - ddof. `keepdims` leaves extent
/// 1.
AG_API ag_array ag_var_axes(ag_context *cx, ag_array x, const int64_t *axes, size_t naxes, double ddof, bool keepdims);

/// The standard deviation of all elements. Of equal elements the derivative is 0. ag_std_axis and ag_std_axes divide by
/// n - ddof.
AG_API ag_array ag_std(ag_context *cx, ag_array x);

/// The standard deviation along one axis, from squares divided by n - ddof. Of equal elements the derivative is 0.
/// `keepdims` leaves extent 1.
AG_API ag_array ag_std_axis(ag_context *cx, ag_array x, int64_t axis, double ddof, bool keepdims);

/// The standard deviation along several axes (NULL: all), from squares divided by n - ddof. Of equal elements the
/// derivative is 0. `keepdims` leaves extent 1.
AG_API ag_array ag_std_axes(ag_context *cx, ag_array x, const int64_t *axes, size_t naxes, double ddof, bool keepdims);

/// Whether all elements are not 0. A plain boolean array.
AG_API ag_array ag_all(ag_context *cx, ag_array x);
/// Whether all elements are not 0, along one axis: a plain boolean array. `keepdims` leaves extent 1.
AG_API ag_array ag_all_axis(ag_context *cx, ag_array x, int64_t axis, bool keepdims);
/// Whether all elements are not 0, along several axes (NULL: all): a plain boolean array. `keepdims` leaves extent 1.
AG_API ag_array ag_all_axes(ag_context *cx, ag_array x, const int64_t *axes, size_t naxes, bool keepdims);
/// Whether some element is not 0. A plain boolean array.
AG_API ag_array ag_any(ag_context *cx, ag_array x);
/// Whether some element is not 0, along one axis: a plain boolean array. `keepdims` leaves extent 1.
AG_API ag_array ag_any_axis(ag_context *cx, ag_array x, int64_t axis, bool keepdims);
/// Whether some element is not 0, along several axes (NULL: all): a plain boolean array. `keepdims` leaves extent 1.
AG_API ag_array ag_any_axes(ag_context *cx, ag_array x, const int64_t *axes, size_t naxes, bool keepdims);
/// The position of the first largest element in row-major order; a plain i64 array of rank 0. Of none AG_ERR_VALUE.
AG_API ag_array ag_argmax(ag_context *cx, ag_array x);
/// The positions of the first largest elements along one axis; with `keepdims` it stays, with extent 1.
AG_API ag_array ag_argmax_axis(ag_context *cx, ag_array x, int64_t axis, bool keepdims);
/// The position of the first smallest element in row-major order; a plain i64 array of rank 0. Of none AG_ERR_VALUE.
AG_API ag_array ag_argmin(ag_context *cx, ag_array x);
/// The positions of the first smallest elements along one axis; with `keepdims` it stays, with extent 1.
AG_API ag_array ag_argmin_axis(ag_context *cx, ag_array x, int64_t axis, bool keepdims);

/* ---- Reductions with a mask and an initial value ----------------------------------------------------------------- */

/// How a reduction is done. Set struct_size to sizeof(ag_reduce_options) and everything that isn't used to 0; NULL is
/// allowed for all 0.
typedef struct ag_reduce_options {
  size_t struct_size;
  /// The axes reduced; NULL: all.
  const int64_t *axes;
  size_t naxes;
  /// The axes reduced stay, with extent 1.
  bool keepdims;
  /// NumPy's where: a boolean array that broadcasts to the one reduced; elements where it is false have no influence.
  /// Null: all elements take part.
  ag_array mask;
  /// An array of rank 0 that the sum, product or extremum begins with. Null: none. An extremum of nothing, or with a
  /// mask, needs one.
  ag_array initial;
  /// Variances are divided by the number of elements less this.
  double ddof;
} ag_reduce_options;

/// The sum with options.
AG_API ag_array ag_sum_with(ag_context *cx, ag_array x, const ag_reduce_options *options);
/// The product with options.
AG_API ag_array ag_prod_with(ag_context *cx, ag_array x, const ag_reduce_options *options);
/// The largest element with options. Elements that tie share the cotangent equally, the initial value takes half of it.
AG_API ag_array ag_max_with(ag_context *cx, ag_array x, const ag_reduce_options *options);

/// The smallest element with options. Elements that tie share the cotangent equally, the initial value takes half of
/// it.
AG_API ag_array ag_min_with(ag_context *cx, ag_array x, const ag_reduce_options *options);

/// The mean with options.
AG_API ag_array ag_mean_with(ag_context *cx, ag_array x, const ag_reduce_options *options);
/// The variance with options.
AG_API ag_array ag_var_with(ag_context *cx, ag_array x, const ag_reduce_options *options);
/// The standard deviation with options. Of equal elements the derivative is 0.
AG_API ag_array ag_std_with(ag_context *cx, ag_array x, const ag_reduce_options *options);
/// Whether all elements are true (not 0), with options. A plain boolean array.
AG_API ag_array ag_all_with(ag_context *cx, ag_array x, const ag_reduce_options *options);
/// Whether any element is true (not 0), with options. A plain boolean array.
AG_API ag_array ag_any_with(ag_context *cx, ag_array x, const ag_reduce_options *options);

/// log(sum(b exp(x))) over several axes (NULL: all) of what x and the weights b broadcast to, without overflow; with
/// `keepdims` the axes stay, with extent 1. Without weights (the null array) they are 1; an element with weight 0 has
/// no influence on the sum. Elements where the boolean array `mask` is false have no influence at all (the null array:
/// there is no mask). Of nothing, or if the sum is 0, it is -infinity. If the sum is negative, it is NaN; but with
/// `sign` (not NULL) it is the logarithm of the absolute value, and *sign is a plain array of the sums' signs: -1, 0 or
/// 1. Differentiable in x and b; real numbers only.
AG_API ag_array ag_logsumexp_with(ag_context *cx, ag_array x, const int64_t *axes, size_t naxes, bool keepdims,
    ag_array b, ag_array mask, ag_array *sign);

/* ---- Products of vectors, matrices and tensors ------------------------------------------------------------------- */

/// Inner product of vectors, matrix product of matrices; in general the sum over the last axis of `a` and the last but
/// one of `b` (the only one of a vector). Of rank 0: the product.
AG_API ag_array ag_dot(ag_context *cx, ag_array a, ag_array b);

/// Matrix product of the last two axes, the axes before them broadcast; vectors count as a row on the left, a column on
/// the right. Rank 0 is AG_ERR_VALUE.
AG_API ag_array ag_matmul(ag_context *cx, ag_array a, ag_array b);

/// Sum over the last axes of both.
AG_API ag_array ag_inner(ag_context *cx, ag_array a, ag_array b);
/// All products of the elements of `a` with those of `b`: a matrix, of the flattened arrays.
AG_API ag_array ag_outer(ag_context *cx, ag_array a, ag_array b);
/// Sum over the last `naxes` axes of `a` with the first ones of `b`, in order; 0 gives all products.
AG_API ag_array ag_tensordot(ag_context *cx, ag_array a, ag_array b, size_t naxes);

/// Sum over axes_a[i] of `a` with axes_b[i] of `b`: the remaining axes of a, then those of b.
AG_API ag_array ag_tensordot_axes(ag_context *cx, ag_array a, ag_array b, const int64_t *axes_a, const int64_t *axes_b,
    size_t naxes);

/// numpy.einsum: the sum of products over named axes, as in "ij,jk->ik". A letter that occurs twice in one operand is
/// its diagonal ("ii" is the trace); "..." stands for the axes not named, which are broadcast, as axes of extent 1 are.
/// Without "->" the result has the letters that occur once, in alphabetical order, after the axes of "...". Three and
/// more operands are multiplied in the order that costs least.
AG_API ag_array ag_einsum(ag_context *cx, const char *subscripts, const ag_array *operands, size_t n);

/// The Kronecker product: every element of `a` times the whole of `b`, of any ranks.
AG_API ag_array ag_kron(ag_context *cx, ag_array a, ag_array b);
/// The sum of conj(a) b over all elements, which are taken in row-major order. Different sizes are AG_ERR_SHAPE.
AG_API ag_array ag_vdot(ag_context *cx, ag_array a, ag_array b);
/// The sum of conj(a) b along the last axis of both, the other axes broadcast.
AG_API ag_array ag_vecdot(ag_context *cx, ag_array a, ag_array b);
/// The sum of conj(a) b along `axis` of both, the other axes broadcast.
AG_API ag_array ag_vecdot_axis(ag_context *cx, ag_array a, ag_array b, int64_t axis);
/// Matrices of the last two axes of `a` times vectors of the last axis of `b`, the axes before them broadcast.
AG_API ag_array ag_matvec(ag_context *cx, ag_array a, ag_array b);

/// Conjugated vectors of the last axis of `a` times matrices of the last two axes of `b`, the axes before them
/// broadcast.
AG_API ag_array ag_vecmat(ag_context *cx, ag_array a, ag_array b);

/// The cross product of vectors along the last axis, the other axes broadcast. A vector of two components has 0 as its
/// third; if both are such, the result is the third component alone, without the axis.
AG_API ag_array ag_cross(ag_context *cx, ag_array a, ag_array b);

/// The cross product with the components along `axisa` of `a`, `axisb` of `b` and `axisc` of the result.
AG_API ag_array ag_cross_axes(ag_context *cx, ag_array a, ag_array b, int64_t axisa, int64_t axisb, int64_t axisc);

/* ---- Convolutions, correlations, pooling ------------------------------------------------------------------------- */

/// The convolution of two vectors, as numpy.convolve: sums of a[n] v[k - n]. The mode is "full" (wherever the vectors
/// overlap), "same" (its middle, as long as the longer vector) or "valid" (where they overlap completely). Numbers
/// count as vectors of one element; an empty vector is AG_ERR_VALUE.
AG_API ag_array ag_convolve(ag_context *cx, ag_array a, ag_array v, const char *mode);

/// The correlation of two vectors, as numpy.correlate: sums of a[n + k] conj(v[n]); modes as of ag_convolve (NumPy's
/// default is "valid").
AG_API ag_array ag_correlate(ag_context *cx, ag_array a, ag_array v, const char *mode);

/// The convolution over all axes of two arrays of one rank, as scipy.signal.convolve. "full" has extents m + n - 1,
/// "same" those of `a`, and for "valid" one array must be at least as large as the other along every axis.
AG_API ag_array ag_signal_convolve(ag_context *cx, ag_array a, ag_array b, const char *mode);

/// The correlation over all axes of two arrays of one rank, as scipy.signal.correlate: the convolution of `a` with
/// conj(b) read backwards. Modes as of ag_signal_convolve.
AG_API ag_array ag_signal_correlate(ag_context *cx, ag_array a, ag_array b, const char *mode);

/// The convolution over some axes: axes_a[i] of `a` is convolved with axes_b[i] of `b`, the products are summed over
/// dot_a[i] of `a` with dot_b[i] of `b`, and of the remaining axes all combinations are taken. The result has the
/// remaining axes of a, those of b, and the convolved ones. Modes as of ag_signal_convolve.
AG_API ag_array ag_signal_convolve_axes(ag_context *cx, ag_array a, ag_array b, const int64_t *axes_a,
    const int64_t *axes_b, size_t naxes, const int64_t *dot_a, const int64_t *dot_b, size_t ndot, const char *mode);

/// The convolution of neural nets, a sum of x[n, c, i stride + k dilation - padding] w[o, c, k] over c and k (that is,
/// the kernel is not read backwards). x: images (batch, channels, rows, columns); w: kernels (channels of the result,
/// channels of a group, rows, columns); the result: (batch, channels of the result, rows, columns). `stride`, `padding`
/// and `dilation` are two numbers each, for rows and columns, NULL for 1, 0 and 1; padding means so many zeros on
/// either side. With `groups` > 1 the channels are divided: each group of the result sees one group of the images.
AG_API ag_array ag_conv2d(ag_context *cx, ag_array x, ag_array w, const int64_t *stride, const int64_t *padding,
    const int64_t *dilation, int64_t groups);

/// The largest element of a window that moves over the last two axes; NaN if there is one in it. `window`, `stride` and
/// `padding` are two numbers each, for rows and columns; NULL is the window for the stride, 0 for the padding. What
/// lies in the padding never wins. Elements that tie share the cotangent equally.
AG_API ag_array ag_max_pool2d(ag_context *cx, ag_array x, const int64_t *window, const int64_t *stride,
    const int64_t *padding);

/// The mean over a window that moves over the last two axes; arguments as of ag_max_pool2d. What lies in the padding
/// does not count.
AG_API ag_array ag_mean_pool2d(ag_context *cx, ag_array x, const int64_t *window, const int64_t *stride,
    const int64_t *padding);

/* ---- Polynomials: vectors of coefficients, the highest power first ----------------------------------------------- */

/// The values of a polynomial, given by its coefficients (the highest power first), at every element of `x`. A matrix
/// of coefficients has a polynomial in each column, any array one along its first axis: the other axes broadcast with
/// those of `x`, so that column j is evaluated in column j of `x`, and a matrix `x` with one column is evaluated in all
/// of them.
AG_API ag_array ag_polyval(ag_context *cx, ag_array p, ag_array x);

/// The sum of two polynomials.
AG_API ag_array ag_polyadd(ag_context *cx, ag_array a, ag_array b);
/// The difference of two polynomials.
AG_API ag_array ag_polysub(ag_context *cx, ag_array a, ag_array b);
/// The product of two polynomials. Leading zeros stay (NumPy drops them), so that the shape does not depend on values.
AG_API ag_array ag_polymul(ag_context *cx, ag_array a, ag_array b);

/// The quotient of two polynomials, and in *remainder (unless NULL) the remainder. The quotient has as many
/// coefficients as `u` has more than `v`, and one more; the remainder one less than `v`, but one at least. If `u` is
/// shorter than `v`, they are 0 and `u`. (NumPy drops leading zeros of the remainder.) A `v` that begins with 0 gives
/// infinities or NaN.
AG_API ag_array ag_polydiv(ag_context *cx, ag_array u, ag_array v, ag_array *remainder);

/// The polynomial p of degree `deg` that fits data best: the sum of (w (y - p(x)))^2 is least. `x` is a vector of real
/// coordinates, of which more than `deg` are different; `y` has a number for each, or a row of a matrix, whose columns
/// are fitted one by one; `w` a real weight (the null array: all are 1). The result has `deg` + 1 coefficients or rows
/// of them. Differentiable with respect to `x`, `y` and `w`. (Where NumPy warns of too few coordinates, this is an
/// error.)
AG_API ag_array ag_polyfit(ag_context *cx, ag_array x, ag_array y, int64_t deg, ag_array w);

/// The m-th derivative of a polynomial.
AG_API ag_array ag_polyder(ag_context *cx, ag_array p, int64_t m);

/// The m-th integral of a polynomial. `k` has the constants of integration, that of the first integration first: a
/// vector of at least m, one number for all, or the null array for zeros.
AG_API ag_array ag_polyint(ag_context *cx, ag_array p, int64_t m, ag_array k);

/// The matrix with a row of `n` powers for each element of the vector `x`: from the power n - 1 to 0, or from 0 on if
/// `increasing`.
AG_API ag_array ag_vander(ag_context *cx, ag_array x, int64_t n, bool increasing);

/// The coefficients of the polynomial with these roots (a vector) and leading coefficient 1. Of complex roots that come
/// in conjugate pairs they are real.
AG_API ag_array ag_poly(ag_context *cx, ag_array roots);

/* ---- Positions as arrays of integers, and sums of rows that belong together -------------------------------------- */

/// Rows (out[0]) and columns (out[1]) of the places on and above the k-th diagonal of n rows of m columns, in row-major
/// order; plain i64 arrays, for ag_index_items. False on failure.
AG_API bool ag_triu_indices(ag_context *cx, int64_t n, int64_t k, int64_t m, ag_array *out);

/// Rows (out[0]) and columns (out[1]) of the places on and below the k-th diagonal of n rows of m columns, in row-major
/// order; plain i64 arrays. False on failure.
AG_API bool ag_tril_indices(ag_context *cx, int64_t n, int64_t k, int64_t m, ag_array *out);

/// ag_triu_indices for the extents of a matrix.
AG_API bool ag_triu_indices_from(ag_context *cx, ag_array x, int64_t k, ag_array *out);
/// ag_tril_indices for the extents of a matrix.
AG_API bool ag_tril_indices_from(ag_context *cx, ag_array x, int64_t k, ag_array *out);

/// The coordinates of the main diagonal of ndim axes of extent n, along axis i in out[i]: 0 to n - 1 in each, plain i64
/// arrays. False on failure.
AG_API bool ag_diag_indices(ag_context *cx, int64_t n, size_t ndim, ag_array *out);

/// ag_diag_indices for the extents of an array, which are equal: ndim arrays, two at least.
AG_API bool ag_diag_indices_from(ag_context *cx, ag_array x, ag_array *out);

/// The coordinates of all places of a grid: of the shape (ndim, shape...), with those along axis i at position i of the
/// first axis. A plain i64 array.
AG_API ag_array ag_indices(ag_context *cx, const int64_t *shape, size_t ndim);

/// The coordinates, in a grid of a shape, of places in row-major order: those along axis i in out[i], in the shape of
/// `indices`, for all ndim axes; plain i64 arrays. AG_ERR_VALUE for a place that isn't there, also for a negative one.
/// False on failure.
AG_API bool ag_unravel_index(ag_context *cx, ag_array indices, const int64_t *shape, size_t ndim, ag_array *out);

/// The places in row-major order of coordinates in a grid of a shape: coordinates[i] has those along axis i, ndim
/// arrays of integers that broadcast. `mode` is AG_TAKE_RAISE (those outside are AG_ERR_VALUE, negative ones too) to
/// AG_TAKE_CLIP. A plain i64 array.
AG_API ag_array ag_ravel_multi_index(ag_context *cx, const ag_array *coordinates, const int64_t *shape, size_t ndim,
    int32_t mode);

/// The sums of rows that belong together: row i of x is added to row segment_ids[i] of the result, which has
/// num_segments rows; a segment without rows is 0. segment_ids has integers from 0 to num_segments - 1 (AG_ERR_INDEX),
/// in any order, for each place along the first axis of x, or the first axes.
AG_API ag_array ag_segment_sum(ag_context *cx, ag_array x, ag_array segment_ids, int64_t num_segments);

/// The products of rows that belong together, as ag_segment_sum; a segment without rows is 1. The derivative is exact
/// also if elements are 0.
AG_API ag_array ag_segment_prod(ag_context *cx, ag_array x, ag_array segment_ids, int64_t num_segments);

/// The greatest elements of rows that belong together, as ag_segment_sum; a segment without rows is -infinity, of
/// integers the least one. Elements that tie share the cotangent equally.
AG_API ag_array ag_segment_max(ag_context *cx, ag_array x, ag_array segment_ids, int64_t num_segments);

/// The smallest elements of rows that belong together, as ag_segment_sum; a segment without rows is infinity, of
/// integers the greatest one. Elements that tie share the cotangent equally.
AG_API ag_array ag_segment_min(ag_context *cx, ag_array x, ag_array segment_ids, int64_t num_segments);

/// Vectors of positions for indexing a block out of n axes: out[i] is arrays[i] along axis i, with extent 1 along the
/// others, so that ag_index_items with all of them gives the elements where the chosen rows and columns meet. Boolean
/// vectors become the positions where they are true. False on failure.
AG_API bool ag_ix(ag_context *cx, const ag_array *arrays, size_t n, ag_array *out);

/* ---- Changes of shape -------------------------------------------------------------------------------------------- */

/// The elements of x in another shape, in row-major order. One extent may be -1: it follows from the others.
AG_API ag_array ag_reshape(ag_context *cx, ag_array x, const int64_t *shape, size_t ndim);
/// All elements in one axis, in row-major order.
AG_API ag_array ag_ravel(ag_context *cx, ag_array x);
/// The axes in reverse order.
AG_API ag_array ag_transpose(ag_context *cx, ag_array x);
/// The axes in the order given: axis i of the result is axis axes[i] of x.
AG_API ag_array ag_transpose_axes(ag_context *cx, ag_array x, const int64_t *axes, size_t naxes);
/// Two axes exchanged.
AG_API ag_array ag_swapaxes(ag_context *cx, ag_array x, int64_t axis1, int64_t axis2);
/// Repeated along axes of extent 1 and new leading axes, without copies.
AG_API ag_array ag_broadcast_to(ag_context *cx, ag_array x, const int64_t *shape, size_t ndim);
/// A new axis of extent 1, which is axis `axis` of the result.
AG_API ag_array ag_expand_dims(ag_context *cx, ag_array x, int64_t axis);
/// New axes of extent 1, which are the axes `axes` of the result.
AG_API ag_array ag_expand_dims_axes(ag_context *cx, ag_array x, const int64_t *axes, size_t naxes);
/// Without the axes of extent 1.
AG_API ag_array ag_squeeze(ag_context *cx, ag_array x);
/// Without the axes given, which must have extent 1.
AG_API ag_array ag_squeeze_axes(ag_context *cx, ag_array x, const int64_t *axes, size_t naxes);
/// Arrays one after the other along an axis that all of them have.
AG_API ag_array ag_concatenate(ag_context *cx, const ag_array *arrays, size_t n, int64_t axis);
/// Arrays of one shape along a new axis, which is axis `axis` of the result.
AG_API ag_array ag_stack(ag_context *cx, const ag_array *arrays, size_t n, int64_t axis);

/* ---- Elements in another order, or several times ----------------------------------------------------------------- */

/// Axis source[i] becomes axis destination[i], for n axes; the others keep their order.
AG_API ag_array ag_moveaxis(ag_context *cx, ag_array x, const int64_t *source, const int64_t *destination, size_t n);
/// Axis `axis` comes to stand before the axis `start`.
AG_API ag_array ag_rollaxis(ag_context *cx, ag_array x, int64_t axis, int64_t start);
/// A number as an array of one axis; others as they are.
AG_API ag_array ag_atleast_1d(ag_context *cx, ag_array x);
/// Numbers and vectors as matrices of one row; others as they are.
AG_API ag_array ag_atleast_2d(ag_context *cx, ag_array x);
/// At least three axes: a vector becomes (1, n, 1), a matrix (m, n, 1).
AG_API ag_array ag_atleast_3d(ag_context *cx, ag_array x);
/// The last two axes exchanged.
AG_API ag_array ag_matrix_transpose(ag_context *cx, ag_array x);
/// Reversed along every axis: a view.
AG_API ag_array ag_flip(ag_context *cx, ag_array x);
/// Reversed along one axis: a view.
AG_API ag_array ag_flip_axis(ag_context *cx, ag_array x, int64_t axis);
/// Reversed along several axes (NULL: all): a view.
AG_API ag_array ag_flip_axes(ag_context *cx, ag_array x, const int64_t *axes, size_t naxes);
/// Reversed along axis 0.
AG_API ag_array ag_flipud(ag_context *cx, ag_array x);
/// Reversed along axis 1.
AG_API ag_array ag_fliplr(ag_context *cx, ag_array x);
/// Turned k times by 90 degrees, from axis 0 towards axis 1.
AG_API ag_array ag_rot90(ag_context *cx, ag_array x, int64_t k);
/// Turned k times by 90 degrees, from axis1 towards axis2.
AG_API ag_array ag_rot90_axes(ag_context *cx, ag_array x, int64_t k, int64_t axis1, int64_t axis2);
/// The elements moved on by `shift` places in row-major order; what leaves at the end comes in at the beginning.
AG_API ag_array ag_roll(ag_context *cx, ag_array x, int64_t shift);
/// The elements moved on by `shift` places along one axis; what leaves at the end comes in at the beginning.
AG_API ag_array ag_roll_axis(ag_context *cx, ag_array x, int64_t shift, int64_t axis);

/// The elements moved on by shifts[i] places along axes[i], for several axes; what leaves at the end comes in at the
/// beginning.
AG_API ag_array ag_roll_axes(ag_context *cx, ag_array x, const int64_t *shifts, const int64_t *axes, size_t n);

/// The array reps[i] times along axis i; where there are more repetitions than axes, new ones come first, and the other
/// way round.
AG_API ag_array ag_tile(ag_context *cx, ag_array x, const int64_t *reps, size_t n);

/// Each element of the flattened array `count` times.
AG_API ag_array ag_repeat(ag_context *cx, ag_array x, int64_t count);
/// Each entry along an axis `count` times.
AG_API ag_array ag_repeat_axis(ag_context *cx, ag_array x, int64_t count, int64_t axis);
/// Element i of the flattened array counts[i] times (all of them counts[0] times, if n is 1).
AG_API ag_array ag_repeat_counts(ag_context *cx, ag_array x, const int64_t *counts, size_t n);
/// Entry i along an axis counts[i] times (all of them counts[0] times, if n is 1).
AG_API ag_array ag_repeat_counts_axis(ag_context *cx, ag_array x, const int64_t *counts, size_t n, int64_t axis);
/// The elements of x in another shape, both in column-major order (NumPy's order "F"). One extent may be -1.
AG_API ag_array ag_reshape_f(ag_context *cx, ag_array x, const int64_t *shape, size_t ndim);
/// All elements in one axis, in column-major order (NumPy's order "F").
AG_API ag_array ag_ravel_f(ag_context *cx, ag_array x);
/// An array of any shape with the elements of x in row-major order, from the beginning again where there are too few.
AG_API ag_array ag_resize(ag_context *cx, ag_array x, const int64_t *shape, size_t ndim);
/// The flattened array without the elements at n positions.
AG_API ag_array ag_delete(ag_context *cx, ag_array x, const int64_t *positions, size_t n);
/// The array without the entries at n positions along an axis.
AG_API ag_array ag_delete_axis(ag_context *cx, ag_array x, const int64_t *positions, size_t n, int64_t axis);
/// The flattened array with values before n positions: all of them before the only one, or one before each.
AG_API ag_array ag_insert(ag_context *cx, ag_array x, const int64_t *positions, size_t n, ag_array values);

/// The array with values before n positions along an axis: all entries of `values` before the only position, or one
/// before each of several.
AG_API ag_array ag_insert_axis(ag_context *cx, ag_array x, const int64_t *positions, size_t n, ag_array values,
    int64_t axis);

/* ---- Diagonals and triangles ------------------------------------------------------------------------------------- */

/// The main diagonal of the first two axes, as the last axis of the result: a view.
AG_API ag_array ag_diagonal(ag_context *cx, ag_array x);
/// The diagonal `offset` places above the main one (below, if negative) of two axes, as the last axis of the result.
AG_API ag_array ag_diagonal_axes(ag_context *cx, ag_array x, int64_t offset, int64_t axis1, int64_t axis2);

/// Zeros with the last axis of x as such a diagonal: the inverse of ag_diagonal_axes. axis1 and axis2 are axes of the
/// result.
AG_API ag_array ag_make_diagonal(ag_context *cx, ag_array x, int64_t offset, int64_t axis1, int64_t axis2);

/// The k-th diagonal of a matrix, or a matrix with a vector as k-th diagonal and zeros elsewhere.
AG_API ag_array ag_diag(ag_context *cx, ag_array x, int64_t k);
/// A matrix with all elements of x on the k-th diagonal and zeros elsewhere.
AG_API ag_array ag_diagflat(ag_context *cx, ag_array x, int64_t k);
/// The sum of the main diagonal of the first two axes.
AG_API ag_array ag_trace(ag_context *cx, ag_array x);
/// The sum of the diagonal `offset` places above the main one of two axes.
AG_API ag_array ag_trace_axes(ag_context *cx, ag_array x, int64_t offset, int64_t axis1, int64_t axis2);
/// The upper triangle of the last two axes: zeros below the k-th diagonal.
AG_API ag_array ag_triu(ag_context *cx, ag_array x, int64_t k);
/// The lower triangle of the last two axes: zeros above the k-th diagonal.
AG_API ag_array ag_tril(ag_context *cx, ag_array x, int64_t k);

/// x with `values` (flattened, and from the beginning again) on the main diagonal, of all axes if there are more than
/// two. With `wrap` the diagonal begins anew in a matrix with more rows than columns. x itself stays as it is.
AG_API ag_array ag_fill_diagonal(ag_context *cx, ag_array x, ag_array values, bool wrap);

/* ---- Arrays put together and taken apart ------------------------------------------------------------------------- */

/// Rows and matrices one below the other.
AG_API ag_array ag_vstack(ag_context *cx, const ag_array *arrays, size_t n);
/// Arrays one after the other along axis 1, vectors along their only one.
AG_API ag_array ag_hstack(ag_context *cx, const ag_array *arrays, size_t n);
/// Arrays one behind the other, along axis 2.
AG_API ag_array ag_dstack(ag_context *cx, const ag_array *arrays, size_t n);
/// Vectors as columns, and matrices, side by side.
AG_API ag_array ag_column_stack(ag_context *cx, const ag_array *arrays, size_t n);
/// The elements of both, in one axis.
AG_API ag_array ag_append(ag_context *cx, ag_array x, ag_array values);
/// One after the other along an axis.
AG_API ag_array ag_append_axis(ag_context *cx, ag_array x, ag_array values, int64_t axis);

/// A matrix of blocks, row by row: row i has lengths[i] arrays, nrows rows in all. Rows may be of different lengths if
/// their sizes fit.
AG_API ag_array ag_block(ag_context *cx, const ag_array *arrays, const size_t *lengths, size_t nrows);

/// `sections` equal parts along an axis, to out[0] to out[sections - 1]: views. False on failure.
AG_API bool ag_split(ag_context *cx, ag_array x, int64_t sections, int64_t axis, ag_array *out);
/// `sections` parts along an axis, as equal as can be, to out[0] to out[sections - 1]: views. False on failure.
AG_API bool ag_array_split(ag_context *cx, ag_array x, int64_t sections, int64_t axis, ag_array *out);
/// The parts before, between and after n positions along an axis, to out[0] to out[n]: views. False on failure.
AG_API bool ag_split_at(ag_context *cx, ag_array x, const int64_t *positions, size_t n, int64_t axis, ag_array *out);
/// ag_split along axis 0.
AG_API bool ag_vsplit(ag_context *cx, ag_array x, int64_t sections, ag_array *out);
/// ag_split along axis 1, of vectors along their only one.
AG_API bool ag_hsplit(ag_context *cx, ag_array x, int64_t sections, ag_array *out);
/// ag_split along axis 2.
AG_API bool ag_dsplit(ag_context *cx, ag_array x, int64_t sections, ag_array *out);
/// The n entries along an axis, without it, to out[0] to out[n - 1]: views. False on failure, also if there are not n.
AG_API bool ag_unstack(ag_context *cx, ag_array x, int64_t axis, ag_array *out, size_t n);
/// n arrays broadcast together, to out[0] to out[n - 1]: views. False on failure.
AG_API bool ag_broadcast_arrays(ag_context *cx, const ag_array *arrays, size_t n, ag_array *out);

/// Coordinates of a grid from those along each axis, to out[0] to out[n - 1]. Axis i of the grid belongs to arrays[i];
/// without `matrix_indexing` the first two are exchanged, as for pictures (x to the right, y downwards). With `sparse`
/// extents of 1 stay, for broadcasting. False on failure.
AG_API bool ag_meshgrid(ag_context *cx, const ag_array *arrays, size_t n, bool matrix_indexing, bool sparse,
    ag_array *out);

/* ---- Padding ----------------------------------------------------------------------------------------------------- */

#define AG_PAD_ZEROS 0         ///< Zeros.
#define AG_PAD_EDGE 1          ///< The nearest element.
#define AG_PAD_MAXIMUM 2       ///< The greatest element along the axis.
#define AG_PAD_MEAN 3          ///< The mean of the elements along the axis.
#define AG_PAD_MEDIAN 4        ///< The median of the elements along the axis.
#define AG_PAD_MINIMUM 5       ///< The smallest element along the axis.
#define AG_PAD_REFLECT 6       ///< Mirrored at the first and last elements: c b | a b c | b a.
#define AG_PAD_REFLECT_ODD 7   ///< Turned about the first and last elements: mirrored and subtracted from twice these.
#define AG_PAD_SYMMETRIC 8     ///< Mirrored at the borders: b a | a b c | c b.
#define AG_PAD_SYMMETRIC_ODD 9 ///< Mirrored at the borders and subtracted from twice the first and last elements.
#define AG_PAD_WRAP 10         ///< Periodic: b c | a b c | a b.

/// x with new elements around it: widths[2 i] before and widths[2 i + 1] after along axis i, if npairs is the number of
/// axes; with npairs 1 the same for all axes. `mode_code` is AG_PAD_ZEROS to AG_PAD_WRAP.
AG_API ag_array ag_pad(ag_context *cx, ag_array x, const int64_t *widths, size_t npairs, int32_t mode_code);

/// x with new elements around it as by ag_pad, where the maximum, mean, median or minimum is that of the first
/// lengths[2 i] and the last lengths[2 i + 1] elements along axis i only (as many pairs as widths has). Other modes
/// take no notice of the lengths.
AG_API ag_array ag_pad_statistic(ag_context *cx, ag_array x, const int64_t *widths, size_t npairs, int32_t mode_code,
    const int64_t *lengths);

/// x with constants around it, with widths as for ag_pad. The values broadcast to (axes, 2): for each axis those before
/// and after. Differentiable in both.
AG_API ag_array ag_pad_constant(ag_context *cx, ag_array x, const int64_t *widths, size_t npairs, ag_array values);

/// x with lines around it from its edges to end values, with widths as for ag_pad. The end values broadcast to (axes,
/// 2): for each axis those before and after. Differentiable in both.
AG_API ag_array ag_pad_linear_ramp(ag_context *cx, ag_array x, const int64_t *widths, size_t npairs,
    ag_array end_values);

/* ---- Numbers in steps between two ends --------------------------------------------------------------------------- */

/// `num` numbers in equal steps from start to stop (up to but not including it without `endpoint`), along `axis` of the
/// result; start and stop broadcast together. Differentiable in both.
AG_API ag_array ag_linspace_arrays(ag_context *cx, ag_array start, ag_array stop, int64_t num, bool endpoint,
    int64_t axis);

/// The powers of `base` whose exponents ag_linspace_arrays makes.
AG_API ag_array ag_logspace(ag_context *cx, ag_array start, ag_array stop, int64_t num, bool endpoint, double base,
    int64_t axis);

/// `num` numbers from start to stop (up to but not including it without `endpoint`), each the one before times the same
/// factor, along `axis` of the result. Neither end may be 0.
AG_API ag_array ag_geomspace(ag_context *cx, ag_array start, ag_array stop, int64_t num, bool endpoint, int64_t axis);

/* ---- Running sums and products, differences, gradients, integrals ------------------------------------------------ */

/// The sums of the first 1, 2, ... elements in row-major order.
AG_API ag_array ag_cumsum(ag_context *cx, ag_array x);
/// The sums of the first 1, 2, ... elements along one axis.
AG_API ag_array ag_cumsum_axis(ag_context *cx, ag_array x, int64_t axis);
/// The products of the first 1, 2, ... elements in row-major order. The derivative is exact also if some are 0.
AG_API ag_array ag_cumprod(ag_context *cx, ag_array x);
/// The products of the first 1, 2, ... elements along one axis. The derivative is exact also if some are 0.
AG_API ag_array ag_cumprod_axis(ag_context *cx, ag_array x, int64_t axis);
/// The sums of the first 1, 2, ... elements in row-major order, with 0 for NaN.
AG_API ag_array ag_nancumsum(ag_context *cx, ag_array x);
/// The sums of the first 1, 2, ... elements along one axis, with 0 for NaN.
AG_API ag_array ag_nancumsum_axis(ag_context *cx, ag_array x, int64_t axis);
/// The products of the first 1, 2, ... elements in row-major order, with 1 for NaN.
AG_API ag_array ag_nancumprod(ag_context *cx, ag_array x);
/// The products of the first 1, 2, ... elements along one axis, with 1 for NaN.
AG_API ag_array ag_nancumprod_axis(ag_context *cx, ag_array x, int64_t axis);
/// The sums of the first 1, 2, ... elements along an axis; with `include_initial` before them that of none, which is 0.
AG_API ag_array ag_cumulative_sum(ag_context *cx, ag_array x, int64_t axis, bool include_initial);

/// The products of the first 1, 2, ... elements along an axis; with `include_initial` before them that of none, which
/// is 1.
AG_API ag_array ag_cumulative_prod(ag_context *cx, ag_array x, int64_t axis, bool include_initial);

/// The greatest of the first 1, 2, ... elements in row-major order (numpy.maximum.accumulate); NaN from the first NaN
/// on. The derivative goes to the element that is the greatest, of equal ones to the first.
AG_API ag_array ag_cummax(ag_context *cx, ag_array x);

/// The greatest of the first 1, 2, ... elements along one axis; NaN from the first NaN on. The derivative goes to the
/// element that is the greatest, of equal ones to the first.
AG_API ag_array ag_cummax_axis(ag_context *cx, ag_array x, int64_t axis);

/// The smallest of the first 1, 2, ... elements in row-major order (numpy.minimum.accumulate); NaN from the first NaN
/// on. The derivative goes to the element that is the smallest, of equal ones to the first.
AG_API ag_array ag_cummin(ag_context *cx, ag_array x);

/// The smallest of the first 1, 2, ... elements along one axis; NaN from the first NaN on. The derivative goes to the
/// element that is the smallest, of equal ones to the first.
AG_API ag_array ag_cummin_axis(ag_context *cx, ag_array x, int64_t axis);

/// log(sum(exp)) of the first 1, 2, ... elements in row-major order, without overflow; of real numbers. Where all
/// elements so far are -infinity, it is -infinity and the derivative 0.
AG_API ag_array ag_logcumsumexp(ag_context *cx, ag_array x);

/// log(sum(exp)) of the first 1, 2, ... elements along one axis, without overflow; of real numbers. Where all elements
/// so far are -infinity, it is -infinity and the derivative 0.
AG_API ag_array ag_logcumsumexp_axis(ag_context *cx, ag_array x, int64_t axis);

/// The differences of neighbours along an axis, n times. Of booleans: whether they are different.
AG_API ag_array ag_diff(ag_context *cx, ag_array x, int64_t n, int64_t axis);

/// The differences of neighbours along an axis, n times, after `prepend` and `append` were put before and after x. Each
/// may be the null handle.
AG_API ag_array ag_diff_with(ag_context *cx, ag_array x, int64_t n, int64_t axis, ag_array prepend, ag_array append);

/// The differences of neighbours in row-major order.
AG_API ag_array ag_ediff1d(ag_context *cx, ag_array x);

/// The differences of neighbours in row-major order, with to_begin before them and to_end after them. Each may be the
/// null handle.
AG_API ag_array ag_ediff1d_with(ag_context *cx, ag_array x, ag_array to_begin, ag_array to_end);

/// The slopes of samples at distance 1 along each axis, to out[0] to out[ndim - 1]: differences of second order inside,
/// of `edge_order` (1 or 2) at the ends. False on failure.
AG_API bool ag_gradient(ag_context *cx, ag_array x, int64_t edge_order, ag_array *out);

/// The slopes of samples along one axis. `spacing` is their distance, or a vector of their coordinates; differentiable
/// in both.
AG_API ag_array ag_gradient_axis(ag_context *cx, ag_array x, ag_array spacing, int64_t axis, int64_t edge_order);

/// The slopes of samples along n axes, to out[0] to out[n - 1], with spacings[i] along axes[i] as in ag_gradient_axis.
/// False on failure.
AG_API bool ag_gradient_axes(ag_context *cx, ag_array x, const ag_array *spacings, const int64_t *axes, size_t n,
    int64_t edge_order, ag_array *out);

/// The integral of samples along an axis, `dx` apart, by the trapezoidal rule.
AG_API ag_array ag_trapezoid(ag_context *cx, ag_array y, double dx, int64_t axis);

/// The integral of samples along an axis by the trapezoidal rule. They are taken at the coordinates x, a vector or an
/// array that broadcasts with y. Differentiable in both.
AG_API ag_array ag_trapezoid_x(ag_context *cx, ag_array y, ag_array x, int64_t axis);

/// Angles in radians made continuous along the last axis: where neighbours are more than pi apart, whole turns are
/// added.
AG_API ag_array ag_unwrap(ag_context *cx, ag_array x);

/// Angles made continuous along an axis: where neighbours are more than `discont` (at least half a period) apart, whole
/// periods are added.
AG_API ag_array ag_unwrap_axis(ag_context *cx, ag_array x, double discont, int64_t axis, double period);

/* ---- Sorting, partitioning, searching ---------------------------------------------------------------------------- */

/// All elements in ascending order, NaN last; equal ones keep their order. The derivative follows the elements.
AG_API ag_array ag_sort(ag_context *cx, ag_array x);

/// The elements along one axis in ascending order, NaN last; equal ones keep their order. The derivative follows the
/// elements.
AG_API ag_array ag_sort_axis(ag_context *cx, ag_array x, int64_t axis);

/// The positions, in row-major order, of the elements in ascending order; a plain i64 array.
AG_API ag_array ag_argsort(ag_context *cx, ag_array x);
/// The positions along one axis of its elements in ascending order; a plain i64 array.
AG_API ag_array ag_argsort_axis(ag_context *cx, ag_array x, int64_t axis);

/// All elements in an order in which those numbered kths[0] to kths[n - 1] stand where sorting puts them, smaller ones
/// before and greater ones after. In linear time.
AG_API ag_array ag_partition(ag_context *cx, ag_array x, const int64_t *kths, size_t n);

/// The elements along one axis in an order in which those numbered kths[0] to kths[n - 1] stand where sorting puts
/// them, smaller ones before and greater ones after. In linear time.
AG_API ag_array ag_partition_axis(ag_context *cx, ag_array x, const int64_t *kths, size_t n, int64_t axis);

/// The positions, in row-major order, of the elements that ag_partition puts there; a plain i64 array.
AG_API ag_array ag_argpartition(ag_context *cx, ag_array x, const int64_t *kths, size_t n);
/// The positions along one axis of the elements that ag_partition_axis puts there; a plain i64 array.
AG_API ag_array ag_argpartition_axis(ag_context *cx, ag_array x, const int64_t *kths, size_t n, int64_t axis);

/// Where the elements of `values` belong in the sorted vector `sorted`: before those that equal them, or after them
/// with `right`. A plain i64 array.
AG_API ag_array ag_searchsorted(ag_context *cx, ag_array sorted, ag_array values, bool right);

/// The number of the bin that each element lies in, 0 before the first of the edges `bins`, which ascend or descend. A
/// bin has its left edge, with `right` its right one. A plain i64 array.
AG_API ag_array ag_digitize(ag_context *cx, ag_array x, ag_array bins, bool right);

/// The different elements in ascending order. A derivative goes to the first of equal ones.
AG_API ag_array ag_unique(ag_context *cx, ag_array x);

/// The different elements in ascending order, and plain i64 arrays: in *index where each value occurs first in
/// row-major order, in *inverse for each element the number of its value, in *counts how often each value occurs. Each
/// pointer may be NULL. A derivative goes to the first of equal elements.
AG_API ag_array ag_unique_all(ag_context *cx, ag_array x, ag_array *index, ag_array *inverse, ag_array *counts);

/// The k largest elements along the last axis in descending order, and in *indices (unless NULL) their positions along
/// it, a plain i64 array. Of equal elements the earlier one comes first; NaN counts as largest. Derivatives follow the
/// elements.
AG_API ag_array ag_topk(ag_context *cx, ag_array x, int64_t k, ag_array *indices);

/// The k largest elements along an axis in descending order, and in *indices (unless NULL) their positions along it, a
/// plain i64 array. Of equal elements the earlier one comes first; NaN counts as largest. Derivatives follow the
/// elements.
AG_API ag_array ag_topk_axis(ag_context *cx, ag_array x, int64_t k, int64_t axis, ag_array *indices);

/// The positions that put n arrays of one shape in order along their last axis, all together: by the last one, where
/// its elements are equal by the one before it, and so on. A plain i64 array.
AG_API ag_array ag_lexsort(ag_context *cx, const ag_array *keys, size_t n);

/// The positions that put n arrays of one shape in order along an axis, all together: by the last one, where its
/// elements are equal by the one before it, and so on. A plain i64 array.
AG_API ag_array ag_lexsort_axis(ag_context *cx, const ag_array *keys, size_t n, int64_t axis);

/* ---- Medians, quantiles, percentiles ----------------------------------------------------------------------------- */

#define AG_QUANTILE_LINEAR 0                    ///< How a quantile between two elements is made; NumPy's default.
#define AG_QUANTILE_INVERTED_CDF 1              ///< The first element at which the distribution function reaches q.
/// The first element at which the distribution function reaches q, the mean of two where that is exact.
#define AG_QUANTILE_AVERAGED_INVERTED_CDF 2
/// The element whose number is nearest, of two the one with an even number.
#define AG_QUANTILE_CLOSEST_OBSERVATION 3
#define AG_QUANTILE_INTERPOLATED_INVERTED_CDF 4 ///< Lines through the steps of the distribution function.
#define AG_QUANTILE_HAZEN 5                     ///< Lines through the middles of its steps.
#define AG_QUANTILE_WEIBULL 6                   ///< Lines through the elements' expected places.
/// Nearly the median of the quantile's estimates, whatever the distribution.
#define AG_QUANTILE_MEDIAN_UNBIASED 7
#define AG_QUANTILE_NORMAL_UNBIASED 8           ///< Nearly without bias for the normal distribution.
#define AG_QUANTILE_LOWER 9                     ///< The element below.
#define AG_QUANTILE_HIGHER 10                   ///< The element above.
#define AG_QUANTILE_MIDPOINT 11                 ///< The mean of both.
#define AG_QUANTILE_NEAREST 12                  ///< The nearer one.

/// The median of all elements: of an even number the mean of the two in the middle. NaN if there is one.
AG_API ag_array ag_median(ag_context *cx, ag_array x);

/// The median along one axis: of an even number of elements the mean of the two in the middle. NaN where there is one.
/// `keepdims` leaves extent 1.
AG_API ag_array ag_median_axis(ag_context *cx, ag_array x, int64_t axis, bool keepdims);

/// The median along several axes (NULL: all): of an even number of elements the mean of the two in the middle. NaN
/// where there is one. `keepdims` leaves extent 1.
AG_API ag_array ag_median_axes(ag_context *cx, ag_array x, const int64_t *axes, size_t naxes, bool keepdims);

/// The median of all elements but NaN; NaN if there is no other.
AG_API ag_array ag_nanmedian(ag_context *cx, ag_array x);
/// The median of all elements but NaN along one axis; NaN if there is no other. `keepdims` leaves extent 1.
AG_API ag_array ag_nanmedian_axis(ag_context *cx, ag_array x, int64_t axis, bool keepdims);

/// The median of all elements but NaN along several axes (NULL: all); NaN if there is no other. `keepdims` leaves
/// extent 1.
AG_API ag_array ag_nanmedian_axes(ag_context *cx, ag_array x, const int64_t *axes, size_t naxes, bool keepdims);

/// The q-quantile of all elements, q from 0 to 1, by lines between neighbours. NaN if there is one.
AG_API ag_array ag_quantile(ag_context *cx, ag_array x, double q);

/// The q-quantile along one axis, q from 0 to 1, by a method of AG_QUANTILE_LINEAR to AG_QUANTILE_NEAREST. NaN where
/// there is one. `keepdims` leaves extent 1.
AG_API ag_array ag_quantile_axis(ag_context *cx, ag_array x, double q, int64_t axis, int32_t method, bool keepdims);

/// The q-quantile along several axes (NULL: all), q from 0 to 1, by a method of AG_QUANTILE_LINEAR to
/// AG_QUANTILE_NEAREST. NaN where there is one. `keepdims` leaves extent 1.
AG_API ag_array ag_quantile_axes(ag_context *cx, ag_array x, double q, const int64_t *axes, size_t naxes,
    int32_t method, bool keepdims);

/// Several quantiles along several axes (NULL: all), in a new first axis of extent nq.
AG_API ag_array ag_quantiles_axes(ag_context *cx, ag_array x, const double *q, size_t nq, const int64_t *axes,
    size_t naxes, int32_t method, bool keepdims);

/// The q-th percentile of all elements, q from 0 to 100, by lines between neighbours. NaN if there is one.
AG_API ag_array ag_percentile(ag_context *cx, ag_array x, double q);

/// The q-th percentile along one axis, q from 0 to 100, by a method of AG_QUANTILE_LINEAR to AG_QUANTILE_NEAREST. NaN
/// where there is one. `keepdims` leaves extent 1.
AG_API ag_array ag_percentile_axis(ag_context *cx, ag_array x, double q, int64_t axis, int32_t method, bool keepdims);

/// The q-th percentile along several axes (NULL: all), q from 0 to 100, by a method of AG_QUANTILE_LINEAR to
/// AG_QUANTILE_NEAREST. NaN where there is one. `keepdims` leaves extent 1.
AG_API ag_array ag_percentile_axes(ag_context *cx, ag_array x, double q, const int64_t *axes, size_t naxes,
    int32_t method, bool keepdims);

/// Several percentiles along several axes (NULL: all), in a new first axis of extent nq.
AG_API ag_array ag_percentiles_axes(ag_context *cx, ag_array x, const double *q, size_t nq, const int64_t *axes,
    size_t naxes, int32_t method, bool keepdims);

/// The q-quantile of all elements but NaN; NaN if there is no other.
AG_API ag_array ag_nanquantile(ag_context *cx, ag_array x, double q);

/// The q-quantile of all elements but NaN along one axis, q from 0 to 1, by a method of AG_QUANTILE_LINEAR to
/// AG_QUANTILE_NEAREST. NaN if there is no other. `keepdims` leaves extent 1.
AG_API ag_array ag_nanquantile_axis(ag_context *cx, ag_array x, double q, int64_t axis, int32_t method, bool keepdims);

/// The q-quantile of all elements but NaN along several axes (NULL: all), q from 0 to 1, by a method of
/// AG_QUANTILE_LINEAR to AG_QUANTILE_NEAREST. NaN if there is no other. `keepdims` leaves extent 1.
AG_API ag_array ag_nanquantile_axes(ag_context *cx, ag_array x, double q, const int64_t *axes, size_t naxes,
    int32_t method, bool keepdims);

/// Several quantiles along several axes (NULL: all), in a new first axis of extent nq.
AG_API ag_array ag_nanquantiles_axes(ag_context *cx, ag_array x, const double *q, size_t nq, const int64_t *axes,
    size_t naxes, int32_t method, bool keepdims);

/// The q-th percentile of all elements but NaN; NaN if there is no other.
AG_API ag_array ag_nanpercentile(ag_context *cx, ag_array x, double q);

/// The q-th percentile of all elements but NaN along one axis, q from 0 to 100, by a method of AG_QUANTILE_LINEAR to
/// AG_QUANTILE_NEAREST. NaN if there is no other. `keepdims` leaves extent 1.
AG_API ag_array ag_nanpercentile_axis(ag_context *cx, ag_array x, double q, int64_t axis, int32_t method,
    bool keepdims);

/// The q-th percentile of all elements but NaN along several axes (NULL: all), q from 0 to 100, by a method of
/// AG_QUANTILE_LINEAR to AG_QUANTILE_NEAREST. NaN if there is no other. `keepdims` leaves extent 1.
AG_API ag_array ag_nanpercentile_axes(ag_context *cx, ag_array x, double q, const int64_t *axes, size_t naxes,
    int32_t method, bool keepdims);

/// Several percentiles along several axes (NULL: all), in a new first axis of extent nq.
AG_API ag_array ag_nanpercentiles_axes(ag_context *cx, ag_array x, const double *q, size_t nq, const int64_t *axes,
    size_t naxes, int32_t method, bool keepdims);

/* ---- Reductions that leave NaN out ------------------------------------------------------------------------------- */

/// The sum of all elements but NaN, by which the derivative is 0.
AG_API ag_array ag_nansum(ag_context *cx, ag_array x);
/// The sum of all elements but NaN along one axis; the derivative by these is 0. `keepdims` leaves extent 1.
AG_API ag_array ag_nansum_axis(ag_context *cx, ag_array x, int64_t axis, bool keepdims);

/// The sum of all elements but NaN along several axes (NULL: all); the derivative by these is 0. `keepdims` leaves
/// extent 1.
AG_API ag_array ag_nansum_axes(ag_context *cx, ag_array x, const int64_t *axes, size_t naxes, bool keepdims);

/// The product of all elements but NaN.
AG_API ag_array ag_nanprod(ag_context *cx, ag_array x);
/// The product of all elements but NaN along one axis; the derivative by these is 0. `keepdims` leaves extent 1.
AG_API ag_array ag_nanprod_axis(ag_context *cx, ag_array x, int64_t axis, bool keepdims);

/// The product of all elements but NaN along several axes (NULL: all); the derivative by these is 0. `keepdims` leaves
/// extent 1.
AG_API ag_array ag_nanprod_axes(ag_context *cx, ag_array x, const int64_t *axes, size_t naxes, bool keepdims);

/// The mean of all elements but NaN; NaN if there is no other.
AG_API ag_array ag_nanmean(ag_context *cx, ag_array x);
/// The mean of all elements but NaN along one axis; NaN if there is no other. `keepdims` leaves extent 1.
AG_API ag_array ag_nanmean_axis(ag_context *cx, ag_array x, int64_t axis, bool keepdims);

/// The mean of all elements but NaN along several axes (NULL: all); NaN if there is no other. `keepdims` leaves extent
/// 1.
AG_API ag_array ag_nanmean_axes(ag_context *cx, ag_array x, const int64_t *axes, size_t naxes, bool keepdims);

/// The greatest of all elements but NaN; NaN if there is no other. Ties share the cotangent equally.
AG_API ag_array ag_nanmax(ag_context *cx, ag_array x);

/// The greatest of all elements but NaN along one axis; NaN if there is no other. Ties share the cotangent equally.
/// `keepdims` leaves extent 1.
AG_API ag_array ag_nanmax_axis(ag_context *cx, ag_array x, int64_t axis, bool keepdims);

/// The greatest of all elements but NaN along several axes (NULL: all); NaN if there is no other. Ties share the
/// cotangent equally. `keepdims` leaves extent 1.
AG_API ag_array ag_nanmax_axes(ag_context *cx, ag_array x, const int64_t *axes, size_t naxes, bool keepdims);

/// The smallest of all elements but NaN; NaN if there is no other. Ties share the cotangent equally.
AG_API ag_array ag_nanmin(ag_context *cx, ag_array x);

/// The smallest of all elements but NaN along one axis; NaN if there is no other. Ties share the cotangent equally.
/// `keepdims` leaves extent 1.
AG_API ag_array ag_nanmin_axis(ag_context *cx, ag_array x, int64_t axis, bool keepdims);

/// The smallest of all elements but NaN along several axes (NULL: all); NaN if there is no other. Ties share the
/// cotangent equally. `keepdims` leaves extent 1.
AG_API ag_array ag_nanmin_axes(ag_context *cx, ag_array x, const int64_t *axes, size_t naxes, bool keepdims);

/// The variance of all elements but NaN. ag_nanvar_axis and ag_nanvar_axes divide by n - ddof, and give NaN where that
/// is not positive.
AG_API ag_array ag_nanvar(ag_context *cx, ag_array x);

/// The variance of all elements but NaN along one axis, from squares divided by n - ddof; NaN where that is not
/// positive. `keepdims` leaves extent 1.
AG_API ag_array ag_nanvar_axis(ag_context *cx, ag_array x, int64_t axis, double ddof, bool keepdims);

/// The variance of all elements but NaN along several axes (NULL: all), from squares divided by n - ddof; NaN where
/// that is not positive. `keepdims` leaves extent 1.
AG_API ag_array ag_nanvar_axes(ag_context *cx, ag_array x, const int64_t *axes, size_t naxes, double ddof,
    bool keepdims);

/// The standard deviation of all elements but NaN. Of equal elements the derivative is 0.
AG_API ag_array ag_nanstd(ag_context *cx, ag_array x);

/// The standard deviation of all elements but NaN along one axis, from squares divided by n - ddof; NaN where that is
/// not positive. Of equal elements the derivative is 0. `keepdims` leaves extent 1.
AG_API ag_array ag_nanstd_axis(ag_context *cx, ag_array x, int64_t axis, double ddof, bool keepdims);

/// The standard deviation of all elements but NaN along several axes (NULL: all), from squares divided by n - ddof; NaN
/// where that is not positive. Of equal elements the derivative is 0. `keepdims` leaves extent 1.
AG_API ag_array ag_nanstd_axes(ag_context *cx, ag_array x, const int64_t *axes, size_t naxes, double ddof,
    bool keepdims);

/// How many elements are not 0; a plain i64 array.
AG_API ag_array ag_count_nonzero(ag_context *cx, ag_array x);
/// How many elements are not 0, along one axis: a plain i64 array. `keepdims` leaves extent 1.
AG_API ag_array ag_count_nonzero_axis(ag_context *cx, ag_array x, int64_t axis, bool keepdims);
/// How many elements are not 0, along several axes (NULL: all): a plain i64 array. `keepdims` leaves extent 1.
AG_API ag_array ag_count_nonzero_axes(ag_context *cx, ag_array x, const int64_t *axes, size_t naxes, bool keepdims);

/// The position of the first greatest element that is not NaN, in row-major order; a plain i64 array of rank 0. Of
/// nothing but NaN AG_ERR_VALUE.
AG_API ag_array ag_nanargmax(ag_context *cx, ag_array x);

/// The positions of the first greatest elements that are not NaN along one axis; with `keepdims` it stays, with extent
/// 1.
AG_API ag_array ag_nanargmax_axis(ag_context *cx, ag_array x, int64_t axis, bool keepdims);

/// The position of the first smallest element that is not NaN, in row-major order; a plain i64 array of rank 0. Of
/// nothing but NaN AG_ERR_VALUE.
AG_API ag_array ag_nanargmin(ag_context *cx, ag_array x);

/// The positions of the first smallest elements that are not NaN along one axis; with `keepdims` it stays, with extent
/// 1.
AG_API ag_array ag_nanargmin_axis(ag_context *cx, ag_array x, int64_t axis, bool keepdims);

/* ---- Statistics of samples, counts in bins, interpolation -------------------------------------------------------- */

/// The greatest element less the smallest one.
AG_API ag_array ag_ptp(ag_context *cx, ag_array x);
/// The greatest element less the smallest one along one axis. `keepdims` leaves extent 1.
AG_API ag_array ag_ptp_axis(ag_context *cx, ag_array x, int64_t axis, bool keepdims);
/// The greatest element less the smallest one along several axes (NULL: all). `keepdims` leaves extent 1.
AG_API ag_array ag_ptp_axes(ag_context *cx, ag_array x, const int64_t *axes, size_t naxes, bool keepdims);

/// The mean of all elements with weights of the same shape, or all alike if they are the null handle. Differentiable in
/// both.
AG_API ag_array ag_average(ag_context *cx, ag_array x, ag_array weights);

/// The mean along one axis with weights: a vector along it, or of the shape of x, or the null handle for all alike.
/// Differentiable in both. `keepdims` leaves extent 1.
AG_API ag_array ag_average_axis(ag_context *cx, ag_array x, ag_array weights, int64_t axis, bool keepdims);

/// The mean along several axes (NULL: all) with weights: of the shape of x, or with these axes alone, in the order
/// given, or the null handle for all alike. Differentiable in both. With `keepdims` the axes stay, with extent 1.
AG_API ag_array ag_average_axes(ag_context *cx, ag_array x, ag_array weights, const int64_t *axes, size_t naxes,
    bool keepdims);

/// The covariances of variables, in the rows of x (`rowvar`) or its columns: sums of products divided by n - 1.
AG_API ag_array ag_cov(ag_context *cx, ag_array x, bool rowvar);

/// The covariances of variables, in the rows (`rowvar`) or the columns of x and then of y, divided by n - ddof.
/// `fweights` says how often each observation was made, `aweights` how much it counts. y and both weights may be the
/// null handle. Differentiable in all but fweights.
AG_API ag_array ag_cov_with(ag_context *cx, ag_array x, ag_array y, bool rowvar, double ddof, ag_array fweights,
    ag_array aweights);

/// The correlation coefficients of variables, in the rows (`rowvar`) or the columns of x and then of y, which may be
/// the null handle.
AG_API ag_array ag_corrcoef(ag_context *cx, ag_array x, ag_array y, bool rowvar);

/// How often each of the numbers 0, 1, ... occurs in a vector of integers, at least `minlength` of them; with weights
/// (null handle: none) the sums of those that go with each, differentiable in the weights.
AG_API ag_array ag_bincount(ag_context *cx, ag_array x, ag_array weights, int64_t minlength);

/// How many elements lie in each of `bins` equal bins over the range of the elements; the last bin has both its edges.
/// The edges, one more than bins, go to *edges, which may be NULL.
AG_API ag_array ag_histogram(ag_context *cx, ag_array x, int64_t bins, ag_array *edges);

/// How many elements lie in each of `bins` equal bins from `low` to `high`; the last bin has both its edges. With
/// weights of the shape of x (null handle: none) the sums of those in each bin, differentiable in the weights; with
/// `density` divided by the total and by the bins' width. The edges, one more than bins, go to *edges, which may be
/// NULL.
AG_API ag_array ag_histogram_range(ag_context *cx, ag_array x, int64_t bins, double low, double high, ag_array weights,
    bool density, ag_array *edges);

/// How many elements lie in each bin between the edges given, which ascend; the last bin has both its edges. With
/// weights of the shape of x (null handle: none) the sums of those in each bin, differentiable in the weights; with
/// `density` divided by the total and by the bins' width.
AG_API ag_array ag_histogram_edges(ag_context *cx, ag_array x, ag_array edges, ag_array weights, bool density);

/// The broken line through the samples fp at the ascending coordinates xp, at each of x; constant outside.
/// Differentiable in all three; at a sample the slope is that of the part to its right.
AG_API ag_array ag_interp(ag_context *cx, ag_array x, ag_array xp, ag_array fp);

/// The broken line of ag_interp, with numbers for what lies to the left and to the right (null handles: those of the
/// first and last samples). It is periodic if `period` is not 0: then the samples need no order, and left and right
/// have no say.
AG_API ag_array ag_interp_with(ag_context *cx, ag_array x, ag_array xp, ag_array fp, ag_array left, ag_array right,
    double period);

/* ---- Choices that depend on conditions, on numbers, on bounds ---------------------------------------------------- */

/// x where the condition holds (is not 0), else y, with broadcasting. What isn't chosen has no influence on the value,
/// and a zero derivative, NaN or not.
AG_API ag_array ag_where(ag_context *cx, ag_array condition, ag_array x, ag_array y);

/// x where the condition holds, else the number y, see ag_where. In the precision of x.
AG_API ag_array ag_where_scalar(ag_context *cx, ag_array condition, ag_array x, double y);
/// The number x where the condition holds, else y, see ag_where. In the precision of y.
AG_API ag_array ag_rwhere_scalar(ag_context *cx, ag_array condition, double x, ag_array y);

/// x limited to [low, high]; an infinite bound is none. Integers stay integers between whole bounds. The derivative is
/// 0 outside and at the bounds.
AG_API ag_array ag_clip(ag_context *cx, ag_array x, double low, double high);

/// Each element from the one of n arrays whose number stands in its place in `numbers`; all of them broadcast. `mode`
/// is AG_TAKE_RAISE (numbers outside are AG_ERR_VALUE, negative ones too) to AG_TAKE_CLIP.
AG_API ag_array ag_choose(ag_context *cx, ag_array numbers, const ag_array *choices, size_t n, int32_t mode);

/// Each element from values[i] for the first i whose condition holds there, else from `otherwise`: n conditions
/// (boolean) and n values; all of them broadcast.
AG_API ag_array ag_select(ag_context *cx, const ag_array *conditions, const ag_array *values, size_t n,
    ag_array otherwise);

/// A function of x in pieces: where conditions[i] holds, values[i], of several the last one; elsewhere values[n], if
/// there are n + 1 values, or 0. Conditions and values broadcast to the shape of x; compute values from x for
/// derivatives by x.
AG_API ag_array ag_piecewise(ag_context *cx, ag_array x, const ag_array *conditions, size_t n, const ag_array *values,
    size_t nvalues);

/* ---- Elements picked, and put, by position or by a mask ---------------------------------------------------------- */

#define AG_TAKE_RAISE 0 ///< Positions outside of an axis are errors (AG_ERR_INDEX); negative ones count from the end.
#define AG_TAKE_WRAP 1  ///< Positions outside of an axis begin anew.
#define AG_TAKE_CLIP 2  ///< Positions outside of an axis become the first or the last one.

/// The elements at row-major positions, in the shape of the array of integers `indices`. `mode` is AG_TAKE_RAISE to
/// AG_TAKE_CLIP.
AG_API ag_array ag_take(ag_context *cx, ag_array x, ag_array indices, int32_t mode);

/// The entries at positions along an axis; the axes of `indices` take its place.
AG_API ag_array ag_take_axis(ag_context *cx, ag_array x, ag_array indices, int64_t axis, int32_t mode);

/// For each line along an axis the elements at positions of its own, as ag_argsort_axis and its kin give them; the
/// other axes of both arrays broadcast.
AG_API ag_array ag_take_along_axis(ag_context *cx, ag_array x, ag_array indices, int64_t axis);

/// The elements for which the condition holds, in one axis; both are read in row-major order.
AG_API ag_array ag_extract(ag_context *cx, ag_array condition, ag_array x);
/// The elements of the flattened array for which the condition, a vector, holds.
AG_API ag_array ag_compress(ag_context *cx, ag_array condition, ag_array x);
/// The entries along an axis for which the condition, a vector, holds.
AG_API ag_array ag_compress_axis(ag_context *cx, ag_array condition, ag_array x, int64_t axis);
/// x with values at such places; of values for the same place the last one stays. x itself stays as it is.
AG_API ag_array ag_put_along_axis(ag_context *cx, ag_array x, ag_array indices, ag_array values, int64_t axis);

/// x with `values` at the row-major positions `indices`, in their order and from the beginning again if there are
/// fewer; of several values for one place the last one stays. No values change nothing. `mode` is AG_TAKE_RAISE to
/// AG_TAKE_CLIP. x itself stays as it is. Differentiable in x and values.
AG_API ag_array ag_put(ag_context *cx, ag_array x, ag_array indices, ag_array values, int32_t mode);

/// x with the first of `values` in the first place where the mask holds, the second one in the second place, and so on,
/// from the beginning again if there are fewer. The mask has as many elements as x. x itself stays as it is.
/// Differentiable in x and values.
AG_API ag_array ag_place(ag_context *cx, ag_array x, ag_array mask, ag_array values);

/// x with values where the mask holds: at the i-th place in row-major order values[i], from the beginning again if
/// there are fewer than x has elements. No values change nothing. The mask has as many elements as x. x itself stays as
/// it is. Differentiable in x and values.
AG_API ag_array ag_putmask(ag_context *cx, ag_array x, ag_array mask, ag_array values);

/* ---- Where elements are not 0 ------------------------------------------------------------------------------------ */

/// The row-major positions of the elements that are not 0; a plain i64 array.
AG_API ag_array ag_flatnonzero(ag_context *cx, ag_array x);

/// The coordinates of the elements that are not 0, along axis i in out[i], for all ndim axes; plain i64 arrays. False
/// on failure.
AG_API bool ag_nonzero(ag_context *cx, ag_array x, ag_array *out);

/// The coordinates of the elements that are not 0, a row for each; a plain i64 array.
AG_API ag_array ag_argwhere(ag_context *cx, ag_array x);

/// The smallest part of x with all its elements that are not 0: zeros before the first one (with `front`) and after the
/// last one (with `back`) are left out, along every axis. Nothing of an array of zeros is left.
AG_API ag_array ag_trim_zeros(ag_context *cx, ag_array x, bool front, bool back);

/// The smallest part of x along some axes with all its elements that are not 0; the other axes stay whole. Zeros before
/// the first such element (with `front`) and after the last one (with `back`) are left out.
AG_API ag_array ag_trim_zeros_axes(ag_context *cx, ag_array x, bool front, bool back, const int64_t *axes,
    size_t naxes);

/* ---- Indexing, as text and as a list of items -------------------------------------------------------------------- */

#define AG_NONE INT64_MIN ///< An absent start, stop or step.

#define AG_INDEX_INT 0      ///< An integer, in `start`: the axis goes.
#define AG_INDEX_SLICE 1    ///< start:stop:step, each of which may be AG_NONE.
#define AG_INDEX_NEWAXIS 2  ///< A new axis of extent 1.
#define AG_INDEX_ELLIPSIS 3 ///< As many whole axes as are needed.
#define AG_INDEX_ARRAY 4    ///< An array of integers, or a boolean mask, in `array`.

/// One entry of an index.
typedef struct ag_index_item {
  /// AG_INDEX_INT to AG_INDEX_ARRAY.
  int32_t kind;
  int64_t start;
  int64_t stop;
  int64_t step;
  ag_array array;
} ag_index_item;

/// x[index] in NumPy's notation, without brackets: "3, :, 2:4, ..., ::-1, None". A view, where no copy is needed. Lists
/// of positions and masks are items: ag_index_array, ag_index_items.
AG_API ag_array ag_index(ag_context *cx, ag_array x, const char *index);

/// The array that x would be after x[index] = values, which are broadcast.
AG_API ag_array ag_index_set(ag_context *cx, ag_array x, const char *index, ag_array values);
/// The array that x would be after x[index] += values, which are broadcast.
AG_API ag_array ag_index_add(ag_context *cx, ag_array x, const char *index, ag_array values);

/// x[items], with integer and boolean index arrays as in NumPy: they are broadcast together, and their axes stand where
/// the first of them stood if they are side by side, else in front.
AG_API ag_array ag_index_items(ag_context *cx, ag_array x, const ag_index_item *items, size_t nitems);

/// The array that x would be after x[items] = values. Of several values for one place the last one stays.
AG_API ag_array ag_index_items_set(ag_context *cx, ag_array x, const ag_index_item *items, size_t nitems,
    ag_array values);

/// x with values added at items; a place that occurs several times gets all of its values.
AG_API ag_array ag_index_items_add(ag_context *cx, ag_array x, const ag_index_item *items, size_t nitems,
    ag_array values);

/// x[index] with one array of integers, or one boolean mask, for the first axis (the first axes).
AG_API ag_array ag_index_array(ag_context *cx, ag_array x, ag_array index);

/// The array that x would be after x[index] *= values; values are broadcast, and a place that occurs several times gets
/// all of its values (numpy.multiply.at).
AG_API ag_array ag_index_mul(ag_context *cx, ag_array x, const char *index, ag_array values);

/// The array that x would be after x[items] *= values; values are broadcast, and a place that occurs several times gets
/// all of its values (numpy.multiply.at).
AG_API ag_array ag_index_items_mul(ag_context *cx, ag_array x, const ag_index_item *items, size_t nitems,
    ag_array values);

/// The array that x would be after x[index] = maximum(x[index], values); values are broadcast, and a place that occurs
/// several times gets all of its values (numpy.maximum.at). Where several attain it, they share the cotangent.
AG_API ag_array ag_index_max(ag_context *cx, ag_array x, const char *index, ag_array values);

/// The array that x would be after x[items] = maximum(x[items], values); values are broadcast, and a place that occurs
/// several times gets all of its values (numpy.maximum.at). Where several attain it, they share the cotangent.
AG_API ag_array ag_index_items_max(ag_context *cx, ag_array x, const ag_index_item *items, size_t nitems,
    ag_array values);

/// The array that x would be after x[index] = minimum(x[index], values); values are broadcast, and a place that occurs
/// several times gets all of its values (numpy.minimum.at). Where several attain it, they share the cotangent.
AG_API ag_array ag_index_min(ag_context *cx, ag_array x, const char *index, ag_array values);

/// The array that x would be after x[items] = minimum(x[items], values); values are broadcast, and a place that occurs
/// several times gets all of its values (numpy.minimum.at). Where several attain it, they share the cotangent.
AG_API ag_array ag_index_items_min(ag_context *cx, ag_array x, const ag_index_item *items, size_t nitems,
    ag_array values);

/* ---- Tapes by hand ----------------------------------------------------------------------------------------------- */

/// Begins a tape: what is computed from arrays boxed on it is recorded. Tapes nest; gradients taken on the inner one
/// are recorded on the outer one. It ends with ag_tape_end or with the scope in which it was begun; but a callback must
/// end the tapes that it begins, or it fails with AG_ERR_TAPE: a tape forgotten there would not be found otherwise.
AG_API ag_tape ag_tape_begin(ag_context *cx);

/// `x` as an input of the tape, to take derivatives with respect to. Integers become f64.
AG_API ag_array ag_box(ag_context *cx, ag_tape tape, ag_array x);

/// The gradient of `y`, real and with one element, with respect to `x`, which is recorded on the tape (boxed, or
/// computed there). Zeros, and ag_independent, if y does not depend on x. May be called any number of times.
AG_API ag_array ag_tape_grad(ag_context *cx, ag_tape tape, ag_array y, ag_array x);

/// The gradients of `y` with respect to several arrays at once: grads[i] for xs[i], one sweep for all.
AG_API void ag_tape_grads(ag_context *cx, ag_tape tape, ag_array y, const ag_array *xs, size_t nxs, ag_array *grads);

/// The vector-Jacobian product: cotangents of xs for the cotangent `g` of y, which has the shape of y.
AG_API void ag_tape_vjp(ag_context *cx, ag_tape tape, ag_array y, ag_array g, const ag_array *xs, size_t nxs,
    ag_array *grads);

/// Ends a tape. Arrays recorded on it become plain ones. Works while an error is pending. A callback cannot end a tape
/// that was begun outside of it. Also ends what ag_make_vjp returned.
AG_API void ag_tape_end(ag_context *cx, ag_tape tape);

/// How many nodes the tape has; 0 on error.
AG_API size_t ag_tape_length(ag_context *cx, ag_tape tape);

/* ---- Functions of the caller's ----------------------------------------------------------------------------------- */

/// A function of arrays: args[0] to args[nargs - 1] are borrowed for the call, the result escapes by itself, everything
/// else that was made is released at the end. It fails with `return ag_raise(cx, ...)`. It may call every function of
/// the library but ag_context_free, and must not throw or longjmp.
typedef ag_array (*ag_function)(ag_context *cx, const ag_array *args, size_t nargs, void *user);

/// A function with several results: writes results[0] to results[nresults - 1]. Returns 0, or an error code (raised for
/// it if it hasn't done so itself).
typedef int32_t (*ag_multi_function)(ag_context *cx, const ag_array *args, size_t nargs, ag_array *results,
    size_t nresults, void *user);

/* ---- Gradients and derivatives of functions ---------------------------------------------------------------------- */

/// The gradient of a function with real result of one element, with respect to args[argnum]: an array of its shape.
AG_API ag_array ag_grad(ag_context *cx, ag_function f, void *user, const ag_array *args, size_t nargs, size_t argnum);

/// The value of a function, and its gradient with respect to args[argnum] in *gradient. Computed together, for little
/// more than the gradient alone.
AG_API ag_array ag_value_and_grad(ag_context *cx, ag_function f, void *user, const ag_array *args, size_t nargs,
    size_t argnum, ag_array *gradient);

/// The value of a function, and its gradients with respect to args[argnums[i]] in gradients[i], from one sweep. argnums
/// NULL: with respect to all arguments, nargs of them (nargnums is ignored).
AG_API ag_array ag_value_and_grads(ag_context *cx, ag_function f, void *user, const ag_array *args, size_t nargs,
    const size_t *argnums, size_t nargnums, ag_array *gradients);

/// The gradient of the first result of a function with respect to args[argnum], and its other results: the function has
/// naux + 1 results, of which the first is real and has one element. results[0] to results[naux] are the values.
AG_API ag_array ag_grad_and_aux(ag_context *cx, ag_multi_function f, void *user, const ag_array *args, size_t nargs,
    size_t argnum, size_t naux, ag_array *results);

/// The gradient of the sum of a function's elements with respect to args[argnum]: its derivative, for a function that
/// works element by element. The result has the shape of the argument.
AG_API ag_array ag_elementwise_grad(ag_context *cx, ag_function f, void *user, const ag_array *args, size_t nargs,
    size_t argnum);

/// f'(z) of a holomorphic function of complex args[argnum].
AG_API ag_array ag_holomorphic_grad(ag_context *cx, ag_function f, void *user, const ag_array *args, size_t nargs,
    size_t argnum);

/// The derivative of a function of a number, or of one that works element by element, with respect to args[argnum], in
/// forward mode.
AG_API ag_array ag_deriv(ag_context *cx, ag_function f, void *user, const ag_array *args, size_t nargs, size_t argnum);

/* ---- Jacobians and Hessians, whole or multiplied by something ---------------------------------------------------- */

/// The Jacobian with respect to args[argnum]: shape of the result, then shape of the argument. Its rows are one sweep
/// with many cotangents at a time; where a real argument has by far fewer elements than the result, its columns are one
/// forward pass instead, for which `f` is called again. ag_jacobian_reverse and ag_jacobian_forward do the one or the
/// other.
AG_API ag_array ag_jacobian(ag_context *cx, ag_function f, void *user, const ag_array *args, size_t nargs,
    size_t argnum);

/// The Jacobian with respect to args[argnum], as ag_jacobian, in reverse mode whatever the shapes are.
AG_API ag_array ag_jacobian_reverse(ag_context *cx, ag_function f, void *user, const ag_array *args, size_t nargs,
    size_t argnum);

/// The Jacobian with respect to args[argnum], as ag_jacobian, in forward mode whatever the shapes are: a pass with many
/// tangents at a time. Complex arguments are differentiated along the real axis.
AG_API ag_array ag_jacobian_forward(ag_context *cx, ag_function f, void *user, const ag_array *args, size_t nargs,
    size_t argnum);

/// The Hessian with respect to args[argnum]: shape of the result, then twice the shape of the argument. For real
/// arguments one forward pass through the gradient with many tangents at a time.
AG_API ag_array ag_hessian(ag_context *cx, ag_function f, void *user, const ag_array *args, size_t nargs,
    size_t argnum);

/// The Hessian with respect to args[argnum] times `v`, which has the shape of the argument; costs a few evaluations of
/// the function and never forms the Hessian.
AG_API ag_array ag_hvp(ag_context *cx, ag_function f, void *user, const ag_array *args, size_t nargs, size_t argnum,
    ag_array v);

/// The Hessian with respect to all arguments together, times vs[0] to vs[nargs - 1]; results in hvs.
AG_API void ag_hvps(ag_context *cx, ag_function f, void *user, const ag_array *args, size_t nargs, const ag_array *vs,
    ag_array *hvs);

/// A tensor contracted with the Jacobian with respect to args[argnum], over all axes of the tensor: they have the
/// extents of the first axes of the result, or of all (a tensor of rank 0 is a factor). Shape: the remaining axes of
/// the result, then those of the argument. For arrays only: the axes of a tree's leaves have nothing in common
/// (products with trees are those of ag_tree_make_vjp).
AG_API ag_array ag_tensor_jacobian_product(ag_context *cx, ag_function f, void *user, const ag_array *args,
    size_t nargs, size_t argnum, ag_array tensor);

/// A tensor contracted with the Hessian with respect to args[argnum] over the first axes of the argument, whose shape
/// the tensor has. Shape: the remaining axes of the argument, then all of them. For arrays only; ag_tree_hvp is the
/// product with a tree.
AG_API ag_array ag_hessian_tensor_product(ag_context *cx, ag_function f, void *user, const ag_array *args, size_t nargs,
    size_t argnum, ag_array tensor);

/// The generalised Gauss-Newton product J^T H J v: J is the Jacobian of `f` with respect to args[argnum], H the Hessian
/// of `g`, a function of the one result of `f` with a real result of one element; v has the shape of the argument. Both
/// functions get the same `user`.
AG_API ag_array ag_ggnvp(ag_context *cx, ag_function f, ag_function g, void *user, const ag_array *args, size_t nargs,
    size_t argnum, ag_array v);

/* ---- Derivatives as linear maps ---------------------------------------------------------------------------------- */

/// Evaluates the function (its value goes to *value, which may be NULL) and keeps what is needed to compute
/// vector-Jacobian products with respect to args[argnum] with ag_vjp, any number of times. End it with ag_tape_end; it
/// also ends with its scope (in a callback it must be ended, see ag_tape_begin).
AG_API ag_tape ag_make_vjp(ag_context *cx, ag_function f, void *user, const ag_array *args, size_t nargs, size_t argnum,
    ag_array *value);

/// The vector-Jacobian product of what ag_make_vjp kept: the cotangent of the argument for the cotangent `g` of the
/// result. AG_ERR_SHAPE if g hasn't the shape of the result. Also the products of what ag_make_jvp and ag_make_hvp
/// kept, with a `g` of the shape of the argument.
AG_API ag_array ag_vjp(ag_context *cx, ag_tape vjp, ag_array g);

/// The Jacobian-vector product in forward mode: returns the tangent of the result for the tangent of args[argnum] (of
/// its shape); the value goes to *value, which may be NULL.
AG_API ag_array ag_jvp(ag_context *cx, ag_function f, void *user, const ag_array *args, size_t nargs, size_t argnum,
    ag_array tangent, ag_array *value);

/// Evaluates the function (its value goes to *value, which may be NULL) and keeps the Jacobian with respect to
/// args[argnum] as a linear map: ag_vjp(cx, jvp, v) is its product with a tangent v of the argument, the tangent of the
/// result. Each product is a sweep, and no evaluation of the function (autograd's make_jvp_reversemode; for one product
/// ag_jvp costs less). End it with ag_tape_end.
AG_API ag_tape ag_make_jvp(ag_context *cx, ag_function f, void *user, const ag_array *args, size_t nargs, size_t argnum,
    ag_array *value);

/// The gradient with respect to args[argnum] (to *gradient, which may be NULL), and the Hessian kept as a linear map:
/// ag_vjp(cx, hvp, v) is its product with v. Reverse over reverse: each product is a sweep, and no evaluation of the
/// function (for one product ag_hvp costs less). End it with ag_tape_end.
AG_API ag_tape ag_make_hvp(ag_context *cx, ag_function f, void *user, const ag_array *args, size_t nargs, size_t argnum,
    ag_array *gradient);

/* ---- Checks of derivatives against differences ------------------------------------------------------------------- */

#define AG_REVERSE 1 ///< Reverse mode, for ag_check_grads.
#define AG_FORWARD 2 ///< Forward mode, for ag_check_grads.

/// How derivatives are checked. Set struct_size to sizeof(ag_check_options) and everything that isn't used to 0, which
/// stands for what is said in brackets; NULL is allowed for all 0.
typedef struct ag_check_options {
  size_t struct_size;
  /// Up to this order [2; 1 for ag_check_vjp and ag_check_jvp].
  int32_t order;
  /// AG_REVERSE | AG_FORWARD [both]; also of derivatives of derivatives.
  int32_t modes;
  /// Two values agree if they differ by less than atol, or than rtol times the sum of their absolute values [1e-6; with
  /// single precision 0.02].
  double rtol;
  double atol;
  /// The distance of the two values of a difference [1e-6; with single precision 0.01].
  double step;
  /// Of the random directions [1].
  uint64_t seed;
} ag_check_options;

/// Compares the derivatives of a function, with respect to all its arguments, with differences: reverse and forward
/// mode (`modes`: AG_REVERSE | AG_FORWARD, 0 for both), up to the given order. Returns AG_OK, or the code of the error
/// that is pending then: AG_ERR_CHECK, with both values in the message, if a derivative is wrong. For primitives of
/// your own above all. Arguments should be away from points where the function has no derivative.
AG_API int32_t ag_check_grads(ag_context *cx, ag_function f, void *user, const ag_array *args, size_t nargs,
    int32_t order, int32_t modes);

/// ag_check_grads with all its options. The message names the place of the largest difference, where the arguments have
/// 2000 elements at most.
AG_API int32_t ag_check_grads_with(ag_context *cx, ag_function f, void *user, const ag_array *args, size_t nargs,
    const ag_check_options *options);

/// ag_check_grads_with in reverse mode only, to the first order unless the options say otherwise.
AG_API int32_t ag_check_vjp(ag_context *cx, ag_function f, void *user, const ag_array *args, size_t nargs,
    const ag_check_options *options);

/// ag_check_grads_with in forward mode only, to the first order unless the options say otherwise.
AG_API int32_t ag_check_jvp(ag_context *cx, ag_function f, void *user, const ag_array *args, size_t nargs,
    const ag_check_options *options);

/// ag_check_grads_with for every combination of one array from each list: args[i] is one of the counts[i] arrays
/// lists[i][0], lists[i][1], ... The message names the combination that failed.
AG_API int32_t ag_combo_check(ag_context *cx, ag_function f, void *user, const ag_array *const *lists,
    const size_t *counts, size_t nargs, const ag_check_options *options);

/* ---- Checkpoints: values computed again for the derivative ------------------------------------------------------- */

/// A step of a loop: args[0] is the state before step number `i`, the other arguments are those of the loop; returns
/// the state after it. As ag_function in everything else.
typedef ag_array (*ag_step_function)(ag_context *cx, size_t i, const ag_array *args, size_t nargs, void *user);

/// f(args), called again when the derivative is taken: `f` and `user` are kept until then. `drop` is called with `user`
/// exactly once when nothing needs it any more: when the last tape that holds this call is gone, or at once where
/// nothing is recorded, or if the call fails; NULL: what `user` points at stays until the derivatives have been taken
/// (a struct on the stack of a function that has returned by then is AG_ERR_ARGUMENT, where that can be seen). For the
/// derivative the arguments are kept only; what happens inside is computed again. For parts of a computation that hold
/// more memory than they take time. The function must do the same each time, with a result of the same shape
/// (AG_ERR_SHAPE) and dtype (AG_ERR_DTYPE), and may depend on values being differentiated through its arguments only
/// (AG_ERR_ARGUMENT).
AG_API ag_array ag_checkpoint(ag_context *cx, ag_function f, void *user, ag_drop drop, const ag_array *args,
    size_t nargs);

/// `steps` times args[0] = step(i, args), beginning with the args[0] given; returns the last state. The derivative
/// keeps about sqrt(steps) states, and computes the steps between them again, sqrt(steps) at a time: `step`, `user` and
/// `drop` are as `f`, `user` and `drop` of ag_checkpoint.
AG_API ag_array ag_checkpoint_loop(ag_context *cx, ag_step_function step, void *user, ag_drop drop,
    const ag_array *args, size_t nargs, size_t steps);

/* ---- Functions of lines and of coordinates ----------------------------------------------------------------------- */

/// The results of a function for all lines of x along an axis: args[0] is a line, a vector. They must have one shape,
/// and their axes stand where `axis` was. Differentiable, as the function is.
AG_API ag_array ag_apply_along_axis(ag_context *cx, ag_function f, void *user, ag_array x, int64_t axis);

/// f of the coordinates of a grid: args[i], of the shape given and of this dtype (NumPy's default is AG_F64), has those
/// along axis i. What f returns is the result, whatever its shape.
AG_API ag_array ag_fromfunction(ag_context *cx, ag_function f, void *user, const int64_t *shape, size_t ndim,
    int32_t dtype);

/* ---- Fixed points, roots, solutions of differential equations ---------------------------------------------------- */

#define AG_ODEINT_STEPS 0 ///< Derivatives of ag_odeint are those of the steps it took.
/// Derivatives of ag_odeint in reverse mode integrate the adjoint equation and the state itself backwards, and keep
/// nothing of the way; in forward mode they choose steps for the tangents, too. Of no use where the problem contracts:
/// what contracts forwards grows backwards. The state that comes back is compared with the one that set out, and if it
/// isn't the same (within 1000 tolerances) that is AG_ERR_VALUE.
#define AG_ODEINT_BACKWARDS 1

/// When an iteration ends. Set struct_size to sizeof(ag_solve_options) and everything that isn't used to 0, which
/// stands for what is said in brackets; NULL is allowed for all 0.
typedef struct ag_solve_options {
  size_t struct_size;
  /// A step ends it whose length is at most this times one plus that of x [1.8e-12; in single precision 6.4e-6].
  double tolerance;
  /// So many steps without that are an error [1000; of ag_root 100].
  size_t max_steps;
} ag_solve_options;

/// How a differential equation is solved. Set struct_size to sizeof(ag_odeint_options) and everything that isn't used
/// to 0, which stands for what is said in brackets; NULL is allowed for all 0.
typedef struct ag_odeint_options {
  size_t struct_size;
  /// The error of a step is at most atol plus rtol times the state, in the root of the mean square [1.49012e-8 both; in
  /// single precision 1e-5].
  double rtol;
  double atol;
  /// In units of time [chosen].
  double first_step;
  /// In units of time [none].
  double max_step;
  /// More of them in all are an error [100000].
  size_t max_steps;
  /// Not 0: the classical method of Runge and Kutta instead, with so many steps from each time to the next. It is
  /// recorded as it is, step by step; the other options don't matter.
  size_t rk4_steps;
  /// How derivatives are taken: AG_ODEINT_STEPS or AG_ODEINT_BACKWARDS [AG_ODEINT_STEPS].
  int32_t derivative;
  /// States kept for derivatives, and as many again for a while when one is taken; with fewer of them than steps, steps
  /// between them are taken again. Twice the square root of the number of steps costs one solution more [as many as fit
  /// 256 MiB, and 32 at least].
  size_t max_states;
} ag_odeint_options;

/// What a call of ag_odeint or ag_tree_odeint took, and its derivatives. Set struct_size to sizeof(ag_odeint_report)
/// before the call of ag_odeint_last_report.
typedef struct ag_odeint_report {
  size_t struct_size;
  /// Steps that counted.
  size_t steps;
  /// Steps that were tried again with a shorter length, because they were too inaccurate or f returned NaN or infinity;
  /// how many of them for the latter.
  size_t rejected;
  size_t invalid;
  /// Calls of f.
  size_t evaluations;
  /// Lengths of the steps that counted.
  double smallest_step;
  double largest_step;
  double last_step;
  /// The time that the solution got to: the last one, if there was no error.
  double reached;
  /// The last step times the fastest rate of decay at its end. About 3.3 is where stability limits the step: the
  /// problem is stiff there.
  double stability;
  /// So many steps were near that limit.
  size_t limited;
  /// States kept for derivatives, one before every stride-th step, and the bytes they take.
  size_t states;
  size_t stride;
  size_t bytes;
  /// Derivatives taken so far: sweeps of reverse mode, and tangents of forward mode. The fields behind it are sums over
  /// them, or of the last one.
  size_t derivatives;
  /// Steps that they went through.
  size_t derivative_steps;
  /// Steps that had to be taken again, to find states that had not been kept.
  size_t steps_again;
  /// Calls of f, or of f with its derivative.
  size_t derivative_evaluations;
  /// The time that the last of them got to: the first one after a sweep, if there was no error.
  double derivative_reached;
  /// The largest local error of a tangent as estimated, over what rtol and atol allow for a state of its size. Steps
  /// are chosen for the solution; where this is 100, expect tangents and gradients with two digits less, and ask for
  /// smaller tolerances if these are needed.
  double tangent_error;
  /// The largest local error of a cotangent, likewise, in a sweep between whose steps no time of the solution lies. It
  /// is rougher than tangent_error, and far too large where stability limits the steps.
  double cotangent_error;
} ag_odeint_report;

/// `f` and `user` are kept for the derivatives; `drop` is called with `user` exactly once when nothing needs it any
/// more, as for ag_checkpoint. x with x = f(x, args[1], ...), by iteration from args[0] on; real. f returns an array of
/// the shape of x. Derivatives with respect to the other arguments, of any order and in both modes, come from the
/// implicit function theorem and need no memory for the iterations; with respect to where it began they are zero. The
/// iteration must converge, and so must its derivative. `f` may depend on values being differentiated through its
/// arguments only. No convergence: AG_ERR_VALUE.
AG_API ag_array ag_fixed_point(ag_context *cx, ag_function f, void *user, ag_drop drop, const ag_array *args,
    size_t nargs, const ag_solve_options *options);

/// `f` and `user` are kept for the derivatives, and `drop` ends that, as for ag_checkpoint. x with f(x, args[1], ...) =
/// 0, by Newton's method from args[0] on, with the true Jacobian; real. f returns an array of the shape of x.
/// Derivatives are as for ag_fixed_point. A singular Jacobian, or no convergence: AG_ERR_VALUE.
AG_API ag_array ag_root(ag_context *cx, ag_function f, void *user, ag_drop drop, const ag_array *args, size_t nargs,
    const ag_solve_options *options);

/// `f` and `user` are kept for the derivatives, and `drop` ends that, as for ag_checkpoint. The solution of y' = f(y,
/// t, args...) with y = y0 at t[0], at all times of the vector t (which never fall, or never rise): shape (size of t,)
/// + shape of y0. Real; f gets y, the time as a number, and args, and returns an array of the shape of y. y0 may hold
/// many states, which then share their steps. By the method of Dormand and Prince with steps that keep to the
/// tolerances, and dense output. Derivatives with respect to y0, t and args, of any order, are those of the steps it
/// took, with their places and lengths held fixed: as stable as the solution, alike in both modes but for rounding, and
/// right within the tolerances (of which they may need smaller ones, see ag_odeint_last_report). While a tape is open
/// the state before each step is kept for them, within a bound (max_states). `f` must do the same each time, and may
/// depend on values being differentiated through its arguments only. Where the step size collapses, where f returns NaN
/// or infinity, and where a derivative does: AG_ERR_VALUE; the message says why as far as one can see, and "in the
/// derivative" where the solution itself was fine. An error that f raises ends the solution and keeps its code and
/// message; the time is added.
AG_API ag_array ag_odeint(ag_context *cx, ag_function f, void *user, ag_drop drop, ag_array y0, ag_array t,
    const ag_array *args, size_t nargs, const ag_odeint_options *options);

/// Fills in the report of the differential equation that was solved or differentiated last, as far as struct_size
/// reaches; all 0 if there was none. The context owns it. A gradient is taken long after the solution it belongs to:
/// its sweep adds to that solution's report, which is the last one from then on. So after ag_grad it is that of the
/// first ag_odeint in the function, and after a solution alone that of the solution. It is there also while an error is
/// pending, and says how far things went. With rk4_steps nothing is reported.
AG_API void ag_odeint_last_report(ag_context *cx, ag_odeint_report *report);

/* ---- Diagnosis: anomalies, pictures and traces of tapes, profiles ------------------------------------------------ */

#define AG_NAN_ONLY 1 ///< For ag_anomaly_begin: stops at NaN only, infinities are let through.
/// For ag_anomaly_begin: looks at what derivative rules return, not at results of operations.
#define AG_DERIVATIVES_ONLY 2

/// What pictures and texts of a tape show. Set struct_size to sizeof(ag_graph_options) and everything that isn't used
/// to 0; NULL is allowed for all 0.
typedef struct ag_graph_options {
  size_t struct_size;
  bool hide_values;
  /// Files and lines.
  bool hide_places;
  /// Arguments that are not recorded.
  bool hide_constants;
  /// Of ag_tape_to_svg: more nodes are an error; 0 for 600.
  size_t max_nodes;
} ag_graph_options;

/// An operation in a profile. Set struct_size to sizeof(ag_profile_row) before the call.
typedef struct ag_profile_row {
  size_t struct_size;
  /// Valid until the next ag_profile_end.
  const char *name;
  /// How often it was applied; of the row "fused passes", how many passes over memory there were.
  uint64_t calls;
  /// How often its derivative rule ran, in either mode.
  uint64_t rule_calls;
  /// Time of the operation itself, and of its derivative rule.
  double seconds;
  double rule_seconds;
  /// Bytes of its results, and of what its derivative rule returned.
  uint64_t bytes;
  uint64_t rule_bytes;
  /// Of the row "fused passes": how many operations they held.
  uint64_t fused_operations;
} ag_profile_row;

/// From here to ag_anomaly_end the first NaN or infinity, in an operation or in a derivative rule, is AG_ERR_ANOMALY;
/// the message names the operation, its arguments, and where it was called (ag_here). Computes every operation at once,
/// so it is slower. `flags`: 0, or AG_NAN_ONLY | AG_DERIVATIVES_ONLY. Nests like scopes, the innermost counts; a
/// callback ends what it begins.
AG_API void ag_anomaly_begin(ag_context *cx, int32_t flags);

/// Ends the innermost ag_anomaly_begin. Works while an error is pending. AG_ERR_SCOPE if there is none.
AG_API void ag_anomaly_end(ag_context *cx);

/// From here to ag_detail_end tapes also remember what pictures and texts of them can show: names of operations on
/// numbers, arguments that are not recorded, where operations were called, what is NaN, and values of up to `elements`
/// elements. Computes every operation at once. Nests like scopes. ag_anomaly_begin does the same with 0 elements.
AG_API void ag_detail_begin(ag_context *cx, size_t elements);

/// Ends the innermost ag_detail_begin. Works while an error is pending. AG_ERR_SCOPE if there is none.
AG_API void ag_detail_end(ag_context *cx);

/// Gives an array a name for messages, pictures and traces: recorded ones on their tapes, plain ones wherever they are
/// an argument or become an input of a tape. A name stays with this value: not with what is computed from it. Returns
/// `x`, the same handle.
AG_API ag_array ag_label(ag_context *cx, ag_array x, const char *name);

/// Says where the program is: calls from here on are made at this line. The messages of errors say it, and those of
/// ag_anomaly_begin and the texts of ag_detail_begin. Returns `cx`. Best used as the macro AG_HERE of autograd_debug.h,
/// which can also put it into every call; it costs some nanoseconds. `file` is copied; NULL ends it. A callback's lines
/// end with it.
AG_API ag_context *ag_here(ag_context *cx, const char *file, int32_t line);

/// A tape as text, a line per operation: `v3 : f64[2, 3] = ag_tanh(v2)`. Also of what ag_make_vjp returned. More is
/// known of what was recorded after ag_detail_begin. `options` may be NULL. Valid until the innermost scope is left.
/// Never NULL: on error its message. Works while an error is pending.
AG_API const char *ag_tape_to_text(ag_context *cx, ag_tape tape, const ag_graph_options *options);

/// A tape as a graph in the DOT language of Graphviz, as ag_tape_to_text in everything else. The first NaN or infinity
/// is red.
AG_API const char *ag_tape_to_dot(ag_context *cx, ag_tape tape, const ag_graph_options *options);

/// A tape as a picture: an SVG document. As ag_tape_to_dot in everything else; AG_ERR_VALUE if there are too many nodes
/// for a picture (max_nodes).
AG_API const char *ag_tape_to_svg(ag_context *cx, ag_tape tape, const ag_graph_options *options);

/// The operations of f(args) as text, as ag_tape_to_text; values of up to `elements` elements are shown. Calls f once.
/// Valid until the innermost scope is left. Never NULL: on error its message.
AG_API const char *ag_function_to_text(ag_context *cx, ag_function f, void *user, const ag_array *args, size_t nargs,
    size_t elements);

/// The operations of the gradient of f with respect to args[argnum], those of f itself among them; as
/// ag_function_to_text.
AG_API const char *ag_grad_to_text(ag_context *cx, ag_function f, void *user, const ag_array *args, size_t nargs,
    size_t argnum, size_t elements);

/// Begins to count operations and derivative rules, and to take their times; the profile before is forgotten. With
/// `eager` every operation is computed at once, so that all times belong to operations. Otherwise element-wise
/// operations on large arrays are fused as ever, and the passes that compute them have a row of their own.
/// AG_ERR_ARGUMENT if a profile is being taken already.
AG_API void ag_profile_begin(ag_context *cx, bool eager);

/// Ends the profile and returns it as a table, the longest time first. Valid until the innermost scope is left; never
/// NULL: on error its message. Works while an error is pending. AG_ERR_ARGUMENT if no profile is being taken.
AG_API const char *ag_profile_end(ag_context *cx);

/// How many rows the last profile has that ended.
AG_API size_t ag_profile_count(ag_context *cx);

/// Fills in row `i` of the last profile that ended, as far as struct_size reaches; the rows are in the order of the
/// table. Returns whether all went well.
AG_API bool ag_profile_get(ag_context *cx, size_t i, ag_profile_row *row);

/* ---- Primitives: functions of the caller's with derivative rules ------------------------------------------------- */

#define AG_MOST_RESULTS 64 ///< Results at most of a function whose number of results is found out by the call.

/// The VJP of one argument: the cotangent of args[k] from the cotangent `g` of the result `ans`, in which it is linear.
/// Written with ag_ operations it can be differentiated again. One that reads elements gives first derivatives, in both
/// modes; while it is being differentiated itself, as it is for ag_make_jvp, that is AG_ERR_TRACED. All handles are
/// borrowed for the call, the result escapes by itself.
typedef ag_array (*ag_vjp_function)(ag_context *cx, ag_array g, ag_array ans, const ag_array *args, size_t nargs,
    void *user);

/// The JVP of one argument: the tangent of the result from the tangent of args[k]; as ag_vjp_function.
typedef ag_array (*ag_jvp_function)(ag_context *cx, ag_array tangent, ag_array ans, const ag_array *args, size_t nargs,
    void *user);

/// The VJPs of several arguments together: grads[i] for args[argnums[i]], from the cotangents gs of all results.
typedef int32_t (*ag_vjp_argnums_function)(ag_context *cx, const size_t *argnums, size_t n, const ag_array *gs,
    const ag_array *ans, size_t nresults, const ag_array *args, size_t nargs, ag_array *grads, void *user);

/// The JVPs of several arguments together: tangents of all results in out, from tangents[i] of args[argnums[i]].
typedef int32_t (*ag_jvp_argnums_function)(ag_context *cx, const size_t *argnums, const ag_array *tangents, size_t n,
    const ag_array *ans, size_t nresults, const ag_array *args, size_t nargs, ag_array *out, void *user);

/// A primitive written with operations of the library. Set struct_size to sizeof(ag_primitive_def) and everything that
/// isn't used to 0.
typedef struct ag_primitive_def {
  size_t struct_size;
  /// For messages, which begin with it; not empty, copied.
  const char *name;
  /// The function itself; it gets plain arrays and may read their elements. What a rule needs besides its arguments and
  /// results should be a result: arrays that this function puts aside (by ag_set or ag_keep) serve the first
  /// derivative, and are AG_ERR_TRACED in a rule that is itself being differentiated, unless they go through ag_value.
  ag_function forward;
  /// The VJP of each argument. A NULL entry means that the derivative is zero; an argument beyond nvjps has no rule,
  /// which is an error when its derivative is taken.
  const ag_vjp_function *vjps;
  size_t nvjps;
  /// The JVP of each argument. A NULL entry, or none, is derived from the VJP: from a recorded call of it, or, if it
  /// reads elements of g, from a call for each element of the results (ag_jacobian computes rows then, one call each).
  const ag_jvp_function *jvps;
  size_t njvps;
  /// The function, if it has several results (then with vjp_argnums as rule); instead of forward. nresults 0: their
  /// number is found out by the call. Then the function gets room for AG_MOST_RESULTS handles (all null at first), and
  /// writes those it has, one at least.
  ag_multi_function forward_multi;
  size_t nresults;
  /// Instead of vjps.
  ag_vjp_argnums_function vjp_argnums;
  /// Instead of jvps.
  ag_jvp_argnums_function jvp_argnums;
  /// The function is linear in each argument: its JVP is the function itself.
  bool linear;
  /// Passed to all functions.
  void *user;
  /// Called once with `user` when the primitive is no longer needed (also if the registration fails).
  ag_drop drop_user;
} ag_primitive_def;

/// Registers a primitive; it belongs to the context until ag_primitive_free. The definition is copied. The null
/// primitive on error.
AG_API ag_primitive ag_primitive_new(ag_context *cx, const ag_primitive_def *def);

/// Gives a primitive up. What tapes have recorded of it stays differentiable until they end.
AG_API void ag_primitive_free(ag_context *cx, ag_primitive p);
/// Applies a primitive with one result.
AG_API ag_array ag_apply(ag_context *cx, ag_primitive p, const ag_array *args, size_t nargs);

/// Applies a primitive with several results: results[0] to results[nresults - 1]; nresults must be what the primitive
/// says. Where it says 0, nresults is the room there is: the results that the call had come first, then null arrays.
AG_API void ag_apply_multi(ag_context *cx, ag_primitive p, const ag_array *args, size_t nargs, ag_array *results,
    size_t nresults);

/// Gives argument `argnum` a VJP, or replaces it; NULL means that the derivative is zero.
AG_API void ag_defvjp(ag_context *cx, ag_primitive p, size_t argnum, ag_vjp_function vjp);
/// Gives argument `argnum` a JVP, or replaces it; NULL means that it is derived from the VJP.
AG_API void ag_defjvp(ag_context *cx, ag_primitive p, size_t argnum, ag_jvp_function jvp);

/// Makes another primitive the VJP of argument `argnum`: it is applied to (g..., ans..., args...) and recorded, so its
/// own rules give the next order. Primitives may name each other, and themselves.
AG_API void ag_defvjp_primitive(ag_context *cx, ag_primitive p, size_t argnum, ag_primitive vjp);

/// Makes another primitive the JVP of argument `argnum`: it is applied to (tangent, ans..., args...) and recorded.
AG_API void ag_defjvp_primitive(ag_context *cx, ag_primitive p, size_t argnum, ag_primitive jvp);

/* ---- Primitives written as kernels on memory --------------------------------------------------------------------- */

#define AG_MAX_RAW_NDIM 32 ///< Axes at most, of arrays given to raw kernels.

#define AG_ANY_DTYPE -1 ///< In place of a dtype: the kernels take any.

/// Memory of an array, as a raw kernel sees it. Arguments must not be written to.
typedef struct ag_view {
  /// The first element. NULL in a layout function, and if the array is empty.
  void *data;
  /// Extents, ndim of them.
  const int64_t *shape;
  /// Distances between neighbours along each axis, in elements.
  const int64_t *strides;
  size_t ndim;
  /// The number of elements.
  size_t size;
  int32_t dtype;
  /// Whether the elements lie one after the other in row-major order.
  bool contiguous;
} ag_view;

/// What a result looks like.
typedef struct ag_layout {
  int32_t dtype;
  size_t ndim;
  int64_t shape[32];
} ag_layout;

/// Says what the results look like; the data of args is NULL. Returns 0, or an error code of its own.
typedef int32_t (*ag_raw_layout_function)(const ag_view *args, size_t nargs, ag_layout *results, size_t nresults,
    void *user);

/// A kernel: reads args, writes every element of results (row-major, made by the library). Returns 0, or an error code
/// of its own. It must not call the library.
typedef int32_t (*ag_raw_function)(const ag_view *args, size_t nargs, const ag_view *results, size_t nresults,
    void *user);

/// What a code of the kernels' own means: called with it right after a kernel or the layout function has failed. The
/// text is copied at once; NULL says nothing. `user` is that of the primitive, so a kernel may have written it there.
/// It must not call the library.
typedef const char *(*ag_raw_message_function)(int32_t code, void *user);

/// A primitive written as kernels. Set struct_size to sizeof(ag_raw_primitive_def) and everything that isn't used to 0.
typedef struct ag_raw_primitive_def {
  size_t struct_size;
  /// For messages, which begin with it; not empty, copied.
  const char *name;
  size_t nargs;
  /// 0 means 1.
  size_t nresults;
  /// NULL: every result looks like argument 0, as the kernel gets it.
  ag_raw_layout_function layout;
  ag_raw_function forward;
  /// The VJP of argument k as a kernel of (g..., ans..., args...), with a result like args[k]. A NULL entry means zero;
  /// beyond nvjps there is no rule. For orders above one use ag_defvjp_primitive.
  const ag_raw_function *vjps;
  size_t nvjps;
  /// The JVP of argument k as a kernel of (tangent, ans..., args...), with results like ans. A NULL entry, or none, is
  /// derived from the VJP, with one call of it per element of the results.
  const ag_raw_function *jvps;
  size_t njvps;
  /// Whether the kernels take any strides; else they get row-major copies where needed.
  bool strided;
  /// Passed to all kernels.
  void *user;
  /// Called once with `user` when the primitive is no longer needed (also if the registration fails).
  ag_drop drop_user;
  /// The dtypes that the kernels take: dtypes[k] for args[k], ndtypes of them, one for each argument; or one for all.
  /// Others are converted where NumPy calls it safe (float32 to float64, integers to float64), else they are
  /// AG_ERR_DTYPE. An entry AG_ANY_DTYPE takes arrays as they come: the kernels look at the dtypes of their views.
  /// NULL: AG_F64 for all. Cotangents and tangents are like what they belong to, as the kernels get it.
  const int32_t *dtypes;
  size_t ndtypes;
  /// Instead of vjps: the VJPs of all arguments in one call, as a kernel of (g..., ans..., args...) with a result like
  /// each of args. It writes all of them, whichever are wanted. ag_defvjp_primitive replaces it for one argument.
  ag_raw_function vjp_all;
  /// Says what the codes of failures mean, for messages. NULL: these have the code alone.
  ag_raw_message_function message;
} ag_raw_primitive_def;

/// Registers a primitive written as kernels; as ag_primitive_new.
AG_API ag_primitive ag_raw_primitive_new(ag_context *cx, const ag_raw_primitive_def *def);

/* ---- Trees: tuples, lists and dicts of arrays -------------------------------------------------------------------- */

#define AG_LEAF 0  ///< An array.
#define AG_TUPLE 1 ///< A tuple.
#define AG_LIST 2  ///< A list.
#define AG_DICT 3  ///< A dict: items by key, ordered by their keys.

/// An array as a tree, for functions that take trees.
AG_API ag_tree ag_tree_leaf(ag_context *cx, ag_array x);
/// A tuple of trees.
AG_API ag_tree ag_tree_tuple(ag_context *cx, const ag_tree *items, size_t n);
/// A list of trees. Like a tuple in everything but its name.
AG_API ag_tree ag_tree_list(ag_context *cx, const ag_tree *items, size_t n);

/// A dict of trees: items[i] under keys[i]. Keys are copied; they are texts without "/", which separates keys in paths,
/// and each is there once.
AG_API ag_tree ag_tree_dict(ag_context *cx, const char *const *keys, const ag_tree *items, size_t n);

/// A tuple of arrays.
AG_API ag_tree ag_tree_tuple_of(ag_context *cx, const ag_array *arrays, size_t n);
/// A list of arrays.
AG_API ag_tree ag_tree_list_of(ag_context *cx, const ag_array *arrays, size_t n);
/// A dict of arrays, see ag_tree_dict.
AG_API ag_tree ag_tree_dict_of(ag_context *cx, const char *const *keys, const ag_array *arrays, size_t n);
/// What the tree is at its root: AG_LEAF, AG_TUPLE, AG_LIST or AG_DICT; -1 on error.
AG_API int32_t ag_tree_kind(ag_context *cx, ag_tree t);
/// The number of items at the root; 0 of a leaf, and on error.
AG_API size_t ag_tree_length(ag_context *cx, ag_tree t);
/// The array of a tree that is a leaf; AG_ERR_VALUE for another one.
AG_API ag_array ag_tree_array(ag_context *cx, ag_tree t);

/// The array at a path such as "layers/0/w": keys and numbers of items with "/" between them. AG_ERR_INDEX if nothing
/// is there, AG_ERR_VALUE if something else than an array is.
AG_API ag_array ag_tree_array_at(ag_context *cx, ag_tree t, const char *path);

/// Item `i`; negative numbers count from the end. AG_ERR_INDEX if it isn't there.
AG_API ag_tree ag_tree_item(ag_context *cx, ag_tree t, int64_t i);
/// The tree at a path, see ag_tree_array_at; a path may be a single key.
AG_API ag_tree ag_tree_get(ag_context *cx, ag_tree t, const char *path);
/// Whether something is at a path. False on error.
AG_API bool ag_tree_has(ag_context *cx, ag_tree t, const char *path);
/// Key `i` of a dict, in ascending order. Valid until the innermost scope is left. Never NULL: on error its message.
AG_API const char *ag_tree_key(ag_context *cx, ag_tree t, size_t i);
/// The number of leaves in all; 0 on error.
AG_API size_t ag_tree_leaf_count(ag_context *cx, ag_tree t);
/// Leaf `i`, in the order of the tree, of dicts that of their keys.
AG_API ag_array ag_tree_leaf_at(ag_context *cx, ag_tree t, size_t i);

/// The path of leaf `i`, such as "layers/0/w"; empty for a tree that is a leaf. Valid until the innermost scope is
/// left. Never NULL: on error its message.
AG_API const char *ag_tree_path_at(ag_context *cx, ag_tree t, size_t i);

/// A tree of the structure of `like` with other leaves, `n` of them in its order, of any shapes.
AG_API ag_tree ag_tree_with_leaves(ag_context *cx, ag_tree like, const ag_array *leaves, size_t n);

/// What is different between the structures of two trees, in words, such as "at layers/1: expected a list of 2, got an
/// array"; empty if nothing is. Shapes and dtypes don't count. Valid until the innermost scope is left. Never NULL: on
/// error its message.
AG_API const char *ag_tree_difference(ag_context *cx, ag_tree x, ag_tree y);

/// The tree as text, as Python writes it, with its arrays as ag_to_string has them. Valid until the innermost scope is
/// left. Never NULL: on error its message.
AG_API const char *ag_tree_to_string(ag_context *cx, ag_tree t);

/// f of the leaves of trees of one structure: args[0] of the first tree, args[1] of the second, and so on; a tree of
/// that structure with the results. Differentiable, as f is.
AG_API ag_tree ag_tree_map(ag_context *cx, ag_function f, void *user, const ag_tree *trees, size_t ntrees);

/// All leaves as one vector, of the dtype that holds all of them. Differentiable.
AG_API ag_array ag_tree_flatten(ag_context *cx, ag_tree t);

/// The inverse of ag_tree_flatten: a tree like `like` with the elements of a vector. Each leaf has its shape and its
/// dtype: of complex elements a real leaf takes the real part. Differentiable.
AG_API ag_tree ag_tree_unflatten(ag_context *cx, ag_tree like, ag_array flat);

/// x + y, leaf by leaf; the trees have one structure and shapes. Differentiable, as is all arithmetic of trees.
AG_API ag_tree ag_tree_add(ag_context *cx, ag_tree x, ag_tree y);
/// x - y, leaf by leaf.
AG_API ag_tree ag_tree_sub(ag_context *cx, ag_tree x, ag_tree y);
/// x y, element by element.
AG_API ag_tree ag_tree_mul(ag_context *cx, ag_tree x, ag_tree y);
/// Every leaf times a number, in its own precision.
AG_API ag_tree ag_tree_mul_scalar(ag_context *cx, ag_tree x, double factor);
/// The inner product: the sum of conj(x) y over all elements, its real part.
AG_API ag_array ag_tree_dot(ag_context *cx, ag_tree x, ag_tree y);
/// The Euclidean norm of all elements together.
AG_API ag_array ag_tree_norm(ag_context *cx, ag_tree x);
/// Zeros of the shapes and dtypes of `x`.
AG_API ag_tree ag_tree_zeros_like(ag_context *cx, ag_tree x);
/// The values without their history, see ag_value.
AG_API ag_tree ag_tree_value(ag_context *cx, ag_tree x);
/// The real and complex leaves as inputs of a tape; the others as they are.
AG_API ag_tree ag_tree_box(ag_context *cx, ag_tape tape, ag_tree x);
/// A second handle for the same tree, in the innermost scope.
AG_API ag_tree ag_tree_dup(ag_context *cx, ag_tree t);

/// Makes the handle `dst` stand for the tree of `src`, as ag_set: for trees that live longer than a scope, such as the
/// parameters of a loop.
AG_API void ag_tree_set(ag_context *cx, ag_tree dst, ag_tree src);

/// Lets a tree survive the leaving of `scope`, as ag_keep. Returns the same handle.
AG_API ag_tree ag_tree_keep(ag_context *cx, ag_scope scope, ag_tree t);
/// Gives up one handle before its scope is left, as ag_release.
AG_API void ag_tree_release(ag_context *cx, ag_tree t);

/* ---- Derivatives of functions of trees --------------------------------------------------------------------------- */

/// A function of trees: args[0] to args[nargs - 1] are borrowed for the call, the result escapes by itself. An array is
/// returned as `ag_tree_leaf(cx, y)`, several results as a tuple or dict of them. It fails with `ag_raise(cx, ...)` and
/// a null tree. As ag_function in everything else.
typedef ag_tree (*ag_tree_function)(ag_context *cx, const ag_tree *args, size_t nargs, void *user);

/// The gradient of a function with respect to args[argnum], a tree like it: the result is one array, real and of one
/// element. Integers and booleans in the argument reach the function as they are; their part of the gradient is zeros.
AG_API ag_tree ag_tree_grad(ag_context *cx, ag_tree_function f, void *user, const ag_tree *args, size_t nargs,
    size_t argnum);

/// The value of a function, and its gradient with respect to args[argnum] in *gradient, see ag_tree_grad.
AG_API ag_array ag_tree_value_and_grad(ag_context *cx, ag_tree_function f, void *user, const ag_tree *args,
    size_t nargs, size_t argnum, ag_tree *gradient);

/// The value of a function, and its gradients with respect to args[argnums[i]] in gradients[i], from one sweep. argnums
/// NULL: with respect to all arguments (nargnums is ignored).
AG_API ag_array ag_tree_value_and_grads(ag_context *cx, ag_tree_function f, void *user, const ag_tree *args,
    size_t nargs, const size_t *argnums, size_t nargnums, ag_tree *gradients);

/// The gradient of the first item of a function's result, which is a tuple of an array (real, of one element) and of
/// anything else; the latter goes to *aux, the value to *value (either may be NULL).
AG_API ag_tree ag_tree_grad_and_aux(ag_context *cx, ag_tree_function f, void *user, const ag_tree *args, size_t nargs,
    size_t argnum, ag_array *value, ag_tree *aux);

/// The gradient of the sum of all elements of a function's result, whatever its structure.
AG_API ag_tree ag_tree_elementwise_grad(ag_context *cx, ag_tree_function f, void *user, const ag_tree *args,
    size_t nargs, size_t argnum);

/// The derivatives of a holomorphic function, of one result, by the complex leaves of args[argnum].
AG_API ag_tree ag_tree_holomorphic_grad(ag_context *cx, ag_tree_function f, void *user, const ag_tree *args,
    size_t nargs, size_t argnum);

/// The Jacobian with respect to args[argnum]: a tree like the result, with a tree like the argument in place of each
/// leaf. The shapes are those of ag_jacobian for the two leaves.
AG_API ag_tree ag_tree_jacobian(ag_context *cx, ag_tree_function f, void *user, const ag_tree *args, size_t nargs,
    size_t argnum);

/// The Jacobian with respect to args[argnum], as ag_tree_jacobian, in reverse mode whatever the shapes are.
AG_API ag_tree ag_tree_jacobian_reverse(ag_context *cx, ag_tree_function f, void *user, const ag_tree *args,
    size_t nargs, size_t argnum);

/// The Jacobian with respect to args[argnum], as ag_tree_jacobian, in forward mode whatever the shapes are, see
/// ag_jacobian_forward.
AG_API ag_tree ag_tree_jacobian_forward(ag_context *cx, ag_tree_function f, void *user, const ag_tree *args,
    size_t nargs, size_t argnum);

/// The Hessian of a function with one result (real, of one element) with respect to args[argnum]: a tree like the
/// argument, with a tree like the argument in place of each leaf. Real leaves are taken in a few groups, for each of
/// which `f` is called once; of two blocks across the diagonal one is computed.
AG_API ag_tree ag_tree_hessian(ag_context *cx, ag_tree_function f, void *user, const ag_tree *args, size_t nargs,
    size_t argnum);

/// The Hessian with respect to args[argnum] times `v`, a tree like the argument, see ag_hvp.
AG_API ag_tree ag_tree_hvp(ag_context *cx, ag_tree_function f, void *user, const ag_tree *args, size_t nargs,
    size_t argnum, ag_tree v);

/// The Hessian with respect to all arguments together, times vs[0] to vs[nargs - 1], trees like them; results in hvs.
AG_API void ag_tree_hvps(ag_context *cx, ag_tree_function f, void *user, const ag_tree *args, size_t nargs,
    const ag_tree *vs, ag_tree *hvs);

/// The generalised Gauss-Newton product J^T H J v with respect to args[argnum]: J is the Jacobian of `f`, H the Hessian
/// of `g`, a function of the result of `f`, a tree, with one real result of one element; v is a tree like the argument,
/// and so is the product. Both functions get the same `user`.
AG_API ag_tree ag_tree_ggnvp(ag_context *cx, ag_tree_function f, ag_tree_function g, void *user, const ag_tree *args,
    size_t nargs, size_t argnum, ag_tree v);

/// The derivative with respect to args[argnum] of a function that works element by element, in forward mode: the
/// tangent of the result, whatever its structure, for a tangent of ones.
AG_API ag_tree ag_tree_deriv(ag_context *cx, ag_tree_function f, void *user, const ag_tree *args, size_t nargs,
    size_t argnum);

/// The tangent of the result for a tangent of args[argnum], a tree like it, in forward mode. The value goes to *value,
/// which may be NULL.
AG_API ag_tree ag_tree_jvp(ag_context *cx, ag_tree_function f, void *user, const ag_tree *args, size_t nargs,
    size_t argnum, ag_tree tangent, ag_tree *value);

/// ag_tree_check_grads with all its options, see ag_check_grads_with.
AG_API int32_t ag_tree_check_grads_with(ag_context *cx, ag_tree_function f, void *user, const ag_tree *args,
    size_t nargs, const ag_check_options *options);

/// Compares the derivatives of a function of trees, with respect to all leaves of all arguments, with differences, as
/// ag_check_grads does.
AG_API int32_t ag_tree_check_grads(ag_context *cx, ag_tree_function f, void *user, const ag_tree *args, size_t nargs,
    int32_t order, int32_t modes);

/* ---- Derivatives of functions of trees as linear maps ------------------------------------------------------------ */

/// Evaluates the function (its value goes to *value, which may be NULL) and keeps what is needed for products with its
/// Jacobian by ag_tree_vjp, any number of times. End it with ag_tape_end; it also ends with its scope (in a callback it
/// must be ended, see ag_tape_begin).
AG_API ag_tape ag_tree_make_vjp(ag_context *cx, ag_tree_function f, void *user, const ag_tree *args, size_t nargs,
    size_t argnum, ag_tree *value);

/// Evaluates the function (its value goes to *value, which may be NULL) and keeps the Jacobian with respect to
/// args[argnum] as a linear map: ag_tree_vjp(cx, jvp, v) is its product with a tangent v, a tree like the argument; a
/// tree like the result. See ag_make_jvp. End it with ag_tape_end.
AG_API ag_tape ag_tree_make_jvp(ag_context *cx, ag_tree_function f, void *user, const ag_tree *args, size_t nargs,
    size_t argnum, ag_tree *value);

/// The gradient with respect to args[argnum] (to *gradient, which may be NULL), and the Hessian kept as a linear map:
/// ag_tree_vjp(cx, hvp, v) is its product with v, both trees like the argument. See ag_make_hvp. End it with
/// ag_tape_end.
AG_API ag_tape ag_tree_make_hvp(ag_context *cx, ag_tree_function f, void *user, const ag_tree *args, size_t nargs,
    size_t argnum, ag_tree *gradient);

/// The cotangent of the argument, a tree like it, for a cotangent `g` of the result, a tree like that, of what
/// ag_tree_make_vjp kept. Also the products of what ag_tree_make_jvp and ag_tree_make_hvp kept, with a `g` like the
/// argument.
AG_API ag_tree ag_tree_vjp(ag_context *cx, ag_tape vjp, ag_tree g);

/* ---- Functions of trees: checkpoints, fixed points, roots, differential equations -------------------------------- */

/// A step of a loop over trees: args[0] is the state before step number `i`, the other arguments are those of the loop;
/// returns the state after it. As ag_tree_function in everything else.
typedef ag_tree (*ag_tree_step_function)(ag_context *cx, size_t i, const ag_tree *args, size_t nargs, void *user);

/// `f` and `user` are kept for the derivatives, and `drop` ends that, as for ag_checkpoint. f(args), computed again
/// when its derivative is taken instead of kept.
AG_API ag_tree ag_tree_checkpoint(ag_context *cx, ag_tree_function f, void *user, ag_drop drop, const ag_tree *args,
    size_t nargs);

/// `step` and `user` are kept for the derivatives, and `drop` ends that, as for ag_checkpoint. `steps` times args[0] =
/// step(i, args), with a state that is a tree, see ag_checkpoint_loop.
AG_API ag_tree ag_tree_checkpoint_loop(ag_context *cx, ag_tree_step_function step, void *user, ag_drop drop,
    const ag_tree *args, size_t nargs, size_t steps);

/// `f` and `user` are kept for the derivatives, and `drop` ends that, as for ag_checkpoint. x with x = f(x, args[1],
/// ...), by iteration from args[0] on: a tree like it, and like what f returns; see ag_fixed_point for derivatives,
/// which are with respect to every leaf of the other arguments. The leaves of x are real, and integers among them
/// become f64; those of the others reach f as they are. The length of a step is that over all leaves together. If one
/// of them is f32, the tolerance of single precision is the default. Another structure or shape of the result:
/// AG_ERR_VALUE, AG_ERR_SHAPE.
AG_API ag_tree ag_tree_fixed_point(ag_context *cx, ag_tree_function f, void *user, ag_drop drop, const ag_tree *args,
    size_t nargs, const ag_solve_options *options);

/// `f` and `user` are kept for the derivatives, and `drop` ends that, as for ag_checkpoint. x with f(x, args[1], ...) =
/// 0, by Newton's method from args[0] on: a tree like it, and like what f returns. See ag_root and ag_tree_fixed_point.
AG_API ag_tree ag_tree_root(ag_context *cx, ag_tree_function f, void *user, ag_drop drop, const ag_tree *args,
    size_t nargs, const ag_solve_options *options);

/// `f` and `user` are kept for the derivatives, and `drop` ends that, as for ag_checkpoint. The solution of y' = f(y,
/// t, args...) with y = y0 at t[0], at all times of the vector t: a tree like y0, each leaf with an axis of the size of
/// t in front. f gets the time as a tree that is a leaf, and returns a tree like y. See ag_odeint for the method and
/// for derivatives, which are with respect to every leaf and to t, and ag_tree_fixed_point for what the leaves are.
AG_API ag_tree ag_tree_odeint(ag_context *cx, ag_tree_function f, void *user, ag_drop drop, ag_tree y0, ag_array t,
    const ag_tree *args, size_t nargs, const ag_odeint_options *options);

/* ---- Functions of arrays whose result is a tree ------------------------------------------------------------------ */

/// A function of arrays with a tree as its result; as ag_function in everything else.
typedef ag_tree (*ag_array_tree_function)(ag_context *cx, const ag_array *args, size_t nargs, void *user);

/// Evaluates the function (its value, a tree, goes to *value, which may be NULL) and keeps what is needed for products
/// with its Jacobian with respect to args[argnum]: ag_tree_vjp(cx, vjp, g), with a g like the value, is a leaf. End it
/// with ag_tape_end; it also ends with its scope (in a callback it must be ended, see ag_tape_begin).
AG_API ag_tape ag_array_tree_make_vjp(ag_context *cx, ag_array_tree_function f, void *user, const ag_array *args,
    size_t nargs, size_t argnum, ag_tree *value);

/// The tangent of the result, a tree like it, for the tangent of args[argnum]; the value goes to *value, which may be
/// NULL.
AG_API ag_tree ag_array_tree_jvp(ag_context *cx, ag_array_tree_function f, void *user, const ag_array *args,
    size_t nargs, size_t argnum, ag_array tangent, ag_tree *value);

/// The Jacobian with respect to args[argnum]: a tree of the result's structure, in which each leaf has the shape of the
/// result's, then that of the argument.
AG_API ag_tree ag_array_tree_jacobian(ag_context *cx, ag_array_tree_function f, void *user, const ag_array *args,
    size_t nargs, size_t argnum);

/* ---- Training loops and minimizers ------------------------------------------------------------------------------- */

#define AG_SGD 0     ///< Gradient descent with momentum: v = mass v - (1 - mass) g; x = x + step_size v.
#define AG_RMSPROP 1 ///< s = gamma s + (1 - gamma) g^2, from 1 on; x = x - step_size g / (sqrt(s) + eps).
#define AG_ADAM 2    ///< D. Kingma, J. Ba, Adam: a method for stochastic optimization (2015).

#define AG_STOP_GRADIENT 0    ///< The gradient is small enough.
#define AG_STOP_CHANGE 1      ///< The last step changed little enough.
#define AG_STOP_ITERATIONS 2  ///< As many iterations as allowed.
#define AG_STOP_EVALUATIONS 3 ///< As many evaluations as allowed.
#define AG_STOP_CALLBACK 4    ///< The callback wanted it.
/// No step makes the value smaller: the precision is exhausted, or the gradient is wrong.
#define AG_STOP_LINE_SEARCH 5
/// The value fell as far as a line search may look: the objective has no lower bound, it seems. What is returned is the
/// best point found.
#define AG_STOP_UNBOUNDED 6

/// An iteration that is about to make its step.
typedef struct ag_iteration {
  /// How long the struct is; grows with versions.
  size_t struct_size;
  size_t iteration;
  double value;
  /// Euclidean, over all leaves; of the projected gradient where there are bounds.
  double gradient_norm;
  /// The parameters, and the gradient in their form: borrowed for the call. Of a function of an array a leaf.
  ag_tree x;
  ag_tree gradient;
} ag_iteration;

/// Called before each step. Another result than 0 stops the loop, and so does an error. As ag_function it runs in a
/// scope of its own; ag_tree_set hands what it makes to handles from outside.
typedef int32_t (*ag_iteration_function)(ag_context *cx, const ag_iteration *iteration, void *user);

/// A method with its numbers. Set struct_size to sizeof(ag_optimizer_options) and everything that isn't used to 0,
/// which stands for the default (see ag_optimizer_defaults); of mass, gamma, b1, b2 and eps a negative number stands
/// for 0.
typedef struct ag_optimizer_options {
  size_t struct_size;
  /// AG_SGD, AG_RMSPROP or AG_ADAM.
  int32_t method;
  /// Steps of ag_optimize.
  size_t num_iters;
  double step_size;
  /// Of AG_SGD.
  double mass;
  /// Of AG_RMSPROP.
  double gamma;
  /// Of AG_ADAM.
  double b1;
  double b2;
  /// Of AG_RMSPROP and AG_ADAM.
  double eps;
  /// Of ag_optimize; may be NULL.
  ag_iteration_function callback;
  void *callback_user;
} ag_optimizer_options;

/// When a minimizer stops. Set struct_size to sizeof(ag_minimize_options) and everything that isn't used to 0, which
/// stands for the default (see ag_minimize_defaults); of gtol, ftol and xtol a negative number never stops.
typedef struct ag_minimize_options {
  size_t struct_size;
  size_t max_iterations;
  /// Evaluations of value and gradient.
  size_t max_evaluations;
  /// Stop where the largest element of the (projected) gradient is not above this.
  double gtol;
  /// L-BFGS: stop where a step makes the value smaller by no more than this times max(|value|, 1).
  double ftol;
  /// Newton-CG: stop where a step moves the variables by no more than this on average.
  double xtol;
  /// L-BFGS: steps remembered.
  size_t memory;
  /// L-BFGS: evaluations in one search along a line.
  size_t max_line_search;
  /// May be NULL.
  ag_iteration_function callback;
  void *callback_user;
} ag_minimize_options;

/// What a loop is to minimize: a function of the number of the step (for the choice of a batch) and of the parameters,
/// which are borrowed for the call. The result is real and has one element. As ag_function in everything else.
typedef ag_array (*ag_objective)(ag_context *cx, size_t i, ag_tree x, void *user);

/// How a loop ended. Set struct_size to sizeof(ag_minimize_result) before the call.
typedef struct ag_minimize_result {
  size_t struct_size;
  /// AG_STOP_GRADIENT and so on. The first two are what was wanted; the others are no errors either.
  int32_t status;
  size_t iterations;
  /// Evaluations of value and gradient.
  size_t evaluations;
  /// Products with the Hessian.
  size_t products;
  /// The value at the result; of ag_optimize that at the beginning of the last step.
  double value;
  /// The norm there, see ag_iteration.
  double gradient_norm;
  /// The status in words. Valid forever.
  const char *message;
} ag_minimize_result;

/// Fills in the defaults of a method, which are those of autograd.misc.optimizers: `size` is
/// sizeof(ag_optimizer_options).
AG_API void ag_optimizer_defaults(ag_context *cx, int32_t method, ag_optimizer_options *options, size_t size);

/// The defaults of the minimizers, which are those of scipy.optimize.minimize: for L-BFGS-B, and xtol of Newton-CG.
/// `size` is sizeof(ag_minimize_options). (Newton-CG allows 200 iterations per variable and has gtol 0 there; here both
/// minimizers have these numbers.)
AG_API void ag_minimize_defaults(ag_context *cx, ag_minimize_options *options, size_t size);

/// The state of a method before its first step: a dict, which can be saved as any tree.
AG_API ag_tree ag_optimizer_init(ag_context *cx, ag_tree x, const ag_optimizer_options *options);

/// A step: parameters `x` and `state` (of ag_optimizer_init, or of the step before) are replaced behind their handles,
/// as ag_tree_set does. The gradient is a tree like the parameters. Differentiable.
AG_API void ag_optimizer_update(ag_context *cx, ag_tree x, ag_tree gradient, ag_tree state,
    const ag_optimizer_options *options);

/// A training loop: `num_iters` steps from `x0` on, a scope for each. Returns the last parameters; what else there is
/// to say goes to *result, which may be NULL. AG_ERR_VALUE if the objective is NaN.
AG_API ag_tree ag_optimize(ag_context *cx, ag_objective f, void *user, ag_tree x0, const ag_optimizer_options *options,
    ag_minimize_result *result);

/// Minimizes a function of one array from `x0` on with L-BFGS, within bounds: `lower` and `upper` broadcast to x0 and
/// have infinities where there is no bound; the null array for none at all (J. Nocedal, S. Wright, Numerical
/// Optimization; R. Byrd, P. Lu, J. Nocedal, C. Zhu, 1995). Returns the minimizer, a constant for derivatives; how the
/// search ended goes to *result. `options` and `result` may be NULL. Complex numbers are varied in both parts. A search
/// that doesn't converge is no error; a value that is NaN at the start, or at all points of a line, is AG_ERR_VALUE.
AG_API ag_array ag_minimize_lbfgs(ag_context *cx, ag_function f, void *user, ag_array x0, ag_array lower,
    ag_array upper, const ag_minimize_options *options, ag_minimize_result *result);

/// Minimizes a function of one array with Newton's method and conjugate gradients, with exact products with the Hessian
/// (J. Nocedal, S. Wright, Numerical Optimization, algorithm 7.1). As ag_minimize_lbfgs in everything else.
AG_API ag_array ag_minimize_newton_cg(ag_context *cx, ag_function f, void *user, ag_array x0,
    const ag_minimize_options *options, ag_minimize_result *result);

/// ag_minimize_lbfgs for a function of one tree; the bounds are trees of its structure, or null.
AG_API ag_tree ag_tree_minimize_lbfgs(ag_context *cx, ag_tree_function f, void *user, ag_tree x0, ag_tree lower,
    ag_tree upper, const ag_minimize_options *options, ag_minimize_result *result);

/// ag_minimize_newton_cg for a function of one tree.
AG_API ag_tree ag_tree_minimize_newton_cg(ag_context *cx, ag_tree_function f, void *user, ag_tree x0,
    const ag_minimize_options *options, ag_minimize_result *result);

/* ---- Arrays and trees in files ----------------------------------------------------------------------------------- */

/// Writes an array to a .npy file, for numpy.load; an old file is replaced once the new one is complete. AG_ERR_FILE if
/// it cannot be written.
AG_API void ag_save(ag_context *cx, const char *path, ag_array x);

/// The array in a .npy file, such as numpy.save writes: in either order and byte order. Integers become i64, half
/// precision f32. AG_ERR_FILE if it cannot be read, is damaged, or has fewer bytes than its header says; AG_ERR_DTYPE
/// for what isn't numbers; AG_ERR_MEMORY if the context has no room for what the header says. A pipe is read as far as
/// its header says.
AG_API ag_array ag_load(ag_context *cx, const char *path);

/// Writes the leaves of a tree to an .npz file, for numpy.load, named by their paths ("layers/0/w"; "arr_0" if the tree
/// is a leaf). Written as by ag_save.
AG_API void ag_tree_save(ag_context *cx, const char *path, ag_tree t);

/// The arrays in an .npz file, such as numpy.savez or numpy.savez_compressed write, as a tree: dicts by the parts of
/// the names between "/", lists where these are "0", "1", and so on. Which lists had been tuples a file doesn't tell,
/// see ag_tree_load_like. A .npy file is a leaf. Fails as ag_load; AG_ERR_FILE, too, for files in an archive that
/// overlap, or unpack to another size than the archive says, and for an archive in a pipe.
AG_API ag_tree ag_tree_load(ag_context *cx, const char *path);

/// The arrays in an .npz file as a tree like `like`: each leaf by its path, of the same shape (AG_ERR_SHAPE), converted
/// to its dtype (AG_ERR_DTYPE from complex to real, or from floating to integer). AG_ERR_FILE if one is missing; what
/// else is in the file is passed over.
AG_API ag_tree ag_tree_load_like(ag_context *cx, const char *path, ag_tree like);

/// Writes a vector (a line for each element) or a matrix (a line for each row) of real numbers as text, `delimiter`
/// (NULL: one blank) between the numbers of a line. `digits` is how many each number has, at most 17; with 0 it has as
/// many as it takes to read the same number back. The lines of `header` (NULL: none) go first, with "# " before each.
/// Written as by ag_save. AG_ERR_DTYPE for complex numbers.
AG_API void ag_savetxt(ag_context *cx, const char *path, ag_array x, const char *delimiter, int64_t digits,
    const char *header);

/// The numbers in a text file: a row for each line, of which `delimiter` (NULL: blanks and tabs, as many as there are)
/// divides the columns. The first `skiprows` lines are passed over, and so are empty lines and what stands behind a
/// "#". With `usecols` only these columns are read, in this order, counted from 0, negative ones from the end (NULL:
/// all, of which every line must have the same number). `dtype` is AG_F64, AG_F32, AG_I64 or AG_BOOL; infinities and
/// NaN are written inf and nan. As in NumPy axes of extent 1 are left out of the result; it has at least `ndmin` (0 to
/// 2) axes, so that with 2 it is always a matrix. AG_ERR_FILE, with the line's number and what it has, for a line that
/// cannot be read, that is longer than 16 MiB, or of another length; and for more than 1 GiB from a pipe or a device,
/// which may never end. AG_ERR_MEMORY if the context has no room for the numbers.
AG_API ag_array ag_loadtxt(ag_context *cx, const char *path, const char *delimiter, size_t skiprows,
    const int64_t *usecols, size_t nusecols, int32_t dtype, int64_t ndmin);

#ifdef __cplusplus
}
#endif

#endif

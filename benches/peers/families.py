"""The operations of benches/c/families.c in NumPy, under the same names; inputs are the same numbers."""
import numpy as np

import common


class Inputs:
    def __init__(self, side, view):
        n = side * side
        x = common.uniform(200, (side, side), 0.99, 1.01)
        if view == "transposed":
            x = x.T
        if view == "broadcast":
            x = np.broadcast_to(x[0], x.shape)
        self.side, self.n, self.x = side, n, x
        self.y = common.uniform(201, (side, side))
        self.row = common.uniform(202, (side,))
        self.column = common.uniform(203, (side, 1))
        self.v = common.uniform(204, (n,))
        self.taps = common.uniform(205, (101,))
        self.places = common.integers(206, n, n)
        self.lines = common.integers(207, side, side)
        self.along = common.integers(208, n, side).reshape(side, side)
        self.mask = self.y > 0


def added_at(x, places, values):
    x = x.copy()
    np.add.at(x, places, values)
    return x


def blocks(x):
    return x.reshape(-1, 10, 10)


def convolved(images, kernels):
    """Four channels of images, and eight kernels for them."""
    side = round((images.size / 4) ** 0.5)
    windows = np.lib.stride_tricks.sliding_window_view(images.reshape(4, side, side), (3, 3), axis=(1, 2))
    return np.tensordot(kernels.ravel()[:288].reshape(8, 4, 3, 3), windows, ([1, 2, 3], [0, 3, 4]))


CASES = {
    "sum": lambda i: i.x.sum(),
    "sum_axis_0": lambda i: i.x.sum(0),
    "sum_axis_1": lambda i: i.x.sum(1),
    "prod": lambda i: i.x.prod(),
    "max": lambda i: i.x.max(),
    "max_axis_0": lambda i: i.x.max(0),
    "max_axis_1": lambda i: i.x.max(1),
    "argmax": lambda i: i.x.argmax(),
    "argmax_axis_0": lambda i: i.x.argmax(0),
    "argmax_axis_1": lambda i: i.x.argmax(1),
    "var": lambda i: i.x.var(),
    "var_axis_0": lambda i: i.x.var(0),
    "var_axis_1": lambda i: i.x.var(1),
    "cumsum": lambda i: i.x.cumsum(),
    "cumsum_axis_0": lambda i: i.x.cumsum(0),
    "cumsum_axis_1": lambda i: i.x.cumsum(1),
    "cumprod": lambda i: i.x.cumprod(),
    "cumprod_axis_0": lambda i: i.x.cumprod(0),
    "cumprod_axis_1": lambda i: i.x.cumprod(1),
    "diff_axis_0": lambda i: np.diff(i.x, axis=0),
    "diff_axis_1": lambda i: np.diff(i.x, axis=1),
    "sort": lambda i: np.sort(i.x, axis=None),
    "sort_axis_0": lambda i: np.sort(i.x, 0),
    "sort_axis_1": lambda i: np.sort(i.x, 1),
    "argsort": lambda i: np.argsort(i.x, axis=None),
    "argsort_axis_1": lambda i: np.argsort(i.x, 1, stable=True),
    "partition": lambda i: np.partition(i.x, i.n // 2, axis=None),
    "partition_axis_1": lambda i: np.partition(i.x, i.side // 2, 1),
    "median": lambda i: np.median(i.x),
    "median_axis_0": lambda i: np.median(i.x, 0),
    "median_axis_1": lambda i: np.median(i.x, 1),
    "take": lambda i: np.take(i.x, i.places),
    "take_axis_0": lambda i: np.take(i.x, i.lines, 0),
    "take_axis_1": lambda i: np.take(i.x, i.lines, 1),
    "take_along_axis_0": lambda i: np.take_along_axis(i.x, i.along, 0),
    "take_along_axis_1": lambda i: np.take_along_axis(i.x, i.along, 1),
    "mask": lambda i: i.x[i.mask],
    "add_at": lambda i: added_at(i.x.ravel(), i.places, i.v),
    "add_at_rows": lambda i: added_at(i.x, i.lines, i.y),
    "concatenate_axis_0": lambda i: np.concatenate([i.x, i.y], 0),
    "concatenate_axis_1": lambda i: np.concatenate([i.x, i.y], 1),
    "stack_axis_0": lambda i: np.stack([i.x, i.y], 0),
    "stack_axis_last": lambda i: np.stack([i.x, i.y], -1),
    "transposed_copy": lambda i: i.x.T,
    "flip": lambda i: np.flip(i.x),
    "flip_axis_0": lambda i: np.flip(i.x, 0),
    "flip_axis_1": lambda i: np.flip(i.x, 1),
    "roll": lambda i: np.roll(i.x, 3),
    "roll_axis_0": lambda i: np.roll(i.x, 3, 0),
    "roll_axis_1": lambda i: np.roll(i.x, 3, 1),
    "tile": lambda i: np.tile(i.x, (2, 2)),
    "repeat": lambda i: np.repeat(i.x, 2),
    "repeat_axis_0": lambda i: np.repeat(i.x, 2, 0),
    "repeat_axis_1": lambda i: np.repeat(i.x, 2, 1),
    "pad_zeros": lambda i: np.pad(i.x, 5),
    "pad_edge": lambda i: np.pad(i.x, 5, "edge"),
    "pad_wrap": lambda i: np.pad(i.x, 5, "wrap"),
    "triu": lambda i: np.triu(i.x),
    "einsum_rows": lambda i: np.einsum("ij,ij->i", i.x, i.y, optimize=True),
    "einsum_outer": lambda i: np.einsum("i,j->ij", i.x[0], i.row, optimize=True),
    "einsum_sum": lambda i: np.einsum("ij,j->", i.x, i.row, optimize=True),
    "einsum_blocks": lambda i: np.einsum("bij,bjk->bik", blocks(i.x), blocks(i.y), optimize=True),
    "conv2d_images": lambda i: convolved(i.x, i.y),
    "conv2d_kernels": lambda i: convolved(i.y, i.x),
    "convolve": lambda i: np.convolve(i.x.ravel(), i.taps, "same"),
    "add": lambda i: i.x + i.y,
    "add_row": lambda i: i.x + i.row,
    "add_column": lambda i: i.x + i.column,
    "row_times_column": lambda i: i.x[0] * i.column,
    "exp": lambda i: np.exp(i.x),
    "where": lambda i: np.where(i.mask, i.x, i.y),
    "greater": lambda i: i.x > i.y,
}

#: their results hold what stands beside the elements asked for in any order
UNORDERED = {"partition", "partition_axis_1"}


def run(case, inputs):
    """The result with its elements in row-major order, which is how it is read here and there."""
    result = CASES[case](inputs)
    return result if result.flags.c_contiguous else np.ascontiguousarray(result)

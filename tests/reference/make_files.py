#!/usr/bin/env python3
"""Writes tests/reference/files: what NumPy saves, for tests/files.rs to read, and to compare with what the library saves."""

import pathlib

import numpy as np

HERE = pathlib.Path(__file__).parent / "files"
HERE.mkdir(exist_ok=True)

x = np.arange(6).reshape(2, 3) - 2
for dtype in ("bool", "int64", "float32", "float64", "complex64", "complex128"):
    a = (x * (1 - 0.5j) if dtype.startswith("c") else x).astype(dtype)
    np.save(HERE / f"{dtype}.npy", a)
np.save(HERE / "number.npy", np.float64(2.5))
np.save(HERE / "vector.npy", np.arange(3.0))
np.save(HERE / "empty.npy", np.zeros((2, 0, 3)))
# What the library doesn't write, but reads.
np.save(HERE / "fortran.npy", np.asfortranarray(np.arange(24.0).reshape(2, 3, 4)))
np.save(HERE / "big_endian.npy", np.arange(-2, 4).astype(">i4").reshape(2, 3))
np.save(HERE / "big_endian_complex.npy", np.array([1 + 2j, -3 - 4j], dtype=">c8"))
for dtype in ("int8", "uint16", "float16", "uint64"):
    np.save(HERE / f"{dtype}.npy", np.array([0, 1, 100]).astype(dtype))
np.save(HERE / "too_large.npy", np.array([2**64 - 1], dtype="uint64"))
np.save(HERE / "object.npy", np.array([{}, None], dtype=object), allow_pickle=True)
np.save(HERE / "text.npy", np.array(["abc"]))
np.save(HERE / "record.npy", np.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")]))
arrays = {"scale": np.float32(1.5), "layers/0/w": np.eye(2), "layers/1/w": np.full((50, 40), 0.25), "layers/1/b": x}
np.savez(HERE / "tree.npz", **arrays)
np.savez_compressed(HERE / "compressed.npz", **arrays)
np.savez(HERE / "unnamed.npz", np.arange(3.0), np.ones((1, 2)))

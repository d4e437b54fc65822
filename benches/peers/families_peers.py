"""The operations of families.py in JAX (compiled) and PyTorch: for each the operation, and value and cotangent of x."""
import types

import numpy as np

import common
import families


def windows(side):
    return (4, side, side), (8, 4, 3, 3)


class Jax:
    """families.CASES with jax.numpy in the place of NumPy; what isn't in there, or is called otherwise, stands here."""

    def __init__(self):
        import jax

        self.jax, self.jnp = jax, jax.numpy
        jnp = jax.numpy

        def convolved(images, kernels):
            side = round((images.size / 4) ** 0.5)
            of, taps = windows(side)
            kernels = kernels.ravel()[:288].reshape(taps)
            return jax.lax.conv_general_dilated(images.reshape(1, *of), kernels, (1, 1), "VALID")[0]

        self.names = {
            "np": jnp,
            "blocks": families.blocks,
            "convolved": convolved,
            "added_at": lambda x, places, values: x.at[places].add(values),
        }
        self.own = {
            "mask": None,  # the shape of the result is not known before
            "partition": lambda i: jnp.partition(i.x.ravel(), i.n // 2),
            "convolve": lambda i: jnp.convolve(i.x.ravel(), i.taps, "same"),
        }

    def case(self, case, inputs):
        f = self.own.get(case, families.CASES[case])
        if f is None:
            return None
        f = types.FunctionType(f.__code__, {**f.__globals__, **self.names}, closure=f.__closure__)
        sizes = {k: v for k, v in vars(inputs).items() if isinstance(v, int)}
        arrays = {k: self.jnp.asarray(v) for k, v in vars(inputs).items() if k not in sizes and k != "x"}
        x = self.jnp.asarray(np.ascontiguousarray(inputs.x))
        # Arrays are arguments: what is closed over would be computed by the compiler.
        run = lambda x, arrays: f(types.SimpleNamespace(x=x, **sizes, **arrays))
        compiled = self.jax.jit(run)
        y = compiled(x, arrays)

        @self.jax.jit
        def swept(x, arrays, g):
            y, pull = self.jax.vjp(lambda x: run(x, arrays), x)
            return y, pull(g)

        wait = self.jax.block_until_ready
        forward = lambda: wait(compiled(x, arrays))
        if y.dtype != x.dtype:
            return np.asarray(y), forward, None
        g = self.jnp.asarray(common.uniform(209, y.shape))
        return np.asarray(y), forward, lambda: wait(swept(x, arrays, g))


class Torch:
    def __init__(self):
        import torch

        torch.set_num_threads(1)
        self.torch = torch
        pad = lambda i, mode: torch.nn.functional.pad(i.x[None, None], (5, 5, 5, 5), mode)[0, 0]

        def convolved(images, kernels):
            of, taps = windows(round((images.numel() / 4) ** 0.5))
            return torch.conv2d(images.reshape(1, *of), kernels.ravel()[:288].reshape(taps))[0]

        self.cases = {
            "sum": lambda i: i.x.sum(),
            "prod": lambda i: i.x.prod(),
            "max": lambda i: i.x.amax(),
            "argmax": lambda i: i.x.argmax(),
            "var": lambda i: i.x.var(correction=0),
            "cumsum": lambda i: i.x.ravel().cumsum(0),
            "cumprod": lambda i: i.x.ravel().cumprod(0),
            "sort": lambda i: i.x.ravel().sort().values,
            "argsort": lambda i: i.x.ravel().argsort(),
            "argsort_axis_1": lambda i: i.x.argsort(stable=True, dim=1),
            "median": lambda i: i.x.ravel().quantile(0.5),
            "take": lambda i: i.x.take(i.places),
            "mask": lambda i: i.x[i.mask],
            "add_at": lambda i: i.x.ravel().index_add(0, i.places, i.v),
            "add_at_rows": lambda i: i.x.index_add(0, i.lines, i.y),
            "stack_axis_last": lambda i: torch.stack([i.x, i.y], -1),
            "transposed_copy": lambda i: i.x.T.contiguous(),
            "flip": lambda i: i.x.flip(0, 1),
            "roll": lambda i: i.x.roll(3),
            "tile": lambda i: i.x.tile(2, 2),
            "repeat": lambda i: i.x.repeat_interleave(2),
            "pad_zeros": lambda i: pad(i, "constant"),
            "pad_edge": lambda i: pad(i, "replicate"),
            "pad_wrap": lambda i: pad(i, "circular"),
            "triu": lambda i: i.x.triu(),
            "einsum_rows": lambda i: torch.einsum("ij,ij->i", i.x, i.y),
            "einsum_outer": lambda i: torch.einsum("i,j->ij", i.x[0], i.row),
            "einsum_sum": lambda i: torch.einsum("ij,j->", i.x, i.row),
            "einsum_blocks": lambda i: torch.einsum("bij,bjk->bik", families.blocks(i.x), families.blocks(i.y)),
            "conv2d_images": lambda i: convolved(i.x, i.y),
            "conv2d_kernels": lambda i: convolved(i.y, i.x),
            "convolve": lambda i: torch.conv1d(i.x.reshape(1, 1, -1), i.taps.flip(0)[None, None], padding=50)[0, 0],
            "add": lambda i: i.x + i.y,
            "add_row": lambda i: i.x + i.row,
            "add_column": lambda i: i.x + i.column,
            "row_times_column": lambda i: i.x[0] * i.column,
            "exp": lambda i: i.x.exp(),
            "where": lambda i: torch.where(i.mask, i.x, i.y),
            "greater": lambda i: i.x > i.y,
        }
        along = {
            "sum": lambda i, k: i.x.sum(k),
            "max": lambda i, k: i.x.amax(k),
            "argmax": lambda i, k: i.x.argmax(k),
            "var": lambda i, k: i.x.var(k, correction=0),
            "cumsum": lambda i, k: i.x.cumsum(k),
            "cumprod": lambda i, k: i.x.cumprod(k),
            "diff": lambda i, k: i.x.diff(dim=k),
            "sort": lambda i, k: i.x.sort(k).values,
            "median": lambda i, k: i.x.quantile(0.5, k),
            "take": lambda i, k: i.x.index_select(k, i.lines),
            "take_along": lambda i, k: i.x.take_along_dim(i.along, k),
            "concatenate": lambda i, k: torch.cat([i.x, i.y], k),
            "stack": lambda i, k: torch.stack([i.x, i.y], k),
            "flip": lambda i, k: i.x.flip(k),
            "roll": lambda i, k: i.x.roll(3, k),
            "repeat": lambda i, k: i.x.repeat_interleave(2, k),
        }
        for name, f in along.items():
            for k in (0, 1):
                self.cases.setdefault(f"{name}_axis_{k}", lambda i, f=f, k=k: f(i, k))

    def case(self, case, inputs):
        f, torch = self.cases.get(case), self.torch
        if f is None:
            return None
        of = lambda v: v if isinstance(v, int) else torch.from_numpy(np.array(v))
        i = types.SimpleNamespace(**{k: of(v) for k, v in vars(inputs).items()})
        # As read here: repeated elements written out.
        in_order = lambda gradient: gradient.contiguous()
        y = f(i)
        x = i.x.clone().requires_grad_()
        recorded = types.SimpleNamespace(**{**vars(i), "x": x})
        if y.dtype != x.dtype:
            return y.numpy(), lambda: f(i), None
        g = torch.from_numpy(np.array(common.uniform(209, tuple(y.shape))))
        return y.numpy(), lambda: f(i), lambda: in_order(*torch.autograd.grad(f(recorded), x, g))


PEERS = {"jax": Jax, "torch": Torch}

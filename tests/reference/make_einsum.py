"""Records einsum and the products of vectors, for tests/forward_einsum.rs; see make_numpy.py for the format."""

import itertools

from make_numpy import File, np

random = np.random.default_rng(21)
KINDS = ("float64", "float32", "complex128", "complex64", "int64", "bool")


def draw(shape, kind="float64"):
    if kind == "int64":
        return random.integers(-9, 9, size=shape)
    if kind == "bool":
        return random.integers(0, 2, size=shape).astype(bool)
    x = random.normal(size=shape).round(3)
    if kind.startswith("complex"):
        x = x + 1j * random.normal(size=shape).round(3)
    return np.asarray(x, dtype=kind)


f = File("numpy_einsum.txt")
shapes = [(), (1,), (2,), (3,), (2, 3), (3, 2), (3, 3), (1, 3), (2, 1), (2, 3, 3), (3, 2, 3), (2, 2, 2), (0,), (0, 3), (3, 0), (2, 1, 3), (4, 2, 3)]
operands = {s: f.let(f"p{i}", draw(s)) for i, s in enumerate(shapes)}


def einsum(text, *args):
    words = text.replace(" ", "_").replace("->", ">")
    f.case("einsum", lambda *a: np.einsum(text, *a), *args, s=words)


ONE = ["", "i", "ij", "ji", "ba", "aB", "i->", "i->i", "ij->", "ij->i", "ij->j", "ij->ji", "ii", "ii->", "ii->i", "ij->ii", "ij->k",
       "...", "...->...", "i...", "...i", "...i->...", "i...->...", "i...->i", "...j->j...", "i...j", "i...i", "i...i->...i", "ijk->kji",
       "ijj->i", "iji->j", "iij->ij", "ijk", "kji->", "iii", "iii->i", "i..", "i.j", ".....", "i...j...", "i1", "i-j", "i->j-", "i->...i",
       "ij->...", "->", "i,", "i->->i", " i j -> j i ", "i_j", "é"]
for text in ONE:
    if "_" in text:
        continue
    for s in [(), (3,), (0,), (2, 3), (3, 3), (3, 0), (1, 3), (2, 3, 3), (3, 2, 3), (2, 2, 2)]:
        einsum(text, operands[s])
TWO = ["i,i", "i,i->i", "i,j", "i,j->ji", "ij,j", "ij,j->i", "ij,jk", "ij,jk->ki", "ij,kj", "ij,ij", "ij,ij->ij", "ij,ij->i", "ij,i->", "ii,i->i", "ij,ji->",
       "...,...", "...i,...i", "...i,i...->...", "i...,i...", "...ij,...jk", "ij...,jk...->ik...", "bij,bjk", "bij,bij->b", "bij,jk->bik", ",i", ",ij->ji", "i,ijk->jk"]
for text in TWO:
    for s, t in itertools.product([(), (3,), (1,), (2,), (0,), (2, 3), (3, 2), (3, 3), (1, 3), (2, 1, 3), (2, 3, 3), (4, 2, 3)], repeat=2):
        wanted = [len(p.replace("...", "")) for p in text.split("->")[0].split(",")]
        loose = "..." in text
        if all(len(x) == w or loose and len(x) >= w and len(x) <= w + 1 for x, w in zip((s, t), wanted)):
            einsum(text, operands[s], operands[t])
einsum("i", operands[(3,)], operands[(3,)])
einsum("i,i,i", operands[(3,)], operands[(3,)])
M = operands
for text, args in [
    ("ij,jk,kl", [(2, 3), (3, 2), (2, 3)]), ("ij,jk,kl->li", [(2, 3), (3, 2), (2, 1)]), ("i,ij,j", [(2,), (2, 3), (3,)]), ("i,i,i->i", [(3,), (3,), (1,)]),
    ("ij,ij,ij->", [(2, 3), (2, 3), (1, 3)]), ("a,b,c->cba", [(2,), (3,), (1,)]), ("...i,...i,...i", [(2, 3), (3,), (4, 2, 3)]),
    ("ij,jk,kl,lm->im", [(2, 3), (3, 2), (2, 3), (3, 3)]), ("a,b,c,d,e,f->acf", [(2,), (3,), (1,), (2,), (3,), (2,)]),
    ("ai,bi,ci,di,ei,fi->abcdef", [(2, 3), (1, 3), (2, 3), (1, 3), (2, 3), (3, 3)]), ("i,i,i,i,i,i,i", [(3,)] * 7), ("ab,bc,cd,de,ef,fg,ga", [(2, 3), (3, 2)] * 3 + [(2, 2, 2)]),
    ("ab,bc,cd,de,ef,fa", [(2, 3), (3, 2)] * 3), ("ij,jk,kl", [(2, 3), (2, 3), (3, 2)]), ("ii,jj,ij", [(3, 3), (3, 3), (3, 3)]), ("ij,jk,ki", [(3, 0), (0, 3), (3, 3)]),
]:
    einsum(text, *(M[s] for s in args))
# More operands than NumPy takes (64): the result of a chain of 2 x 2 rotations is known.
quarter = f.let("quarter", np.array([[0.0, -1.0], [1.0, 0.0]]))
letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
chain = [letters[i] + letters[i + 1] for i in range(50)]
f.case("einsum", lambda *a: np.linalg.matrix_power(quarter, len(a)), *[quarter] * 50, s=",".join(chain) + ">" + letters[0] + letters[50])
f.case("einsum", lambda *a: np.array(2.0**70), *[np.array(2.0)] * 70, s="," * 69)
for k, l in itertools.product(KINDS, repeat=2):
    einsum("ij,jk->ik", draw((2, 3), k), draw((3, 2), l))
    einsum("ij,ij->i", draw((2, 3), k), draw((2, 3), l))
for k in KINDS:
    einsum("ij->j", draw((2, 3), k))
    einsum("ii->i", draw((3, 3), k))
    einsum("i,i,i", draw(3, k), draw(3, k), draw(3, "float32"))

small = [(), (3,), (2,), (2, 3), (3, 2), (1, 3), (2, 3, 3), (2, 1, 3), (0,), (0, 3)]
for s, t in itertools.product(small, small):
    f.case("kron", np.kron, operands[s], operands[t])
    f.case("vdot", np.vdot, operands[s], operands[t])
    f.case("matvec", np.matvec, operands[s], operands[t])
    f.case("vecmat", np.vecmat, operands[s], operands[t])
    f.case("cross", np.cross, operands[s], operands[t], axes="-1,-1,-1")
    for axis in (-1, 0):
        # Another axis than the last one must be there in both, says NumPy of what it broadcasts.
        f.case("vecdot", lambda a, b: np.vecdot(a, b, axis=axis), operands[s], operands[t], axis=axis)
for a, b, c in [(0, 1, 0), (0, -1, 1), (0, 1, 2), (0, 5, 0), (-3, 0, 0), (0, 1, -2)]:
    f.case("cross", lambda x, y: np.cross(x, y, a, b, c), operands[(3, 2)], operands[(2, 3)], axes=f"{a},{b},{c}")
    f.case("cross", lambda x, y: np.cross(x, y, a, b, c), operands[(2, 3)], operands[(3, 2)], axes=f"{a},{b},{c}")
for k, l in itertools.product(KINDS, repeat=2):
    x, y = draw((2, 3), k), draw((2, 3), l)
    f.case("kron", np.kron, x, y)
    f.case("vdot", np.vdot, x, y)
    f.case("vecdot", np.vecdot, x, y, axis=-1)
    f.case("matvec", np.matvec, x, y)
    f.case("vecmat", np.vecmat, x, y.T)
    f.case("cross", np.cross, x, y, axes="-1,-1,-1")
f.write()

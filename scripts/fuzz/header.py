"""Reads the declarations of include/autograd.h."""
import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent.parent


class Variable(NamedTuple):
    """An argument of a function, or a field of a struct."""

    kind: str
    name: str


class Function(NamedTuple):
    result: str
    name: str
    arguments: list


def source():
    """The header without comments and lines of the preprocessor."""
    text = re.sub(r"/\*.*?\*/|//[^\n]*", "", (ROOT / "include" / "autograd.h").read_text(), flags=re.S)
    return re.sub(r"^\s*#.*$", "", text, flags=re.M)


def variable(text):
    kind = " ".join(re.sub(r"\w+\s*$", "", text).split()).replace(" *", "*")
    return Variable(kind, re.search(r"(\w+)\s*$", text).group(1))


def functions():
    found = []
    for result, name, arguments in re.findall(r"AG_API\s+([\w\s*]*?)\b(ag_\w+)\(([^()]*)\);", source()):
        kind = " ".join(result.split()).replace(" *", "*")
        listed = [] if arguments.strip() == "void" else [variable(a) for a in arguments.split(",")]
        found.append(Function(kind, name, listed))
    return found


def structs():
    """The fields of each struct whose first one says how long it is."""
    found = {}
    for body, name in re.findall(r"typedef struct \w+ \{([^{}]*)\} (\w+);", source()):
        fields = [variable(f) for f in body.split(";") if f.strip() and "[" not in f]
        if fields and fields[0].name == "struct_size":
            found[name] = fields[1:]
    return found

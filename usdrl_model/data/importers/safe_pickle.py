"""Untrusted pickles and object arrays, read as data by an interpreter that executes no code.

A pickle is a program: it can call any function it names, and crash the interpreter with a forged array. Here only the
instructions that build lists, dictionaries, texts, numbers, times and numpy arrays are executed; any other is an error.
The number of instructions is bounded by the size of the file, and so is the size of nested lists with all shared parts
expanded.
"""

from __future__ import annotations

import io
import pickletools
from collections.abc import Callable
from typing import Any, BinaryIO

import numpy as np

from usdrl_model.data.importers.pickle_values import Name, RefusedError, Unfinished
from usdrl_model.errors.shown import cut, shown
from usdrl_model.files import arrays, limits

FEW, BYTES_EACH = 2**20, 64
"""Instructions allowed for any pickle, and bytes per further one: large pickles consist of large arrays."""
DEPTH = 100
"""Maximum nesting."""
_VALUES = {
    "INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT", "STRING", "BINSTRING",
    "SHORT_BINSTRING", "BINBYTES", "BINBYTES8", "SHORT_BINBYTES", "BYTEARRAY8", "UNICODE", "BINUNICODE", "BINUNICODE8",
    "SHORT_BINUNICODE",
}  # fmt: skip
"""Instructions that push their own argument."""
_CONSTANTS: dict[str, Any] = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_KEY_BITS = 32


class _Machine:
    """The pickle machine: a stack, the stacks below its marks, a memo, and the instructions that data needs."""

    def __init__(self) -> None:
        self.stack: list[Any] = []
        self.below: list[list[Any]] = []
        self.memo: dict[int, Any] = {}

    def run(self, content: BinaryIO, size: int) -> Any:
        """Execute a pickle and return its value."""
        left = FEW + size // BYTES_EACH
        for opcode, argument, _ in pickletools.genops(content):
            left -= 1
            if left < 0:
                raise RefusedError(f"has more than {FEW + size // BYTES_EACH} instructions in {size} bytes")
            name = opcode.name
            if name in _VALUES:
                self.stack.append(argument)
            elif name in _CONSTANTS:
                self.stack.append(_CONSTANTS[name])
            elif name == "STOP":
                return self.stack.pop()
            elif name in _STEPS:
                _STEPS[name](self, argument)
            else:
                raise RefusedError(f"has the instruction {name}, which data has no need of")
        raise RefusedError("it ends too early")

    def nothing(self, _: Any) -> None:
        """Instructions without an effect on the stack."""

    def mark(self, _: Any) -> None:
        self.below.append(self.stack)
        self.stack = []

    def since_mark(self) -> list[Any]:
        values, self.stack = self.stack, self.below.pop()
        return values

    def push(self, value: Any) -> None:
        self.stack.append(value)

    def push_tuple(self, count: int) -> None:
        if len(self.stack) < count:
            raise RefusedError("takes more from the stack than there is")
        values = tuple(self.stack[len(self.stack) - count :])
        del self.stack[len(self.stack) - count :]
        self.stack.append(values)

    def put(self, place: int) -> None:
        self.memo[place] = self.stack[-1]
        if isinstance(self.stack[-1], Unfinished):
            self.stack[-1].places.append(place)

    def fill(self, pairs: list[Any]) -> None:
        target = self.top(dict)
        for key, value in zip(pairs[::2], pairs[1::2], strict=True):
            # Long numbers can be chosen so that their hashes collide.
            if not isinstance(key, str) and not (isinstance(key, int) and key.bit_length() <= _KEY_BITS):
                raise RefusedError(f"has a dictionary with {shown(key)} as a key")
            target[key] = value

    def top(self, kind: type) -> Any:
        if type(self.stack[-1]) is not kind:
            raise RefusedError(f"adds to a {type(self.stack[-1]).__name__} as if it were a {kind.__name__}")
        return self.stack[-1]

    def append(self, _: Any) -> None:
        value = self.stack.pop()
        self.top(list).append(value)

    def appends(self, _: Any) -> None:
        values = self.since_mark()
        self.top(list).extend(values)

    def dictionary(self, _: Any) -> None:
        pairs = self.since_mark()
        self.stack.append({})
        self.fill(pairs)

    def set_items(self, _: Any) -> None:
        pairs = self.since_mark()
        self.fill(pairs)

    def set_item(self, _: Any) -> None:
        value, key = self.stack.pop(), self.stack.pop()
        self.fill([key, value])

    def name(self, argument: str) -> None:
        module, _, name = argument.partition(" ")
        self.stack.append(Name(module, name))

    def name_on_stack(self, _: Any) -> None:
        name, module = self.stack.pop(), self.stack.pop()
        if not isinstance(name, str) or not isinstance(module, str):
            raise RefusedError("has a name that is no text")
        self.stack.append(Name(module, name))

    def call(self, _: Any) -> None:
        arguments, name = self.stack.pop(), self.stack.pop()
        if not isinstance(name, Name) or not isinstance(arguments, tuple):
            raise RefusedError(f"calls a {type(name).__name__}")
        self.stack.append(name.call(*arguments))

    def build(self, _: Any) -> None:
        state, begun = self.stack.pop(), self.stack.pop()
        if not isinstance(begun, Unfinished):
            raise RefusedError(f"changes a {type(begun).__name__}")
        built = begun.build(state)
        self.stack.append(built)
        for place in begun.places:  # the memo holds it from before its state was set
            if self.memo.get(place) is begun:
                self.memo[place] = built


_STEPS: dict[str, Callable[[_Machine, Any], object]] = {
    "PROTO": _Machine.nothing,
    "FRAME": _Machine.nothing,
    "MARK": _Machine.mark,
    "POP": lambda machine, _: machine.stack.pop() if machine.stack else machine.since_mark(),
    "POP_MARK": lambda machine, _: machine.since_mark(),
    "DUP": lambda machine, _: machine.push(machine.stack[-1]),
    "EMPTY_LIST": lambda machine, _: machine.push([]),
    "EMPTY_DICT": lambda machine, _: machine.push({}),
    "LIST": lambda machine, _: machine.push(machine.since_mark()),
    "TUPLE": lambda machine, _: machine.push(tuple(machine.since_mark())),
    "EMPTY_TUPLE": lambda machine, _: machine.push_tuple(0),
    "TUPLE1": lambda machine, _: machine.push_tuple(1),
    "TUPLE2": lambda machine, _: machine.push_tuple(2),
    "TUPLE3": lambda machine, _: machine.push_tuple(3),
    "DICT": _Machine.dictionary,
    "APPEND": _Machine.append,
    "APPENDS": _Machine.appends,
    "SETITEM": _Machine.set_item,
    "SETITEMS": _Machine.set_items,
    "PUT": _Machine.put,
    "BINPUT": _Machine.put,
    "LONG_BINPUT": _Machine.put,
    "MEMOIZE": lambda machine, _: machine.put(len(machine.memo)),
    "GET": lambda machine, place: machine.push(machine.memo[place]),
    "BINGET": lambda machine, place: machine.push(machine.memo[place]),
    "LONG_BINGET": lambda machine, place: machine.push(machine.memo[place]),
    "GLOBAL": _Machine.name,
    "STACK_GLOBAL": _Machine.name_on_stack,
    "REDUCE": _Machine.call,
    "NEWOBJ": _Machine.call,
    "BUILD": _Machine.build,
}


def load(file: BinaryIO, where: str) -> Any:
    """The lists, dictionaries, numbers, texts and numpy arrays of a pickle.

    Raises:
        ValueError: truncated, it holds anything else, or it would grow far beyond its own size.
    """
    begin = file.tell()
    file.seek(0, io.SEEK_END)
    size = file.tell() - begin
    file.seek(begin)
    try:
        value = _Machine().run(file, size)
        _check(value, {}, 4 * size + FEW, 0)
    except Exception as error:  # a damaged pickle can raise anything
        raise ValueError(f"{where}: refused or damaged pickle ({cut(str(error), 300)})") from None
    return value


def load_array(content: bytes, where: str) -> np.ndarray:
    """A ``.npy`` file, also one that holds objects.

    Raises:
        ValueError: truncated, or it holds objects other than those of ``load``.
    """
    file = io.BytesIO(content)
    shape, _, dtype = arrays.header(file, where)
    if not dtype.hasobject:
        return arrays.read_npy(content, where)
    objects = load(file, where)
    if not isinstance(objects, np.ndarray) or objects.shape != shape:
        raise ValueError(f"{where}: expected an array of {shape} objects")
    return objects


def _check(value: Any, sizes: dict[int, int], most: int, depth: int) -> int:
    """Number of values in ``value`` with all shared parts expanded; RefusedError if too many or too deep.

    Shared parts are counted once, so the time is linear in the size of the file.
    """
    if isinstance(value, (Unfinished, Name)):
        raise RefusedError("holds something unfinished")
    if isinstance(value, np.ndarray):
        parts = value.reshape(-1).tolist() if value.dtype.hasobject else []
        own = value.size
    elif isinstance(value, dict):
        parts, own = list(value.values()), len(value)
    elif isinstance(value, (list, tuple)):
        parts, own = list(value), 1
    else:
        return 1 + len(value) // 64 if isinstance(value, (str, bytes)) else 1
    if id(value) in sizes:
        if not sizes[id(value)]:
            raise RefusedError("holds a list that holds itself")
        return sizes[id(value)]
    limits.check(depth, DEPTH, "lists in lists")
    sizes[id(value)] = 0
    total = 1 + own + sum(_check(part, sizes, most, depth + 1) for part in parts)
    limits.check(total, most, "values, written out")
    sizes[id(value)] = total
    return total

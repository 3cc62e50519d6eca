"""A checksum at the end of an ONNX file, in a form that every ONNX reader takes for one more property.

An ONNX file is a protobuf message, and what is appended to one is read as a part of it: here an entry of
``metadata_props`` whose key is ``KEY`` and whose value is the SHA-256 of all bytes before it.

>>> content = sealed(b"a model")
>>> is_sealed(content), is_sealed(content[:3] + b"M" + content[4:]), is_sealed(b"a model")
(True, False, False)
"""

from __future__ import annotations

import hashlib

KEY = "content_sha256"
_METADATA_PROPS, _ENTRY_KEY, _ENTRY_VALUE = 14, 1, 2
"""Numbers of the fields in ``onnx.proto``."""


def sealed(content: bytes) -> bytes:
    """An ONNX file with the checksum of its content."""
    return content + _entry(content)


def is_sealed(content: bytes) -> bool:
    """Whether an ONNX file ends with the checksum of its content, so that no byte of it was changed."""
    body = content[: -len(_entry(b""))]
    return content == sealed(body)


def _entry(content: bytes) -> bytes:
    value = hashlib.sha256(content).hexdigest()
    return _field(_METADATA_PROPS, _field(_ENTRY_KEY, KEY.encode()) + _field(_ENTRY_VALUE, value.encode()))


def _field(number: int, content: bytes) -> bytes:
    """A field of bytes, shorter than 128 of them."""
    return bytes((number << 3 | 2, len(content))) + content

"""How large files of others may be. Whoever reads one checks here first, before anything is allocated.

Every limit is far above what published data sets and people's own recordings have, and low enough that a file that
lies about its size, or unpacks to a thousand times its size, costs less than 2 GB of memory and a few seconds.
"""

from __future__ import annotations

from pathlib import Path

MEMBER = 2**28
"""Bytes, unpacked, of one binary file of a data set, or of all arrays of one."""
TEXT = 2**26
"""Bytes of a text of numbers. The longest one of a published set has 10 MB."""
LINE = 2**20
"""Bytes of a line of it."""
ROWS = 2**22
"""Lines of numbers in it."""
JSON = 2**23
"""Bytes of a JSON file: ``[[],[],...`` takes 25 times its size in memory."""
INDEX = 2**26
"""Bytes of the index of a stored set; NTU RGB+D 120 has 25 MB."""
STORED = 2**32
"""Bytes, unpacked, of the sets in a packed store. They are kept in memory, so they must also fit
``STORED_RATIO`` times the file."""
STORED_RATIO = 64
"""Bytes out of a byte: half-precision joints of people who move pack to a half."""
YAML = 2**20
"""Bytes of a YAML file: the labels of 15,000 actions."""
YAML_VALUES = 2**18
"""Values in it, those that aliases (``*name``) repeat included."""
YAML_DEPTH = 50
YAML_KEY = 12
YAML_SCALAR = 2**14
"""Characters of one value that is no text: some numbers take time that grows with the square of their length."""
FRAMES = 2**19
"""Frames of one recording: 4.8 hours at 30 Hz."""
NUMBERS = 2**25
"""Coordinates of one recording; 256 MB as float64."""
PLACES = 2**22
"""Frames times people of a clip with a place for everybody in every frame."""
NAME = 4096
"""Characters of a path in an archive, which is what Linux allows."""
MATLAB = 2**24
"""Bytes, unpacked, of one element of a MATLAB file."""
CHUNK = 2**26
"""Bytes, unpacked, of one chunk of an MCAP file; recorders make chunks of about 1 MB."""
OPEN_CHUNKS = 2**28
"""Bytes, unpacked, of all chunks that overlap in time."""
PACKED_SLACK, PACKED_RATIO = 2**26, 100
"""All of a packed bag: so many bytes, and so many times the file."""
RECORDS, RECORDS_PER_BYTE = 2**20, 0.25
"""Records in the chunks of an MCAP file: so many, and so many times the bytes of the file."""
MESSAGE = 2**26
"""Bytes of one recorded message."""
SKELETONS = 2**22
"""Bytes of one message of skeletons. As Python objects, markers take twenty times their bytes."""
_STEP = 2**18
LATEST = 1e11
"""Seconds, either side of 1970, beyond which a stamp cannot be meant: three thousand years."""
LONGEST_GAP = 60.0
"""Seconds without a frame beyond which nothing goes on: a clock was set, or the sensor was off. Whatever lies on a
regular grid of time begins anew behind such a gap, so that memory follows the frames and not the span."""


def check(size: float, limit: float, what: str) -> None:
    """Raise ValueError where ``size`` is above ``limit``.

    Args:
        size: that is claimed or found.
        limit: of this module.
        what: is so large, with the name of the file; "x.zip: a.txt: bytes".
    """
    if size > limit:
        raise ValueError(f"{what}: {size:.0f}, more than the limit of {limit:.0f}: damaged, or made to fill the memory")


def read(path: Path, limit: int) -> bytes:
    """The content of a file of at most ``limit`` bytes.

    Raises:
        ValueError: it is larger, or grows while it is read.
        OSError: it cannot be read.
    """
    check(path.stat().st_size, limit, f"{path}: bytes")
    content = bytearray()
    with path.open("rb") as file:
        while part := file.read(_STEP):
            content += part
            check(len(content), limit, f"{path}: bytes")
    return bytes(content)

"""Small files that would fill the memory, hang, or bring down whoever believes what they say of themselves.

Each is a few kilobytes to a few megabytes; ``hostile.measure`` reads them.
"""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import pickle
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np

from helpers.hostile import Hostile

FAST = 1
"""Level of compression: a gigabyte of zeros is a few megabytes in two seconds."""
UCLA = "a01_s01_e00_v01.json"
NTU = "S001C001P001R001A001.skeleton"


def data_import(dataset: str, file: str = "") -> list[str]:
    """The command that imports a set from the folder, or from a file in it."""
    return ["-m", "usdrl_model.cli.main", "data", "import", dataset, f"{{}}/{file}", "--store", "{}/stores"]


def made(content: Callable[[], bytes | str] | bytes | str) -> bytes:
    """Bytes of what a file holds; what is large is a function, so that it takes memory only while it is written."""
    content = content() if callable(content) else content
    return content.encode() if isinstance(content, str) else content


def write(name: str, content: Callable[[], bytes | str] | bytes | str) -> Callable[[Path], object]:
    """A file with this content."""

    def build(folder: Path) -> None:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(made(content))

    return build


def zipped(name: str, member: str, content: Callable[[], bytes], method: int) -> Callable[[Path], object]:
    """A zip file with one member."""

    def build(folder: Path) -> None:
        with zipfile.ZipFile(folder / name, "w", method, compresslevel=FAST) as archive:
            archive.writestr(member, content())

    return build


def tar_of_zeros(name: str, pack: Callable[[bytes], bytes], pieces: int) -> Callable[[Path], object]:
    """A packed tar whose first member has ``pieces`` times 16 MB of zeros, and whose second one is asked for."""

    def build(folder: Path) -> None:
        first, second = tarfile.TarInfo("filler"), tarfile.TarInfo(UCLA)
        first.size = pieces * 2**24
        zeros = pack(bytes(2**24))
        (folder / name).write_bytes(pack(first.tobuf()) + zeros * pieces + pack(second.tobuf() + bytes(1024)))

    return build


def long_tar_name(folder: Path) -> None:
    """A tar that announces a name of 8 GB."""
    entry = tarfile.TarInfo("././@LongLink")
    entry.type, entry.size = tarfile.GNUTYPE_LONGNAME, 2**33
    head = gzip.compress(entry.tobuf(tarfile.GNU_FORMAT))
    (folder / "all.tar.gz").write_bytes(head + gzip.compress(bytes(2**24)) * 512)


def matlab_bomb(folder: Path) -> None:
    """A variable of 256 MB of bytes, which would be 2 GB of numbers."""
    size = 2**28
    parts = [
        struct.pack("<IIII", 6, 8, 6, 0),
        struct.pack("<IIiiii", 5, 12, 20, 3, size // 60, 0),
        struct.pack("<II8s", 1, 6, b"d_skel"),
        struct.pack("<II", 1, size),
    ]
    body = b"".join(parts)
    packer = zlib.compressobj(9)
    packed = packer.compress(struct.pack("<II", 14, len(body) + size) + body)
    packed += b"".join(packer.compress(bytes(2**20)) for _ in range(size // 2**20)) + packer.flush()
    head = b"MATLAB 5.0".ljust(124) + struct.pack("<HH", 0x0100, 0x4D49)
    (folder / "a1_s1_t1_skeleton.mat").write_bytes(head + struct.pack("<II", 15, len(packed)) + packed)


LAUGHS = "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 10)
)
MERGES = "a0: &a0 {k0: 1, k1: 2, k2: 3}\n" + "".join(
    f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 10)}]}}\n" for n in range(1, 9)
)


def shared_lists(folder: Path) -> None:
    """A pickle in which ten lists hold the one before ten times each."""
    value: object = [0.0] * 10
    for _ in range(12):
        value = [value] * 10
    (folder / "GT_train_1.pkl").write_bytes(pickle.dumps({"pose": value, "label": ["run"] * 10}))


def array_pickle(dtype: bytes, state: bytes, content: bytes) -> bytes:
    """A pickle of ``{"pose": [array], "label": ["run"]}`` whose type and content are given as instructions."""
    array = (
        b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(K\x00tC\x01btR(K\x01(K\x04tcnumpy\ndtype\n("
        + dtype + b"\x89\x88tR(" + state + b"tb\x89" + content + b"tb"
    )  # fmt: skip
    return b"\x80\x03}(X\x04\x00\x00\x00pose](" + array + b"eX\x05\x00\x00\x00label](X\x03\x00\x00\x00runeu."


def bytes_of(size: int) -> bytes:
    """The instruction that puts so many bytes on the stack."""
    return b"B" + struct.pack("<I", size) + b"\x41" * size


OBJECT = (b"X\x02\x00\x00\x00O8", b"K\x03X\x01\x00\x00\x00|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK?")
FORGED = {
    "bytes as objects": array_pickle(*OBJECT, bytes_of(32)),
    "fields of objects": array_pickle(
        b"X\x02\x00\x00\x00V8",
        b"K\x03X\x01\x00\x00\x00|NX\x01\x00\x00\x00x\x85}X\x01\x00\x00\x00xcnumpy\ndtype\n(X\x02\x00\x00\x00O8\x89\x88tRK\x00\x86s"
        b"K\x08K\x08K\x1b",
        bytes_of(32),
    ),
    "numbers with the flags of objects": array_pickle(
        b"X\x02\x00\x00\x00f8", b"K\x03X\x01\x00\x00\x00<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK?", bytes_of(32)
    ),
    "fewer bytes than numbers": array_pickle(
        b"X\x02\x00\x00\x00f8", b"K\x03X\x01\x00\x00\x00<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00", bytes_of(8)
    ),
    "a size of its own": array_pickle(
        b"X\x02\x00\x00\x00f8", b"K\x03X\x01\x00\x00\x00<NNNJ\x00\x00\x00\x40J\xff\xff\xff\xffK\x00", bytes_of(32)
    ),
}
"""Arrays that numpy's own constructors turn into objects, or read beyond their bytes."""


def npz(joints: Callable[[], bytes] | bytes) -> Callable[[Path], object]:
    """A recording of one's own with these bytes as its joints."""

    def build(folder: Path) -> None:
        with zipfile.ZipFile(folder / "wave.npz", "w", zipfile.ZIP_DEFLATED, compresslevel=FAST) as archive:
            for name, value in (("rate", 30.0), ("topology", "coco_17")):
                file = io.BytesIO()
                np.save(file, np.array(value))
                archive.writestr(f"{name}.npy", file.getvalue())
            archive.writestr("joints.npy", made(joints))

    return build


def npy(shape: str, descr: str = "'<f8'", content: bytes = b"") -> bytes:
    """A ``.npy`` file whose header claims a shape."""
    header = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\x02\x00" + struct.pack("<I", len(header)) + header + content


def packed_store(
    index: Callable[[], str] | str,
    joints: Callable[[], bytes] = bytes,
    rows: int = 0,
    frames: int = 0,
    method: int = zipfile.ZIP_LZMA,
) -> Callable[[Path], object]:
    """A packed store with this index, packed by ``method``; ``rows`` skeletons of zeros."""

    def build(folder: Path) -> None:
        with zipfile.ZipFile(folder / "x.usdrl", "w", zipfile.ZIP_LZMA) as archive:
            content = joints()
            array = npy(f"({len(content) // 2},)", "'<f2'", content)
            archive.writestr("m/joints.npy", array, zipfile.ZIP_DEFLATED, FAST)
            archive.writestr("m/confidence.npy", npy("(0,)", "'|u1'"))
            archive.writestr("m/rows.npy", npy(f"({rows}, 2)", "'<i4'", bytes(8 * rows)))
            archive.writestr("m/stamps.npy", npy(f"({frames},)", "'<f8'", bytes(8 * frames)))
            archive.writestr("m/index.json", made(index), method, FAST)

    return build


def index(**clip: object) -> str:
    """An index with one clip."""
    entry = {"name": "a", "topology": "coco_17", **clip}
    return json.dumps({"format": "usdrl.store/1", "set": "m", "labels": [], "hash": "x", "clips": [entry]})


BVH = "HIERARCHY\nROOT a\n{\nOFFSET 0 0 0\nCHANNELS 1 Xposition\n"
JOINTS = "".join(f"JOINT j{n}\n{{\nOFFSET 0 1 0\n" for n in range(20))
INFO = ["-m", "usdrl_model.cli.main", "data", "info", "{}/x.usdrl", "--verify", "--picture", "{}/x.png"]
CONFIG = ["-m", "usdrl_model.cli.main", "pretrain", "--config", "{}/run.yaml", "--data", "{}", "--out", "{}/out"]
YAML = [
    "-c",
    "import sys; from pathlib import Path; from usdrl_model import config; from usdrl_model.network.config import *\n"
    "try: config.load(EncoderConfig, Path('{}/run.yaml'))\nexcept ValueError as error: sys.exit(f'usdrl: {error}')",
]
LABELS = ["-m", "usdrl_ros.bags.command", "store", "{}/stores", "{}/bag"]


def colliding() -> str:
    """Keys of one hash."""
    return "".join(f"{n * (2**61 - 1)}: 0\n" for n in range(30_000))


def crowded() -> str:
    """An index of a million people."""
    return index(frames=10**4, people=list(map(str, range(10**6))))


def short_frames() -> str:
    """Motion whose frames are shorter than its joints."""
    return f"{BVH}{JOINTS}{'} ' * 21}\nMOTION\nFrames: 500000\nFrame Time: 0.01\n" + "0\n" * 30_000_000


def beginnings() -> str:
    """A skeleton of bones that begin and never end."""
    return ":units\nlength 1\n:bonedata\n" + "begin\n" * 10**6 + ":hierarchy\n"


def empty_lists() -> str:
    """JSON of five million of them."""
    return '{"skeletons": [' + "[]," * 5_000_000 + "[]]}"


def gigabyte() -> bytes:
    """An array of zeros."""
    return npy("(631600, 4, 17, 3)", "'<f8'", bytes(2**30))


def many_joints() -> str:
    """A million joints, each in the one before."""
    return BVH + "JOINT a\n{\n" * 10**6 + "} " * 10**6 + "\nMOTION\n"


DANCE = "dance1_subject1.bvh"

GT = "GT_train_1.pkl"
FLAGS = "numbers with the flags of objects"
HOSTILE: list[Hostile] = [
    Hostile("zip of newlines", zipped("all.zip", NTU, lambda: b"\n" * 2**30, 8), data_import("ntu60")),
    Hostile("zip of newlines, bzip2", zipped("all.zip", NTU, lambda: b"\n" * 2**28, 12), data_import("ntu60")),
    Hostile("newlines within the limit", write(NTU, lambda: b"\n" * 2**26), data_import("ntu60")),
    Hostile("tar.gz of zeros", tar_of_zeros("all.tar.gz", gzip.compress, 512), data_import("nw_ucla")),
    Hostile("tar.bz2 of zeros", tar_of_zeros("all.tar.bz2", bz2.compress, 512), data_import("nw_ucla")),
    Hostile("tar.xz of zeros", tar_of_zeros("all.tar.xz", lzma.compress, 512), data_import("nw_ucla")),
    Hostile("tar with a name of 8 GB", long_tar_name, data_import("nw_ucla")),
    Hostile("MATLAB variable of 256 MB", matlab_bomb, data_import("utd_mhad")),
    Hostile("YAML aliases of aliases", write("run.yaml", f"{LAUGHS}objective: *a9\n"), CONFIG),
    Hostile("YAML merges of merges", write("run.yaml", MERGES), YAML),
    Hostile("YAML brackets without end", write("run.yaml", "[" * 2**19), YAML),
    Hostile("YAML number in base 60", write("run.yaml", "seed: 1" + ":1" * 2**18), YAML),
    Hostile("YAML keys that collide", write("run.yaml", colliding), YAML),
    Hostile("labels with aliases of aliases", write("bag/labels.yaml", f"{LAUGHS}schema: *a9\n"), LABELS),
    Hostile("pickle of shared lists", shared_lists, data_import("jhmdb2d")),
    Hostile("pickle with a far place", write(GT, b"\x80\x02]r\xff\xff\xff\x7f."), data_import("jhmdb2d")),
    Hostile("pickle of empty lists", write(GT, lambda: b"\x80\x02(" + b"]" * 2**25), data_import("jhmdb2d")),
    Hostile("pickle of a list in itself", write(GT, b"\x80\x02]q\x00h\x00a."), data_import("jhmdb2d")),
    Hostile("pickle with 2^62 bytes", write(GT, b"\x80\x04\x8e" + struct.pack("<Q", 2**62)), data_import("jhmdb2d")),
    Hostile("array of 2^40 numbers", npz(npy("(1099511627776, 1, 17, 3)")), data_import("own")),
    Hostile("array of 2^40 empty frames", npz(npy("(1099511627776, 0, 17, 3)")), data_import("own")),
    Hostile("array with a header of 2 GB", npz(b"\x93NUMPY\x02\x00\xff\xff\xff\x7f"), data_import("own")),
    Hostile("array with a header that never ends", npz(npy("(" * 99)), data_import("own")),
    Hostile("array of 1 GB of zeros", npz(gigabyte), data_import("own")),
    Hostile("packed store of 1 GB of zeros", packed_store(index(rows=0), lambda: bytes(2**30)), INFO),
    Hostile("index of brackets", packed_store(lambda: "[" * 2**22), INFO),
    Hostile("index of a million people", packed_store(crowded, frames=10**4, method=zipfile.ZIP_DEFLATED), INFO),
    Hostile("index of frames below none", packed_store(index(frames=-5)), INFO),
    Hostile("JSON of brackets", write(UCLA, lambda: "[" * 10**6), data_import("nw_ucla")),
    Hostile("JSON of empty lists", write(UCLA, empty_lists), data_import("nw_ucla")),
    Hostile("a line of 50 MB", write(NTU, lambda: "1 " * 25_000_000), data_import("ntu60")),
    Hostile("10^17 frames", write(NTU, f"{10**17}\n" + "0\n" * 1000), data_import("ntu60")),
    Hostile("30 million empty frames", write(NTU, lambda: "30000000\n" + "0\n" * 30_000_000), data_import("ntu60")),
    Hostile("half a million empty frames", write(NTU, "500000\n" + "0\n" * 500_000), data_import("ntu60"), True),
    Hostile("BVH of short frames", write(DANCE, short_frames), data_import("lafan1")),
    Hostile("BVH of a million joints", write(DANCE, many_joints), data_import("lafan1")),
    Hostile("ASF of beginnings", write("01.asf", beginnings), data_import("cmu_mocap")),
    *(
        Hostile(f"forged: {name}", write(GT, content), data_import("jhmdb2d"), name == FLAGS)
        for name, content in FORGED.items()
    ),
]  # fmt: skip

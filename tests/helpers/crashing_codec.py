"""Codecs that really crash, or hang, on JPEGs that carry a mark: for tests of what a pipeline makes of them.

Nothing of it is in the product: Python processes that are started with `crashing_codecs(...)` in their environment
import a `sitecustomize` of ours, which replaces the decoder's method as soon as `common.codec` is loaded.
"""

from pathlib import Path
from typing import Final

from tests.helpers.jpegs import SOI, segment

CRASH: Final = b"this picture crashes the codec"
HANG: Final = b"this picture hangs the codec"
_COMMENT: Final = 0xFE
# Behind the comment of an unmarked picture's beginning.
_SEARCHED_BYTES: Final = 200

_CUSTOMIZE: Final = """
import ctypes, importlib.machinery, resource, sys, time


def spoil_codec(module):
    decode = module.JpegDecoder.decode

    def decode_or_crash(self, jpeg):
        head = bytes(jpeg[:{searched}])
        if {crash!r} in head:
            # libc reads address 0, the interpreter's lock released: as a codec does it.
            ctypes.CDLL(None).strlen(None)
        if {hang!r} in head:
            time.sleep(3600)
        return decode(self, jpeg)

    module.JpegDecoder.decode = decode_or_crash


def hurry_worker(module):
    module.HUNG_NS = {hung_ns}


SPOILT = {{"common.codec": spoil_codec, "services.transcode.worker": hurry_worker}}


class Spoiler:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name not in SPOILT:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        execute = spec.loader.exec_module

        def exec_module(module):
            execute(module)
            SPOILT[name](module)

        spec.loader.exec_module = exec_module
        return spec


resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
sys.meta_path.insert(0, Spoiler)
"""


def marked(jpeg: bytes, mark: bytes) -> bytes:
    """Return the JPEG with a comment that crashes or hangs the codecs: `CRASH` or `HANG`."""
    return SOI + segment(_COMMENT, mark) + jpeg[len(SOI) :]


def crashing_codecs(folder: Path, *, hung_s: float = 10.0) -> dict[str, str]:
    """Return the environment in which codecs crash and hang on marked pictures, its file written to `folder`.

    `hung_s`: how long a picture may take before a transcode process finds that its codec hangs.
    """
    folder.mkdir(parents=True, exist_ok=True)
    text = _CUSTOMIZE.format(searched=_SEARCHED_BYTES, crash=CRASH, hang=HANG, hung_ns=round(hung_s * 1e9))
    (folder / "sitecustomize.py").write_text(text, encoding="utf-8")
    return {"PYTHONPATH": str(folder)}

"""A file's bytes: from a path or standard input, decompressed, and what kind of file they are."""

from __future__ import annotations

import io
import lzma
import os.path
import re
import sys
import zipfile
import zlib
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from memwall_trends.errors import MemwallError, needs

if TYPE_CHECKING:
    from collections.abc import Callable

STANDARD_INPUT = "-"
LAST_ASCII, FEW_LETTERS = 0x7F, 16
HEAD = 4096
"""So many bytes tell what a file is."""
MAX_BYTES = 2**31
"""Of a file, decompressed: what a machine can hold in memory with the tables made of it."""
CODECS = {b"\x1f\x8b": "gzip", b"BZh": "bz2", b"\xfd7zXZ": "xz", b"\x28\xb5\x2f\xfd": "zstd"}
OTHER_KINDS = {
    b"%PDF": "a PDF",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"GIF8": "a picture",
    b"SQLite format 3": "an SQLite database",
    b"ARROW1": "an Arrow file",
    b"\x89HDF": "an HDF5 file",
    b"\x93NUMPY": "a NumPy array",
    b"{\\rtf": "a text document",
    b"\x7fELF": "a program",
}
"""What files begin with that hold no table that can be read here."""
TEXT_KINDS = (
    (re.compile(r"\s*<(!doctype|html|table|\?xml|svg)", re.IGNORECASE), "an HTML or XML page"),
    (re.compile(r"\s*[^\n]*\|[^\n]*\n[ \t]*\|?[ \t]*:?-+:?[ \t]*\|[ \t:|-]*\r?(\n|$)"), "a Markdown table"),
    (re.compile(r"\s*\\(documentclass|begin|usepackage)\b"), "LaTeX"),
)
BROKEN = (OSError, EOFError, ValueError, lzma.LZMAError, zlib.error)
"""What the codecs raise where the bytes are not what they should be."""
ADDRESS = re.compile(r"[a-z][a-z0-9+.-]+:/", re.IGNORECASE)
ENCODINGS = (
    "cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "iso8859_15", "shift_jis", "euc_jp", "gb18030", "big5",
    "euc_kr", "koi8_r", "utf_16_le", "utf_16_be",
)  # fmt: skip
"""Those that tables are written in; there are many more, under which any bytes make some text."""
BYTE_ORDER_MARKS = {
    b"\xef\xbb\xbf": "utf-8-sig",
    b"\xff\xfe\x00\x00": "utf-32",
    b"\x00\x00\xfe\xff": "utf-32",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
}


@dataclass(frozen=True)
class Content:
    """The bytes of a file.

    Attributes
    ----------
    data : bytes
    origin : str
        What to call the file in a message.
    name : str
        Its name without folder and endings.
    compression : str
        Empty where there is none.
    """

    data: bytes
    origin: str
    name: str
    compression: str = ""

    @property
    def kind(self) -> str:
        """``parquet``, ``excel``, ``json`` or ``text``.

        Raises
        ------
        MemwallError
            If it is a file of another kind.
        """
        head = self.data[:HEAD]
        for start, what in OTHER_KINDS.items():
            if head.startswith(start):
                raise MemwallError(
                    f"{self.origin}: this is {what}, not a table; expected CSV, Excel, Parquet or JSON"
                )
        if head.startswith(b"PAR1"):
            return "parquet"
        if head.startswith((b"\xd0\xcf\x11\xe0", b"PK\x03\x04")):
            return "excel"
        return "json" if re.match(rb"(\xef\xbb\xbf)?\s*(\[\s*[\[{\]]|\{)", head) else "text"


def load_content(path: str | Path) -> Content:
    """Return the bytes of a file, decompressed; ``-`` is standard input.

    Raises
    ------
    MemwallError
        If it cannot be read or decompressed, is too large, or is an address.
    """
    text = str(path)
    if ADDRESS.match(text) and not os.path.exists(text):
        # A path loses a slash of an address.
        address = re.sub(r"^([^/]+:)/+", r"\1//", text)
        raise MemwallError(f"{address} is an address; download the file, and give its path")
    if text == STANDARD_INPUT:
        data, origin, name = _read_stream(sys.stdin), "standard input", "standard input"
    else:
        origin, name = text, re.sub(r"\.(gz|bz2|xz|zst|zip)$", "", Path(path).name, flags=re.IGNORECASE)
        name = Path(name).stem
        data = _read_file(Path(path))
    compression = next((codec for start, codec in CODECS.items() if data.startswith(start)), "")
    if compression:
        data = _decompress(data, compression, origin)
    elif data.startswith(b"PK\x03\x04"):
        inner = _unzip(data, origin)
        data, compression = (data, "") if inner is None else (inner, "zip")
    return Content(data, origin, name, compression)


def decode(content: Content, encoding: str | None) -> tuple[str, str]:
    """Return the text of a file and its encoding: the one that is named, or the one that fits.

    Raises
    ------
    MemwallError
        If the text is not in the encoding, or nothing says which it is.
    """
    data = content.data
    marked = next((name for mark, name in BYTE_ORDER_MARKS.items() if data.startswith(mark)), None)
    tried = encoding or marked or "utf-8"
    if tried.lower().replace("_", "-") in ("utf-8", "utf8"):
        tried = "utf-8-sig"
    try:
        # No text but that of two bytes a letter holds zeros.
        if tried == "utf-8-sig" and b"\0" in data[:HEAD] and encoding is None:
            tried = "utf-16-le" if data[1:HEAD:2].count(0) >= data[:HEAD:2].count(0) else "utf-16-be"
        text = data.decode(tried)
    except UnicodeError as error:
        if encoding or marked:
            start = getattr(error, "start", 0)
            row = data[:start].count(b"\n") + 1
            raise MemwallError(
                f"{content.origin}: row {row}: the text is not in {encoding or marked}; name its encoding, "
                "as in --encoding cp1252"
            ) from None
        text, tried = _detect(content)
    refuse_other_texts(text, content.origin)
    return text, tried.removesuffix("-sig")


def refuse_other_texts(text: str, origin: str) -> None:
    """Raise an error if a text is of another kind than a table of cells between separators.

    Examples
    --------
    >>> refuse_other_texts("date,value", "chips.csv")
    """
    head = text[:HEAD]
    for pattern, what in TEXT_KINDS:
        if pattern.match(head):
            raise MemwallError(f"{origin}: this is {what}, not CSV; save the table as CSV")


def _detect(content: Content) -> tuple[str, str]:
    from charset_normalizer import from_bytes

    if sum(byte > LAST_ASCII for byte in content.data) < FEW_LETTERS:
        # Too few to tell more than that most such files are Western European.
        with suppress(UnicodeError):
            return content.data.decode("cp1252"), "cp1252"
    best = from_bytes(content.data, cp_isolation=list(ENCODINGS)).best()
    if best is None:
        raise MemwallError(
            f"{content.origin}: neither UTF-8 nor a text in another encoding that can be told; name it, as "
            "in --encoding cp1252"
        )
    return str(best), best.encoding.replace("_", "-")


def _read_file(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise MemwallError(f"{path}: cannot be read: {error.strerror or error}") from None
    except ValueError as error:  # a path that holds a zero
        raise MemwallError(f"{str(path)!r}: cannot be read: {error}") from None
    return _not_too_large(data, str(path))


@lru_cache(maxsize=1)
def _read_stream(stream: IO[str]) -> bytes:
    """Return all that a stream holds; who asks twice, as of two columns, gets the same."""
    try:
        binary: Any = getattr(stream, "buffer", None)
        data = stream.read().encode() if binary is None else binary.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        raise MemwallError(f"standard input: cannot be read: {error}") from None
    return _not_too_large(data, "standard input")


def _not_too_large(data: bytes, origin: str) -> bytes:
    if len(data) > MAX_BYTES:
        raise MemwallError(f"{origin}: more than {MAX_BYTES >> 30} GiB; take out the rows that are asked of")
    return data


def _decompress(data: bytes, codec: str, origin: str) -> bytes:
    try:
        with _opener(codec)(io.BytesIO(data)) as file:
            return _not_too_large(bytes(file.read(MAX_BYTES + 1)), origin)
    except MemwallError:
        raise
    except BROKEN as error:
        raise MemwallError(f"{origin}: cannot be decompressed ({codec}): {error}") from None


def _opener(codec: str) -> Callable[..., Any]:
    if codec == "gzip":
        import gzip

        return lambda file: gzip.open(file, "rb")
    if codec == "bz2":
        import bz2

        return lambda file: bz2.open(file, "rb")
    if codec == "xz":
        return lambda file: lzma.open(file, "rb")
    needs("pyarrow", extra="parquet", to=f"decompress {codec}")
    import pyarrow

    return lambda file: pyarrow.CompressedInputStream(file, codec)


def _unzip(data: bytes, origin: str) -> bytes | None:
    """Return the one file in an archive; none if the archive is a workbook."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = [
                each.filename
                for each in archive.infolist()
                if not each.is_dir() and not each.filename.startswith("__MACOSX/")
            ]
            if any(name in ("[Content_Types].xml", "mimetype") for name in names):
                return None
            if len(names) != 1:
                raise MemwallError(
                    f"{origin}: an archive of {len(names)} files; expected one. It holds "
                    f"{', '.join(names[:10])}"
                )
            with archive.open(names[0]) as file:
                return _not_too_large(file.read(MAX_BYTES + 1), origin)
    except MemwallError:
        raise
    except (*BROKEN, RuntimeError, NotImplementedError, zipfile.BadZipFile) as error:
        raise MemwallError(f"{origin}: cannot be decompressed (zip): {error}") from None

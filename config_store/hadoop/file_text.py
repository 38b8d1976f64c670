"""A Hadoop file as text to edit, and back: encoding, byte order mark and line ends stay what they were."""

from __future__ import annotations

import codecs
import re
from collections import Counter

from config_store.errors import reject
from config_store.hadoop.scan import Source
from config_store.hadoop_xml import check_hadoop_file

_LINE_END = re.compile("\r\n|\r|\n")
_DECLARED = re.compile(r"""<\?xml[^>]*?\sencoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")
_MARK = "\ufeff"


def file_text(content: bytes) -> str:
    """The text of a file that a check has passed, without byte order mark; lines end with LF."""
    return _LINE_END.sub("\n", _decoded(content).removeprefix(_MARK))


def edited_file(file: str, before: bytes, text: str) -> bytes:
    """The file that ``text`` makes of ``before``: as :func:`file_text` gave it, and edited.

    Lines before the first and behind the last one that changed keep their bytes. Raises InvalidInput: the file is no
    Hadoop configuration any more (with line and column), or holds a character that its encoding lacks.
    """
    old = _decoded(before)
    lines = _LINE_END.sub("\n", text).split("\n")
    ends = _line_ends(old.removeprefix(_MARK), lines)
    written = "".join(line + end for line, end in zip(lines, [*ends, ""], strict=True))
    mark = _MARK if old.startswith(_MARK) else ""
    content = _encoded(file, before, mark + written)
    check_hadoop_file(file, content)
    return content


def _decoded(content: bytes) -> str:
    return content.decode(Source(content).encoding)


def _line_ends(old: str, lines: list[str]) -> list[str]:
    """How each line but the last ends: as it did, where it stands above or below all that changed."""
    before, ends = _LINE_END.split(old), _LINE_END.findall(old)
    count = len(lines) - 1
    top = _equal(before, lines)
    bottom = min(_equal(before[::-1], lines[::-1]), min(len(before), len(lines)) - top)
    kept_top, kept_bottom = min(top, count, len(ends)), max(bottom - 1, 0)
    kept_bottom = min(kept_bottom, count - kept_top, len(ends) - kept_top)
    edited, here = count - kept_top - kept_bottom, ends[kept_top : len(ends) - kept_bottom]
    ((usual, _),) = Counter(ends).most_common(1) or [("\n", 0)]
    middle = here if len(here) == edited else [usual] * edited  # as many lines as before: each is the one it was
    return [*ends[:kept_top], *middle, *ends[len(ends) - kept_bottom :]]


def _equal(left: list[str], right: list[str]) -> int:
    """How many lines are equal, from the first on."""
    return next(
        (n for n, (one, other) in enumerate(zip(left, right, strict=False)) if one != other), min(len(left), len(right))
    )


def _encoded(file: str, before: bytes, text: str) -> bytes:
    source = Source(before)
    declared = _DECLARED.match(text.removeprefix(_MARK)[:500])
    encoding = source.encoding if source.width > 1 else declared[1] if declared else "utf-8"
    try:
        codecs.lookup(encoding)
        return text.encode(encoding)
    except LookupError:
        raise reject(file, f"can't be read: unknown encoding: {encoding}") from None
    except UnicodeEncodeError as error:
        line = text.count("\n", 0, error.start) + 1
        reference = f"&#{ord(text[error.start])};"
        raise reject(
            file, f"holds {text[error.start]!r} at line {line}, which its encoding {encoding} lacks; write {reference}"
        ) from None

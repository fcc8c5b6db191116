"""
Read JSON from a file that somebody's shell has written.

Windows PowerShell redirects as UTF-16 with a byte-order mark, others as UTF-8
with or without one, and cmd in the console's code page, which is refused.
"""

import json
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from pathlib import Path

from sandbox.tenant.refusal import NotATenant


def read_json(path: Path, *, remedy: str) -> object:
    """Return what the JSON in *path* says; NotATenant tells what is wrong, with line and column."""
    raw = path.read_bytes()
    text = _decoded(path, raw, remedy=remedy).removeprefix("\ufeff")
    if not text.strip():
        raise NotATenant(str(path), ["the file is empty: the command that wrote it failed"], remedy=remedy)
    try:
        found: object = json.loads(text)
    except json.JSONDecodeError as error:
        raise NotATenant(str(path), [_broken(text, error)], remedy=remedy) from error
    except RecursionError as error:
        raise NotATenant(str(path), ["the JSON is nested too deep to read"], remedy=remedy) from error
    return found


def _decoded(path: Path, raw: bytes, *, remedy: str) -> str:
    encoding = _encoding(raw)
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        problem = (
            f"line {line}: byte {error.start} (0x{raw[error.start]:02x}) is not {encoding.upper()}: "
            "the file was written in another code page"
        )
        hint = (
            f"{remedy} In PowerShell: `... | Out-File -Encoding utf8 applications.json`; in cmd run `chcp 65001` first."
        )
        raise NotATenant(str(path), [problem], remedy=hint) from error


def _encoding(raw: bytes) -> str:
    """Name the encoding: by byte-order mark, else by the zero bytes that UTF-16 puts beside ASCII."""
    if raw.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        return "utf-16"
    if raw.startswith(BOM_UTF8):
        return "utf-8-sig"
    if len(raw) >= 2 and raw[1] == 0:
        return "utf-16-le"
    return "utf-16-be" if len(raw) >= 2 and raw[0] == 0 else "utf-8"


def _broken(text: str, error: json.JSONDecodeError) -> str:
    where = f"line {error.lineno}, column {error.colno}: this is not JSON ({error.msg})"
    if text.lstrip()[0] not in "[{":
        first = text.lstrip().splitlines()[0][:60]
        return f"{where}; it begins with {first!r}: a message or another format (-o json?) is in the file"
    if not text[error.pos :].strip() or not text.rstrip().endswith(("]", "}")):
        return f"{where}; the text stops early, at line {text.count('\n') + 1}: the file was cut off"
    return where

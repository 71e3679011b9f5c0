"""Signs in a prompt that page content is giving the orders."""

import re
import unicodedata

from workspace.core.adversarial_findings import Signal

MAX_MESSAGE_CHARS = 8192
"""Only this much of a message is read; a run's input holds less."""

_MAX_POINTS = 3
_BLOB_CHARS = 200

_PROMPTS = (
    (
        "prompt_override",
        re.compile(
            r"\b(?:ignore|disregard|forget|override)\s{1,5}(?:(?:all|any|the|your|my|of|these|those)\s{1,5}){0,3}"
            r"(?:previous|prior|preceding|above|earlier|foregoing|system)\b"
        ),
        "The message asks to ignore earlier instructions.",
    ),
    ("prompt_exfiltrate", re.compile(r"\bexfiltrat"), "The message speaks of exfiltrating data."),
    (
        "prompt_send_to",
        re.compile(r"\bsend\b[^.!?\n]{1,80}?\bto\b"),
        "The message asks to send something to somebody.",
    ),
)
_BLOB = re.compile(r"[A-Za-z0-9+/_-]++")
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060\u202a-\u202e\ufeff]")


def prompt_signals(message: str) -> list[Signal]:
    """One signal of one point for each kind of sign, three at most. Reads `MAX_MESSAGE_CHARS`."""
    if not message:
        return []
    text = _readable(message)
    lower = text.lower()
    found = [Signal(reason, 1, detail) for reason, pattern, detail in _PROMPTS if pattern.search(lower)]
    if any(_is_blob(run.group()) for run in _BLOB.finditer(text)):
        found.append(Signal("prompt_encoded_blob", 1, "The message holds a long encoded text."))
    return found[:_MAX_POINTS]


def _readable(message: str) -> str:
    """The beginning of the message without tricks of spelling: full-width letters, invisible characters."""
    visible = _INVISIBLE.sub("", message[:MAX_MESSAGE_CHARS])
    # One character at a time: normalising the whole lets ligatures of 18 letters cost tens of milliseconds.
    plain = {
        ord(char): unicodedata.normalize("NFKC", char)[:4] for char in set(visible) if not char.isascii()
    }
    return visible.translate(plain)[:MAX_MESSAGE_CHARS]


def _is_blob(run: str) -> bool:
    """Base64 in all likelihood: long, and of all three kinds of characters, unlike a ruler or a path."""
    if len(run) <= _BLOB_CHARS:
        return False
    return any(map(str.isupper, run)) and any(map(str.islower, run)) and any(map(str.isdigit, run))

"""Who speaks, and by what name a record of his is known."""

from hashlib import sha256

from roverbook.selectors.authors import Author

__all__ = ["Author", "record_id"]


def record_id(kind: str, author: Author, *said: str) -> str:
    """`<kind>_` and 32 hex digits: of what the caller calls the record, or of what it says. Another site,
    session or agent that uses the same name gets another id, so nobody can write over another's record, and
    what is told twice is known."""
    parts = (author.site.public_id, author.session_id, author.agent_memory_key, *said)
    told = b"".join(b"%d:%s" % (len(part.encode()), part.encode()) for part in parts)
    return f"{kind}_{sha256(told).hexdigest()[:32]}"

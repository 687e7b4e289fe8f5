"""How a record's text lies in a table's item: as it is, or packed where it is too long for one.

An item of DynamoDB holds 400 KB. A pair takes about 1.8 KB of a record, and a fifth of that packed: as text some 170
pairs fit, packed some 800. Source: Amazon DynamoDB developer guide, "Service quotas", item size.
"""

from __future__ import annotations

import base64
import gzip
import zlib

PLAIN_BYTES = 300_000
"""Up to here a record stays readable wherever one looks at the table; the rest of the item is small."""
PACKED = "gzip:"
"""What a packed record begins with. One that is not packed is a JSON object and begins with a brace."""


def kept(body: str) -> str:
    """A record's text as it is kept. The chain's hash is over the text, not over this."""
    if len(body.encode()) <= PLAIN_BYTES:
        return body
    return PACKED + base64.b64encode(gzip.compress(body.encode(), mtime=0)).decode()


def read_again(stored: str) -> str:
    """The text again. What cannot be unpacked comes back as it is: it is not what was hashed, so the chain says so."""
    if not stored.startswith(PACKED):
        return stored
    try:
        return gzip.decompress(base64.b64decode(stored.removeprefix(PACKED), validate=True)).decode()
    except (ValueError, OSError, EOFError, zlib.error):
        return stored

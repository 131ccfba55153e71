"""The one fault in a JSON body that is forgiven: the examples of two documents end in it."""


def without_trailing_comma(raw: bytes) -> bytes:
    """The text of an object, without a comma before its closing brace."""
    body = raw.rstrip()
    inner = body.removesuffix(b"}").rstrip()
    return inner.removesuffix(b",") + b"}" if body.endswith(b"}") and inner.endswith(b",") else raw

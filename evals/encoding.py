"""Encoding: the text of files that people and programs save in whatever encoding they have."""


def decoded(data: bytes) -> tuple[str, bool]:
    """The text of a file in UTF-8 or UTF-16, or else Windows-1252; and whether that last was a guess."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", errors="replace"), False
    try:
        return data.decode("utf-8-sig"), False
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace"), True

"""The error of the importer: a sentence for the person who provided the file."""


class Refused(Exception):
    """The file cannot be imported. The message names the part of the file and the reason."""


def shown(name, most=80):
    """Returns a name from a file in a form for sentences: printable, quoted, not longer than a
    line."""
    text = "".join(c if c.isprintable() else "?" for c in str(name))
    return f"'{text[:most]}...'" if len(text) > most else f"'{text}'"

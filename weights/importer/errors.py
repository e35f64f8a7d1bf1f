"""The one error of the importer: a sentence for the person who brought the file."""


class Refused(Exception):
    """The file cannot be imported; the message says which part of it, and why."""


def shown(name, most=80):
    """A name out of a file, fit for a sentence: printable, quoted, not longer than a line."""
    text = "".join(c if c.isprintable() else "?" for c in str(name))
    return f"'{text[:most]}...'" if len(text) > most else f"'{text}'"

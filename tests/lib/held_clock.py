"""held_clock.py - a daemon whose monotonic clock stands still until the test moves it (held_clock.c)."""
import contextlib
import mmap
import struct
import tempfile

from daemon import Daemon, wait_until
from preload import compiled


class Clock:
    def __init__(self, path):
        self.path = path
        with open(path, "w+b") as file:
            file.write(struct.pack("qq", 10 ** 12, 0))
            file.flush()
            self.map = mmap.mmap(file.fileno(), 16)
        self.words = memoryview(self.map).cast("q")

    def advance(self, seconds):
        """Moves it, and waits until the daemon has looked at all of its deadlines since."""
        self.words[0] += int(seconds * 10 ** 9)
        begun = self.words[1]  # the watchdog's next nap ends a look that may have begun before
        wait_until(lambda: self.words[1] >= begun + 2, "the watchdog looks at its deadlines")


@contextlib.contextmanager
def daemon_with_held_clock(*options):
    """Gives a daemon and its Clock."""
    with tempfile.TemporaryDirectory() as folder:
        library, clock = compiled("held_clock", folder), Clock(folder + "/clock")
        with Daemon(*options, environment={"LD_PRELOAD": library,
                                           "HELD_CLOCK": clock.path}) as d:
            yield d, clock

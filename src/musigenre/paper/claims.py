"""Claims: who is at work on what, among processes and machines that share a folder."""

import contextlib
import hashlib
import json
import os
import socket
import threading
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from uuid import getnode, uuid4

from musigenre.files import IN_USE

#: Seconds after which a claim that its owner has not renewed counts as left behind.
STALE_SECONDS = 300.0

#: Seconds after which an owner renews its claim.
RENEW_SECONDS = 20.0


class Claim:
    """The sole right to work on something, as long as it is renewed.

    A claim is a file that only one process can make. It says who made it and when; an owner that
    has not renewed it for `STALE_SECONDS` loses it to whoever asks next, and at once if whoever
    asks can see that the owner has died: on the same machine, among the same processes.

    Two processes may, in the worst case, take over the same claim at once, or an owner that slept
    may wake up to find that it lost its claim, and the same work is done twice: results are written
    whole and do not depend on who wrote them, so that is a waste and nothing worse.

    Parameters
    ----------
    path : Path
        The file of the claim.

    Attributes
    ----------
    token : str
        What tells this claim from all others on the same thing.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     one, other = (Claim(Path(folder) / "work") for _ in range(2))
    ...     print(one.take(), other.take())
    ...     one.release()
    ...     print(other.take())
    True False
    True
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.token = uuid4().hex

    def take(self) -> bool:
        """Make the claim; say whether it is ours now."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if self._make():
            return True
        if not self._left_behind():
            return False
        with contextlib.suppress(FileNotFoundError, *IN_USE):  # another was faster
            aside = self.path.with_name(f".{self.path.name}.{uuid4().hex[:8]}.old")
            self.path.rename(aside)
            aside.unlink()
        return self._make()

    def is_ours(self) -> bool:
        """Whether nobody has taken the claim over."""
        return (self.owner() or {}).get("token") == self.token

    def renew(self) -> None:
        """Say that the owner is still at work, if the claim is still ours."""
        if self.is_ours():
            with contextlib.suppress(FileNotFoundError, *IN_USE):
                os.utime(self.path)

    def release(self) -> None:
        """Give the claim up, if it is still ours."""
        if self.is_ours():
            with contextlib.suppress(*IN_USE):  # then it goes stale
                self.path.unlink(missing_ok=True)

    def owner(self) -> dict | None:
        """Tell who holds the claim: host, machine, process and time; None if nobody does."""
        try:
            owner = json.loads(self.path.read_text())
        except FileNotFoundError:
            return None
        except (ValueError, *IN_USE):  # cut short by a crash, or being written
            return {}
        return owner if isinstance(owner, dict) else {}

    def _make(self) -> bool:
        about = {
            "host": socket.gethostname(),  # for people: several may have the same name
            "machine": _machine(),
            "process": os.getpid(),
            "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "token": self.token,
        }
        try:
            with self.path.open("x") as file:
                file.write(json.dumps(about))
        except (FileExistsError, *IN_USE):
            return False
        return True

    def _left_behind(self) -> bool:
        owner = self.owner()
        if owner is None:
            return True
        try:
            age = self._now() - self.path.stat().st_mtime
        except FileNotFoundError:
            return True
        if age > STALE_SECONDS:
            return True
        # A claim that does not say on which machine it was made loses by silence alone.
        here = owner.get("machine") == _machine()
        return here and os.name == "posix" and not _is_alive(owner.get("process"))

    def _now(self) -> float:
        """Tell the time by the clock of the folder, which may be on another machine."""
        probe = self.path.with_name(f".{uuid4().hex[:8]}.now")
        try:
            probe.touch()
            return probe.stat().st_mtime
        finally:
            probe.unlink(missing_ok=True)


@contextlib.contextmanager
def alone(path: Path) -> Iterator[Claim]:
    """Wait until nobody else is at work here, and keep others waiting.

    Parameters
    ----------
    path : Path
        The file of the claim.

    Yields
    ------
    Claim
        It is renewed until the end.
    """
    claim, over = Claim(path), threading.Event()

    def renew() -> None:
        while not over.wait(RENEW_SECONDS):
            claim.renew()

    while not claim.take():
        time.sleep(1.0)
    renewing = threading.Thread(target=renew, daemon=True)
    renewing.start()
    try:
        yield claim
    finally:
        over.set()
        renewing.join()
        claim.release()


@cache
def _machine() -> str:
    """Tell this machine, and what processes it shows, from others that may have the same name.

    Clones and containers share host names. Under Linux each start of a system has a number, and
    each set of processes that see each other. Elsewhere there is the number of the network card,
    or a number drawn by chance where there is none: then no process seems to be of this machine.
    """
    try:
        start = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        known = f"{start} {Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        known = f"{socket.gethostname()} {getnode():x}"
    return hashlib.sha256(known.encode()).hexdigest()[:32]


def _is_alive(process: object) -> bool:
    if not isinstance(process, int):
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # it belongs to someone else
        return True
    return True

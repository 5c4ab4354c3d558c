"""Claims: who is at work on what, among processes and machines that share a folder."""

import contextlib
import json
import os
import socket
import threading
import time
from pathlib import Path
from uuid import uuid4

#: Seconds after which a claim that its owner has not renewed counts as left behind.
STALE_SECONDS = 300.0

#: Seconds after which an owner renews its claim.
RENEW_SECONDS = 20.0

# What Windows says of a file that another process has open, or that is about to vanish.
_IN_USE = (PermissionError,) if os.name == "nt" else ()


class Claim:
    """The sole right to work on something, as long as it is renewed.

    A claim is a file that only one process can make. It says who made it and when; an owner that
    has died, or that has not renewed it for `STALE_SECONDS`, loses it to whoever asks next.

    Two processes may, in the worst case, take over the same claim at once and do the same work
    twice: results are written whole and do not depend on who wrote them, so that is a waste and
    nothing worse.

    Parameters
    ----------
    path : Path
        The file of the claim.

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
        self._token = uuid4().hex

    def take(self) -> bool:
        """Make the claim; say whether it is ours now."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if self._make():
            return True
        if not self._left_behind():
            return False
        with contextlib.suppress(FileNotFoundError, *_IN_USE):  # another was faster
            aside = self.path.with_name(f".{self.path.name}.{uuid4().hex[:8]}.old")
            self.path.rename(aside)
            aside.unlink()
        return self._make()

    def renew(self) -> None:
        """Say that the owner is still at work."""
        with contextlib.suppress(FileNotFoundError):
            os.utime(self.path)

    def release(self) -> None:
        """Give the claim up, if it is still ours."""
        owner = self.owner()
        if owner is not None and owner.get("token") == self._token:
            with contextlib.suppress(*_IN_USE):  # then it goes stale
                self.path.unlink(missing_ok=True)

    def owner(self) -> dict | None:
        """Tell who holds the claim: host, process and time; None if nobody does."""
        try:
            return json.loads(self.path.read_text())
        except FileNotFoundError:
            return None
        except (ValueError, *_IN_USE):  # cut short by a crash, or being written
            return {}

    def _make(self) -> bool:
        about = {
            "host": socket.gethostname(),
            "process": os.getpid(),
            "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "token": self._token,
        }
        try:
            with self.path.open("x") as file:
                file.write(json.dumps(about))
        except (FileExistsError, *_IN_USE):
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
        here = owner.get("host") == socket.gethostname()
        return here and os.name == "posix" and not _is_alive(owner.get("process"))

    def _now(self) -> float:
        """Tell the time by the clock of the folder, which may be on another machine."""
        probe = self.path.with_name(f".{uuid4().hex[:8]}.now")
        try:
            probe.touch()
            return probe.stat().st_mtime
        finally:
            probe.unlink(missing_ok=True)


class alone:
    """Wait until nobody else is at work here, and keep others waiting.

    Parameters
    ----------
    path : Path
        The file of the claim.
    """

    def __init__(self, path: Path) -> None:
        self._claim, self._over = Claim(path), threading.Event()

    def __enter__(self) -> None:
        while not self._claim.take():
            time.sleep(1.0)
        self._renewing = threading.Thread(target=self._renew, daemon=True)
        self._renewing.start()

    def __exit__(self, *exception: object) -> None:
        self._over.set()
        self._renewing.join()
        self._claim.release()

    def _renew(self) -> None:
        while not self._over.wait(RENEW_SECONDS):
            self._claim.renew()


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

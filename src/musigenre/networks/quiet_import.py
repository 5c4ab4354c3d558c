"""Import Keras without TensorFlow's notes on its own build."""

import importlib
import os
import sys
import tempfile
from types import ModuleType

# What TensorFlow 2.20 and later writes to stderr on import, whatever TF_CPP_MIN_LOG_LEVEL says.
_NOTES = (b"I0000 ", b"WARNING: All log messages before absl::InitializeLog()")


def import_quietly(name: str) -> ModuleType:
    """Import a module, and drop the informative lines that its libraries write to stderr.

    The lines come from C++, past Python's own stderr, so the file descriptor is turned aside while
    the module is loaded. All other lines, also those of other threads, are written afterwards.

    Parameters
    ----------
    name : str

    Returns
    -------
    module
    """
    if name in sys.modules:
        return sys.modules[name]
    # Later lines, on the lack of a GPU or the insides of a graph. Errors are exceptions in any
    # case, and a level that the user has set is left alone.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        stderr = os.dup(2)
    except OSError:  # a process without stderr, such as a service
        return importlib.import_module(name)
    with tempfile.TemporaryFile() as aside:
        os.dup2(aside.fileno(), 2)
        try:
            return importlib.import_module(name)
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)
            aside.seek(0)
            kept = b"".join(line for line in aside if not line.startswith(_NOTES))
            if kept:
                os.write(2, kept)

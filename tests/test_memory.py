"""A process keeps the memory that it frees, where the C library lets it."""

import os
import platform
import subprocess
import sys

import pytest

# Eight arrays of 4 MiB, used and freed, time and again.
SCRIPT = """
import resource, sys
from musigenre.memory import keep_freed_memory

def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

def work():
    return len([bytearray(2**22) for _ in range(8)])

kept = keep_freed_memory() if "keep" in sys.argv else None
for _ in range(3):
    work()
before = faults()
for _ in range(20):
    work()
print(kept, faults() - before)
"""


def run(*arguments, **environment):
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("MALLOC_", "GLIBC_"))}
    command = [sys.executable, "-c", SCRIPT, *arguments]
    done = subprocess.run(
        command, env=clean | environment, capture_output=True, text=True, check=True
    )
    kept, faults = done.stdout.split()
    return kept, int(faults)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="not the GNU C library")
def test_pages_are_asked_for_once():
    kept, faults = run("keep")
    assert kept == "True"
    assert faults < 1000  # 20 rounds of 8192 pages
    _, by_itself = run()
    assert by_itself > 10 * max(faults, 1)


@pytest.mark.skipif(sys.platform == "win32", reason="resource is not there")
@pytest.mark.parametrize(
    "setting", [{"MALLOC_TRIM_THRESHOLD_": "1000000"}, {"GLIBC_TUNABLES": "glibc.malloc.perturb=0"}]
)
def test_who_has_set_it_is_left_alone(setting):
    assert run("keep", **setting)[0] == "False"

"""What all tests share: where real data lies, and no network."""

import os
import socket
from pathlib import Path

import numpy as np
import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("MPLBACKEND", "Agg")

DATA = Path(
    os.environ.get("MUSIGENRE_TEST_DATA", Path(__file__).resolve().parents[1].parent / "shared")
)


@pytest.fixture(scope="session")
def real_data():
    """Give the path of a piece of real data, or skip the test and say what was wanted."""

    def find(name):
        path = DATA / name
        if not path.exists():
            pytest.skip(f"real data '{name}' not found; set MUSIGENRE_TEST_DATA to its folder")
        return path

    return find


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture(autouse=True)
def _no_network(monkeypatch):
    def refuse(self, address):
        if self.family in {socket.AF_INET, socket.AF_INET6} and address[0] not in {
            "127.0.0.1",
            "::1",
            "localhost",
        }:
            raise RuntimeError(f"a test tried to reach the network: {address}")
        return connect(self, address)

    connect = socket.socket.connect
    monkeypatch.setattr(socket.socket, "connect", refuse)

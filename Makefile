# Every target makes the virtual environment it needs; nothing but Python (>= 3.11) and make is wanted.
PYTHON ?= python3
VENV ?= .venv
ifeq ($(OS),Windows_NT)
BIN := $(VENV)/Scripts
EXE := .exe
else
BIN := $(VENV)/bin
endif

.PHONY: demo test lint bench docs clean

demo: $(VENV)/.installed
	$(BIN)/musigenre demo --output demo-output

test: $(VENV)/.installed-test
	$(BIN)/python -m pytest --numprocesses auto --dist loadfile

lint: $(VENV)/.installed-lint
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(VENV)/.installed
	$(BIN)/python benchmarks/extraction.py

docs: $(VENV)/.installed-docs
	$(BIN)/python -m sphinx --fail-on-warning --keep-going docs docs/_build/html

clean:
	rm -rf $(VENV) demo-output build dist docs/_build docs/auto_examples docs/generated docs/api/generated

$(BIN)/python$(EXE):
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "musigenre needs Python 3.11 or newer; name one: make PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"

$(VENV)/.installed: pyproject.toml | $(BIN)/python$(EXE)
	$(BIN)/python -m pip install --quiet --editable .
	$(BIN)/python -c 'import pathlib; pathlib.Path("$@").touch()'

$(VENV)/.installed-%: pyproject.toml $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --group $*
	$(BIN)/python -c 'import pathlib; pathlib.Path("$@").touch()'

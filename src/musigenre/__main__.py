"""Run the command: ``python -m musigenre``."""

from musigenre.cli import app

app()

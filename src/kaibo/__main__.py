"""`python -m kaibo` is the `kaibo` command."""

from kaibo.cli import app

app()

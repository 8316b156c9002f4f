"""The page about the command line is made from the help, and nothing is undocumented."""

import subprocess
import sys
from pathlib import Path

import typer

from imgsieve.cli.app import app

ROOT = Path(__file__).resolve().parents[2]


def test_the_page_is_up_to_date() -> None:
    done = subprocess.run([sys.executable, "tools/generate_cli_docs.py", "--check"], cwd=ROOT, check=False)
    assert done.returncode == 0, "docs/cli.md is stale: run make docs"


def test_every_command_and_option_is_told() -> None:
    page = (ROOT / "docs" / "cli.md").read_text("utf-8")
    for name, command in typer.main.get_command(app).commands.items():
        assert f"## `imgsieve {name}`" in page
        assert len(command.help) > 40
        for parameter in command.params:
            assert parameter.help, f"{name} {parameter.name}"
            assert all(option in page for option in parameter.opts if option.startswith("-"))

"""Templates to files. Every page has one inlined style sheet and a policy that forbids all else.

The policy names the style sheet by its digest, so that nothing that a file name could smuggle in is ever
styled, run or fetched: pages open from a folder, with no script and no network.
"""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Any

from imgsieve.report.texts import bytes_text, count_text, moment_text, seconds_text, uri_text, visible

__all__ = ["Renderer", "policy"]


def policy(style: str) -> str:
    """Return the content security policy of a page with this style sheet."""
    digest = b64encode(sha256(style.encode()).digest()).decode()
    return "; ".join(
        [
            "default-src 'none'",
            "img-src data:",
            f"style-src 'sha256-{digest}'",
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )


class Renderer:
    """Writes pages below one folder.

    Parameters
    ----------
    folder
        The folder of the report.
    """

    def __init__(self, folder: Path) -> None:
        # Ten megabytes: loaded when a run has let go of what it held, and not before.
        from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415
        from markupsafe import Markup  # noqa: PLC0415

        self._folder = folder
        style = (files("imgsieve.report") / "templates" / "style.css").read_text("utf-8")
        self._environment = Environment(
            loader=PackageLoader("imgsieve.report"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._environment.filters |= {
            "bytes": bytes_text,
            "count": count_text,
            "moment": moment_text,
            "seconds": seconds_text,
            "uri": uri_text,
            "visible": visible,
        }
        style = f"\n{style}"
        self._environment.globals |= {"style": Markup(style), "policy": policy(style)}  # noqa: S704 - our own file

    def page(self, template: str, href: str, **values: Any) -> None:
        """Render a template to a file.

        Parameters
        ----------
        template
            Name in ``templates``.
        href
            Path below the folder of the report, with ``/``.
        values
            What the template shows; ``root`` leads back to the folder of the report.
        """
        path = self._folder / href
        path.parent.mkdir(exist_ok=True)
        root = "../" * href.count("/")
        text = self._environment.get_template(template).render(root=root, **values)
        path.write_text(text, "utf-8", newline="\n")

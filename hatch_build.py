"""Refuses to build a wheel whose workstation would have no pages."""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class PagesHook(BuildHookInterface):
    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - hatch's signature
        """Raises FileNotFoundError; an editable installation may do without, and says so where the pages would be."""
        index = Path(self.root) / "src" / "hemascope" / "web" / "app" / "index.html"
        if version != "editable" and not index.is_file():
            raise FileNotFoundError(
                f"'{index}' is missing: build the pages of the workstation first with `make app` (needs Node.js 20), "
                "or use `pip install -e .`, which can do without them"
            )

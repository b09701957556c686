"""The map of the house and the version are kept true."""

import re
from pathlib import Path

import hemascope

ROOT = Path(__file__).parents[2]
FORBIDDEN_NAMES = {"utils", "helpers", "common", "misc"}


def test_architecture_page_lists_every_package() -> None:
    page = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    packages = [p.parent.name for p in (ROOT / "src" / "hemascope").glob("*/__init__.py")]

    assert [name for name in packages if f"`{name}/`" not in page] == []


def test_no_module_or_folder_is_a_junk_drawer() -> None:
    names = {p.stem for p in (ROOT / "src").rglob("*") if p.is_dir() or p.suffix == ".py"}

    assert names & FORBIDDEN_NAMES == set()


def test_changelog_and_citation_name_the_version() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")

    assert re.search(rf"^## \[{re.escape(hemascope.__version__)}\]", changelog, re.MULTILINE)
    assert f"version: {hemascope.__version__}\n" in citation


def test_relative_links_of_the_documents_lead_somewhere() -> None:
    broken = []
    for page in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            if not (page.parent / target).exists():
                broken.append(f"{page.relative_to(ROOT)}: {target}")

    assert broken == []

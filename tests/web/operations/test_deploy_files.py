"""The files in `deploy/` name only settings, commands and services that exist."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from hemascope.cli.main import COMMANDS, app

ROOT = Path(__file__).parents[3]
DEPLOY = ROOT / "deploy"
FILES = sorted(path for path in DEPLOY.rglob("*") if path.is_file() and path.name != "hemascope.env")
OF_THE_COMMAND_LINE = {"HEMASCOPE_DEBUG", "HEMASCOPE_WEB_DEBUG"}  # refused or meaningless in a deployment


def settings_of_the_code() -> set[str]:
    """Every variable that the source reads."""
    read = re.compile(r"\b(?:text|flag|number|words|data_folder|_secret_text)\(\s*\"([A-Z_]+)\"")
    code = "\n".join(path.read_text() for path in (ROOT / "src").rglob("*.py"))
    secrets = set(re.findall(r"_secret_text\(\"([A-Z_]+)\"", code))
    names = {f"HEMASCOPE_{name}" for name in set(read.findall(code)) | {f"{name}_FILE" for name in secrets}}
    return (names | set(re.findall(r"\"(HEMASCOPE_[A-Z_]*[A-Z])\"", code))) - OF_THE_COMMAND_LINE


def named_in(path: Path) -> set[str]:
    return set(re.findall(r"HEMASCOPE_[A-Z_]*[A-Z]", path.read_text()))


def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    return loaded


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_deploy_file_names_only_settings_that_exist(path: Path) -> None:
    assert named_in(path) <= settings_of_the_code()


def test_every_setting_is_in_the_example_and_on_its_page() -> None:
    assert named_in(DEPLOY / "hemascope.env.example") == settings_of_the_code()
    assert settings_of_the_code() <= named_in(ROOT / "docs" / "workstation" / "settings.md")


def test_compose_waits_for_healthy_services_and_mounts_only_volumes_it_declares() -> None:
    services = compose()["services"]
    for name, service in services.items():
        for needed, how in service.get("depends_on", {}).items():
            assert how == {"condition": "service_healthy"}, name
            assert "healthcheck" in services[needed], f"{name} waits for {needed}"
    mounted = {str(volume).split(":")[0] for service in services.values() for volume in service.get("volumes", [])}
    assert {name for name in mounted if re.fullmatch(r"[a-z]+", name)} == set(compose()["volumes"])
    for file in ("nginx.conf", "hemascope.env.example", "Dockerfile.serve"):
        assert (DEPLOY / file).is_file()


def test_compose_takes_every_variable_it_needs_from_the_example() -> None:
    wanted = set(re.findall(r"(?<!\$)\$\{([A-Z_]+)", (DEPLOY / "compose.yaml").read_text()))

    assert wanted <= set(re.findall(r"^#? ?([A-Z_]+)=", (DEPLOY / "hemascope.env.example").read_text(), re.MULTILINE))


def called_commands() -> list[list[str]]:
    lines = re.findall(r"/opt/hemascope/bin/hemascope (.+)", "\n".join(path.read_text() for path in FILES))
    of_services = [service["command"] for name, service in compose()["services"].items() if name in ("web", "worker")]
    dockerfile = re.search(r"^CMD (\[.*\])$", (DEPLOY / "Dockerfile.serve").read_text(), re.MULTILINE)
    assert dockerfile is not None
    return [line.rstrip("'").split() for line in lines] + of_services + [yaml.safe_load(dockerfile[1])]


@pytest.mark.parametrize("words", called_commands(), ids=" ".join)
def test_command_that_a_deploy_file_calls_exists_with_its_options(words: list[str]) -> None:
    command, *rest = words
    help_text = CliRunner().invoke(app, [command, "--help"]).output

    assert command in COMMANDS
    assert [word for word in rest if word.startswith("--") and word not in help_text] == []


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_accepts_the_units(tmp_path: Path) -> None:
    names = []
    for unit in sorted((DEPLOY / "systemd").iterdir()):
        path = tmp_path / unit.name.replace("@", "@1")
        path.write_text(unit.read_text().replace("/opt/hemascope/bin/hemascope", "/bin/true"))
        names.append(str(path))

    done = subprocess.run(["systemd-analyze", "verify", *names], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")

import subprocess
import sys
from pathlib import Path

import pytest
import typer

from hemascope import __version__
from hemascope.cli import main as main_module
from hemascope.cli.lazy_group import load_command
from hemascope.cli.main import COMMANDS
from hemascope.errors import DependencyMissingError, HemascopeError
from unit.cli.conftest import Command

HEAVY = {"numpy", "onnxruntime", "torch", "pydantic", "jinja2", "scipy", "PIL", "rich"}


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys\nfrom hemascope.cli.main import main\nsys.argv = ['hemascope', '--help']\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "print(' '.join(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "Usage: hemascope" in done.stdout
    assert HEAVY.isdisjoint(done.stderr.split())


def test_help_lists_every_command(hemascope: Command) -> None:
    outcome = hemascope("--help")
    assert outcome.code == 0
    assert all(name in outcome.out for name in COMMANDS)


@pytest.mark.parametrize("name", ["analyze", "detect", "classify", "report", "models", "doctor"])
def test_command_explains_itself(hemascope: Command, name: str) -> None:
    outcome = hemascope(name, "--help")
    assert outcome.code == 0
    assert COMMANDS[name].help.partition(".")[0].partition(":")[0] in " ".join(outcome.out.split())


def test_version_is_printed(hemascope: Command) -> None:
    assert hemascope("--version") == (0, f"hemascope {__version__}\n", "")


def test_module_runs_as_the_command() -> None:
    done = subprocess.run([sys.executable, "-m", "hemascope", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"hemascope {__version__}\n"


@pytest.mark.parametrize("arguments", [["analyse"], ["--nonsense"], ["detect"], ["analyze", "x.png"]])
def test_wrong_use_ends_with_2_and_a_hint(hemascope: Command, arguments: list[str]) -> None:
    outcome = hemascope(*arguments)
    assert outcome.code == 2
    assert "Error" in outcome.err


def test_misspelt_command_gets_a_suggestion(hemascope: Command) -> None:
    assert "Did you mean 'analyze'?" in hemascope("analyse").err


def raise_on_call(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def fail() -> None:
        raise error

    broken = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    broken.command()(fail)
    monkeypatch.setattr(main_module, "app", broken)


def test_error_is_one_line_and_ends_with_2(hemascope: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    raise_on_call(monkeypatch, HemascopeError("this and that"))
    assert hemascope() == (2, "", "error: this and that\n")


def test_debug_shows_the_traceback(hemascope: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    raise_on_call(monkeypatch, HemascopeError("this and that"))
    monkeypatch.setenv("HEMASCOPE_DEBUG", "1")
    with pytest.raises(HemascopeError):
        hemascope()


def test_interrupt_ends_with_130(hemascope: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    raise_on_call(monkeypatch, KeyboardInterrupt())
    assert hemascope().code == 130


def test_missing_training_package_says_what_to_install(hemascope: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    raise_on_call(monkeypatch, ModuleNotFoundError("No module named 'torch'", name="torch"))
    assert "pip install 'hemascope[train]'" in hemascope().err


def test_missing_module_of_our_own_is_a_fault(hemascope: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    raise_on_call(monkeypatch, ModuleNotFoundError("No module named 'hemascope.x'", name="hemascope.x"))
    with pytest.raises(ModuleNotFoundError):
        hemascope()


def test_command_whose_extra_is_missing_says_so_when_it_is_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "needs_torch.py").write_text("import torch.missing_part\n")
    (tmp_path / "torch").mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(sys.modules, "torch", None)  # type: ignore[arg-type]
    with pytest.raises(DependencyMissingError, match="torch"):
        load_command("train", "needs_torch")


def test_closed_pipe_is_no_error() -> None:
    done = subprocess.run(
        f"{sys.executable} -m hemascope --help | true; echo ${{PIPESTATUS[0]}}",
        shell=True, executable="/bin/bash", capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stderr == ""

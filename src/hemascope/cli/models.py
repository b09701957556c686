"""`hemascope models`: what is installed, and what can be trained."""

from typing import Annotated

import typer

from hemascope.cli.lazy_group import missing_dependency
from hemascope.cli.models_compare import compare
from hemascope.cli.models_promote import history, promote, rollback
from hemascope.errors import BundleError, BundleNotFoundError, DependencyMissingError, HemascopeError
from hemascope.inference.bundle import ModelBundle, load_bundle
from hemascope.service.registry import USER_FOLDER_VARIABLE, find_bundle_folder, installed_bundles, read_card

_HEADLINE_METRICS = 4  # export writes the overall figures first; the card has all

models = typer.Typer(add_completion=False, rich_markup_mode=None, invoke_without_command=True)
models.command("compare")(compare)
models.command("promote")(promote)
models.command("rollback")(rollback)
models.command("history")(history)


@models.callback()
def list_models(context: typer.Context) -> None:
    """List the model bundles and the networks; show, compare and promote bundles.

    Without a command the bundles are listed. Exit code: 0, or 2 where a bundle is broken.
    """
    if context.invoked_subcommand is None:
        _echo_bundles()


@models.command("list")
def list_installed(
    everything: Annotated[
        bool, typer.Option("--all", help="Name the networks that can be trained, too (needs the training half).")
    ] = False,
) -> None:
    """List the installed model bundles.

    Exit code: 0, or 2 where a bundle is broken or the networks cannot be listed because torch is not installed.
    """
    missing: HemascopeError | None = None
    if everything:
        try:
            for line in _network_lines():
                typer.echo(line)
        except ModuleNotFoundError as error:
            missing = DependencyMissingError(
                f"only bundles are listed: networks belong to the training half; {missing_dependency(error)}"
            )
    _echo_bundles()
    if missing:
        raise missing


@models.command("show")
def show_card(name: Annotated[str, typer.Argument(help="Bundle name, or folder (with a slash).")]) -> None:
    """Print the card of a model: what it is for, its data, its measures, its limits."""
    typer.echo(read_card(load_bundle(find_bundle_folder(name)).folder))


def _echo_bundles() -> None:
    installed = installed_bundles()
    if not installed:
        raise BundleNotFoundError(f"no model bundle is installed; {USER_FOLDER_VARIABLE} may name a folder of bundles")
    broken: list[BundleError] = []
    for bundle in installed:
        try:
            typer.echo(_describe(load_bundle(bundle.folder)))
        except BundleError as error:
            broken.append(error)
    if broken:
        raise BundleError("; ".join(str(error) for error in broken))


def _network_lines() -> list[str]:
    """One line a network; imports the training half, which takes seconds."""
    from hemascope.models.catalogue import describe_networks

    networks = describe_networks()
    width = max(len(network.name) for network in networks)
    return [f"{n.name:{width}}  {n.task:14}  {n.parameters / 1e6:7.2f} M parameters" for n in networks]


def _describe(bundle: ModelBundle) -> str:
    manifest = bundle.manifest
    headline = list(manifest.metrics.items())[:_HEADLINE_METRICS]
    lines = [
        f"{manifest.name} {manifest.version}",
        f"task     {manifest.task}, {manifest.architecture}, {manifest.precision}",
        f"classes  {', '.join(manifest.classes)}",
        f"metrics  {', '.join(f'{name} {value:.3f}' for name, value in headline) or 'not stated'}",
        f"licence  {manifest.licence}",
        f"sha256   {manifest.onnx_sha256}",
    ]
    return "\n  ".join(lines)

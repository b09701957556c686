"""`hemascope models`: what is installed."""

from typing import Annotated

import typer

from hemascope.errors import BundleError, BundleNotFoundError
from hemascope.inference.bundle import ModelBundle, load_bundle
from hemascope.service.registry import USER_FOLDER_VARIABLE, find_bundle_folder, installed_bundles, read_card

_HEADLINE_METRICS = 4  # export writes the overall figures first; the card has all

models = typer.Typer(add_completion=False, rich_markup_mode=None, invoke_without_command=True)


@models.callback()
def list_models(context: typer.Context) -> None:
    """List the installed model bundles; show a model's card.

    Exit code: 0, or 2 where a bundle is broken.
    """
    if context.invoked_subcommand is not None:
        return
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


@models.command("show")
def show_card(name: Annotated[str, typer.Argument(help="Bundle name, or folder (with a slash).")]) -> None:
    """Print the card of a model: what it is for, its data, its measures, its limits."""
    typer.echo(read_card(load_bundle(find_bundle_folder(name)).folder))


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

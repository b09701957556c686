"""Which model bundles are installed, and the one a caller means. An unknown name is an error, never another model."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from hemascope.errors import BundleError, BundleNotFoundError
from hemascope.inference.bundle import ModelBundle, load_bundle

Task = Literal["detection", "classification"]

USER_FOLDER_VARIABLE = "HEMASCOPE_BUNDLES"
DEFAULT_NAMES: dict[Task, str] = {"detection": "detector-light", "classification": "classifier-light"}
CARD_FILE = "MODEL_CARD.md"
_SHIPPED_FOLDER = Path(__file__).resolve().parent.parent / "bundles"


@dataclass(frozen=True, slots=True)
class InstalledBundle:
    name: str
    folder: Path
    is_shipped: bool


def installed_bundles() -> tuple[InstalledBundle, ...]:
    """Shipped bundles and those of the folder in HEMASCOPE_BUNDLES, by name; nothing is loaded.

    Raises BundleError where that folder does not exist or a name occurs twice.
    """
    found = {bundle.name: bundle for bundle in _bundles_in(_SHIPPED_FOLDER, is_shipped=True)}
    user_folder = os.environ.get(USER_FOLDER_VARIABLE)
    if user_folder:
        if not Path(user_folder).is_dir():
            raise BundleNotFoundError(f"{USER_FOLDER_VARIABLE} names '{user_folder}', which is no folder")
        for bundle in _bundles_in(Path(user_folder), is_shipped=False):
            if bundle.name in found:
                raise BundleError(
                    f"two bundles are named '{bundle.name}': '{found[bundle.name].folder}' and '{bundle.folder}'; "
                    "rename the second folder, so that a name means one model"
                )
            found[bundle.name] = bundle
    return tuple(found[name] for name in sorted(found))


def _bundles_in(folder: Path, *, is_shipped: bool) -> list[InstalledBundle]:
    if not folder.is_dir():
        return []
    return [
        InstalledBundle(entry.name, entry, is_shipped)
        for entry in folder.iterdir()
        if (entry / "manifest.json").is_file()
    ]


def find_bundle(name_or_path: str | None, task: Task) -> Path:
    """The folder of the bundle a caller means; None is the default of the task. Raises as `find_bundle_folder`."""
    return find_bundle_folder(name_or_path or DEFAULT_NAMES[task])


def find_bundle_folder(wanted: str) -> Path:
    """Text with a slash is a folder, anything else the name of an installed bundle.

    Raises BundleNotFoundError, which lists what is installed.
    """
    if "/" in wanted or os.sep in wanted:
        if not (Path(wanted) / "manifest.json").is_file():
            raise BundleNotFoundError(f"'{wanted}' is no model bundle: it has no manifest.json")
        return Path(wanted)
    installed = installed_bundles()
    for bundle in installed:
        if bundle.name == wanted:
            return bundle.folder
    names = ", ".join(bundle.name for bundle in installed) or "none"
    hint = f"; for the folder of that name write './{wanted}'" if Path(wanted).is_dir() else ""
    raise BundleNotFoundError(f"no model bundle is named '{wanted}'; installed: {names}{hint}")


def load_named_bundle(name_or_path: str | None, task: Task) -> ModelBundle:
    """The verified bundle; raises BundleError also where it is for the other task."""
    folder = find_bundle(name_or_path, task)
    bundle = load_bundle(folder)
    if bundle.manifest.task != task:
        raise BundleError(f"the bundle '{folder}' is for {bundle.manifest.task}, but one for {task} is needed")
    return bundle


def read_card(folder: Path) -> str:
    """The bundle's card in Markdown. Raises BundleError where it has none."""
    try:
        return (folder / CARD_FILE).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BundleError(f"the bundle '{folder.name}' has no readable {CARD_FILE}: {error}") from error

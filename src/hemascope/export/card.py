"""The card that travels with a bundle."""

from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hemascope.core.manifest import ClassificationSettings, DetectionSettings, ModelManifest
from hemascope.errors import RecipeError
from hemascope.hematology.differential import RESEARCH_USE

Lines = Annotated[tuple[str, ...], Field(min_length=1)]


class BundleIdentity(BaseModel):
    """What a run cannot know about the bundle made of it; one reviewed file under configs/bundles."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    version: str
    licence: str  # of the weights
    data: Lines  # datasets with authors and licence
    purpose: str
    limits: Lines


def load_identity(path: Path) -> BundleIdentity:
    """Raises RecipeError naming the key that is missing or wrong."""
    try:
        return BundleIdentity.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise RecipeError(f"{path}: cannot be read as YAML: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"]) or "identity"
        raise RecipeError(f"{path}: {key}: {first['msg']}") from error


def render_card(identity: BundleIdentity, manifest: ModelManifest, validation: str) -> str:
    """Markdown; `validation` says on which images the figures were measured."""
    settings = manifest.detection or manifest.classification
    assert settings is not None
    lines = [
        f"# {manifest.name} {manifest.version}",
        "",
        f"**{RESEARCH_USE}**",
        "",
        identity.purpose,
        "",
        f"- Task: {manifest.task}; classes: {', '.join(manifest.classes)}",
        f"- Network: `{manifest.architecture}`, {manifest.precision}, input {manifest.preprocessing.input_size} px",
        f"- Training run: `{manifest.training_run}`",
        f"- Licence of the weights: {manifest.licence}",
        f"- SHA-256 of the network: `{manifest.onnx_sha256}`",
        "",
        "## Data",
        "",
        *[f"- {source}" for source in manifest.data],
        "",
        f"## Measured on {validation}",
        "",
        "The settings below were read off these same images; held-out images are the real judge. Figures that begin",
        "with `held_out` are of settings that were fitted on one half of the images and measured on the other.",
        "",
        "| figure | value |",
        "| --- | --- |",
        *[f"| {name} | {value:.4f} |" for name, value in manifest.metrics.items()],
        "",
        "## Settings",
        "",
        *_setting_lines(settings),
        "",
        "## Limits",
        "",
        *[f"- {limit}" for limit in identity.limits],
    ]
    return "\n".join(lines) + "\n"


def _setting_lines(settings: DetectionSettings | ClassificationSettings) -> list[str]:
    plain = settings.model_dump(exclude={"feature_check", "conformal"})
    lines = [f"- {name}: {value}" for name, value in plain.items() if value is not None]
    if isinstance(settings, DetectionSettings):
        return lines
    if settings.feature_check is not None:
        check = settings.feature_check
        lines.append(
            f"- Out of distribution: Mahalanobis distance of the features to the nearest class above "
            f"{check.max_distance} (`{check.file}`, SHA-256 `{check.sha256}`)"
        )
    if settings.conformal is not None:
        sets = settings.conformal
        quantiles = ", ".join(f"{name} {value:.4f}" for name, value in sets.quantiles.items())
        lines.append(
            f"- Sets of classes hold the true one for {sets.coverage:.0%} of the cells of every class: a class is "
            f"possible where 1 - its probability is at most {quantiles}"
        )
    return lines

"""`hemascope synth`: a painted smear with ground truth."""

from pathlib import Path
from typing import Annotated

import typer

from hemascope.cli.progress import progress_bar
from hemascope.synth.smear import PRESETS, SmearSettings, preset_field
from hemascope.synth.stain import LOOKS
from hemascope.synth.writer import write_smear


def synth(
    out: Annotated[Path, typer.Option(help="Folder to write to; made if it does not exist.")],
    fields: Annotated[int, typer.Option(help="How many pictures.")] = 12,
    preset: Annotated[str, typer.Option(help=f"Which cells: {', '.join(PRESETS)}.")] = "peripheral-blood-normal",
    seed: Annotated[int, typer.Option(help="The same seed paints the same smear.")] = 0,
    width: Annotated[int, typer.Option(help="Pixels; 13 are one micrometre.")] = 640,
    height: Annotated[int, typer.Option(help="Pixels.")] = 480,
    look: Annotated[str, typer.Option(help=f"Stain and light: {', '.join(LOOKS)}.")] = "cream",
    truth: Annotated[bool, typer.Option(help="Write truth.csv and truth.json (COCO).")] = True,
    masks: Annotated[bool, typer.Option(help="Write an instance mask of each picture.")] = False,
) -> None:
    """Paint smear fields with known cells, for demonstration and tests."""
    settings = SmearSettings(preset_field(preset, width=width, height=height, look=look), fields, seed)
    with progress_bar("Painting", fields) as advance:
        written = write_smear(out, settings, with_truth=truth, with_masks=masks, on_field=advance)
    typer.echo(f"{len(written.images)} fields with {written.cells} cells: {out}")

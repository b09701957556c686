"""`hemascope annotate review`: correct labelme files in the browser."""

import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from hemascope.service.review import ReviewFolder, read_order
from hemascope.service.review_server import ReviewServer


def review(
    folder: Annotated[
        Path, typer.Argument(help="Folder of labelme files, see 'annotate propose'.", show_default=False)
    ],
    order: Annotated[
        Path | None, typer.Option(help="Table of 'annotate rank': its files come first, in its order.")
    ] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port on 127.0.0.1; 0 takes a free one.")] = 0,
    browser: Annotated[bool, typer.Option(help="Open the page in the browser.")] = True,
) -> None:
    """Accept, relabel, move, delete and draw boxes in a page of this machine; every change is saved at once.

    Nobody else can open the page: it listens on 127.0.0.1 only, and the address holds a secret. Ctrl-C ends it.
    """
    fields = ReviewFolder(folder, () if order is None else read_order(order, folder))
    with ReviewServer(fields, port) as server:
        typer.echo(f"{len(fields)} files; open {server.url} (Ctrl-C ends)")
        if browser:
            webbrowser.open(server.url)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            typer.echo("ended; every change was saved when it was made", err=True)

"""`hemascope serve`: the whole workstation on this machine with one command."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from hemascope.web.installation import FirstAdministrator, environment_for, prepare_database, prepare_folder
from hemascope.web.supervisor import Child, Supervisor


def serve(
    data: Annotated[Path, typer.Option(help="Folder of database, files and keys; made if it does not exist.")],
    host: Annotated[str, typer.Option(help="Address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen at.")] = 8000,
    name: Annotated[list[str] | None, typer.Option(help="Host name people type; may be repeated.")] = None,
    https: Annotated[bool, typer.Option(help="A proxy in front speaks HTTPS with the browsers.")] = False,
    web_processes: Annotated[int, typer.Option(min=1, help="Processes that answer requests.")] = 2,
    workers: Annotated[int, typer.Option(min=0, help="Processes that run jobs; 0: they run elsewhere.")] = 1,
    demo: Annotated[bool, typer.Option(help="Fill a new folder with invented patients and painted smears.")] = False,
) -> None:
    """Run the workstation: prepares the data folder, then web server and job workers until Ctrl-C.

    The first start shows the password of the user `admin` once, or writes it into the data folder where nobody looks.
    """
    prepare_folder(data)
    os.environ.update(environment_for(data, os.environ, host=host, hosts=name or (), https=https))
    administrator = prepare_database()
    if demo:
        _demonstrate(data, administrator)
    elif administrator:
        _introduce(administrator)
    _warn_without_pages()
    typer.echo(f"workstation: http://{host}:{port}/  (Ctrl-C ends it)")
    web = [
        sys.executable, "-m", "gunicorn", "hemascope.web.wsgi", "--bind", f"{host}:{port}",
        "--workers", str(web_processes), "--threads", "4", "--worker-tmp-dir", str(data), "--no-control-socket",
    ]  # fmt: skip
    job = [sys.executable, "-m", "django", "jobs_worker"]
    children = [Child("web", web), *(Child(f"worker {number + 1}", job) for number in range(workers))]
    Supervisor(children, dict(os.environ)).run()


def _introduce(administrator: FirstAdministrator) -> None:
    """A terminal forgets; the log of a service would keep the password for everybody who may read it."""
    from hemascope.web.accounts.first_password import first_password_keep

    name, password = administrator.username, administrator.password
    if sys.stdout.isatty():
        typer.echo(f"first administrator: {name}  password: {password}")
        typer.echo("this password is shown only now; change it after signing in")
    else:
        typer.echo(f"first administrator: {name}  password: in {first_password_keep(name, password)}")
        typer.echo("sign in and change it: the file is deleted then")


def _demonstrate(data: Path, administrator: FirstAdministrator | None) -> None:
    from hemascope.web.operations.demo import demo_accounts, demo_make

    if administrator:
        typer.echo("painting the smears of the demonstration ...")
        demo_make(data, administrator)
    typer.echo("a demonstration: names and passwords, nothing in it is real")
    typer.echo(demo_accounts(data), nl=False)


def _warn_without_pages() -> None:
    from hemascope.web.single_page import NOT_BUILT, is_built

    if not is_built():
        typer.echo(NOT_BUILT)

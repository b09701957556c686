"""Which bundles are used when none is named, and how it came to that: a history beside the user's own bundles."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hemascope.data.annotations.document import describe_validation
from hemascope.errors import BundleError, output_errors
from hemascope.service.output_folder import write_whole

HISTORY_FILE: Final = "active.json"

Task = Literal["detection", "classification"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class ActiveModel(_Frozen):
    """The digest of the manifest makes sure that the name still means what was promoted."""

    name: str
    digest: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class HistoryEntry(_Frozen):
    """`model` is what is used since then; None: the model that ships."""

    action: Literal["promote", "rollback"]
    task: Task
    model: ActiveModel | None
    at: datetime
    by: str
    reason: str


class ModelHistory(_Frozen):
    """Oldest entry first; entries are only ever added."""

    schema_: Literal["hemascope.active/1"] = Field("hemascope.active/1", alias="schema")
    entries: tuple[HistoryEntry, ...] = ()

    def active(self, task: Task) -> ActiveModel | None:
        """None: the model that ships."""
        stack = self.stack(task)
        return stack[-1] if stack else None

    def stack(self, task: Task) -> list[ActiveModel]:
        """What was promoted and not rolled back since, the one in use last."""
        stack: list[ActiveModel] = []
        for entry in self.entries:
            if entry.task == task and entry.action == "promote" and entry.model is not None:
                stack.append(entry.model)
            elif entry.task == task and entry.action == "rollback" and stack:
                stack.pop()
        return stack


def read_history(folder: Path) -> ModelHistory:
    """Empty where nothing was promoted yet. Raises BundleError for a file that cannot be used."""
    path = folder / HISTORY_FILE
    try:
        return ModelHistory.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return ModelHistory()
    except OSError as error:
        raise BundleError(f"'{path}' cannot be read: {error.strerror}") from error
    except ValidationError as error:
        raise BundleError(
            f"'{path}' is no history of models ({describe_validation(error)}); remove it to use the shipped models"
        ) from error


def append_entry(folder: Path, entry: HistoryEntry) -> None:
    """Writes the history whole, with the new entry. Raises BundleError or OutputError."""
    history = ModelHistory(entries=(*read_history(folder).entries, entry))
    with output_errors(folder):
        write_whole(folder / HISTORY_FILE, history.model_dump_json(by_alias=True, indent=1) + "\n")

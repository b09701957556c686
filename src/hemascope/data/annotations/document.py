"""Text files of people and tools: decoded, parsed and checked with messages that name the file and the place."""

import json
import re
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError

from hemascope.errors import DatasetError

_MAX_BYTES = 512 * 1024**2  # of one document read whole: a labelme file may carry its picture
_BOM = b"\xef\xbb\xbf"
_UTF16_BOMS = (b"\xff\xfe", b"\xfe\xff")
_UNFIT = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]")  # some format cannot hold them

Model = TypeVar("Model", bound=BaseModel)


def clean_label(text: str) -> str:
    """A class name without space around it; ValueError when nothing is left or a line break or the like is in it."""
    label = text.strip()
    if not label:
        raise ValueError("the label is empty; give the class a name")
    if _UNFIT.search(label):
        raise ValueError(f"the label {label[:60]!r} holds a line break or control character; use a plain name")
    return label


Label = Annotated[str, AfterValidator(clean_label)]


class Row(BaseModel):
    """A JSON object whose unknown keys are kept, in `model_extra`; numbers must be finite."""

    model_config = ConfigDict(extra="allow", allow_inf_nan=False, protected_namespaces=())

    def other_keys(self) -> dict[str, object]:
        return dict(self.model_extra or {})


def read_document(path: Path, max_bytes: int = _MAX_BYTES) -> bytes:
    """The bytes of a file without a UTF-8 mark. Raises DatasetError when it is missing, too large or UTF-16."""
    try:
        size = path.stat().st_size
        if size > max_bytes:
            raise DatasetError(f"{path} has {size:,} bytes, an annotation of one image has at most {max_bytes:,}")
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise DatasetError(f"{path} does not exist; check the path") from error
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error.strerror}") from error
    if data.startswith(_UTF16_BOMS):
        raise DatasetError(f"{path} is UTF-16 text; save it as UTF-8")
    return data.removeprefix(_BOM)


def files_below(root: Path, pattern: str) -> list[Path]:
    """Files in and below a folder in the order of their paths; hidden ones, such as half-written ones, are left out."""
    return sorted(
        path
        for path in root.rglob(pattern)
        if not any(part.startswith(".") for part in path.relative_to(root).parts) and path.is_file()
    )


def read_text(path: Path) -> str:
    """UTF-8 text. Raises DatasetError that names the line of the first byte that is not."""
    data = read_document(path)
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise DatasetError(f"{path}, line {line}: not UTF-8 text ({error.reason}); save it as UTF-8") from error


def parse_json(path: Path) -> Any:
    """The value of a JSON file. Raises DatasetError with line and column of what is no JSON."""
    text = read_text(path)
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise DatasetError(f"{path}, {place}: no valid JSON ({error.msg}); correct it or export it again") from error
    except (RecursionError, ValueError) as error:
        raise DatasetError(f"{path}: no usable JSON ({error}); export it again") from error


def checked(model: type[Model], value: object, place: object) -> Model:
    """`value` as `model`. Raises DatasetError `place: key: what is wrong with it`."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise DatasetError(f"{place}: {describe_validation(error)}") from error


def describe_validation(error: ValidationError) -> str:
    """The first fault as `shapes[3].points: Field required`."""
    first = error.errors(include_url=False)[0]
    key = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in first["loc"]).lstrip(".")
    found = "" if first["type"] == "missing" else f"; found {_short(first['input'])}"
    return f"{key or 'the document'}: {first['msg']}{found}"


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."

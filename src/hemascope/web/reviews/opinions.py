"""What readers say of a cell: the columns that runs never touch."""

from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.dateparse import parse_datetime

from hemascope.web.accounts.models import User
from hemascope.web.analyses.choices import UNIDENTIFIED
from hemascope.web.analyses.models import Cell


@dataclass(frozen=True, slots=True)
class Opinion:
    """The field names are those of the columns. A box `x1, y1, x2, y2` is in pixels of the field."""

    x1: float
    y1: float
    x2: float
    y2: float
    reader_class: str = ""
    is_confirmed: bool = False
    verified_by_id: int | None = None
    verified_at: datetime | None = None
    is_deleted: bool = False

    @staticmethod
    def of(cell: Cell) -> "Opinion":
        return Opinion(**{name: getattr(cell, name) for name in Opinion.__dataclass_fields__})

    @staticmethod
    def from_json(stored: dict[str, Any]) -> "Opinion":
        at = stored["verified_at"]
        return Opinion(**stored | {"verified_at": parse_datetime(at) if at else None})

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"verified_at": self.verified_at.isoformat() if self.verified_at else None}

    def has_box_of(self, other: "Opinion") -> bool:
        return (self.x1, self.y1, self.x2, self.y2) == (other.x1, other.y1, other.x2, other.y2)

    def named(self, reader_class: str, by: User) -> "Opinion":
        """Whoever names a cell has looked at it, and confirms it; `unidentified` leaves it open."""
        if reader_class == UNIDENTIFIED:
            return replace(self.unconfirmed(), reader_class=reader_class)
        return replace(
            self, reader_class=reader_class, is_confirmed=True, verified_by_id=by.pk, verified_at=timezone.now()
        )

    def unconfirmed(self) -> "Opinion":
        return replace(self, is_confirmed=False, verified_by_id=None, verified_at=None)

    def differences(self, other: "Opinion") -> dict[str, Any]:
        """The columns of `other` that are not the same here."""
        mine, others = asdict(self), asdict(other)
        return {name: value for name, value in others.items() if value != mine[name]}

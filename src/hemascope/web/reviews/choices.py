from django.db.models import TextChoices


class StepVerb(TextChoices):
    RELABEL = "relabel", "Relabelled"
    CONFIRM = "confirm", "Confirmed"
    UNCONFIRM = "unconfirm", "Confirmation taken back"
    DELETE = "delete", "Deleted"
    RESTORE = "restore", "Restored"
    DRAW = "draw", "Drawn"
    MOVE = "move", "Box changed"
    UNDO = "undo", "Undone"
    REDO = "redo", "Done again"


REVERSALS = frozenset({StepVerb.UNDO, StepVerb.REDO})

"""Settings on which sources disagree; `suggest` shows what each other value would say."""

from collections.abc import Iterator
from dataclasses import dataclass

from hemascope.hematology.classification.rules import System
from hemascope.hematology.settings import ClassificationSettings, M3Numerator, NecMode


@dataclass(frozen=True, slots=True)
class Dispute:
    system: System
    setting: str
    values: tuple[int | bool | M3Numerator | NecMode, ...]

    def others(self, settings: ClassificationSettings) -> Iterator[tuple[str, ClassificationSettings]]:
        """Each value that is not in use, as text, with the settings that use it."""
        if self.setting in ClassificationSettings.model_fields:
            for value in self.values:
                if getattr(settings, self.setting) != value:
                    yield str(value), settings.model_copy(update={self.setting: value})
        else:
            for value in self.values:
                if getattr(settings.counting, self.setting) != value:
                    counting = settings.counting.model_copy(update={self.setting: value})
                    yield str(value), settings.model_copy(update={"counting": counting})


DISPUTES = (
    Dispute(System.FAB, "m4_granulocytic_percent", (20, 30)),
    Dispute(System.FAB, "m4_monocytic_percent", (20, 30)),
    Dispute(System.FAB, "nec_mode", (NecMode.ERYTHROID_ONLY, NecMode.STRICT)),
    Dispute(System.FAB, "m3_numerator", (M3Numerator.BLASTS_AND_ABNORMAL, M3Numerator.ABNORMAL_ONLY)),
    Dispute(System.FAB, "raeb_t_at_20", (True, False)),
)

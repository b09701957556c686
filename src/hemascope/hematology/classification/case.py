"""Counts and facts of one call of `suggest`."""

from hemascope.hematology.classification.conditions import Facts
from hemascope.hematology.classification.context import ClinicalContext
from hemascope.hematology.classification.quantities import Quantities
from hemascope.hematology.differential import Differential, Specimen
from hemascope.hematology.settings import ClassificationSettings


class Case:
    """The counts are those of the differential, so that both speak of the same cells."""

    def __init__(
        self,
        counted: Differential,
        context: ClinicalContext,
        settings: ClassificationSettings,
        model_classes: tuple[str, ...] | None,
    ) -> None:
        self.counted = counted
        self.counts = {row.class_id: row.count for row in counted.rows}
        self.context = context
        self.settings = settings
        self.model_classes = model_classes

    @property
    def required_cells(self) -> int:
        """Fewer than these carry no suggestion."""
        counting = self.settings.counting
        in_blood = self.counted.specimen is Specimen.PERIPHERAL_BLOOD
        return counting.recommended_cells_blood if in_blood else counting.min_cells_marrow

    def facts(self, settings: ClassificationSettings) -> Facts:
        """What the rules look at, with settings that may differ from those of the case."""
        specimen = self.counted.specimen
        return Facts(Quantities(self.counts, specimen, self.context, settings, self.model_classes), self.context)

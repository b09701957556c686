"""What is known of a case beside its pictures, in the form that the classification tables take."""

import json
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from hemascope.errors import CountsError
from hemascope.hematology.classification.context import ClinicalContext, parse_context

FOUND_BY_THE_WORKSTATION = frozenset({"reviewed", "out_of_distribution"})  # nobody may claim these


def clinical_context(facts: Mapping[str, Any]) -> ClinicalContext:
    """Raises CountsError that names the first fact which is unknown, out of range or not for people to state."""
    if claimed := sorted(FOUND_BY_THE_WORKSTATION & set(facts)):
        raise CountsError(
            _("context: %(fact)s: the workstation finds this out by itself; leave it out") % {"fact": claimed[0]}
        )
    return parse_context(json.dumps(facts))

"""The sentences of the report in each language: `texts/<language>.json`, all with the same keys and places to fill."""

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import get_args

from hemascope.hematology.taxonomy import Language

LANGUAGES: tuple[Language, ...] = get_args(Language)


@dataclass(frozen=True, slots=True)
class Texts:
    language: Language
    by_key: dict[str, str]

    def say(self, key: str, **values: str | int | float) -> str:
        """The sentence with its `{places}` filled. Raises KeyError for an unknown key or a missing value."""
        return self.by_key[key].format(**values)


@cache
def load_texts(language: Language) -> Texts:
    content = resources.files("hemascope.service").joinpath("texts", f"{language}.json").read_text(encoding="utf-8")
    return Texts(language, json.loads(content))

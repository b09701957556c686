import re
from string import Formatter

import pytest

from hemascope import errors
from hemascope.hematology.differential import CountWarning, Specimen
from hemascope.hematology.taxonomy import Language
from hemascope.service.texts import LANGUAGES, load_texts


def places(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name}


def test_every_language_has_the_same_keys_and_places() -> None:
    english = load_texts("en").by_key
    for language in LANGUAGES:
        texts = load_texts(language).by_key
        assert texts.keys() == english.keys()
        assert {key: places(texts[key]) for key in texts} == {key: places(english[key]) for key in english}


def test_no_text_is_empty() -> None:
    assert all(sentence.strip() for language in LANGUAGES for sentence in load_texts(language).by_key.values())


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_warning_specimen_and_error_code_has_a_text(language: Language) -> None:
    input_errors = [error for error in vars(errors).values() if isinstance(error, type)]
    codes = {error.code for error in input_errors if issubclass(error, errors.ImageError)}
    codes |= {"input", "input_not_found", "input_unreadable"}
    quality = {"blurred", "dark", "bright", "low-contrast"}
    needed = {f"problem_{code}" for code in codes}
    needed |= {f"caution_{code}" for code in {*CountWarning, *quality}} | {f"quality_{code}" for code in quality}
    needed |= {f"{key}_{specimen}" for specimen in Specimen for key in ("title", "specimen", "denominator")}
    assert needed <= load_texts(language).by_key.keys()


def test_chinese_texts_are_chinese() -> None:
    latin = {key for key, text in load_texts("zh").by_key.items() if not re.search(r"[\u4e00-\u9fff]", text)}
    assert latin == {"column_percent", "cell_best"}  # a sign, and a name with a question mark


def test_missing_value_is_an_error() -> None:
    with pytest.raises(KeyError):
        load_texts("en").say("fields_value", analysed=1)

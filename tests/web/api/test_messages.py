"""Every sentence that the workstation's server says is marked for translation, translated and compiled."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po

from hemascope import errors

WEB = Path(__file__).parents[3] / "src" / "hemascope" / "web"
CATALOGUE = WEB / "locale" / "zh_Hans" / "LC_MESSAGES"
WORDS = re.compile(r"\w \w")
PLACEHOLDER = re.compile(r"%(?:\(\w+\))?[a-z%]")

# What a request may be answered with. Other errors end in a terminal or a log, which speak English.
TOLD = (
    errors.InputError, errors.BundleError, errors.ConflictError, errors.SignInError, errors.DependencyMissingError,
    errors.FileStoreError, errors.AuditChainError,
)  # fmt: skip
TELLING = {name for name, one in vars(errors).items() if isinstance(one, type) and issubclass(one, TOLD)} | {
    "ValidationError", "ErrorDetail", "PermissionDenied", "AuthenticationFailed", "NotAuthenticated", "NotFound",
    "ParseError", "RegexValidator", "error_body", "CellConflict", "Obstacle", "RowFault",
}  # fmt: skip
MARKS = {"_", "gettext", "gettext_lazy", "ngettext", "ngettext_lazy"}
TERMINAL = {"operations", "settings", "management", "migrations"}


def catalogue() -> Catalog:
    with (CATALOGUE / "django.po").open("rb") as file:
        return read_po(file, locale="zh_Hans")


def strings(ids: str | tuple[str, ...] | list[str]) -> tuple[str, ...]:
    return (ids,) if isinstance(ids, str) else tuple(ids)


def test_catalogue_holds_the_sentences_of_the_sources_and_no_others() -> None:
    found = extract_from_dir(WEB, keywords=DEFAULT_KEYWORDS | {"gettext_lazy": None})
    said = {strings(message) for _, _, message, _, _ in found}
    known = {strings(message.id) for message in catalogue() if message.id}

    assert said == known, "run: make messages"
    assert not catalogue().obsolete, "run: make messages"


def test_every_sentence_is_translated_with_the_same_placeholders() -> None:
    for message in (message for message in catalogue() if message.id):
        (translation,) = strings(message.string)  # Chinese has no plural
        assert translation, f"not translated: {message.id}"
        assert not message.fuzzy, message.id
        wanted = sorted(PLACEHOLDER.findall(strings(message.id)[0]))
        assert sorted(PLACEHOLDER.findall(translation)) == wanted, message.id


def test_compiled_catalogue_is_that_of_the_sentences() -> None:
    with (CATALOGUE / "django.mo").open("rb") as file:
        compiled = {strings(message.id): strings(message.string) for message in read_mo(file) if message.id}

    assert compiled == {strings(m.id): strings(m.string) for m in catalogue() if m.id}, "run: make messages"


def untranslated(tree: ast.AST) -> Iterator[str]:
    """Sentences that are given to people as they are: literals of several words, and texts put together."""
    nodes = list(ast.walk(tree))
    values = [(_name(node.targets[0]), node.value) for node in nodes if isinstance(node, ast.Assign)]
    for node in nodes:
        if isinstance(node, ast.Call) and _name(node.func) in TELLING:
            for argument in [*node.args, *(keyword.value for keyword in node.keywords)]:
                yield from _bare(argument)
                for name, value in values:  # a text that was given a name before
                    if name and name == _name(argument):
                        yield from _bare(value)


def _name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _bare(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Call() if _name(node.func) in MARKS:
            return
        case ast.BinOp(op=ast.Mod()):  # what is filled in is no sentence of ours
            yield from _bare(node.left)
        case ast.JoinedStr():
            yield ast.unparse(node)
        case ast.Constant(value=str(text)) if WORDS.search(text):
            yield text
        case _:
            for child in ast.iter_child_nodes(node):
                yield from _bare(child)


@pytest.mark.parametrize(
    "source",
    [
        'raise ConflictError("it cannot be done")',
        'raise ConflictError(f"case {case.number} is signed")',
        'raise errors.SheetError("row %(row)s is empty" % {"row": 3})',
        'raise ValidationError({"x1": ValidationError("It is too small.", "small")})',
        'raise PermissionDenied(detail="It is not yours.")',
        'text = f"case {case.number} is signed"\nraise ConflictError(text)',
        'yield Obstacle(reason=Reason.RUNNING, message=f"{case} is busy")',
    ],
)
def test_sentence_that_is_not_marked_is_found(source: str) -> None:
    assert list(untranslated(ast.parse(source)))


def test_marked_sentence_and_code_are_accepted() -> None:
    source = 'raise ValidationError({"x1": _("It has %(n)s cells.") % {"n": f"{n:,}"}}, "too_small")'

    assert not list(untranslated(ast.parse(source)))


def test_no_sentence_for_people_is_unmarked() -> None:
    found = {
        f"{path.relative_to(WEB)}: {text}"
        for path in WEB.rglob("*.py")
        if TERMINAL.isdisjoint(path.relative_to(WEB).parts)
        for text in untranslated(ast.parse(path.read_text(encoding="utf-8")))
    }

    assert not found, "mark them: _('...') % {...}; see CONTRIBUTING.md"

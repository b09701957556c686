"""`hemascope differential`: a differential count from a table of counts, and what FAB, WHO and ICC make of it."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from hemascope.cli.suggestion_lines import print_suggestions
from hemascope.errors import CountsError, InputNotFoundError, InputUnreadableError
from hemascope.hematology.classification.context import ClinicalContext, parse_context
from hemascope.hematology.classification.suggest import suggest
from hemascope.hematology.classification.suggestions import Suggestions
from hemascope.hematology.classification.wording import worded
from hemascope.hematology.count_table import parse_counts
from hemascope.hematology.differential import RESEARCH_USE, CountWarning, Differential, Ratio, Share, Specimen
from hemascope.hematology.differential import differential as count_differential
from hemascope.hematology.taxonomy import Language, cell_class

# English, Chinese
_TEXTS = {
    "title_blood": ("Differential count, peripheral blood", "外周血白细胞分类计数"),
    "title_marrow": ("Differential count, bone marrow", "骨髓有核细胞分类计数"),
    "class": ("class", "类别"),
    "count": ("count", "计数"),
    "interval": ("{confidence:g} % interval", "{confidence:g} % 置信区间"),
    "per_100": ("per 100 WBC", "每100白细胞"),
    "leucocytes": ("Leucocytes", "白细胞"),
    "anc": ("All nucleated cells (ANC)", "全部有核细胞 (ANC)"),
    "nec": ("Non-erythroid cells (NEC, {mode})", "非红系细胞 (NEC, {mode})"),
    "blasts": ("Blasts", "原始细胞"),
    "blasts_of_nec": ("Blasts of NEC", "原始细胞占NEC"),
    "erythroblasts": ("Erythroblasts", "有核红细胞"),
    "me": ("M:E", "粒红比 (M:E)"),
    "nrbc": ("Nucleated red cells per 100 WBC", "每100白细胞中的有核红细胞"),
    "smudge": ("Smudge cells per 100 WBC", "每100白细胞中的涂抹细胞"),
    "unidentified": ("Unidentified", "未识别细胞"),
    "warning": ("Warning", "警告"),
    "summed": ("Note: several rows were added up for: {classes}", "注意：以下类别有多行，已合计：{classes}"),
    "research": (RESEARCH_USE, "仅供研究使用，不得用于诊断。"),
    CountWarning.NO_CELLS: ("no cell of the differential was counted", "没有可计入分类的细胞"),
    CountWarning.TOO_FEW_CELLS: (
        "{n} cells are too few; count at least {minimum}",
        "仅计数{n}个细胞，过少；至少应计数{minimum}个",
    ),
    CountWarning.BELOW_RECOMMENDED: (
        "{n} cells; {recommended} are recommended",
        "已计数{n}个细胞；建议计数{recommended}个",
    ),
    CountWarning.MANY_UNIDENTIFIED: (
        "{unidentified:.1f} % of the cells are Unidentified (limit {limit:g} %)",
        "未识别细胞占{unidentified:.1f} %（上限{limit:g} %）",
    ),
    CountWarning.SMUDGE_AS_LYMPHOCYTES: (
        "smudge cells were added to the lymphocytes",
        "涂抹细胞已并入淋巴细胞",
    ),
}


class DifferentialDocument(Differential):
    """What `--json` prints: the differential, and beside it the suggestions."""

    suggestions: Suggestions


def differential(
    counts_csv: Annotated[
        Path, typer.Argument(help="CSV with the columns class,count; or one row a cell with its class, as cells.csv.")
    ],
    specimen: Annotated[Specimen, typer.Option(help="Decides which cells make up the denominator.")],
    context: Annotated[
        Path | None,
        typer.Option(
            help="JSON file of facts beside the counts: cytochemistry, flow, genetics, blood (docs/hematology.md)."
        ),
    ] = None,
    model_classes: Annotated[
        str | None,
        typer.Option(
            help="Classes of the model that gave the counts, with commas: what it cannot know is not derived."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document instead of tables.")] = False,
    lang: Annotated[Language, typer.Option(help="Language of the tables.")] = "en",
) -> None:
    """Differential count with exact intervals from a table of counts, and suggestions by FAB, WHO 2022 and ICC 2022."""
    table = parse_counts(_read_text(counts_csv, "a CSV file with the columns class,count"))
    facts = parse_context(_read_text(context, "a JSON file of facts")) if context else ClinicalContext()
    if table.is_from_model and facts.reviewed is None:
        facts = facts.model_copy(update={"reviewed": False})
    result = count_differential(table.counts, specimen)
    known = None if model_classes is None else [cell_class(name.strip()).id for name in model_classes.split(",")]
    suggestions = suggest(table.counts, specimen, facts, model_classes=known)
    if table.summed:
        classes = ", ".join(cell_class(class_id).name(lang) for class_id in table.summed)
        typer.echo(_text("summed", lang).format(classes=classes), err=True)
    if as_json:
        document = DifferentialDocument(**dict(result), suggestions=suggestions)
        typer.echo(document.model_dump_json(by_alias=True, indent=2))
    else:
        _print_tables(result, lang)
        print_suggestions(worded(suggestions, lang), with_trace=True)


def _read_text(path: Path, expected: str) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError as error:
        raise InputNotFoundError(f"'{path}' does not exist; name {expected}") from error
    except OSError as error:
        raise InputUnreadableError(f"'{path}' cannot be read ({error.strerror}); name {expected}") from error
    except UnicodeDecodeError as error:
        raise CountsError(f"'{path}' is not UTF-8 text; save it as UTF-8 ('CSV UTF-8' for a table)") from error


def _text(key: str, lang: Language) -> str:
    english, chinese = _TEXTS[key]
    return chinese if lang == "zh" else english


def _print_tables(result: Differential, lang: Language) -> None:
    console = Console(highlight=False)
    console.print(_class_table(result, lang))
    for label, value in _figures(result, lang):
        console.print(f"{label}: {value}")
    for sentence in _warning_sentences(result, lang):
        console.print(f"{_text('warning', lang)}: {sentence}", style="yellow")
    console.print(_text("research", lang), style="bold")


def _class_table(result: Differential, lang: Language) -> Table:
    title = "title_blood" if result.blood else "title_marrow"
    interval = _text("interval", lang).format(confidence=100 * result.settings.confidence)
    headers = [_text("class", lang), _text("count", lang), "%", interval]
    if result.blood:
        headers.append(_text("per_100", lang))
    table = Table(title=_text(title, lang))
    for header in headers:
        table.add_column(header, justify="left" if header is headers[0] else "right")
    for row in result.rows:
        percent = _number(row.percent)
        limits = _limits(row.percent_low, row.percent_high)
        values = [cell_class(row.class_id).name(lang), str(row.count), percent, limits, _number(row.per_100_wbc)]
        table.add_row(*values[: len(headers)])
    return table


def _figures(result: Differential, lang: Language) -> list[tuple[str, str]]:
    """Denominators and ratios, label and value."""
    figures = []
    if blood := result.blood:
        figures += [
            ("leucocytes", str(result.denominator)),
            ("blasts", _share(result.blasts)),
            ("nrbc", _ratio(blood.nrbc_per_100_wbc)),
            ("smudge", _ratio(blood.smudge_per_100_wbc)),
        ]
    if marrow := result.marrow:
        figures += [
            ("anc", str(marrow.anc)),
            ("nec", str(marrow.nec)),
            ("erythroblasts", _share(marrow.erythroblasts)),
            ("blasts", _share(result.blasts)),
            ("blasts_of_nec", _share(marrow.blasts_of_nec)),
            ("me", _ratio(marrow.myeloid_to_erythroid)),
        ]
    figures.append(("unidentified", _share(result.unidentified)))
    return [(_text(key, lang).format(mode=result.settings.nec_mode), value) for key, value in figures]


def _warning_sentences(result: Differential, lang: Language) -> list[str]:
    settings = result.settings
    values = {
        "n": result.denominator,
        "minimum": settings.min_cells_blood if result.blood else settings.min_cells_marrow,
        "recommended": settings.recommended_cells_blood,
        "unidentified": result.unidentified.percent,
        "limit": settings.max_unidentified_percent,
    }
    return [_text(warning, lang).format(**values) for warning in result.warnings]


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f}"


def _limits(low: float | None, high: float | None) -> str:
    return "–" if low is None else f"{_number(low)}–{_number(high)}"


def _share(share: Share) -> str:
    return f"{share.count} / {share.of} = {_number(share.percent)} % ({_limits(share.percent_low, share.percent_high)})"


def _ratio(ratio: Ratio) -> str:
    return f"{ratio.numerator} / {ratio.denominator} = {_number(ratio.value)}"

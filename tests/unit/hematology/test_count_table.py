import pytest
from hypothesis import given
from hypothesis import strategies as st

from hemascope.errors import CountsError
from hemascope.hematology.count_table import CountTable, parse_counts
from hemascope.hematology.taxonomy import TAXONOMY

count_rows = st.lists(st.tuples(st.sampled_from(sorted(TAXONOMY)), st.integers(0, 999)))


@pytest.mark.parametrize(
    ("text", "counts"),
    [
        ("class,count\nlymphocyte,4\n", {"lymphocyte": 4}),
        ("class,count", {}),  # a table without rows
        ("\ufeffclass,count\r\nlymphocyte,4\r\nbasophil,0\r\n", {"lymphocyte": 4, "basophil": 0}),  # Excel
        ("class;count\nlymphocyte;4", {"lymphocyte": 4}),  # Excel where the comma is the decimal sign
        ("class\tcount\nlymphocyte\t4", {"lymphocyte": 4}),
        ("\n\nClass , COUNT ,remark\n\n Lymphocyte , 4 ,\n,,\n", {"lymphocyte": 4}),
        ('count,class\n4,"lymphocyte"\n', {"lymphocyte": 4}),
        ("class,count,remark\nlymphocyte,4\n", {"lymphocyte": 4}),  # a short row
        ("class\nlymphocyte\nmonocyte\nlymphocyte\n", {"lymphocyte": 2, "monocyte": 1}),
    ],
)
def test_parse_counts_reads(text: str, counts: dict[str, int]) -> None:
    assert parse_counts(text) == CountTable(counts, summed=())


def test_parse_counts_reads_cells_csv_as_what_a_model_counted() -> None:
    table = parse_counts("file,class,counted_as\na.png,lymphocyte,unidentified\na.png,monocyte,monocyte\n")

    assert table == CountTable({"unidentified": 1, "monocyte": 1}, summed=(), is_from_model=True)


def test_parse_counts_adds_up_rows_of_one_class_and_names_it() -> None:
    table = parse_counts("class,count\nlymphocyte,4\nmonocyte,1\nLymphocyte,5\n")

    assert table == CountTable({"lymphocyte": 9, "monocyte": 1}, summed=("lymphocyte",))


@given(count_rows, count_rows)
def test_parse_counts_of_joined_tables_is_the_sum_of_both(
    one: list[tuple[str, int]], other: list[tuple[str, int]]
) -> None:
    def parsed(rows: list[tuple[str, int]]) -> dict[str, int]:
        return parse_counts("class,count\n" + "".join(f"{name},{count}\n" for name, count in rows)).counts

    first, second = parsed(one), parsed(other)

    assert parsed(one + other) == {name: first.get(name, 0) + second.get(name, 0) for name in first | second}


@given(st.text())
def test_parse_counts_of_any_text_gives_counts_or_a_counts_error(text: str) -> None:
    for candidate in (text, "class,count\n" + text):
        try:
            table = parse_counts(candidate)
        except CountsError:
            continue
        assert set(table.counts) <= set(TAXONOMY)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the counts table is empty; expected a header line 'class,count'"),
        (" \n\n\ufeff\n", "line 3: the columns are"),
        ("name,number\nlymphocyte,4", "the columns are 'name, number'; expected one 'class' and at most one 'count'"),
        ("lymphocyte,4", "the columns are 'lymphocyte, 4'"),
        ("class,class\nlymphocyte,4", "the columns are 'class, class'"),
        ("class,count,count\nlymphocyte,4,5", "the columns are 'class, count, count'"),
        ("class,count\nlymphocyte,4\n\nmonocite,2", r"line 4: unknown class 'monocite' \(did you mean 'monocyte'\?\)"),
        ("class,count\n,2", "line 2: unknown class ''; allowed"),
        ("class\nlymphocyte\nwbc", "line 3: unknown class 'wbc'"),
        ("class,count\nlymphocyte,", "line 2: count of 'lymphocyte' is ''; expected a whole number"),
        ("class,count\nlymphocyte,-3", "line 2: count of 'lymphocyte' is '-3'"),
        ("class,count\nlymphocyte,3.0", "line 2: count of 'lymphocyte' is '3.0'"),
        ("class,count\nlymphocyte,1_0", "line 2: count of 'lymphocyte' is '1_0'"),
        ("class,count\nlymphocyte,1,200", "line 2: 3 values for 2 columns; write numbers without separators"),
        ("class,count\nlymphocyte," + "9" * 5000, "line 2: count of 'lymphocyte' is '9{39}; expected"),
        ("class,count\nlymphocyte,99999999999", "line 2: count of 'lymphocyte' is 99999999999"),
        ('class,count\n"lymphocyte,4\n', "line 2: unexpected end of data; expected CSV text"),
    ],
)
def test_parse_counts_says_what_is_wrong_and_where(text: str, message: str) -> None:
    with pytest.raises(CountsError, match=message):
        parse_counts(text)

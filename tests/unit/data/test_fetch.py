import io
import json
import re
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from dataset_builders import write_pbc
from file_server import ServedFile, serve
from hemascope.data.catalogue import CATALOGUE, CatalogueEntry, ExpectedFolder, RemoteFile, find_entry
from hemascope.data.fetch import fetch, import_copy
from hemascope.errors import DatasetError, OutputError

ENTRY = CatalogueEntry(
    "tiny", "Tiny set", "two classes", "MIT", "Nobody 2024", "https://example.org/tiny",
    (ExpectedFolder("train/blast", 2), ExpectedFolder("train/mono*", 1)), ("blast", "monocyte"),
)  # fmt: skip
FILES = ("Tiny-main/TRAIN/Blast/a.png", "Tiny-main/TRAIN/Blast/b.jpg", "Tiny-main/TRAIN/Monocytes/c.png")


def zipped(*names: str) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name in names:
            archive.writestr(name, b"picture")
    return data.getvalue()


def unpacked(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"picture")
    return folder


def note(folder: Path) -> dict[str, object]:
    content: dict[str, object] = json.loads((folder / "dataset.json").read_text())
    return content


@pytest.mark.usefixtures("loopback")
class TestFetch:
    def test_archive_is_unpacked_with_a_note_of_licence_and_source(self, tmp_path: Path) -> None:
        with serve(ServedFile(zipped(*FILES, "Tiny-main/README.md"))) as file:
            found = fetch(replace(ENTRY, file=RemoteFile(file.url)), tmp_path / "tiny")
        assert (found.images, found.files, found.is_selection) == (3, 4, False)
        assert (tmp_path / "tiny" / FILES[0]).read_bytes() == b"picture"
        assert note(tmp_path / "tiny")["licence"] == "MIT"
        assert [path.name for path in tmp_path.iterdir()] == ["tiny"]

    def test_archive_of_something_else_is_refused_and_nothing_stays(self, tmp_path: Path) -> None:
        with serve(ServedFile(zipped(*FILES[:2]))) as file, pytest.raises(DatasetError, match=r"mono\*: 0 images"):
            fetch(replace(ENTRY, file=RemoteFile(file.url)), tmp_path / "tiny")
        assert not (tmp_path / "tiny").exists()

    @pytest.mark.parametrize("name", ["../evil.png", "/evil.png", "..\\evil.png"])
    def test_archive_that_leads_out_of_its_folder_is_refused(self, tmp_path: Path, name: str) -> None:
        with serve(ServedFile(zipped(*FILES, name))) as file, pytest.raises(DatasetError, match="leads out"):
            fetch(replace(ENTRY, file=RemoteFile(file.url)), tmp_path / "in" / "tiny")
        assert not list(tmp_path.rglob("evil.png"))

    def test_damaged_archive_is_told_and_fetched_anew(self, tmp_path: Path) -> None:
        with serve(ServedFile(b"no zip")) as file:
            entry = replace(ENTRY, file=RemoteFile(file.url))
            with pytest.raises(DatasetError, match="no usable zip"):
                fetch(entry, tmp_path / "tiny")
            file.content, file.etag = zipped(*FILES), '"two"'
            assert fetch(entry, tmp_path / "tiny").images == 3


def test_entry_without_an_address_names_page_and_way(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"example\.org/tiny.*--from FOLDER"):
        fetch(ENTRY, tmp_path / "tiny")


@pytest.mark.parametrize("link", [True, False])
def test_copy_on_disk_is_imported(tmp_path: Path, link: bool) -> None:
    source = unpacked(tmp_path / "copy", *FILES, ".hidden/x.png", "__MACOSX/y.png")
    found = import_copy(ENTRY, source, tmp_path / "tiny", link=link)
    assert (found.images, found.files) == (3, 3)
    file = tmp_path / "tiny" / FILES[0]
    assert file.samefile(source / FILES[0]) is link
    assert note(tmp_path / "tiny")["origin"] == {"folder": str(source)}


def test_import_twice_keeps_the_first_note_as_it_was(tmp_path: Path) -> None:
    first = import_copy(ENTRY, unpacked(tmp_path / "copy", *FILES), tmp_path / "one").folder
    import_copy(ENTRY, first, tmp_path / "two")
    assert note(tmp_path / "one")["origin"] == {"folder": str(tmp_path / "copy")}
    assert note(tmp_path / "two")["origin"] == {"folder": str(tmp_path / "one")}


def test_selection_with_a_table_is_imported(tmp_path: Path) -> None:
    found = import_copy(CATALOGUE["pbc"], write_pbc(tmp_path / "pbc", {"train": 1}), tmp_path / "out")
    assert (found.images, found.is_selection) == (11, True)


@pytest.mark.parametrize(
    ("change", "fault"), [(("monocyte", "spaceship"), "label 'spaceship'"), (("_train_0", "_gone"), "is not there")]
)
def test_table_of_another_dataset_is_refused(tmp_path: Path, change: tuple[str, str], fault: str) -> None:
    root = write_pbc(tmp_path / "pbc", {"train": 1})
    table = (root / "manifest.csv").read_text()
    (root / "manifest.csv").write_text(re.sub(rf"{change[0]}(?=(,train|\.png))", change[1], table))
    with pytest.raises(DatasetError, match=fault):
        import_copy(CATALOGUE["pbc"], root, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", sorted(CATALOGUE.keys() - {"pbc"}))
def test_selection_of_one_set_is_no_other_one(tmp_path: Path, name: str) -> None:
    with pytest.raises(DatasetError):
        import_copy(CATALOGUE[name], write_pbc(tmp_path / "pbc", {"train": 1}), tmp_path / "out")


def test_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="is not Tiny set as it is published"):
        import_copy(ENTRY, unpacked(tmp_path / "copy", "cats/a.png"), tmp_path / "tiny")
    with pytest.raises(DatasetError, match="is no folder"):
        import_copy(ENTRY, tmp_path / "nothing", tmp_path / "tiny")


def test_folder_in_use_is_not_touched(tmp_path: Path) -> None:
    unpacked(tmp_path / "tiny", "mine.txt")
    with pytest.raises(OutputError, match="not an empty folder"):
        import_copy(ENTRY, unpacked(tmp_path / "copy", *FILES), tmp_path / "tiny")


def test_catalogue_is_complete_and_addresses_are_secure() -> None:
    for entry in CATALOGUE.values():
        assert entry.page.startswith("https://")
        assert all((entry.licence, entry.citation, entry.content, entry.folders))
        assert entry.file is None or entry.file.url.startswith("https://")


def test_unknown_name_suggests_the_nearest() -> None:
    with pytest.raises(DatasetError, match="Did you mean 'txl-pbc'"):
        find_entry("txl_pbc")

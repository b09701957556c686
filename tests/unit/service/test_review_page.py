"""The review page in a real browser. Needs Chromium (Debian: apt-get install chromium) and the package playwright."""

import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from hemascope.service.review import ReviewFolder
from hemascope.service.review_server import ReviewServer
from unit.service.test_review import box, read, write

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
WAIT_MS = 10_000

pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine: apt-get install chromium"),
    pytest.mark.usefixtures("loopback"),
]


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with sync_api.sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield running
        running.close()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ReviewServer]:
    """Two fields of 80 x 60 pixels: two proposed boxes in the first, one in the second."""
    write(tmp_path, "a", box(tool={"kept": 2**60}), box("platelet", x=45))
    write(tmp_path, "b", box())
    with ReviewServer(ReviewFolder(tmp_path)) as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture
def page(browser: "Browser", server: ReviewServer) -> Iterator["Page"]:
    faults: list[str] = []
    context = browser.new_context(viewport={"width": 1000, "height": 700})
    opened = context.new_page()
    opened.set_default_timeout(WAIT_MS)
    opened.on("pageerror", lambda error: faults.append(str(error)))
    load(opened, server)
    yield opened
    context.close()
    assert faults == []


def load(page: "Page", server: ReviewServer) -> None:
    page.goto(server.url)
    page.wait_for_selector("#list button")


def press(page: "Page", *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def until(page: "Page", check: Callable[[], object]) -> None:
    """Waits for what the page does in its own time; the last look is the assertion."""
    for _ in range(WAIT_MS // 20):
        if check():
            return
        page.wait_for_timeout(20)
    assert check()


def saved(page: "Page") -> None:
    until(page, lambda: page.locator("#status").inner_text() == "Saved")


def shapes(folder: Path, name: str = "a") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = read(folder / f"{name}.json")["shapes"]
    return found


def drag(page: "Page", start: tuple[float, float], end: tuple[float, float]) -> None:
    """From one pixel of the image to another."""
    frame = page.locator("#boxes").bounding_box()
    assert frame is not None
    scale = frame["width"] / 80
    page.mouse.move(frame["x"] + start[0] * scale, frame["y"] + start[1] * scale)
    page.mouse.down()
    page.mouse.move(frame["x"] + end[0] * scale, frame["y"] + end[1] * scale, steps=4)
    page.mouse.up()


def test_keys_accept_relabel_delete_and_undo(page: "Page", tmp_path: Path) -> None:
    press(page, "Enter")  # accepts the first and goes on to the second
    saved(page)
    assert [shape["flags"]["proposed"] for shape in shapes(tmp_path)] == [False, True]
    press(page, "b")
    until(page, lambda: [shape["label"] for shape in shapes(tmp_path)] == ["wbc", "blast"])
    assert page.locator("#counts").inner_text() == "2, 0 to check"
    press(page, "Shift+Tab", "Delete")
    until(page, lambda: [shape["label"] for shape in shapes(tmp_path)] == ["blast"])
    press(page, "Control+z")
    until(page, lambda: len(shapes(tmp_path)) == 2)
    assert shapes(tmp_path)[0]["tool"] == {"kept": 2**60}


def test_mouse_draws_moves_and_resizes(page: "Page", tmp_path: Path) -> None:
    press(page, "Escape", "9")  # monocyte, for the next box
    drag(page, (5, 40), (25, 55))
    until(page, lambda: len(shapes(tmp_path)) == 3)
    new = shapes(tmp_path)[2]
    assert (new["label"], new["flags"]) == ("monocyte", {})
    assert new["points"][0] == pytest.approx([5, 40], abs=0.5)
    assert new["points"][1] == pytest.approx([25, 55], abs=0.5)
    drag(page, (15, 48), (35, 46))  # the box itself
    drag(page, (45, 53), (50, 58))  # its lower right corner
    until(page, lambda: shapes(tmp_path)[2]["points"][1] == pytest.approx([50, 58], abs=0.7))
    assert shapes(tmp_path)[2]["points"][0] == pytest.approx([25, 38], abs=0.7)


def test_confirmed_field_is_left_for_the_next_and_survives_a_reload(page: "Page", tmp_path: Path) -> None:
    press(page, " ")
    until(page, lambda: page.locator("#files").input_value() == "1")
    assert page.locator("#progress-text").inner_text() == "1 of 2 fields done"
    assert read(tmp_path / "a.json")["flags"]["confirmed"] is True
    page.wait_for_selector("#list button")
    press(page, "7")
    until(page, lambda: shapes(tmp_path, "b")[0]["label"] == "eosinophil")
    page.reload()
    page.wait_for_selector("#list button")
    assert page.locator("#files").input_value() == "1"
    assert "Eosinophil" in page.locator("#list").inner_text()


def test_second_tab_is_told_and_loads_again(page: "Page", server: ReviewServer, tmp_path: Path) -> None:
    other = page.context.new_page()
    load(other, server)
    press(other, "b")
    saved(other)
    press(page, "9")
    page.wait_for_selector("#alert:not([hidden])")
    assert "changed elsewhere" in page.locator("#alert").inner_text()
    assert shapes(tmp_path)[0]["label"] == "blast"
    press(page, "8")  # nothing can be changed any more
    page.click("#reload")
    page.wait_for_selector("#alert[hidden]", state="attached")
    page.wait_for_selector("#list :text('Blast')")
    press(page, "Shift+Tab", "9")
    until(page, lambda: [shape["label"] for shape in shapes(tmp_path)].count("monocyte") == 1)


def test_zoom_changes_the_size_of_the_picture_only(page: "Page", tmp_path: Path) -> None:
    before = page.locator("#image").bounding_box()
    press(page, "-", "-")
    after = page.locator("#image").bounding_box()
    assert before is not None
    assert after is not None
    assert after["width"] == pytest.approx(before["width"] * 0.64, rel=0.01)
    assert "confirmed" not in read(tmp_path / "a.json")["flags"]

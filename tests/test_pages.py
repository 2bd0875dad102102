"""The pages that people read: the front door names its commands, and what pages link to is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), ROOT / "models/anycost_models/weights/README.md"]


def links(page: Path) -> list[tuple[str, str]]:
    """File and heading of each link to something of ours; either may be empty."""
    found = re.findall(r"\]\(([^)\s]+)\)", page.read_text())
    return [(file, heading) for file, _, heading in (link.partition("#") for link in found) if ":" not in file]


def headings(page: Path) -> set[str]:
    """As links name them."""
    titles = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def test_the_front_door_names_what_does_all_the_set_up():
    page = (ROOT / "README.md").read_text()
    assert page.startswith("# Anycost Face Editor\n")
    assert "\n    python3 installer demo " in page
    assert "\n    python3 installer test " in page
    assert "python3 installer test" in (ROOT / ".ci/run").read_text()
    assert re.search(r"!\[.+\]\(docs/pictures/", page)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_what_a_page_links_to_is_there(page):
    assert page.read_text().strip()
    for file, heading in links(page):
        target = page.parent / file if file else page
        assert target.exists(), f"{page.name} links to {file}"
        assert not heading or heading in headings(target), f"{page.name} links to {file}#{heading}"

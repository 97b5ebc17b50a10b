"""From what was asked for to a plan, or to a line that says what to change."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from compare.config import plan
from compare.plan import Load
from core.errors import ConfigurationError

URLS = ["sqlite:///a.db", "mongomock://x"]

FULL = """
rounds = 7
duration = 2.5
clients = [2, 32]
scale = "medium"
workloads = ["mine", "browse"]

[weights.mine]
search = 1
checkout = 3

[storages]
plain = "postgresql://u:geheim@localhost/a"
"large pool" = { url = "postgresql://u:geheim@localhost/b", pool_size = 40 }
"""


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Writes ``compare.toml`` into an empty folder, in which we then are."""
    monkeypatch.chdir(tmp_path)

    def write(text: str) -> Path:
        file = Path("compare.toml")
        file.write_text(text)
        return file

    return write


def test_two_urls_are_enough() -> None:
    made = plan(URLS, None, {})
    assert [contender.name for contender in made.contenders] == ["sqlite", "mongomock"]
    assert made.workloads == ["browse", "checkout", "write", "mixed"]
    assert [str(load) for load in made.loads] == ["1 client", "4 clients", "16 clients"]


def test_storages_of_one_kind_are_numbered() -> None:
    made = plan(["sqlite:///a.db", "sqlite:///b.db", "mysql+aiomysql://h/x", "sqlite:///c.db"], None, {})
    assert [contender.name for contender in made.contenders] == ["sqlite", "sqlite 2", "mysql+aiomysql", "sqlite 3"]


def test_the_file_is_found_and_says_everything(written: Callable[[str], Path]) -> None:
    written(FULL)
    made = plan([], None, {})
    assert [(c.name, c.settings) for c in made.contenders] == [("plain", {}), ("large pool", {"pool_size": 40})]
    assert (made.rounds, made.duration, made.scale, made.clients) == (7, 2.5, 1000, [2, 32])
    assert made.mixture("mine") == pytest.approx(
        {"search": 0.25, "place_order": 0.45, "place_and_notify": 0.075, "pay": 0.15, "cancel": 0.075}
    )
    assert "geheim" not in repr(made)


def test_options_win_over_the_file(written: Callable[[str], Path]) -> None:
    file = written(FULL)
    made = plan(URLS, file, {"rounds": 1, "rates": [50.0, 100.0]})
    assert (made.rounds, made.duration) == (1, 2.5)
    assert [contender.name for contender in made.contenders] == ["sqlite", "mongomock"]
    assert made.loads == [Load(clients=32, rate=50), Load(clients=32, rate=100)]


def test_a_file_that_was_not_asked_for_is_left_alone(written: Callable[[str], Path]) -> None:
    written("rounds = 9")
    assert plan(URLS, None, {}).rounds == 3


SAME = ["sqlite:///a.db", "sqlite:///a.db"]


def test_the_same_store_twice_needs_a_scratch_each() -> None:
    with pytest.raises(ConfigurationError, match="--scratch"):
        plan(SAME, None, {})
    assert len(plan(SAME, None, {"scratch": True}).contenders) == 2


@pytest.mark.parametrize(
    ("urls", "chosen", "names"),
    [
        ([], {}, "storages: name two or more"),
        (URLS[:1], {}, "storages: name two or more"),
        (URLS, {"duration": 0}, "--duration"),
        (URLS, {"duration": float("nan")}, "--duration"),
        (URLS, {"clients": [0]}, "--clients"),
        (URLS, {"clients": [1.5]}, "--clients"),
        (URLS, {"clients": []}, "--clients"),
        (URLS, {"rates": [0.0]}, "--rate"),
        (URLS, {"rounds": 0}, "--rounds"),
        (URLS, {"scale": "huge"}, "--scale"),
        (URLS, {"scale": "3"}, "--scale: must be 10 products or more"),
        (URLS, {"skew": -1}, "--skew"),
        (URLS, {"servers": 65}, "--servers"),
        (URLS, {"workloads": ["rob"]}, "workloads: there is no workload or operation 'rob'"),
        (URLS, {"weights": {"mixed": {"mixed": 1}}}, "weights: 'mixed' is made of itself"),
        (URLS, {"weights": {"mixed": {"browse": -1}}}, "--weights"),
    ],
)
def test_what_cannot_be_is_told_in_a_line(urls: list[str], chosen: dict[str, Any], names: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        plan(urls, None, chosen)
    assert names in refused.value.detail
    assert "\n" not in refused.value.detail


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("rounds = 'many'", "rounds in compare.toml"),
        ("rounds = ", "compare.toml is not TOML"),
        ("colour = 'red'", "colour in compare.toml"),
        ("storages = 3", "storages in compare.toml"),
        ("[storages]\na = 3", "storages.a in compare.toml"),
        ("[storages]\na = {pool_size = 3}", "storages.a in compare.toml"),
        ("[storages]\na = {url = 'sqlite:///a.db', puddle = 3}\nb = 'mongomock://x'", "no setting 'puddle'"),
        ("[[contenders]]\nname = 'a'", "storages in compare.toml"),
    ],
)
def test_a_wrong_file_is_told_in_a_line(written: Callable[[str], Path], text: str, names: str) -> None:
    file = written(text)
    with pytest.raises(ConfigurationError) as refused:
        plan([] if "storages" in text else URLS, file, {})
    assert names in refused.value.detail
    assert "\n" not in refused.value.detail


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"--config: .*No such file"):
        plan(URLS, tmp_path / "absent.toml", {})

"""Reading a plan: from options and ``compare.toml``, or an error of one line that names what to change."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from compare.config import load_plan
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
def write_config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Writes ``compare.toml`` into an empty folder, which becomes the working directory."""
    monkeypatch.chdir(tmp_path)

    def write(text: str) -> Path:
        file = Path("compare.toml")
        file.write_text(text)
        return file

    return write


def test_two_urls_are_a_plan() -> None:
    plan = load_plan(URLS, None, {})
    assert [storage.name for storage in plan.storages] == ["sqlite", "mongomock"]
    assert plan.workloads == ["browse", "checkout", "write", "mixed"]
    assert [str(load) for load in plan.loads] == ["1 client", "4 clients", "16 clients"]


def test_storages_of_one_scheme_are_numbered() -> None:
    plan = load_plan(["sqlite:///a.db", "sqlite:///b.db", "mysql+aiomysql://h/x", "sqlite:///c.db"], None, {})
    assert [storage.name for storage in plan.storages] == ["sqlite", "sqlite 2", "mysql+aiomysql", "sqlite 3"]


def test_file_in_working_directory_is_read(write_config: Callable[[str], Path]) -> None:
    write_config(FULL)
    plan = load_plan([], None, {})
    assert [(c.name, c.settings) for c in plan.storages] == [("plain", {}), ("large pool", {"pool_size": 40})]
    assert (plan.rounds, plan.duration, plan.scale, plan.clients) == (7, 2.5, 1000, [2, 32])
    assert plan.mixture("mine") == pytest.approx(
        {"search": 0.25, "place_order": 0.45, "place_and_notify": 0.075, "pay": 0.15, "cancel": 0.075}
    )
    assert "geheim" not in repr(plan)


def test_options_win_over_the_file(write_config: Callable[[str], Path]) -> None:
    file = write_config(FULL)
    plan = load_plan(URLS, file, {"rounds": 1, "rates": [50.0, 100.0]})
    assert (plan.rounds, plan.duration) == (1, 2.5)
    assert [storage.name for storage in plan.storages] == ["sqlite", "mongomock"]
    assert plan.loads == [Load(clients=32, rate=50), Load(clients=32, rate=100)]


def test_file_is_ignored_if_urls_are_given(write_config: Callable[[str], Path]) -> None:
    write_config("rounds = 9")
    assert load_plan(URLS, None, {}).rounds == 3


SAME = ["sqlite:///a.db", "sqlite:///a.db"]


def test_same_store_twice_needs_scratch() -> None:
    with pytest.raises(ConfigurationError, match="--scratch"):
        load_plan(SAME, None, {})
    assert len(load_plan(SAME, None, {"scratch": True}).storages) == 2


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
def test_invalid_plan_is_an_error_of_one_line(urls: list[str], chosen: dict[str, Any], names: str) -> None:
    with pytest.raises(ConfigurationError) as error:
        load_plan(urls, None, chosen)
    assert names in error.value.detail
    assert "\n" not in error.value.detail


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
        ("[[storages]]\nname = 'a'", "storages in compare.toml"),
        ("[[contenders]]\nname = 'a'", "contenders in compare.toml"),
    ],
)
def test_invalid_file_is_an_error_of_one_line(write_config: Callable[[str], Path], text: str, names: str) -> None:
    file = write_config(text)
    with pytest.raises(ConfigurationError) as error:
        load_plan([] if "storages" in text else URLS, file, {})
    assert names in error.value.detail
    assert "\n" not in error.value.detail


def test_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"--config: .*No such file"):
        load_plan(URLS, tmp_path / "absent.toml", {})

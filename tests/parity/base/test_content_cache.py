"""The cache: what comes back is what was kept for that key, or nothing."""

from __future__ import annotations

import multiprocessing
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parity.base import content_cache
from parity.base.content_cache import ContentCache, source_digest

KEY = {"player": "python", "seed": None}
OTHER = {"player": "python", "seed": 1}


@pytest.fixture
def cache(tmp_path):
    return ContentCache(tmp_path / "cache")


def entries(cache):
    return sorted(path for path in cache.folder.glob("*/*") if path.is_file())


@given(content=st.text(), seed=st.integers() | st.none(), name=st.text())
def test_what_was_kept_comes_back(tmp_path_factory, content, seed, name):
    cache = ContentCache(tmp_path_factory.mktemp("cache"))
    cache.put({"name": name, "seed": seed}, content)
    assert cache.get({"seed": seed, "name": name}) == content
    assert cache.get({"seed": seed, "name": name + "x"}) is None


def test_the_last_content_of_a_key_is_kept(cache):
    cache.put(KEY, "one")
    cache.put(KEY, "two")
    assert cache.get(KEY) == "two"
    assert len(entries(cache)) == 1


@pytest.mark.parametrize("length", [0, 1, 60, -1])
def test_a_truncated_entry_is_missing(cache, length):
    cache.put(KEY, "a trace")
    (entry,) = entries(cache)
    entry.write_bytes(entry.read_bytes()[:length])
    assert cache.get(KEY) is None


def test_an_entry_with_any_byte_altered_is_missing(cache):
    cache.put(KEY, "a trace")
    (entry,) = entries(cache)
    sound = entry.read_bytes()
    for i in range(len(sound)):
        entry.write_bytes(sound[:i] + bytes([sound[i] ^ 1]) + sound[i + 1 :])
        assert cache.get(KEY) is None, i


def test_swapped_entries_are_missing(cache):
    cache.put(KEY, "one")
    cache.put(OTHER, "two")
    one, two = entries(cache)
    first, second = one.read_bytes(), two.read_bytes()
    one.write_bytes(second)
    two.write_bytes(first)
    assert cache.get(KEY) is None
    assert cache.get(OTHER) is None


def test_a_missing_entry_can_be_kept_again(cache):
    cache.put(KEY, "a trace")
    entries(cache)[0].write_bytes(b"")
    cache.put(KEY, "a trace")
    assert cache.get(KEY) == "a trace"


def test_a_folder_that_cannot_be_written_keeps_nothing_and_says_nothing(tmp_path):
    (tmp_path / "file").touch()
    cache = ContentCache(tmp_path / "file" / "cache")
    cache.put(KEY, "a trace")
    assert cache.get(KEY) is None


def test_no_temporary_file_is_left(cache):
    cache.put(KEY, "a trace")
    assert list(cache.folder.rglob("*.tmp")) == []


def test_what_was_not_used_for_longest_goes_first(tmp_path):
    cache = ContentCache(tmp_path)
    for i in range(20):
        cache.put({"i": i}, "x" * 400)
        entry = max(entries(cache), key=lambda path: path.stat().st_ctime_ns)
        os.utime(entry, (1_000_000 + i, 1_000_000 + i))
    assert cache.get({"i": 0}) == "x" * 400  # It is used: the newest now.
    ContentCache(tmp_path, largest=5_000).prune()
    left = [i for i in range(20) if cache.get({"i": i}) is not None]
    assert 0 in left
    assert 1 not in left
    assert 19 in left
    assert sum(path.stat().st_size for path in entries(cache)) <= 5_000 / 2


def test_what_is_put_keeps_the_folder_near_its_bound(tmp_path):
    cache = ContentCache(tmp_path, largest=8_000)
    for i in range(100):
        cache.put({"i": i}, "x" * 400)
        assert sum(path.stat().st_size for path in entries(cache)) <= 8_000 + 8_000 / 8 + 1_000
    assert cache.get({"i": 99}) == "x" * 400


def test_many_processes_that_write_little_keep_the_folder_near_its_bound_too(tmp_path):
    for i in range(300):
        cache = ContentCache(tmp_path, largest=8_000)
        cache.put({"i": i}, "x" * 600)
        # Six in ten look: that thirty in a row don't is a chance of one in 10**11.
        assert sum(path.stat().st_size for path in entries(cache)) <= 8_000 + 30 * 800


def test_a_process_looks_at_the_folder_when_it_has_written_its_part(tmp_path):
    cache = ContentCache(tmp_path, largest=8_000, unseen=0)
    for i in range(30):
        ContentCache(tmp_path, largest=10**9).put({"other": i}, "x" * 400)
    cache.put({"i": 0}, "x" * 600)
    assert len(entries(cache)) == 31
    cache.put({"i": 1}, "x" * 600)
    assert len(entries(cache)) < 16


def _keep(folder, content):
    cache = ContentCache(folder)
    for i in range(100):
        cache.put({"i": i}, content)
        assert cache.get({"i": i}) in ("one", "two")


def test_processes_share_a_folder(tmp_path):
    context = multiprocessing.get_context("spawn")
    processes = [
        context.Process(target=_keep, args=(tmp_path, content)) for content in ("one", "two")
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0]
    cache = ContentCache(tmp_path)
    assert {cache.get({"i": i}) for i in range(100)} <= {"one", "two"}


def test_the_environment_says_where_it_is_and_whether(tmp_path, monkeypatch):
    monkeypatch.setenv("PARITY_CACHE", str(tmp_path))
    assert content_cache.opened().folder == tmp_path
    content_cache.disable()
    assert content_cache.opened() is None


def test_a_digest_of_sources_is_of_their_names_and_contents(tmp_path):
    folders = []
    for i, (name, content) in enumerate([("a", "1"), ("b", "1"), ("a", "2"), ("a", "1")]):
        folder = tmp_path / str(i)
        folder.mkdir()
        (folder / f"{name}.py").write_text(content)
        folders.append(folder)
    one, renamed, changed, same = map(source_digest, folders)
    assert len({one, renamed, changed}) == 3
    assert one == same

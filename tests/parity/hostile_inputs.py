"""Inputs that nobody means well with, by kind; small, or made large by a multiplication.

Not a test module.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from parity.base.model import canonical_json
from tests.parity.samples import PLACED, SESSION, judged, report_of, trace

Inputs = dict[str, bytes]
"""The content of a file, by a name of what is wrong with it."""

GOOD = """\
about: A sample.
cluster: {ps: 2, workers: 3}
steps: [{train: 1}]
expect: {reports: 0}
"""


def good(**keys: Any) -> str:
    """A scenario in flow style, with these keys otherwise."""
    document = {
        "about": "A sample.",
        "cluster": {"ps": 2, "workers": 3},
        "steps": [{"train": 1}],
        "expect": {"reports": 0},
        **keys,
    }
    return json.dumps(document)


def _bytes(inputs: dict[str, str | bytes]) -> Inputs:
    return {
        name: text if isinstance(text, bytes) else text.encode(errors="surrogatepass")
        for name, text in inputs.items()
    }


def _bomb() -> str:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 30)]
    return "\n".join(lines)


def yaml_texts() -> Inputs:
    """What is no YAML, or none that is read here."""
    about = "steps: [{train: 1}]\nexpect: {reports: 0}\nabout: "
    return _bytes(
        {
            "nothing": b"",
            "a comment": "# nothing\n",
            "an empty document": "---\n...\n",
            "two documents": GOOD + "---\n" + GOOD,
            "a list": "- 1\n",
            "a number": "3\n",
            "a tag of integers": about + "!!int abc",
            "a tag of a set": about + "!!set {a, b}",
            "an empty set": about + "!!set",
            "a tag of bytes": about + "!!binary aGVsbG8=",
            "a tag of an ordered mapping": about + "!!omap [a: 1]",
            "a tag of pairs": about + "!!pairs [a: 1, a: 2]",
            "a tag of a time": about + "!!timestamp 2026-99-99",
            "a tag of Python": about + "!!python/object/apply:os.system [id]",
            "a tag of somebody": about + "!mine x",
            "a tag that isn't closed": about + "!<tag:x y",
            "a tag of 100,000 letters": about + "!" + "x" * 100_000 + " y",
            "an unknown handle": about + "!e!x y",
            "a key that is a list": "steps: [{[a]: 1}]\n",
            "a key that is a mapping": "? {a: 1}\n: 2\n",
            "a key that is an alias": "a: &x b\n*x : 1\n",
            "a key twice": GOOD + "about: Again.\n",
            "a key twice, deep": good().replace('"ps": 2', '"ps": 2, "ps": 3'),
            "a merge key": "a: &x {b: 1}\n<<: *x\n" + GOOD,
            "a merge key that is a loop": "a: &x\n  <<: *x\n",
            "a loop of aliases": "a: &x [*x]\n",
            "an alias of nothing": about + "*x",
            "a bomb of aliases": _bomb(),
            "a chain of aliases": "a0: &a0 [x]\n"
            + "".join(f"a{i}: &a{i} [*a{i - 1}]\n" for i in range(1, 300)),
            "half a character": about + '"\\ud800"',
            "the other half": about + '"\\udfff"',
            "half a character in a key": '"\\ud800": 1\n' + GOOD,
            "no character at all": about + '"\\U00110000"',
            "a bare surrogate": about + "\ud800",
            "a NUL": about + "a\0b",
            "an escape character": about + "\x1b[2J",
            "a DEL": about + "\x7f",
            "UTF-16": GOOD.encode("utf-16"),
            "UTF-16 without a mark": GOOD.encode("utf-16-le"),
            "UTF-32": GOOD.encode("utf-32"),
            "Latin-1": (about + "é").encode("latin-1"),
            "UTF-8 that is cut off": (about + "é").encode()[:-1],
            "random bytes": bytes(range(256)),
            "a tab": "\tabout: x\n",
            "a tab within": "cluster:\n\tps: 1\n",
            "a string that isn't closed": 'about: "x\n',
            "a list that isn't closed": "steps: [{train: 1}\n",
            "a directive of version 3": "%YAML 3.0\n---\n" + GOOD,
            "a directive alone": "%FOO\n",
            "a block of indentation 0": "about: |0\n  x\n",
            "100,000 lists": "[" * 100_000,
            "10,000 mappings": "{a: " * 10_000,
            "10,000 block lists": "- " * 10_000,
            "100,000 lists in a key": "steps: " + "[" * 100_000 + "]" * 100_000,
            "10,000 lines, each deeper": "".join(f"{' ' * i}a:\n" for i in range(1_000)),
            "a number of 5,000 digits": about + "9" * 5_000,
            "a count of 5,000 digits": f"steps: [{{train: {'9' * 5_000}}}]\n",
            "a hexadecimal number": f"steps: [{{train: 0x{'f' * 4_000}}}]\n",
            "infinity": "steps: [{train: .inf}]\n",
            "no number": "steps: [{train: .nan}]\n",
            "a float that overflows": "steps: [{train: 1e999}]\n",
            "a line of 200,000 letters": about + "x" * 200_000,
            "a megabyte": "#\n" * 600_000,
            "60,000 keys": "".join(f"k{i}: 1\n" for i in range(40_000)),
            "200,000 values": "steps: [\n" + "1,\n" * 100_000 + "]\n",
        }
    )


def scenarios() -> Inputs:
    """YAML that is no scenario: too much of something, or of something that there isn't."""
    huge, long = 10**9, "x" * 70_000
    rpc = {"rpc": "GetBlockStatus"}
    several = {
        "no key": {"abuot": "x"},
        "a key of 60,000 letters": {"x" * 60_000: 1},
        "a key of control characters": {"a\nb\x1b[2J\u202e": 1},
        "10^9 PS": {"cluster": {"ps": huge}},
        "10^9 workers": {"cluster": {"workers": huge}},
        "a barrier of 10^9 bits": {"cluster": {"capacity": huge}},
        "a barrier of no bits": {"cluster": {"capacity": 0}},
        "no workers": {"cluster": {"workers": 0}},
        "-1 PS": {"cluster": {"ps": -1}},
        "half a PS": {"cluster": {"ps": 1.5}},
        "true PS": {"cluster": {"ps": True}},
        "a cluster that is text": {"cluster": "x"},
        "10^12 steps": {"steps": [{"train": 10**12}]},
        "a million steps, twice": {"steps": [{"train": 10**6}, {"train": 10**6}]},
        "10^18 seconds": {"steps": [{"advance": "1000000000000000000s"}]},
        "100,000 hours, twice": {"steps": [{"advance": "100000h"}] * 2},
        "a time of 5,000 digits": {"steps": [{"advance": "9" * 5_000 + "s"}]},
        "a time with 5,000 decimals": {"steps": [{"advance": "1." + "9" * 5_000 + "s"}]},
        "a time in Arabic digits": {"steps": [{"advance": "\u0663s"}]},
        "a time without a unit": {"steps": [{"advance": 5}]},
        "a time of a new kind": {"steps": [{"advance": "5 fortnights"}]},
        "a negative time": {"steps": [{"advance": "-5s"}]},
        "a wait of nothing": {"barrier": {"wait": "0s"}},
        "a size of 10^30 bytes": {"machines": [{"ps": 0, "rss": 10**30}]},
        "a size of 10^30 TiB": {"machines": [{"ps": 0, "rss": f"{10**30}TiB"}]},
        "a negative size": {"machines": [{"ps": 0, "rss": -1}]},
        "a limit of 10^30 bytes": {"default_mem_limit": 10**30},
        "a PiB allocated": {"faults": [{"allocate": {"ps": 0, "bytes": "1024TiB"}}]},
        "no steps": {"steps": []},
        "steps that are text": {"steps": "end"},
        "a step of two kinds": {"steps": [{"train": 1, "advance": "1s"}]},
        "a step of no kind": {"steps": [{"trian": 1}]},
        "a step of 60,000 letters": {"steps": ["x" * 60_000]},
        "a step that is a number": {"steps": [3]},
        "a step that is null": {"steps": [None]},
        "11,000 steps": {"steps": [{"train": 1}] * 11_000},
        "2,000 wrong steps": {"steps": [{"trian": i} for i in range(2_000)]},
        "1,100 hooks": {"hooks": ["controller"] * 1_100},
        "1,100 callbacks": {"barrier": {"callbacks": ["slow"] * 1_100}},
        "1,100 listeners": {"hooks": [{"saver": {"listeners": ["plain"] * 1_100}}]},
        "1,100 calls at once": {"steps": [{"concurrently": [rpc] * 1_100}]},
        "1,100 calls in the background": {"steps": [{"background": rpc}] * 1_100},
        "one call at once": {"steps": [{"concurrently": [rpc]}]},
        "a step at once that can't be": {"steps": [{"concurrently": [{"train": 1}] * 2}]},
        "an about of 70,000 letters": {"about": long},
        "an empty about": {"about": ""},
        "an about that is a list": {"about": ["x"]},
        "a message of 70,000 letters": {
            "steps": [{"raise": {"error": "ValueError", "message": long}}]
        },
        "a file of 70,000 letters": {"steps": [{"action_file": {"text": long}}]},
        "a file that is text and bytes": {"steps": [{"action_file": {"text": "", "hex": ""}}]},
        "a folder with text": {"steps": [{"action_file": {"text": "", "folder": True}}]},
        "a folder as a state file": {
            "steps": [{"state_file": {"file": "checkpoint", "content": "folder"}}]
        },
        "half a byte": {"steps": [{"action_file": {"hex": "abc"}}]},
        "bytes of 300,000 digits": {"steps": [{"action_file": {"hex": "00" * 50_000 + "0"}}]},
        "a placeholder of nothing": {"steps": [{"address_file": {"text": "{nobody}"}}]},
        "a probe without a name": {"hooks": [{"probe": {"name": ""}}]},
        "a probe of 1,000 letters": {"hooks": [{"probe": {"name": "x" * 1_000}}]},
        "two probes of one name": {"hooks": [{"probe": {"name": "x"}}] * 2},
        "a fault 10^9 times": {
            "faults": [{"save_error": {"error": "InternalError", "times": huge}}]
        },
        "a fault of nobody's error": {"faults": [{"save_error": {"error": "NoError"}}]},
        "a fault of PS 9": {"faults": [{"poll_error": {"ps": 9}}]},
        "a fault of PS 10^9": {"faults": [{"poll_error": {"ps": huge}}]},
        "a slow poll of an hour": {"faults": [{"slow_poll": {"ps": 0, "takes": "1h"}}]},
        "a kill of ps-7": {"faults": [{"kill": "ps-7"}]},
        "a kill of worker-9": {"steps": [{"fault": {"kill": "worker-9"}}]},
        "a kill of ../x": {"faults": [{"kill": "../x"}]},
        "a machine of PS 5": {"machines": [{"ps": 5}]},
        "a machine twice": {"machines": [{"ps": 0}, {"ps": 0}]},
        "a worker 7": {"steps": [{"worker": {"index": 7, "train": 1}}]},
        "a worker 0": {"steps": [{"worker": {"index": 0, "train": 1}}]},
        "a worker 7 at once": {
            "steps": [{"concurrently": [rpc, {"worker": {"index": 7, "train": 1}}]}]
        },
        "a server 0": {"steps": [{**rpc, "server": 0}]},
        "a server where there is none": {"hooks": [], "steps": [{**rpc, "server": 1}]},
        "a server 2 of 1": {"session": "singular", "steps": [{**rpc, "server": 2}]},
        "a bit 7 of an answer": {"steps": [{**rpc, "response": {"blocked_indices": [7]}}]},
        "a timer of no saver": {"hooks": [], "steps": [{"timer": "disable"}]},
        "a look at what is never seen": {"steps": [{"look": "current_session", "expect": "OK"}]},
        "a number that there isn't": {"covers": ["B999"]},
        "a number of 5,000 digits covered": {"covers": ["B" + "1" * 5_000]},
        "a test that there isn't": {"covers": ["nosuch_test.parity"]},
        "a test that is mistyped": {"covers": ["server_lib.partiy"]},
        "nothing expected": {"expect": {}},
        "a PS 9 reported": {"expect": {"reported": [[9]]}},
        "a bit 7 blocked": {"expect": {"blocked": [0, 7]}},
        "a bit 7 of the barrier": {"expect": {"barrier": [[0], [7]]}},
        "a bit -1": {"expect": {"blocked": [-1]}},
        "a probe expected that there isn't": {"expect": {"hook_order": ["X.begin"]}},
        "a listener expected that there isn't": {"expect": {"listener_calls": ["0.begin"]}},
        "a callback expected that there isn't": {"expect": {"callbacks": ["0: Stop"]}},
        "a thread expected that there isn't": {"expect": {"threads": {"nobody": "left"}}},
        "a thread with a fate of its own": {"expect": {"threads": {"ps_health": "happy"}}},
        "a worker's error where there is none": {"expect": {"workers_raised": {"worker-7": "X"}}},
        "a file expected elsewhere": {"expect": {"files": ["../../etc/passwd"]}},
        "a need of nobody": {"needs": ["magic"]},
    }  # fmt: skip
    return _bytes({name: good(**keys) for name, keys in several.items()})


def _report_lines() -> tuple[str, str, str, str]:
    one = judged(trace(SESSION, PLACED), name="health/one")
    other = judged(trace(SESSION), name="other")
    report = report_of(one, other)
    header, first, second, footer = (
        canonical_json(part.model_dump(mode="json"))
        for part in (report.header, *report.records, report.footer)
    )
    return header, first, second, footer


HEADER, FIRST, SECOND, FOOTER = _report_lines()
GOOD_REPORT = f"{HEADER}\n{FIRST}\n{SECOND}\n{FOOTER}\n".encode()


def _changed(line: str, **keys: Any) -> str:
    return canonical_json({**json.loads(line), **keys})


def json_values() -> Iterator[tuple[str, str]]:
    """What is no JSON, or none that is read here; each may stand where a value does."""
    yield from {
        "nothing": "",
        "a bare word": "hello",
        "a number alone": "3",
        "text alone": '"x"',
        "a list alone": "[]",
        "an empty object": "{}",
        "null": "null",
        "no number": '{"events":[NaN],"struck":{}}',
        "infinity": '{"events":[-Infinity],"struck":{}}',
        "a number of 5,000 digits": '{"events":[' + "9" * 5_000 + '],"struck":{}}',
        "a float that overflows": '{"events":[1e999],"struck":{}}',
        "an integer of 65 bits": '{"events":[18446744073709551616],"struck":{}}',
        "half a character": '{"events":["\\ud800"],"struck":{}}',
        "half a character as bytes": '{"events":["\ud800"],"struck":{}}',
        "a control character": '{"events":["\x01"],"struck":{}}',
        "a key twice": '{"events":[],"events":[],"struck":{}}',
        "100,000 lists": "[" * 100_000,
        "100,000 lists, closed": "[" * 100_000 + "]" * 100_000,
        "100,000 objects": '{"a":' * 100_000,
        "two values": '{"events":[],"struck":{}} {}',
        "a comment": '{"events":[],"struck":{}} // x',
        "a comma too much": '{"events":[],"struck":{},}',
        "single quotes": "{'events':[],'struck':{}}",
        "a value that isn't closed": '{"events":[{"kind":"session"',
        "a key of 100,000 letters": '{"' + "x" * 100_000 + '":1}',
        "a key of control characters": '{"a\\nb\\u001b[2J\\u202e":1}',
        "100,000 wrong values": "[" + "1," * 99_999 + "1]",
    }.items()


def files_of_json() -> Inputs:
    """The same as files, and what no file of JSON has."""
    return _bytes(
        {
            **dict(json_values()),
            "UTF-16": '{"events":[],"struck":{}}'.encode("utf-16"),
            "a byte order mark": "\ufeff" + '{"events":[],"struck":{}}',
            "UTF-8 that is cut off": '{"events":["é"'.encode()[:-2],
            "random bytes": bytes(range(256)),
        }
    )


def traces() -> Inputs:
    """JSON that is no trace."""
    event = {"kind": "session", "lane": "main", "ms": 0, "state": "created"}
    several = {
        "no events": {"struck": {}},
        "events that are an object": {"events": {}, "struck": {}},
        "nothing struck": {"events": []},
        "an unknown key": {"events": [], "struck": {}, "more": 1},
        "an event of no kind": {"events": [{"ms": 0, "lane": "main"}], "struck": {}},
        "an event of an unknown kind": {"events": [{**event, "kind": "dance"}], "struck": {}},
        "an event with an unknown key": {"events": [{**event, "more": 1}], "struck": {}},
        "an event before the beginning": {"events": [{**event, "ms": -1}], "struck": {}},
        "an event at half a millisecond": {"events": [{**event, "ms": 0.5}], "struck": {}},
        "an event on no lane": {"events": [{**event, "lane": None}], "struck": {}},
        "a lane that is a list": {"events": [{**event, "lane": ["main"]}], "struck": {}},
        "20,000 wrong events": {"events": [{**event, "state": "x"}] * 20_000, "struck": {}},
        "a fault struck by text": {"events": [], "struck": {"faults[0]": "yes"}},
    }
    return _bytes({name: json.dumps(document) for name, document in several.items()})


def recordings() -> Inputs:
    """JSON that is no recording of a scenario, and no summary of one."""
    provenance = {
        "scenario": "sample", "scenario_digest": "sha256:0", "implementation": "x",
        "language": "rust", "version": "1", "source_digest": None,
    }  # fmt: skip
    recorded = {"events": [], "struck": {}}
    several: dict[str, Any] = {
        "a recording of another scenario": {"provenance": provenance, "trace": recorded},
        "a recording that names ../../x": {
            "provenance": {**provenance, "scenario": "../../x"}, "trace": recorded,
        },
        "a recording that names /etc/passwd": {
            "provenance": {**provenance, "scenario": "/etc/passwd"}, "trace": recorded,
        },
        "a recording without a provenance": {"trace": recorded},
        "a provenance that is text": {"provenance": "x", "trace": recorded},
        "a provenance with more": {"provenance": {**provenance, "x": 1}, "trace": recorded},
        "a trace that is text": {"provenance": provenance, "trace": "x"},
        "a summary that is text": {"summary": "x"},
        "a summary of nothing": {"summary": {}},
        "a summary with an unknown key": {"summary": {"reprots": 0}},
        "a summary of -1 reports": {"summary": {"reports": -1}},
        "a summary of 10^20 reports": {"summary": {"reports": 10**20}},
        "a summary of PS 10^9": {"summary": {"reported": [[10**9]]}},
        "a summary of bit -1": {"summary": {"blocked": [-1]}},
        "a summary of text for a list": {"summary": {"barrier": "none"}},
        "a summary of 70,000 letters": {"summary": {"logs": ["x" * 70_000]}},
    }  # fmt: skip
    return _bytes({name: json.dumps(document) for name, document in several.items()})


def reports() -> Inputs:
    """Files that are no whole report of a run."""

    def of(*lines: str) -> str:
        return "".join(f"{line}\n" for line in lines)

    inputs: dict[str, str | bytes] = {
        "no footer": of(HEADER, FIRST, SECOND),
        "no header": of(FIRST, SECOND, FOOTER),
        "no line feed but others": GOOD_REPORT.replace(b"\n", b"\r"),
        "a header twice": of(HEADER, HEADER, FIRST, SECOND, FOOTER),
        "a footer twice": of(HEADER, FIRST, SECOND, FOOTER, FOOTER),
        "a footer first": of(FOOTER, HEADER, FIRST, SECOND),
        "a record after the footer": of(HEADER, FIRST, FOOTER, SECOND),
        "an empty line": of(HEADER, FIRST, "", SECOND, FOOTER),
        "a record twice": of(HEADER, FIRST, FIRST, FOOTER),
        "a record less": of(HEADER, FIRST, FOOTER),
        "a record more": of(_changed(HEADER, scenarios=1), FIRST, SECOND, FOOTER),
        "format 1": of(_changed(HEADER, format=1), FIRST, SECOND, FOOTER),
        "format 10^9": of(_changed(HEADER, format=10**9), FIRST, SECOND, FOOTER),
        "a format that is text": of(_changed(HEADER, format="2"), FIRST, SECOND, FOOTER),
        "a seed that is text": of(_changed(HEADER, seed="x"), FIRST, SECOND, FOOTER),
        "totals of more": of(HEADER, FIRST, SECOND, _changed(FOOTER, verdicts={"agree": 9})),
        "totals of nothing": of(HEADER, FIRST, SECOND, _changed(FOOTER, verdicts={})),
        "totals of a new verdict": of(
            HEADER, FIRST, SECOND, _changed(FOOTER, verdicts={"fine": 2})
        ),
        "channels of more": of(HEADER, FIRST, SECOND, _changed(FOOTER, agreements={"rpc": 9})),
        "an exit code that is text": of(HEADER, FIRST, SECOND, _changed(FOOTER, exit_code="0")),
        "a verdict that there isn't": of(HEADER, _changed(FIRST, verdict="fine"), SECOND, FOOTER),
        "an unknown key": of(HEADER, _changed(FIRST, more=1), SECOND, FOOTER),
        "a key of control characters": of(
            HEADER, _changed(FIRST, **{"a\n\x1b[2J": 1}), SECOND, FOOTER
        ),
        "a trace that is none": of(HEADER, _changed(FIRST, trace={"events": 3}), SECOND, FOOTER),
        "a cluster of 10^9": of(HEADER, _changed(FIRST, cluster={"ps": 10**9}), SECOND, FOOTER),
        "half a line": GOOD_REPORT[:-10],
        "UTF-16": GOOD_REPORT.decode().encode("utf-16"),
        "a byte order mark": b"\xef\xbb\xbf" + GOOD_REPORT,
        "another file": b"PK\x03\x04" + b"\0" * 100,
        "a record of another format": of('{"type":"record","scenario":"../../outside"}'),
    }  # fmt: skip
    for name in (
        "../../outside", "/tmp/outside", "a/../../b", "..", ".", "", "a//b", "a/", "a\0b",
        "a\nb", "\x1b[2J", "a\u202eb", "x" * 300, "x/" * 600 + "x",
    ):  # fmt: skip
        shown = name if len(name) < 20 else f"{name[:5]}..."
        inputs[f"a scenario named {shown!r}"] = of(
            HEADER, _changed(FIRST, scenario=name), SECOND, FOOTER
        )
    for what, value in json_values():
        inputs[f"a record that is {what}"] = of(HEADER, value, SECOND, FOOTER)
    return _bytes(inputs)


def known_differences() -> Inputs:
    """Lists of known differences that aren't one."""
    entry = {
        "scenario": "sample", "channel": "rpc", "reason": "It is known and accepted.",
        "since": "2026-11-24", "difference": "0123456789ab",
    }  # fmt: skip

    def of(**keys: Any) -> str:
        return json.dumps({"differences": [{**entry, **keys}]})

    return _bytes(
        {
            "a list": "- 1\n",
            "nothing": "",
            "an unknown key": "diferences: []\n",
            "entries that are text": "differences: x\n",
            "a date that there isn't": of(since="2026-99-99"),
            "a date that is a list": of(since=["2026-11-24"]),
            "a date of 50,000 letters": of(since="x" * 50_000),
            "a channel that there isn't": of(channel="rcp"),
            "a channel that is a list": of(channel=["rpc"]),
            "no reason": of(reason="so"),
            "a difference that is no id": of(difference="../../x"),
            "a scenario that there isn't": of(scenario="smaple"),
            "a scenario that is a path": of(scenario="../../etc/passwd"),
            "a scenario of control characters": of(scenario="a\x1b[2J\nb"),
            "an entry twice": json.dumps({"differences": [entry, entry]}),
            "a tag": "differences: !!set {}\n",
            "a merge key": "differences: [{<<: {}}]\n",
            "a loop": "differences: &x [*x]\n",
            "UTF-16": "differences: []\n".encode("utf-16"),
        }
    )


NAMES = {
    "a way out": "../../outside",
    "an absolute one": "/tmp/outside",
    "a way out in the middle": "health/../../x",
    "a folder alone": "health/",
    "nothing": "",
    "a point": ".",
    "two points": "..",
    "a line feed": "a\nb",
    "control characters": "a\x1b[2J\x9b1m",
    "a direction override": "a\u202eb",
    "a surrogate": "a\udcff",
    "300 letters": "x" * 300,
    "10,000 letters": "x" * 10_000,
    "2,000 folders": "x/" * 2_000 + "x",
    "markup": "[red]x[/red] :bug:",
    "an option": "-x",
}  # fmt: skip

SCHEDULES = {
    "no schedule": "x",
    "nothing": "",
    "an empty one": "s:",
    "a negative number": "s:-1",
    "a number of 5,000 digits": "s:" + "9" * 5_000,
    "a million choices": "s:" + "0." * 10**6 + "0",
    "Arabic digits": "s:\u0663",
    "control characters": "s:\x1b[2J\n",
}

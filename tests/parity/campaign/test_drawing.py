from __future__ import annotations

from xml.etree import ElementTree as ET

from parity.campaign.drawing import page
from parity.campaign.plan import OPERATORS, PROCESSES
from tests.parity.campaign.histories import call, fault, happened, history, look, steps

MADE = history(
    call("stop", 1000, said="<b>"),
    look(3000, 0, 1),
    faults=(fault("kill", "worker-1", 5000, 9000), fault("cut", "chief ps-0", 1, 2)),
    steps=steps(1, 2, 3),
    events=(happened("report", 4000, ps=(1,)),),
)


def picture(text):
    return ET.fromstring(text[text.index("<svg") : text.index("</svg>") + 6])


def test_there_is_a_lane_for_everybody():
    lanes = [each.text for each in picture(page(MADE, [])).iter() if each.tag.endswith("text")]
    assert lanes[: len(OPERATORS) + len(PROCESSES) + 1] == [*OPERATORS, *PROCESSES, "links"]


def test_everything_that_happened_is_drawn_and_says_what_it_is():
    titles = [each.text for each in picture(page(MADE, [])).iter() if each.tag.endswith("title")]
    assert len(titles) == 2 + 2 + 3 + 2
    shown = "\n".join(titles)
    for words in ("stop: ok <b>", "look [0, 1]", "kill worker-1", "cut chief ps-0", "report (1,)"):
        assert words in shown


def test_what_was_wrong_is_above_the_picture_and_nothing_of_it_is_markup():
    text = page(MADE, ["a <script> was lost"])
    assert "a &lt;script&gt; was lost" in text
    assert text.index("was lost") < text.index("<svg")

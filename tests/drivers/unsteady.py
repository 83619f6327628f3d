"""A driver that shows one report more each time that it plays."""

from speaker import recorded_trace, say, speak

plays = 0


def play(request):
    global plays  # noqa: PLW0603
    plays += 1
    answer = recorded_trace(request)
    report = next(event for event in answer["events"] if event["kind"] == "report")
    answer["events"] += [report] * plays
    say(answer)


speak(play)

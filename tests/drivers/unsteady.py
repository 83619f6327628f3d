"""A driver that shows one report more each time that it plays."""

from speaker import recorded_trace, say, speak

plays = 0


def play(request):
    global plays  # noqa: PLW0603
    plays += 1
    answer = recorded_trace(request)
    events = answer["events"]
    first = next(i for i, event in enumerate(events) if event["kind"] == "report")
    events[first:first] = [events[first]] * plays
    say(answer)


speak(play)

import json

from case_kit import FakeClock, device, raises

Telemetry = device("telemetry").Telemetry


def record(line):
    assert line.startswith("@midge ") and "\n" not in line
    return json.loads(line[7:])


def test_line():
    lines = []
    clock = FakeClock(us=99000000)
    tell = Telemetry(lines.append, clock=clock)
    clock.us += 1234567
    tell.send("window", n=3, label='a "b"', score=0.5, scores=[-128, 127])
    assert record(lines[0]) == {
        "k": "window",
        "t": 1234,
        "n": 3,
        "label": 'a "b"',
        "score": 0.5,
        "scores": [-128, 127],
    }
    assert lines[0].startswith('@midge {"k":"window","t":1234,"')
    assert " " not in lines[0][7:].replace('a \\"b', "")


def test_line_without_fields():
    lines = []
    Telemetry(lines.append, clock=FakeClock()).send("end")
    assert lines == ['@midge {"k":"end","t":0}']


def test_time_goes_on_when_ticks_wrap():
    lines = []
    clock = FakeClock()
    tell = Telemetry(lines.append, clock=clock)
    for _ in range(5):
        clock.us += 400000000 * 1000  # 4.6 days
        tell.send("sample")
    assert record(lines[-1])["t"] == 2000000000


def test_unknown_kind_and_taken_fields():
    tell = Telemetry(clock=FakeClock())
    message = raises(ValueError, tell.send, "windows")
    assert "'windows'" in message and "'window'" in message
    raises(ValueError, tell.send, "end", t=3)

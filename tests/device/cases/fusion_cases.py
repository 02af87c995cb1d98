from array import array

from case_kit import FakeClock, assert_no_allocation, device, raises

Fusion = device("fusion").Fusion
Gate = device("fusion").Gate


def test_a_faster_sensor_counts_with_its_mean():
    fusion = Fusion((2, 1))
    for value in (1, 2, 4):
        fusion.push(1, value)
    assert list(fusion.join((7, -7))) == [7, -7, 2]  # 7 / 3
    fusion.push(1, 10)
    fusion.push(1, 11)
    assert list(fusion.join((0, 1))) == [0, 1, 11]  # halves go up
    fusion.push(1, -10)
    fusion.push(1, -11)
    assert list(fusion.join((0, 1))) == [0, 1, -10]


def test_a_slower_sensor_counts_with_its_last_value():
    fusion = Fusion((1, 2, 1))
    assert fusion.join(1) is None
    fusion.push(1, (5, 6))
    assert fusion.join(2) is None  # sensor 2 has said nothing yet
    fusion.push(2, array("h", [9]))
    assert list(fusion.join(3)) == [3, 5, 6, 9]
    assert list(fusion.join(array("h", [4]))) == [4, 5, 6, 9]


def test_a_gap_begins_anew():
    fusion = Fusion((1, 1))
    fusion.push(1, 5)
    assert list(fusion.join(1)) == [1, 5]
    assert fusion.join(None) is None
    assert fusion.join(2) is None
    fusion.push(1, 6)
    assert list(fusion.join(3)) == [3, 6]


def test_extremes():
    fusion = Fusion((1, 1))
    for value in (-32768, 32767):
        for _ in range(8191):
            fusion.push(1, value)
        assert "8191" in raises(ValueError, fusion.push, 1, 0)
        assert list(fusion.join(value)) == [value, value]


def test_joining_allocates_nothing():
    fusion = Fusion((3, 1))
    sample = array("h", [1, 2, 3])

    def step():
        fusion.push(1, -32768)
        fusion.push(1, 32767)
        fusion.join(sample)

    assert_no_allocation(step, 50)


def test_fusion_refuses():
    assert "at least 2" in raises(ValueError, Fusion, (3,))
    fusion = Fusion((2, 1))
    assert "sample needs 2 values, found 3" in raises(ValueError, fusion.join, (1, 2, 3))
    assert "sample needs 1 values, found 2" in raises(ValueError, fusion.push, 1, (1, 2))
    assert "sensor needs 1..1, found 0" in raises(ValueError, fusion.push, 0, 1)
    assert "sensor needs 1..1, found 2" in raises(ValueError, fusion.push, 2, 1)


def test_a_gate_holds_open():
    clock, calls = FakeClock(), []
    gate = Gate(
        1000, on_open=lambda: calls.append("open"), on_close=lambda: calls.append("close"),
        clock=clock,
    )  # fmt: skip
    found = []
    for active in (0, 1, 0, 0, 1, 0, 0, 0, 0, 1):
        found.append(gate(active))
        clock.us += 400000
    assert found == [False, True, True, True, True, True, True, False, False, True]
    assert calls == ["open", "close", "open"] and gate.opened == 2 and gate.is_open


def test_a_gate_refuses():
    assert "hold_ms" in raises(ValueError, Gate, -1)
    assert "hold_ms" in raises(ValueError, Gate, 0.5)

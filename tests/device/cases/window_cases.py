from array import array

from case_kit import assert_no_allocation, device, raises

Window = device("window").Window


def windows_of(window, samples):
    return [list(window.buffer) for sample in samples if window.push(sample)]


def expected(n, length, hop):
    return [list(range(i, i + length)) for i in range(0, n - length + 1, hop)]


def test_every_length_and_hop():
    for length in (1, 2, 3, 5, 8):
        for hop in (1, 2, 3, 5, 7, 8, 9, 16):
            window = Window(length, hop)
            assert windows_of(window, range(60)) == expected(60, length, hop), (length, hop)
            assert window.count == len(expected(60, length, hop))


def test_hop_is_length_by_default():
    assert windows_of(Window(4), range(9)) == [[0, 1, 2, 3], [4, 5, 6, 7]]


def test_channels_are_time_major():
    window = Window(3, 2, channels=2)
    samples = [(i, 100 + i) for i in range(5)]
    found = windows_of(window, samples)
    assert found == [[0, 100, 1, 101, 2, 102], [2, 102, 3, 103, 4, 104]]
    assert len(window) == 6


def test_ready_lasts_until_the_next_push():
    window = Window(2)
    assert not window.ready()
    window.push(1)
    assert not window.ready()
    window.push(2)
    assert window.ready()
    window.push(3)
    assert not window.ready()


def test_push_from_takes_no_window_twice_and_skips_none():
    # Against push, one sample at a time, for buffers of every size.
    samples = array("h", [7 * i % 1000 - 500 for i in range(2 * 90)])
    for length in (1, 3, 8):
        for hop in (1, 3, 8, 11):
            one = Window(length, hop, channels=2)
            wanted = windows_of(one, [samples[2 * i : 2 * i + 2] for i in range(90)])
            for size in (1, 2, 5, 9, 40, 90):
                assert chunked(Window(length, hop, channels=2), samples, size) == wanted


def chunked(window, samples, size):
    found = []
    for begin in range(0, 90, size):
        chunk = samples[2 * begin : 2 * min(begin + size, 90)]
        at = 0
        while at < len(chunk) // 2:
            taken = window.push_from(chunk, at)
            assert taken > 0
            at += taken
            if window.ready():
                found.append(list(window.buffer))
    return found


def test_clear_starts_anew():
    for length, hop in ((4, 2), (4, 4), (4, 9)):
        window = Window(length, hop)
        windows_of(window, range(6))
        window.clear()
        assert not window.ready()
        before = window.count
        assert windows_of(window, range(10, 14)) == [[10, 11, 12, 13]]
        assert window.count == before + 1


def test_none_is_a_gap():
    window = Window(3, 1)
    assert windows_of(window, [1, 2, 3, None, 4, 5]) == [[1, 2, 3]]
    assert windows_of(window, [6]) == [[4, 5, 6]]


def test_other_typecodes():
    assert windows_of(Window(2, typecode="f"), [0.5, -2.0]) == [[0.5, -2.0]]
    assert windows_of(Window(2, typecode="b"), [-128, 127]) == [[-128, 127]]


def test_limits_of_int16():
    assert windows_of(Window(2), [-32768, 32767]) == [[-32768, 32767]]


def test_bad_arguments_name_the_numbers():
    assert "length" in raises(ValueError, Window, 0) and "0" in raises(ValueError, Window, 0)
    assert "hop needs an int >= 1, found -3" in raises(ValueError, Window, 4, -3)
    assert "channels" in raises(ValueError, Window, 4, 4, 0)
    assert "2.5" in raises(ValueError, Window, 2.5)
    raises(ValueError, Window, 4, typecode="?")


def test_bad_samples_name_the_numbers():
    window = Window(4, channels=3)
    assert "needs 3 values, found 2" in raises(ValueError, window.push, (1, 2))
    assert "needs 3 values, found 1" in raises(ValueError, window.push, 5)
    message = raises(ValueError, window.push_from, array("h", bytes(8)))
    assert "multiple of 3 values, found 4" in message
    message = raises(ValueError, window.push_from, array("h", bytes(12)), 3)
    assert "0..2, found 3" in message
    raises(ValueError, window.push_from, array("i", bytes(12)))
    assert window.count == 0 and windows_of(window, [(1, 2, 3)] * 4) == [[1, 2, 3] * 4]


def test_push_allocates_nothing():
    for hop in (3, 8, 11):
        window = Window(8, hop, channels=6)
        sample = array("h", [1, 2, 3, 4, 5, 6])
        assert_no_allocation(lambda w=window, s=sample: w.push(s), 100)
        single = Window(8, hop)
        assert_no_allocation(lambda w=single: w.push(7), 100)

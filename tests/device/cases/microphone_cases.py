from array import array

from case_kit import FakeClock, assert_no_allocation, device, raises

Microphone = device("microphone").Microphone

RATE = 8000


class FakeI2S:
    """machine.I2S in non-blocking receiving mode, filled when the test says so."""

    def __init__(self, bits=32):
        self.bits = bits
        self.asked = None
        self.handler = None
        self.next = 0

    def irq(self, handler):
        self.handler = handler

    def readinto(self, buf):
        assert self.asked is None, "one buffer at a time"
        self.asked = buf

    def fill(self):
        """The buffer asked for gets the numbers that come next; the handler is called."""
        buf, self.asked = self.asked, None
        if self.bits == 16:
            for i in range(len(buf)):
                buf[i] = self.next + i
            self.next += len(buf)
        else:
            for i in range(len(buf) // 2):
                buf[2 * i] = -1  # the lower half: 0xFFFF
                buf[2 * i + 1] = self.next + i
            self.next += len(buf) // 2
        self.handler(self)


def started(bits=32, block=4, **options):
    clock = FakeClock()
    source = FakeI2S(bits)
    mic = Microphone(source, RATE, block, bits=bits, clock=clock, **options)
    mic.start()
    return clock, source, mic


def test_blocks_in_order():
    for bits in (16, 32):
        _, source, mic = started(bits)
        assert not mic.ready()
        for k in range(6):
            source.fill()
            assert mic.ready()
            assert list(mic.read()) == [4 * k, 4 * k + 1, 4 * k + 2, 4 * k + 3]
        assert (mic.count, mic.overruns) == (24, 0)


def test_is_a_capture():
    _, source, mic = started(16)
    seen = []
    mic.irq(lambda capture: seen.append(capture.ready()), hard=True)
    source.fill()
    buf = array("h", bytes(8))
    assert mic.readinto(buf) == 4 and list(buf) == [0, 1, 2, 3]
    assert seen == [True]
    assert sorted(mic.stats()) == ["count", "errors", "jitter_us", "overruns"]


def test_listens_while_the_script_works():
    clock, source, mic = started()
    source.fill()
    source.fill()  # both buffers wait, none is being filled
    assert source.asked is None
    clock.us += 500000  # I2S's own buffer holds that: 16000 bytes are 4000 samples
    assert list(mic.read()) == [0, 1, 2, 3]
    assert source.asked is not None
    source.fill()
    assert list(mic.read()) == [4, 5, 6, 7]
    assert list(mic.read()) == [8, 9, 10, 11]
    assert mic.overruns == 0


def test_too_late_is_a_gap_with_its_samples_counted():
    clock, source, mic = started(ibuf=64)  # 16 samples, 2 ms
    source.fill()
    source.fill()
    clock.us += 5000  # 40 samples: 24 are lost in I2S, 16 of before wait there
    assert list(mic.read()) == [0, 1, 2, 3]
    assert list(mic.read()) == [4, 5, 6, 7]  # those came before the gap
    assert mic.ready() and mic.read() is None
    for _ in range(5):  # the 16, and the block in which the gap may be
        assert not mic.ready()
        source.fill()
    source.fill()
    assert list(mic.read()) == [28, 29, 30, 31]
    assert (mic.count, mic.overruns) == (12, 24 + 5 * 4)
    source.fill()
    assert list(mic.read()) == [32, 33, 34, 35]


def test_begins_anew_after_stop():
    _, source, mic = started(16)
    source.fill()
    mic.stop()
    source.fill()  # was under way: not given
    mic.start()
    assert not mic.ready()
    source.fill()
    assert list(mic.read()) == [8, 9, 10, 11]


def test_waits_for_a_block():
    clock = FakeClock()
    source = FakeI2S(16)
    waits = []

    def wait(us):
        waits.append(us)
        clock.us += us
        if len(waits) == 3:
            source.fill()

    mic = Microphone(source, RATE, 80, bits=16, wait=wait, clock=clock)
    assert mic.read()[79] == 79
    assert waits == [625, 625, 625]  # a 16th of a block
    assert mic.waited_ms == 1  # 1875 us


def test_gain_clamps():
    _, source, mic = started(block=3, gain_bits=2)
    source.next = 8190
    source.fill()
    # ..., 8191 * 4 + 3 from the lower half; 8192 * 4 leaves 16 bits
    assert list(mic.read()) == [8190 * 4 + 3, 32767, 32767]
    source.next = -8193
    source.fill()
    assert list(mic.read()) == [-32768, -32768 + 3, -8191 * 4 + 3]


def test_reading_allocates_nothing():
    _, source, mic = started(16)

    def step():
        source.fill()
        mic.read()

    assert_no_allocation(step, 20)


def test_numbers_out_of_range():
    assert "block" in raises(ValueError, Microphone, FakeI2S(), RATE, 0)
    assert "bits" in raises(ValueError, Microphone, FakeI2S(), RATE, 4, bits=24)
    assert "channels" in raises(ValueError, Microphone, FakeI2S(), RATE, 4, channels=3)
    assert "gain_bits" in raises(ValueError, Microphone, FakeI2S(), RATE, 4, gain_bits=16)

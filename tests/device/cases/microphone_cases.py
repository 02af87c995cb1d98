from array import array

from case_kit import FakeClock, assert_no_allocation, device, raises

microphone = device("microphone")
Microphone = microphone.Microphone
Replay = microphone.Replay

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


def started(bits=32, hop=4, **options):
    clock = FakeClock()
    source = FakeI2S(bits)
    mic = Microphone(source, hop, RATE, bits=bits, clock=clock, **options)
    mic.start()
    return clock, source, mic


def test_hops_in_order():
    for bits in (16, 32):
        _, source, mic = started(bits)
        assert not mic.ready()
        for k in range(6):
            source.fill()
            assert mic.ready()
            assert list(mic.read()) == [4 * k, 4 * k + 1, 4 * k + 2, 4 * k + 3]
        assert mic.stats() == {"count": 6, "overruns": 0}


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


def test_too_late_is_an_overrun():
    clock, source, mic = started()
    source.fill()
    source.fill()
    clock.us += 500001
    assert mic.read() is None
    assert mic.overruns == 1
    assert not mic.ready()
    source.fill()
    assert list(mic.read()) == [8, 9, 10, 11]
    assert mic.overruns == 1


def test_waits_for_a_hop():
    clock = FakeClock()
    source = FakeI2S(16)
    waits = []

    def wait(us):
        waits.append(us)
        clock.us += us
        if len(waits) == 3:
            source.fill()

    mic = Microphone(source, 80, RATE, bits=16, wait=wait, clock=clock)
    assert mic.read()[79] == 79
    assert waits == [625, 625, 625]  # a 16th of a hop
    assert mic.waited_us == 1875


def test_gain_clamps():
    _, source, mic = started(hop=3, gain_bits=2)
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
    assert "hop" in raises(ValueError, Microphone, FakeI2S(), 0)
    assert "bits" in raises(ValueError, Microphone, FakeI2S(), 4, bits=24)
    assert "channels" in raises(ValueError, Microphone, FakeI2S(), 4, channels=3)
    assert "gain_bits" in raises(ValueError, Microphone, FakeI2S(), 4, gain_bits=16)


class Timer:
    """machine.Timer on the fake clock."""

    ONE_SHOT = 0

    def __init__(self, clock):
        self.clock = clock
        self.due = None

    def init(self, mode, period, callback):
        self.due = self.clock.us + 1000 * period
        self.callback = callback

    def deinit(self):
        self.due = None

    def pass_us(self, us):
        """Time in which the callback may come."""
        until = self.clock.us + us
        while self.due is not None and self.due <= until:
            self.clock.us, self.due = max(self.clock.us, self.due), None
            self.callback(self)
        self.clock.us = until


class File:
    """An open file of the numbers 0, 1, 2, ... as int16."""

    def __init__(self, count):
        self.at, self.count = 0, count

    def readinto(self, buf):
        n = min(len(buf), self.count - self.at)
        for i in range(n):
            buf[i] = self.at + i
        self.at += n
        return 2 * n


def test_replay_at_its_rate():
    clock = FakeClock()
    timer = Timer(clock)
    replay = Replay(File(200).readinto, timer, RATE, clock=clock)
    mic = Microphone(replay, 80, RATE, bits=16, wait=timer.pass_us, clock=clock)
    times = []
    for k in range(2):
        assert list(mic.read()) == list(range(80 * k, 80 * k + 80))
        times.append(clock.us)
    assert times == [10000, 20000]
    assert not replay.done
    assert list(mic.read()) == list(range(160, 200)) + [0] * 40
    assert replay.done
    assert list(mic.read()) == [0] * 80
    assert (mic.overruns, replay.lost) == (0, 0)


def test_replay_loses_what_nobody_reads():
    clock = FakeClock()
    timer = Timer(clock)
    replay = Replay(File(8000).readinto, timer, RATE, ibuf=320, clock=clock)
    mic = Microphone(replay, 80, RATE, bits=16, ibuf=320, wait=timer.pass_us, clock=clock)
    assert mic.read()[0] == 0
    timer.pass_us(200000)  # both buffers are full after 20 ms, I2S's own holds 20 ms more
    assert mic.read() is None
    assert mic.overruns == 1
    assert replay.lost > 0
    assert array("h", mic.read())[0] == 240 + replay.lost


def test_replay_allocates_nothing():
    clock = FakeClock()
    timer = Timer(clock)
    replay = Replay(File(1 << 14).readinto, timer, RATE, clock=clock)
    mic = Microphone(replay, 80, RATE, bits=16, wait=timer.pass_us, clock=clock)
    assert_no_allocation(mic.read, 20)

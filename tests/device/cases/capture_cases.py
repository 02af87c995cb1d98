from array import array

from case_kit import FakeClock, assert_no_allocation, device, raises

Capture = device("capture").Capture
FifoCapture = device("fifo").FifoCapture
Playback = device("playback").Playback


def ramp(n, channels=1):
    return array("h", [i % 30000 for i in range(n * channels)])


def played(n=1000, rate_hz=1000, block=10, channels=1):
    clock = FakeClock(us=(1 << 30) - 12345)  # ticks wrap soon
    return Playback(ramp(n, channels), rate_hz, block, channels, clock=clock), clock


def test_blocks_come_in_order_at_their_rate():
    source, clock = played(channels=2)
    begin = clock.us
    for k in range(5):
        block = source.read()
        assert list(block) == list(range(20 * k, 20 * k + 20))
        assert clock.us - begin - (k + 1) * 10000 in range(1100)
    assert source.stats() == {"count": 50, "overruns": 0, "errors": 0, "jitter_us": 0} or (
        source.count == 50 and source.overruns == 0 and source.jitter_us <= 1000
    )


def test_a_rate_that_is_no_whole_number_of_us_does_not_drift():
    source, clock = played(rate_hz=3, block=1)
    begin = clock.us
    for _ in range(30):
        source.read()
    assert clock.us - begin - 10000000 in range(1100)


def test_lost_blocks_are_counted_and_give_one_gap():
    source, clock = played()
    assert source.read()[0] == 0
    clock.us += 45000  # blocks 1, 2, 3, 4 are full, 4 alone is still there
    assert source.ready() and source.read() is None
    assert source.read()[0] == 40
    assert (source.overruns, source.count) == (30, 20)
    assert source.read()[0] == 50


def test_what_is_overwritten_while_it_is_taken_is_a_gap():
    source, clock = played()
    source.start()

    class Slow:
        # The interrupt comes between the test for a block and the copy.
        def __init__(self, buffers):
            self.buffers = buffers

        def __getitem__(self, i):
            found = self.buffers[i]
            if clock.us:
                source._buffers = self.buffers
                clock.us += 10000
                source._poll()
            return found

    clock.us += 10000
    assert source.ready()
    source._buffers = Slow(source._buffers)
    assert source.read() is None and source.overruns == 10
    assert source.read()[0] == 10


def test_readinto():
    source, _ = played()
    buf = array("h", bytes(20))
    assert source.readinto(buf) == 10 and list(buf) == list(range(10))
    wide = array("h", bytes(24))
    assert source.readinto(wide) == 10 and list(wide)[:10] == list(range(10, 20))
    assert "10 values, found 9" in raises(ValueError, source.readinto, array("h", bytes(18)))


def test_readinto_gives_0_for_a_gap():
    source, clock = played()
    source.start()
    clock.us += 30000
    assert source.readinto(array("h", bytes(20))) == 0


def test_irq_is_called_for_full_blocks():
    source, clock = played()
    seen = []
    source.irq(lambda capture: seen.append(capture._filled), hard=True)
    source.start()
    clock.us += 20000
    source.ready()
    assert seen == [1, 2]
    source.irq(None)
    clock.us += 20000
    source.ready()
    assert seen == [1, 2]


def test_async_iterator_gives_the_same_blocks():
    import asyncio

    source, _ = played()

    async def take():
        found = []
        async for block in source:
            found.append(block[0])
            if len(found) == 3:
                return found

    assert asyncio.run(take()) == [0, 10, 20]
    assert source.overruns == 0


def test_with_and_start_begin_anew():
    source, clock = played()
    with source:
        assert source.read()[0] == 0
    clock.us += 1000000
    with source:
        assert source.read()[0] == 0
    assert source.overruns == 0


def test_jitter_is_the_largest_delay():
    source, clock = played()
    source.read()
    due = clock.us
    clock.us += 13000
    source.ready()
    assert 2000 <= source.jitter_us <= 3000, (source.jitter_us, due)


def test_nothing_is_allocated():
    source, _ = played()
    buf = array("h", bytes(20))

    def take():
        source.read()
        source.readinto(buf)

    assert_no_allocation(take, 50)


def test_refused():
    assert "rate_hz" in raises(ValueError, Capture, 0, 10)
    assert "block" in raises(ValueError, Capture, 10, 0)
    assert "channels" in raises(ValueError, Capture, 10, 10, 1.5)
    assert "10 values, found 9" in raises(ValueError, Playback, ramp(9), 100, 10)


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


def from_file(count, **options):
    clock = FakeClock()
    return Playback(File(count).readinto, 8000, 80, clock=clock, **options), clock


def test_a_file_at_its_rate_and_silence_behind():
    source, clock = from_file(200, ibuf=16000)
    times = []
    for k in range(2):
        assert list(source.read()) == list(range(80 * k, 80 * k + 80))
        times.append(clock.us)
    assert times == [10000, 20000]
    assert not source.done
    assert list(source.read()) == list(range(160, 200)) + [0] * 40
    assert source.done
    assert list(source.read()) == [0] * 80
    assert (source.count, source.overruns, source.waited_ms) == (320, 0, 40)


def test_the_rest_waits_as_in_i2s():
    source, clock = from_file(8000, ibuf=320)  # 160 samples, 20 ms
    assert source.read()[0] == 0
    clock.us += 40000  # four blocks: two here, two in the source's own buffer
    assert [source.read()[0] for _ in range(5)] == [80, 160, 240, 320, 400]
    assert source.overruns == 0


def test_beyond_that_is_a_gap():
    source, clock = from_file(8000, ibuf=320)
    assert source.read()[0] == 0
    clock.us += 200000  # 20 blocks: two here, 16 lost, two wait
    assert [source.read()[0] for _ in range(2)] == [80, 160]
    assert source.read() is None
    assert source.overruns == 16 * 80
    assert [source.read()[0] for _ in range(3)] == [240 + 1280, 320 + 1280, 400 + 1280]
    assert source.overruns == 16 * 80


def test_a_file_allocates_nothing():
    source, _ = from_file(1 << 14, ibuf=16000)
    assert_no_allocation(source.read, 20)


def test_no_emulated_microphone_here():
    assert Playback.emulated(8000, 80) is None


class Sensor:
    """A FIFO of 85 samples of two channels, by the clock."""

    rate_hz = 1000
    channels = 2
    depth = 85

    def __init__(self, clock):
        self.clock = clock
        self.fifo_overflows = 0
        self.answers = True
        self.on = False
        self.read = 0

    def fifo_start(self):
        if not self.answers:
            raise OSError(5)
        self.on = True
        self.read = self.clock.us // 1000

    def fifo_stop(self):
        self.on = False

    def fifo_readinto(self, buf):
        if not self.answers:
            self.on = False
            raise OSError(5)
        if not self.on:
            self.fifo_start()
        now = self.clock.us // 1000
        if now - self.read > self.depth:
            self.fifo_overflows += 1
            self.fifo_start()
            return 0
        frames = min(now - self.read, len(buf) // 2)
        for i in range(frames):
            buf[2 * i] = self.read + i
            buf[2 * i + 1] = -buf[2 * i]
        self.read += frames
        return frames


def fifo(block=20):
    clock = FakeClock()
    sensor = Sensor(clock)
    return FifoCapture(sensor, block, clock=clock), sensor, clock


def test_fifo_gives_every_sample_once():
    source, _, clock = fifo()
    found = []
    for k in range(12):
        clock.us += (k % 4) * 15000  # never longer than the FIFO and two blocks hold
        found += list(source.read())[::2]
    assert found == list(range(found[0], found[0] + 240))
    assert (source.count, source.overruns, source.errors) == (240, 0, 0)


def test_fifo_overflow_is_a_gap_with_its_samples_counted():
    source, sensor, clock = fifo()
    first = source.read()[0]
    clock.us += 200000
    assert source.read() is None
    after = source.read()[0]
    assert sensor.fifo_overflows == 1
    assert abs(source.overruns - (after - first - 20)) <= 1, source.overruns
    assert source.count == 40


def test_fifo_goes_on_when_the_sensor_answers_again():
    source, sensor, clock = fifo()
    source.read()
    sensor.answers = False
    clock.us += 30000
    assert source.read() is None and source.errors == 1
    sensor.answers = True
    block = source.read()
    while block is None:
        block = source.read()
    assert len(block) == 40 and source.errors == 1 and source.overruns >= 30


def test_fifo_polled_by_a_timer_calls_irq():
    class Timer:
        PERIODIC = 1

        def init(self, freq, mode, callback):
            self.freq, self.callback = freq, callback

        def deinit(self):
            self.callback = None

    source, _, clock = fifo()
    timer, seen = Timer(), []
    source.irq(lambda capture: seen.append(1), hard=True)
    source.poll_with(timer)
    assert timer.freq == 200
    for _ in range(9):
        clock.us += 5000
        timer.callback(timer)
    assert len(seen) == 2
    source.stop()
    assert timer.callback is None


def test_fifo_allocates_nothing():
    source, _, _ = fifo()
    assert_no_allocation(source.read, 20)

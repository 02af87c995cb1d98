from array import array

from case_kit import ON_BOARD, FakeClock, Skip, assert_no_allocation, device, raises

Sampler = device("sampler").Sampler


class Source:
    """Counts up; fails where told; remembers when it was read."""

    def __init__(self, clock, channels=1, fails=(), takes_us=0):
        self.clock = clock
        self.channels = channels
        self.fails = fails  # numbers of the attempts that fail
        self.takes_us = takes_us
        self.attempts = 0
        self.times = []

    def readinto(self, buf):
        attempt = self.attempts
        self.attempts += 1
        self.times.append(self.clock.us)
        self.clock.us += self.takes_us
        if attempt in self.fails:
            raise OSError(5)
        for c in range(self.channels):
            buf[c] = attempt * 10 + c


class Adc:
    def __init__(self, value):
        self.value = value

    def read_u16(self):
        return self.value


def test_times_lie_on_the_grid():
    clock = FakeClock(us=5000)
    source = Source(clock, takes_us=300)
    sampler = Sampler(source, 100, clock=clock)
    values = [sampler.read()[0] for _ in range(5)]
    assert values == [0, 10, 20, 30, 40]
    assert source.times == [5000, 15000, 25000, 35000, 45000]
    assert (sampler.count, sampler.overruns, sampler.errors) == (5, 0, 0)


def test_late_waking_does_not_add_up():
    clock = FakeClock(late_us=700)
    source = Source(clock)
    sampler = Sampler(source, 100, clock=clock)
    for _ in range(100):
        sampler.read()
    assert source.times == [0] + [10000 * i + 700 for i in range(1, 100)]
    assert sampler.jitter_us == 700
    assert sampler.overruns == 0


def test_early_waking_is_waited_out():
    clock = FakeClock()
    source = Source(clock)

    def wait(us):
        clock.us += min(us, 999)

    sampler = Sampler(source, 100, clock=clock, wait=wait)
    for _ in range(10):
        sampler.read()
    assert source.times == [10000 * i for i in range(10)]


def test_rates_that_are_no_whole_period():
    for rate in (3, 7, 30, 44.1, 333, 0.5, 12.5):
        clock = FakeClock()
        source = Source(clock)
        sampler = Sampler(source, rate, clock=clock)
        n = 1001
        for _ in range(n):
            sampler.read()
        wanted = (n - 1) * 1000000 / rate
        assert abs(source.times[-1] - wanted) <= 1, (rate, source.times[-1], wanted)


def test_ticks_may_wrap():
    clock = FakeClock(us=(1 << 30) - 25000)
    source = Source(clock)
    sampler = Sampler(source, 100, clock=clock)
    for _ in range(6):
        sampler.read()
    start = (1 << 30) - 25000
    assert source.times == [start + 10000 * i for i in range(6)]
    assert sampler.overruns == 0


def test_overrun_is_bridged_and_the_grid_stays():
    clock = FakeClock()
    source = Source(clock)
    sampler = Sampler(source, 100, clock=clock)
    assert sampler.read()[0] == 0
    clock.us = 35000  # the samples of 10 and 20 ms are missed, that of 30 ms is 5 ms late
    assert [sampler.read()[0] for _ in range(4)] == [0, 0, 10, 20]
    assert source.times == [0, 35000, 40000]
    assert (sampler.overruns, sampler.count, sampler.jitter_us) == (2, 3, 5000)


def test_lateness_below_a_period_is_jitter():
    clock = FakeClock()
    source = Source(clock)
    sampler = Sampler(source, 100, clock=clock)
    sampler.read()
    clock.us = 19999
    sampler.read()
    sampler.read()
    assert source.times == [0, 19999, 20000]
    assert (sampler.overruns, sampler.jitter_us) == (0, 9999)


def test_overrun_of_hold_samples_is_bridged_and_one_more_is_a_gap():
    for missed, found in ((3, [0, 0, 0, 10]), (4, [None, 10, 20, 30])):
        clock = FakeClock()
        sampler = Sampler(Source(clock), 100, clock=clock, hold=3)
        sampler.read()
        clock.us = (missed + 1) * 10000
        samples = []
        for _ in range(4):
            sample = sampler.read()
            samples.append(None if sample is None else sample[0])
        assert samples == found
        assert sampler.overruns == missed


def test_long_overrun_is_one_gap():
    clock = FakeClock()
    source = Source(clock)
    sampler = Sampler(source, 100, clock=clock, hold=3)
    sampler.read()
    clock.us = 987654
    assert sampler.read() is None
    assert sampler.overruns == 97
    assert [sampler.read()[0] for _ in range(3)] == [10, 20, 30]
    assert source.times == [0, 987654, 997654, 1007654]


def test_pause_longer_than_the_ticks_can_tell():
    for pause in (600000000, 900000000, 1500000000):
        clock = FakeClock()
        source = Source(clock)
        sampler = Sampler(source, 10, clock=clock)
        sampler.read()
        clock.us += pause
        for _ in range(5):
            sampler.read()
        assert clock.us <= pause + 6 * 100000, clock.us - pause


def test_restart_after_a_wanted_pause():
    clock = FakeClock()
    source = Source(clock)
    sampler = Sampler(source, 100, clock=clock)
    sampler.read()
    clock.us += 5000123
    sampler.restart()
    assert [sampler.read()[0] for _ in range(2)] == [10, 20]
    assert source.times == [0, 5000123, 5010123]
    assert sampler.overruns == 0


def test_one_retry_mends_a_sample():
    clock = FakeClock()
    source = Source(clock, fails=(1,))
    told = []
    sampler = Sampler(source, 100, clock=clock, on_error=told.append)
    assert [sampler.read()[0] for _ in range(3)] == [0, 20, 30]
    assert (sampler.errors, sampler.failing, told) == (1, False, [])


def test_failing_sensor_is_bridged_then_a_gap_then_answers():
    clock = FakeClock()
    fails = tuple(range(2, 2 + 5 * 2))  # five samples, each with its retry
    source = Source(clock, fails=fails)
    told = []
    sampler = Sampler(source, 100, clock=clock, hold=3, on_error=told.append)
    found = []
    for _ in range(9):
        sample = sampler.read()
        found.append(None if sample is None else sample[0])
    assert found == [0, 10, 10, 10, 10, None, None, 120, 130]
    assert sampler.errors == 10
    assert (sampler.count, sampler.failing, sampler.held) == (4, False, 0)
    assert len(told) == 2 and isinstance(told[0], OSError) and told[1] is None
    assert source.times[-1] == 80000  # the grid has not moved


def test_absent_sensor_gives_gaps_in_time():
    clock = FakeClock()
    source = Source(clock, fails=range(1000))
    told = []
    sampler = Sampler(source, 10, clock=clock, retries=0, on_error=told.append)
    assert [sampler.read() for _ in range(10)] == [None] * 10
    assert clock.us == 900000
    assert (sampler.errors, len(told), sampler.failing) == (10, 1, True)


def test_other_exceptions_are_the_users():
    def broken(buf):
        raise ZeroDivisionError

    raises(ZeroDivisionError, Sampler(broken, 10, 1, clock=FakeClock()).read)


def test_adc_is_read_as_12_bits():
    sampler = Sampler(Adc(0xFFFF), 100, clock=FakeClock())
    assert (sampler.channels, list(sampler.read())) == (1, [4095])
    sampler = Sampler([Adc(0), Adc(0x8008)], 100, clock=FakeClock())
    assert list(sampler.read()) == [0, 2048]
    sampler = Sampler(Adc(0xFFFF), 100, adc_shift=1, clock=FakeClock())
    assert list(sampler.read()) == [32767]


def test_function_as_a_source():
    def read(buf):
        buf[0], buf[1] = -5, 6

    assert list(Sampler(read, 100, channels=2, clock=FakeClock()).read()) == [-5, 6]


def test_iteration_gives_the_same_array():
    clock = FakeClock()
    sampler = Sampler(Source(clock, channels=3), 100, clock=clock)
    seen = []
    for sample in sampler:
        assert sample is sampler.sample
        seen.append(tuple(sample))
        if len(seen) == 2:
            break
    assert seen == [(0, 1, 2), (10, 11, 12)]
    assert isinstance(sampler.sample, array)


def test_async_iteration():
    try:
        import asyncio
    except ImportError:
        raise Skip("no asyncio in this MicroPython") from None
    clock = FakeClock()
    source = Source(clock)

    async def main():
        seen = []
        async for sample in Sampler(source, 100, clock=clock):
            seen.append(sample[0])
            if len(seen) == 4:
                return seen

    assert asyncio.run(main()) == [0, 10, 20, 30]
    assert source.times == [0, 10000, 20000, 30000]


def test_real_time():
    clock = device("clock")
    start = clock.ticks_us()
    sampler = Sampler(QuietSource(), 200)
    for _ in range(21):
        sampler.read()
    took = clock.ticks_diff(clock.ticks_us(), start)
    assert took >= 100000, took  # 20 periods of 5 ms
    assert took < 2000000, took  # a period in error by a power of ten; the machine may be busy


class Timer:
    """machine.Timer as the Sampler uses it; the test makes it tick."""

    PERIODIC = 1

    def init(self, freq, mode, callback, **options):
        self.freq, self.mode, self.callback, self.options = freq, mode, callback, options

    def deinit(self):
        self.callback = None


def test_timer_fills_a_ring():
    clock = FakeClock()
    timer = Timer()
    sampler = Sampler(Source(clock, channels=2), 50, clock=clock)
    sampler.start(timer, depth=4, hard=False)
    assert (timer.freq, timer.mode, timer.options) == (50, Timer.PERIODIC, {"hard": False})
    for _ in range(3):
        timer.callback(timer)
    assert [tuple(sampler.read()) for _ in range(3)] == [(0, 1), (10, 11), (20, 21)]
    assert (sampler.count, sampler.overruns) == (3, 0)


def test_timer_waits_for_a_tick():
    clock = FakeClock()
    timer = Timer()
    waits = []

    def wait(us):
        waits.append(us)
        if len(waits) == 3:
            timer.callback(timer)

    sampler = Sampler(Source(clock), 50, clock=clock, wait=wait)
    sampler.start(timer)
    assert sampler.read()[0] == 0
    assert len(waits) == 3


def test_full_ring_is_an_overrun_in_its_place():
    clock = FakeClock()
    timer = Timer()
    sampler = Sampler(Source(clock), 50, clock=clock, hold=3)
    sampler.start(timer, depth=2)
    for _ in range(4):  # two fit, two are lost
        timer.callback(timer)
    found = [sampler.read()[0] for _ in range(2)]
    timer.callback(timer)
    found += [sampler.read()[0] for _ in range(3)]
    assert found == [0, 10, 10, 10, 20]
    assert sampler.overruns == 2


def test_long_loss_in_the_ring_is_one_gap():
    clock = FakeClock()
    timer = Timer()
    sampler = Sampler(Source(clock), 50, clock=clock, hold=3)
    sampler.start(timer, depth=1)
    for _ in range(400):
        timer.callback(timer)
    assert sampler.read()[0] == 0
    timer.callback(timer)
    assert sampler.read() is None
    assert sampler.read()[0] == 10
    assert sampler.overruns == 399


def test_timer_and_a_failing_sensor():
    clock = FakeClock()
    timer = Timer()
    told = []
    source = Source(clock, fails=(1, 2))
    sampler = Sampler(source, 50, clock=clock, hold=1, on_error=told.append)
    sampler.start(timer, depth=8)
    for _ in range(4):
        timer.callback(timer)
    found = sampler.read()[0], sampler.read()[0], sampler.read()
    assert found == (0, 0, None)
    assert sampler.failing and sampler.errors == 2
    assert sampler.read()[0] == 30
    assert len(told) == 2 and told[1] is None


def test_stop_polls_again():
    clock = FakeClock()
    timer = Timer()
    source = Source(clock)
    sampler = Sampler(source, 100, clock=clock)
    sampler.start(timer)
    timer.callback(timer)
    sampler.stop()
    assert timer.callback is None
    sampler.read()
    sampler.read()
    assert source.times[-1] == 10000


def test_bad_arguments_name_the_numbers():
    source = Source(FakeClock())
    assert "found 0" in raises(ValueError, Sampler, source, 0)
    assert "0.01..100000, found 2000000" in raises(ValueError, Sampler, source, 2000000)
    assert "channels needs an int >= 1, found 0" in raises(ValueError, Sampler, source, 10, 0)
    assert "hold" in raises(ValueError, Sampler, source, 10, hold=-1)
    assert "retries" in raises(ValueError, Sampler, source, 10, retries=-1)
    assert "depth" in raises(ValueError, Sampler(source, 10).start, Timer(), 0)
    assert "readinto" in raises(TypeError, Sampler, 5, 10)


class QuietSource:
    channels = 6

    def readinto(self, buf):
        for i in range(6):
            buf[i] = i


class QuietClock(FakeClock):
    # FakeClock's arithmetic, without what would allocate
    def sleep_us(self, us):
        self.us += us


def test_sampling_allocates_nothing():
    sampler = Sampler(QuietSource(), 333, clock=QuietClock())
    assert_no_allocation(sampler.read, 500)
    assert sampler.count == 501


def test_bridging_an_overrun_allocates_nothing():
    clock = QuietClock()
    sampler = Sampler(QuietSource(), 100, clock=clock)

    def step():
        clock.us += 25000
        sampler.read()

    assert_no_allocation(step, 200)
    assert sampler.overruns > 100


def test_real_clock_allocates_nothing():
    if not ON_BOARD:
        raise Skip("heap_lock is MicroPython's")
    assert_no_allocation(Sampler(QuietSource(), 10000).read, 100)


def test_timer_callback_allocates_nothing():
    timer = Timer()
    sampler = Sampler(QuietSource(), 100, clock=QuietClock())
    sampler.start(timer, depth=4)

    def step():
        timer.callback(timer)
        sampler.read()

    assert_no_allocation(step, 100)
    assert sampler.count == 101

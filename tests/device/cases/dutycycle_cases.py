from case_kit import FakeClock, assert_no_allocation, device, raises

DutyCycle = device("dutycycle").DutyCycle
Sampler = device("sampler").Sampler


def test_sleeps_until_the_next_period():
    clock = FakeClock()
    duty = DutyCycle(1000, clock=clock)
    starts = []
    for cycle in duty:
        starts.append(clock.us)
        if cycle == 4:
            break
        clock.us += 100000 + 50000 * cycle  # work
    assert starts == [0, 1000000, 2000000, 3000000, 4000000]
    assert (duty.awake_ms, duty.asleep_ms, duty.overruns) == (700, 3300, 0)
    assert abs(duty.duty - 0.175) < 1e-9
    assert clock.deep_ms == 3300 and clock.shallow_us == 0


def test_sleep_returns_what_it_slept():
    clock = FakeClock()
    duty = DutyCycle(1000, clock=clock)
    clock.us += 250000
    assert duty.sleep() == 750
    assert clock.us == 1000000


def test_no_period_no_sleep():
    duty = DutyCycle(clock=FakeClock())
    assert duty.sleep() == 0
    assert (duty.awake_ms, duty.asleep_ms, duty.duty) == (0, 0, 1.0)


def test_work_longer_than_the_period():
    clock = FakeClock()
    duty = DutyCycle(1000, clock=clock)
    clock.us += 2300000
    assert duty.sleep() == 0
    assert duty.overruns == 2
    clock.us += 100000
    assert duty.sleep() == 900  # periods begin anew where the work ended
    assert clock.us == 3300000


def test_work_as_long_as_the_period_is_in_time():
    clock = FakeClock()
    duty = DutyCycle(1000, clock=clock)
    clock.us += 1000000
    assert duty.sleep() == 0
    assert duty.overruns == 0


def test_interrupts_do_not_shorten_the_sleep():
    clock = FakeClock()
    clock.wakes_after_ms = 7
    duty = DutyCycle(1000, clock=clock)
    duty.sleep()
    assert clock.us == 1000000
    assert duty.asleep_ms == 1000


def test_microseconds_add_up():
    clock = FakeClock()
    duty = DutyCycle(clock=clock)
    for _ in range(1000):
        clock.us += 300
        duty.sleep_us(10500)
    assert (duty.awake_ms, duty.asleep_ms) == (300, 10500)
    assert clock.us == 10800000
    assert clock.deep_ms == 10000 and clock.shallow_us == 500000


def test_slack_saves_the_wait_awake():
    clock = FakeClock()
    duty = DutyCycle(clock=clock, slack_us=1000)
    duty.sleep_us(10500)
    assert (clock.us, clock.deep_ms, clock.shallow_us) == (11000, 11, 0)


def test_usb_keeps_out_of_light_sleep():
    clock = FakeClock()
    duty = DutyCycle(1000, usb=True, clock=clock)
    duty.sleep()
    assert (clock.us, clock.deep_ms, clock.shallow_us) == (1000000, 0, 1000000)
    assert duty.asleep_ms == 1000


def test_long_sleeps_outlast_the_ticks():
    clock = FakeClock()
    duty = DutyCycle(24 * 3600 * 1000, clock=clock)
    clock.us += 1000000
    duty.sleep()
    assert clock.us == 24 * 3600 * 1000000
    assert (duty.awake_ms, duty.asleep_ms) == (1000, 24 * 3600 * 1000 - 1000)


def test_ticks_may_wrap():
    start = (1 << 30) - 200000
    clock = FakeClock(us=start)
    duty = DutyCycle(1000, clock=clock)
    clock.us += 100000
    duty.sleep()
    duty.sleep()
    assert clock.us == start + 2000000
    assert (duty.awake_ms, duty.asleep_ms) == (100, 1900)


def test_waits_between_samples_are_counted():
    clock = FakeClock()

    def read(buf):
        clock.us += 2000

    duty = DutyCycle(clock=clock)
    sampler = Sampler(read, 10, clock=clock, wait=duty.sleep_us)
    for _ in range(11):
        sampler.read()
    assert duty.stats() == {"awake_ms": 22, "asleep_ms": 980}
    assert sampler.overruns == 0


def test_current_and_battery():
    clock = FakeClock()
    duty = DutyCycle(1000, awake_ma=20, asleep_ma=2, clock=clock)
    clock.us += 250000
    duty.sleep()
    assert abs(duty.average_ma - 6.5) < 1e-6
    assert abs(duty.battery_days(1560) - 10) < 1e-6
    assert "found 0 mA" in raises(ValueError, DutyCycle(clock=clock).battery_days, 1000)


def test_bad_arguments_name_the_numbers():
    assert "found -1" in raises(ValueError, DutyCycle, -1)
    assert "found 0.5" in raises(ValueError, DutyCycle, 0.5)
    raises(ValueError, DutyCycle, 1 << 29)
    assert "0..1000, found 1001" in raises(ValueError, DutyCycle, 0, slack_us=1001)


def test_really_sleeps():
    clock = device("clock")
    duty = DutyCycle(30)
    begin = clock.ticks_us()
    for cycle in duty:
        if cycle == 3:
            break
    assert clock.ticks_diff(clock.ticks_us(), begin) >= 88000  # ticks_ms truncates at both ends
    assert duty.asleep_ms + duty.awake_ms >= 88


class QuietClock(FakeClock):
    def sleep_us(self, us):
        self.us += us

    def lightsleep(self, ms):
        self.us += ms * 1000


def test_sleep_us_allocates_nothing():
    duty = DutyCycle(clock=QuietClock())
    assert_no_allocation(lambda: duty.sleep_us(10500), 200)

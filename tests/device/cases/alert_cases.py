from case_kit import FakeClock, assert_no_allocation, device, raises

Alert = device("alert").Alert


class Pin:
    def __init__(self):
        self.levels = []

    def __call__(self, level):
        self.levels.append(level)


class Timer:
    ONE_SHOT = 0

    def init(self, period, mode, callback):
        self.period, self.mode, self.callback = period, mode, callback


def test_pin_goes_up_and_down():
    clock, pin = FakeClock(), Pin()
    alert = Alert(pin, active_ms=500, clock=clock)
    assert alert() and alert.active
    clock.us += 499999
    assert alert.poll() and pin.levels == [1]
    clock.us += 1
    assert not alert.poll() and pin.levels == [1, 0]
    assert not alert.poll() and pin.levels == [1, 0]


def test_pin_stays_until_clear():
    clock, pin = FakeClock(), Pin()
    alert = Alert(pin, active_ms=0, clock=clock)
    alert()
    clock.us += 10**9
    assert alert.poll()
    alert.clear()
    assert not alert.active and pin.levels == [1, 0]


def test_timer_lowers_the_pin():
    pin, timer = Pin(), Timer()
    alert = Alert(pin, active_ms=500, timer=timer, clock=FakeClock())
    alert()
    assert (timer.period, timer.mode) == (500, Timer.ONE_SHOT)
    timer.callback(timer)
    assert not alert.active and pin.levels == [1, 0]


def test_callback_gets_the_arguments():
    seen = []
    alert = Alert(callback=lambda *args: seen.append(args))
    alert("walk", 0.9)
    alert()
    assert seen == [("walk", 0.9), ()]
    assert alert.count == 2


def test_failing_callback_is_counted_and_reported():
    def broken(event):
        raise ZeroDivisionError("in the callback")

    told = []
    pin = Pin()
    alert = Alert(pin, broken, on_error=told.append)
    assert alert(1) and alert(2)
    assert (alert.count, alert.errors, len(told)) == (2, 2, 2)
    assert isinstance(told[0], ZeroDivisionError)
    assert pin.levels == [1, 1]


def test_failing_callback_is_printed_by_default():
    def broken():
        raise OSError(5)

    alert = Alert(callback=broken)
    assert alert() and alert.errors == 1


def test_min_interval():
    clock, pin = FakeClock(), Pin()
    alert = Alert(pin, min_interval_ms=1000, clock=clock)
    assert alert()
    clock.us += 999999
    assert not alert()
    clock.us += 1
    assert alert()
    assert (alert.count, alert.suppressed, pin.levels) == (2, 1, [1, 1])


def test_min_interval_across_the_wrap_of_ticks():
    clock = FakeClock(us=((1 << 30) - 400) * 1000)
    alert = Alert(min_interval_ms=1000, clock=clock)
    assert alert()
    clock.us += 900000
    assert not alert()
    clock.us += 100000
    assert alert()


def test_bad_arguments_name_the_numbers():
    assert "active_ms needs an int 0..536870911, found -1" in raises(
        ValueError, Alert, active_ms=-1
    )
    assert "min_interval_ms" in raises(ValueError, Alert, min_interval_ms=1 << 29)


def test_alerts_allocate_nothing():
    class QuietPin:
        def __call__(self, level):
            pass

    clock = FakeClock()
    alert = Alert(QuietPin(), active_ms=5, clock=clock)

    def step():
        alert()
        clock.us += 6000
        alert.poll()

    assert_no_allocation(step, 100)

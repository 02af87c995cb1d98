from array import array

from case_kit import FakeClock, assert_no_allocation, device, raises

Smoother = device("smoother").Smoother
Event = device("smoother").Event

LABELS = ("rest", "walk", "run")


def make(**options):
    options.setdefault("clock", FakeClock())
    return Smoother(LABELS, **options)


def events(smoother, updates, step_ms=1000):
    """The numbers of the updates that gave an event, with its label."""
    found = []
    for i, (label, score) in enumerate(updates):
        event = smoother.update(label, score, i * step_ms)
        if event:
            assert event.t == i * step_ms
            found.append((i, event.label))
    return found


def test_no_smoothing():
    smoother = make(window=1, threshold=0.75)
    found = events(smoother, [("walk", 0.74), ("walk", 0.75), ("walk", 0.99), ("run", 0.9)])
    assert found == [(1, "walk"), (3, "run")]
    assert smoother.active("run") and not smoother.active("walk")
    assert smoother.events == 2


def test_mean_over_a_window():
    smoother = make(window=4, threshold=0.5)
    # One outlier does not do; the mean of 1, 0, 1, 0 is exactly 0.5.
    found = events(smoother, [("walk", 1.0), ("run", 1.0), ("walk", 1.0), ("rest", 0.0)])
    assert found == [(3, "walk")]
    assert abs(smoother.score("walk") - 0.5) < 1e-4
    assert abs(smoother.score("run") - 0.25) < 1e-4


def test_no_event_before_the_window_is_full():
    assert events(make(window=3, threshold=0.1), [("walk", 1.0)] * 5) == [(2, "walk")]


def test_old_scores_leave_the_mean():
    smoother = make(window=3, threshold=0.9)
    events(smoother, [("walk", 1.0)] * 7 + [("rest", 0.5)] * 3)
    assert smoother.score("walk") == 0
    assert abs(smoother.score("rest") - 0.5) < 1e-4


def test_exponential_smoothing():
    smoother = make(alpha=0.25, threshold=0.65)
    wanted = 0.0
    for i in range(8):
        wanted += 0.25 * (0.8 - wanted)
        event = smoother.update("walk", 0.8, i)
        assert abs(smoother.score("walk") - wanted) < 1e-3, i  # alpha and scores are rounded
        assert (event is not None) == (i == 5), i  # 0.8 * (1 - 0.75 ** 6) = 0.658


def test_exponential_smoothing_settles():
    smoother = make(alpha=0.3)
    for _ in range(100):
        smoother.update("walk", 0.9, 0)
    assert abs(smoother.score("walk") - 0.9) < 1e-3
    for _ in range(100):
        smoother.update("run", 0.9, 0)
    assert abs(smoother.score("walk")) < 1e-3


def test_hysteresis():
    smoother = make(window=1, threshold=0.8, release=0.4)
    scores = [0.9, 0.5, 0.9, 0.41, 0.85, 0.39, 0.7, 0.8]
    assert events(smoother, [("walk", s) for s in scores]) == [(0, "walk"), (7, "walk")]


def test_consecutive():
    smoother = make(window=1, threshold=0.5, consecutive=3)
    scores = [0.9, 0.9, 0.1, 0.9, 0.9, 0.9, 0.9]
    assert events(smoother, [("walk", s) for s in scores]) == [(5, "walk")]


def test_hold_off_is_per_label():
    smoother = make(window=1, threshold=0.5, hold_off_ms=4000)
    updates = [("walk", 0.9), ("rest", 0.0), ("walk", 0.9), ("run", 0.9), ("walk", 0.9)]
    assert events(smoother, updates) == [(0, "walk"), (3, "run"), (4, "walk")]


def test_hold_off_ends_while_the_label_lasts():
    smoother = make(window=1, threshold=0.5, hold_off_ms=4000)
    updates = [("walk", 0.9), ("rest", 0.0)] + [("walk", 0.9)] * 5
    assert events(smoother, updates) == [(0, "walk"), (4, "walk")]


def test_hold_off_across_the_wrap_of_ticks():
    top = (1 << 30) - 500
    smoother = make(window=1, threshold=0.5, hold_off_ms=1000)
    assert smoother.update("walk", 0.9, top)
    assert smoother.update("walk", 0.0, top + 100) is None
    assert smoother.update("walk", 0.9, 400) is None  # 900 ms later
    assert smoother.update("walk", 0.9, 500)  # 1000 ms later


def test_thresholds_of_their_own():
    smoother = make(window=1, threshold={"walk": 0.3, "run": 0.9})
    updates = [("rest", 1.0), ("run", 0.8), ("walk", 0.3), ("run", 0.9)]
    assert events(smoother, updates) == [(2, "walk"), (3, "run")]


def test_several_labels_at_once_come_one_by_one():
    smoother = make(window=1, threshold=0.2)
    scores = array("f", [0.25, 0.5, 0.25])
    first = smoother.update_scores(scores, 0)
    assert (first.label, abs(first.score - 0.5) < 1e-4) == ("walk", True)
    later = [smoother.update_scores(scores, 1).label, smoother.update_scores(scores, 2).label]
    assert sorted(later) == ["rest", "run"]
    assert smoother.update_scores(scores, 3) is None


def test_quantized_scores_equal_real_ones():
    scale, zero_point = 0.00390625, -128
    for q in (-128, -127, -1, 0, 1, 126, 127):
        real = scale * (q - zero_point)
        smoother = make(window=1, quant=(scale, zero_point))
        smoother.update_scores(array("b", [q, -128, -128]), 0)
        assert abs(smoother.score("rest") - real) < 1e-4, q
        smoother.update("walk", real, 0)
        assert abs(smoother.score("walk") - real) < 1e-4, q


def test_quantized_logits():
    smoother = make(window=2, threshold=5.0, quant=(0.17, 11))
    smoother.update_scores(array("b", [-128, 127, 11]), 0)
    event = smoother.update_scores(array("b", [-128, 127, 11]), 1)
    assert event.label == "walk" and abs(event.score - 116 * 0.17) < 0.01
    assert abs(smoother.score("rest") + 139 * 0.17) < 0.01


def test_labels_by_index():
    smoother = Smoother(2, window=1, threshold=0.5)
    assert smoother.labels == (0, 1)
    assert smoother.update(1, 0.9, 0) == Event(1, smoother.score(1), 0)
    assert make(window=1).update(2, 0.9, 0).label == "run"


def test_reset_forgets_scores_but_not_the_hold_off():
    smoother = make(window=1, threshold=0.5, hold_off_ms=10000)
    assert smoother.update("walk", 0.9, 0)
    smoother.reset()
    assert not smoother.active("walk") and smoother.score("walk") == 0
    assert smoother.update("walk", 0.9, 9999) is None
    assert smoother.update("walk", 0.9, 10000)


def test_time_is_now_by_default():
    assert make(window=1, clock=FakeClock(us=7000000)).update("walk", 1.0).t == 7000


def test_bad_arguments_name_the_numbers():
    assert "labels" in raises(ValueError, Smoother, ())
    assert "window needs an int >= 1, found 0" in raises(ValueError, make, window=0)
    assert "consecutive" in raises(ValueError, make, consecutive=0)
    assert "hold_off_ms" in raises(ValueError, make, hold_off_ms=-1)
    assert "alpha" in raises(ValueError, make, alpha=0)
    assert "found 1.5" in raises(ValueError, make, alpha=1.5)
    message = raises(ValueError, make, threshold=0.5, release=0.6)
    assert "0.5" in message and "0.6" in message
    assert "'fly'" in raises(ValueError, make, threshold={"fly": 0.5})
    assert "found 0" in raises(ValueError, make, quant=(0, 0))
    smoother = make()
    assert "'fly'" in raises(ValueError, smoother.update, "fly", 0.5)
    assert "found 3" in raises(ValueError, smoother.update, 3, 0.5)
    assert "needs 3 scores, found 2" in raises(ValueError, smoother.update_scores, [0.1, 0.2])


def test_updates_allocate_nothing():
    scores = array("b", [-100, 0, 100])
    for options in ({"window": 5}, {"alpha": 0.3}):
        smoother = make(quant=(0.00390625, -128), threshold=0.999, release=0.5, **options)
        assert_no_allocation(lambda s=smoother: s.update("walk", 100, 0), 100)
        assert_no_allocation(lambda s=smoother: s.update_scores(scores), 100)
        assert smoother.events == 0

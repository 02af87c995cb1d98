from case_kit import ON_BOARD, Skip, assert_no_allocation, raises


def test_an_allocation_is_noticed():
    if not ON_BOARD:
        raise Skip("heap_lock is MicroPython's")
    raises(MemoryError, assert_no_allocation, lambda: [0], 1)

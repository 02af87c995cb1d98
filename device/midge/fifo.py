"""Blocks of samples out of a sensor's own FIFO: the sensor keeps the rate, the script polls."""

from .capture import Capture


class FifoCapture(Capture):
    """Blocks of what a sensor collects in its FIFO; see `Capture`. ``midge.mpu6050`` has one::

        imu = MPU6050(i2c, rate_hz=500)
        for block in FifoCapture(imu, block=50):
            window.push_from(block)

    The FIFO must be asked before it runs over: an MPU-6050's holds 85 samples, 170 ms at 500 Hz.
    One that ran over, or a sensor that did not answer, is a gap: what was missed, by the clock,
    is counted in ``overruns``, failed readings in ``errors``.

    ``irq`` needs ``poll_with``: a FIFO does not interrupt by itself.

    Args:
        sensor: an object with ``fifo_start()``, ``fifo_stop()``, ``fifo_readinto(buf)`` (returns
            samples read, or raises ``OSError``), ``fifo_overflows``, ``rate_hz`` and ``channels``.
        block: samples in a block.
        wait, clock: see `Capture`.
    """

    _keep = 2  # both buffers: it waits for one to be taken

    def __init__(self, sensor, block, *, wait=None, clock=None):
        super().__init__(sensor.rate_hz, block, sensor.channels, wait=wait, clock=clock)
        self._sensor = sensor
        self._fill = 0  # samples in the buffer that is being filled
        # The FIFO may give more than the block lacks: the rest waits in the FIFO.
        self._rooms = [
            [buffer[i * self.channels :] for i in range(block)] for buffer in self._buffers
        ]
        self._timer = None

    def poll_with(self, timer):
        """``timer``, a ``machine.Timer``, asks the FIFO four times a block, so that ``irq`` works.

        Its callback is a soft one: it waits for running C code.
        """
        self.start()
        self._timer = timer
        timer.init(
            freq=4 * self.rate_hz / self.length, mode=timer.PERIODIC, callback=self._on_timer
        )

    def _on_timer(self, timer):
        self._poll()

    def _start(self):
        self._fill = 0
        self._asked = self._clock.ticks_us()
        try:
            self._sensor.fifo_start()
        except OSError:
            self.errors += 1  # the next poll tries again

    def _stop(self):
        if self._timer is not None:
            self._timer.deinit()
            self._timer = None
        try:
            self._sensor.fifo_stop()
        except OSError:
            self.errors += 1

    def _poll(self):
        while not self._gap and self._filled - self._taken < self._keep:
            sensor = self._sensor
            overflows = sensor.fifo_overflows
            try:
                got = sensor.fifo_readinto(self._rooms[self._filled & 1][self._fill])
            except OSError:
                self.errors += 1
                self._broken()
                return
            now = self._clock.ticks_us()
            if sensor.fifo_overflows != overflows:
                self._broken()
                return
            self._asked = now
            self._fill += got
            if self._fill < self.length:
                return
            self._fill = 0
            self._full()

    def _broken(self):
        # What came since the FIFO was last asked is gone, and what was collected is of no use.
        now = self._clock.ticks_us()
        missed = self._clock.ticks_diff(now, self._asked) * self.rate_hz / 1000000
        self._lose(int(missed + 0.5) + self._fill)
        self._asked = now
        self._fill = 0
        self._due = None

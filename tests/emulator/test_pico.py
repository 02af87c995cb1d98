"""The emulated Pico, driven by the real mpremote: sensors, pins, filesystem, and its end."""

from __future__ import annotations

import math
import os
import signal
import time
from pathlib import Path

import numpy as np
import pytest
from firmwares import Firmware

from midge.emulator.pico import EmulatedPico
from midge.emulator.sensors import FOREVER, AdcSource, Mpu6050, Sensor
from midge.errors import LinkError
from midge.links import ScriptError, open_link
from midge.links.emulated import EmulatedLink
from midge.run import run_script

pytestmark = pytest.mark.firmware

RNG = np.random.default_rng(21)
MOTION = RNG.integers(-32768, 32768, (60, 6)).astype(np.int16)
VOLTS = RNG.integers(0, 4096, 60)

# Reads both sensors every 20 ms, sleeping between, and goes on when one does not answer.
SAMPLE = """\
import machine, struct, time
from machine import ADC, I2C, Pin
i2c = I2C(0, sda=Pin(4), scl=Pin(5), freq=400_000)
adc = ADC(26)
buf = bytearray(14)
def setup():
    i2c.writeto_mem(0x68, 0x6B, b"\\x01")
    i2c.writeto_mem(0x68, 0x1A, b"\\x03")
try:
    setup()
except OSError as err:
    print("absent", err.errno)
start = time.ticks_us()
for i in range(40):
    volts = adc.read_u16()
    try:
        i2c.readfrom_mem_into(0x68, 0x3B, buf)
        a = struct.unpack(">7h", buf)
        print("m", i, *(a[:3] + a[4:]), volts)
    except OSError as err:
        print("e", i, err.errno, volts)
    left = (i + 1) * 20_000 - time.ticks_diff(time.ticks_us(), start)
    machine.lightsleep(left // 1000)
"""
EIO = 5


def write(folder: Path, source: str) -> Path:
    path = folder / "script.py"
    path.write_text(source, encoding="utf-8")
    return path


def sample(firmware: Firmware, folder: Path, *sensors: Sensor) -> list[list[str]]:
    with EmulatedLink(firmware.uf2, sensors) as link:
        return [line.split() for line in link.run(write(folder, SAMPLE), 120)]


def test_readings_are_the_recordings_samples_in_order(firmware: Firmware, tmp_path: Path) -> None:
    rows = sample(firmware, tmp_path, Mpu6050(MOTION, 50.0), AdcSource(VOLTS, 50.0))
    assert [row[0] for row in rows] == ["m"] * 40
    assert [[int(v) for v in row[2:8]] for row in rows] == MOTION[:40].tolist()
    # read_u16() spreads 12 bits over 16: the upper 4 again below (rp2 port, machine_adc.c)
    assert [int(row[8]) for row in rows] == [int(v << 4 | v >> 8) for v in VOLTS[:40]]


def test_a_sensor_that_fails_in_the_middle_comes_back(firmware: Firmware, tmp_path: Path) -> None:
    # readings 10 to 19, at 0.2 to 0.38 s, and half a period of room
    sensor = Mpu6050(MOTION, 50.0, fail_between=(0.19, 0.39))
    rows = sample(firmware, tmp_path, sensor)
    failed = [int(row[1]) for row in rows if row[0] == "e"]
    assert failed == list(range(10, 20))
    assert {int(row[2]) for row in rows if row[0] == "e"} == {EIO}
    after = [[int(v) for v in row[2:8]] for row in rows[20:]]
    assert after == MOTION[20:40].tolist()


def test_a_sensor_that_fails_for_good(firmware: Firmware, tmp_path: Path) -> None:
    rows = sample(firmware, tmp_path, Mpu6050(MOTION, 50.0, fail_between=(0.59, FOREVER)))
    assert [row[0] for row in rows] == ["m"] * 30 + ["e"] * 10


def test_an_absent_sensor(firmware: Firmware, tmp_path: Path) -> None:
    rows = sample(firmware, tmp_path, AdcSource(VOLTS, 50.0))
    assert rows[0] == ["absent", str(EIO)]
    assert [row[0] for row in rows[1:]] == ["e"] * 40


def test_recordings_start_again_with_every_run(firmware: Firmware, tmp_path: Path) -> None:
    script = write(tmp_path, SAMPLE)
    with EmulatedLink(firmware.uf2, [Mpu6050(MOTION, 50.0)]) as link:
        first = [line.split()[:8] for line in link.run(script, 120)]
        assert [line.split()[:8] for line in link.run(script, 120)] == first


def test_pins_are_logged_with_their_time(link: EmulatedLink, tmp_path: Path) -> None:
    script = write(
        tmp_path,
        "import machine\n"
        "from machine import Pin\n"
        "a, b = Pin(15, Pin.OUT, value=0), Pin(16, Pin.OUT, value=0)\n"
        "for i in range(3):\n"
        "    a(1); machine.lightsleep(100); a(0); machine.lightsleep(50)\n"
        "b.on()\n",
    )
    result = run_script(script, link)
    edges = [(edge.pin, edge.level) for edge in result.gpio]
    assert edges == [(15, 1), (15, 0)] * 3 + [(16, 1)]
    times = np.array([edge.seconds for edge in result.gpio])
    # lightsleep() itself takes up to 0.5 ms more than asked: waking up runs some code
    assert np.diff(times[:6]) == pytest.approx([0.1, 0.05, 0.1, 0.05, 0.1], abs=0.5e-3)


def test_telemetry_is_told_from_other_output(link: EmulatedLink, tmp_path: Path) -> None:
    script = write(
        tmp_path,
        "from midge import Telemetry\n"
        "told = Telemetry()\n"
        "print('sampling')\n"
        "told.send('window', n=3, label='walking', score=0.5)\n"
        "told.send('end')\n",
    )
    seen: list[str] = []
    result = run_script(script, link, on_line=seen.append)
    assert seen == ["sampling"] and len(result.lines) == 3
    (window,) = result.of_kind("window")
    assert (window["n"], window["label"], window["score"]) == (3, "walking", 0.5)
    assert [record["k"] for record in result.records] == ["window", "end"]


def test_output_comes_while_the_script_still_runs(link: EmulatedLink, tmp_path: Path) -> None:
    script = write(tmp_path, "print('first')\nwhile True: pass\n")
    lines = link.run(script, 60)
    assert next(lines) == "first"
    lines.close()  # type: ignore[attr-defined]
    assert link.exec("print('alive')") == "alive\n"


def test_each_run_has_a_fresh_interpreter_and_exec_keeps_it(
    link: EmulatedLink, tmp_path: Path
) -> None:
    script = write(tmp_path, "print('x' in globals())\nx = 1\n")
    assert list(link.run(script)) == ["False"]
    assert list(link.run(script, math.inf)) == ["False"]
    assert link.exec("print(x + 1)") == "2\n"


def test_files_go_to_the_board(link: EmulatedLink, tmp_path: Path) -> None:
    local = tmp_path / "data.bin"
    local.write_bytes(RNG.bytes(3000))
    link.put(local, "data.bin")
    told = link.exec(
        "import hashlib, binascii\n"
        "print(str(binascii.hexlify(hashlib.sha256(open('data.bin','rb').read()).digest()),'ascii'))"
    )
    import hashlib

    assert told.strip() == hashlib.sha256(local.read_bytes()).hexdigest()


def test_the_filesystem_can_outlive_the_board(firmware: Firmware, tmp_path: Path) -> None:
    image = tmp_path / "flash.img"
    with EmulatedLink(firmware.uf2, filesystem=image) as link:
        link.exec("f = open('kept.txt', 'w'); f.write('yes'); f.close()")
    with EmulatedLink(firmware.uf2, filesystem=image) as link:
        assert link.exec("print(open('kept.txt').read())") == "yes\n"
    image.write_bytes(image.read_bytes()[:-1])
    with pytest.raises(LinkError, match=r"1441791 bytes, a filesystem image has 1441792"):
        EmulatedPico(firmware.uf2, filesystem=image)


def test_a_script_that_raises(link: EmulatedLink, tmp_path: Path) -> None:
    script = write(tmp_path, "print('before')\n1 / 0\n")
    seen: list[str] = []
    with pytest.raises(ScriptError, match="ZeroDivisionError: divide by zero") as caught:
        seen.extend(link.run(script))
    assert caught.value.lines[0] == "before"
    assert caught.value.traceback.startswith("Traceback")
    assert link.exec("print(1)") == "1\n"


def test_a_script_that_does_not_end(link: EmulatedLink, tmp_path: Path) -> None:
    script = write(tmp_path, "print('stuck')\nwhile True: pass\n")
    with pytest.raises(LinkError, match=r"still busy after 4 s; its last line was 'stuck'"):
        list(link.run(script, timeout_s=4))
    assert link.exec("print('alive')") == "alive\n"


def test_no_firmware(tmp_path: Path) -> None:
    with pytest.raises(LinkError, match="no such firmware file"):
        open_link("emulator", tmp_path / "none.uf2")
    with pytest.raises(LinkError, match="no firmware to boot"):
        open_link("emulator")


def test_not_a_firmware(tmp_path: Path) -> None:
    bad = tmp_path / "bad.uf2"
    bad.write_bytes(b"no UF2" * 100)
    with pytest.raises(LinkError, match="Invalid UF2"):
        open_link("emulator", bad)


def test_nothing_is_left_running(firmware: Firmware) -> None:
    pico = EmulatedPico(firmware.uf2)
    process = pico._process
    assert process is not None
    pico.close()
    assert process.poll() is not None
    pico.close()  # closing twice is fine
    with pytest.raises(LinkError, match="closed"):
        pico.seconds()


def test_an_emulator_that_dies_is_an_error(firmware: Firmware, tmp_path: Path) -> None:
    with EmulatedLink(firmware.uf2) as link:
        process = link.pico._process
        assert process is not None
        lines = link.run(write(tmp_path, "print('up')\nwhile True: pass\n"), 60)
        assert next(lines) == "up"
        os.kill(process.pid, signal.SIGKILL)
        with pytest.raises(LinkError):
            list(lines)
        with pytest.raises(LinkError, match="emulator has ended"):
            link.pico.seconds()


def test_the_emulator_ends_when_its_host_is_killed(firmware: Firmware) -> None:
    read_end, write_end = os.pipe()
    host = os.fork()
    if host == 0:  # a host that opens a board and is then killed
        pico = EmulatedPico(firmware.uf2)
        assert pico._process is not None
        os.write(write_end, str(pico._process.pid).encode())
        time.sleep(60)
        os._exit(0)
    child = int(os.read(read_end, 32))
    os.kill(host, signal.SIGKILL)
    os.waitpid(host, 0)
    deadline = time.monotonic() + 10
    while Path(f"/proc/{child}").exists() and time.monotonic() < deadline:
        if "Z" in Path(f"/proc/{child}/stat").read_text().rsplit(")", 1)[1].split()[0]:
            break  # ended; nobody has asked for its exit code yet
        time.sleep(0.05)
    else:
        assert not Path(f"/proc/{child}").exists()

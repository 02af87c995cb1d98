"""What CMSIS-DSP needs for the same work on the same emulated Cortex-M0+: beside dsp_cycles.py.

PYTHONPATH=host:tests python scripts/cmsis_cycles.py [--sdist FILE] [--json]

Takes the C out of the source package of `cmsisdsp` on the Python package index (by `pip download`
where no file is named), compiles it with -O2 and unrolled loops, and keeps nothing of it. Needs
what dsp_cycles.py needs.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import m0_kit

PACKAGE = "cmsisdsp==1.10.3"
FOLDERS = (
    "BasicMathFunctions", "CommonTables", "ComplexMathFunctions", "FastMathFunctions",
    "FilteringFunctions", "StatisticsFunctions", "SupportFunctions", "TransformFunctions",
)  # fmt: skip
# Built for its Python wrapper it needs no headers of CMSIS-Core; the M0 has no instructions to
# lose by that. Tables only for what is used: the emulated core has 16 MB of flash.
OPTIONS = ["-D__GNUC_PYTHON__", "-DARM_MATH_LOOPUNROLL", "-w", "-fno-strict-aliasing"]

# name: setup, statement. Like dsp_cycles.py: noise of a tenth of full scale.
CASES = {
    "512-point real FFT": (
        "arm_rfft_instance_q15 fft; arm_rfft_init_q15(&fft, 512, 0, 1);",
        "arm_rfft_q15(&fft, x, y);",
    ),
    "power of 257 bins": ("", "arm_cmplx_mag_squared_q15(x, y, 257);"),
    "magnitude of 257 bins": ("", "arm_cmplx_mag_q15(x, y, 257);"),
    "biquad, 256 samples": (
        "arm_biquad_casd_df1_inst_q15 s; arm_biquad_cascade_df1_init_q15(&s, 1, coefs, state, 1);",
        "arm_biquad_cascade_df1_q15(&s, x, y, 256);",
    ),
    "biquad `fast`, 256 samples": (
        "arm_biquad_casd_df1_inst_q15 s; arm_biquad_cascade_df1_init_q15(&s, 1, coefs, state, 1);",
        "arm_biquad_cascade_df1_fast_q15(&s, x, y, 256);",
    ),
    "decimate by 2, 39 taps, 256 samples": (
        "arm_fir_decimate_instance_q15 s;"
        "arm_fir_decimate_init_q15(&s, 39, 2, taps, long_state, 256);",
        "arm_fir_decimate_q15(&s, x, y, 256);",
    ),
    "mean, rms, std, min, max, 3 x 100": (
        "q15_t r; uint32_t at;",
        "for (int c = 0; c < 3; c++) { arm_mean_q15(x + 100 * c, 100, &r);"
        "arm_rms_q15(x + 100 * c, 100, &r); arm_std_q15(x + 100 * c, 100, &r);"
        "arm_min_q15(x + 100 * c, 100, &r, &at); arm_max_q15(x + 100 * c, 100, &r, &at); }",
    ),
}

_MAIN = r"""
#include <string.h>
#include "arm_math.h"
static q15_t x[2048], y[4096], state[16], long_state[512], taps[40];
static q15_t coefs[6] = { 1000, 0, 2000, 1000, 20000, -9000 };
static void mark(uint32_t n) {
    register uint32_t r0 __asm__("r0") = n;
    __asm__ volatile("bkpt #0x15" : "+r"(r0) :: "memory");
}
static void fill(void) {
    uint32_t seed = 12345;
    for (int i = 0; i < 2048; i++) {
        int32_t sum = 0;
        for (int k = 0; k < 4; k++) {
            seed = seed * 1664525 + 1013904223;
            sum += (int32_t)(seed >> 19) - 4096;
        }
        x[i] = (q15_t)(sum / 2);
    }
    for (int i = 0; i < 40; i++) {
        taps[i] = 800;
    }
}
%(functions)s
__attribute__((section(".startup"), noreturn)) void _start(void) {
    %(calls)s
    register uint32_t r0 __asm__("r0") = 0;
    __asm__ volatile("bkpt #0x11" :: "r"(r0));
    for (;;) {
    }
}
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sdist", type=Path, help="the package's .tar.gz, downloaded before")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        root = unpack(args.sdist or download(folder), folder)
        found = measure(root, folder)
    if args.json:
        print(json.dumps(found))
        return
    for what, cycles in found.items():
        print(f"{what:38s} {cycles:8d}")


def download(folder: Path) -> Path:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    command += ["--no-build-isolation", "--no-binary", "cmsisdsp"]  # its metadata is built
    subprocess.run([*command, "--dest", str(folder), PACKAGE], check=True)
    return next(folder.glob("cmsisdsp-*.tar.gz"))


def unpack(sdist: Path, folder: Path) -> Path:
    with tarfile.open(sdist) as archive:
        archive.extractall(folder / "package", filter="data")
    return next((folder / "package").iterdir())


def measure(root: Path, folder: Path) -> dict[str, int]:
    archive = compiled(root, folder)
    functions, calls = [], []
    for number, (setup, statement) in enumerate(CASES.values()):
        functions.append(
            f"static void case{number}(void) {{ {setup} fill(); mark(0); {statement} mark(1); }}"
        )
        calls.append(f"case{number}();")
    text = _MAIN % {"functions": "\n".join(functions), "calls": "\n    ".join(calls)}
    (folder / "main.c").write_text(text, encoding="utf-8")
    (folder / "link.ld").write_text(m0_kit.LINK, encoding="utf-8")
    elf = folder / "run.elf"
    command = [m0_kit.CC, *m0_kit.FLAGS, *OPTIONS, *includes(root), f"-T{folder / 'link.ld'}"]
    subprocess.run(
        [*command, str(folder / "main.c"), str(archive), "-lm", "-o", str(elf)], check=True
    )
    run = m0_kit.execute(folder, elf)
    return dict(zip(CASES, run.op_cycles[::2], strict=True))


def includes(root: Path) -> list[str]:
    return [f"-I{root / name}" for name in ("Include", "PrivateInclude")]


def compiled(root: Path, folder: Path) -> Path:
    """The q15 and q31 part of the library; the linker takes what is called."""
    files = [
        path
        for name in FOLDERS
        for path in sorted((root / "Source" / name).glob("*.c"))
        if not path.stem.endswith(("f16", "f64", "Functions", "FunctionsF16", "CommonTables"))
        or path.stem == "arm_common_tables"
    ]
    objects = folder / "objects"
    objects.mkdir()
    flags = [flag for flag in m0_kit.FLAGS if not flag.startswith("-Wl")]
    command = [m0_kit.CC, *flags, *OPTIONS, *includes(root), "-c", *map(str, files)]
    subprocess.run(command, check=True, cwd=objects)
    archive = objects / "libcmsis.a"
    names = sorted(path.name for path in objects.glob("*.o"))
    subprocess.run([m0_kit.AR, "rcs", archive.name, *names], check=True, cwd=objects)
    return archive


if __name__ == "__main__":
    main()

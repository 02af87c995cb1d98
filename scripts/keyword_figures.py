"""Figures of the keyword example, and its picture: python scripts/keyword_figures.py [what ...]

``rotations`` trains once for each speaker kept for testing; ``curve`` plays a stream of the test
speaker's words, noise and backward words to one of these models, on the PC (the board's own C),
and draws misses against false alarms. ``pico`` plays some of it to the emulated Pico: what it
detects, when, and whether each window has the PC's bits. Everything lands in ``build/keyword``.

Needs the spoken digits, ../shared/data/fsdd_4speakers.npz beside the checkout.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
EXAMPLE = ROOT / "examples" / "keyword"
DIGITS = ROOT.parent / "shared" / "data" / "fsdd_4speakers.npz"
BUILD = ROOT / "build" / "keyword"
PICTURE = ROOT / "docs" / "keyword.png"
SPEAKERS = ("george", "nicolas", "jackson", "theo")
THRESHOLDS = [*np.round(np.arange(0.3, 0.96, 0.05), 2), 0.97, 0.98, 0.99]
SHIPPED = 0.5  # THRESHOLD of main.py
TAIL_S = 1.0  # a detection counts for a word until so long after its end
_WINDOW, _RELEASE, _HOLD_OFF_MS = 2, 0.4, 700  # of main.py


def project_for(speaker: str) -> Any:
    """A copy of the example with ``speaker`` to test with."""
    from midge.project import load_project

    folder = BUILD / speaker
    folder.mkdir(parents=True, exist_ok=True)
    text = (EXAMPLE / "midge.toml").read_text("utf-8")
    text = text.replace('source = "recordings"', f'source = "{DIGITS}"')
    text = text.replace('test_groups = ["george"]', f'test_groups = ["{speaker}"]')
    (folder / "midge.toml").write_text(text, "utf-8")
    return load_project(folder)


def rotations(speakers: list[str]) -> None:
    """Trains for each speaker; prints accuracies, mean and spread."""
    from midge.train import train

    for speaker in speakers:
        made = train(project_for(speaker))
        got = json.loads(made.with_suffix(".json").read_text())["extra"]["accuracy"]
        print(f"{speaker}: int8 {got['int8']:.1%}, float {got['float']:.1%}", flush=True)
    summary()


def summary() -> None:
    """What the models in build/keyword reached."""
    found = []
    for speaker in SPEAKERS:
        sidecar = BUILD / speaker / "build" / "keyword.json"
        if sidecar.exists():
            found.append(json.loads(sidecar.read_text())["extra"]["accuracy"])
    for kind in ("int8", "float"):
        values = np.array([one[kind] for one in found])
        print(
            f"{kind}: mean {values.mean():.1%} of {len(values)}, deviation {values.std():.1%}, "
            f"{values.min():.1%} to {values.max():.1%}"
        )


@dataclasses.dataclass
class Played:
    """A stream and what is said in it: (label, first sample, sample after the last)."""

    counts: np.ndarray
    words: list[tuple[str, int, int]]
    backwards: int


def play(project: Any, words: int, noise_s: float, seed: int = 11) -> Played:
    """The test speaker's words in random order with pauses, and as many played backwards; then
    noise of changing colour and level. Everything lies in soft noise."""
    from midge.recordings import read_file
    from midge.recordings.layout import Layout
    from midge.train import background

    rng = np.random.default_rng(seed)
    layout = Layout(("sound",), "digit", rate_hz=8000.0)
    everything = read_file(project.root / project.data.source, layout)
    own = [r for r in everything if r.context["speaker"] in project.data.test_groups]
    parts: list[np.ndarray] = [np.zeros(4000)]
    said, at = [], 4000
    for number, i in enumerate(rng.permutation(len(own))[: 2 * words]):
        word = own[i].counts[:, 0].astype(float)
        word -= word.mean()
        pause = np.zeros(rng.integers(6000, 12000))
        if number % 2:  # another word
            word = word[::-1]
        else:
            said.append((own[i].labels[0], at, at + len(word)))
        parts += [word, pause]
        at += len(word) + len(pause)
    while noise_s > 0:
        count = int(rng.integers(8000, 40000))
        parts.append(background.noise(count, 1, rng)[:, 0].astype(float))
        noise_s -= count / 8000
    signal = np.concatenate(parts)
    signal += rng.standard_normal(len(signal)) * 20
    counts = np.clip(np.rint(signal), -32768, 32767).astype(np.int16)
    return Played(counts, said, sum(1 for k in range(2 * words) if k % 2))


def scores_of(model_file: Path, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """int8 scores of each window of the stream, and the samples heard by then."""
    import midge

    model = midge.load(str(model_file))
    stream = model.stream(rate_hz=8000, channels=1)
    at, ends, rows = 0, [], []
    while at < len(counts):
        at += stream.push_from(counts[at : at + 2048])
        if stream.ready():
            rows.append(np.array(model.predict(stream)).reshape(-1))
            ends.append(at)
    return np.stack(rows), np.array(ends)


def events(labels: list[str], scores: np.ndarray, ends: np.ndarray, threshold: float) -> list[Any]:
    """What the board's Smoother makes of them: (label, score, ms)."""
    from midge.device.smoother import Smoother

    keywords = {label: threshold for label in labels if label != "other"}
    smoother = Smoother(
        labels, threshold=keywords, release=min(_RELEASE, threshold), window=_WINDOW,
        hold_off_ms=_HOLD_OFF_MS, quant=(1 / 256, -128),
    )  # fmt: skip
    found = []
    for row, end in zip(scores, ends, strict=True):
        event = smoother.update_scores(row, int(end) * 1000 // 8000)
        if event:
            found.append(event)
    return found


def judge(played: Played, found: list[Any]) -> dict[str, Any]:
    """Misses, wrong words, false alarms a minute of what holds no word, and latencies."""
    hits, wrong, used, latencies = 0, 0, set(), []
    for label, start, end in played.words:
        mine = [
            k for k, e in enumerate(found)
            if k not in used and start / 8 <= e.t <= end / 8 + TAIL_S * 1000
        ]  # fmt: skip
        right = [k for k in mine if found[k].label == label]
        if right:
            hits += 1
            latencies.append(found[right[0]].t - end / 8)
        wrong += bool(set(mine) - set(right[:1]))
        used |= set(mine)
    words_s = sum(end - start + TAIL_S * 8000 for _, start, end in played.words) / 8000
    minutes = (len(played.counts) / 8000 - words_s) / 60
    return {
        "words": len(played.words), "missed": 1 - hits / len(played.words),
        "wrong": wrong / len(played.words), "false_per_minute": (len(found) - len(used)) / minutes,
        "minutes": minutes, "latency_ms": float(np.median(latencies)) if latencies else None,
    }  # fmt: skip


def curve(speakers: list[str], words: int, noise_s: float) -> None:
    """Misses against false alarms over thresholds; the picture."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7, 4.2))
    for speaker in speakers:
        project = project_for(speaker)
        played = play(project, words, noise_s)
        scores, ends = scores_of(project.model_path, played.counts)
        labels = list(project.data.labels)
        results = {t: judge(played, events(labels, scores, ends, t)) for t in THRESHOLDS}
        for threshold, result in results.items():
            print(speaker, threshold, json.dumps(result), flush=True)
        x = [result["false_per_minute"] for result in results.values()]
        y = [100 * result["missed"] for result in results.values()]
        (line,) = axes.plot(x, y, ".-", label=speaker)
        here = results[min(THRESHOLDS, key=lambda t: abs(t - SHIPPED))]
        axes.plot(
            here["false_per_minute"], 100 * here["missed"], "o", ms=9, mfc="none",
            color=line.get_color(),
        )  # fmt: skip
    axes.axvline(1, color="grey", lw=0.8, ls="--")
    axes.set_xlabel("false detections a minute of noise and backward words")
    axes.set_ylabel("words missed, %")
    axes.set_title(f"keyword: thresholds 0.3 to 0.99; circles: {SHIPPED}, as shipped", fontsize=10)
    axes.set_ylim(0, 100)
    axes.set_xlim(left=0)
    axes.legend(title="speaker not trained on")
    axes.grid(alpha=0.3)
    figure.tight_layout()
    figure.savefig(PICTURE, dpi=110)
    print(PICTURE)


def pico(speaker: str, words: int, noise_s: float) -> None:
    """The example on the emulated Pico; prints its lines and compares every window."""
    from midge.boards import load_board
    from midge.compile import compile_model
    from midge.emulator.sensors import Sound
    from midge.firmware.build import build
    from midge.links import open_link
    from midge.run import run_script

    project = project_for(speaker)
    played = play(project, words, noise_s)
    compiled = compile_model(project.model_path)
    uf2 = build([compiled], load_board(project.board), project.build_dir).uf2
    seconds = len(played.counts) / 8000
    script = project.root / "main.py"
    text = (EXAMPLE / "main.py").read_text("utf-8")
    script.write_text(re.sub(r"^SECONDS = \d+", f"SECONDS = {seconds}", text, flags=re.M), "utf-8")
    for label, start, end in played.words:
        print(f"said: {label} from {start / 8:.0f} to {end / 8:.0f} ms")
    with open_link("emulator", uf2, sensors=[Sound(played.counts, 8000)]) as link:
        result = run_script(script, link, 3600.0, on_record=lambda r: print(r, flush=True))
    counts = np.concatenate([played.counts, np.zeros(2048, np.int16)])
    scores, ends = scores_of(project.model_path, counts)
    expected = [(int(end) // 8, row.tolist()) for end, row in zip(ends, scores, strict=True)]
    got = [(w["heard_ms"], w["scores"]) for w in result.of_kind("window")]
    equal = sum(one == other for one, other in zip(got, expected, strict=False))
    print(f"{len(got)} windows, {equal} of them equal to the PC's in every bit")
    end = result.of_kind("end")[0]
    late = max(w["t"] - w["heard_ms"] for w in result.of_kind("window"))
    first = min(w["t"] - w["heard_ms"] for w in result.of_kind("window"))
    print(f"busy {end['busy']:.1%}, overruns {end['overruns']}, jitter {late - first} ms")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="*", default=["rotations", "curve"])
    parser.add_argument("--speakers", nargs="+", default=list(SPEAKERS))
    parser.add_argument("--words", type=int, default=100, help="for the curve, of each speaker")
    parser.add_argument("--noise-s", type=float, default=120.0)
    args = parser.parse_args()
    if "rotations" in args.what:
        rotations(args.speakers)
    if "summary" in args.what:
        summary()
    if "pico" in args.what:
        pico(args.speakers[0], args.words, args.noise_s)
    if "curve" in args.what:
        curve(args.speakers, args.words, args.noise_s)


if __name__ == "__main__":
    sys.exit(main())

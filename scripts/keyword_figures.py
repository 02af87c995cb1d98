"""Figures of the keyword example, and its picture: python scripts/keyword_figures.py [what ...]

``rotations`` trains once for each speaker kept for testing; ``summary`` prints what they reached.
``curve`` plays each of these models a stream of its test speaker's words, noise and other words,
on the PC (the board's own C), and draws misses against false alarms. ``pico`` plays some of it to
the emulated Pico: what it detects, when, and whether each window has the PC's bits. ``others``
trains with five digits as keywords and three as other words; two are never heard before the
stream. Everything lands in ``build/keyword``.

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
THRESHOLDS = [*np.round(np.arange(0.3, 0.96, 0.05), 2).tolist(), 0.97, 0.98, 0.99]
SHIPPED = 0.65  # THRESHOLD of main.py
WANTED = 1.0  # false detections a minute, at most
AIM = 0.5  # of that where a threshold is chosen: the next speaker is another one
TAIL_S = 1.0  # a detection counts for a word until so long after its end
_WINDOW, _RELEASE, _HOLD_OFF_MS = 2, 0.4, 700  # of main.py
BACKWARDS = "backwards"  # the other words of a stream: the speaker's own, played backwards
KEYWORDS, TRAINED, NEW = ("0", "1", "2", "3", "4"), ("5", "6", "7"), ("8", "9")  # of ``others``


def project_for(speaker: str, *, source: Path = DIGITS, labels: list[str] | None = None) -> Any:
    """A copy of the example with ``speaker`` to test with."""
    from midge.project import load_project

    folder = BUILD / (speaker if source == DIGITS else f"{speaker}-{source.stem}")
    folder.mkdir(parents=True, exist_ok=True)
    text = (EXAMPLE / "midge.toml").read_text("utf-8")
    text = text.replace('source = "recordings"', f'source = "{source}"')
    text = text.replace('test_groups = ["george"]', f'test_groups = ["{speaker}"]')
    if labels:
        text = re.sub(r"^labels = .*$", f"labels = {json.dumps(labels)}", text, flags=re.M)
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


def recordings_of(speaker: str) -> list[Any]:
    from midge.recordings import read_file
    from midge.recordings.layout import Layout

    everything = read_file(DIGITS, Layout(("sound",), "digit", rate_hz=8000.0))
    return [one for one in everything if one.context["speaker"] == speaker]


def play(
    speaker: str, words: int, noise_s: float, *, keywords: tuple[str, ...] | None = None,
    others: tuple[str, ...] | str = BACKWARDS, seed: int = 11,
) -> Played:  # fmt: skip
    """The speaker's keywords (None: all digits) and as many other words by turns, in random order
    with pauses; then noise of changing colour and level. Everything lies in soft noise."""
    from midge.train import background

    rng = np.random.default_rng(seed)
    own = recordings_of(speaker)
    order = [own[i] for i in rng.permutation(len(own))]
    wanted = [r for r in order if keywords is None or r.labels[0] in keywords]
    rest = wanted[words:] if others == BACKWARDS else [r for r in order if r.labels[0] in others]
    parts: list[np.ndarray] = [np.zeros(4000)]
    said, at = [], 4000
    for keyword, other in zip(wanted[:words], rest, strict=False):
        for one in (keyword, other):
            word = one.counts[:, 0] - one.counts[:, 0].mean()
            if one is keyword:
                said.append((one.labels[0], at, at + len(word)))
            elif others == BACKWARDS:
                word = word[::-1]
            pause = np.zeros(rng.integers(6000, 12000))
            parts += [word, pause]
            at += len(word) + len(pause)
    while noise_s > 0:
        count = int(rng.integers(8000, 40000))
        parts.append(background.noise(count, 1, rng)[:, 0].astype(float))
        noise_s -= count / 8000
    signal = np.concatenate(parts)
    signal += rng.standard_normal(len(signal)) * 20
    return Played(np.clip(np.rint(signal), -32768, 32767).astype(np.int16), said)


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


@dataclasses.dataclass
class Judged:
    """What was counted, of one stream or of several together."""

    words: int = 0
    hits: int = 0
    wrong: int = 0  # words with a wrong detection, beside the right one or instead
    false: int = 0  # detections where no keyword was
    minutes: float = 0.0  # in which no keyword was
    latencies_ms: list[float] = dataclasses.field(default_factory=list)

    def __add__(self, other: Judged) -> Judged:
        pairs = zip(dataclasses.astuple(self), dataclasses.astuple(other), strict=True)
        return Judged(*(mine + its for mine, its in pairs))

    @property
    def missed(self) -> float:
        return 1 - self.hits / self.words

    @property
    def false_per_minute(self) -> float:
        return self.false / self.minutes

    def __str__(self) -> str:
        late = f"{np.median(self.latencies_ms):.0f} ms" if self.latencies_ms else "none"
        return (
            f"{self.words} words, {self.missed:.1%} missed, {self.wrong / self.words:.1%} wrong; "
            f"{self.false} false in {self.minutes:.1f} minutes, {self.false_per_minute:.2f} a "
            f"minute; median latency {late}"
        )


def judge(played: Played, found: list[Any]) -> Judged:
    """Which of the detections (``label``, ``t`` in ms) belong to what was said."""
    judged, used = Judged(words=len(played.words)), set()
    for label, start, end in played.words:
        mine = [
            k for k, e in enumerate(found)
            if k not in used and start / 8 <= e.t <= end / 8 + TAIL_S * 1000
        ]  # fmt: skip
        right = [k for k in mine if found[k].label == label]
        if right:
            judged.hits += 1
            judged.latencies_ms.append(found[right[0]].t - end / 8)
        judged.wrong += bool(set(mine) - set(right[:1]))
        used |= set(mine)
    words_s = sum(end - start + TAIL_S * 8000 for _, start, end in played.words) / 8000
    judged.minutes = (len(played.counts) / 8000 - words_s) / 60
    judged.false = len(found) - len(used)
    return judged


def judged_at(project: Any, played: Played) -> dict[float, Judged]:
    """The project's model on a stream, at every threshold."""
    scores, ends = scores_of(project.model_path, played.counts)
    labels = list(project.data.labels)
    return {t: judge(played, events(labels, scores, ends, t)) for t in THRESHOLDS}


def together(results: list[dict[float, Judged]]) -> dict[float, Judged]:
    return {t: sum((one[t] for one in results), Judged()) for t in THRESHOLDS}


def chosen(results: list[dict[float, Judged]]) -> float:
    """The lowest threshold from which on these streams have few enough false detections."""
    pooled = together(results)
    above = [t for t in THRESHOLDS if pooled[t].false_per_minute > AIM * WANTED]
    return THRESHOLDS[min(THRESHOLDS.index(max(above)) + 1, len(THRESHOLDS) - 1) if above else 0]


def tell(title: str, found: dict[str, dict[float, Judged]]) -> dict[float, Judged]:
    """Prints every threshold for all speakers together, then what each speaker has at a threshold
    chosen on the other speakers' streams, by models that those were not trained on."""
    pooled = together(list(found.values()))
    for threshold, judged in pooled.items():
        print(f"{title}, threshold {threshold}: {judged}")
    if len(found) < 2:
        return pooled
    unseen = Judged()
    for speaker, results in found.items():
        threshold = chosen([r for s, r in found.items() if s != speaker])
        print(f"{title}, {speaker} at {threshold} (chosen on the others): {results[threshold]}")
        unseen += results[threshold]
    print(f"{title}, together: {unseen}", flush=True)
    return pooled


def curve(speakers: list[str], words: int, noise_s: float) -> None:
    """Misses against false alarms over thresholds; the picture."""
    found = {s: judged_at(project_for(s), play(s, words, noise_s)) for s in speakers}
    draw(found, tell("backward words", found))


def draw(found: dict[str, dict[float, Judged]], pooled: dict[float, Judged]) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7, 4.2))
    for name, results in [*found.items(), ("all four", pooled)]:
        x = [judged.false_per_minute for judged in results.values()]
        y = [100 * judged.missed for judged in results.values()]
        thick = {"lw": 2.5, "color": "black"} if results is pooled else {"lw": 1, "alpha": 0.8}
        (line,) = axes.plot(x, y, ".-", label=name, **thick)
        here = results[SHIPPED]
        axes.plot(
            here.false_per_minute, 100 * here.missed, "o", ms=10, mfc="none",
            color=line.get_color(),
        )  # fmt: skip
    axes.axvline(WANTED, color="grey", lw=0.8, ls="--")
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


def others(speakers: list[str], words: int, noise_s: float) -> None:
    """Digits that are no keywords: some trained on as such, some never heard."""
    from midge.train import train

    data = dict(np.load(DIGITS))
    ends = np.cumsum(data["length"])
    kept = np.flatnonzero(~np.isin(data["digit"].astype(str), NEW))
    parts = [data["audio"][ends[i] - data["length"][i] : ends[i]] for i in kept]
    rows = {n: v[kept] for n, v in data.items() if v.shape == data["length"].shape}
    fewer = BUILD / "others.npz"
    BUILD.mkdir(parents=True, exist_ok=True)
    np.savez(fewer, audio=np.concatenate(parts), sample_rate=data["sample_rate"], **rows)
    found: dict[str, dict[str, dict[float, Judged]]] = {"trained": {}, "new": {}}
    for speaker in speakers:
        project = project_for(speaker, source=fewer, labels=[*KEYWORDS, "other"])
        made = train(project)
        got = json.loads(made.with_suffix(".json").read_text())["extra"]["accuracy"]
        print(f"{speaker}, five digits and other words: int8 {got['int8']:.1%}", flush=True)
        for kind, digits in (("trained", TRAINED), ("new", NEW)):
            played = play(speaker, words, noise_s, keywords=KEYWORDS, others=digits)
            found[kind][speaker] = judged_at(project, played)
    tell(f"other words {', '.join(TRAINED)} (as others in training)", found["trained"])
    tell(f"other words {', '.join(NEW)} (never heard)", found["new"])


def pico(speaker: str, words: int, noise_s: float) -> None:
    """The example on the emulated Pico; prints its lines and compares every window."""
    from midge.device.smoother import Event

    from midge.boards import load_board
    from midge.compile import compile_model
    from midge.emulator.sensors import Sound
    from midge.firmware.build import build
    from midge.links import open_link
    from midge.run import run_script

    project = project_for(speaker)
    played = play(speaker, words, noise_s)
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
    alerts = [Event(a["label"], a["score"], a["heard_ms"]) for a in result.of_kind("alert")]
    print(judge(played, alerts))
    end = result.of_kind("end")[0]
    late = max(w["t"] - w["heard_ms"] for w in result.of_kind("window"))
    first = min(w["t"] - w["heard_ms"] for w in result.of_kind("window"))
    print(f"busy {end['busy']:.1%}, overruns {end['overruns']}, jitter {late - first} ms")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="*", default=["rotations", "curve"])
    parser.add_argument("--speakers", nargs="+", default=list(SPEAKERS))
    parser.add_argument("--words", type=int, default=100, help="in a stream, as many others")
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
    if "others" in args.what:
        others(args.speakers, args.words, args.noise_s)


if __name__ == "__main__":
    sys.exit(main())

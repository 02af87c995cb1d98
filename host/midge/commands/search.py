"""``midge search``: networks under the budget, by trial; alone or with other processes."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

from midge.commands.common import (
    Progress,
    add_command,
    add_project,
    board_of,
    emit_json,
    need_project,
    say,
)

if TYPE_CHECKING:
    from midge.project import Project
    from midge.search.shared import Shared
    from midge.search.space import Space

_EXAMPLES = """\
  midge search
  midge search --trials 100 --json
  midge search                    # again, in another terminal: both work on one study
  midge search --storage postgresql://user@host/midge   # many machines
  midge search --show             # the front so far
  midge search --pick 12          # a project of number 12, trained on all the data
"""


def add_parser(sub: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the command to the command line."""
    parser = add_command(
        sub, "search", "search networks, features and windows under the budget", do_search,
        _EXAMPLES,
    )  # fmt: skip
    parser.add_argument("--trials", type=int, metavar="N", help="default: [search] trials")
    parser.add_argument(
        "--storage", metavar="WHERE",
        help="a journal file, or a database's address such as postgresql://user@host/name; "
        "default: build/search/study.journal",
    )  # fmt: skip
    parser.add_argument("--study", metavar="NAME", help="in the storage; default: the project's")
    parser.add_argument("--show", action="store_true", help="show what was found; search no more")
    parser.add_argument(
        "--pick", type=int, metavar="N", help="make a project of number N and train it"
    )
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="where --pick puts it; default: build/search/N"
    )
    add_project(parser)
    parser.set_defaults(board=None)


def do_search(args: argparse.Namespace) -> int:
    """Works on the study until all its trials are settled, then shows the front."""
    project = need_project(args)
    from midge.search.shared import open_storage
    from midge.search.space import Space

    trials = project.search.trials if args.trials is None else args.trials
    if trials < 1:
        from midge.errors import MidgeError

        raise MidgeError(f"needs at least 1 trial, found {trials}", where="--trials")
    where = args.storage or str(project.build_dir / "search" / "study.journal")
    with Progress("search") as progress:
        space = Space.of(project)
        shared = _join(project, space, open_storage(where), trials, args.study, progress)
        if args.pick is not None:
            return _pick(args, space, shared)
        if not args.show:
            _work(project, space, shared, progress)
    return _show(args, project, space, shared)


def _work(project: Project, space: Space, shared: Shared, progress: Progress) -> None:
    """Searches, then compares the best once more."""
    from midge.search import confirm, front
    from midge.search.evaluate import Evaluator

    evaluator = Evaluator(space, shared, progress)
    shared.work(evaluator)
    networks = front.found(space, shared)
    chosen = confirm.finalists(networks, front.front(networks), project.search.confirm)
    if again := confirm.study(shared, chosen, create=True):
        confirm.work(space, again, chosen, evaluator, progress)


def _join(
    project: Project, space: Space, storage: Any, trials: int, name: str | None, say_: Progress
) -> Shared:
    from midge.search.evaluate import DIRECTIONS, METHOD
    from midge.search.shared import Plan, Shared
    from midge.train.data import load_dataset

    say_(f"reading {project.data.source}")
    about = {
        "data": load_dataset(project).fingerprint,
        "board": project.board,
        "budget": dataclasses.asdict(project.budget),
        "power": dataclasses.asdict(project.power),
        "model": dataclasses.asdict(project.model),
        "search": {
            "method": METHOD,
            "epochs": project.search.epochs,
            "validation": project.search.validation,
            **space.about(),
        },
    }
    plan = Plan(name or project.name, trials, DIRECTIONS, project.model.seed, about, space.warm())
    return Shared(storage, plan)


def _show(args: argparse.Namespace, project: Project, space: Space, shared: Shared) -> int:
    from midge.search import confirm, front, plot

    board = board_of(args, project)
    networks, points = front.need_front(space, shared, board)
    chosen = confirm.finalists(networks, points, project.search.confirm)
    again = confirm.study(shared, chosen, create=False)
    networks, points = (confirm.told(some, again) for some in (networks, points))
    picture = plot.draw(networks, points, project, board, project.build_dir / "search/front.png")
    say(args, front.table(points, board))
    say(args, front.summary(shared, networks, points))
    say(args, f"{picture}\n`midge search --pick NUMBER` makes a project of one")
    emit_json(
        args,
        {
            "front": [dataclasses.asdict(one) for one in points],
            "named": [{"what": w, "number": o.number} for w, o in front.named(networks, points)],
            "trained": [dataclasses.asdict(one) for one in networks],
            "picture": picture,
        },
    )
    return 0


def _pick(args: argparse.Namespace, space: Space, shared: Shared) -> int:
    from midge.errors import MidgeError
    from midge.meta import load_meta
    from midge.search import front, pick

    networks = {one.number: one for one in front.found(space, shared)}
    if args.pick not in networks:
        raise MidgeError(
            f"no trained network has number {args.pick}", where=shared.plan.name,
            do=f"numbers there are: {', '.join(map(str, networks)) or 'none yet'}",
        )  # fmt: skip
    one = networks[args.pick]
    out = args.out or space.project.build_dir / "search" / str(one.number)
    note = f"number {one.number} of the search {shared.plan.name}: {one.what}"
    made = pick.write(front.candidate(space, one.params), out, note)
    accuracy = load_meta(made.model_path).extra["accuracy"]
    kind = made.model.quantization
    say(args, f"{out}/: {one.what}")
    say(
        args,
        f"trained on all the data: {accuracy[kind]:.1%} in {kind} on {accuracy['test_windows']} "
        f"windows not trained on (while searching: {one.accuracy:.1%} of those held out)",
    )
    if made.window.length != space.project.window.length:
        say(args, f"its window is {made.window.length} samples: see to it in {made.run.script}")
    emit_json(args, {"project": out, "accuracy": accuracy, **dataclasses.asdict(one)})
    return 0

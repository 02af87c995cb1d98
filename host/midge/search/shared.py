"""A study that several processes and machines work on: each of its slots is settled once.

A study of N trials has N slots. A slot's trials are made ahead, waiting, and a worker claims one
by Optuna's atomic step from waiting to running. While it works it writes a number that grows; who
sees that number stand still for ``grace_s`` seconds of its own clock takes the worker for dead,
fails its trial and makes a new one of the same slot with the same parameters. If two do so at
once, the trial with the lower number counts and the other is withdrawn before anything is run.
All of this is read from the trials' own states, so nothing is lost wherever a process ends.

Optuna's own heartbeat exists for databases only; this works on a journal file too.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from midge.errors import MidgeError

# How a trial ended; see `outcome`. The first two settle its slot.
TRAINED = "trained"
STOPPED = "stopped early"
OVER = "over budget"  # never trained
UNFIT = "does not go together"  # a window too short for its features, and the like
AGAIN = "seen before"  # not trained again
DIED = "worker died"
INTERRUPTED = "interrupted"
WITHDRAWN = "withdrawn"  # two trials of a slot: this one was not run
SETTLING = (TRAINED, STOPPED)

BEAT_S = 5.0
GRACE_S = 60.0
TRIES = 3  # of a slot whose workers die
MOST_SKIPPED = 40  # candidates of a slot that are over budget or were seen before
STARTUP = 8  # trials that are drawn at random before the sampler learns from them


def outcome(trial: Any) -> str | None:
    """How a trial ended; None: it waits or runs. Decided by its state, which changes once."""
    name = trial.state.name
    if name == "COMPLETE":
        return TRAINED
    if name == "PRUNED":
        return str(trial.user_attrs.get("outcome", STOPPED))
    if name == "FAIL":
        return str(trial.user_attrs.get("failed", DIED))
    return None


class Lost(Exception):  # noqa: N818 - the end of a trial, no error
    """Another process took this one for dead and has its trial."""


@dataclasses.dataclass
class Skip(Exception):  # noqa: N818 - the same
    """A candidate that is not trained (or not to its end), and why.

    ``excess``: for each constraint by how much it is not kept, at most 0 where it is.
    """

    outcome: str
    why: str = ""
    excess: list[float] = dataclasses.field(default_factory=list)


def import_optuna() -> Any:
    """Optuna, quiet.

    Raises:
        MidgeError: it is not installed.
    """
    try:
        import optuna
    except ImportError as err:
        raise MidgeError(
            f"searching needs Optuna: {err}", do="pip install 'midge[train,search]'"
        ) from err
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)
    return optuna


def open_storage(where: str) -> Any:
    """Optuna's storage: a database's address, or the path of a journal file.

    Raises:
        MidgeError: the database cannot be reached, or its driver is not installed.
    """
    optuna = import_optuna()
    if "://" not in where:
        path = Path(where)
        path.parent.mkdir(parents=True, exist_ok=True)
        from midge.search.journal import Journal

        return optuna.storages.JournalStorage(Journal(path))
    address = where
    if where.startswith(("postgresql://", "postgres://")):
        address = "postgresql+psycopg://" + where.split("://", 1)[1]
    return _database(optuna, address, where)


def _database(optuna: Any, address: str, where: str) -> Any:
    import sqlalchemy.exc

    options: dict[str, Any] = {"pool_pre_ping": True}
    if address.startswith("postgresql+psycopg:"):
        options["connect_args"] = {"client_encoding": "utf8"}  # whatever the database has
    hidden = where.rpartition("@")[2] if "@" in where else where  # no password in a message
    for attempt in range(5):
        try:
            return optuna.storages.RDBStorage(address, engine_kwargs=options)
        except sqlalchemy.exc.OperationalError as err:
            raise MidgeError(
                f"cannot reach the database: {str(err.orig).strip()}", where=hidden,
                do="start it, or check address, user and password",
            ) from err  # fmt: skip
        except (sqlalchemy.exc.ProgrammingError, sqlalchemy.exc.IntegrityError) as err:
            if attempt == 4:  # before: another process was making the tables
                raise MidgeError(
                    f"the database refuses Optuna's tables: {err.orig}", where=hidden,
                    do="give the user the right to create tables there",
                ) from err  # fmt: skip
            time.sleep(0.3 * (attempt + 1))
        except ImportError as err:
            raise MidgeError(
                f"no driver for that database: {err}", where=hidden,
                do="pip install 'midge[search]'",
            ) from err  # fmt: skip
    raise AssertionError("not reached")


@dataclasses.dataclass(frozen=True)
class Plan:
    """What a study is: all that its workers have to agree in.

    Args:
        name: of the study in its storage.
        slots: trials that are to be settled.
        directions: "maximize" or "minimize", one an objective.
        seed: of the sampler.
        about: what is searched; workers with another are refused.
        first: parameters of the first slots' trials.
    """

    name: str
    slots: int
    directions: tuple[str, ...]
    seed: int
    about: dict[str, Any]
    first: tuple[dict[str, Any], ...] = ()


class Shared:
    """One worker's view of a study.

    Raises:
        MidgeError: the study that is there is about something else.
    """

    def __init__(
        self, storage: Any, plan: Plan, *, beat_s: float = BEAT_S, grace_s: float = GRACE_S
    ):
        self._optuna = import_optuna()
        self._states = self._optuna.trial.TrialState
        self.plan = plan
        self._storage, self._beat_s, self._grace_s = storage, beat_s, grace_s
        self._seen: dict[int, tuple[int, float]] = {}  # trial -> its beat, since when
        self.study = self._optuna.create_study(
            storage=storage, study_name=plan.name, directions=list(plan.directions),
            load_if_exists=True,
        )  # fmt: skip
        self._agree()

    def _agree(self) -> None:
        """Writes what the study is about, or compares it."""
        mine = json.loads(json.dumps(self.plan.about))
        found = self.study.user_attrs.get("about")
        if found is None:
            self.study.set_user_attr("about", mine)
            found = mine
        different = sorted(k for k in {*mine, *found} if mine.get(k) != found.get(k))
        if different:
            raise MidgeError(
                f"the study {self.plan.name!r} is about another {', '.join(different)}",
                where="midge search",
                do="give this one another name (--study), or go back to what it was begun with",
            )

    def beside(self, plan: Plan, *, create: bool) -> Shared | None:
        """Another study in the same storage; None: it is not there, nor to be made."""
        names = self._optuna.study.get_all_study_names(self._storage)
        if not create and plan.name not in names:
            return None
        return Shared(self._storage, plan, beat_s=self._beat_s, grace_s=self._grace_s)

    def trials(self) -> list[Any]:
        """All trials there are, by their number."""
        return list(self.study.get_trials(deepcopy=False))

    def settled(self) -> dict[int, Any]:
        """Slot -> the trial that settled it."""
        found: dict[int, Any] = {}
        for trial in self.trials():
            if outcome(trial) in SETTLING:
                found.setdefault(trial.user_attrs["slot"], trial)
        return found

    def _slots(self, trials: list[Any]) -> dict[int, list[Any]]:
        slots: dict[int, list[Any]] = {slot: [] for slot in range(self.plan.slots)}
        for trial in trials:
            slot = trial.user_attrs.get("slot")
            if slot in slots:
                slots[slot].append(trial)
        return slots

    def _open(self, trials: list[Any]) -> bool:
        """Whether a slot with these trials needs another one."""
        outcomes = [outcome(trial) for trial in trials]
        if any(each is None or each in SETTLING for each in outcomes):
            return False
        skipped = sum(each in (OVER, UNFIT, AGAIN) for each in outcomes)
        return outcomes.count(DIED) < TRIES and skipped < MOST_SKIPPED

    def _top_up(self, every: list[Any]) -> bool:
        """Makes a trial of the first slot that needs one, unless one waits; whether all slots are
        settled or given up."""
        done, waiting, needed = True, False, None
        for slot, trials in self._slots(every).items():
            if self._open(trials):
                done = False
                needed = (slot, trials) if needed is None else needed
            elif any(not trial.state.is_finished() for trial in trials):
                done = False
                waiting |= any(trial.state == self._states.WAITING for trial in trials)
        if needed is not None and not waiting:
            self._enqueue(*needed)
        return done

    def _enqueue(self, slot: int, before: list[Any]) -> None:
        params: dict[str, Any] = {}
        run = [trial for trial in before if outcome(trial) != WITHDRAWN]
        if run and outcome(run[-1]) in (DIED, INTERRUPTED):
            params = {**run[-1].system_attrs.get("fixed_params", {}), **run[-1].params}
        elif not run and slot < len(self.plan.first):
            params = self.plan.first[slot]
        self.study.enqueue_trial(params, user_attrs={"slot": slot, "try": len(run)})

    def _bury(self, trials: list[Any]) -> None:
        """Fails the trials of workers that show no life."""
        now = time.monotonic()
        for trial in trials:
            if trial.state != self._states.RUNNING:
                self._seen.pop(trial._trial_id, None)
                continue
            beat = int(trial.user_attrs.get("beat", -1))
            known = self._seen.get(trial._trial_id)
            if known is None or known[0] != beat:
                self._seen[trial._trial_id] = (beat, now)
            elif now - known[1] > self._grace_s:
                self._fail(trial, DIED)

    def _fail(self, trial: Any, why: str) -> None:
        storage = self.study._storage
        # another worker may have been quicker
        with contextlib.suppress(self._optuna.exceptions.UpdateFinishedTrialError):
            if why != DIED:
                storage.set_trial_user_attr(trial._trial_id, "failed", why)
            storage.set_trial_state_values(trial._trial_id, state=self._states.FAIL)

    def _claim(self) -> Any | None:
        """A running trial that is this worker's alone; None: there is none now."""
        waiting = self.study.get_trials(deepcopy=False, states=(self._states.WAITING,))
        if not waiting:
            return None
        self.study.sampler = self._sampler(waiting[0])
        trial = self.study.ask()
        slot = trial.user_attrs.get("slot")
        twins = [t for t in self.trials() if t.user_attrs.get("slot") == slot]
        earlier = [t for t in twins if t.number < trial.number]
        if slot is None or not self._open(earlier):
            self._fail(trial, WITHDRAWN)
            return None
        return trial

    def _sampler(self, trial: Any) -> Any:
        """Seeded by the trial's place in the study, so that a search goes on as it would have."""
        words = f"{self.plan.seed} {trial.user_attrs.get('slot')} {trial.user_attrs.get('try')}"
        seed = int.from_bytes(hashlib.sha256(words.encode()).digest()[:4], "little")
        return self._optuna.samplers.TPESampler(
            seed=seed, multivariate=True, group=True, constant_liar=True,
            n_startup_trials=STARTUP, constraints_func=lambda t: t.user_attrs.get("excess", [0.0]),
        )  # fmt: skip

    def work(self, objective: Callable[[Any, Callable[[], None]], list[float]]) -> None:
        """Runs trials until every slot is settled, by this worker or another.

        Args:
            objective: from a trial (``suggest_...``, ``set_user_attr``) and a function to be
                called now and then, which raises :class:`Lost`, the objectives. May raise
                :class:`Skip`.

        Raises:
            MidgeError: the storage is gone.
        """
        try:
            self._work(objective)
        except self._optuna.exceptions.StorageInternalError as err:
            raise MidgeError(
                f"the study's database is gone: {_last_line(err)}", where=self.plan.name,
                do="when it is back, run the same again: what was settled is kept",
            ) from err  # fmt: skip

    def _work(self, objective: Callable[..., list[float]]) -> None:
        while True:
            trials = self.trials()
            self._bury(trials)
            if self._top_up(trials):
                return
            trial = self._claim()
            if trial is None:
                time.sleep(min(1.0, self._beat_s))
                continue
            with self._alive(trial) as check:
                self._run(trial, objective, check)

    def _run(self, trial: Any, objective: Callable[..., list[float]], check: Any) -> None:
        try:
            values = objective(trial, check)
        except Lost:
            return
        except Skip as skip:
            trial.set_user_attr("why", skip.why)
            if skip.excess:
                trial.set_user_attr("excess", skip.excess)
            self._tell(trial, skip.outcome, None)
        except BaseException as err:  # the slot is free at once
            self._fail(trial, INTERRUPTED if isinstance(err, KeyboardInterrupt) else DIED)
            raise
        else:
            self._tell(trial, TRAINED, values)

    def _tell(self, trial: Any, how: str, values: list[float] | None) -> None:
        state = self._states.PRUNED if values is None else self._states.COMPLETE
        # taken for dead meanwhile: the trial that replaces this one counts
        with contextlib.suppress(self._optuna.exceptions.UpdateFinishedTrialError):
            trial.set_user_attr("outcome", how)
            self.study.tell(trial, values, state=state, skip_if_finished=True)

    @contextlib.contextmanager
    def _alive(self, trial: Any) -> Iterator[Callable[[], None]]:
        """Shows life while a trial runs; gives the function that raises :class:`Lost`."""
        stop, lost = threading.Event(), threading.Event()

        def beat() -> None:
            number = 0
            while not stop.wait(self._beat_s):
                number += 1
                try:
                    self.study._storage.set_trial_user_attr(trial._trial_id, "beat", number)
                except self._optuna.exceptions.UpdateFinishedTrialError:
                    lost.set()
                    return
                except (self._optuna.exceptions.StorageInternalError, OSError):
                    continue  # a database may come back, a disk be emptied; if not, the worker's
                    # next step says so

        def check() -> None:
            if lost.is_set():
                raise Lost

        thread = threading.Thread(target=beat, daemon=True)
        thread.start()
        try:
            yield check
        finally:
            stop.set()
            thread.join()


def _last_line(err: BaseException) -> str:
    """What the database's driver said."""
    cause = getattr(err.__cause__, "orig", None) or err.__cause__ or err
    return (str(cause).strip().splitlines() or [type(cause).__name__])[-1].strip()

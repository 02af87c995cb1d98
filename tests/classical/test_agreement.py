"""Every kind of model decides as scikit-learn does; each figure is of data not trained on."""

from __future__ import annotations

import classical_kit
import numpy as np
import pytest
from classical_kit import CASES, DENSITIES, REGRESSION, fitted

from midge import abi

CLASSIFIERS = [name for name in CASES if name not in REGRESSION | DENSITIES]


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_decisions_agree(name: str) -> None:
    one = fitted(name)
    wanted = one.estimator.predict_proba(classical_kit.tested(name)).argmax(axis=1)
    found = one.scores.argmax(axis=1)
    assert np.mean(found == wanted) >= one.case.agreement
    assert len(np.unique(found)) == one.scores.shape[1]


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_scores_are_probabilities(name: str) -> None:
    one = fitted(name)
    wanted = one.estimator.predict_proba(classical_kit.tested(name))
    np.testing.assert_allclose(one.real, wanted, atol=one.case.tolerance)


@pytest.mark.parametrize("name", REGRESSION)
def test_values_agree(name: str) -> None:
    one = fitted(name)
    wanted = one.estimator.predict(classical_kit.tested(name))
    # of 20 leaves each is half a step of 1/1,600 off, at random: 1e-3 of their range
    tolerance = max(one.case.tolerance, 1e-3) if name == "mlp_regressor" else 1e-3
    assert np.abs(one.real[:, 0] - wanted).max() <= tolerance * np.ptp(wanted)
    assert len(np.unique(wanted)) > 1


def test_log_densities_agree() -> None:
    one = fitted("mixture_score")
    wanted = one.estimator.score_samples(classical_kit.tested("mixture_score"))
    assert np.abs(one.real[:, 0] - wanted).max() <= 0.02  # of some 60
    assert np.ptp(wanted) > 10


def test_outliers_agree() -> None:
    """The score of "inlier" is decision_function(); that of "outlier" is 0."""
    import midge

    one = fitted("elliptic_envelope")
    inside = classical_kit.tested("elliptic_envelope")
    x = np.concatenate([inside, inside + 3 * inside.std(axis=0)]).astype(np.float32)
    model = midge.load(one.compiled.program.path)
    found = np.array([model.predict(row) for row in x])
    decided = np.array(model.info()["labels"])[found.argmax(axis=1)] == "inlier"
    np.testing.assert_array_equal(decided, one.estimator.predict(x) == 1)
    assert 0.1 < decided.mean() < 0.9
    # 0.2%: squares of 13 sums in steps of 2**-12 deviations
    wanted = one.estimator.decision_function(inside)
    np.testing.assert_allclose(one.real[:, 1], wanted, rtol=0.002, atol=0.05)
    assert not found[:, 0].any()


@pytest.mark.parametrize("name", CASES)
def test_the_golden_sample_and_what_it_says_of_itself(name: str) -> None:
    import midge

    one = fitted(name)
    model = midge.load(one.compiled.program.path)
    assert model.check()
    info = model.info()
    assert info["sha256"] == one.compiled.program.sha256
    assert len(info["labels"]) in (0, one.scores.shape[1])
    assert info["inputs"][0]["shape"] == (1, one.inputs.shape[1])
    assert None not in [step.cycles for step in one.compiled.program.steps]
    label, score = model.classify(one.inputs[0])
    best = one.scores[0].argmax()
    assert label == (info["labels"][best] if info["labels"] else 0)
    assert score == pytest.approx(one.real[0, best])


def test_every_kernel_is_in_some_case() -> None:
    """tests/core runs the cases on emulated processors, and under sanitizers."""
    ran = {step.kernel for name in CASES for step in fitted(name).compiled.program.steps}
    known = {k.name for k in abi.load().kernels.values() if 160 <= k.opcode < 180}
    assert known and known <= ran

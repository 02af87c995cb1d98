"""Every kind of model decides as scikit-learn does; each figure is of data not trained on."""

from __future__ import annotations

import classical_kit
import numpy as np
import pytest
from classical_kit import CASES, fitted

from midge import abi

CLASSIFIERS = [name for name in CASES if hasattr(fitted(name).estimator, "predict_proba")]
REGRESSORS = [name for name in CASES if name not in CLASSIFIERS]


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_decisions_agree(name: str) -> None:
    one = fitted(name)
    wanted = one.estimator.predict_proba(classical_kit.tested(name)).argmax(axis=1)
    found = one.scores.argmax(axis=1)
    assert np.mean(found == wanted) >= one.case.agreement
    assert len(np.unique(found)) == len(one.estimator.classes_)


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_scores_are_probabilities(name: str) -> None:
    one = fitted(name)
    wanted = one.estimator.predict_proba(classical_kit.tested(name))
    np.testing.assert_allclose(one.real, wanted, atol=one.case.tolerance)


@pytest.mark.parametrize("name", REGRESSORS)
def test_values_agree(name: str) -> None:
    one = fitted(name)
    wanted = one.estimator.predict(classical_kit.tested(name))
    # 1e-3 of their range: of some 20 leaves each is half a step of 1/1,600 off, at random
    assert np.abs(one.real[:, 0] - wanted).max() <= 1e-3 * np.ptp(wanted)


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

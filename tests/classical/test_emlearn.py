"""emlearn, which classical models are compared with: numpy is left as it was found."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="needs scikit-learn: pip install midge[trees]")


def test_numpy_warns_and_raises_as_before() -> None:
    """In a process of its own: a package is imported once."""
    pytest.importorskip("emlearn", reason="needs emlearn: pip install midge[dev]")
    code = (
        "import numpy\n"
        "numpy.seterr(over='ignore', under='warn', divide='print', invalid='raise')\n"
        "before = numpy.geterr()\n"
        "from midge.classical import emlearn_c\n"
        "emlearn_c.load()\n"
        "assert numpy.geterr() == before, numpy.geterr()\n"
        "import sklearn.tree\n"
        "tree = sklearn.tree.DecisionTreeClassifier().fit([[0.0], [1e3]], [0, 1])\n"
        "text = emlearn_c.source(tree, 'inline')\n"
        "assert 'model_predict' in text and numpy.geterr() == before\n"
        "assert (emlearn_c.include_dir() / 'eml_trees.h').is_file()"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_midge_imports_no_emlearn() -> None:
    before = np.geterr()
    import midge.classical
    import midge.classical.emlearn_c

    assert midge.classical.convert is not None
    assert np.geterr() == before

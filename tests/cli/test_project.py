"""midge.toml: what is read, and what each mistake says."""

from __future__ import annotations

import pytest

from midge.project import ProjectError, find_project, load_project

NAME = '[project]\nname = "walk"\n'


def read(tmp_path, text):
    (tmp_path / "midge.toml").write_text(text)
    return load_project(tmp_path)


def test_defaults(tmp_path):
    project = read(tmp_path, NAME + "[window]\nlength = 40\n")
    assert project.name == "walk" and project.board == "RPI_PICO"
    assert project.hop == 40  # no hop: windows do not overlap
    assert project.model_path == tmp_path / "build" / "walk.tflite"
    assert project.script_path == tmp_path / "main.py"
    assert project.budget.ram_kb is None


def test_whole_numbers_serve_as_numbers(tmp_path):
    assert read(tmp_path, NAME + "[sensor]\nrate_hz = 50\n").sensor.rate_hz == 50.0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no [project] section"),
        ("name = [", "not TOML"),
        ("[project]\n", "[project] name: missing"),
        ('[project]\nname = "My Walk"\n', "found 'My Walk'"),
        (NAME + "[windwo]\nlength = 3\n", "did you mean window?"),
        (NAME + "[window]\nlenght = 3\n", "did you mean length?"),
        (NAME + '[window]\nlength = "3"\n', "[window] length: needs a whole number, found '3'"),
        (NAME + "[window]\nlength = 0\n", "at least 1, found 0"),
        (NAME + "[window]\nlength = true\n", "needs a whole number, found True"),
        (NAME + "[sensor]\nrate_hz = nan\n", "at least 0.001, found nan"),
        (NAME + "[sensor]\nrate_hz = inf\n", "at least 0.001, found inf"),
        (
            NAME + '[sensor]\nkind = "mpu605"\n',
            "one of adc, mpu6050, microphone, camera, found 'mpu605'",
        ),
        (NAME + "[sensor]\naccel_g = 3\n", "one of 2, 4, 8, 16, found 3"),
        (NAME + "[sensor]\nchannels = []\n", "needs at least one name"),
        (NAME + '[sensor]\nchannels = ["x", "x"]\n', "a name stands twice"),
        (NAME + "[data]\nlabels = [1]\n", "needs a list of strings"),
        (NAME + "[budget]\nram_kb = -1\n", "at least 0, found -1"),
        ("window = 3\n" + NAME, "needs a section, found 3"),
    ],
)
def test_each_mistake_has_one_clear_error(tmp_path, text, said):
    with pytest.raises(ProjectError) as error:
        read(tmp_path, text)
    assert said in str(error.value)
    assert str(tmp_path / "midge.toml") in str(error.value)
    assert error.value.do


def test_not_utf_8(tmp_path):
    (tmp_path / "midge.toml").write_bytes(b'[project]\nname = "\xff"\n')
    with pytest.raises(ProjectError, match="not TOML"):
        load_project(tmp_path)


def test_found_from_a_folder_below(tmp_path):
    read(tmp_path, NAME)
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    found = find_project(below)
    assert found is not None and found.root == tmp_path


def test_missing_file_says_how_to_make_one(tmp_path):
    with pytest.raises(ProjectError, match="midge new"):
        load_project(tmp_path)

"""A machine without a Chinese font gets one, or is told in one line what to install."""

from pathlib import Path

import pytest

from deploy import fonts as deployed
from deploy import packages
from runtime import fonts


def test_a_machine_without_the_font_gets_debians(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    installed: list[list[str]] = []
    monkeypatch.setattr(fonts, "_FOLDERS", (tmp_path,))
    monkeypatch.setattr(packages, "install", lambda names, why: installed.append(names))
    deployed.ensure()
    assert installed == [["fonts-wqy-microhei"]]


def test_a_machine_with_one_is_left_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "truetype").mkdir()
    (tmp_path / "truetype" / "NotoSansCJK-Regular.ttc").touch()
    monkeypatch.setattr(fonts, "_FOLDERS", (tmp_path / "absent", tmp_path))
    monkeypatch.setattr(packages, "install", lambda names, why: pytest.fail("nothing is missing"))
    deployed.ensure()
    assert fonts.chinese().name == "NotoSansCJK-Regular.ttc"


def test_without_one_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(fonts, "_FOLDERS", (tmp_path,))
    with pytest.raises(fonts.FontMissing, match="apt-get install fonts-wqy-microhei"):
        fonts.chinese()


def test_the_image_has_the_font_that_is_looked_for() -> None:
    image = Path(deployed.__file__).with_name("Dockerfile").read_text()
    assert fonts.PACKAGE in image

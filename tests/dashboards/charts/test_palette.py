"""The palette for every eye: it stands out from both pages, and dichromats tell its colours apart."""

import tomllib
from itertools import combinations

import numpy as np
import pytest
from numpy.typing import NDArray

from dashboards.charts.style import PALETTE
from tests.paths import ROOT

Vector = NDArray[np.float64]
THEME = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())["theme"]
VISIONS = {
    "normal": np.eye(3),
    # Machado, Oliveira and Fernandes (2009), severity 1, in linear RGB
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
}
_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
_WHITE = np.array([0.95047, 1.0, 1.08883])
LEAST_DIFFERENCE = 12.0
"""In CIE 1976 units; about 2.3 is just noticeable side by side. Okabe and Ito's eight with an olive have 2.9."""


def linear(color: str) -> Vector:
    values = np.array([int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)])
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def contrast(one: str, other: str) -> float:
    lights = sorted(float(linear(color) @ _XYZ[1]) for color in (one, other))
    return (lights[1] + 0.05) / (lights[0] + 0.05)


def lab(rgb: Vector) -> Vector:
    ratios = np.clip(rgb, 0, 1) @ _XYZ.T / _WHITE
    f = np.where(ratios > 216 / 24389, np.cbrt(ratios), (24389 / 27 * ratios + 16) / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def test_the_measures_are_the_known_ones() -> None:
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert contrast("#777777", "#FFFFFF") == pytest.approx(4.48, abs=0.01)
    assert lab(linear("#FF0000")) == pytest.approx([53.24, 80.09, 67.20], abs=0.02)


@pytest.mark.parametrize("page", ["light", "dark"])
@pytest.mark.parametrize("color", PALETTE)
def test_a_colour_stands_out_from_the_page(color: str, page: str) -> None:
    assert contrast(color, THEME[page]["backgroundColor"]) >= 3


@pytest.mark.parametrize("vision", VISIONS)
def test_any_two_colours_differ(vision: str) -> None:
    seen = {color: lab(VISIONS[vision] @ linear(color)) for color in PALETTE}
    close = {
        pair: round(float(np.linalg.norm(seen[pair[0]] - seen[pair[1]])), 1)
        for pair in combinations(PALETTE, 2)
        if np.linalg.norm(seen[pair[0]] - seen[pair[1]]) < LEAST_DIFFERENCE
    }
    assert not close


def test_the_theme_draws_with_the_same_colours() -> None:
    assert tuple(THEME["chartCategoricalColors"]) == PALETTE


@pytest.mark.parametrize("page", ["light", "dark"])
def test_text_and_captions_can_be_read(page: str) -> None:
    text, background = (channels(THEME[page][name]) for name in ("textColor", "backgroundColor"))
    faded = "#" + "".join(f"{round(0.6 * one + 0.4 * other):02X}" for one, other in zip(text, background, strict=True))
    assert contrast(faded, THEME[page]["backgroundColor"]) >= 4.5  # Streamlit fades captions to 60 %
    assert contrast(THEME[page]["primaryColor"], THEME[page]["backgroundColor"]) >= 4.5


def channels(color: str) -> list[int]:
    return [int(color[place : place + 2], 16) for place in (1, 3, 5)]

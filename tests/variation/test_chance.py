"""Numbers of chance are functions of a seed, what is drawn and a path: of nothing else, and like independent normal ones."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from statistics import NormalDist

import numpy as np
import pytest

from netlearn.circuit.chance import Keyed, Scaled, draw_seeds

NAMES = tuple(f"e[{k}].mf" for k in range(1000))
MANY = 100_000


def test_a_number_is_the_one_of_the_derivation() -> None:
    digest = hashlib.sha256(b"7/vto/e[3].mf").digest()
    bits = int.from_bytes(digest[:8], "big") >> 12
    expected = NormalDist().inv_cdf((bits + 0.5) / 2**52)
    assert Keyed((7,)).normal("vto", ["e[3].mf"])[0, 0] == pytest.approx(expected, rel=1e-12)


def test_a_part_draws_the_same_whatever_else_is_drawn_and_in_whatever_order() -> None:
    chance = Keyed((11,))
    every = dict(zip(NAMES, chance.normal("vto", NAMES)[0], strict=True))
    order = np.random.default_rng(0).permutation(len(NAMES))
    turned = chance.normal("vto", [NAMES[k] for k in order])[0]
    assert all(every[NAMES[k]] == turned[i] for i, k in enumerate(order))
    assert chance.normal("vto", [NAMES[5]])[0, 0] == every[NAMES[5]]
    assert chance.normal("vto", []).shape == (1, 0)


def test_a_draw_alone_is_the_same_as_among_a_thousand() -> None:
    many = Keyed(draw_seeds(3, 0, 1000))
    numbers = many.normal("kp", NAMES[:5])
    assert np.array_equal(Keyed(draw_seeds(3, 617, 618)).normal("kp", NAMES[:5])[0], numbers[617])
    assert np.array_equal(many.of(np.array([617, 4])).normal("kp", NAMES[:5]), numbers[[617, 4]])
    assert np.array_equal(many.of(slice(4, 6)).normal("kp", NAMES[:5]), numbers[4:6])


def test_another_process_with_another_hash_seed_draws_the_same() -> None:
    code = (
        "from netlearn.circuit.chance import Keyed, draw_seeds;"
        "print(Keyed(draw_seeds(5, 0, 2)).normal('vto', ['a', 'b[1].c']).tobytes().hex())"
    )
    told = [
        subprocess.run(
            [sys.executable, "-c", code], env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout.decode()
        for seed in ("1", "987")
    ]
    assert told[0] == told[1]
    assert told[0].strip() == Keyed(draw_seeds(5, 0, 2)).normal("vto", ["a", "b[1].c"]).tobytes().hex()


def test_many_numbers_have_the_moments_of_a_normal_distribution() -> None:
    """Each within 4.5 standard errors: 1 / sqrt(N), 1 / sqrt(2 N), sqrt(6 / N), sqrt(24 / N)."""
    n = Keyed((1,)).normal("r", [str(k) for k in range(MANY)])[0]
    z = (n - n.mean()) / n.std()
    assert abs(n.mean()) < 4.5 / np.sqrt(MANY)
    assert abs(n.std() - 1.0) < 4.5 / np.sqrt(2 * MANY)
    assert abs(np.mean(z**3)) < 4.5 * np.sqrt(6 / MANY)
    assert abs(np.mean(z**4) - 3.0) < 4.5 * np.sqrt(24 / MANY)
    assert np.isfinite(n).all()


def test_the_distribution_is_normal_everywhere() -> None:
    """Kolmogorov and Smirnov: the distance is below 1.95 / sqrt(N) in 999 of 1,000."""
    from scipy.stats import kstest

    n = Keyed(draw_seeds(2, 0, 20)).normal("vto", NAMES).ravel()
    assert kstest(n, "norm").statistic < 1.95 / np.sqrt(len(n))


SERIES = {
    "seed 0": (Keyed((0,)), "vto", NAMES),
    "seed 1": (Keyed((1,)), "vto", NAMES),
    "the first draw of seed 0": (Keyed(draw_seeds(0, 0, 1)), "vto", NAMES),
    "the second draw of seed 0": (Keyed(draw_seeds(0, 1, 2)), "vto", NAMES),
    "the first draw of seed 1": (Keyed(draw_seeds(1, 0, 1)), "vto", NAMES),
    "another parameter": (Keyed((0,)), "kp", NAMES),
    "lots": (Keyed((0,)), "lot/vto", NAMES),
    "apart": (Keyed((0,)), "apart/vto", NAMES),
    "other paths": (Keyed((0,)), "vto", tuple(f"e[{k}].mc" for k in range(1000))),
}


def test_seeds_draws_parameters_and_paths_have_nothing_to_do_with_each_other() -> None:
    """Of 36 pairs none is correlated by more than 4.5 / sqrt(N)."""
    rows = np.stack([chance.normal(what, names)[0] for chance, what, names in SERIES.values()])
    between = np.corrcoef(rows) - np.eye(len(rows))
    assert np.abs(between).max() < 4.5 / np.sqrt(len(NAMES))


def test_one_part_is_not_correlated_from_draw_to_draw() -> None:
    n = Keyed(draw_seeds(0, 0, 20_000)).normal("vto", ["m"])[:, 0]
    assert abs(np.corrcoef(n[1:], n[:-1])[0, 1]) < 4.5 / np.sqrt(len(n))


def test_draws_of_different_studies_share_no_seed() -> None:
    seeds = [draw_seeds(study, 0, 2000) for study in (0, 1, 2, 10, 100, 12345)]
    every = [seed for study in seeds for seed in study]
    assert len(set(every)) == len(every)
    assert max(every) < 2**48


def test_the_seeds_of_draws_do_not_depend_on_where_a_study_begins() -> None:
    assert draw_seeds(4, 0, 30)[10:20] == draw_seeds(4, 10, 20)


def test_chance_scaled_is_so_many_times_as_wide() -> None:
    chance = Keyed(draw_seeds(0, 0, 4))
    scaled = Scaled(chance, 2.5)
    assert np.array_equal(scaled.normal("vto", NAMES), 2.5 * chance.normal("vto", NAMES))
    assert scaled.draws == 4
    assert np.array_equal(scaled.of(slice(1, 3)).normal("vto", NAMES), 2.5 * chance.normal("vto", NAMES)[1:3])

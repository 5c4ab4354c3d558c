"""What the maximal information coefficient finds, and how far to trust its numbers.

Prints the Markdown tables of docs/mic.md.

    python benchmarks/mic_power.py --repeats 1000
"""

import argparse
from collections.abc import Callable

import numpy as np
from scipy import stats
from sklearn.feature_selection import mutual_info_regression

from musigenre.selection import characteristic_matrix, class_mic, mic

RELATIONS: dict[str, Callable] = {
    "line": lambda x: x,
    "parabola": lambda x: 4 * (x - 0.5) ** 2,
    "cubic": lambda x: 20 * (x - 0.2) * (x - 0.5) * (x - 0.8),
    "sine, 1 period": lambda x: np.sin(2 * np.pi * x),
    "sine, 4 periods": lambda x: np.sin(8 * np.pi * x),
    "step": lambda x: (x > 0.5).astype(float),
}

STATISTICS: dict[str, Callable] = {
    "Pearson": lambda x, y: abs(np.corrcoef(x, y)[0, 1]),
    "Spearman": lambda x, y: abs(stats.spearmanr(x, y).statistic),
    "k-nearest-neighbour information": lambda x, y: mutual_info_regression(
        x[:, np.newaxis], y, random_state=0
    )[0],
    "MIC, mic_approx": lambda x, y: mic(x, y),
    "MIC, mic_e": lambda x, y: mic(x, y, "mic_e"),
    "TIC, mic_e": lambda x, y: characteristic_matrix(x, y, "mic_e").tic,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=1000, help="samples of each kind")
    repeats = parser.parse_args().repeats
    table_of_power(repeats, n=100)
    table_of_equitability(repeats // 10, n=1000)
    table_of_chance(repeats)
    table_of_numberings()


def table_of_power(repeats: int, n: int, r2: float = 0.15) -> None:
    rng = np.random.default_rng(0)
    rows = []
    chance = [(rng.uniform(size=n), rng.normal(size=n)) for _ in range(repeats)]
    limits = {
        name: np.quantile([statistic(x, y) for x, y in chance], 0.95)
        for name, statistic in STATISTICS.items()
    }
    for relation, function in RELATIONS.items():
        related = [noisy(function, n, r2, rng) for _ in range(repeats)]
        found = (
            np.mean([statistic(x, y) > limits[name] for x, y in related])
            for name, statistic in STATISTICS.items()
        )
        rows.append((relation, *(f"{share:.2f}" for share in found)))
    show(
        f"Power: share of samples in which a relation is found at the level of 5 %; n = {n}, "
        f"R² = {r2}",
        ("relation", *STATISTICS),
        rows,
    )


def table_of_equitability(repeats: int, n: int) -> None:
    rng = np.random.default_rng(1)
    rows = []
    for relation, function in RELATIONS.items():
        cells = [relation]
        for r2 in (0.2, 0.5, 0.8, 1):
            samples = [noisy(function, n, r2, rng) for _ in range(repeats)]
            for estimator in ("mic_approx", "mic_e"):
                cells.append(f"{np.mean([mic(x, y, estimator) for x, y in samples]):.2f}")
        rows.append(tuple(cells))
    header = [
        f"R² = {r2}: {estimator}" for r2 in (0.2, 0.5, 0.8, 1) for estimator in ("approx", "e")
    ]
    show(f"Equitability: mean MIC for as much noise; n = {n}", ("relation", *header), rows)


def table_of_chance(repeats: int) -> None:
    rng = np.random.default_rng(2)
    rows = []
    for n in (30, 100, 300, 1000, 3000, 10_000):
        times = min(repeats, 100_000 // n)
        samples = rng.normal(size=(times, 2, n))
        cells = [f"{n:,}"]
        for estimator in ("mic_approx", "mic_e"):
            values = [mic(x, y, estimator) for x, y in samples]
            cells += [f"{np.mean(values):.3f}", f"{np.quantile(values, 0.95):.3f}"]
        values, _ = class_mic(samples[:, 0].T, np.arange(n) % 10, n_permutations=200)
        rows.append((*cells, f"{np.mean(values):.3f}", f"{np.quantile(values, 0.95):.3f}"))
    names = ("mic_approx", "mic_e", "class_mic, 10 classes")
    header = [f"{name}: {what}" for name in names for what in ("mean", "95 %")]
    show("MIC of what is independent", ("n", *header), rows)


def table_of_numberings() -> None:
    rng = np.random.default_rng(3)
    rows = []
    for n in (50, 100, 200, 500):
        genre = np.arange(n) % 10
        x = genre + rng.normal(scale=2, size=n)
        values = [mic(x, rng.permutation(10)[genre], "mic_e") for _ in range(500)]
        (ours,), _ = class_mic(x[:, np.newaxis], genre)
        spread = f"{min(values):.2f} to {max(values):.2f}"
        rows.append((n, f"{mic(x, genre, 'mic_e'):.2f}", spread, f"{ours:.2f}"))
    show(
        "A feature and ten classes, whose means rise with their number",
        ("n", "mic_e of the numbers 0 to 9", "of 500 other numberings", "class_mic"),
        rows,
    )


def noisy(function: Callable, n: int, r2: float, rng: np.random.Generator) -> tuple:
    """Draw x and y, so that the relation explains a share r2 of the variance of y."""
    x = rng.uniform(size=n)
    spread = np.std(function(np.linspace(0, 1, 10_001)))
    return x, function(x) + rng.normal(size=n) * spread * np.sqrt(1 / r2 - 1)


def show(title: str, header: tuple, rows: list[tuple]) -> None:
    print(f"**{title}**\n")
    print("| " + " | ".join(header) + " |")
    print("|" + "---|" * len(header))
    for row in rows:
        print("| " + " | ".join(map(str, row)) + " |")
    print(flush=True)


if __name__ == "__main__":
    main()

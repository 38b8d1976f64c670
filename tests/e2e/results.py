"""What the demo's example ends with: the lines of its jobs, and the tree of its master."""

from __future__ import annotations

import itertools
import re

RESULTS = [
    "  ratings: 1501 of 30 users for 100 movies, 0 lines left out",
    "  ratings: 1.77 on average",
    "  ratings: 1 stars   941 times",
    "  ratings: 2 stars   207 times",
    "  ratings: 3 stars   179 times",
    "  ratings: 4 stars    99 times",
    "  ratings: 5 stars    75 times",
    "  top movies: movie  32 has 2.92 stars of 12 users",
    "  top movies: movie  90 has 2.81 stars of 16 users",
    "  top movies: movie  30 has 2.50 stars of 14 users",
    "  top movies: movie  94 has 2.47 stars of 19 users",
    "  top movies: movie  23 has 2.47 stars of 15 users",
]
#: The tree of the master: a line's name and state.
TREE = [
    ["couture_movies", "success"],
    ["├─ prepare -> couture_ratings", "success"],
    ["├─ train_freely -> couture_train_model", "success"],
    ["├─ train_carefully -> couture_train_model", "success"],
    ["└─ compare -> couture_compare_models", "success"],
]


def tree_in(lines: list[str]) -> list[list[str]]:
    """The name and the state on each line of the tree that was printed last."""
    heads = [number for number, line in enumerate(lines) if line.startswith("Run demo__")]
    found = [re.split("  +", line)[:2] for line in lines[heads[-1] + 1 :]]
    return list(itertools.takewhile(lambda cells: len(cells) == 2, found))

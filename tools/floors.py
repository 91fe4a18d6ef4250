"""How a package is stacked: its rooms, the floors they make, and the arrows between them.

    python -m tools.floors service training [--checkout FOLDER] [--rooms]

A room is a module of the package or one of its folders, whatever is in the folder. An arrow leads from a room
to another one that it imports, also inside a function, but not for type checkers alone. A room's floor is the
number of rooms in the longest chain of arrows that begins with it, so what imports nothing of its package is
on floor 1. Rooms that import each other in a circle share a floor.
"""

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Self

import grimp

__all__ = ["Building", "main"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Building:
    """The rooms of a package, and which others each imports."""

    package: str
    num_modules: int
    arrows: Mapping[str, frozenset[str]]

    @classmethod
    def of(cls, package: str) -> Self:
        """Read the imports of a package that can be found on `sys.path`."""
        graph = grimp.build_graph(package, exclude_type_checking_imports=True, cache_dir=None)
        modules = [module for module in graph.modules if module != package]
        arrows: dict[str, set[str]] = {_room(module, package): set() for module in modules}
        for module in modules:
            for imported in graph.find_modules_directly_imported_by(module):
                if imported.startswith(f"{package}."):
                    arrows[_room(module, package)].add(_room(imported, package))
        return cls(
            package=package,
            num_modules=len(modules),
            arrows={room: frozenset(others - {room}) for room, others in arrows.items()},
        )

    @property
    def num_arrows(self) -> int:
        """Pairs of rooms of which one imports the other."""
        return sum(map(len, self.arrows.values()))

    def circle(self) -> list[str]:
        """Return rooms that import each other in a circle, the first also last; empty if there is none."""
        try:
            TopologicalSorter(self.arrows).prepare()
        except CycleError as error:
            circle: list[str] = error.args[1]
            return circle
        return []

    def floors(self) -> dict[str, int]:
        """Return the floor of each room, from the bottom up."""
        below = {room: self._reached_from(room) for room in self.arrows}

        @cache
        def floor(room: str) -> int:
            circle = {room} | {other for other in below[room] if room in below[other]}
            lower = {other for member in circle for other in self.arrows[member]} - circle
            return 1 + max(map(floor, lower), default=0)

        return dict(sorted(((room, floor(room)) for room in self.arrows), key=lambda pair: pair[::-1]))

    def _reached_from(self, room: str) -> frozenset[str]:
        reached: set[str] = set()
        waiting = [room]
        while waiting:
            new = self.arrows[waiting.pop()] - reached
            reached |= new
            waiting += new
        return frozenset(reached)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print a table with a row for each package."""
    options = _parser().parse_args(arguments)
    sys.path.insert(0, str(options.checkout.resolve()))
    print("| package | modules | rooms | floors | arrows | circle |\n|---|---|---|---|---|---|")
    buildings = [Building.of(package) for package in options.packages]
    for building in buildings:
        num_floors = max(building.floors().values(), default=0)
        circle = " -> ".join(building.circle()) or "none"
        print(f"| {building.package} | {building.num_modules} | {len(building.arrows)} ", end="")
        print(f"| {num_floors} | {building.num_arrows} | {circle} |")
    if options.rooms:
        print("\n" + "\n".join(line for building in buildings for line in _lines(building)))


def _lines(building: Building) -> Iterator[str]:
    for room, floor in building.floors().items():
        yield f"{floor:>3}  {building.package}.{room} -> {', '.join(sorted(building.arrows[room])) or '-'}"


def _room(module: str, package: str) -> str:
    return module.removeprefix(f"{package}.").split(".")[0]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tools.floors",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("packages", nargs="+", metavar="PACKAGE")
    parser.add_argument(
        "--checkout", type=Path, default=Path(), help="where the packages are (default: here)"
    )
    parser.add_argument("--rooms", action="store_true", help="list each room with its floor and its imports")
    return parser


if __name__ == "__main__":
    main()

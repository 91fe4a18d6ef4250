"""Compiling the LSTM's steps, once for each level of processor; pyproject.toml says all the rest.

`python setup.py build_ext --inplace` compiles them for the sources at hand.
"""

import platform
import subprocess
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext
from setuptools.errors import CompileError

from build_backend import compiler

SOURCE = "sentiment/lstm.c"
FLAGS = ["-O3", "-fPIC", "-shared", "-fvisibility=hidden", "-Wall", "-Wextra"]
# A product and the sum that it goes into are rounded once, and what compares need not care for traps.
MATHEMATICS = ["-ffp-contract=fast", "-fno-math-errno", "-fno-trapping-math"]

# How many floats a register holds, and for how many reviews the sums of a block fit into registers; see
# lstm.c. sentiment/compiled.py has the same levels.
PORTABLE = {"portable": ["-DWIDTH=4", "-DROWS=3"]}
AVX512 = ["-DWIDTH=16", "-DROWS=6", "-mfma", *(f"-mavx512{part}" for part in ("f", "bw", "dq", "vl"))]
X86 = {
    "avx512": AVX512,
    "avx2": ["-DWIDTH=8", "-DROWS=3", "-mfma", "-mavx2"],
}
LEVELS = X86 | PORTABLE if platform.machine().lower() in ("x86_64", "amd64") else PORTABLE
if LEVELS is not PORTABLE and platform.system() == "Linux":  # which says whether AMX may be used
    LEVELS["amx"] = [*AVX512, "-mavx512bf16", "-mamx-tile", "-mamx-bf16"]


class BuildLibraries(build_ext):
    """Makes plain libraries for ctypes: they need no headers of Python's, only the name of an extension."""

    def build_extension(self, ext: Extension) -> None:
        """Compile one level."""
        path = Path(self.get_ext_fullpath(ext.name))
        path.parent.mkdir(parents=True, exist_ok=True)
        command = [*compiler(), *FLAGS, *MATHEMATICS, *ext.extra_compile_args, SOURCE, "-o", str(path)]
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
        if ended.returncode != 0:
            raise CompileError(f"{' '.join(command)}: {ended.stderr}")


setup(
    cmdclass={"build_ext": BuildLibraries},
    ext_modules=[
        # Without them the service still runs, by PyTorch's own operations, and says so.
        Extension(f"sentiment._lstm_{level}", [SOURCE], extra_compile_args=flags, optional=True)
        for level, flags in LEVELS.items()
    ],
)

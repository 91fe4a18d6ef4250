"""Build the packages, and use each as someone would who has nothing but its file.

`make test-packages` runs it: it builds and checks wheels and source distributions, installs the service by
pipx with the versions of constraints.txt, starts it, and asks it by the client, alone in what uvx makes.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from http import HTTPStatus
from pathlib import Path
from socket import create_server

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 120
ASK = """\
import sys
from sentiment_client import Client
with Client(sys.argv[1]) as client:
    print(client.predict(["A wonderful film."])[0].label)
"""


def main() -> None:
    """Try the packages; raises CalledProcessError, TimeoutError or SystemExit when one does not work."""
    with tempfile.TemporaryDirectory() as folder:
        try_packages(Path(folder))
    print("the packages work")


def try_packages(folder: Path) -> None:
    """Build into a folder, install from there, serve and ask."""
    for source in (ROOT, ROOT / "client"):
        tool("build", "--outdir", str(folder / "dist"), str(source))
    distributions = sorted(map(str, (folder / "dist").iterdir()))
    tool("twine", "check", "--strict", *distributions)
    programs = install(wheel(folder / "dist", "sentiment_service"), folder)
    run(programs / "sentiment-models", "list")
    with served(programs / "sentiment-serve") as url:
        urllib.request.urlopen(f"{url}/page.js").close()  # noqa: S310  # files that are not code are installed too
        client = wheel(folder / "dist", "sentiment_client")
        label = run(tool_path("uvx"), "--quiet", "--from", client, "python", "-c", ASK, url)
    if label.strip() != "positive":
        raise SystemExit(f"error: the client was answered {label!r}")


def wheel(folder: Path, name: str) -> str:
    """Return the path of a distribution's wheel; raises StopIteration if there is none."""
    return str(next(folder.glob(f"{name}-*.whl")))


def install(distribution: str, folder: Path) -> Path:
    """Install a wheel by pipx, with the pinned versions; return the folder of its programs."""
    places = {"PIPX_HOME": str(folder / "pipx"), "PIPX_BIN_DIR": str(folder / "programs")}
    constraint = {"PIP_CONSTRAINT": str(ROOT / "constraints.txt")}
    tool("pipx", "install", "--quiet", "--backend", "pip", distribution, **places, **constraint)
    return folder / "programs"


@contextmanager
def served(program: Path) -> Iterator[str]:
    """Run the service; yield its address when it is ready."""
    with closing(create_server(("127.0.0.1", 0))) as listener:
        port = listener.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    # Away from the checkout, whose packages would be imported instead of those installed.
    command = [str(program), "--port", str(port)]
    process = subprocess.Popen(command, cwd=program.parent, stdout=subprocess.DEVNULL)  # noqa: S603  # our own
    try:
        wait_until_ready(url, process)
        yield url
    finally:
        process.terminate()
        process.wait()


def wait_until_ready(url: str, process: "subprocess.Popen[bytes]") -> None:
    """Return when the service takes requests; raises TimeoutError, or SystemExit when it has ended."""
    ends_at_seconds = time.monotonic() + START_SECONDS
    while not is_ready(url):
        if process.poll() is not None:
            raise SystemExit(f"error: the service ended with {process.returncode}")
        if time.monotonic() > ends_at_seconds:
            raise TimeoutError(f"the service was not ready in {START_SECONDS} s")
        time.sleep(0.2)


def is_ready(url: str) -> bool:
    """Return whether the service answers that it takes requests."""
    try:
        with urllib.request.urlopen(f"{url}/readyz") as response:  # noqa: S310  # an address of our own
            return bool(response.status == HTTPStatus.OK and json.load(response)["status"] == "ready")
    except (urllib.error.URLError, ConnectionError):
        return False


def tool(name: str, *arguments: str, **environment: str) -> None:
    """Run a tool that is installed beside this Python."""
    run(tool_path("python"), "-m", name, *arguments, environment=environment)


def tool_path(name: str) -> Path:
    """Return where a program is that is installed beside this Python."""
    return Path(sys.prefix) / "bin" / name


def run(program: Path, *arguments: str, environment: Mapping[str, str] | None = None) -> str:
    """Run a program to its end and return its output; raises CalledProcessError."""
    command = [str(program), *arguments]
    # Outside the checkout: see `served`.
    done = subprocess.run(  # noqa: S603  # commands of our own
        command,
        cwd=tempfile.gettempdir(),
        env=os.environ | dict(environment or {}),
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.stderr.write(done.stdout)
    done.check_returncode()
    return done.stdout


if __name__ == "__main__":
    main()

"""The checks, each a function of the settings that finds what is right or wrong with one thing.

PyTorch is loaded by the first one that needs it: a wrong setting or a store that is away is found at once.
"""

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from urllib.request import urlopen

import sentiment
from model_store import Manifest, ModelVersion, Store
from sentiment import SentimentError
from sentiment.cpus import available_cpus, cgroup_cpus
from sentiment.memory import classifier_bytes, memory_limit_bytes, resident_bytes
from service.doctor.finding import Finding, Level
from service.errors import CannotListen
from service.http.api_keys import read_admin_keys, read_api_keys
from service.runtime.loading import MEMORY_RESERVE_RATIO, check_fit, load_version, open_store
from service.runtime.selection import earlier_versions
from service.settings import Settings, unknown_variables

__all__ = ["findings"]

TEXT = "A wonderful film, warm and funny."
MIB = 1024 * 1024
SPARE_FILES = 100
"""Files that are open beside the connections."""
PROBE_SECONDS = 2.0

Result = tuple[Level, str]


def findings(settings: Settings, *, root: Path = Path("/")) -> Iterator[Finding]:
    """Yield what each check has found, in this order; a check that needs what failed before is left out.

    `root` is the folder that holds `proc` and `sys`, which say what the container may use.
    """
    checks: list[tuple[str, Callable[[], Result]]] = [
        ("variables", _variables),
        ("keys", partial(_keys, settings)),
        ("port", partial(_port, settings)),
        ("files", partial(_files, settings)),
        ("store", partial(_store, settings)),
    ]
    failed = False
    for name, check in checks:
        finding = _tried(name, check)
        failed |= name == "store" and finding.level == Level.FAILED
        yield finding
    if failed:
        yield _tried("device", partial(_device, settings))
        yield _tried("threads", partial(_threads, settings, root))
        return
    yield from _of_version(settings, root)


def _of_version(settings: Settings, root: Path) -> Iterator[Finding]:
    """Yield what is found of the version that would answer."""
    store = open_store(settings)
    manifest = store.manifest(*store.resolve(settings.model))
    hashes = _tried("hashes", partial(_hashes, settings, store, manifest))
    yield hashes
    device = _tried("device", partial(_device, settings))
    yield device
    yield _tried("threads", partial(_threads, settings, root))
    fits = _tried("memory", partial(_memory, settings, manifest, root))
    yield fits
    if Level.FAILED not in (hashes.level, device.level, fits.level):
        yield _tried("warm-up", partial(_warm_up, settings, root))


def _tried(name: str, check: Callable[[], Result]) -> Finding:
    try:
        level, text = check()
    except SentimentError as error:
        level, text = Level.FAILED, str(error)
    return Finding(check=name, level=level, text=text)


def _variables() -> Result:
    unknown = unknown_variables()
    if not unknown:
        return Level.OK, "no unknown variable begins with SENTIMENT_"
    names = [f"{each.name} (is {each.nearest} meant?)" if each.nearest else each.name for each in unknown]
    return Level.WARNING, f"unknown, so without effect: {', '.join(names)}"


def _keys(settings: Settings) -> Result:
    num_clients, num_admins = len(read_api_keys(settings)), len(read_admin_keys(settings))
    if num_clients:
        return Level.OK, f"{num_clients} for clients, {num_admins} for /admin"
    if settings.host in ("127.0.0.1", "::1", "localhost"):
        return Level.OK, f"none for clients, who are on this machine; {num_admins} for /admin"
    return Level.WARNING, f"none: everyone who can reach {settings.host} may use the service"


def _port(settings: Settings) -> Result:
    from service.server import listen  # noqa: PLC0415  # the web server, which a wrong key does without

    try:
        listen(settings.host, settings.port).close()
    except CannotListen:
        if _is_served(settings):
            return Level.OK, f"a service answers on {settings.host}:{settings.port} already"
        raise
    return Level.OK, f"{settings.host}:{settings.port} is free"


def _is_served(settings: Settings) -> bool:
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)  # noqa: S104  # compared
    address = f"[{host}]" if ":" in host else host
    with (
        suppress(OSError, ValueError),
        urlopen(f"http://{address}:{settings.port}/healthz", timeout=PROBE_SECONDS) as answer,
    ):
        return bool(json.load(answer) == {"status": "alive"})
    return False


def _files(settings: Settings) -> Result:
    needed = settings.max_connections + SPARE_FILES
    if sys.platform == "win32":  # which has no such limit
        return Level.OK, "no limit"
    import resource  # noqa: PLC0415  # there is none on Windows

    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard == resource.RLIM_INFINITY or hard >= needed:
        return Level.OK, f"enough may be open for {settings.max_connections} connections"
    return Level.WARNING, (
        f"only {hard} may be open, and SENTIMENT_MAX_CONNECTIONS is {settings.max_connections}: "
        "raise the limit (ulimit -n), or lower the setting"
    )


def _store(settings: Settings) -> Result:
    store = open_store(settings)
    model, version = store.resolve(settings.model)
    store.manifest(model, version)
    store.aliases(model)
    store.history(model)
    store.rollout(model)
    num_versions = len(store.versions(model))
    return Level.OK, f"{store.root}: {settings.model} is version {version}, of {num_versions} in the store"


def _hashes(settings: Settings, store: Store, manifest: Manifest) -> Result:
    try:
        store.verify(manifest.model, manifest.version)
    except SentimentError as error:
        earlier = earlier_versions(store, settings.model)
        advice = f"; a start would fall back to version {earlier[0]}, if that is whole" if earlier else ""
        return Level.FAILED, f"{error}{advice}"
    count, size = len(manifest.files), manifest.size_bytes / MIB
    return Level.OK, f"{count} files of {manifest.model}@{manifest.version} are whole, {size:.1f} MiB"


def _device(settings: Settings) -> Result:
    device = sentiment.choose_device(settings.device)
    return Level.OK, f"{device.type}, as SENTIMENT_DEVICE={settings.device} says"


def _threads(settings: Settings, root: Path) -> Result:
    cpus, limit = available_cpus(root=root), cgroup_cpus(root=root)
    lanes, each = settings.lanes or cpus, settings.lane_threads
    source = "" if limit is None else f", by the container's limit of {limit:g}"
    text = f"{lanes} lanes of {each} on {cpus} CPUs{source}"
    if lanes * each <= cpus:
        return Level.OK, text
    return Level.WARNING, f"{text}: they would take turns; lower SENTIMENT_LANES or SENTIMENT_LANE_THREADS"


def _memory(settings: Settings, manifest: Manifest, root: Path) -> Result:
    device = sentiment.choose_device(settings.device).type
    check_fit(manifest, None, device=device, root=root)
    needed = classifier_bytes(manifest.network, has_table=device == "cpu")
    held, limit = resident_bytes(root=root), memory_limit_bytes(root=root)
    text = f"a version takes about {needed / MIB:.0f} MiB beside {held / MIB:.0f} MiB of libraries"
    if limit is None:
        return Level.OK, f"{text}, and there is no limit"
    text = f"{text}, of {limit / MIB:.0f} MiB"
    if held + 2 * needed > (1 - MEMORY_RESERVE_RATIO) * limit:
        return Level.WARNING, f"{text}: too little for a second one, so a promotion would be refused"
    return Level.OK, f"{text}: enough for the live one and a second one"


def _warm_up(settings: Settings, root: Path) -> Result:
    if memory_limit_bytes(root=root) is not None and _is_served(settings):
        # One model more could be what the container is killed for.
        return Level.OK, "left out, since a service runs in this container already"
    start = time.perf_counter()
    version = load_version(settings, settings.model)
    loaded = time.perf_counter()
    version.classifier.predict([TEXT])
    first = time.perf_counter()
    version.classifier.predict([TEXT])
    again = time.perf_counter()
    return Level.OK, (
        f"loaded in {loaded - start:.1f} s with its golden examples reproduced on {_kernel(version)}; "
        f"a first review in {1000 * (first - loaded):.0f} ms, then in {1000 * (again - first):.1f} ms"
    )


def _kernel(version: ModelVersion) -> str:
    return f"{version.classifier.device} ({version.classifier.kernel})"

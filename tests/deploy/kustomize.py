"""Rendering an overlay: by kustomize or kubectl where there is one, and by as much of it as our files use.

Ours knows `resources`, `components`, `namespace`, `labels` with pairs, `images`, and patches that are merged.
"""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import yaml

__all__ = ["Resource", "command", "render", "render_by_kustomize"]

Resource = dict[str, Any]

FIELDS = {"apiVersion", "kind", "resources", "components", "namespace", "labels", "images", "patches"}
# What the items of a list are known by, where a patch adds to it or changes one.
KEYS = {"containers": "name", "env": "name", "volumes": "name", "volumeMounts": "mountPath"}
CLUSTER_WIDE = {"Namespace"}


def command() -> list[str] | None:
    """Return the command that renders a folder, or None where neither program is installed."""
    if shutil.which("kustomize"):
        return ["kustomize", "build"]
    return ["kubectl", "kustomize"] if shutil.which("kubectl") else None


def render_by_kustomize(folder: Path) -> list[Resource]:
    """Return what kustomize makes of a folder."""
    program = command()
    assert program is not None
    result = subprocess.run([*program, folder], check=True, capture_output=True, text=True)
    return list(yaml.safe_load_all(result.stdout))


def render(folder: Path) -> list[Resource]:
    """Return what kustomize would make of a folder."""
    return _apply(folder, [])


def _apply(folder: Path, given: list[Resource]) -> list[Resource]:
    """Return the resources so far with those of a folder, after its changes to all of them."""
    wanted = _read(folder / "kustomization.yaml")[0]
    assert wanted.keys() <= FIELDS, f"{folder}: this renderer is too small"
    resources = list(given)
    for name in wanted.get("resources", ()):
        path = folder / name
        resources += _apply(path, []) if path.is_dir() else _read(path)
    for patch in wanted.get("patches", ()):
        for change in _read(folder / patch["path"]):
            _merge(_named(resources, change), change)
    for component in wanted.get("components", ()):
        resources = _apply(folder / component, resources)
    for resource in resources:
        _transform(resource, wanted)
    return resources


def _read(path: Path) -> list[Resource]:
    return list(yaml.safe_load_all(path.read_text(encoding="utf-8")))


def _named(resources: list[Resource], change: Resource) -> Resource:
    def identity(resource: Resource) -> tuple[str, str, str]:
        return resource["apiVersion"], resource["kind"], resource["metadata"]["name"]

    return next(resource for resource in resources if identity(resource) == identity(change))


def _merge(target: dict[str, Any], change: dict[str, Any]) -> None:
    for name, value in change.items():
        if isinstance(value, dict) and isinstance(target.get(name), dict):
            _merge(target[name], value)
        elif name in KEYS and name in target:
            _merge_items(target[name], value, KEYS[name])
        else:
            target[name] = value


def _merge_items(items: list[dict[str, Any]], changes: list[dict[str, Any]], key: str) -> None:
    known = {item[key]: item for item in items}
    for change in changes:
        if change[key] in known:
            _merge(known[change[key]], change)
        else:
            items.append(change)


def _transform(resource: Resource, wanted: dict[str, Any]) -> None:
    metadata = resource["metadata"]
    if "namespace" in wanted and resource["kind"] not in CLUSTER_WIDE:
        metadata["namespace"] = wanted["namespace"]
    for label in wanted.get("labels", ()):
        # A copy: with an anchor in the file, the labels of several places are one object.
        metadata["labels"] = {**metadata.get("labels", {}), **label["pairs"]}
    if resource["kind"] != "Deployment":
        return
    for container in resource["spec"]["template"]["spec"]["containers"]:
        for image in wanted.get("images", ()):
            if container["image"].split(":")[0] == image["name"]:
                container["image"] = f"{image.get('newName', image['name'])}:{image['newTag']}"

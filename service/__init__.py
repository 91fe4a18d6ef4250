"""The model as an HTTP service: predictions, batching, metrics, health.

Names are imported when they are first used (PEP 562), so that `python -m service --help` loads neither the
web framework nor PyTorch. Nothing at all is imported before that: the sooner `__main__` runs, the sooner it
obeys signals.
"""

TYPE_CHECKING = False  # that of `typing` would have to be imported

if TYPE_CHECKING:
    from service.app import create_app
    from service.settings import Settings
else:  # hidden from the type checker, which would take any name for one of ours
    _MODULES = {"Settings": "settings", "create_app": "app"}

    def __getattr__(name: str) -> object:
        if name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module  # noqa: PLC0415

        return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)


__all__ = ["Settings", "create_app"]

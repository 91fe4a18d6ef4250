"""What the garbage collector has to look at."""

import gc

__all__ = ["freeze_heap"]


def freeze_heap() -> None:
    """Let the garbage collector pass over all that is there now; call it when a version has been loaded.

    Libraries and a model are some 200,000 objects. A full collection takes a tenth of a second for them. All
    threads wait for the interpreter's lock meanwhile, and under load there is one every second or so. Objects
    are still freed when nothing refers to them. What an earlier version left in cycles is collected first.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()

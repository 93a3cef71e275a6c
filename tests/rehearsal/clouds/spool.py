"""Tells the rehearsal what happens to machines: a file for each event, which it answers with another one.

The rehearsal has a container, or a virtual machine, for each instance: codegen/rehearse/src/machines.rs.
"""

import itertools
import json
import time
from pathlib import Path

PATIENCE = 180


class Spool:
    def __init__(self, folder):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.numbers = itertools.count(1)

    def tell(self, event, instance, **more):
        """Tells, and returns at once."""
        number = next(self.numbers)
        path = self.folder / f"{number:04}.json"
        part = path.with_suffix(".part")
        part.write_text(json.dumps({"event": event, "instance": instance, **more}), encoding="utf-8")
        part.rename(path)
        return path.with_suffix(".done")

    def ask(self, event, instance, **more):
        """Tells, and returns when it is done."""
        done = self.tell(event, instance, **more)
        end = time.monotonic() + PATIENCE
        while not done.exists() and time.monotonic() < end:
            time.sleep(0.05)

"""What aws.py and gcp.py share: a list of assumptions, a record of what was said, and a clean end."""

import argparse
import json
import re
import signal
import sys
import time
import uuid


class Broken(Exception):
    """The cloud does something else than what is assumed."""


class Missing(Exception):
    """This was not tried, and why."""


class Conform:
    """Tries assumptions, and removes everything that they made, also when it is interrupted.

    An assumption is a method with the name `tries_…`. The first line of its docstring says what is assumed. It returns what was seen, raises
    `Broken`, or raises `Missing`.
    """

    def __init__(self, prefix, poll):
        if not re.fullmatch(r"[a-z][a-z0-9-]{2,19}", prefix):
            sys.exit(f"{prefix} is no prefix: use 3 to 20 lower-case letters, digits and hyphens, such as conform-1")
        self.prefix, self.poll = prefix, poll
        self.said = []

    def note(self, operation, request, answer):
        self.said.append({"operation": operation, "request": request, "answer": answer})

    def wait(self, what, look, minutes=15):
        """Looks until it sees something, and returns that."""
        until = time.monotonic() + minutes * 60
        while not (seen := look()):
            if time.monotonic() > until:
                raise Broken(f"not within {minutes} minutes: {what}")
            time.sleep(self.poll)
        return seen

    @staticmethod
    def token():
        return str(uuid.uuid4())

    def connect(self):
        """Makes new clients."""
        raise NotImplementedError

    def clean(self):
        """Removes everything with the prefix, of this run and of earlier ones."""
        raise NotImplementedError

    def run(self, fixtures):
        def stop(number, _):
            # A second signal must not end the cleaning.
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            sys.exit(f"interrupted by {signal.Signals(number).name}")

        signal.signal(signal.SIGINT, stop)
        signal.signal(signal.SIGTERM, stop)
        broken = 0
        self.connect()
        self.clean()
        try:
            self.set_up()
            names = [name for name in vars(type(self)) if name.startswith("tries_")]
            for name in names:
                assumption = getattr(self, name)
                what = assumption.__doc__.strip().splitlines()[0]
                try:
                    seen = assumption()
                    print(f"held       {what}" + (f" Seen: {seen}." if seen else ""), flush=True)
                except Missing as why:
                    print(f"not tried  {what} {why}", flush=True)
                except Exception as error:  # Whatever a client raises, the next assumption is tried.
                    broken += 1
                    said = next(iter(str(error).splitlines()), type(error).__name__)
                    print(f"BROKEN     {what} {said[:300]}", flush=True)
        finally:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            # An interrupted request leaves its connection in the middle of an answer.
            self.connect()
            self.clean()
            # It may have taken effect only after that.
            self.clean()
            with open(fixtures, "w") as file:
                json.dump(self.said, file, indent=1, sort_keys=True, default=str)
            print(f"everything with the prefix {self.prefix} is removed; {fixtures} has what was said", flush=True)
        if broken:
            sys.exit(f"{broken} assumptions do not hold")


def main(kind, description, *names):
    """Runs the assumptions of a kind, which takes these arguments."""
    parser = argparse.ArgumentParser(description=description)
    for name in (*names, "--fixtures"):
        parser.add_argument(name, required=True)
    parser.add_argument("--endpoint")
    parser.add_argument("--poll", type=float, default=10)
    arguments = parser.parse_args()
    kind(arguments).run(arguments.fixtures)

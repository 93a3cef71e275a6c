"""Prints a fleet of 300 groups, for the checks of large ones: trial.yaml, with its groups once for each of 25 teams. Three teams share a stack: a policy of
IAM has no room for the states of many more."""

import pathlib
import re

TEAMS = 25

text = (pathlib.Path(__file__).parent / "trial.yaml").read_text()
head, groups = text.split("\ngroups:\n")
print(head + "\ngroups:")
for team in range(TEAMS):
    # Only the first team's groups have listeners of their own.
    if team == 1:
        groups = re.sub(r",? *(listener_port: \d+|certificate: \S+)\n?", "", groups)
    own = rf"  \1-{team:02}:\n    stack: teams-{team // 3}"
    print(re.sub(r"^  ([a-z][a-z-]*):$", own, groups, flags=re.MULTILINE))

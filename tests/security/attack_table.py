"""The list of attacks as a page, made of the tests' own names: `python -m tests.security.attack_table` writes it."""

import ast
from pathlib import Path

from tests.paths import ROOT

PAGE = ROOT / "docs" / "security" / "attacks.md"
COUNT = 90
_HEAD = """# Attacks

Every line is a test that tries it, as the roles that the API and the dashboards log in with, on every relation that
the catalogue of a built system names: two tenants stand in each of them with the same ids. Written by
`python -m tests.security.attack_table`.

| attack | what holds | where |
| --- | --- | --- |
"""
_LIMITS = """
## What can't be hidden

- The size of a whole table (`pg_class.reltuples`, row estimates of EXPLAIN) is visible to every role in PostgreSQL.
  It is that of all tenants together, and the same whoever asks (A56). `xmin` tells the rate of all transactions.
- A role that may delete rows may lock their table. Only a statement of its own can do that, which an injected
  expression is not; a transaction that is left open ends after a minute (A34).
- Whoever may send statements of his own as `tekup_app` or `tekup_reader` may begin a transaction for any tenant: these
  roles are the product's, and their passwords are its secrets. [Decision {adr}](../decisions/{adr_file}) says why
  contexts are not signed.
"""


def tests_of_attacks() -> dict[str, list[tuple[str, str]]]:
    """For each attack's id the tests that try it, as sentence and file."""
    found: dict[str, list[tuple[str, str]]] = {}
    for path in sorted(Path(__file__).parent.glob("test_*.py")):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_a") and node.name[6:8].isdigit():
                attack, sentence = f"A{node.name[6:8]}", node.name[9:].replace("_", " ")
                found.setdefault(attack, []).append((sentence, path.name))
    return found


def render() -> str:
    """The page."""
    tests = tests_of_attacks()
    decision = next((ROOT / "docs" / "decisions").glob("*-context-not-signed.md"))
    rows = [
        f"| {attack} | {sentence} | `tests/security/{file}` |"
        for attack in sorted(tests)
        for sentence, file in tests[attack]
    ]
    limits = _LIMITS.format(adr=int(decision.name[:4]), adr_file=decision.name)
    return _HEAD + "\n".join(rows) + "\n" + limits


if __name__ == "__main__":
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(render())

"""Keeps the lock files in step with pyproject.toml and free of any registry's address. It installs nothing."""

import hashlib
import re
import subprocess
import sys
import tomllib
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent
LOCKS = {
    "run.txt": ["pyproject.toml"],
    "dev.txt": ["pyproject.toml", "--group", "dev", "-c", "requirements/run.txt"],
    "spark.txt": ["pyproject.toml", "--extra", "spark", "-c", "requirements/run.txt"],
    "bench.txt": ["pyproject.toml", "--group", "bench", "-c", "requirements/run.txt"],
    "bootstrap.txt": ["requirements/bootstrap.in", "-c", "requirements/run.txt"],
}
STAMP = HERE / "inputs.sha256"


def hash_inputs() -> str:
    """A hash of everything that the locks are resolved from."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    own = project["project"]
    wanted = [own["dependencies"], own["optional-dependencies"], own["requires-python"], project["dependency-groups"]]
    return hashlib.sha256((repr(wanted) + (HERE / "bootstrap.in").read_text()).encode()).hexdigest()


def write() -> None:
    """Resolve each lock anew; uv is the one in the virtual environment."""
    uv = Path(sys.executable).parent / "uv"
    for name, inputs in LOCKS.items():
        command = [uv, "pip", "compile", "--quiet", "--universal", "--python-version", "3.11", "--generate-hashes"]
        command += ["--no-emit-index-url", "--no-emit-find-links", "--no-header", *inputs]
        subprocess.run([*command, "-o", f"requirements/{name}"], cwd=ROOT, check=True)
    STAMP.write_text(hash_inputs() + "\n")


def faults() -> list[str]:
    """What is wrong with the lock files, in words."""
    found = []
    if not STAMP.exists() or STAMP.read_text().strip() != hash_inputs():
        found.append("requirements/ is older than pyproject.toml: run `make lock`")
    for name in LOCKS:
        text = (HERE / name).read_text()
        if re.search(r"https?://|--(extra-)?index-url|--find-links", text):
            found.append(f"requirements/{name} names an address")
        bare = [line for line in re.split(r"\n(?=\S)", text) if re.match(r"[a-z0-9]", line) and "--hash=" not in line]
        if bare:
            found.append(f"requirements/{name}: without a hash: {bare[0].splitlines()[0]}")
    return found


if __name__ == "__main__":
    if "--write" in sys.argv:
        write()
    wrong = faults()
    print("\n".join(wrong), end="\n" if wrong else "")
    sys.exit(bool(wrong))

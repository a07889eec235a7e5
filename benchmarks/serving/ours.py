"""The API's process with empty routes beside its own, whole or without a part. Run by `benchmarks.serving.run`.

Only a benchmark may leave parts out; the product has no such switch.
"""

import argparse

import uvicorn
from fastapi import FastAPI

from serving.app import create_app
from serving.auth import subject as subject_module
from serving.kit import databases as databases_module
from serving.kit.audit import Recorder
from serving.scores.auth import ScoreMaker
from tekup.db import Database, Doors, Role

FORMS = ("bare", "fresh-tokens", "without-audit", "without-row-security")


def leave_out(forms: list[str]) -> None:
    """Take parts away from this process."""
    if "fresh-tokens" in forms:
        subject_module.TRUSTED_SECONDS = 0.0
    if "without-audit" in forms:
        Recorder.all_entries = lambda self: []  # type: ignore[method-assign]
    if "without-row-security" in forms:

        def admin_url(doors: Doors, database: Database, role: Role) -> str:
            return doors.admin_url(database)

        Doors.url = admin_url  # type: ignore[method-assign]
        databases_module.begin_statement = (  # type: ignore[attr-defined]
            lambda context, *, read_only=False: "BEGIN READ ONLY" if read_only else "BEGIN"
        )


def add_empty_routes(app: FastAPI) -> None:
    """Routes that do nothing: for anybody, and for a known caller."""

    @app.post("/empty")
    async def empty() -> dict[str, bool]:
        return {"ok": True}

    @app.post("/empty-for-a-caller")
    async def empty_for_a_caller(subject: ScoreMaker) -> dict[str, bool]:
        return {"ok": True}


def main() -> None:
    """Serve until a signal."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("forms", nargs="*", choices=[*FORMS, []])
    parser.add_argument("--port", type=int, required=True)
    options = parser.parse_args()
    leave_out(options.forms)
    app = FastAPI() if "bare" in options.forms else create_app()
    if "bare" in options.forms:
        app.add_api_route("/healthz", lambda: {"ok": True})
    add_empty_routes(app)
    uvicorn.run(app, host="127.0.0.1", port=options.port, log_level="warning", access_log=False, server_header=False)


if __name__ == "__main__":
    main()

"""The code location: everything under `defs/` and the resource that it asks for. It opens nothing when it loads."""

from pathlib import Path

import dagster as dg

from pipelines.resources.platform import PlatformResource

_DEFS = Path(__file__).parent / "defs"


@dg.definitions
def defs() -> dg.Definitions:
    """All assets, checks, jobs, schedules and sensors."""
    return dg.Definitions.merge(
        dg.load_from_defs_folder(path_within_project=_DEFS),
        dg.Definitions(
            resources={"platform": PlatformResource()},
            executor=dg.in_process_executor,
        ),
    )

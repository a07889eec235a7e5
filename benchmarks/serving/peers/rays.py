"""Ray Serve with the trees of TREES, one replica behind its proxy. Ends when it is told to."""

import os
import signal
import sys

import lightgbm
import numpy as np
import ray
from ray import serve
from starlette.requests import Request


@serve.deployment(num_replicas=1, ray_actor_options={"num_cpus": 0.5})
class Scorer:
    """Probabilities of rows of numbers."""

    def __init__(self) -> None:
        self.booster = lightgbm.Booster(model_file=os.environ["TREES"])

    async def __call__(self, request: Request) -> list[float]:
        """One probability a row."""
        matrix = np.array((await request.json())["rows"], dtype=np.float64)
        return self.booster.predict(matrix, num_threads=1).tolist()


def main() -> None:
    """Serve until a signal."""
    ray.init(num_cpus=2, include_dashboard=False, configure_logging=False, _temp_dir=os.environ["RAY_FOLDER"])
    serve.start(http_options={"host": "127.0.0.1", "port": int(sys.argv[1])})
    serve.run(Scorer.bind())
    signal.sigwait({signal.SIGTERM, signal.SIGINT})
    serve.shutdown()
    ray.shutdown()


if __name__ == "__main__":
    main()

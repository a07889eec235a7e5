"""MLflow's scoring server with the trees of TREES, kept in a new folder MODEL. Ends when it is told to."""

import os
import sys
from pathlib import Path

import lightgbm
import mlflow.pyfunc
import pandas
from mlflow.models import infer_signature


class Scorer(mlflow.pyfunc.PythonModel):
    """Probabilities of rows of numbers."""

    def load_context(self, context: mlflow.pyfunc.PythonModelContext) -> None:
        self.booster = lightgbm.Booster(model_file=context.artifacts["trees"])

    def predict(self, context: mlflow.pyfunc.PythonModelContext, model_input: pandas.DataFrame) -> list[float]:
        """One probability a row."""
        return self.booster.predict(model_input.to_numpy(dtype="float64"), num_threads=1).tolist()


def main() -> None:
    """Keep the model and become its server."""
    trees, folder, port = os.environ["TREES"], Path(os.environ["MODEL"]), sys.argv[1]
    if not folder.exists():
        names = lightgbm.Booster(model_file=trees).feature_name()
        example = pandas.DataFrame([[0.5] * len(names)], columns=names)
        mlflow.pyfunc.save_model(
            folder,
            python_model=Scorer(),
            artifacts={"trees": trees},
            signature=infer_signature(example, [0.5]),
            pip_requirements=["lightgbm", "pandas"],
        )
    command = ["-m", "mlflow", "models", "serve", "-m", str(folder), "-p", port, "--env-manager", "local", "-w", "1"]
    os.execv(sys.executable, [sys.executable, *command])  # noqa: S606  # a peer that is measured, in this process


if __name__ == "__main__":
    main()

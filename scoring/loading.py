"""From the files of a saved lead model back to the model. What the files hold is `LeadModel.files`' affair."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from scoring import storage
from scoring.adaptation import ADAPTATIONS, Adaptation, Effect, key_of
from scoring.calibration import Calibrator
from scoring.errors import ModelDamaged
from scoring.model import EVERYBODY, LeadModel
from scoring.novelty import Novelty
from scoring.schema import Schema
from scoring.uncertainty import Uncertainty
from scoring.value import ValueModel


def load(path: str | Path, *, tenants: Sequence[str] | None = None) -> LeadModel:
    """The model that `LeadModel.save` wrote, after its hashes were checked; raises `ModelDamaged`.

    With ``tenants`` only their adaptations are read, so a server of one tenant needs no other tenant's file; without,
    all that are in the folder. Nothing in the folder is executed: it holds text alone.
    """
    return from_files(storage.read(Path(path), optional=ADAPTATIONS, wanted=adaptation_files(tenants)), str(path))


def adaptation_files(tenants: Sequence[str] | None) -> list[str] | None:
    """The files that hold these tenants' adaptations; None means all there are."""
    return None if tenants is None else [f"{ADAPTATIONS}/{key_of(tenant)}.json" for tenant in tenants]


def from_files(files: Mapping[str, str], where: str) -> LeadModel:
    """The model in files that were checked already; ``where`` names it in an error. Raises `ModelDamaged`."""
    try:
        schema, calibration = json.loads(files["schema.json"]), json.loads(files["calibration.json"])
        metrics, doubts = json.loads(files["metrics.json"]), json.loads(files["uncertainty.json"])
        tenant_column = schema.pop("tenant_column")
        edges, population = calibration.pop("grade_edges"), calibration.pop("adaptation")
        shared_edges = calibration.pop("value_edges", ())
        own = storage.read_parts(files, ADAPTATIONS)
        effects = {key: Effect.from_json(told) for key, told in own.items() if "effects" in told}
        factors = {key: float(told["value_factor"]) for key, told in own.items() if "value_factor" in told}
        value_edges = {key: told["value_edges"] for key, told in own.items() if "value_edges" in told}
        return LeadModel(
            booster_text=files["model.txt"],
            schema=Schema.from_json(schema),
            calibrator=Calibrator.from_json(calibration),
            edges=edges,
            novelty=Novelty.from_json(doubts["novelty"]),
            uncertainty=Uncertainty.from_json(doubts["uncertainty"]),
            adaptation=None if population is None else Adaptation.from_json(population, effects),
            tenant_column=tenant_column,
            metrics=metrics,
            value=ValueModel.from_shared(files, factors) if "value.json" in files else None,
            value_edges=value_edges | ({EVERYBODY: shared_edges} if shared_edges else {}),
        )
    except (KeyError, TypeError, ValueError) as fault:
        raise ModelDamaged(f"the model in {where} can't be read: {fault!r}", hint="publish it again") from fault

"""Models that several tests read. They are trained once a session and never changed."""

import polars as pl
import pytest

import scoring
from tests.scoring import leads

TENANTS = {"nord": (500, 0.6), "syd": (500, -2.0), "oest": (400, -0.8), "vest": (60, -0.8)}


@pytest.fixture(scope="session")
def frame() -> pl.DataFrame:
    return leads.make(800)


@pytest.fixture(scope="session")
def model(frame: pl.DataFrame) -> scoring.LeadModel:
    return scoring.train(frame, label="won", drop=["truth", "day"], budget=1)


@pytest.fixture(scope="session")
def pooled_frame() -> pl.DataFrame:
    return leads.pooled(TENANTS)


@pytest.fixture(scope="session")
def pooled_model(pooled_frame: pl.DataFrame) -> scoring.LeadModel:
    return scoring.train(pooled_frame, label="won", tenant="tenant_id", drop=["truth", "day"], budget=1)

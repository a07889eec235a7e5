"""The sealed columns of signing in, for rotations of keys."""

from serving.auth import challenge_repository, second_factors
from tekup.crypto.columns import SealedColumn

TOTP_SECRET, TOTP_PENDING = (
    SealedColumn(
        "app.totp_factors", column, ("user_id",), ("user_id",), lambda row: second_factors.place_of(row["user_id"])
    )
    for column in ("secret_sealed", "pending_sealed")
)
CHALLENGE = SealedColumn(
    "app.sign_in_challenges", "data_sealed", ("id",), ("id",), lambda row: challenge_repository.place_of(row["id"])
)

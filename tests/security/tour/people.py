"""The walk over sign-in, accounts, sessions, users, roles, tokens, identity providers and requests about persons."""

import email
import email.policy
import json
import re
import time
from typing import Any
from urllib.parse import urlsplit

from tekup.directory.connections import store_connection
from tekup.directory.users import create_user
from tekup.directory.webhooks import enable_webhook
from tekup.privacy.exporting import export_person
from tests.security.tour.recording import Header, Tour
from tests.serving.account.test_second_factors import code_of
from tests.serving.authenticator import Authenticator
from tests.serving.signing_in import bearer, sign_in
from tests.serving.webhooks.test_endpoints import EVENT, sign_stripe


def walk(tour: Tour) -> None:
    """Each part; colleagues stand in where a call ends its caller's session."""
    for station in (_tenant, _factors, _sessions, _users, _invitations, _passwords, _roles, _tokens, _providers):
        station(tour)
    _persons(tour)
    _vendor(tour)


def _colleague(tour: Tour, name: str, role: str = "admin") -> tuple[str, Header]:
    """Another user of the tenant, signed in: his id and header."""
    address = f"{name}@{tour.word}.example"
    made = str(create_user(tour.doors, tour.tenant.id, address, tour.password, role=role))
    return made, bearer(sign_in(tour.client, address, tour.password))


def _tenant(tour: Tour) -> None:
    tour("GET /v1/tenant")
    tour("PATCH /v1/tenant/settings", json={"timezone": "Europe/Copenhagen"})
    tour("GET /v1/access")
    tour("GET /v1/scopes")
    tour("GET /v1/me")
    tour("PUT /v1/sign-in-policy", json={"mfa_required": False})
    tour("GET /.well-known/jwks.json", headers={})


def _factors(tour: Tour) -> None:
    _, mine = _colleague(tour, "factors")
    secret = tour("POST /v1/me/totp", headers=mine).json()["secret"]
    tour("POST /v1/me/totp/confirm", headers=mine, json={"code": code_of(secret)})
    tour("POST /v1/me/recovery-codes", headers=mine)
    tour("DELETE /v1/me/totp", headers=mine)
    _, mine = _colleague(tour, "passkeys")
    device = Authenticator(tour.settings.app_address)
    options = tour("POST /v1/me/passkeys/options", headers=mine).json()
    made = tour("POST /v1/me/passkeys", headers=mine, json={"name": tour.word, "credential": device.create(options)})
    asked = tour("POST /v1/auth/passkey/options", headers={}).json()
    tour("POST /v1/auth/token", headers={},
         data={"grant_type": "passkey", "credential": json.dumps(device.get(asked))})  # fmt: skip
    tour("DELETE /v1/me/passkeys/{passkey_id}", headers=mine, passkey_id=made.json()["id"])
    user, _ = _colleague(tour, "reset")
    tour("DELETE /v1/users/{user_id}/factors", user_id=user)


def _sessions(tour: Tour) -> None:
    address = f"sessions@{tour.word}.example"
    user, mine = _colleague(tour, "sessions")
    sign_in(tour.client, address, tour.password)
    mine = bearer(tour("POST /v1/auth/step-up", headers=mine, json={"password": tour.password}))
    listed = tour("GET /v1/sessions", headers=mine).json()
    other = next(one["id"] for one in listed["items"] if not one["is_current"])
    tour("DELETE /v1/sessions/{session_id}", headers=mine, session_id=other)
    tour("DELETE /v1/sessions", headers=mine)
    tour("GET /v1/users/{user_id}/sessions", user_id=user)
    tour("POST /v1/auth/sign-out", headers=mine)
    tour("DELETE /v1/users/{user_id}/sessions", user_id=user)


def _users(tour: Tour) -> None:
    user, _ = _colleague(tour, "changed", "sales")
    tour("GET /v1/users")
    tour("GET /v1/users/{user_id}", user_id=user)
    tour("PATCH /v1/users/{user_id}", user_id=user, json={"full_name": f"Changed {tour.word}"})
    tour("POST /v1/users/{user_id}/password-reset", user_id=user)


def _mailed(tour: Tour, to: str, kind: str) -> str:
    """The token in the last mail to somebody."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        for path in sorted((tour.settings.home_path / "outbox").glob("*.eml"), reverse=True):
            message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
            body = message.get_body()
            found = re.search(rf"{kind}=(\S+)", body.get_content() if body is not None else "")
            if message["To"] == to and found:
                return found.group(1)
        time.sleep(0.05)
    raise AssertionError(f"no mail to {to} with {kind}")


def _invitations(tour: Tour) -> None:
    who, another = (f"{name}@{tour.word}.example" for name in ("invited", "uninvited"))
    tour("POST /v1/invitations", json={"email": who, "role": "sales"})
    gone = tour("POST /v1/invitations", json={"email": another, "role": "sales"}).json()["id"]
    tour("GET /v1/invitations")
    tour("DELETE /v1/invitations/{invitation_id}", invitation_id=gone)
    tour("POST /v1/invitations/accept", headers={},
         json={"token": _mailed(tour, who, "invitation"), "password": tour.password})  # fmt: skip


def _passwords(tour: Tour) -> None:
    address = f"forgetful@{tour.word}.example"
    _, mine = _colleague(tour, "forgetful")
    tour("PUT /v1/me/password", headers=mine,
         json={"current_password": tour.password, "new_password": f"{tour.password} and more"})  # fmt: skip
    tour("POST /v1/auth/password-reset", headers={}, json={"email": address})
    tour("POST /v1/auth/password-reset/confirm", headers={},
         json={"token": _mailed(tour, address, "password_reset"), "password": f"{tour.password} anew"})  # fmt: skip
    tour("POST /v1/auth/token", headers={},
         data={"grant_type": "password", "username": address, "password": f"{tour.password} anew"})  # fmt: skip


def _roles(tour: Tour) -> None:
    for name in (f"{tour.word}_lookers", f"{tour.word}_gone"):
        tour("POST /v1/roles", json={"name": name, "scopes": ["kpis:read"], "description": tour.word})
    tour("GET /v1/roles")
    tour("PUT /v1/roles/{name}", name=f"{tour.word}_lookers", json={"scopes": ["kpis:read", "leads:read"]})
    tour("DELETE /v1/roles/{name}", name=f"{tour.word}_gone")


def _tokens(tour: Tour) -> None:
    made = tour("POST /v1/tokens", json={"name": f"{tour.word} token", "scopes": ["kpis:read"]}).json()["id"]
    tour("GET /v1/tokens")
    tour("DELETE /v1/tokens/{token_id}", token_id=made)


def _providers(tour: Tour) -> None:
    body = {"name": f"{tour.word} login", "issuer": tour.provider.issuer, "client_id": f"tekup-{tour.word}",
            "client_secret": "hush hush", "default_role": "analyst"}  # fmt: skip
    connected = tour("POST /v1/identity-providers", json=body).json()
    place: dict[str, Any] = {"provider_id": connected["id"]}
    tour("GET /v1/identity-providers")
    tour("PATCH /v1/identity-providers/{provider_id}", **place, json={"name": f"{tour.word} sign-in"})
    tour("POST /v1/me/identities/{provider_id}", **place)
    tour.provider.claims = {"email": f"federated@{tour.word}.example", "sub": f"person of {tour.word}"}
    tour.client.cookies.clear()
    key = urlsplit(connected["sign_in_url"]).path.rsplit("/", 1)[1]
    left = tour("GET /v1/auth/identity-providers/{provider}", headers={}, provider=key)
    back = urlsplit(tour.provider.let_in(left.headers["location"]))
    query = dict(pair.split("=", 1) for pair in back.query.split("&"))
    tour("GET /v1/auth/identity-providers/callback", headers={}, params=query)
    tour.client.cookies.clear()
    tour("DELETE /v1/identity-providers/{provider_id}", **place)


def _persons(tour: Tour) -> None:
    made = tour("POST /v1/privacy/requests", json={"kind": "export", "subject": f"ida@{tour.word}.example"}).json()
    export_person(tour.doors, tour.tenant.id, made["id"])
    tour("GET /v1/privacy/requests")
    tour("GET /v1/privacy/requests/{request_id}", request_id=made["id"])
    tour("GET /v1/privacy/requests/{request_id}/archive", request_id=made["id"])


def _vendor(tour: Tour) -> None:
    """A delivery of a vendor, signed with the tenant's secret."""
    store_connection(tour.doors, tour.tenant.id, "stripe", "sk_test_x")
    key = enable_webhook(tour.doors, tour.tenant.id, "stripe", (f"whsec_{tour.word}",))
    body = json.dumps(EVENT).encode()
    stamp = int(time.time())
    signed = f"t={stamp},v1={sign_stripe(f'whsec_{tour.word}', body, stamp)}"
    tour("POST /v1/webhooks/{vendor}/{connection}", vendor="stripe", connection=key,
         headers={"stripe-signature": signed}, content=body)  # fmt: skip

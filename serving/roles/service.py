"""What administrators do with roles: nobody puts into a role what he does not hold."""

from collections.abc import Iterable
from typing import Any

from psycopg import errors as pg_errors
from sqlalchemy.exc import DBAPIError, IntegrityError

from serving.auth.repository import AuthRepository
from serving.auth.subject import Subject
from serving.auth.user_repository import UserRepository
from serving.kit.databases import Databases
from serving.kit.problems import Problem, not_found, unusable_field
from serving.roles.schemas import Role, RoleCreate, RoleList, RoleUpdate
from tekup.directory.roles import BUILT_IN, RoleDefinition, beyond, check_role_name, check_scopes
from tekup.errors import BadInput


async def list_roles(databases: Databases, subject: Subject) -> RoleList:
    """The built-in roles and the tenant's own."""
    async with databases.operational(subject.context) as session:
        own = await UserRepository(session, subject.tenant_id).own_roles()
    return RoleList(items=[_role(one) for one in (*BUILT_IN.values(), *own)])


async def create_role(databases: Databases, subject: Subject, body: RoleCreate, request_id: str) -> Role:
    """Make a role of the tenant's own."""
    try:
        check_role_name(body.name)
    except BadInput as error:
        raise unusable_field("/name", f"{error.what}; {error.hint}") from None
    scopes = _scopes(subject, body.name, body.scopes)
    try:
        async with databases.operational(subject.context, read_only=False) as session:
            await UserRepository(session, subject.tenant_id).put_role(body.name, body.description, scopes, is_new=True)
            await _audit(session, subject, "role.create", body.name, request_id, scopes=sorted(scopes))
    except IntegrityError:
        raise Problem(409, "role-exists", "the tenant has a role of this name") from None
    return _role(RoleDefinition(body.name, body.description, scopes, False))


async def change_role(databases: Databases, subject: Subject, name: str, body: RoleUpdate, request_id: str) -> Role:
    """Change what a role of the tenant's own opens, for everybody who has it and at once."""
    _refuse_built_in(name)
    scopes = _scopes(subject, name, body.scopes)
    async with databases.operational(subject.context, read_only=False) as session:
        repository = UserRepository(session, subject.tenant_id)
        await _find_within_reach(repository, subject, name)
        if not await repository.put_role(name, body.description, scopes, is_new=False):
            raise not_found("role")
        await _audit(session, subject, "role.change", name, request_id, scopes=sorted(scopes))
    return _role(RoleDefinition(name, body.description, scopes, False))


async def delete_role(databases: Databases, subject: Subject, name: str, request_id: str) -> None:
    """Delete a role of the tenant's own that nobody has."""
    _refuse_built_in(name)
    try:
        async with databases.operational(subject.context, read_only=False) as session:
            repository = UserRepository(session, subject.tenant_id)
            await _find_within_reach(repository, subject, name)
            if not await repository.delete_role(name):
                raise not_found("role")
            await _audit(session, subject, "role.delete", name, request_id)
    except DBAPIError as error:
        if isinstance(error.orig, pg_errors.ForeignKeyViolation):
            raise Problem(
                409, "role-in-use", "there are users with this role", hint="give them another role first"
            ) from None
        raise


def _scopes(subject: Subject, name: str, wanted: Iterable[str]) -> frozenset[str]:
    scopes = frozenset(wanted)
    try:
        check_scopes(scopes)
    except BadInput as error:
        raise unusable_field("/scopes", f"{error.what}; {error.hint}") from None
    _check_reach(subject, RoleDefinition(name, "", scopes, False))
    return scopes


async def _find_within_reach(repository: UserRepository, subject: Subject, name: str) -> None:
    role = await repository.find_role(name)
    if role is None:
        raise not_found("role")
    _check_reach(subject, role)


def _check_reach(subject: Subject, role: RoleDefinition) -> None:
    reason = beyond(subject.role, subject.scopes, role)
    if reason is not None:
        raise Problem(403, "beyond-your-rights", reason, hint="ask somebody who may")


def _refuse_built_in(name: str) -> None:
    if name in BUILT_IN:
        raise Problem(409, "role-built-in", "a built-in role can't be changed", hint="make one of your own")


async def _audit(session: Any, subject: Subject, action: str, name: str, request_id: str, **details: Any) -> None:
    await AuthRepository(session, subject.tenant_id).write_audit(
        subject.kind, subject.id, action, entity_type="role", entity_id=name, details=details, request_id=request_id
    )


def _role(one: RoleDefinition) -> Role:
    return Role(name=one.name, description=one.description, scopes=sorted(one.scopes), is_built_in=one.is_built_in)

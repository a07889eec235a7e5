"""Setting passwords, whoever asks: by the person, by a link, at an invitation. The rules are the directory's."""

import asyncio

from serving.auth.repository import Member
from serving.kit.problems import Problem
from tekup.directory.passwords import check_new_password, hash_password
from tekup.errors import BadInput
from tekup.settings import Settings


async def hash_new_password(settings: Settings, member: Member, password: str, pointer: str = "/password") -> str:
    """The hash of a password that this user may choose.

    Raises:
        Problem: 422 saying why it can't be used.
    """
    context = (member.tenant_name, member.tenant_domain, member.email, member.full_name)
    try:
        await asyncio.to_thread(check_new_password, password, context, settings.breached_passwords)
    except BadInput as error:
        raise Problem(
            422,
            "unusable-input",
            "the request can't be used",
            hint=error.hint,
            errors=[{"pointer": pointer, "detail": error.what}],
        ) from None
    return await asyncio.to_thread(hash_password, password)

"""`tekup connect`: store a vendor credential, sealed, and try it."""

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from pipelines.resources.platform import Platform
    from tekup.directory.connections import Connection


@click.command()
@click.argument("tenant")
@click.argument("vendor", type=click.Choice(["hubspot", "stripe", "kit", "openai"]))
@click.option("--credential", help="The vendor's token or key; asked for, unseen, where it is not given.")
@click.option("--check", is_flag=True, help="Call the vendor and say what the credential may read.")
def connect(tenant: str, vendor: str, credential: str | None, check: bool) -> None:
    """Store the credential of VENDOR for TENANT; with --check alone, try the stored one."""
    from pipelines.components.vendor_pull import opened
    from pipelines.resources.platform import Platform
    from tekup.directory.connections import store_connection
    from tekup.settings import current_settings

    platform = Platform(current_settings())
    found = platform.tenant(tenant)
    if credential or not (check and platform.connection(found, vendor)):
        secret = credential or click.prompt(f"{vendor} credential", hide_input=True)
        store_connection(platform.doors, found.id, vendor, secret)
        click.echo(f"{vendor} of {found.name}: stored, sealed")
    if not check:
        return
    connection = platform.connection(found, vendor)
    assert connection is not None
    if vendor == "openai":
        told = _check_openai(platform, connection)
    else:
        with opened(platform, connection) as source:
            told = source.check()
    for what, answer in told.items():
        click.echo(f"{what}: {answer}")


def _check_openai(platform: "Platform", connection: "Connection") -> dict[str, str]:
    """OpenAI is asked, not pulled: it is no source."""
    from integrations.openai.client import OpenaiClient
    from tekup.directory.connections import open_credential, record_state
    from tekup.errors import CredentialRefused, VendorError

    client = OpenaiClient(open_credential(platform.doors, connection), platform.api_base(connection))
    try:
        told = client.check()
    except VendorError as error:
        status = "refused" if isinstance(error, CredentialRefused) else "failing"
        record_state(platform.doors, connection.tenant_id, connection.vendor, status, error.what)
        raise
    finally:
        client.close()
    record_state(platform.doors, connection.tenant_id, connection.vendor, "working", None)
    return told

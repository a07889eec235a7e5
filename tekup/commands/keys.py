"""`tekup keys`: the master key and the tenants' data keys, shown and rotated."""

from pathlib import Path

import click

from tekup.commands.tenant import prepared_doors
from tekup.crypto.keys import FILE, load_master_key, new_key, read_key_file, write_key_file
from tekup.crypto.rotation import key_state, rotate_data_keys, rotate_master_key
from tekup.db import Doors
from tekup.directory.signing_keys import PUBLISHED_BEFORE, reseal_signing_keys, rotate_signing_key
from tekup.directory.tenants import find_tenant, list_tenants
from tekup.errors import BadInput
from tekup.settings import current_settings


@click.group()
def keys() -> None:
    """Show and rotate the keys that seal what must stay secret."""


@keys.command()
def status() -> None:
    """List each tenant's newest data key, sealed values by the key that sealed them, and keys of old master keys."""
    doors = prepared_doors()
    click.echo(f"master key {doors.master_key.name}, and {len(doors.master_key.previous)} before it")
    for tenant in list_tenants(doors):
        state = key_state(doors, tenant.id)
        values = ", ".join(f"{count} by key {version}" for version, count in sorted(state.values.items())) or "none"
        click.echo(
            f"{tenant.domain:<28} key {state.newest}  values: {values}  keys of an old master key: {state.old_wraps}"
        )


@keys.command()
@click.option("--tenant", help="Only this tenant's data keys.")
@click.option("--master", is_flag=True, help="The master key instead of data keys.")
@click.option("--signing", is_flag=True, help="The key that signs access tokens instead; nobody is signed out.")
def rotate(tenant: str | None, master: bool, signing: bool) -> None:
    """Make new keys and seal everything anew, while everything runs on. Cut short, run it again: it goes on."""
    if sum((tenant is not None, master, signing)) > 1:
        raise BadInput("there is one master key and one signing key for all tenants", hint="give one option alone")
    if master:
        _rotate_master()
        return
    if signing:
        kid = rotate_signing_key(prepared_doors())
        click.echo(
            f"key {kid} signs access tokens in {PUBLISHED_BEFORE.seconds} seconds; those of the old one stay good"
        )
        return
    doors = prepared_doors()
    tenants = [find_tenant(doors, tenant)] if tenant else list_tenants(doors)
    done = rotate_data_keys(doors, [one.id for one in tenants], note=click.echo)
    click.echo(f"{done} values are sealed anew")


def _rotate_master() -> None:
    settings = current_settings()
    path = settings.home_path / FILE
    is_file = settings.master_key is None and settings.master_key_source == "local"
    if is_file:
        load_master_key(settings)  # makes the first one
        known = read_key_file(path)
        if len(known) == 1:
            # both lie in the file until nothing needs the old one any more
            write_key_file(path, [new_key(), *known], replace=True)
    doors = prepared_doors()
    if not doors.master_key.previous:
        raise BadInput(
            "the master key comes from the environment, and no new one is there",
            hint="set TEKUP_MASTER_KEY to the new key, a comma and the present one everywhere; then run this again",
        )
    done = rotate_master_key(doors, [one.id for one in list_tenants(doors)], note=click.echo)
    signing = reseal_signing_keys(doors)
    click.echo(f"{done} data keys and {signing} signing keys are closed by the master key {doors.master_key.name}")
    if any(key_state(doors, one.id).old_wraps for one in list_tenants(doors)):
        click.echo("keys of the old one were made meanwhile: run this again")
    elif is_file:
        _forget_old(doors, path)
    else:
        click.echo("the old one may go from TEKUP_MASTER_KEY, once no process knows it alone")


def _forget_old(doors: Doors, path: Path) -> None:
    write_key_file(path, read_key_file(path)[:1], replace=True)
    click.echo(f"the old master key is gone from {path}; restart what runs")


@keys.command()
@click.argument("source")
def wrap(source: str) -> None:
    """Close the master key's file by SOURCE, such as aws-kms://alias/tekup; then set TEKUP_MASTER_KEY_SOURCE to it."""
    from tekup.crypto.sources import open_source

    settings = current_settings()
    path = settings.home_path / FILE
    if settings.master_key is not None or settings.master_key_source != "local":
        raise BadInput("there is no open key file to close", hint="unset TEKUP_MASTER_KEY and TEKUP_MASTER_KEY_SOURCE")
    load_master_key(settings)
    closed = open_source(source).wrap("\n".join(read_key_file(path)))
    write_key_file(path, [closed.decode()], replace=True)
    click.echo(f"{path} opens by {source} alone: set TEKUP_MASTER_KEY_SOURCE={source}")

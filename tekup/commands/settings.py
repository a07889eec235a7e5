"""`tekup settings`: every setting with its meaning and where its value comes from."""

import os

import click

from tekup.settings import Settings, read_settings


def describe_settings() -> list[tuple[str, str, str]]:
    """Name, default and description of each setting, in the order of the code."""
    return [
        (
            f"TEKUP_{name.upper()}",
            "unset" if field.default is None else str(field.default),
            field.description or "",
        )
        for name, field in Settings.model_fields.items()
    ]


@click.command()
@click.option("--markdown", is_flag=True, help="Print docs/settings.md.")
def settings(markdown: bool) -> None:
    """List the settings."""
    if markdown:
        click.echo(render_markdown(), nl=False)
        return
    read_settings()
    for name, default, description in describe_settings():
        origin = "set in the environment" if name in os.environ else f"default: {default}"
        click.echo(f"{name} ({origin})\n    {description}")


def render_markdown() -> str:
    """The settings as the page docs/settings.md."""
    lines = [
        "# Settings",
        "",
        "Read from the environment at start. This page is generated from the code: `tekup settings --markdown`.",
        "",
        "| setting | default | meaning |",
        "| --- | --- | --- |",
    ]
    lines += [f"| `{name}` | {default} | {meaning} |" for name, default, meaning in describe_settings()]
    return "\n".join(lines) + "\n"

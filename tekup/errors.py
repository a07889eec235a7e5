"""Errors that a person can mend: what is wrong and what to do. Programming errors are not wrapped here."""


class TekupError(Exception):
    """An expected fault, shown to the user as one clear line.

    ``what`` says what is wrong, ``hint`` what to do about it. ``exit_code`` is the process status that the
    command line returns for it.
    """

    exit_code = 1

    def __init__(self, what: str, *, hint: str | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.what} ({self.hint})" if self.hint else self.what


class SettingError(TekupError):
    """A setting is missing, malformed or contradicts another."""

    exit_code = 2


class DatabaseUnavailable(TekupError):
    """A database can't be reached, started or signed in to."""

    exit_code = 3


class TenantNotFound(TekupError):
    """No tenant has this id, name or domain."""

    exit_code = 4


class VendorError(TekupError):
    """A vendor refused, failed or answered something that can't be read."""

    exit_code = 5


class CredentialRefused(VendorError):
    """The vendor refused the stored credential: a configuration error, never retried."""


class PermissionLacking(CredentialRefused):
    """The credential is good but may not read one thing; whatever else it may read goes on."""


class BadInput(TekupError):
    """A file, row or argument that the user supplied can't be used as it is."""

    exit_code = 6

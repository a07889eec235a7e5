"""Where a registry keeps its files: a folder, or an object store. What the files mean is not known here.

Both give the same two promises. A *folder* of files appears whole or not at all: in the file system by one rename,
in an object store by its manifest, which is written last and read first. A *page* (one small file that changes) is
swapped in one step from the text that was read: under a lock in the file system, by a conditional put elsewhere.
"""

import fcntl
import os
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from uuid import uuid4

from scoring import storage
from tekup.errors import BadInput, TekupError

if TYPE_CHECKING:
    from obstore.store import ObjectStore as Bucket

TRIES = 40


class StoreBusy(TekupError):
    """Others kept changing the page; nothing was written."""


class Store(Protocol):
    """What a registry asks of a store; paths are relative and have forward slashes."""

    def folders(self, under: str) -> list[str]:
        """Names of the whole folders there, sorted."""

    def put_folder(self, path: str, files: Mapping[str, str]) -> None:
        """Store files with their manifest; refuses a path that is taken."""

    def get_folder(self, path: str, *, optional: str, wanted: Iterable[str] | None = None) -> dict[str, str]:
        """The files of a folder, checked as `storage.read_files` tells."""

    def drop_folder(self, path: str) -> None:
        """Remove a folder; from its first step on it is no whole folder any more."""

    def drop_file(self, path: str) -> bool:
        """Remove one file; False where there was none."""

    def read(self, path: str) -> bytes | None:
        """One file's bytes, None where there is none."""

    def amend(self, path: str, change: Callable[[bytes | None], bytes]) -> None:
        """Swap a page for what ``change`` makes of it, as if nobody else were writing. ``change`` may run again."""

    def stamp(self, path: str) -> str | None:
        """Something that differs whenever the page does; None where there is none."""


class FolderStore:
    """A folder of the file system, which need not exist yet."""

    def __init__(self, root: str | Path) -> None:
        self.root = Path(root)

    def folders(self, under: str) -> list[str]:
        """Names of the whole folders there, sorted."""
        folder = self.root / under
        return sorted(path.name for path in folder.iterdir() if path.name[0] != ".") if folder.is_dir() else []

    def put_folder(self, path: str, files: Mapping[str, str]) -> None:
        """Store files with their manifest; refuses a path that is taken."""
        storage.write(self.root / path, files)

    def get_folder(self, path: str, *, optional: str, wanted: Iterable[str] | None = None) -> dict[str, str]:
        """The files of a folder, checked."""
        return storage.read(self.root / path, optional=optional, wanted=wanted)

    def drop_folder(self, path: str) -> None:
        """Rename it out of sight, then remove it."""
        folder = self.root / path
        hidden = folder.with_name(f".{folder.name}.{uuid4().hex}")
        try:
            folder.rename(hidden)
        except FileNotFoundError:
            return
        shutil.rmtree(hidden)

    def drop_file(self, path: str) -> bool:
        """Remove one file; False where there was none."""
        try:
            (self.root / path).unlink()
        except FileNotFoundError:
            return False
        return True

    def read(self, path: str) -> bytes | None:
        """One file's bytes, None where there is none."""
        try:
            return (self.root / path).read_bytes()
        except FileNotFoundError:
            return None

    def amend(self, path: str, change: Callable[[bytes | None], bytes]) -> None:
        """Swap a page under the store's lock."""
        with self._lock():
            storage.replace_file(self.root / path, change(self.read(path)))

    def stamp(self, path: str) -> str | None:
        """Time of change and inode: a swapped page has another inode."""
        try:
            status = (self.root / path).stat()
        except OSError:
            return None
        return f"{status.st_mtime_ns}:{status.st_ino}"

    @contextmanager
    def _lock(self) -> Iterator[None]:
        self.root.mkdir(parents=True, exist_ok=True)
        handle = os.open(self.root / ".lock", os.O_CREAT | os.O_RDWR, 0o644)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)


class ObjectStore:
    """A prefix of an object store that knows conditional puts (S3 since 2024, GCS, Azure, MinIO, R2)."""

    def __init__(self, bucket: "Bucket") -> None:
        self.bucket = bucket

    def folders(self, under: str) -> list[str]:
        """Names of the folders whose manifest is there: the others are being written, or were never finished."""
        import obstore

        prefixes = obstore.list_with_delimiter(self.bucket, f"{under}/")["common_prefixes"]
        names = sorted(prefix.rstrip("/").rpartition("/")[2] for prefix in prefixes)
        return [name for name in names if self.stamp(f"{under}/{name}/{storage.MANIFEST}") is not None]

    def put_folder(self, path: str, files: Mapping[str, str]) -> None:
        """Put the files, then the manifest, which only the first of two writers may create."""
        import obstore
        from obstore.exceptions import AlreadyExistsError

        taken = BadInput(f"{path} exists already", hint="a saved model is never overwritten")
        if self.read(f"{path}/{storage.MANIFEST}") is not None:
            raise taken
        for name, text in files.items():
            obstore.put(self.bucket, f"{path}/{name}", text.encode())
        try:
            obstore.put(self.bucket, f"{path}/{storage.MANIFEST}", storage.manifest_of(files), mode="create")
        except AlreadyExistsError:
            raise taken from None

    def get_folder(self, path: str, *, optional: str, wanted: Iterable[str] | None = None) -> dict[str, str]:
        """The files of a folder, checked."""
        return storage.read_files(lambda name: self.read(f"{path}/{name}"), path, optional=optional, wanted=wanted)

    def drop_folder(self, path: str) -> None:
        """Delete the manifest, then the rest."""
        import obstore

        self.drop_file(f"{path}/{storage.MANIFEST}")
        rest = [item["path"] for page in obstore.list(self.bucket, f"{path}/") for item in page]
        if rest:
            obstore.delete(self.bucket, rest)

    def drop_file(self, path: str) -> bool:
        """Remove one object; False where there was none."""
        import obstore

        if self.stamp(path) is None:
            return False
        obstore.delete(self.bucket, path)
        return True

    def read(self, path: str) -> bytes | None:
        """One object's bytes, None where there is none."""
        return self._fetch(path)[0]

    def amend(self, path: str, change: Callable[[bytes | None], bytes]) -> None:
        """Read, change, and put on condition that nobody put in between; else once more."""
        import obstore
        from obstore.exceptions import AlreadyExistsError, PreconditionError

        for turn in range(TRIES):
            old, tag = self._fetch(path)
            new = change(old)
            try:
                if tag is None:
                    obstore.put(self.bucket, path, new, mode="create")
                else:
                    obstore.put(self.bucket, path, new, mode={"e_tag": tag})
            except (AlreadyExistsError, PreconditionError):
                time.sleep(0.01 * (turn + 1))
                continue
            return
        raise StoreBusy(f"{path} changed {TRIES} times while it was being changed", hint="try again in a moment")

    def stamp(self, path: str) -> str | None:
        """The object's entity tag."""
        import obstore

        try:
            return obstore.head(self.bucket, path)["e_tag"]
        except FileNotFoundError:
            return None

    def _fetch(self, path: str) -> tuple[bytes | None, str | None]:
        import obstore

        try:
            found = obstore.get(self.bucket, path)
            return bytes(found.bytes()), found.meta["e_tag"]
        except FileNotFoundError:
            return None, None


def open_store(location: str | Path) -> Store:
    """The store at a folder's path or at an object store's URL (s3://, gs://, az://).

    The URL's credentials, region and endpoint come from the environment (``AWS_ACCESS_KEY_ID``, ``AWS_ENDPOINT_URL``,
    ``AWS_ALLOW_HTTP`` and their like), as every tool of that store reads them.
    """
    if "://" not in str(location):
        return FolderStore(location)
    from obstore.store import from_url

    return ObjectStore(from_url(str(location)))

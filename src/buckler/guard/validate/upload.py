"""Files that are sent: judged by their content, stored under a name of our own.

Threat: a file that runs where it is stored or shown, one that fills the disk, a name that leads out of the
folder (CWE-434, CWE-22, CWE-400, CWE-646; ASVS 5.0 V5.2.1, V5.2.2, V5.3.1, V5.3.2). Archives are not unpacked.
"""

# No postponed annotations here: FastAPI reads those of __call__ from the object, which has no globals.

import hashlib
import os
import secrets
import stat
import unicodedata
from codecs import getincrementaldecoder
from collections.abc import AsyncIterable, AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import anyio
import anyio.to_thread
from fastapi import UploadFile
from starlette.exceptions import HTTPException

from buckler.core.errors import BucklerError
from buckler.guard.options import GuardError, count, size
from buckler.guard.validate import filename, kinds
from buckler.guard.validate.path import PRIVATE

CHUNK: Final = 65_536
_EDGE: Final = 131_072
"""Bytes at either end that are looked into."""
_WORDS: Final = {
    "count": (422, "Too many files"),
    "name": (422, "The name of the file is not allowed"),
    "empty": (422, "The file is empty"),
    "size": (413, "The file is too large"),
    "ending": (415, "The type of the file is not allowed"),
    "declared": (415, "The file is not what its name and type say"),
    "content": (415, "The file is not what its name and type say"),
    "polyglot": (415, "The file is of more than one type"),
}


class UploadRefused(BucklerError, HTTPException):
    """A file is not taken; answered with 413, 415 or 422.

    Attributes:
        reason: ``count``, ``name``, ``empty``, ``size``, ``ending``, ``declared``, ``content`` or ``polyglot``.
    """

    code = "guard.upload"

    def __init__(self, reason: str) -> None:
        status, message = _WORDS[reason]
        HTTPException.__init__(self, status, message)
        self.message = message
        self.hint = ""
        self.reason = reason


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file that was taken.

    Attributes:
        path: Where it is; its name is random and has no ending.
        original: The name it was sent with, safe to show and to offer for saving. Never a path.
        type: Its media type, by content.
        size: Bytes.
        sha256: Of the content, in hexadecimal.
    """

    path: Path
    original: str
    type: str
    size: int
    sha256: str


class Upload:
    """Takes files of declared types into one folder.

    As a dependency: ``picture: Annotated[StoredFile, Depends(Upload("pictures", types={"image/png"}))]`` reads the
    form's field ``file``; ``Depends(upload.many)`` reads ``files``. Or by hand: ``await upload.store(file)``.
    Before that the server has the whole form on disk: bound it with ``Guard(upload=...)``.

    Args:
        folder: Where they are stored, with mode 0600; it has to exist, outside of what is served.
        types: Media types of :data:`buckler.guard.validate.kinds.TYPES`, or a mapping to
            :class:`~buckler.guard.validate.kinds.FileType` for others. SVG and HTML only where named.
        max_bytes: Of one file; bytes or ``"5 MB"``.
        max_files: Of one form.

    Raises:
        GuardError: An option is none, or puremagic is not installed.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        *,
        types: Collection[str] | Mapping[str, kinds.FileType],
        max_bytes: int | str = "5 MB",
        max_files: int = 10,
    ) -> None:
        kinds.sniffer()
        self.folder = Path(folder).resolve()
        if not self.folder.is_dir():
            raise GuardError(f"Upload: {folder!s} is no folder", hint="make it at start-up")
        if os.name == "posix" and self.folder.stat().st_mode & stat.S_IWOTH:
            raise GuardError(f"Upload: everybody may write to {folder!s}", hint="chmod o-w")
        if isinstance(types, str) or not types:
            raise GuardError("types is a list of media types: {'image/png'}")
        self.types: dict[str, kinds.FileType] = {}
        if isinstance(types, Mapping):
            self.types.update(types)
        else:
            unknown = sorted(set(types) - kinds.TYPES.keys())
            if unknown:
                raise GuardError(
                    f"types: {', '.join(unknown)} cannot be told by content",
                    hint=f"one of {', '.join(kinds.TYPES)}",
                )
            self.types.update((name, kinds.TYPES[name]) for name in types)
        self.max_bytes = size(max_bytes, "max_bytes")
        self.max_files = count(max_files, "max_files")

    async def __call__(self, file: UploadFile) -> StoredFile:
        """One file, as a dependency of FastAPI."""
        return await self.store(file)

    async def many(self, files: list[UploadFile]) -> list[StoredFile]:
        """Several, as a dependency of FastAPI."""
        return await self.store_all(files)

    async def store(self, file: UploadFile) -> StoredFile:
        """Take one file.

        Raises:
            UploadRefused: It is not taken; nothing is left of it.
        """
        if file.size is not None and file.size > self.max_bytes:
            raise UploadRefused("size")
        return await self.store_stream(_chunks(file), file.filename, file.content_type)

    async def store_all(self, files: Sequence[UploadFile]) -> list[StoredFile]:
        """Take several files, or none of them.

        Raises:
            UploadRefused: One is not taken, or there are too many; nothing is left of any.
        """
        if len(files) > self.max_files:
            raise UploadRefused("count")
        stored: list[StoredFile] = []
        try:
            for file in files:
                stored.append(await self.store(file))
        except BaseException:
            with anyio.CancelScope(shield=True):
                for done in stored:
                    await anyio.to_thread.run_sync(_remove, done.path)
            raise
        return stored

    async def store_stream(
        self, chunks: AsyncIterable[bytes], name: str | None, content_type: str | None = None
    ) -> StoredFile:
        """Take one file as it comes in, e.g. from ``request.stream()``.

        Args:
            chunks: Its bytes.
            name: As it was sent.
            content_type: As it was sent; nothing or ``application/octet-stream`` where unknown.

        Raises:
            UploadRefused: It is not taken; nothing is left of it.
        """
        original = unicodedata.normalize("NFC", name or "")
        if len(original) > 255 or filename.problem(original):
            raise UploadRefused("name")
        media_type = self._by_name(original, kinds.declared(content_type))
        kind = self.types[media_type]
        final = self.folder / secrets.token_hex(16)
        part = final.with_suffix(".part")
        run = anyio.to_thread.run_sync
        sink = await run(_Sink, part, kind.shape in ("text", "markup"))
        try:
            async for chunk in chunks:
                if sink.size + len(chunk) > self.max_bytes:
                    raise UploadRefused("size")
                await run(sink.write, chunk)
            await run(partial(sink.finish, media_type, kind, final))
        except BaseException:
            # Also when the caller goes away: no half of a file stays.
            with anyio.CancelScope(shield=True):
                await run(sink.drop)
            raise
        return StoredFile(final, original, media_type, sink.size, sink.digest.hexdigest())

    def _by_name(self, original: str, said: str) -> str:
        ending = os.path.splitext(original)[1].lower()
        fitting = [name for name, kind in self.types.items() if ending in kind.endings]
        if not fitting:
            raise UploadRefused("ending")
        if not said:
            return fitting[0]
        if said not in fitting:
            raise UploadRefused("declared")
        return said


class _Sink:
    """The file that is being written; every method blocks and is called in a thread."""

    def __init__(self, path: Path, text: bool) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
        self.path = path
        self.file = os.fdopen(os.open(path, flags | getattr(os, "O_BINARY", 0), PRIVATE), "wb")
        self.size = 0
        self.digest = hashlib.sha256()
        self.head = b""
        self.tail = b""
        self.decoder = getincrementaldecoder("utf-8")() if text else None

    def write(self, chunk: bytes) -> None:
        if self.decoder is not None:
            self._text(chunk, final=False)
        self.file.write(chunk)
        self.size += len(chunk)
        self.digest.update(chunk)
        if len(self.head) < _EDGE:
            self.head += chunk[: _EDGE - len(self.head)]
        self.tail = (self.tail + chunk)[-_EDGE:]

    def finish(self, media_type: str, kind: kinds.FileType, final: Path) -> None:
        if not self.size:
            raise UploadRefused("empty")
        if self.decoder is not None:
            self._text(b"", final=True)
        wrong = kinds.problem(media_type, kind, self.head, self.tail)
        if wrong:
            raise UploadRefused(wrong)
        self.file.flush()
        os.fsync(self.file.fileno())
        self.file.close()
        self.path.rename(final)

    def drop(self) -> None:
        self.file.close()
        _remove(self.path)

    def _text(self, chunk: bytes, *, final: bool) -> None:
        try:
            text = self.decoder.decode(chunk, final) if self.decoder else ""
        except UnicodeDecodeError as error:
            raise UploadRefused("content") from error
        if "\x00" in text:
            raise UploadRefused("content")


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)


async def _chunks(file: UploadFile) -> AsyncIterator[bytes]:
    await file.seek(0)
    while chunk := await file.read(CHUNK):
        yield chunk

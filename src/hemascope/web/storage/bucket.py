"""Files in a bucket of an S3 server. Only loaded where HEMASCOPE_FILES_URL is set; needs the extra [s3].

boto3 finds the credentials where AWS' own programs do: AWS_ACCESS_KEY_ID and so on, a profile, or the machine's role.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from boto3.exceptions import Boto3Error
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from django.core.files import File
from django.utils.translation import gettext as _
from storages.backends.s3 import S3Storage

from hemascope.errors import FileStoreError

_IN_MEMORY_BYTES = 32 * 1024**2  # of a file that is read; a larger one goes through a temporary file


class BucketStorage(S3Storage):
    """Every method raises FileStoreError where the server does not answer or refuses."""

    def __init__(self, *, bucket_name: str, endpoint_url: str | None, **options: Any) -> None:
        config = Config(
            connect_timeout=5,
            retries={"max_attempts": 3, "mode": "standard"},
            signature_version="s3v4",
            s3={"addressing_style": "path" if endpoint_url else "auto"},  # other servers have no name for each bucket
            request_checksum_calculation="when_required",  # nor do all know the newer checksums
        )
        super().__init__(
            bucket_name=bucket_name,
            endpoint_url=endpoint_url,
            client_config=config,
            max_memory_size=_IN_MEMORY_BYTES,
            **options,
        )

    def _open(self, name: str, mode: str = "rb") -> "File[Any]":
        """All of it is fetched at once, so that reading it later cannot fail. Raises FileNotFoundError."""
        with self._errors():
            opened: File[Any] = super()._open(name, mode)
            opened.file  # noqa: B018 - the property fetches it
            return opened

    def _save(self, name: str, content: "File[Any]") -> str:
        with self._errors():
            return str(super()._save(name, content))

    def delete(self, name: str) -> None:
        with self._errors():
            super().delete(name)

    def exists(self, name: str) -> bool:
        with self._errors():
            return bool(super().exists(name))

    def listdir(self, name: str) -> tuple[list[str], list[str]]:
        with self._errors():
            folders, files = super().listdir(name)
            return folders, files

    def size(self, name: str) -> int:
        with self._errors():
            return int(super().size(name))

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except (BotoCoreError, ClientError, Boto3Error) as error:
            place = _(" at %(address)s") % {"address": self.endpoint_url} if self.endpoint_url else ""
            raise FileStoreError(
                _(
                    "the bucket '%(name)s'%(place)s does not do what it is asked to (%(why)s); check "
                    "HEMASCOPE_FILES_URL, the credentials in the environment and what they may do, and the server"
                )
                % {"name": self.bucket_name, "place": place, "why": error}
            ) from error

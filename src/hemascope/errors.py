"""Every error Hemascope raises on purpose.

    HemascopeError
    +-- InputError                       the caller's data
    |   +-- InputNotFoundError           a path that does not exist or holds no image
    |   +-- InputUnreadableError         a path that exists but may not be read
    |   +-- ImageError                   one image file
    |   |   +-- ImageEmptyError          zero bytes
    |   |   +-- ImageTypeUnsupportedError  content is no supported image, whatever the name says
    |   |   +-- ImageTruncatedError      content ends early or is damaged
    |   |   +-- ImageTooLargeError       above the byte or pixel limit
    |   |   +-- ImageTooSmallError       fewer pixels than a cell needs
    |   +-- ArchiveError                 a ZIP archive that is damaged, locked or unpacks to too much
    |   +-- TooManyFilesError            more files than one request or one case may have
    |   +-- CellClassUnknownError        a class id that the taxonomy does not have
    |   +-- CountsError                  a table of cell counts
    |   +-- DatasetError                 a dataset folder, manifest or annotation
    |   |   +-- AnnotationConflictError  a label file that somebody else changed meanwhile
    |   +-- RecipeError                  a training or evaluation recipe
    |   +-- SynthSettingsError           settings no smear can be painted from
    |   +-- SheetError                   a table of patients that cannot be read as a whole
    |   |   +-- SheetTooLargeError       above the byte or row limit
    +-- DownloadError                    a file that cannot be fetched, or is not the one that was expected
    +-- OutputError                      a place that cannot be written (full disk, read-only)
    +-- FileStoreError                   the bucket of uploaded files does not answer or refuses
    +-- BundleError                      a model bundle
    |   +-- BundleNotFoundError
    |   +-- ManifestSchemaError          unknown schema or invalid manifest
    |   +-- BundleHashMismatchError      the .onnx is not the file the manifest names
    +-- ModelError                       the model registry, checkpoints, pretrained weights
    +-- ExportParityError                an exported model does not repeat its original
    +-- DependencyMissingError           an optional extra is not installed
    +-- SettingsError                    settings the workstation must not or cannot start with
    +-- ConflictError                    what is asked does not fit the state things are in
    |   +-- StaleVersionError            somebody else changed it since the caller read it
    |   +-- SigningRefusedError          a report that must not be signed yet; `detail` lists the reasons
    |   +-- ReportAlteredError           a signed report is not what was signed
    +-- SignInError                      who the caller is could not be settled
    |   +-- CredentialsError             unknown user name or wrong password
    |   +-- CaptchaError                 the picture's text is needed, or was wrong
    |   +-- ApprovalPendingError         registered, but not yet approved
    +-- JobError                         background work
    |   +-- JobLostError                 another worker took the job over: nothing may be written any more
    |   +-- JobCancelledError            somebody asked for it to stop
    |   +-- QueueUnreachableError        the broker does not answer
    +-- AuditChainError                  the audit trail was altered
    +-- BackupError                      a backup is damaged, altered, or does not fit

Each leaf has a stable `code` that scripts may rely on; the text names the value, what was expected and the fix.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType


class HemascopeError(Exception):
    """Root of the tree; `code` is stable across versions, the text is not; `detail` is for programs."""

    code = "hemascope"
    detail: Mapping[str, object] = MappingProxyType({})


class InputError(HemascopeError):
    code = "input"


class InputNotFoundError(InputError):
    code = "input_not_found"


class InputUnreadableError(InputError):
    code = "input_unreadable"


class ImageError(InputError):
    code = "image"


class ImageEmptyError(ImageError):
    code = "image_empty"


class ImageTypeUnsupportedError(ImageError):
    code = "image_type_unsupported"


class ImageTruncatedError(ImageError):
    code = "image_truncated"


class ImageTooLargeError(ImageError):
    code = "image_too_large"


class ImageTooSmallError(ImageError):
    code = "image_too_small"


class ArchiveError(InputError):
    code = "archive"


class TooManyFilesError(InputError):
    code = "too_many_files"


class CellClassUnknownError(InputError):
    code = "cell_class_unknown"


class CountsError(InputError):
    code = "counts"


class DatasetError(InputError):
    code = "dataset"


class AnnotationConflictError(DatasetError):
    code = "annotation_conflict"


class RecipeError(InputError):
    code = "recipe"


class SynthSettingsError(InputError):
    code = "synth_settings"


class SheetError(InputError):
    code = "sheet"


class SheetTooLargeError(SheetError):
    code = "sheet_too_large"


class DownloadError(HemascopeError):
    code = "download"


class OutputError(HemascopeError):
    code = "output"


class FileStoreError(HemascopeError):
    code = "file_store"


class BundleError(HemascopeError):
    code = "bundle"


class BundleNotFoundError(BundleError):
    code = "bundle_not_found"


class ManifestSchemaError(BundleError):
    code = "manifest_schema"


class BundleHashMismatchError(BundleError):
    code = "bundle_hash_mismatch"


class ModelError(HemascopeError):
    code = "model"


class ExportParityError(HemascopeError):
    code = "export_parity"


class DependencyMissingError(HemascopeError):
    code = "dependency_missing"


class SettingsError(HemascopeError):
    code = "settings"


class ConflictError(HemascopeError):
    code = "conflict"


class StaleVersionError(ConflictError):
    code = "stale_version"


class SigningRefusedError(ConflictError):
    """`reasons`: at least one object with `reason` and `message`."""

    code = "signing_refused"

    def __init__(self, text: str, reasons: list[dict[str, object]]) -> None:
        super().__init__(text)
        self.detail = {"reasons": reasons}


class ReportAlteredError(ConflictError):
    code = "report_altered"


class SignInError(HemascopeError):
    code = "sign_in"


class CredentialsError(SignInError):
    code = "credentials"


class CaptchaError(SignInError):
    code = "captcha"


class ApprovalPendingError(SignInError):
    code = "approval_pending"


class JobError(HemascopeError):
    code = "job"


class JobLostError(JobError):
    code = "job_lost"


class JobCancelledError(JobError):
    code = "job_cancelled"


class QueueUnreachableError(JobError):
    code = "queue_unreachable"


class AuditChainError(HemascopeError):
    code = "audit_chain"


class BackupError(HemascopeError):
    code = "backup"


@contextmanager
def output_errors(place: Path) -> Iterator[None]:
    """Turns OSError (disk full, read-only, no permission) into OutputError that names the place."""
    try:
        yield
    except OSError as error:
        raise OutputError(
            f"cannot write to '{place}': {error.strerror or error}; check free space and permissions, or choose another"
        ) from error

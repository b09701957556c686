"""An input that could not be used: reported beside the results, never stops the others."""

from pydantic import BaseModel, ConfigDict

from hemascope.errors import HemascopeError


class InputProblem(BaseModel):
    """`code` is stable (see `hemascope.errors`); `message` is for people and may change."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    file: str
    code: str
    message: str

    @staticmethod
    def from_error(file: str, error: HemascopeError) -> "InputProblem":
        return InputProblem(file=file, code=error.code, message=str(error))

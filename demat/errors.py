"""The root of every exception that this project raises."""

__all__ = ["ConfigurationError", "DematError"]


class DematError(Exception):
    """Something went wrong in demat."""

    def __init__(self, message: str | None = None) -> None:
        """Use the class docstring when no message is given."""
        super().__init__(message or (self.__doc__ or "").strip())

    @property
    def in_log(self) -> str:
        """What a log may keep of it: no message, which may name people or files."""
        return type(self).__name__


class ConfigurationError(DematError):
    """The configuration does not allow this; a technician must correct it."""

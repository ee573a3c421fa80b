"""How a section says that it has nothing to say."""


class NotHere(Exception):  # noqa: N818 - no error: this node has nothing of the kind
    """There is nothing of the kind on this node: the section is `na`."""


class Trouble(Exception):  # noqa: N818 - reads as what a section runs into
    """The section could not be read, for a reason that is known by its code (driver-hung, denied, no-driver, ...)."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message

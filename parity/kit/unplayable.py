"""The reason why a scenario can't be played."""

from __future__ import annotations


class Unplayable(BaseException):
    """A scenario needs what a port lacks, or has a step that can't be done.

    It isn't an Exception, so that no hook swallows it.

    Attributes:
        step: The index of the step that can't be done, once it is known.
        is_lacking: True if the port lacks something, so that the scenario is skipped.
    """

    def __init__(self, message: str, step: int | None = None, *, is_lacking: bool = False) -> None:
        super().__init__(message)
        self.step = step
        self.is_lacking = is_lacking

    @classmethod
    def lacks(cls, what: str) -> Unplayable:
        """Return the reason to skip a scenario that needs this."""
        return cls(f"needs {what}", is_lacking=True)

    @classmethod
    def left_out(cls, what: str, method: str) -> Unplayable:
        """Return the reason to skip a scenario that needs a method that the job leaves out."""
        return cls.lacks(f"{what}, which hello names, but Job has no method {method}")

    def at(self, place: str, step: int) -> Unplayable:
        """Return it with the step that can't be done; a skip has no place."""
        if self.is_lacking:
            return self
        return Unplayable(f"{place}: {self}", step)

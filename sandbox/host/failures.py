"""What stops a host from starting."""


class IndexFailureError(Exception):
    """Say why the app cannot run; `problems` lists everything found, each in one sentence."""

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems

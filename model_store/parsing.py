"""What pydantic found wrong, as one line for people."""

from pydantic import ValidationError

__all__ = ["first_problem"]


def first_problem(error: ValidationError) -> str:
    """Return the first problem with its field, and how many more there are."""
    problems = error.errors(include_url=False, include_input=False, include_context=False)
    field = ".".join(str(part) for part in problems[0]["loc"])
    message = problems[0]["msg"].removeprefix("Value error, ")
    rest = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return f"{field}: {message}{rest}" if field else f"{message}{rest}"

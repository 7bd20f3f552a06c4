"""With whose credentials a problem was met: the Secret, and where rights are at issue user and project."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from onecloud_operator.api.reasons import Reason
from onecloud_operator.core.fast_dataclass import replace

if TYPE_CHECKING:
    from onecloud_operator.core.values import Problem
    from onecloud_operator.onecloud import Cloud

# What a Secret leads to, or may do there. All else is the object's, or the cloud's.
OF_THE_SECRET: Final = frozenset(
    {
        Reason.CREDENTIALS_REJECTED,
        Reason.ENDPOINT_NOT_ALLOWED,
        Reason.ENDPOINT_UNREACHABLE,
        Reason.FORBIDDEN,
    }
)
NAME_CHARACTERS: Final = 64  # of user and project, which the cloud chooses


def attributed(
    problem: Problem, secret: str, cloud: Cloud | None = None, *, provider: str | None = None
) -> Problem:
    """
    Return *problem* with the *secret*, which *cloud* was made of, named where it is to blame.

    *provider*: whose Secret it is. Who may use a provider need not know of its Secret and user.
    """
    if problem.reason not in OF_THE_SECRET:
        return problem
    if provider is not None:
        whose = f"OneCloudProvider {provider}, for its administrator"
        return replace(problem, message=f"{whose}: {problem.message}")
    who = f"Secret {secret}"
    account = cloud.account if cloud is not None and problem.reason is Reason.FORBIDDEN else None
    if account is not None:
        user, project = (name[:NAME_CHARACTERS] for name in account)
        who = f"{who} (user {user}, project {project})"
    return replace(problem, message=f"{who}: {problem.message}")


def concealed(problem: Problem, provider: str) -> Problem:
    """Return why a provider's sign-in fails, as its users may know it: the provider itself says more."""
    return replace(
        problem,
        message=f"The cloud of OneCloudProvider {provider} cannot be reached by its credentials "
        f"({problem.reason}). Have an administrator look at the provider's status.",
    )

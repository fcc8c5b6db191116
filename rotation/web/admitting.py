"""Who may: asked by the doors for every route, and by a handler whose one address does several things."""

from rotation.web.exchange import Request
from rotation.web.principal import Role
from rotation.web.refusals import lacks, takes_person


def require(request: Request, role: Role, *, by_person: bool = False) -> None:
    """
    Let only those through who may.

    Raises:
        NotAllowed: The role is missing, or it takes a person.
    """
    if by_person and request.principal.kind != "person":
        raise takes_person()
    if not request.principal.may(role):
        raise lacks(role)

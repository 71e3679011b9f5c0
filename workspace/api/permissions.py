"""What a caller may do."""

from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from workspace.bearer import Bearer
from workspace.core.tokens import Scope


class HasScope(BasePermission):
    """The token carries the scope that the view names as `required_scope`, or one of several."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """True when the token has the scope.

        Raises:
            Forbidden: it has not.
        """
        needed: Scope | tuple[Scope, ...] = getattr(view, "required_scope")  # noqa: B009 - views declare it, the base class does not
        if not isinstance(request.auth, Bearer):
            return False
        request.auth.require(*((needed,) if isinstance(needed, Scope) else needed))
        return True

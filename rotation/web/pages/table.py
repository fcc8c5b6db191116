"""Every page and form, from which the open door finds them."""

from rotation.web.routes import Route

PAGES: tuple[Route, ...] = ()
"""Paths are below the root: `""` is the overview. A form has `method="POST", form=True`."""

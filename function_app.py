"""The app that Azure Functions indexes. Exactly one name here may hold a FunctionApp (platform.md D1)."""

import azure.functions as func

from rotation.triggers.http import routes
from rotation.triggers.queues import queues
from rotation.triggers.timers import timers

app = func.FunctionApp(http_auth_level=func.AuthLevel.FUNCTION)
app.register_functions(timers)
app.register_functions(queues)
app.register_functions(routes)

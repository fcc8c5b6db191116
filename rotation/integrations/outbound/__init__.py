"""How kinds reach over the network: guarded addresses, one request at a time, answers translated."""

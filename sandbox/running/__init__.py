"""The whole sandbox at once: cloud, storage, the Functions host over this repository's app, and who lives in it."""

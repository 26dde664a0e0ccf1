"""What runs beside the worker in `run` and `web`: health pages, webhooks, reload, leaving."""

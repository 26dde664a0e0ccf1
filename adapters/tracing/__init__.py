"""Traces of turns, where an operator wants them: `factory` says whether, `spans` writes them by OpenTelemetry."""

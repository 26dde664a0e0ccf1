"""Faults to press, each with the promise that must hold, judged by what the stand-ins saw."""

"""The words of the bridge as plain values, errors and notices. Imports nothing else of the project."""

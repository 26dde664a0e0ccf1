"""Composition root and command line: everything is put together and started here. No behaviour of its own."""

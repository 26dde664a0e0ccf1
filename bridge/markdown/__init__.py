"""Markdown that grows: blocks, inlines, pages, and text made safe to read. Pure functions, no channel."""

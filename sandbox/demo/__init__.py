"""The demo: the whole bridge at work on the stand-ins."""

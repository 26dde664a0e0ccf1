"""The playground: both services, the meter and the faults on one local page, around the real bridge.

`show/` reads the stand-ins and draws up what the page shows, `people/` does what a visitor asks for, `trials/` are the
faults with their promises, `agents/` are the scripted agents, `tour/` plays by itself, `static/` is the page.
"""

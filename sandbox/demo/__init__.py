"""The demo: people on two services, the real bridge, and the stand-ins, in one terminal."""

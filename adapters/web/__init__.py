"""The web server that all channels share. What strangers send costs little, and is counted instead of logged."""

"""Where settings are read from, and what is said when one is wrong. Loaded only while that is done, as pydantic is."""

"""What is raised where settings are wrong."""


class SettingsError(Exception):
    """Settings are missing or wrong: `lines` has one line for each.

    A line reads `NAME: what is wrong. What would be right.`, with the file and its line in front where the value was
    read from one. It never holds the value.
    """

    def __init__(self, *lines: str) -> None:
        self.lines = lines
        super().__init__("\n".join(lines))

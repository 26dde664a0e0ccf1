"""What a channel can do is asked many times in a turn, and looked up once."""

from bridge.ports.channel_capabilities import OpenerControl, OwnAgent


class Channel:
    """Has one capability, and counts how often its member is looked at."""

    looks = 0

    @property
    def only_opener_controls(self) -> bool:
        Channel.looks += 1
        return True


def test_a_class_of_channels_is_looked_at_once() -> None:
    assert all(isinstance(Channel(), OpenerControl) for _ in range(10))
    assert Channel.looks <= 1  # from Python 3.12 on, the look itself leaves the value alone


def test_each_capability_is_one_of_its_own() -> None:
    assert isinstance(Channel(), OpenerControl)
    assert not isinstance(Channel(), OwnAgent)
    assert not isinstance(object(), OpenerControl)

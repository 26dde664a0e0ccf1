from hypothesis import given
from hypothesis import strategies as st

from bridge.domain.threads import ThreadKey

_field = st.text(max_size=20)
_keys = st.builds(ThreadKey, _field, _field, _field, _field)


@given(_keys)
def test_a_thread_key_reads_back_from_its_name(key: ThreadKey) -> None:
    assert ThreadKey.parse(str(key)) == key


@given(_keys, _keys)
def test_two_thread_keys_never_share_a_name(one: ThreadKey, other: ThreadKey) -> None:
    """A9: keys never collide across workspaces, chats and topics."""
    assert (str(one) == str(other)) == (one == other)

from collections.abc import Callable

import pytest

from config.settings import Settings

Read = Callable[..., Settings]
Refused = Callable[..., tuple[str, ...]]


@pytest.mark.parametrize("url", ["redis://h", "redis://:p@h:1/2", "rediss://u:p@h:1?x=y", "unix:///run/r.sock?db=1"])
def test_every_form_of_a_redis_address_is_taken_as_it_is(settings: Read, url: str) -> None:
    read = settings(REDIS_URL=url)
    assert read.redis.url is not None
    assert read.redis.url.get_secret_value() == url


@pytest.mark.parametrize(
    ("given", "verifies"),
    [
        ({"REDIS_URL": "rediss://h"}, True),
        ({"REDIS_URL": "rediss://h", "DYNO": "worker.1"}, False),
        ({"REDIS_URL": "rediss://h", "DYNO": "worker.1", "REDIS_TLS_VERIFY": "true"}, True),
        ({"REDIS_URL": "rediss://h?ssl_ca_certs=/ca.pem", "DYNO": "worker.1"}, True),
        ({"REDIS_URL": "rediss://h?ssl_ca_certs=/ca.pem", "REDIS_TLS_VERIFY": "no"}, False),
        ({"REDIS_URL": "rediss://h", "REDIS_TLS_VERIFY": "no"}, False),
        ({"REDIS_URL": "redis://h", "DYNO": "worker.1"}, True),
        ({}, True),
    ],
)
def test_certificates_are_verified_but_for_herokus_own(
    settings: Read, given: dict[str, str], *, verifies: bool
) -> None:
    on_heroku = "DYNO" in given
    assert settings(**given).redis.verifies_tls(on_heroku=on_heroku) is verifies


@pytest.mark.parametrize(("sign", "escape"), [("#", "%23"), ("/", "%2F"), ("?", "%3F")])
def test_a_sign_that_cuts_a_password_off_is_explained(settings: Read, refused: Refused, sign: str, escape: str) -> None:
    (line,) = refused(REDIS_URL=f"redis://:canary{sign}secret@host:6379/0")
    assert line.startswith(f"REDIS_URL: has {sign} before its @")
    assert f"write {escape}." in line
    assert "canary" not in line
    read = settings(REDIS_URL=f"redis://:pa{escape}ss@host:6379/0")
    assert set(read.redis.password) == {f"pa{escape}ss", f"pa{sign}ss"}


@pytest.mark.parametrize("word", ["true", "YES", "1", "on", "false", "No", "0", "off", "Auto"])
def test_the_check_of_certificates_takes_every_word_of_a_switch(settings: Read, word: str) -> None:
    read = settings(REDIS_TLS_VERIFY=word).redis.tls_verify
    expected = {"true": {"true", "yes", "1", "on"}, "false": {"false", "no", "0", "off"}, "auto": {"auto"}}
    assert word.lower() in expected[read]

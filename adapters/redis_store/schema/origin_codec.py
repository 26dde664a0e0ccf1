"""Who sent something, where and when: the fields that Redis keeps, and back. As `codec` says of all that is kept."""

from collections.abc import Mapping
from typing import Any

from bridge.domain.incoming import Origin
from bridge.domain.threads import Address, Locale, Person, ThreadKey


def origin_to_fields(origin: Origin) -> dict[str, Any]:
    """Return the fields of a JSON object."""
    return {
        "id": origin.id,
        "dedupe_keys": origin.dedupe_keys,
        "thread": str(origin.thread),
        "address": address_to_fields(origin.address),
        "person": {
            **{name: getattr(origin.person, name) for name in ("id", "name", "handle", "is_program")},
            "language": origin.person.locale.language,
            "time_zone": origin.person.locale.time_zone,
        },
        "asked_at": origin.asked_at,
        "addressed": origin.addressed,
        "is_direct": origin.is_direct,
        "metadata": dict(origin.metadata),
    }


def origin_from_fields(fields: Mapping[str, Any]) -> Origin:
    """Read them. Raises `KeyError`, `TypeError`, `ValueError`."""
    person = fields["person"]
    return Origin(
        id=fields["id"],
        dedupe_keys=tuple(fields.get("dedupe_keys", ())),
        thread=ThreadKey.parse(fields["thread"]),
        address=address_from_fields(fields["address"]),
        person=Person(
            *(person["id"], person.get("name", ""), person.get("handle", "")),
            is_program=person.get("is_program") is True,
            locale=Locale(person.get("language", ""), person.get("time_zone", "")),
        ),
        asked_at=fields.get("asked_at", 0.0),
        addressed=fields.get("addressed", True),
        is_direct=fields.get("is_direct") is True,
        metadata=fields.get("metadata", {}),
    )


def address_to_fields(address: Address) -> dict[str, str]:
    """Return the fields of a JSON object."""
    return {name: getattr(address, name) for name in ("account", "place", "thread", "reply_to")}


def address_from_fields(fields: Mapping[str, str]) -> Address:
    """Read them. Raises `KeyError`, `TypeError`."""
    return Address(fields["account"], fields["place"], fields.get("thread", ""), fields.get("reply_to", ""))

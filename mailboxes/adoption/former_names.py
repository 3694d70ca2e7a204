"""Which names mailboxes and domains had before: their folders are still called like that."""

from collections import defaultdict
from collections.abc import Iterable

from mailboxes.adoption.models import FormerName
from mailboxes.models import Mailbox


def note_former_name(former: str, name: str) -> None:
    FormerName.objects.get_or_create(former=former.lower(), name=name.lower())


def kept_folders(addresses: Iterable[str]) -> dict[str, set[str]]:
    """Return by address the folders of mailboxes that have had it before, if there are any."""
    if not FormerName.objects.exists():
        return {}
    holders = later_names(addresses)
    names = sorted({name for found in holders.values() for name in found})
    folders = dict(Mailbox.objects.filter(pk__in=names).values_list("pk", "maildir"))
    folders = {name.lower(): folder for name, folder in folders.items()}
    return {
        address: {folders[name] for name in found if name in folders}
        for address, found in holders.items()
    }


def later_names(addresses: Iterable[str]) -> dict[str, set[str]]:
    """Return by address what mailboxes may be called that have had it, also by their domain's."""
    found: dict[str, set[str]] = {}
    level = {address: {address} for address in addresses}
    while level:
        keys = {key for names in level.values() for name in names for key in keys_of(name)}
        known: dict[str, list[str]] = defaultdict(list)
        rows = FormerName.objects.filter(former__in=sorted(keys))
        for former, later in rows.values_list("former", "name"):
            known[former].append(later)
        following = {
            address: {later for name in names for later in follow(name, known)}
            - found.get(address, {address})
            for address, names in level.items()
        }
        level = {address: names for address, names in following.items() if names}
        for address, names in level.items():
            found.setdefault(address, {address}).update(names)
    return {address: names - {address} for address, names in found.items()}


def keys_of(address: str) -> tuple[str, str]:
    return address, address.rpartition("@")[2]


def follow(address: str, known: dict[str, list[str]]) -> list[str]:
    local_part, _, domain = address.rpartition("@")
    in_domains = [f"{local_part}@{later}" for later in known.get(domain, [])]
    return [*known.get(address, []), *in_domains]

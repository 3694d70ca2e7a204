"""Finding mailboxes, aliases and domains by words: first whole addresses, then beginnings of
addresses, then of words, then what is inside of words.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from operator import itemgetter
from typing import Any

from django.db.models import Exists, Model, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from mailboxes.addresses import to_ascii
from mailboxes.folding import fold, folded_column
from mailboxes.lookup_models import AliasTarget, Flag, SearchWord
from mailboxes.lookup_tables.counts import total
from mailboxes.lookup_tables.flags import flagged
from mailboxes.lookup_tables.tables import are_kept
from mailboxes.models import Alias, Domain, Mailbox
from mailboxes.queries import BY_DOMAIN, any_of, in_domains

MAX_FOUND = 900
"""How many rows a search shows: MariaDB reads whole tables for 1,000 keys or more."""

MAX_COMPLETE = 1800
"""Up to how many rows with the word that the fewest have are all examined."""

MAX_EXAMINED = 1000
"""How many of them are examined if there are more."""

MAX_INSIDE = 2500
"""In how many rows at most the insides of words are searched, row by row."""

TOO_FREQUENT = _(
    "These words occur so often that only some of the entries were searched. To find others, add "
    "another word."
)
MAX_DOMAINS = 50
MAX_ADDRESSES = 10
"""How many of several pasted addresses are looked for."""

AT_ONCE = 200
IN_BRACKETS = re.compile(r"<([^<>]*)>")
BETWEEN_TERMS = re.compile(r"[\s,;]+")
ADDRESS = re.compile(r"[^@]+@[^@]+\.[^@]+")
WORD = re.compile(r"[^\W_]+")
COLUMNS: dict[Any, Sequence[str]] = {
    Mailbox: ["username", "name"],
    Alias: ["address", "goto"],
    Domain: ["domain", "description"],
}
"""Where the words are searched."""

KINDS: dict[Any, Sequence[str]] = {Mailbox: ["mailbox"], Alias: ["alias", "mailbox"]}


Candidates = list[tuple[QuerySet, str]]
"""Where keys are among which some are looked for, and their columns."""


@dataclass
class Found:
    """What a search has found: all of these rows, or those with the keys, in their order."""

    rows: QuerySet
    keys: list[str] | None = None
    more: bool = False
    """Whether there are, or may be, more rows than these."""

    is_partial: bool = False
    """Whether the insides of words were only searched in some of the rows, or in none."""

    domains: list[str] | None = None
    """The domains that were typed, if there were any."""

    is_cut: bool = False
    """Whether too many rows have the words to examine all of them."""


@dataclass
class Asked:
    """What somebody has typed: parts that must all occur, and domains."""

    terms: list[str] = field(default_factory=list)
    domains: list[str] | None = None

    @property
    def words(self) -> list[str]:
        local_parts = (term.rpartition("@")[0] or term for term in self.terms)
        return [word for part in local_parts for word in WORD.findall(part)]

    @property
    def are_addresses(self) -> bool:
        """Whether these are several whole addresses, of which each is looked for by itself."""
        is_each = all(ADDRESS.fullmatch(term) for term in self.terms)
        return len(self.terms) > 1 and self.domains is None and is_each


def parse(text: str, has_domains: bool) -> Asked:
    """Read what was typed or pasted: `Schneider, Anna`, `Anna <anna@…>`, `mailto:anna@…`."""
    if inner := IN_BRACKETS.findall(text):
        text = " ".join(inner)
    text = text.strip()
    if text.lower().startswith("mailto:"):
        text = text[len("mailto:") :].partition("?")[0]
    asked = Asked()
    for term in filter(None, BETWEEN_TERMS.split(text)):
        names = domains_meant(term) if has_domains else None
        if not has_domains:
            asked.terms.append(to_ascii(term.removeprefix("@")) or term)
        elif names is None:
            asked.terms.append(with_ascii_domain(term))
        else:
            asked.domains = [*(asked.domains or []), *names]
    return asked


def domains_meant(term: str) -> list[str] | None:
    """Return the domains that `example.org` or `@exam` stands for; None for anything else."""
    local_part, at, rest = term.rpartition("@")
    name = to_ascii(rest)
    if local_part or not name:
        return None
    if Domain.objects.filter(pk=name).exists():
        return [name]
    if not at:
        return None
    found = Domain.objects.filter(pk__istartswith=name).values_list("pk", flat=True)
    return list(found[:AT_ONCE])


def with_ascii_domain(term: str) -> str:
    local_part, at, domain = term.rpartition("@")
    return f"{local_part}{at}{to_ascii(domain)}" if at else term


def search(
    rows: QuerySet, text: str, columns: Sequence[str], domains: Collection[str] | None = None
) -> Found:
    """Return those of the rows in which all parts of the text occur, in one of the columns each.

    `domains` are those to which the rows are limited already, if they are.
    """
    has_domains = rows.model in KINDS
    asked = parse(text, has_domains)
    if asked.are_addresses:
        return search_each(rows, asked.terms, columns, domains)
    if asked.domains is not None:
        rows = rows.filter(in_domains(asked.domains)).order_by(*BY_DOMAIN)
        domains = asked.domains
    if not asked.terms:
        return Found(rows, domains=asked.domains)
    folded = [folded_column(rows.model, column) for column in columns] if are_kept() else []
    condition = Q()
    for term in asked.terms:
        condition &= any_of(columns, "icontains", term) | any_of(folded, "icontains", fold(term))
    if folded:
        asked.terms = list(map(fold, asked.terms))
    keys: dict[str, str] = {}
    examined = Examined()
    for part in parts(beginnings(rows.model, asked, domains, examined)):
        keys |= matching(rows.filter(condition), part)
        if len(keys) > MAX_FOUND:
            break
    if has_domains and are_kept() and len(keys) <= MAX_FOUND:
        for key in with_words(rows.filter(condition), asked, domains, examined):
            keys.setdefault(key.lower(), key)
    begin = set(keys)
    is_partial = len(keys) <= MAX_FOUND and add_insides(keys, rows, condition, domains)
    text = asked.terms[0].lower() if len(asked.terms) == 1 else ""
    names = [keys[key] for key in sorted(keys, key=lambda key: (rank(key, text, begin), key))]
    is_cut = examined.is_cut and len(names) <= MAX_FOUND and not ADDRESS.fullmatch(text)
    more = is_cut or len(names) > MAX_FOUND
    names = names[:MAX_FOUND]
    return Found(rows.filter(pk__in=names), names, more, is_partial, is_cut=is_cut)


def search_each(
    rows: QuerySet, addresses: list[str], columns: Sequence[str], domains: Collection[str] | None
) -> Found:
    """Return the rows in which one of the addresses occurs, in the order of the addresses."""
    every = dict.fromkeys(addresses)
    found = [search(rows, one, columns, domains) for one in list(every)[:MAX_ADDRESSES]]
    keys = list(dict.fromkeys(key for one in found for key in one.keys or []))
    is_cut = len(every) > MAX_ADDRESSES or any(one.is_cut for one in found)
    more = is_cut or len(keys) > MAX_FOUND or any(one.more for one in found)
    is_partial = any(one.is_partial for one in found)
    keys = keys[:MAX_FOUND]
    return Found(rows.filter(pk__in=keys), keys, more, is_partial, is_cut=is_cut)


@dataclass
class Examined:
    """Whether some rows with a word were left out."""

    is_cut: bool = False


def rank(name: str, text: str, begin: Collection[str]) -> int:
    """Return the place of an address: 0 if it is what was typed, 1 if it begins so, 2 if one of
    its words does, else 3.
    """
    if text and name.startswith(text):
        return int(name != text)
    return 2 if name in begin else 3


def beginnings(
    model: type[Model], asked: Asked, domains: Collection[str] | None, examined: Examined
) -> Iterator[str]:
    """Yield the first keys that begin with what was typed, whatever other filters there are."""
    if len(asked.terms) != 1 or not asked.terms[0].isascii():
        return
    rows = model._default_manager.filter(pk__istartswith=asked.terms[0]).order_by("pk")
    if domains is not None and model in KINDS:
        rows = rows.filter(in_domains(domains))
    found = list(rows.values_list("pk", flat=True)[: MAX_FOUND + 1])
    if model is Alias and are_kept():
        flags = flagged(Flag.ALIAS, domains).filter(address__istartswith=asked.terms[0])
        plain = list(flags.order_by("address").values_list("address", flat=True)[: MAX_FOUND + 1])
        examined.is_cut |= len(plain) > MAX_FOUND
        yield from plain
    else:
        examined.is_cut |= len(found) > MAX_FOUND
    yield from found


def with_words(
    rows: QuerySet, asked: Asked, domains: Collection[str] | None, examined: Examined
) -> Iterator[str]:
    """Yield the keys of those rows that have the word which the fewest have.

    That of a domain counts as a word of all addresses in it.
    """
    if rows.model is Alias:
        for term in asked.terms:
            targets = AliasTarget.objects.filter(target__istartswith=term).order_by()
            yield from examine(rows, [(targets, "alias")], MAX_FOUND, Examined())
    choices = [with_word(rows.model, asked.words, word, domains) for word in asked.words]
    if choices:
        number, rarest = min(((size(one), one) for one in choices), key=itemgetter(0))
        maximum = MAX_COMPLETE if number <= MAX_COMPLETE else MAX_EXAMINED
        yield from examine(rows, rarest, maximum, examined)


def size(candidates: Candidates) -> int:
    """Return how many there are, or a number above `MAX_COMPLETE`.

    With a limit, MariaDB would read each of them twice to count them.
    """
    number = 0
    for found, key in candidates:
        rows = found.order_by().values_list(key)
        number += MAX_COMPLETE + 1 if rows[MAX_COMPLETE : MAX_COMPLETE + 1] else rows.count()
    return number


def examine(
    rows: QuerySet, candidates: Candidates, maximum: int, examined: Examined
) -> Iterator[str]:
    """Yield the keys of those rows that are among the first candidates.

    Each candidate is looked up by its key: MariaDB may prefer to read a whole domain otherwise.
    """
    for found, key in candidates:
        fits = Exists(rows.order_by().filter(pk=OuterRef(key)))
        some = list(found.annotate(fits=fits).values_list(key, "fits")[: maximum + 1])
        examined.is_cut |= len(some) > maximum
        yield from (name for name, is_one in some[:maximum] if is_one)
        maximum -= min(len(some), maximum)


def with_word(
    model: type[Model], words: Sequence[str], word: str, domains: Collection[str] | None
) -> Candidates:
    """Return where rows with a word are that begins so, in their domain or themselves."""
    found = addresses_with(model, word, domains)
    if domains is None:
        names = list(
            Domain.objects.filter(pk__istartswith=word).values_list("pk", flat=True)[:MAX_DOMAINS]
        )
        others = [other for other in words if other != word]
        if names and others:
            found += addresses_with(model, others[0], names)
        elif names:
            found.append((model._default_manager.filter(domain__in=names).order_by(), "pk"))
    return found


def addresses_with(model: type[Model], word: str, domains: Collection[str] | None) -> Candidates:
    """Return where addresses with a word are that begins so; in some domains, those first that
    have just this word, since an index has these.
    """
    rows = SearchWord.objects.filter(kind__in=KINDS[model]).order_by()
    beginning = rows.filter(word__istartswith=word)
    if domains is None:
        return [(beginning, "address")]
    exact = rows.filter(word=word, domain__in=sorted(domains))
    return [(exact, "address"), (beginning.filter(word__gt=word), "address")]


def parts(keys: Iterable[str]) -> Iterator[list[str]]:
    """Yield the keys in lists, each key once."""
    seen: set[str] = set()
    rest = (key for key in keys if key.lower() not in seen and not seen.add(key.lower()))  # type: ignore[func-returns-value]
    while part := list(islice(rest, AT_ONCE)):
        yield part


def matching(rows: QuerySet, keys: list[str]) -> dict[str, str]:
    """Return those of the keys whose rows match, in the same order, by their lower case.

    The rows are only asked about these keys: MariaDB may prefer to read a whole domain otherwise.
    """
    same = Exists(rows.order_by().filter(pk=OuterRef("pk")))
    names = rows.model._default_manager.order_by().filter(same, pk__in=keys)
    found = {name.lower(): name for name in names.values_list("pk", flat=True)}
    return {key.lower(): found[key.lower()] for key in keys if key.lower() in found}


def add_insides(
    keys: dict[str, str], rows: QuerySet, condition: Q, domains: Collection[str] | None
) -> bool:
    """Add the keys of rows in which the text occurs anywhere; say whether only some were read."""
    first, are_all = first_keys(rows.model, domains)
    if are_all and not (rows.model is Alias and are_kept()):
        found = rows.filter(condition).values_list("pk", flat=True)
        for name in found[: MAX_FOUND + 1]:
            keys.setdefault(name.lower(), name)
        return False
    for part in parts(first):
        if len(keys) > MAX_FOUND:
            break
        for key, name in matching(rows.filter(condition), part).items():
            keys.setdefault(key, name)
    return not are_all


def first_keys(model: type[Model], domains: Collection[str] | None) -> tuple[list[str], bool]:
    """Return the keys of rows that are read, and whether they are all.

    Where words are looked up, no rows of a large table are read: they would be too few of them.
    """
    known = total(domains) if model in KINDS else None
    if known and model is Alias:
        if known.aliases > MAX_INSIDE:
            return [], False
        flags = flagged(Flag.ALIAS, domains).order_by("address")
        return list(flags.values_list("address", flat=True)[:MAX_INSIDE]), True
    if known and known.mailboxes > MAX_INSIDE:
        return [], False
    rows = model._default_manager.order_by("pk")
    if domains is not None and model in KINDS:
        rows = rows.filter(in_domains(domains)).order_by(*BY_DOMAIN)
    found = list(rows.values_list("pk", flat=True)[: MAX_INSIDE + 1])
    return found[:MAX_INSIDE], len(found) <= MAX_INSIDE

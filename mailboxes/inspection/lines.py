"""The lines of a report on a mail database: a label, a number, and a few examples."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from django.utils.functional import Promise

from mailboxes.formats import number

MAX_EXAMPLES = 10


@dataclass(frozen=True)
class Line:
    """One finding. `code` is its name in JSON, `label` its words."""

    code: str
    label: str | Promise
    value: int | str
    note: str | Promise = ""
    examples: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """Return the value with its examples."""
        value = number(self.value) if isinstance(self.value, int) else self.value
        examples = ", ".join(self.examples)
        if isinstance(self.value, int) and len(self.examples) < self.value and examples:
            examples += ", …"
        return f"{value} ({examples})" if examples else str(value)


@dataclass(frozen=True)
class Section:
    code: str
    title: str | Promise
    lines: list[Line]


@dataclass
class CountedRows:
    """A number of rows, and the first of them."""

    count: int = 0
    examples: list[str] = field(default_factory=list)

    def add(self, example: str) -> None:
        self.count += 1
        if len(self.examples) < MAX_EXAMPLES:
            self.examples.append(example)

    def first(self, maximum: int = 3) -> str:
        """Return the first examples as they stand in a sentence."""
        shown = self.examples[:maximum]
        return ", ".join([*shown, *["…"][: self.count > len(shown)]])

    @property
    def params(self) -> dict[str, str]:
        """The values of a sentence with %(count)s and %(names)s."""
        return {"count": number(self.count), "names": self.first()}


def counted_line(
    code: str, label: str | Promise, counted: CountedRows, note: str | Promise = ""
) -> Iterable[Line]:
    """Yield a line unless there is nothing to count."""
    if counted.count:
        yield Line(code, label, counted.count, note, tuple(counted.examples))

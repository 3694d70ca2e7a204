"""What a browser submits for a page's form if nothing is typed."""

from html.parser import HTMLParser


class FormReader(HTMLParser):
    """Collects the values of the fields in the form of this class."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind = kind
        self.values: dict[str, str] = {}
        self.is_inside = False
        self.select = self.textarea = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.is_inside |= tag == "form" and found.get("class") == self.kind
        if not self.is_inside:
            return
        name, value = found.get("name", ""), found.get("value", "")
        if tag == "input" and found.get("type") == "checkbox":
            if "checked" in found:
                self.values[name] = value or "on"
        elif tag == "input" and name:
            one_line = found.get("type") != "hidden"
            self.values[name] = value.replace("\r", "").replace("\n", "") if one_line else value
        elif tag == "select":
            self.select = name
        elif tag == "option" and (self.select not in self.values or "selected" in found):
            self.values[self.select] = value
        elif tag == "textarea":
            self.textarea, self.values[name] = name, ""

    def handle_data(self, data: str) -> None:
        if self.textarea:
            self.values[self.textarea] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            text = self.values[self.textarea].removeprefix("\r").removeprefix("\n")
            self.values[self.textarea] = "\r\n".join(text.splitlines())
            self.textarea = ""
        self.is_inside &= tag != "form"


def read_form(page: str, kind: str = "form") -> dict[str, str]:
    reader = FormReader(kind)
    reader.feed(page)
    return reader.values

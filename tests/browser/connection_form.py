"""Airflow's form for a connection, as a person sees it: fields go by their labels."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

TYPE = "Azure Cloud Partner Portal"


class ConnectionForm:
    """The open form."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.dialog = page.get_by_role("dialog")

    @classmethod
    def new(cls, page: Page, conn_id: str) -> ConnectionForm:
        """Open the form for a new connection, and choose our type."""
        page.goto("/connections")
        page.get_by_role("button", name="Add Connection").click()
        form = cls(page)
        form.field("Connection ID").locator("input").fill(conn_id)
        form.dialog.get_by_role("combobox").first.click()
        page.get_by_role("option", name=TYPE, exact=True).click()
        return form

    @classmethod
    def of(cls, page: Page, conn_id: str) -> ConnectionForm:
        """Open the form of a connection that is there."""
        page.goto("/connections")
        row_of(page, conn_id).get_by_role("button", name="Edit Connection").click()
        return cls(page)

    def unfold(self, section: str) -> None:
        """Show a section: "Standard Fields" or "Extra Fields"."""
        button = self.dialog.get_by_role("button", name=section, exact=True)
        if button.get_attribute("aria-expanded") != "true":
            button.click()
        expect(button).to_have_attribute("aria-expanded", "true")

    def field(self, label: str) -> Locator:
        """Return a field with its label and its help."""
        # A field that has to be filled has a star behind its label.
        named = self.page.locator("label").filter(has_text=re.compile(rf"^{re.escape(label)}\s*\*?$"))
        return self.dialog.locator("[role=group][data-scope=field]").filter(has=named)

    def entry(self, label: str) -> Locator:
        """Return what a field is typed into."""
        return self.field(label).locator("input, textarea").first

    def save(self) -> None:
        """Save, and wait until the form is closed."""
        self.dialog.get_by_role("button", name="Save").click()
        expect(self.dialog).to_be_hidden()


def row_of(page: Page, conn_id: str) -> Locator:
    """Return a connection's row in the list."""
    return page.get_by_role("row").filter(has=page.get_by_role("cell", name=conn_id, exact=True))

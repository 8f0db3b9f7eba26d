"""The connection in the browser: its form, what is kept of it, and what the test of it says."""

from __future__ import annotations

import re

import pytest

from airflow_provider_cpp.provider_info import CONNECTION_TYPES, FIELDS, get_provider_info

pytest.importorskip("playwright", reason="playwright isn't installed: make browser")
from playwright.sync_api import expect

from tests.browser.connection_form import ConnectionForm, row_of

# The first test waits for Airflow to start, which is longest on a machine with much else to do.
pytestmark = [pytest.mark.airflow, pytest.mark.browser, pytest.mark.timeout(300)]

STANDARD = {
    "API base URL": ("host", CONNECTION_TYPES["cpp"]["host"]),
    "Port": ("port", "443"),
    "Client ID": ("login", "Application (client) ID"),
    "Client secret": ("password", "Client secret, token, or the certificate's password"),
}

#: What is filled into each field of text, by label.
FILLED = {
    "API base URL": "https://cloudpartner.azure.com",
    "Port": "443",
    "Client ID": "a5d7c3e1-0000-4000-8000-000000000002",
    "Publisher ID": "contoso",
    "Tenant ID": "0d9c4f1e-0000-4000-8000-000000000001",
    "Certificate path": "/etc/airflow/cpp-release.pem",
    "Authority": "https://login.microsoftonline.us",
    "Scope": "https://example.com/.default",
    "API version": "2018-01-01",
    "Headers": '{"X-Team": "release"}',
    "CA file": "/etc/ssl/company.pem",
    "Timeout": "90",
}
SECRETS = {"Client secret": "a-very-secret-secret", "Proxy": "http://me:secret-of-the-proxy@127.0.0.1:3128"}


def test_the_form_has_labels_help_placeholders_choices_and_defaults(page):
    form = ConnectionForm.new(page, "form")
    for label, (name, placeholder) in STANDARD.items():
        expect(form.entry(label)).to_have_attribute("placeholder", placeholder)
        expect(form.entry(label)).to_have_attribute("name", name)
    expect(form.field("Schema")).to_have_count(0)
    expect(form.entry("Client secret")).to_have_attribute("type", "password")
    form.unfold("Extra Fields")
    for name, field in FIELDS["cpp"].items():
        schema = field["schema"]
        shown = form.field(field["label"])
        expect(shown).to_contain_text(field["description"])
        if "enum" in schema:
            expect(shown).to_contain_text(schema["default"])
            shown.get_by_role("combobox").click()
            expect(page.get_by_role("option")).to_have_text(schema["enum"])
            page.get_by_role("option", name=schema["default"], exact=True).click()
            continue
        expect(form.entry(field["label"])).to_have_attribute("name", f"element_{name}")
        expect(form.entry(field["label"])).to_have_value(str(schema.get("default", "")))
        if "default" not in schema:
            (example,) = schema["examples"]
            assert field["description"].startswith(f"e.g. {example}: ")
    expect(form.entry("Proxy")).to_have_attribute("type", "password")


def test_an_empty_extra_field_says_that_there_is_an_example_and_suggests_it(page):
    form = ConnectionForm.new(page, "examples")
    form.unfold("Extra Fields")
    shown = {}
    for name, field in FIELDS["cpp"].items():
        if "examples" in field["schema"]:
            entry = form.entry(field["label"])
            options = page.locator(f"datalist[id='{entry.get_attribute('list')}'] option")
            suggested = [option.get_attribute("value") for option in options.all()]
            shown[name] = (entry.get_attribute("placeholder"), suggested)
    # Airflow's own words; it has no place for ours, and none at all in a field of several lines, of a secret or
    # of a number.
    nothing = dict.fromkeys(("headers", "proxy", "timeout"), (None, []))
    assert shown == {
        name: nothing.get(name, ("Start typing to see options", field["schema"]["examples"]))
        for name, field in FIELDS["cpp"].items()
        if "examples" in field["schema"]
    }


def test_a_connection_that_is_saved_and_opened_again_has_every_field_and_shows_no_secret(page, local_airflow):
    form = ConnectionForm.new(page, "kept")
    standard = set(STANDARD)
    for section, labels in (
        ("Standard Fields", standard),
        ("Extra Fields", set(FILLED) | set(SECRETS) - standard),
    ):
        form.unfold(section)
        for label in labels - (standard if section == "Extra Fields" else set()):
            form.entry(label).fill({**FILLED, **SECRETS}[label])
    form.field("Authentication").get_by_role("combobox").click()
    page.get_by_role("option", name="certificate", exact=True).click()
    form.save()

    def assert_kept(form: ConnectionForm) -> None:
        form.unfold("Standard Fields")
        for label in standard - set(SECRETS):
            expect(form.entry(label)).to_have_value(FILLED[label])
        expect(form.entry("Client secret")).to_have_value("***")
        form.unfold("Extra Fields")
        for label in set(FILLED) - standard:
            expect(form.entry(label)).to_have_value(FILLED[label])
        expect(form.entry("Proxy")).to_have_value("***")
        expect(form.field("Authentication")).to_contain_text("certificate")
        content = page.content()
        assert [secret for secret in SECRETS.values() if secret in content] == []

    form = ConnectionForm.of(page, "kept")
    assert_kept(form)
    # Changing one field leaves the others, and the secrets, as they are.
    form.entry("Timeout").fill("91")
    FILLED["Timeout"] = "91"
    form.save()
    assert_kept(ConnectionForm.of(page, "kept"))


@pytest.mark.parametrize(
    ("conn_id", "changes", "title", "told"),
    [
        ("works", {}, "Test Connection Successful", ["can see the offers of publisher contoso: "]),
        (
            "wrong_secret",
            {"password": "not-the-secret"},
            "Test Connection Failed",
            ["AADSTS7000215", "Check tenant_id, login", "client secret: is it right, has it expired?"],
        ),
        (
            "not_on_the_account",
            {"extra": {"publisher_id": "fabrikam"}},
            "Test Connection Failed",
            [
                "List offers of publisher fabrikam",
                "HTTP 403",
                "added to this publisher's account in Partner Center",
            ],
        ),
        (
            "unreachable",
            {"port": 9},
            "Test Connection Failed",
            ["https://localhost:9 can't be reached", "Check the connection's host and proxy"],
        ),
    ],
)
def test_the_test_tells_in_one_line_what_to_do(
    page, portal, add_connection, picture, conn_id, changes, title, told
):
    portal.configure(forbidden_publishers=("fabrikam",))
    add_connection(conn_id, **changes)
    page.goto("/connections")
    row_of(page, conn_id).get_by_role("button", name="Test Connection").click()
    toast = page.locator("[data-scope=toast][data-part=root]")
    expect(toast).to_contain_text(title)
    line = toast.locator("[data-part=description]")
    for part in told:
        expect(line).to_contain_text(part)
    assert len(line.inner_text().splitlines()) == 1
    assert "not-the-secret" not in page.content()
    if conn_id == "not_on_the_account":
        picture("connection-test", toast, margin=0)


def test_the_form_in_pictures(page, picture):
    page.set_viewport_size({"width": 1000, "height": 1900})
    form = ConnectionForm.new(page, "cpp_default")
    form.entry("Client ID").fill(FILLED["Client ID"])
    form.entry("Client secret").fill("not-a-real-secret")
    form.entry("Client secret").blur()
    picture("connection-form", form.dialog, margin=0)
    form.unfold("Extra Fields")
    form.entry("Publisher ID").fill(FILLED["Publisher ID"])
    form.entry("Tenant ID").fill(FILLED["Tenant ID"])
    form.entry("Tenant ID").blur()
    expect(form.entry("Client secret")).to_be_hidden()
    expect(form.entry("Timeout")).to_be_visible()
    picture("connection-form-extra", form.field("Publisher ID"), form.field("Timeout"))


def test_the_list_of_providers_has_name_description_and_documentation(page):
    page.goto("/providers")
    row = page.get_by_role("row").filter(has=page.get_by_role("link", name="airflow-provider-cpp"))
    expect(row).to_contain_text(str(get_provider_info()["description"]).rstrip("."))
    link = row.get_by_role("link", name="airflow-provider-cpp")
    expect(link).to_have_attribute("href", re.compile(r"^https://learn\.microsoft\.com/"))

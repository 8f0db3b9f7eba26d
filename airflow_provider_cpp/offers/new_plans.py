"""Whether plans that an offer doesn't have may be added: a plan's id that is misspelt would be a new plan."""

from __future__ import annotations

from airflow_provider_cpp.exceptions import CppConfigurationError
from airflow_provider_cpp.offers.comparison import Comparison, Kind
from airflow_provider_cpp.offers.paths import written
from airflow_provider_cpp.offers.put_log import closest


def check_new_plans(what: str, comparison: Comparison, *, are_meant: bool, id_field: str) -> None:
    """Refuse a plan that isn't there, unless new plans are meant.

    :param what: the offer in words.
    :param comparison: what is wanted, with what is there.
    :param are_meant: whether they are.
    :param id_field: the field that holds a plan's id.
    :raises CppConfigurationError: if there is one and none is meant.
    """
    new = comparison.of(Kind.NEW_PLAN)
    if not new or are_meant:
        return
    *above, name = new[0].path
    there = closest(name, new[0].there)
    raise CppConfigurationError(
        f"{what} has no plan {name!r}, which the definition names in {written(tuple(above))}. Nothing was sent. "
        f"{f'Plans there: {there}' if there else 'No plan is there'}. Correct the {id_field}; or set "
        "new_plans=True if a new plan is meant."
    )

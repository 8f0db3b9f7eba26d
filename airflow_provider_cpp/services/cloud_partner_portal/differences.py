"""What differs between an offer's definition that is wanted and the one that is there.

Only what is wanted counts: what it doesn't name stays. So a definition may name little. In detail:

- An object: a field that isn't named stays, `null` removes one (JSON merge patch, RFC 7396), `{}` names nothing
  and changes nothing.
- A list whose entries have a `planId` (plans, and an image's `diskGenerations`): the entries are matched by it,
  one that isn't named stays, `[]` names none.
- Any other list is wanted as it stands, entry by entry; `[]` empties it. A `null` in it is no entry.
- What is empty equals what is missing: `""`, `[]`, `{}` and `null` make no difference where nothing is there.

`exact` names objects and lists that are wanted as they stand: what isn't named goes, and an order counts.

The service never says some things: the values of secrets, where a file came from that it copied, fields that no
answer has. They can't be compared, and are no difference by themselves; they are sent as wanted along with
anything that differs, and by themselves where `resend` names them. A mask, such as `***`, names no secret, and is
never sent: it would become the secret.

`offers.paths` says how paths are written. One to ignore or to resend takes in all below it; one in `exact` names
just the object or list itself. What is ignored is no difference; and if something else is one, what is there is
sent back for it, or what is wanted where there is nothing, such as a secret.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from airflow_provider_cpp.offers import comparing
from airflow_provider_cpp.offers.comparing import Options, compare_by
from airflow_provider_cpp.offers.comparison import Comparison, Difference
from airflow_provider_cpp.offers.paths import Path
from airflow_provider_cpp.services.cloud_partner_portal import returned
from airflow_provider_cpp.wire.confidential import is_confidential

#: Lists of what has a `planId`, and the field itself.
_BY_PLAN = {"plans", "diskGenerations"}
_PLAN_ID = "planId"

_VERSION = re.compile(r"\d+(?:\.\d+)+")


class _Rules:
    """What the definitions of this service need to be compared."""

    keeps_masks = False
    other_name = staticmethod(returned.other_name)
    is_secret = staticmethod(returned.is_secret)
    is_mask = staticmethod(returned.is_mask)
    same = staticmethod(returned.same)

    def key_name(self, path: Path, entries: Sequence[Any]) -> str:
        """Return `planId` where entries have one."""
        return _PLAN_ID if any(isinstance(entry, Mapping) and _plan_id(entry) for entry in entries) else ""

    def is_new_plan(self, path: Path) -> bool:
        """Say that whatever is known by a `planId` is one."""
        return True

    def is_copy_of_file(self, wanted: Any, there: Any, path: Path) -> bool:
        """Return whether there is the service's copy of a file, and a file elsewhere is wanted."""
        return returned.is_copy(there) and returned.is_file_elsewhere(wanted)

    def is_so_anyway(self, wanted: Any, path: Path) -> bool:
        """Say that no page names a default."""
        return False

    def holds_versions(self, path: Path, there: Mapping[str, Any]) -> bool:
        """Return whether an object is a map of image versions, by its name or by its keys."""
        return "vmimages" in (path[-1] if path else "").casefold() or (
            any(_VERSION.fullmatch(str(key)) for key in there)
        )

    def is_hidden(self, path: Path) -> bool:
        """Return whether a path leads into a secret field; what follows a list of plans is a plan's id."""
        above = ("", *path)
        return any(is_confidential(name) and above[n] not in _BY_PLAN for n, name in enumerate(path))


_RULES = _Rules()


def compare(
    wanted: Any,
    there: Any,
    ignore: Iterable[str] = (),
    *,
    exact: Iterable[str] = (),
    resend: Iterable[str] = (),
    not_returned: Collection[str] = (),
) -> Comparison:
    """Compare what is wanted with what is there.

    :param wanted: JSON primitives.
    :param there: the same; what isn't wanted otherwise is kept.
    :param ignore: paths that don't count, and keep what is there.
    :param exact: paths of objects and lists that are wanted as they stand.
    :param resend: paths that differ, where they can't be compared.
    :param not_returned: fields of the document itself that no answer has.
    :raises CppConfigurationError: if a path can't be one, or a plan is wanted twice or has no `planId`.
    """
    return compare_by(_RULES, wanted, there, Options(ignore, exact, resend, not_returned))


def differences(
    wanted: Any, there: Any, ignore: Iterable[str] = (), *, exact: Iterable[str] = ()
) -> tuple[Difference, ...]:
    """Return what of what is wanted differs from what is there.

    :param wanted: JSON primitives.
    :param there: the same.
    :param ignore: paths that don't count.
    :param exact: paths of objects and lists that are wanted as they stand.
    :raises CppConfigurationError: if a path can't be one, or a plan is wanted twice or has no `planId`.
    """
    return compare(wanted, there, ignore, exact=exact).differences


def merged(wanted: Any, there: Any, ignore: Iterable[str] = (), *, exact: Iterable[str] = ()) -> Any:
    """Return what is there, changed into what is wanted: compared with that, nothing differs any more.

    :param wanted: JSON primitives.
    :param there: the same; what isn't wanted otherwise is kept.
    :param ignore: paths that keep what is there.
    :param exact: paths of objects and lists that are wanted as they stand.
    :raises CppConfigurationError: if a path can't be one, or a plan is wanted twice or has no `planId`.
    """
    return compare(wanted, there, ignore, exact=exact).merged


def without_masks(value: Any) -> Any:
    """Return a value without what only stands for a secret: sent back, it would become the secret."""
    return comparing.without_masks(_RULES, value)


def plan_ids(plans: Any) -> tuple[str, ...]:
    """Return the identifiers of a list of plans, in its order; nothing for anything else."""
    return comparing.keys_of(_RULES, plans, ())


def places(value: Any) -> Iterator[Path]:
    """Yield the places of a document that a path can name."""
    yield from comparing.places(_RULES, value)


def _plan_id(entry: Mapping[str, Any]) -> str:
    plan_id = entry.get(_PLAN_ID)
    return plan_id if isinstance(plan_id, str) else ""

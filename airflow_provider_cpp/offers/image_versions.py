"""What is to become of a plan's image versions so that one is among them, and what is said of it.

The same for each service, which says what is there, and sends what comes of this.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from airflow_provider_cpp.exceptions import CppConfigurationError
from airflow_provider_cpp.offers.image_content import Sameness, sameness
from airflow_provider_cpp.offers.image_numbers import is_date, needs_date, order_of
from airflow_provider_cpp.offers.image_version_result import ImageVersionResult
from airflow_provider_cpp.offers.images import Image, ImageVersion
from airflow_provider_cpp.offers.put_log import closest
from airflow_provider_cpp.offers.retention import to_retire
from airflow_provider_cpp.wire.procedures import Procedure, Say

#: Image versions that a plan's SKU can have (Flatcar, AlmaLinux), and how many say that it is time to retire some.
MOST_VERSIONS = 100
NEARLY_MOST = 90


@dataclass(frozen=True, slots=True)
class VersionThere:
    """An image version that a plan has.

    :param images: its images.
    :param state: what it is where customers can't deploy it, even once it is live, such as `deprecated`; empty
        where they can.
    """

    images: tuple[Image, ...]
    state: str = ""

    @property
    def is_offered(self) -> bool:
        """Whether customers can deploy it, once it is live."""
        return not self.state


@dataclass(frozen=True, slots=True)
class PlanImages:
    """What a service says of a plan's images.

    :param what: the plan in words, as a sentence begins with it.
    :param image_types: which generations the plan has.
    :param versions: its image versions by number.
    :param is_core: whether it is one of a core virtual machine.
    :param begins_with_date: whether a plan of a core virtual machine that has no version yet needs a date.
    :param retire: what becomes of a version that is retired: `deprecated`, for example.
    :param is_copy: tells whether an address is one of the service's own copies.
    """

    what: str
    image_types: tuple[str, ...]
    versions: Mapping[str, VersionThere] = field(repr=False)
    is_core: bool
    begins_with_date: bool
    retire: str
    is_copy: Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to become of a plan's image versions.

    :param added: images of the version that is added; none where it is there.
    :param retired: numbers of those that are retired.
    :param versions: numbers of those that are offered then, the oldest first.
    :param lines: what is said of it.
    """

    added: tuple[Image, ...]
    retired: tuple[str, ...]
    versions: tuple[str, ...]
    lines: tuple[Say, ...]

    def said(self) -> Procedure[None]:
        """Write what is said of it into the log."""
        for line in self.lines:  # noqa: UP028 - a tuple takes no reply
            yield line

    def result(self, asked: ImageVersion, *, changed: bool) -> ImageVersionResult:
        """Return it as a result.

        :param asked: the version that was asked for.
        :param changed: whether the draft was changed so.
        """
        added = tuple(image.without_signatures() for image in self.added)
        return ImageVersionResult(changed, asked.plan_id, asked.number, added, self.retired, self.versions)


def decide(asked: ImageVersion, there: PlanImages) -> Decision:
    """Return what is to become of a plan's image versions, so that one is among them.

    :param asked: the version that the plan is to have.
    :param there: the plan as it is.
    :raises CppConfigurationError: if the plan has no such generation, its versions are written in another way, or
        it has this one with other images.
    """
    for image in asked.images:
        if image.image_type not in there.image_types:
            raise CppConfigurationError(
                f"{there.what} has no generation {image.image_type}; it has {', '.join(there.image_types)}. "
                "Nothing was sent. Correct image_type; a new generation is added with PutOfferOperator."
            )
    same = there.versions.get(asked.number)
    if same is not None:
        return Decision((), (), _offered(there), tuple(_is_there(asked, there, same)))
    _check_number(asked.number, there)
    _check_spelling(asked.number, there)
    types = {number: {image.image_type for image in each.images} for number, each in there.versions.items()}
    offered = {number: types[number] for number in _offered(there)}
    offered[asked.number] = {image.image_type for image in asked.images}
    retired = to_retire(offered, asked.number, asked.keep) if asked.keep is not None else ()
    versions = tuple(sorted(offered.keys() - set(retired), key=_order))
    return Decision(asked.images, retired, versions, tuple(_changes(asked, there, retired, versions)))


def no_plan(what: str, plan_id: str, plans: tuple[str, ...]) -> CppConfigurationError:
    """Return the error of a plan that an offer hasn't.

    :param what: the offer in words, as a sentence begins with it.
    :param plan_id: the plan's id.
    :param plans: the plans that there are.
    """
    there = f"Plans there: {closest(plan_id, plans)}" if plans else "No plan is there"
    return CppConfigurationError(f"{what} has no plan {plan_id!r}. Nothing was sent. {there}. Correct plan_id.")


def other_type(what: str, offer_type: str) -> CppConfigurationError:
    """Return the error of an offer whose plans have no images.

    :param what: the offer in words, as a sentence begins with it.
    :param offer_type: its type, by the service's own word; empty if it doesn't say.
    """
    return CppConfigurationError(
        f"{what} is of type {offer_type or 'unknown'}: only virtual machine offers have image versions. Nothing "
        "was sent. Change other offers with PutOfferOperator."
    )


def _order(number: str) -> tuple[tuple[int, ...], str]:
    return order_of(number), number


def _offered(there: PlanImages) -> tuple[str, ...]:
    return tuple(sorted((number for number, each in there.versions.items() if each.is_offered), key=_order))


def _check_number(number: str, there: PlanImages) -> None:
    if not there.is_core or is_date(number):
        return
    if needs_date(tuple(there.versions), is_new_one_a_date=there.begins_with_date):
        has = f": it has {', '.join(_offered(there)[-3:])}" if there.versions else ""
        raise CppConfigurationError(
            f"{there.what} is a core virtual machine's, whose image versions are dates{has}. "
            f"image_version={number!r} is none. Nothing was sent. Give a date, such as 2026.11.30."
        )


def _check_spelling(number: str, there: PlanImages) -> None:
    same = next((each for each in there.versions if order_of(each) == order_of(number)), None)
    if same is not None:
        raise CppConfigurationError(
            f"{there.what} has image version {same} already, which is the same number as {number}, written in "
            "another way: nobody could tell which of the two is the newer. Nothing was sent. Write image_version "
            "as it is there, or give another number."
        )


def _is_there(asked: ImageVersion, there: PlanImages, same: VersionThere) -> list[Say]:
    """Return what is said of a version that is there.

    :raises CppConfigurationError: if it has other images.
    """
    by_type = {image.image_type: image for image in same.images}
    found = {
        image.image_type: sameness(image, by_type[image.image_type], there.is_copy)
        if image.image_type in by_type
        else Sameness.OTHER
        for image in asked.images
    }
    if Sameness.OTHER in found.values():
        raise CppConfigurationError(
            f"{there.what} has image version {asked.number} already, with other images than the ones that are "
            f"asked for: {'; '.join(map(str, same.images)) or 'none'}. Nothing was sent. A version that was "
            "published can't change any more: give the new images another image_version. If this one was never "
            "published, take it out of the draft first, with PutOfferOperator or in Partner Center."
        )
    lines = []
    unknown = [kind for kind, each in found.items() if each is Sameness.UNKNOWN]
    if unknown:
        lines.append(
            Say(
                f"{there.what} has image version {asked.number} already, and nothing is sent. Whether its images "
                f"are the ones that are asked for can't be compared for {', '.join(unknown)}: the service shows "
                "the address of a copy of its own."
            )
        )
    else:
        lines.append(
            Say(f"{there.what} has image version {asked.number} already, with the same images: nothing is sent.")
        )
    if not same.is_offered:
        lines.append(
            Say(
                f"Image version {asked.number} is {same.state}: customers aren't offered it. To offer it again, "
                "change it with PutOfferOperator or in Partner Center.",
                logging.WARNING,
            )
        )
    return lines


def _changes(
    asked: ImageVersion, there: PlanImages, retired: tuple[str, ...], versions: tuple[str, ...]
) -> list[Say]:
    lines = [Say(f"{there.what} gets image version {asked.number}: {'; '.join(map(str, asked.images))}.")]
    if unsigned := [image.image_type for image in asked.images if not image.is_signed]:
        lines.append(
            Say(
                f"Not each file of {', '.join(unsigned)} has a signature (sig=...) in its URL: unless anybody may "
                "read it, Microsoft can't copy it, and certification fails.",
                logging.WARNING,
            )
        )
    lines += [Say(f"Image version {number} is {there.retire}: keep={asked.keep}.") for number in retired]
    if asked.keep is not None and len(versions) > asked.keep:
        lines.append(
            Say(
                f"keep={asked.keep}, but {len(versions)} image versions stay offered: {', '.join(versions)}. None "
                f"is {there.retire} that is newer than {asked.number}, or the newest of its generation.",
                logging.WARNING,
            )
        )
    if versions[-1] != asked.number:
        lines.append(
            Say(
                f"Image version {asked.number} isn't the newest: customers who ask for the latest go on getting "
                f"{versions[-1]}."
            )
        )
    number_there = len(there.versions) + 1
    if asked.keep is None and number_there >= NEARLY_MOST:
        lines.append(
            Say(
                f"{there.what} has {number_there} image versions then, of which {len(versions)} are offered; the "
                f"service takes {MOST_VERSIONS}. Set keep, so that the oldest are {there.retire}.",
                logging.WARNING,
            )
        )
    return lines

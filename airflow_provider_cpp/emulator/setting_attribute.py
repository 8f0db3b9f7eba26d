"""Decides how a setting is read and assigned as an attribute; which values it can have is left to ``settings``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, Self, TypeVar, overload

if TYPE_CHECKING:
    from airflow_provider_cpp.emulator.emulator import Emulator

T = TypeVar("T")


class SettingAttribute(Generic[T]):
    """Show a setting of the same name as an attribute that can be assigned to while the emulator runs."""

    def __set_name__(self, owner: type[Emulator], name: str) -> None:
        self._name = name

    @overload
    def __get__(self, emulator: None, owner: type[Emulator]) -> Self: ...
    @overload
    def __get__(self, emulator: Emulator, owner: type[Emulator]) -> T: ...
    def __get__(self, emulator: Emulator | None, owner: type[Emulator]) -> Self | T:
        if emulator is None:
            return self
        value: T = getattr(emulator.settings, self._name)
        return value

    def __set__(self, emulator: Emulator, value: T) -> None:
        emulator.configure(**{self._name: value})

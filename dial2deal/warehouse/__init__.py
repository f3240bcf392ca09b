"""The private warehouse: opening it, its schema, its key. Readers never open it: they have the published snapshot."""

from dial2deal.warehouse.key import SecretKeyError
from dial2deal.warehouse.opening import WarehouseBusyError, WarehouseDamagedError, connect, is_locked, scratch, session
from dial2deal.warehouse.schema import WarehouseNewerError, parse_macros
from dial2deal.warehouse.state import get_state, mark_dirty, set_state, transaction

__all__ = [
    "SecretKeyError",
    "WarehouseBusyError",
    "WarehouseDamagedError",
    "WarehouseNewerError",
    "connect",
    "get_state",
    "is_locked",
    "mark_dirty",
    "parse_macros",
    "scratch",
    "session",
    "set_state",
    "transaction",
]

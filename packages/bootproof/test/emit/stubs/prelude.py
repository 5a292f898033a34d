# What stands before a test script when its types are checked, in the place of NixOS's own declarations: the names that
# the driver gives a script. The machines' names follow.
from contextlib import AbstractContextManager
from typing import Callable

from test_driver.machine import Machine

start_all: Callable[[], None]
join_all: Callable[[], None]
run_tests: Callable[[], None]
subtest: Callable[[str], AbstractContextManager[None]]
serial_stdout_on: Callable[[], None]
serial_stdout_off: Callable[[], None]
machines: list[Machine]


"""Failed log-ins: how many one name and one address may have, and when they are forgotten.

The settings of these tests allow 3 for a name, and thus 30 for an address, in 60 seconds.
"""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count

import pytest

from core.entities import PasswordChange
from core.errors import InvalidGrant, TooManyAttempts, WrongPassword
from tests.services.contended import ContendedStorage, Step
from tests.services.factory import PASSWORD, Factory
from tests.services.session_client import SessionClient

Tick = Callable[[timedelta], datetime]
WRONG = "WrongPass123"
SECOND = timedelta(seconds=1)


class Attempts:
    """Log-ins of a client, each from another address unless one is given."""

    def __init__(self, client: SessionClient) -> None:
        self._client = client
        self._addresses = (f"192.0.2.{number}" for number in count())

    async def log_in(self, name: str = "ada", password: str = PASSWORD, address: str | None = None) -> None:
        await self._client.log_in(name, password, address or next(self._addresses))

    async def fail(self, name: str = "ada", times: int = 1, address: str | None = None) -> None:
        """Fail with a wrong password, not because of earlier failures."""
        for _ in range(times):
            with pytest.raises(InvalidGrant):
                await self.log_in(name, WRONG, address)

    async def expect_refusal(self, name: str = "ada", password: str = PASSWORD, address: str | None = None) -> int:
        """Try once too often; the seconds until the next attempt is allowed."""
        with pytest.raises(TooManyAttempts) as refused:
            await self.log_in(name, password, address)
        return refused.value.retry_after


@pytest.fixture
async def attempts(client: SessionClient, factory: Factory) -> Attempts:
    """Log-ins to a storage with the users ada and bob."""
    for name in ("ada", "bob"):
        await factory.user(name)
    return Attempts(client)


async def test_name_is_refused_after_its_last_failure(attempts: Attempts) -> None:
    await attempts.fail(times=3)
    assert await attempts.expect_refusal() == 60
    assert await attempts.expect_refusal(password=WRONG) == 60
    await attempts.log_in("bob")


async def test_name_below_its_limit_can_log_in(attempts: Attempts) -> None:
    await attempts.fail(times=2)
    await attempts.log_in()


async def test_log_in_forgets_the_failures_of_its_name(attempts: Attempts) -> None:
    for _ in range(3):
        await attempts.fail(times=2)
        await attempts.log_in()
    await attempts.fail(times=3)
    await attempts.expect_refusal()


@pytest.mark.parametrize("names", [("ada", "ADA", "Ada"), ("unknown", "Unknown", "UNKNOWN")])
async def test_spellings_of_a_name_count_together(attempts: Attempts, names: tuple[str, ...]) -> None:
    for name in names:
        await attempts.fail(name)
    await attempts.expect_refusal(names[0])


async def test_failures_are_forgotten_after_the_window(attempts: Attempts, tick: Tick) -> None:
    await attempts.fail()
    tick(20 * SECOND)
    await attempts.fail(times=2)
    assert await attempts.expect_refusal() == 40, "the window begins with the first failure"
    tick(timedelta(seconds=39, milliseconds=500))
    assert await attempts.expect_refusal() == 1
    tick(timedelta(milliseconds=500))
    await attempts.fail(times=2)
    await attempts.log_in()


async def test_address_is_refused_after_ten_times_as_many(attempts: Attempts) -> None:
    for number in range(30):
        await attempts.fail(f"user_{number}", address="198.51.100.7")
    assert await attempts.expect_refusal("ada", address="198.51.100.7") == 60
    await attempts.log_in("ada", address="198.51.100.8")


async def test_address_below_its_limit_can_log_in(attempts: Attempts) -> None:
    for number in range(29):
        await attempts.fail(f"user_{number}", address="198.51.100.7")
    await attempts.log_in("ada", address="198.51.100.7")


async def test_log_in_forgets_no_failure_of_its_address(attempts: Attempts) -> None:
    for number in range(29):
        await attempts.fail(f"user_{number}", address="198.51.100.7")
    await attempts.log_in("ada", address="198.51.100.7")
    await attempts.fail("user_29", address="198.51.100.7")
    await attempts.expect_refusal("bob", address="198.51.100.7")


async def test_address_is_forgotten_after_the_window(attempts: Attempts, tick: Tick) -> None:
    for number in range(30):
        await attempts.fail(f"user_{number}", address="198.51.100.7")
    tick(60 * SECOND)
    await attempts.log_in("ada", address="198.51.100.7")


async def test_refused_log_in_writes_nothing(
    client: SessionClient, contended: ContendedStorage, attempts: Attempts
) -> None:
    await attempts.fail(times=3)
    await Attempts(replace(client, storage=contended)).expect_refusal()
    assert contended.runs == 0


async def test_refused_log_in_is_not_counted(attempts: Attempts, tick: Tick) -> None:
    await attempts.fail(times=3)
    for _ in range(5):
        tick(10 * SECOND)
        await attempts.expect_refusal()
    tick(10 * SECOND)
    await attempts.log_in()


async def test_concurrent_failures_stop_at_the_limit(attempts: Attempts) -> None:
    log_ins = [attempts.log_in(password=WRONG) for _ in range(10)]
    outcomes = await asyncio.gather(*log_ins, return_exceptions=True)
    assert [sum(isinstance(one, kind) for one in outcomes) for kind in (InvalidGrant, TooManyAttempts)] == [3, 7]


async def test_right_password_is_refused_if_others_failed(
    client: SessionClient, contended: ContendedStorage, attempts: Attempts
) -> None:
    async def fail_with_one_name() -> None:
        await attempts.fail("ada", times=3)

    async def fail_from_one_address() -> None:
        for number in range(30):
            await attempts.fail(f"user_{number}", address="198.51.100.7")

    raced = Attempts(replace(client, storage=contended))
    contended.steps = [Step(before=fail_with_one_name)]
    await raced.expect_refusal("ada", address="198.51.100.7")
    contended.steps = [Step(before=fail_from_one_address)]
    await raced.expect_refusal("bob", address="198.51.100.7")


async def test_password_change_is_throttled_apart(client: SessionClient, attempts: Attempts) -> None:
    user = await client.storage.users.get(1)
    wrong = PasswordChange(current_password=WRONG, new_password="OtherPass456")
    right = PasswordChange(current_password=PASSWORD, new_password="OtherPass456")
    for _ in range(3):
        with pytest.raises(WrongPassword):
            await client.service.change_password(client.storage, user, "session", wrong, "192.0.2.1")
    with pytest.raises(TooManyAttempts):
        await client.service.change_password(client.storage, user, "session", right, "192.0.2.1")
    await attempts.log_in()

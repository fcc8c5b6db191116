"""What AuditTrail promises."""

from datetime import date, timedelta

import pytest

from rotation.ports.audit import AuditTrail

DAY = date(2026, 3, 1)


async def lines(trail: AuditTrail, since: date = DAY) -> list[bytes]:
    return [line async for line in trail.read(since)]


class AuditPromises:
    async def test_before_anything_was_added_there_is_nothing(self, trail: AuditTrail) -> None:
        assert await lines(trail) == []

    async def test_lines_come_back_in_the_order_in_which_they_were_added(self, trail: AuditTrail) -> None:
        await trail.append(DAY, [b'{"n": 1}', '{"who": "grüße"}'.encode()])
        await trail.append(DAY, [b'{"n": 3}'])
        assert await lines(trail) == [b'{"n": 1}', '{"who": "grüße"}'.encode(), b'{"n": 3}']

    async def test_days_come_one_after_the_other_whichever_was_added_to_last(self, trail: AuditTrail) -> None:
        await trail.append(DAY + timedelta(days=31), [b"3"])
        await trail.append(DAY, [b"1"])
        await trail.append(DAY + timedelta(days=9), [b"2"])
        assert await lines(trail) == [b"1", b"2", b"3"]

    async def test_earlier_days_are_left_out(self, trail: AuditTrail) -> None:
        await trail.append(DAY, [b"1"])
        await trail.append(DAY + timedelta(days=1), [b"2"])
        assert await lines(trail, DAY + timedelta(days=1)) == [b"2"]

    async def test_later_days_are_left_out_where_an_end_is_given(self, trail: AuditTrail) -> None:
        for place in range(3):
            await trail.append(DAY + timedelta(days=place), [b"%d" % place])
        until = DAY + timedelta(days=1)
        assert [line async for line in trail.read(DAY, until)] == [b"0", b"1"]

    async def test_nothing_is_added_by_nothing(self, trail: AuditTrail) -> None:
        await trail.append(DAY, [])
        assert await lines(trail) == []

    async def test_many_lines(self, trail: AuditTrail) -> None:
        some = [f"{number:0400}".encode() for number in range(3000)]
        await trail.append(DAY, some)
        assert await lines(trail) == some

    async def test_a_line_bears_no_break(self, trail: AuditTrail) -> None:
        with pytest.raises(ValueError, match="break"):
            await trail.append(DAY, [b"a\nb"])

"""Amounts: what people write is exactly the wei they mean, or one clear complaint."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unbond.amounts import LARGEST, format_amount, parse_amount, parse_share

TOKEN = 10**18


def complaint(text: str) -> str:
    return f"^{re.escape(text)}$"


class TestReading:
    @pytest.mark.parametrize(
        ("value", "wei"),
        [
            ("1000 ANKR", 1000 * TOKEN),
            ("1000ANKR", 1000 * TOKEN),
            ("1 000 ANKR", 1000 * TOKEN),
            ("1_000 ANKR", 1000 * TOKEN),
            ("1 000 000.5 ANKR", 1_000_000 * TOKEN + TOKEN // 2),
            ("0.5 ANKR", TOKEN // 2),
            ("0.000000000000000001 ANKR", 1),
            ("999.999999999999999999 ANKR", 1000 * TOKEN - 1),
            ("0 ANKR", 0),
            ("007 ANKR", 7 * TOKEN),
            ("1 wei", 1),
            ("1000", 1000),
            (" 1000 wei ", 1000),
            (1000, 1000),
            (0, 0),
            (LARGEST, LARGEST),
            (str(LARGEST), LARGEST),
            ("1000 ANKR + 1 wei", 1000 * TOKEN + 1),
            ("1000 ANKR - 1 wei", 1000 * TOKEN - 1),
            ("1 wei - 2 wei + 3 wei", 2),
            ("300 ANKR + 200 ANKR - 500 ANKR", 0),
        ],
    )
    def test_amounts(self, value: str | int, wei: int) -> None:
        assert parse_amount(value, "ANKR") == wei

    @pytest.mark.parametrize(
        "text",
        [
            *("", " ", "ANKR", "wei", "all", "one ANKR", "1000 ANKR IO", "1000 $"),
            *(".5 ANKR", "1. ANKR", "1,000 ANKR", "1.000,5 ANKR", "10 00 ANKR", "1 0000 ANKR"),
            *("1e3", "1e18 ANKR", "1E3 wei", "0x10", "1.5e3 ANKR", "_1 ANKR", "inf", "nan"),
            *("-1 ANKR", "+1 ANKR", "- 1 wei", "--1"),
            pytest.param("１０００ ANKR", id="digits of another script"),
            pytest.param("1000 АNKR", id="a letter of another script"),
            pytest.param("½ ANKR", id="a fraction of one character"),
        ],
    )
    def test_what_is_no_amount_is_said(self, text: str) -> None:
        said = f"'{text.strip()}' is no amount; write one like '1000 ANKR' or '1 wei'"
        with pytest.raises(ValueError, match=complaint(said)):
            parse_amount(text.strip(), "ANKR")

    @pytest.mark.parametrize("value", [True, False, 1.5, 1e21, None])
    def test_only_text_and_whole_numbers_are_amounts(self, value: int) -> None:
        said = f"'{value}' is no amount; write one like '1000 ANKR' or '1 wei'"
        with pytest.raises(ValueError, match=complaint(said)):
            parse_amount(value, "ANKR")

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("1000 IO", "'1000 IO' is in IO; here amounts are in ANKR or wei"),
            ("1000 ankr", "'1000 ankr' is in ankr; here amounts are in ANKR or wei"),
            ("1 ANKR + 1 IO", "'1 IO' is in IO; here amounts are in ANKR or wei"),
            ("0.5 wei", "'0.5 wei' is a fraction of a wei; write '0.5 ANKR'"),
            ("0.5", "'0.5' is a fraction of a wei; write '0.5 ANKR'"),
            (
                "0.0000000000000000001 ANKR",
                "'0.0000000000000000001 ANKR' is finer than a wei, which has 18 digits",
            ),
            ("1 wei - 2 wei", "'1 wei - 2 wei' is negative; an amount is not"),
            ("1 ANKR -", "'1 ANKR -' is no amount; write one like '1000 ANKR' or '1 wei'"),
            ("1 ANKR+1 wei", "'1 ANKR+1 wei' is no amount; write one like '1000 ANKR' or '1 wei'"),
        ],
    )
    def test_what_is_wrong_with_it_is_said(self, text: str, said: str) -> None:
        with pytest.raises(ValueError, match=complaint(said)):
            parse_amount(text, "ANKR")

    def test_a_negative_number_is_refused(self) -> None:
        with pytest.raises(ValueError, match=complaint("'-1' is negative; an amount is not")):
            parse_amount(-1, "ANKR")

    @pytest.mark.parametrize(
        "value",
        [
            LARGEST + 1,
            str(LARGEST + 1),
            f"{LARGEST} wei + 1 wei",
            f"{LARGEST // TOKEN + 1} ANKR",
            "9" * 5000,
        ],
        ids=["number", "text", "sum", "tokens", "thousands of digits"],
    )
    def test_more_than_a_contract_can_count_is_refused(self, value: str | int) -> None:
        said = f"'{value}' is more than a contract can count"
        with pytest.raises(ValueError, match=complaint(said)):
            parse_amount(value, "ANKR")


class TestWriting:
    @pytest.mark.parametrize(
        ("wei", "text"),
        [
            (0, "0 ANKR"),
            (1, "1 wei"),
            (10**12 - 1, "999999999999 wei"),
            (10**12, "0.000001 ANKR"),
            (TOKEN // 2, "0.5 ANKR"),
            (1000 * TOKEN, "1 000 ANKR"),
            (1_000_000 * TOKEN + 1, "1 000 000.000000000000000001 ANKR"),
            (-TOKEN, "-1 ANKR"),
        ],
    )
    def test_amounts(self, wei: int, text: str) -> None:
        assert format_amount(wei, "ANKR") == text

    @settings(derandomize=True)
    @given(st.one_of(st.integers(0, 10**30), st.integers(0, LARGEST)))
    def test_what_is_written_is_read_back(self, wei: int) -> None:
        assert parse_amount(format_amount(wei, "ANKR"), "ANKR") == wei

    @settings(derandomize=True)
    @given(st.integers(0, 10**12), st.integers(0, TOKEN - 1))
    def test_tokens_are_exact_to_the_wei(self, whole: int, fraction: int) -> None:
        assert parse_amount(f"{whole}.{fraction:018} ANKR", "ANKR") == whole * TOKEN + fraction

    @settings(derandomize=True)
    @given(st.integers(0, 10**40), st.integers(0, 10**40))
    def test_sums_and_differences(self, one: int, other: int) -> None:
        assert parse_amount(f"{one} wei + {other}", "ANKR") == one + other
        more, less = max(one, other), min(one, other)
        assert parse_amount(f"{more} - {less} wei", "ANKR") == more - less


class TestShares:
    @pytest.mark.parametrize(
        ("value", "bps"),
        [("5 %", 500), ("5%", 500), ("0.25 %", 25), ("0.5 %", 50), ("100 %", 10_000), (500, 500)],
    )
    def test_reading(self, value: str | int, bps: int) -> None:
        assert parse_share(value) == bps

    @pytest.mark.parametrize(
        "value",
        ["", "%", "5", "0.001 %", "-5 %", "1e1 %", "５ %", ".5 %", True, 0.05, "9" * 5000 + "%"],
    )
    def test_what_is_no_share_is_said(self, value: str | int) -> None:
        said = f"'{value}' is no share; write one like '5 %' or 500 for 500/10 000"
        with pytest.raises(ValueError, match=complaint(said)):
            parse_share(value)

    def test_a_negative_number_is_refused(self) -> None:
        with pytest.raises(ValueError, match=complaint("-1 is negative; a share is not")):
            parse_share(-1)


@settings(derandomize=True)
@given(st.text(max_size=30) | st.integers() | st.booleans())
def test_anything_is_read_or_refused(value: str | int) -> None:
    try:
        wei = parse_amount(value, "ANKR")
    except ValueError as refusal:
        said = str(refusal)
    else:
        assert 0 <= wei <= LARGEST
        return
    assert said.startswith("'")

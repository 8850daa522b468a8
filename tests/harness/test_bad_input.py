"""Malformed inputs of every kind end in one clear line, and nothing changes."""

from __future__ import annotations

import random
import subprocess

import pytest

from tests.harness.clients import APE, ROOT
from tools.badinput import Inputs, Verdict, spoil, try_inputs, verdict_of
from unbond.chain import Chain

SAMPLE = 60


def test_a_sample_of_them_ends_in_one_clear_line(local_chain: Chain) -> None:
    height = local_chain.provider.get_block("latest").number
    tried = try_inputs(7, range(SAMPLE))
    assert [(number, case.what, verdict) for number, case, verdict in tried.failures] == []
    assert tried.total == SAMPLE
    # Some accidents do no harm, most do.
    assert 3 * tried.valid < SAMPLE
    assert local_chain.provider.get_block("latest").number == height


def test_the_same_number_is_the_same_input() -> None:
    usual = {"book.json": b'{"block": 1}', "gas.json": b'{"named": {}}'}
    first, again, other = (Inputs(seed, usual) for seed in (1, 1, 2))
    numbers = range(40)
    assert [first.draw(n) for n in numbers] == [again.draw(n) for n in reversed(numbers)][::-1]
    assert [first.draw(n) for n in numbers] != [other.draw(n) for n in numbers]
    drawn = [first.draw(n) for n in range(600)]
    assert {case.kind for case in drawn} == {
        *("scenario files", "odd files", "actions and views", "other commands", "networks"),
        *("address books", "devnet's files", "settings", "gas figures", "environment"),
    }
    assert all(case.what and case.words for case in drawn)


def test_an_accident_says_what_it_was() -> None:
    chance = random.Random(3)
    told = {spoil(b"name: value\nmore: 7\n", chance)[1] for _ in range(300)}
    assert "line 2 twice" in told
    assert "within 3000 lists" in told


@pytest.mark.parametrize(
    ("code", "out", "err", "result"),
    [
        (0, "done\n", "", "valid"),
        (1, "", "Error: there is no 'x' here\n", "one clear line"),
        (2, "", "Usage: x\nTry 'x -h' for help.\n\nError: No such option: --x\n", "usage"),
        (1, "1 of 1 not as expected: x.yaml\n", "", "not as expected"),
        (1, "", "Traceback (most recent call last):\nKeyError: 1\n", "traceback"),
        (1, "", "Error: 'x'\n", "unclear"),
        (1, "", "Error: 'NoneType' object has no attribute 'x'\n", "unclear"),
        (1, "", "", "no complaint"),
        (1, "", "Error: there is one line\nand another\n", "several lines"),
        (1, "half of", "Error: there is no more\n", "half a result"),
    ],
)
def test_what_is_thought_of_an_end(code: int, out: str, err: str, result: str) -> None:
    verdict = verdict_of(code, out, err)
    assert verdict.result == result
    fine = {"valid", "one clear line", "usage", "not as expected"}
    assert verdict == Verdict(result, result in fine, verdict.detail)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("status", "--network", "ethereum:mars"), "Error: Invalid value for '--network': "),
        (("forecast", "/dev/zero"), "Error: /dev/zero: cannot be read: File too large"),
        (("delegated", "pause"), "Error: Missing option '--account'."),
    ],
)
def test_a_process_of_its_own_ends_in_the_same_way(words: tuple[str, ...], complaint: str) -> None:
    done = subprocess.run(
        [APE, "run", *words],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode != 0
    verdict = verdict_of(done.returncode, done.stdout, done.stderr)
    assert verdict.ok, done.stderr
    assert done.stderr.splitlines()[-1].startswith(complaint)

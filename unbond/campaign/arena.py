"""A system and its model side by side: every move is done by both, and everything is compared.

The contract runs on revm in this process. What the driver would send is taken from the driver
itself, so nothing here knows how an action is encoded.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, NoReturn

from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from unbond.artifacts import container
from unbond.chain import Contract
from unbond.codec import EventWords, word
from unbond.errors import Refused
from unbond.models import draws_for, model_for
from unbond.models.base import CLOSED, Move, Outcome, Refusal, Row
from unbond.revm import ANYBODY, Halted, Reverted, RevmChain
from unbond.roles import Roles
from unbond.systems import system_class
from unbond.systems.base import Coin, Event, System, Token
from unbond.wallets import StubbornWallet
from unbond.when import HOUR, SESSION_START

if TYPE_CHECKING:
    from ethpm_types import ContractType

LIMIT = 4096
"""How many positions of an account are looked at."""


class Disagreement(Exception):
    """The contract did, or says, something else than the model."""

    def __init__(self, what: str, expected: str, actual: str) -> None:
        """Say about what they disagree; ``expected`` is the model's."""
        super().__init__(f"{what}: by the model, {expected}; by the contract, {actual}")
        self.what = what


class _Sent(Exception):
    """What a driver wanted to send."""

    def __init__(self, to: _Listener, method: str, arguments: tuple[Any, ...], value: int) -> None:
        self.to = to
        self.method = method
        self.arguments = arguments
        self.value = value


class _Listener:
    """Stands in for a contract of a driver, to hear what the driver would send."""

    def __init__(self, contract: Contract) -> None:
        self.address = contract.address
        self.methods = contract.methods

    def act(self, method: str, *arguments: Any, sender: Any, value: int = 0) -> Any:
        raise _Sent(self, method, arguments, value)


_SMALL = [word(number) for number in range(8)]
_THIRTY_TWO = word(32)
_LIMIT = word(LIMIT)


class Arena:
    """One deployment of a system, and what is needed to compare it with a model quickly."""

    def __init__(self, name: str, setup: dict[str, Any]) -> None:
        """Deploy the system ``name`` as ``setup`` says, which is as in a scenario file."""
        self.name = name
        self.setup = setup
        self.kind: type[System] = system_class(name)
        self.model_kind = model_for(name)
        self.draws_kind = draws_for(name)
        self.chain = RevmChain()
        self.roles = Roles(self.chain)
        self._parsed = self.kind.setup_model.model_validate(setup)
        owner = self.roles.account("owner")
        # First: a wallet may have a role in the setup.
        self.wallets = {role: self._wallet(role) for role in self.draws_kind.refusing}
        self.system = self.kind.establish(self.chain, owner, self._parsed, self.roles.account)
        for role, amount in self.draws_kind.funds.items():
            self.system.fund(owner, self.roles.account(role), amount)
        for wallet in self.wallets.values():
            wallet.refuse(self.chain)
        witness = self.chain.deploy(container("Witness"), sender=owner).address
        self.people = {role: self.find(role) for role in self.draws_kind.people}
        """The accounts of all who act, as numbers, by role."""
        self._everybody = tuple(self.people.values())
        self.earliest = SESSION_START + HOUR
        """The first second in which something can be done: wherever these moves are made again,
        everything is deployed by then."""
        self._prepare(witness)
        self._start = self.chain.snapshot()
        self.begin()

    def _wallet(self, role: str) -> StubbornWallet:
        wallet = StubbornWallet.open(self.chain, self.roles.account(f"keeper of {role}"))
        self.roles.appoint(role, wallet)
        return wallet

    def find(self, role: str) -> int:
        """The account of a role, as a number."""
        return int(self.roles.address(role), 16)

    def begin(self) -> None:
        """Go back to the fresh deployment, with a fresh model."""
        self.chain.restore(self._start)
        self._start = self.chain.snapshot()
        self.model = self.model_kind.establish(
            self._parsed, self.find, address=int(self.target, 16), now=SESSION_START
        )
        for role, amount in self.draws_kind.funds.items():
            self.model.fund(self.find(role), amount)
        refusing = getattr(self.model, "refusing", None)
        if refusing is not None:
            refusing.update(map(self.find, self.wallets))
        self.model.now = self.earliest - 1
        self.seen: dict[int, list[Row]] = {}
        self._known_rows: dict[Row, bytes] = {}
        self._closed = dict.fromkeys(self._everybody, 0)
        """How many positions of each were seen closed, from the oldest on: they are over, and are
        looked at again at the end only."""
        self.draws = self.draws_kind(self.model, self.find)

    # What is prepared once.

    def _prepare(self, witness: str) -> None:
        system = self.system
        self._engine = self.chain.engine
        self._witness = witness
        self.target = system.address
        self._target_bytes = bytes.fromhex(system.address[2:])
        self._emitter = system.address
        kinds: list[ContractType] = [system.contract.instance.contract_type]
        self._events = {abi.name: EventWords(abi) for kind in kinds for abi in kind.events}
        self._contract: Contract = system.contract
        self._calls = {
            name: getattr(system, name) for name, spec in self.kind.actions().items() if spec.sends
        }
        self._selectors = self._contract.errors.selectors
        self._selector_words = {name: one + bytes(28) for name, one in self._selectors.items()}
        self._selector_words[""] = bytes(32)
        self._address = {one: f"0x{one:040x}" for one in self.people.values()}
        self.through = {self.find(role) for role in self.wallets}
        self._coins = [
            place for place, one in enumerate(system.money.values()) if isinstance(one, Coin)
        ]
        tokens = {
            place: one for place, one in enumerate(system.money.values()) if isinstance(one, Token)
        }
        self._kept = {
            place: (one.address, [(account, _slot_of(account)) for account in self.people.values()])
            for place, one in tokens.items()
            if self._keeps_balances(one.address)
        }
        """Of tokens that keep what an account has in a slot: where it stands."""
        self._tokens = [place for place in tokens if place not in self._kept]
        asks = [self._ask(self.target, "assets()"), self._ask(self.target, "liabilities()")]
        asks += [
            self._ask(tokens[place].address, "balanceOf(address)", account)
            for account in self.people.values()
            for place in self._tokens
        ]
        self._look_at_all = b"".join(asks)
        # From here on the driver only tells what it would send.
        system.contract = _Listener(system.contract)  # type: ignore[assignment]
        for token in tokens.values():
            token.contract = _Listener(token.contract)  # type: ignore[assignment]
        self._look_at = {
            account: self._ask(
                self.target, "positionsOf(address,uint256,uint256)", account, 0, LIMIT
            )[:-64]
            for account in self.people.values()
        }
        """Questions for positions, without their last two words: from where on, and how many."""

    def _keeps_balances(self, token: str) -> bool:
        """Whether a token keeps its balances where OpenZeppelin's does, so that they can be read.

        To read a slot costs a tenth of a call. Of tokens that compute balances it tells nothing.
        """
        kept = [self._engine.evm.storage(token, _slot_of(one)) for one in self.people.values()]
        asks = [self._ask(token, "balanceOf(address)", one) for one in self.people.values()]
        told = self._engine.call(ANYBODY, self._witness, b"".join(asks))
        return any(kept) and kept == _numbers(told)

    @staticmethod
    def _ask(target: str, signature: str, *arguments: int) -> bytes:
        data = keccak(text=signature)[:4] + b"".join(map(word, arguments))
        return bytes.fromhex(target[2:]) + len(data).to_bytes(2, "big") + data

    # The model's outcomes as the driver would tell them.

    def address_of(self, account: int) -> str:
        """The address of an account, with its checksum."""
        return str(to_checksum_address(account.to_bytes(20, "big")))

    def told(self, outcome: Outcome) -> list[Event]:
        """The events of a success."""
        return self._as_events(self._logs_of(outcome))

    def _logs_of(self, outcome: Outcome) -> list[tuple[list[bytes], bytes]]:
        """What the system logs; not what a token of its alone does."""
        events = self._events
        return [events[fact[0]].log(fact) for fact in outcome.events if fact[0] in events]

    def _as_events(self, logs: list[tuple[list[bytes], bytes]]) -> list[Event]:
        found = [
            {"address": self._emitter, "topics": topics, "data": data} for topics, data in logs
        ]
        return [self.system.event_of(log) for log in self._contract.read_logs(found)]

    def refusal(self, refusal: Refusal) -> Refused:
        """A refusal."""
        return self._contract.errors.decode(self._refusal_data(refusal))

    def _refusal_data(self, refusal: Refusal) -> bytes:
        selector = self._selectors.get(refusal.name, b"")
        return selector + b"".join([number.to_bytes(32, "big") for number in refusal.numbers])

    # One move.

    def step(self, move: Move, everybody: bool = False) -> Outcome:
        """Do a move in the contract and in the model, and compare all that there is to see.

        Args:
            move: what is done.
            everybody: look at the positions of all; otherwise of those whom it concerns, and of one
                other account, in turn. A refused move leaves nothing behind and concerns nobody.

        Raises:
            Disagreement: when anything differs.
        """
        outcome = self.model.do(move)
        self._engine.set_second(move.second)
        to, data, value = self.encode(move)
        address = self._address[move.sender]
        try:
            if move.sender in self.through:
                returned = self._engine.call_through(address, to, data, value)
            else:
                returned = self._engine.call(address, to, data, value)
        except Reverted as error:
            self._compare_refusal(outcome, error.data)
        except Halted as error:
            raise Disagreement("result", _told(outcome), str(error)) from None
        else:
            self._compare_success(outcome, returned)
        accounts: Sequence[int]
        views = () if outcome.refusal else tuple(self.model.views_after(move))
        if everybody:
            accounts = self._everybody
        else:
            concerned = {self._everybody[move.second % len(self._everybody)]}
            if outcome.refusal is None:
                concerned.update((move.sender, *self.model.touched))
            accounts = [one for one in self._everybody if one in concerned]
        self.compare_state(accounts, views, closed_too=everybody)
        return outcome

    def encode(self, move: Move) -> tuple[str, bytes, int]:
        """What the driver would send: to which contract, the call data, and coins, in wei."""
        try:
            self._calls[move.action](move.sender, *move.arguments)
        except _Sent as sent:
            codec = sent.to.methods[sent.method]
            try:
                data = codec.selector + b"".join([word(one) for one in sent.arguments])
            except TypeError:
                # Lists, and what else is not elementary.
                data = codec.encode(sent.arguments)
            return sent.to.address, data, sent.value
        raise AssertionError(f"the driver sent nothing for {move.action}")

    def _compare_refusal(self, outcome: Outcome, data: bytes) -> None:
        refusal = outcome.refusal
        if refusal is None:
            raise Disagreement("result", _told(outcome), self._explain(data))
        if data != self._refusal_data(refusal):
            raise Disagreement("refusal", _told(outcome), self._explain(data))

    def _explain(self, data: bytes) -> str:
        return f"it is refused with {self._contract.errors.decode(data).sentence}"

    def _compare_success(self, outcome: Outcome, returned: bytes) -> None:
        if outcome.refusal is not None:
            raise Disagreement("result", _told(outcome), "it succeeds")
        expected = b"".join([number.to_bytes(32, "big") for number in outcome.returned])
        if returned != expected:
            raise Disagreement("returned value", expected.hex(), returned.hex())
        emitter = self._emitter
        logs = [(topics, data) for by, topics, data in self._engine.logs() if by == emitter]
        told = self._logs_of(outcome)
        if logs != told:
            self._find_difference_in_events(self.told(outcome), self._as_events(logs))

    def _find_difference_in_events(self, expected: list[Event], actual: list[Event]) -> None:
        for one, other in zip_longest(expected, actual):
            if one != other:
                name = type(one or other).__name__
                if type(one) is type(other):
                    was, found = _unlike(vars(one), vars(other))
                else:
                    was, found = str(one), str(other)
                raise Disagreement(f"event {name}", was, found)
        raise Disagreement("events", "nothing else", "logs that cannot be read")

    # What there is to see.

    def compare_state(
        self,
        accounts: Sequence[int],
        views: Sequence[tuple[str, tuple[int, ...]]] = (),
        closed_too: bool = True,
    ) -> None:
        """Compare what is held and owed, all balances, the positions of ``accounts``, and views.

        Args:
            accounts: whose positions.
            views: what else to ask the contract and the model, by name, with arguments.
            closed_too: also those that have been seen closed before.

        Raises:
            Disagreement: when anything differs.
        """
        model = self.model
        self.seen = {}
        evm = self._engine.evm
        for place, (token, slots) in self._kept.items():
            held_of = model.money[place].held
            for account, slot in slots:
                actual = evm.storage(token, slot)
                if actual != held_of.get(account, 0):
                    self._differ_in_money(account, place, held_of.get(account, 0), actual)
        parts = [model.assets().to_bytes(32, "big"), model.liabilities().to_bytes(32, "big")]
        tokens, coins = self._tokens, self._coins
        if tokens or coins:
            for account in self._everybody:
                held = model.balances(account)
                for place in tokens:
                    parts.append(held[place].to_bytes(32, "big"))
                for place in coins:
                    actual = evm.get_balance(self._address[account])
                    if actual != held[place]:
                        self._differ_in_money(account, place, held[place], actual)
        question = [self._look_at_all]
        for account in accounts:
            rows = self.seen[account] = model.positions(account)
            first = 0 if closed_too else self._closed[account]
            question.append(self._look_at[account] + word(first) + _LIMIT)
            parts.append(_THIRTY_TWO)
            parts.append((len(rows) - first).to_bytes(32, "big"))
            for row in rows[first:]:
                parts.append(self._known_rows.get(row) or self._words_of(row))
        for name, arguments in views:
            question.append(self._ask_view(name, arguments))
            answer = model.answer(name, arguments)
            for number in answer if isinstance(answer, tuple) else (answer,):
                parts.append(int(number).to_bytes(32, "big"))
        expected = b"".join(parts)
        try:
            actual_words = evm.message_call(ANYBODY, self._witness, b"".join(question))
        except RuntimeError:
            raise self._silence(accounts, views, question) from None
        if actual_words != expected:
            self._find_difference(accounts, views, closed_too, bytes(actual_words))
        for account in accounts:
            self._closed[account] = self._count_closed(account)

    def _count_closed(self, account: int) -> int:
        rows, count = self.seen[account], self._closed[account]
        while count < len(rows) and rows[count].state == CLOSED:
            count += 1
        return count

    def _differ_in_money(self, account: int, place: int, expected: int, actual: int) -> NoReturn:
        what = f"{list(self.system.money)[place]} of {self._role(account)}"
        raise Disagreement(what, str(expected), str(actual))

    def _ask_view(self, name: str, arguments: tuple[int, ...]) -> bytes:
        data = self._contract.methods[name].selector + b"".join(map(word, arguments))
        return self._target_bytes + len(data).to_bytes(2, "big") + data

    def _silence(
        self,
        accounts: Sequence[int],
        views: Sequence[tuple[str, tuple[int, ...]]],
        question: list[bytes],
    ) -> Disagreement:
        """Say which of the many views is refused, though views never are."""
        subjects = ["assets, liabilities and balances"]
        subjects += [f"positions of {self._role(account)}" for account in accounts]
        subjects += [name for name, _ in views]
        for subject, asked in zip(subjects, question, strict=True):
            try:
                self._engine.call(ANYBODY, self._witness, asked)
            except (Reverted, Halted):
                return Disagreement(subject, "that they can be seen", "refuses")
        return Disagreement("views", "that they can be seen together", "refuses")

    def _words_of(self, row: Row) -> bytes:
        """A position as contracts tell it. Most of them are the same after the next move."""
        words = self._known_rows[row] = b"".join(
            (
                row[0].to_bytes(32, "big"),
                _SMALL[row[1]],
                _SMALL[row[2]],
                row[3].to_bytes(32, "big"),
                row[4].to_bytes(32, "big"),
                row[5].to_bytes(32, "big"),
                self._selector_words[row[6]],
            )
        )
        return words

    def _find_difference(
        self,
        accounts: Sequence[int],
        views: Sequence[tuple[str, tuple[int, ...]]],
        closed_too: bool,
        actual: bytes,
    ) -> NoReturn:
        """Say in which of the many views they differ."""
        model = self.model
        words = _numbers(actual)
        for name, expected in (("assets", model.assets()), ("liabilities", model.liabilities())):
            found = words.pop(0)
            if found != expected:
                raise Disagreement(name, str(expected), str(found))
        for account in self._everybody:
            for place in self._tokens:
                found, expected = words.pop(0), model.balances(account)[place]
                if found != expected:
                    self._differ_in_money(account, place, expected, found)
        for account in accounts:
            _, count = words.pop(0), words.pop(0)
            found_rows = [words[at : at + 7] for at in range(0, 7 * count, 7)]
            del words[: 7 * count]
            rows = model.positions(account)[0 if closed_too else self._closed[account] :]
            what = f"positions of {self._role(account)}"
            if len(rows) != count:
                raise Disagreement(what, f"{len(rows)} of them", f"{count} of them")
            for row, found_row in zip(rows, found_rows, strict=True):
                if _numbers(self._words_of(row)) != found_row:
                    error = self._contract.errors.name_of(found_row[6].to_bytes(32, "big")[:4])
                    fields = dict(zip(Row._fields, (*found_row[:6], error), strict=True))
                    name = self.system.position_name(row.id)
                    raise Disagreement(f"{what}: {name}", *_unlike(row._asdict(), fields))
        for name, arguments in views:
            answer = model.answer(name, arguments)
            numbers = [int(one) for one in (answer if isinstance(answer, tuple) else (answer,))]
            found_numbers, words = words[: len(numbers)], words[len(numbers) :]
            if numbers != found_numbers:
                asked = f"{name}({', '.join(map(str, arguments))})"
                raise Disagreement(asked, str(numbers), str(found_numbers))
        raise Disagreement("views", "less", f"{len(words)} words more")

    def _role(self, account: int) -> str:
        return next(role for role, one in self.people.items() if one == account)


def _slot_of(account: int) -> int:
    """Where an OpenZeppelin token keeps what an account holds: its first variable is that map."""
    return int.from_bytes(keccak(word(account) + word(0)), "big")


def _numbers(words: bytes) -> list[int]:
    return [int.from_bytes(words[at : at + 32], "big") for at in range(0, len(words), 32)]


def _unlike(expected: dict[str, Any], actual: dict[str, Any]) -> tuple[str, str]:
    """Those fields of both in which they are unlike."""
    names = [name for name, value in expected.items() if actual.get(name) != value]
    return (
        ", ".join(f"{name} {expected[name]}" for name in names),
        ", ".join(f"{name} {actual.get(name)}" for name in names),
    )


def _told(outcome: Outcome) -> str:
    if outcome.refusal is not None:
        return f"it is refused with {outcome.refusal.name}{outcome.refusal.numbers}"
    return "it succeeds"

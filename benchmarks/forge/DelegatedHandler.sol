// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {DelegatedStaking} from "unbond/delegated/DelegatedStaking.sol";
import {StakeToken} from "unbond/common/StakeToken.sol";

/// @notice Those of forge's cheat codes that are used.
interface Vm {
    function warp(uint256 second) external;

    function prank(address sender) external;

    function assume(bool condition) external;
}

/// @title What people try with delegated staking, drawn by forge
/// @notice The same actions as the campaign's, with bounded inputs: those of six people, amounts around what matters, times
/// around what opens. A refused action does not revert here, so that time goes on.
contract DelegatedHandler {
    Vm private constant VM = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    uint256 private constant MIN_STAKE = 1000e18;

    /// @dev What has been seen, to choose from.
    struct Known {
        uint256 id;
        address owner;
        uint256 opensAt;
    }

    DelegatedStaking private immutable _staking;
    StakeToken private immutable _token;

    address[] private _people;
    Known[] private _lots;
    Known[] private _tickets;
    uint256 private _now;

    /// @notice How many actions were tried, and how many were done.
    uint256 public tried;
    uint256 public done;

    constructor(DelegatedStaking staking, StakeToken token, address[] memory people) {
        _staking = staking;
        _token = token;
        _people = people;
        _now = block.timestamp;
    }

    function stake(uint256 when, uint256 who, uint256 where, uint256 amount) external {
        _pass(when);
        address sender = _person(who);
        amount = _near(amount, MIN_STAKE, _token.balanceOf(sender));
        (bool ok, bytes memory answer) = _act(sender, abi.encodeCall(_staking.stake, (_provider(where), amount)));
        if (ok) _know(_lots, abi.decode(answer, (uint256)), sender);
    }

    function unstake(uint256 when, uint256 who, uint256 which, uint256 amount) external {
        _pass(when);
        (bool found, Known memory lot) = _choose(_lots, which);
        if (!found) return;
        uint256 held = _staking.stakes(lot.id).amount;
        amount = _near(amount, held, held > MIN_STAKE ? held - MIN_STAKE : held);
        address sender = _owner(lot, who);
        (bool ok, bytes memory answer) = _act(sender, abi.encodeCall(_staking.unstake, (lot.id, amount)));
        if (!ok) return;
        _know(_tickets, abi.decode(answer, (uint256)), sender);
        if (amount == held) _forget(_lots, which);
    }

    function claim(uint256 when, uint256 who, uint256 which) external {
        _pass(when);
        (bool found, Known memory ticket) = _choose(_tickets, which);
        if (!found) return;
        (bool ok, ) = _act(_owner(ticket, who), abi.encodeCall(_staking.claim, (ticket.id)));
        if (ok) _forget(_tickets, which);
    }

    function claimRewards(uint256 when, uint256 who, uint256 which) external {
        _pass(when);
        (bool found, Known memory lot) = _choose(_lots, which);
        if (found) _act(_owner(lot, who), abi.encodeCall(_staking.claimRewards, (lot.id)));
    }

    function restakeRewards(uint256 when, uint256 who, uint256 which) external {
        _pass(when);
        (bool found, Known memory lot) = _choose(_lots, which);
        if (!found) return;
        address sender = _owner(lot, who);
        (bool ok, bytes memory answer) = _act(sender, abi.encodeCall(_staking.restakeRewards, (lot.id)));
        if (ok) _know(_lots, abi.decode(answer, (uint256)), sender);
    }

    function distribute(uint256 when, uint256 who, uint256 where, uint256 amount) external {
        _pass(when);
        amount = _near(amount, 1e18, 10_000e18);
        _act(_holder(who), abi.encodeCall(_staking.distribute, (_provider(where), amount)));
    }

    function claimCommission(uint256 when, uint256 where) external {
        _pass(when);
        _act(_provider(where), abi.encodeCall(_staking.claimCommission, ()));
    }

    function setProviderActive(uint256 when, uint256 who, uint256 where, bool active) external {
        _pass(when);
        _act(_holder(who), abi.encodeCall(_staking.setProviderActive, (_provider(where), active)));
    }

    function addProvider(uint256 when, uint256 who, uint256 where, uint256 commission) external {
        _pass(when);
        _act(_holder(who), abi.encodeCall(_staking.addProvider, (_person(where), commission % 3002)));
    }

    function pauseOrNot(uint256 when, uint256 who, uint256 which) external {
        _pass(when);
        bytes memory data = which % 3 == 0
            ? abi.encodeCall(_staking.pause, ())
            : abi.encodeCall(_staking.unpause, ());
        _act(_holder(who), data);
    }

    /* CHOICES */

    /// @dev Lets time go on: a second, some days, or to a second before, at or after something opens.
    function _pass(uint256 choice) private {
        uint256 next = _now + 1;
        uint256 kind = choice % 100;
        choice /= 100;
        if (kind >= 40) {
            (bool found, Known memory waiting) = _choose(choice % 2 == 0 ? _lots : _tickets, choice / 8);
            if (kind < 75 && found) {
                uint256 around = waiting.opensAt + ((choice / 2) % 3) - 1;
                if (around > next) next = around;
            } else {
                uint256[6] memory leaps = [uint256(60), 3600, 1 days, 3 days, 7 days, 14 days];
                next += leaps[choice % 6];
            }
        }
        _now = next;
        VM.warp(next);
    }

    function _person(uint256 choice) private view returns (address) {
        return _people[choice % _people.length];
    }

    /// @dev Mostly a provider; they are the last two.
    function _provider(uint256 choice) private view returns (address) {
        return choice % 20 == 0 ? _person(choice / 20) : _people[_people.length - 1 - ((choice / 20) % 2)];
    }

    /// @dev Mostly the owner of a position.
    function _owner(Known memory known, uint256 choice) private view returns (address) {
        return choice % 20 == 0 ? _person(choice / 20) : known.owner;
    }

    /// @dev Mostly the one who has all powers.
    function _holder(uint256 choice) private view returns (address) {
        return choice % 10 == 0 ? _person(choice / 10) : _people[0];
    }

    /// @dev A mark, a wei less or more, or anything up to the larger one.
    function _near(uint256 choice, uint256 mark, uint256 other) private pure returns (uint256) {
        uint256 kind = choice % 100;
        choice /= 100;
        uint256 chosen = choice % 2 == 0 ? mark : other;
        if (kind < 45) return chosen;
        if (kind < 55) return chosen + 1;
        if (kind < 65) return chosen == 0 ? 0 : chosen - 1;
        if (kind < 70) return choice % 2;
        return choice % ((mark > other ? mark : other) + 1);
    }

    function _choose(Known[] storage from, uint256 choice) private view returns (bool, Known memory known) {
        uint256 length = from.length;
        return length == 0 ? (false, known) : (true, from[choice % length]);
    }

    function _forget(Known[] storage from, uint256 choice) private {
        from[choice % from.length] = from[from.length - 1];
        from.pop();
    }

    function _know(Known[] storage list, uint256 id, address owner) private {
        uint256 opensAt = _staking.positionsOf(owner, (id & type(uint96).max) - 1, 1)[0].availableAt;
        list.push(Known(id, owner, opensAt));
    }

    function _act(address sender, bytes memory data) private returns (bool ok, bytes memory answer) {
        ++tried;
        VM.prank(sender);
        (ok, answer) = address(_staking).call(data);
        if (ok) ++done;
    }
}

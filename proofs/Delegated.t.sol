// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {StakeToken} from "unbond/common/StakeToken.sol";
import {DelegatedStaking} from "unbond/delegated/DelegatedStaking.sol";
import {Stake, Ticket} from "unbond/delegated/IDelegatedStaking.sol";

import {Proof} from "./Proof.sol";

/// @title What is proved of delegated staking
contract DelegatedProofs is Proof {
    uint256 private constant W = 7 days;

    /// @dev Slots of the storage.
    uint256 private constant LIABILITIES = 3;
    uint256 private constant ENTRIES = 5;
    uint256 private constant PROVIDERS = 6;

    /// @dev What an entry is.
    uint256 private constant LOT = 1;
    uint256 private constant TICKET = 2;

    StakeToken private _asset;
    DelegatedStaking private _staking;

    /// @dev A moment of every epoch since every Monday: all there are until the year 20 000.
    struct Moment {
        uint256 first; // second of epoch 0
        uint256 time;
    }

    /// @dev An entry as it is stored.
    struct Entry {
        uint256 word;
        uint256 amount;
        uint256 opensAt;
        uint256 kind;
    }

    /* TIME */

    /// @notice E-1: epochs are 7 days long and begin at the origin, without a gap.
    function check_epochs(uint256 week, uint256 epoch, uint256 second) external {
        Moment memory now_ = _moment(week, epoch, second);
        assert(_staking.epochAt(now_.time) == epoch);
        assert(_staking.epochStart(epoch) == now_.first + epoch * W);
    }

    /// @notice E-2: a lot staked in epoch E opens with epoch E + 13; with E-1, that is 13 W − o away, 84 to 91 days.
    function check_lock(uint256 week, uint256 epoch, uint256 second, address provider, uint256 amount) external {
        Moment memory now_ = _moment(week, epoch, second);
        VM.assume(_staking.epochAt(now_.time) == epoch);
        uint256 unlocksAt = _staking.previewStake(provider, amount);
        assert(unlocksAt == _staking.epochStart(epoch + 13));
    }

    /// @notice E-4: what is unstaked in epoch U opens with epoch U + 2; with E-1, that is 2 W − o away, 7 to 14 days.
    function check_wait(uint256 week, uint256 epoch, uint256 second, uint256 id, uint256 amount) external {
        Moment memory now_ = _moment(week, epoch, second);
        VM.assume(_staking.epochAt(now_.time) == epoch);
        (, uint256 availableAt) = _staking.previewUnstake(id, amount);
        assert(availableAt == _staking.epochStart(epoch + 2));
    }

    /* STAKER */

    /// @notice E-2, C-4: a stake is a lot of the caller's of that amount, locked until then; that much more is owed.
    function check_stake(address caller, address provider, uint256 amount, uint256 time) external {
        _any(time);
        uint256 owed = _staking.liabilities();
        uint256 unlocksAt = _staking.previewStake(provider, amount);
        VM.prank(caller);
        uint256 id = _staking.stake(provider, amount);
        assert(address(uint160(id >> 96)) == caller);
        assert(_amount(id) == amount && _opensAt(id) == unlocksAt && _kind(id) == LOT);
        assert(_staking.liabilities() == owed + amount);
    }

    /// @notice E-3, C-5: nobody unstakes before the lot opens, nor what is not his; nothing is won or lost by parting it.
    function check_unstake(address caller, uint256 id, uint256 amount, uint256 time) external {
        _any(time);
        uint256 held = _amount(id);
        uint256 opensAt = _opensAt(id);
        uint256 owed = _staking.liabilities();
        (uint256 rewards, uint256 availableAt) = _staking.previewUnstake(id, amount);
        VM.prank(caller);
        uint256 ticket = _staking.unstake(id, amount);
        assert(time >= opensAt);
        assert(address(uint160(id >> 96)) == caller && address(uint160(ticket >> 96)) == caller);
        assert(_kind(ticket) == TICKET && _amount(ticket) == amount && _opensAt(ticket) == availableAt);
        assert(ticket == id ? held == amount : _amount(id) + amount == held && _opensAt(id) == opensAt);
        assert(_staking.liabilities() == owed - rewards);
    }

    /// @notice E-4, C-5: nobody claims before the ticket opens, nor what is not his, nor twice; it pays what it says.
    function check_claim(address caller, uint256 id, uint256 time) external {
        _any(time);
        VM.assume(caller != address(_staking));
        uint256 amount = _amount(id);
        uint256 opensAt = _opensAt(id);
        uint256 kind = _kind(id);
        uint256 owed = _staking.liabilities();
        uint256 had = _balance(_asset, caller);
        VM.prank(caller);
        _staking.claim(id);
        assert(time >= opensAt && kind == TICKET);
        assert(address(uint160(id >> 96)) == caller);
        assert(_entry(id) == 0);
        assert(_asset.balanceOf(caller) == had + amount);
        assert(_staking.liabilities() == owed - amount);
    }

    /// @notice E-8: with locked rewards, nobody claims or restakes any before the lot opens, nor another one's.
    function check_rewards(address caller, uint256 id, uint256 time, bool restake) external {
        _any(time);
        uint256 opensAt = _opensAt(id);
        VM.prank(caller);
        if (restake) _staking.restakeRewards(id);
        else _staking.claimRewards(id);
        assert(time >= opensAt);
        assert(address(uint160(id >> 96)) == caller);
    }

    /* WHATEVER IS CALLED */

    /// @notice C-2, C-3, C-5: whoever calls whatever, a position changes only by its owner's hand; a ticket not at all,
    /// until it is claimed when it is open; a lot keeps its second until it is unstaked when it is open.
    function check_positions(address caller, uint256 id, uint256 time) external {
        _any(time);
        bytes memory data = SVM.createCalldata("DelegatedStaking");
        // An id is given out once.
        uint256 number = _bits(_load(address(_staking), _slot(4, id >> 96)), 0, 96);
        VM.assume(id & (2 ** 96 - 1) <= number);
        Entry memory before = _stored(id);
        VM.assume(_or(before.kind == LOT, before.kind == TICKET));
        _any(caller, address(_staking), data);
        assert(_changesWell(before, _stored(id), address(uint160(id >> 96)) == caller, time));
    }

    /// @notice C-4: whoever calls whatever, the tokens that are held cover what is owed, if they did before.
    function check_solvent(address caller, uint256 time) external {
        _any(time);
        bytes memory data = SVM.createCalldata("DelegatedStaking");
        VM.assume(caller != address(_staking));
        VM.assume(_staking.liabilities() <= _balance(_asset, address(_staking)));
        VM.assume(_balance(_asset, caller) < MANY);
        _any(caller, address(_staking), data);
        assert(_staking.liabilities() <= _asset.balanceOf(address(_staking)));
    }

    /// @dev Whether an entry has stayed as it was, or become what its owner can make of it.
    function _changesWell(
        Entry memory before,
        Entry memory now_,
        bool his,
        uint256 time
    ) private pure returns (bool) {
        bool open = time >= before.opensAt;
        bool claimed = _and(_and(before.kind == TICKET, now_.word == 0), open);
        bool unstaked = _and(_and(now_.kind == TICKET, now_.amount == before.amount), open);
        bool parted = _and(_and(now_.kind == LOT, now_.opensAt == before.opensAt), now_.amount <= before.amount);
        bool left = _and(before.kind == LOT, _or(unstaked, parted));
        return _or(now_.word == before.word, _and(his, _or(claimed, left)));
    }

    /* STATE */

    /// @dev Any state at any second of any epoch since any Monday.
    function _moment(uint256 week, uint256 epoch, uint256 second) private returns (Moment memory now_) {
        VM.assume(week < 2 ** 20 && epoch < 2 ** 20 && second < W);
        unchecked {
            now_.first = 4 days + week * W;
            now_.time = now_.first + epoch * W + second;
        }
        _deploy(now_.first, now_.time);
    }

    /// @dev Any state at any second since the start.
    function _any(uint256 time) private {
        VM.assume(time >= START && time < 2 ** 39);
        _deploy(START, time);
    }

    function _deploy(uint256 first, uint256 time) private {
        VM.warp(time);
        _asset = _token();
        _staking = new DelegatedStaking(IERC20(address(_asset)), uint64(first), true, address(this));
        SVM.enableSymbolicStorage(address(_staking));
    }

    function _stored(uint256 id) private view returns (Entry memory) {
        uint256 word = _entry(id);
        return Entry(word, _bits(word, 0, 104), _bits(word, 192, 40), _bits(word, 248, 8));
    }

    function _entry(uint256 id) private view returns (uint256) {
        return _load(address(_staking), _slot(ENTRIES, id));
    }

    function _amount(uint256 id) private view returns (uint256) {
        return _bits(_entry(id), 0, 104);
    }

    function _opensAt(uint256 id) private view returns (uint256) {
        return _bits(_entry(id), 192, 40);
    }

    function _kind(uint256 id) private view returns (uint256) {
        return _bits(_entry(id), 248, 8);
    }
}

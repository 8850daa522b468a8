// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {StakeToken} from "unbond/common/StakeToken.sol";
import {DeviceStaking} from "unbond/device/DeviceStaking.sol";
import {Exit, ExitKind} from "unbond/device/IDeviceStaking.sol";

import {Proof} from "./Proof.sol";

/// @title What is proved of device staking
contract DeviceProofs is Proof {
    /// @dev Slots of the storage.
    uint256 private constant ACCOUNTS = 4;
    uint256 private constant DEVICES = 5;
    uint256 private constant DEVICE_IDS = 6;
    uint256 private constant LAST_PLACE = 7;
    uint256 private constant ENTRIES = 8;
    uint256 private constant LEFT_AT = 10;

    /// @dev What an entry is.
    uint256 private constant NONE = 0;
    uint256 private constant STAKE = 1;
    uint256 private constant CO_STAKE = 2;
    uint256 private constant STAKE_EXIT = 3;
    uint256 private constant CO_STAKE_EXIT = 4;

    StakeToken private _asset;
    DeviceStaking private _staking;

    /// @dev A device as it is stored, as far as proofs look at it.
    struct Device {
        uint256 ownerId;
        uint256 coStakeId;
        address owner;
        address coStaker;
        uint256 place;
        uint256 term;
        bool rented;
        bool offerOpen;
        bool coStaked;
        uint256 coShareBps;
        uint256 waitingUntil;
    }

    /// @dev An entry as it is stored: nothing at all once it is over.
    struct Entry {
        uint256 word;
        address account;
        uint256 amount;
        uint256 availableAt;
        uint256 place;
        uint256 term;
        uint256 kind;
    }

    /* OWNER */

    /// @notice D-2, D-4: only whoever is bound to a device adds to it, and nobody while a stake cools down; the stake grows by
    /// the amount, and so does what is owed.
    function check_stake(address caller, uint256 deviceId, uint256 amount, uint256 time) external {
        Device memory device = _any(deviceId, time);
        Entry memory before = _entry(device.ownerId);
        if (_number(device.ownerId) == 0) before.kind = before.amount = 0;
        uint256 owed = _staking.liabilities();
        VM.prank(caller);
        _staking.stake(deviceId, amount);
        assert(before.kind == NONE || (before.kind == STAKE && caller == device.owner));
        Entry memory after_ = _entry(_device(deviceId).ownerId);
        assert(after_.account == caller && after_.kind == STAKE);
        assert(after_.amount == (before.kind == NONE ? amount : before.amount + amount));
        assert(_staking.liabilities() == owed + amount);
    }

    /// @notice D-3, D-13, D-14: only the owner unstakes, neither rented nor with an open offer; his whole stake, and a co-stake
    /// with it, can be withdrawn 14 days later to the second; nothing is paid.
    function check_unstake(address caller, uint256 deviceId, uint256 time) external {
        Device memory device = _any(deviceId, time);
        Entry memory own = _entry(device.ownerId);
        Entry memory other = _entry(device.coStakeId);
        uint256 owed = _staking.liabilities();
        VM.prank(caller);
        uint256 id = _staking.unstake(deviceId);
        assert(caller == device.owner && id == device.ownerId && own.kind == STAKE);
        assert(!device.rented && !device.offerOpen);
        assert(_leaves(own, _entry(id), STAKE_EXIT, time + 14 days));
        if (device.coStaked) assert(_leaves(other, _entry(device.coStakeId), CO_STAKE_EXIT, time + 14 days));
        assert(_staking.liabilities() == owed);
    }

    /// @notice D-10, D-11: up to the overflow it is paid at once and the stake goes on; one wei more is a whole unstake.
    function check_unstakeAmount(address caller, uint256 deviceId, uint256 amount, uint256 time) external {
        Device memory device = _any(deviceId, time);
        Entry memory own = _entry(device.ownerId);
        uint256 overflow = _staking.overflow(deviceId);
        uint256 owed = _staking.liabilities();
        VM.prank(caller);
        (ExitKind kind, uint256 id) = _staking.unstakeAmount(deviceId, amount, ExitKind.Any);
        Entry memory after_ = _entry(device.ownerId);
        assert(caller == device.owner && own.kind == STAKE && amount != 0);
        if (amount <= overflow) {
            assert(kind == ExitKind.Overflow && id == 0);
            assert(after_.kind == STAKE && after_.amount + amount == own.amount);
            assert(_staking.liabilities() == owed - amount);
        } else {
            assert(kind == ExitKind.Full && id == device.ownerId && !device.rented && !device.offerOpen);
            assert(_leaves(own, after_, STAKE_EXIT, time + 14 days));
            assert(_staking.liabilities() == owed);
        }
    }

    /// @notice D-10: the overflow is what own and co-stake are more than required, and not more than the own stake; taking it
    /// leaves the requirement covered.
    function check_overflow(address caller, uint256 deviceId, uint256 time) external {
        Device memory device = _any(deviceId, time);
        uint256 own = _entry(device.ownerId).amount;
        uint256 coStake = device.coStaked ? _entry(device.coStakeId).amount : 0;
        uint256 requirement = _staking.devices(deviceId).requirement;
        VM.prank(caller);
        _staking.withdrawOverflow(deviceId);
        uint256 left = _entry(device.ownerId).amount;
        assert(caller == device.owner && left < own);
        assert(left + coStake == requirement || (left == 0 && coStake > requirement));
    }

    /* CO-STAKER */

    /// @notice D-8, D-12: a co-stake is of the terms that were repeated, never the owner's own.
    function check_acceptOffer(
        address caller,
        uint256 deviceId,
        uint256 nonce,
        uint256 amount,
        uint256 coShareBps
    ) external {
        Device memory device = _any(deviceId, START);
        uint256 offer = _load(address(_staking), _field(deviceId, 3));
        uint256 owed = _staking.liabilities();
        VM.prank(caller);
        _staking.acceptOffer(deviceId, nonce, amount, coShareBps);
        assert(device.offerOpen && caller != device.owner);
        assert(amount == _bits(offer, 0, 96) && coShareBps == _bits(offer, 96, 16) && nonce == _bits(offer, 112, 32));
        Device memory now_ = _device(deviceId);
        Entry memory entry = _entry(now_.coStakeId);
        assert(now_.coStaked && !now_.offerOpen && now_.coShareBps == coShareBps);
        assert(entry.account == caller && entry.amount == amount && entry.kind == CO_STAKE);
        assert(_staking.liabilities() == owed + amount);
    }

    /// @notice D-12, D-14: only the co-staker unstakes his stake, not while rented; it counts for 7 days more and can be
    /// withdrawn after 21, to the second.
    function check_unstakeCoStake(address caller, uint256 deviceId, uint256 time) external {
        Device memory device = _any(deviceId, time);
        Entry memory before = _entry(device.coStakeId);
        VM.prank(caller);
        uint256 id = _staking.unstakeCoStake(deviceId);
        assert(caller == device.coStaker && id == device.coStakeId && device.coStaked && !device.rented);
        assert(_leaves(before, _entry(id), CO_STAKE_EXIT, time + 21 days));
        assert(_device(deviceId).waitingUntil == time + 7 days && !_device(deviceId).coStaked);
    }

    /* BOTH */

    /// @notice D-5, C-5: nobody withdraws before the exit opens, nor what is not his, nor twice; it pays what it says.
    function check_withdraw(address caller, uint256 id, uint256 time) external {
        _any(0, time);
        VM.assume(caller != address(_staking));
        Entry memory before = _entry(id);
        uint256 had = _balance(_asset, caller);
        uint256 owed = _staking.liabilities();
        Exit memory exit = _staking.exits(id);
        VM.prank(caller);
        _staking.withdraw(id);
        assert(before.kind == STAKE_EXIT || before.kind == CO_STAKE_EXIT);
        assert(time >= exit.availableAt && caller == before.account && exit.amount == before.amount);
        assert(_entry(id).word == 0);
        assert(_asset.balanceOf(caller) == had + before.amount);
        assert(_staking.liabilities() == owed - before.amount);
    }

    /// @notice D-5, D-13: a running exit opens when it was told to, a co-stake's at most 14 days after the owner left.
    function check_availableAt(uint256 id) external {
        _any(0, START);
        Entry memory entry = _entry(id);
        VM.assume(entry.kind >= STAKE_EXIT);
        assert(_staking.exits(id).availableAt == _opensAt(entry));
    }

    /// @notice D-6, C-5: rewards are paid to whom they belong, once and whole.
    function check_claimRewards(address caller, uint256 deviceId, uint256 time) external {
        _any(deviceId, time);
        VM.assume(caller != address(_staking));
        uint256 rewards = _staking.rewardsOf(deviceId, caller);
        uint256 had = _balance(_asset, caller);
        VM.prank(caller);
        _staking.claimRewards(deviceId);
        assert(rewards != 0 && _staking.rewardsOf(deviceId, caller) == 0);
        assert(_asset.balanceOf(caller) == had + rewards);
    }

    /* REWARDER */

    /// @notice D-7, D-9: a device that has what it requires is given its rewards, and no other; the co-staker's part is what the
    /// offer says, rounded down, the rest is the owner's; just that is taken and owed, and no position changes.
    function check_distribute(
        address caller,
        uint256 deviceId,
        uint256 amount,
        uint256 time,
        uint256 id
    ) external {
        Device memory device = _any(deviceId, time);
        uint256 second = _load(address(_staking), _field(deviceId, 1));
        VM.assume(_bits(second, 176, 8) == 0);
        VM.assume(mulmod(amount, device.coShareBps, type(uint256).max) == amount * device.coShareBps);
        bool earns = _isEnough(device, second, time, deviceId);
        uint256 owed = _staking.liabilities();
        uint256 owners = _staking.rewardsOf(deviceId, device.owner);
        uint256 coStakers = _staking.rewardsOf(deviceId, device.coStaker);
        VM.assume(_and(amount < MANY, caller != address(_staking)));
        uint256 entry = _entry(id).word;
        uint256 taken = _distribute(caller, deviceId, amount);
        assert(taken == (earns ? amount : 0) && _entry(id).word == entry);
        uint256 part = device.coStaked ? (amount * device.coShareBps) / 10_000 : 0;
        assert(_staking.liabilities() == owed + (earns ? amount : 0));
        assert(_staking.rewardsOf(deviceId, device.owner) == owners + (earns ? amount - part : 0));
        if (device.coStaked) assert(_staking.rewardsOf(deviceId, device.coStaker) == coStakers + (earns ? part : 0));
    }

    /// @dev Distributes to one device. Returns what was taken for it.
    function _distribute(address caller, uint256 deviceId, uint256 amount) private returns (uint256 taken) {
        uint256 held = _balance(_asset, address(_staking));
        uint256[] memory deviceIds = new uint256[](1);
        uint256[] memory amounts = new uint256[](1);
        (deviceIds[0], amounts[0]) = (deviceId, amount);
        VM.prank(caller);
        _staking.distribute(deviceIds, amounts);
        taken = _asset.balanceOf(address(_staking)) - held;
    }

    /// @dev Whether a device has what it requires, by the words of D-1, D-7 and D-12.
    function _isEnough(
        Device memory device,
        uint256 second,
        uint256 time,
        uint256 deviceId
    ) private view returns (bool) {
        Entry memory own = _entry(device.ownerId);
        uint256 counted = own.amount + (device.coStaked ? _entry(device.coStakeId).amount : 0);
        if (time < device.waitingUntil) counted += _bits(second, 40, 96);
        bool terminated = _bits(_load(address(_staking), _field(deviceId, 0)), 232, 8) != 0;
        return own.kind == STAKE && !terminated && counted >= _staking.devices(deviceId).requirement;
    }

    /* WHATEVER IS CALLED */

    /// @notice C-4: whoever calls whatever, the tokens that are held cover what is owed, if they did before.
    function check_solvent(address caller, uint256 time) external {
        bytes memory data = _data(time);
        VM.assume(caller != address(_staking));
        VM.assume(_staking.liabilities() <= _balance(_asset, address(_staking)));
        VM.assume(_balance(_asset, caller) < MANY);
        _any(caller, address(_staking), data);
        assert(_staking.liabilities() <= _asset.balanceOf(address(_staking)));
    }

    /// @notice C-3, C-5, D-5, D-13: whoever calls whatever, a position changes only by its owner's hand, but that a co-stake
    /// leaves with the owner's; an exit is what it is until it is withdrawn when it is open, and never opens later than told.
    function check_positions(address caller, uint256 id, uint256 time) external {
        bytes memory data = _data(time);
        Entry memory before = _entry(id);
        VM.assume(_and(before.kind != NONE, _number(id) <= _last(before.account)));
        uint256 told = _opensAt(before);
        _any(caller, address(_staking), data);
        Entry memory now_ = _entry(id);
        assert(_changesWell(before, now_, before.account == caller, time, told));
        assert(_or(now_.kind < STAKE_EXIT, _or(before.kind < STAKE_EXIT, _opensAt(now_) <= told)));
    }

    /// @notice D-2, D-8, D-12: whoever calls whatever, a device keeps what proofs assume of it: whose stake and whose co-stake it
    /// has, that an offer or a co-stake has a stake beside it, and that nobody has left in a term that goes on.
    function check_sound(address caller, uint256 deviceId, uint256 place, uint256 term, uint256 time) external {
        bytes memory data = _data(time);
        VM.assume(_and(_isFree(place, term), _isFree(_lastPlace() + 1, term)));
        Device memory device = _device(deviceId);
        VM.assume(_isSound(deviceId, device, term));
        _any(caller, address(_staking), data);
        assert(_and(_isSound(deviceId, _device(deviceId), term), _isFree(place, term)));
    }

    /// @dev Any call of anything but `distribute`, whose loops are as long as its lists and as many co-stakes wait. That one
    /// has a proof of its own.
    function _data(uint256 time) private returns (bytes memory data) {
        _deploy(time);
        data = SVM.createCalldata("DeviceStaking");
        (bytes4 selector, uint256 deviceId) = _head(data);
        VM.assume(selector != DeviceStaking.distribute.selector);
        Device memory device = _device(deviceId);
        VM.assume(_isSound(deviceId, device, device.term));
    }

    /// @dev Whether an entry has stayed as it was, or become what may become of it.
    function _changesWell(
        Entry memory before,
        Entry memory now_,
        bool his,
        uint256 time,
        uint256 told
    ) private pure returns (bool) {
        bool still = _and(now_.kind == before.kind, now_.place == before.place);
        bool same = now_.amount == before.amount;
        bool grown = _and(_and(before.kind == STAKE, his), still);
        bool left = _and(_and(before.kind == STAKE, his), _leaves(before, now_, STAKE_EXIT, time + 14 days));
        bool coLeft = _and(before.kind == CO_STAKE, _and(now_.kind == CO_STAKE_EXIT, same));
        bool coTime = _or(now_.availableAt == time + 14 days, _and(his, now_.availableAt == time + 21 days));
        bool paid = _and(_and(before.kind >= STAKE_EXIT, now_.word == 0), _and(his, time >= told));
        return _or(_or(now_.word == before.word, grown), _or(left, _or(_and(coLeft, coTime), paid)));
    }

    /* STATE */

    /// @dev Any state at any second since the start, and what it says of a device.
    function _any(uint256 deviceId, uint256 time) private returns (Device memory device) {
        _deploy(time);
        device = _device(deviceId);
        VM.assume(_isSound(deviceId, device, device.term));
    }

    function _deploy(uint256 time) private {
        VM.assume(time >= START && time < 2 ** 39);
        VM.warp(time);
        _asset = _token();
        _staking = new DeviceStaking(IERC20(address(_asset)), address(this));
        SVM.enableSymbolicStorage(address(_staking));
    }

    /// @dev What proofs assume of a device, and `sound` proves that every call keeps.
    function _isSound(uint256 deviceId, Device memory device, uint256 term) private view returns (bool) {
        bool fresh = _or(term < device.term, _leftAt(device.place, term) == 0);
        return _and(_and(_isPlaced(deviceId, device), fresh), _and(_hasOwner(device), _hasCoStaker(device)));
    }

    /// @dev A device that is registered has a place of its own; one that is not is empty.
    function _isPlaced(uint256 deviceId, Device memory device) private view returns (bool) {
        bool empty = _and(_and(device.ownerId == 0, device.coStakeId == 0), _and(device.term == 0, !device.coStaked));
        bool here = _and(_idAt(device.place) == deviceId, device.place <= _lastPlace());
        return _or(_and(device.place == 0, empty), _and(device.place != 0, here));
    }

    /// @dev The owner's entry is a stake or its exit, or over; it is of this device and was given out. An offer or a
    /// co-stake is of a device with a stake, and not both.
    function _hasOwner(Device memory device) private view returns (bool) {
        Entry memory own = _entry(device.ownerId);
        bool isOne = _and(_or(own.kind == STAKE, own.kind == STAKE_EXIT), own.place == device.place);
        bool held = _or(own.kind == STAKE, !_or(device.offerOpen, device.coStaked));
        bool either = !_and(device.offerOpen, device.coStaked);
        bool given = _number(device.ownerId) <= _last(device.owner);
        isOne = _and(isOne, _number(device.ownerId) != 0);
        return _and(_and(_or(own.kind == NONE, isOne), given), _and(held, either));
    }

    /// @dev The co-staker's entry is a co-stake of this device and its present term until it leaves, was given out, and
    /// is not the owner's.
    function _hasCoStaker(Device memory device) private view returns (bool) {
        Entry memory own = _entry(device.coStakeId);
        bool isOne = _and(_and(own.kind == CO_STAKE, own.place == device.place), own.term == device.term);
        isOne = _and(isOne, device.coStaker != device.owner);
        return _and(_or(!device.coStaked, isOne), _number(device.coStakeId) <= _last(device.coStaker));
    }

    /// @dev Nobody has left where no device is yet.
    function _isFree(uint256 place, uint256 term) private view returns (bool) {
        return _or(place <= _lastPlace(), _leftAt(place, term) == 0);
    }

    function _lastPlace() private view returns (uint256) {
        return _load(address(_staking), bytes32(LAST_PLACE));
    }

    /// @dev The number in an id.
    function _number(uint256 id) private pure returns (uint256) {
        return _bits(id, 0, 96);
    }

    /// @dev The last number that an account was given.
    function _last(address account) private view returns (uint256) {
        return _bits(_load(address(_staking), _slot(ACCOUNTS, uint160(account))), 0, 96);
    }

    /// @dev Whether an entry has become an exit of the same amount.
    function _leaves(
        Entry memory before,
        Entry memory after_,
        uint256 kind,
        uint256 availableAt
    ) private pure returns (bool) {
        return _and(_and(after_.kind == kind, after_.amount == before.amount), after_.availableAt == availableAt);
    }

    /// @dev When an exit opens (D-13).
    function _opensAt(Entry memory entry) private view returns (uint256) {
        uint256 leftAt = _leftAt(entry.place, entry.term);
        VM.assume(leftAt < 2 ** 40);
        bool cut = _and(_and(entry.kind == CO_STAKE_EXIT, leftAt != 0), leftAt + 14 days < entry.availableAt);
        return _pick(cut, leftAt + 14 days, entry.availableAt);
    }

    /// @dev The device at a place.
    function _idAt(uint256 place) private view returns (uint256) {
        return _load(address(_staking), _slot(DEVICE_IDS, place));
    }

    function _leftAt(uint256 place, uint256 term) private view returns (uint256) {
        return _load(address(_staking), _slot(uint256(_slot(LEFT_AT, place)), term));
    }

    function _field(uint256 deviceId, uint256 number) private pure returns (bytes32) {
        return bytes32(uint256(_slot(DEVICES, deviceId)) + number);
    }

    function _device(uint256 deviceId) private view returns (Device memory device) {
        uint256 first = _load(address(_staking), _field(deviceId, 0));
        uint256 second = _load(address(_staking), _field(deviceId, 1));
        uint256 third = _load(address(_staking), _field(deviceId, 2));
        device.owner = address(uint160(first));
        device.ownerId = (_bits(first, 0, 160) << 96) | _bits(first, 160, 32);
        device.place = _bits(first, 192, 32);
        device.rented = _bits(first, 224, 8) != 0;
        device.offerOpen = _bits(first, 240, 8) != 0;
        device.coStaked = _bits(first, 248, 8) != 0;
        device.waitingUntil = _bits(second, 136, 40);
        device.term = _bits(second, 184, 32);
        device.coStaker = address(uint160(third));
        device.coStakeId = (_bits(third, 0, 160) << 96) | _bits(third, 160, 32);
        device.coShareBps = _bits(third, 192, 16);
    }

    function _entry(uint256 id) private view returns (Entry memory entry) {
        uint256 word = _load(address(_staking), _slot(ENTRIES, id));
        entry.word = word;
        entry.account = address(uint160(id >> 96));
        entry.amount = _bits(word, 0, 96);
        entry.availableAt = _bits(word, 96, 40);
        entry.place = _bits(word, 136, 32);
        entry.term = _bits(word, 168, 32);
        entry.kind = _bits(word, 200, 8);
        VM.assume(_and(_and(word >> 208 == 0, entry.kind <= CO_STAKE_EXIT), _or(entry.kind != NONE, word == 0)));
    }
}

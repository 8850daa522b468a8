// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {Checkpoints} from "@openzeppelin/contracts/utils/structs/Checkpoints.sol";

import {Custody} from "../common/Custody.sol";
import {Governed} from "../common/Governed.sol";
import {IExitSystem, Position, PositionKind, PositionState} from "../common/IExitSystem.sol";
import {PositionIds} from "../common/PositionIds.sol";
import {CoStakeInfo, DeviceInfo, DeviceStatus, Exit, ExitKind, IDeviceStaking} from "./IDeviceStaking.sol";

/// @title Device staking
/// @dev Documented in {IDeviceStaking}. Nothing has to be done when time alone changes something: a wait that is over, or
/// an owner's stake that has been withdrawn, is seen by whoever looks next.
contract DeviceStaking is IDeviceStaking, Governed, Custody, PositionIds, ReentrancyGuardTransient {
    using Checkpoints for Checkpoints.Trace208;
    using SafeCast for uint256;

    /* CONSTANTS */

    /// @notice How long an unstaked stake cools down, in seconds.
    uint64 public constant COOLDOWN = 14 days;

    /// @notice How long a co-staker who leaves first waits before that, in seconds.
    uint64 public constant CO_STAKE_WAIT = 7 days;

    /// @notice What one card requires at a multiplier of 1, in wei.
    uint256 public constant BASE_STAKE = 200e18;

    /// @notice How many co-stakes a wallet may have and not have withdrawn.
    uint256 public constant MAX_CO_STAKES = 2;

    /// @dev Parts of a whole in a multiplier or a share.
    uint256 private constant BPS = 10_000;

    /* STORAGE */

    /// @dev What a numbered entry of an account is at present.
    enum EntryKind {
        None,
        Stake,
        CoStake,
        StakeExit,
        CoStakeExit
    }

    /// @dev A stake until it is unstaked, an exit until it is withdrawn, then nothing. One slot.
    struct Entry {
        uint96 amount; // wei
        uint40 availableAt; // of an exit
        uint32 place; // of the device in `_deviceIds`
        uint32 term; // of a co-stake: during which of the device's terms it was added
        EntryKind kind;
    }

    /// @dev Four slots; a device without a co-staker uses the first two. The first is there from registration on, so that
    /// binding a device is cheap.
    struct Device {
        address owner; // the one who staked last; bound as long as his entry is there
        uint32 stakeNumber; // the owner's entry
        uint32 place; // in `_deviceIds`; 0 if the device is not registered
        bool rented;
        bool terminated;
        bool offerOpen;
        bool coStaked;
        //
        uint24 multiplierBps;
        uint16 cards;
        uint96 waiting; // wei of the co-stake that left last, which counts
        uint40 waitingUntil; // before this second
        bool moreWait; // whether others waited when it left
        uint32 term; // how many owners have left while a co-stake waited
        bool offerClosed; // the last offer, without a co-staker
        //
        address coStaker; // the last one, until the owner leaves or opens another offer
        uint32 coStakeNumber; // his entry
        uint16 coShareBps;
        //
        uint96 offerAmount; // wei
        uint16 offerShareBps;
        uint32 offerNonce;
    }

    mapping(uint256 deviceId => Device) private _devices;

    /// @dev Devices by place, so that an entry needs four bytes for one and not thirty-two. Places begin at 1.
    mapping(uint256 place => uint256) private _deviceIds;

    uint256 private _lastPlace;

    mapping(uint256 id => Entry) private _entries;

    /// @dev Co-stakes that others followed in waiting: by the second in which a wait ends, what has ended with it and before,
    /// in wei. Waits are of one length, so they end in the order in which they begin. What an owner's leaving has cut
    /// short ends long before the device can have another owner.
    mapping(uint256 place => Checkpoints.Trace208) private _waits;

    /// @dev When the owner left who ended this term of the device; 0 if it goes on.
    mapping(uint256 place => mapping(uint256 term => uint256)) private _leftAt;

    /// @dev What an account can claim from a device, in wei.
    mapping(uint256 deviceId => mapping(address account => uint256)) private _rewards;

    /* CONSTRUCTOR */

    /// @param token_ What is staked, and in which rewards are paid.
    /// @param admin The first owner of the contract, who starts with all roles.
    constructor(IERC20 token_, address admin) Custody(token_) Governed(admin) {
        _grantRole(REGISTRAR_ROLE, admin);
        _grantRole(REWARDER_ROLE, admin);
    }

    /* OWNER */

    /// @inheritdoc IDeviceStaking
    function stake(uint256 deviceId, uint256 amount) external nonReentrant whenNotPaused {
        Device storage device = _known(deviceId);
        if (device.terminated) revert DeviceEnded(deviceId);
        (uint256 stakeId, Entry memory entry) = _ownerEntry(device);
        if (entry.kind != EntryKind.None) _requireActive(device, stakeId, entry);
        if (amount == 0) revert ZeroAmount();

        _take(msg.sender, amount);

        if (entry.kind == EntryKind.None) {
            stakeId = _nextId();
            entry.place = device.place;
            entry.kind = EntryKind.Stake;
            device.owner = msg.sender;
            device.stakeNumber = _numberOf(stakeId).toUint32();
        }
        uint256 total = entry.amount + amount;
        entry.amount = total.toUint96();
        _entries[stakeId] = entry;
        emit Staked(msg.sender, deviceId, stakeId, amount, total);
    }

    /// @inheritdoc IDeviceStaking
    function unstake(uint256 deviceId) external nonReentrant returns (uint256 exitId) {
        Device storage device = _known(deviceId);
        Entry memory entry;
        (exitId, entry) = _ownEntry(deviceId, device);
        _requireNotHeld(device);

        _leave(deviceId, device, exitId, entry);
    }

    /// @inheritdoc IDeviceStaking
    function unstakeAmount(
        uint256 deviceId,
        uint256 amount,
        ExitKind expected
    ) external nonReentrant returns (ExitKind kind, uint256 exitId) {
        Device storage device = _known(deviceId);
        (uint256 stakeId, Entry memory entry) = _ownEntry(deviceId, device);
        if (amount == 0) revert ZeroAmount();
        kind = amount <= _overflow(device, entry) ? ExitKind.Overflow : ExitKind.Full;
        if (expected != ExitKind.Any && expected != kind) revert OutcomeChanged(expected, kind);

        if (kind == ExitKind.Overflow) {
            _payOverflow(deviceId, stakeId, amount);
        } else {
            _requireNotHeld(device);

            exitId = stakeId;
            _leave(deviceId, device, exitId, entry);
        }
    }

    /// @inheritdoc IDeviceStaking
    function withdrawOverflow(uint256 deviceId) external nonReentrant {
        Device storage device = _known(deviceId);
        (uint256 stakeId, Entry memory entry) = _ownEntry(deviceId, device);
        uint256 amount = _overflow(device, entry);
        if (amount == 0) revert ZeroAmount();

        _payOverflow(deviceId, stakeId, amount);
    }

    /// @inheritdoc IDeviceStaking
    function openOffer(uint256 deviceId, uint256 amount, uint256 coShareBps) external nonReentrant {
        Device storage device = _known(deviceId);
        (, Entry memory entry) = _ownEntry(deviceId, device);
        if (device.terminated) revert DeviceEnded(deviceId);
        if (device.offerOpen) revert OfferExists(device.offerNonce);
        if (device.coStaked) revert CoStaked(device.coStaker);
        if (amount == 0) revert ZeroAmount();
        uint256 requirement = _requirement(device);
        if (entry.amount < requirement) revert BelowMinimum(entry.amount, requirement);
        if (amount > requirement / 2) revert AboveMaximum(amount, requirement / 2);
        if (coShareBps > BPS) revert AboveMaximum(coShareBps, BPS);

        device.offerOpen = true;
        device.offerClosed = false;
        device.offerAmount = amount.toUint96();
        device.offerShareBps = uint16(coShareBps);
        uint256 nonce = ++device.offerNonce;
        _forgetCoStaker(device);
        emit OfferOpened(deviceId, nonce, amount, coShareBps);
    }

    /// @inheritdoc IDeviceStaking
    function closeOffer(uint256 deviceId) external nonReentrant {
        Device storage device = _known(deviceId);
        _ownEntry(deviceId, device);
        if (!device.offerOpen) revert NoOffer();

        _closeOffer(deviceId, device);
    }

    /* CO-STAKER */

    /// @inheritdoc IDeviceStaking
    function acceptOffer(
        uint256 deviceId,
        uint256 nonce,
        uint256 amount,
        uint256 coShareBps
    ) external nonReentrant whenNotPaused {
        Device storage device = _known(deviceId);
        if (
            !device.offerOpen ||
            nonce != device.offerNonce ||
            amount != device.offerAmount ||
            coShareBps != device.offerShareBps
        ) revert OfferChanged();
        if (msg.sender == device.owner) revert OwnOffer();
        // The tally of an account is how many co-stakes it has and has not withdrawn.
        uint256 held = _accounts[msg.sender].tally;
        if (held >= MAX_CO_STAKES) revert TooManyCoStakes(held, MAX_CO_STAKES);

        _take(msg.sender, amount);

        uint256 coStakeId = _nextId();
        _entries[coStakeId] = Entry(uint96(amount), 0, device.place, device.term, EntryKind.CoStake);
        _accounts[msg.sender].tally += 1;
        device.offerOpen = false;
        device.coStaked = true;
        device.coStaker = msg.sender;
        device.coStakeNumber = _numberOf(coStakeId).toUint32();
        device.coShareBps = uint16(coShareBps);
        emit OfferAccepted(msg.sender, deviceId, coStakeId, amount, coShareBps);
    }

    /// @inheritdoc IDeviceStaking
    function unstakeCoStake(uint256 deviceId) external nonReentrant returns (uint256 exitId) {
        Device storage device = _known(deviceId);
        if (!device.coStaked) revert NotStaked(deviceId);
        if (device.coStaker != msg.sender) revert NotYours(device.coStaker, msg.sender);
        if (device.rented) revert DeviceRented();

        uint64 countsUntil = uint64(block.timestamp) + CO_STAKE_WAIT;
        uint96 amount;
        (exitId, amount) = _leaveCoStake(deviceId, device, countsUntil);
        device.moreWait = block.timestamp < device.waitingUntil;
        if (device.moreWait) {
            Checkpoints.Trace208 storage waits = _waits[device.place];
            waits.push(device.waitingUntil, waits.latest() + device.waiting);
        }
        device.waiting = amount;
        device.waitingUntil = SafeCast.toUint40(countsUntil);
    }

    /* BOTH */

    /// @inheritdoc IDeviceStaking
    function withdraw(uint256 exitId) external nonReentrant {
        address account = _ownerOf(exitId);
        if (account != msg.sender) revert NotInitialWallet(account, msg.sender);
        Entry memory entry = _entries[exitId];
        if (entry.kind == EntryKind.None) revert AlreadyWithdrawn(exitId);
        if (entry.kind < EntryKind.StakeExit) revert UnknownId(exitId);
        uint64 availableAt = _availableAt(entry);
        if (block.timestamp < availableAt) revert CoolingDown(availableAt);

        delete _entries[exitId];
        if (entry.kind == EntryKind.CoStakeExit) _accounts[account].tally -= 1;
        emit Withdrawn(account, exitId, entry.amount);

        _pay(account, entry.amount);
    }

    /// @inheritdoc IDeviceStaking
    function claimRewards(uint256 deviceId) external nonReentrant {
        _known(deviceId);
        uint256 amount = _rewards[deviceId][msg.sender];
        if (amount == 0) revert ZeroAmount();

        _rewards[deviceId][msg.sender] = 0;
        emit RewardsClaimed(msg.sender, deviceId, amount);

        _pay(msg.sender, amount);
    }

    /* REWARDER */

    /// @inheritdoc IDeviceStaking
    function distribute(
        uint256[] calldata deviceIds,
        uint256[] calldata amounts
    ) external onlyRole(REWARDER_ROLE) nonReentrant {
        if (deviceIds.length != amounts.length) revert LengthMismatch(deviceIds.length, amounts.length);

        uint256 total;
        for (uint256 i = 0; i < deviceIds.length; ++i) {
            total += _credit(deviceIds[i], amounts[i]);
        }

        if (total != 0) _take(msg.sender, total);
    }

    /* REGISTRAR */

    /// @inheritdoc IDeviceStaking
    function registerDevice(
        uint256 deviceId,
        uint256 multiplierBps,
        uint256 cards
    ) external onlyRole(REGISTRAR_ROLE) {
        Device storage device = _devices[deviceId];
        if (device.place != 0) revert DeviceExists(deviceId);
        if (cards == 0) revert ZeroAmount();

        uint256 place = ++_lastPlace;
        device.place = place.toUint32();
        device.multiplierBps = multiplierBps.toUint24();
        device.cards = cards.toUint16();
        _deviceIds[place] = deviceId;
        emit DeviceRegistered(deviceId, multiplierBps, cards);
    }

    /// @inheritdoc IDeviceStaking
    function setRequirement(
        uint256 deviceId,
        uint256 multiplierBps,
        uint256 cards
    ) external onlyRole(REGISTRAR_ROLE) {
        Device storage device = _known(deviceId);
        if (cards == 0) revert ZeroAmount();

        emit RequirementChanged(deviceId, device.multiplierBps, device.cards, multiplierBps, cards);
        device.multiplierBps = multiplierBps.toUint24();
        device.cards = cards.toUint16();
    }

    /// @inheritdoc IDeviceStaking
    function setRented(uint256 deviceId, bool rented) external onlyRole(REGISTRAR_ROLE) {
        Device storage device = _known(deviceId);

        emit RentedChanged(deviceId, device.rented, rented);
        device.rented = rented;
    }

    /// @inheritdoc IDeviceStaking
    function terminateDevice(uint256 deviceId) external onlyRole(REGISTRAR_ROLE) {
        Device storage device = _known(deviceId);
        if (device.terminated) revert DeviceEnded(deviceId);

        device.terminated = true;
        emit DeviceTerminated(deviceId);
        if (device.offerOpen) _closeOffer(deviceId, device);
    }

    /* VIEWS */

    /// @inheritdoc IDeviceStaking
    function previewUnstake(
        uint256 deviceId,
        uint256 amount
    ) external view returns (ExitKind kind, uint256 payout, uint64 availableAt, bytes4 blockedBy) {
        Device storage device = _devices[deviceId];
        if (device.place == 0) return (ExitKind.Any, 0, 0, UnknownId.selector);
        (, Entry memory entry) = _ownerEntry(device);
        if (entry.kind == EntryKind.None) return (ExitKind.Any, 0, 0, NotStaked.selector);
        if (entry.kind == EntryKind.StakeExit) return (ExitKind.Any, 0, 0, WithdrawFirst.selector);
        if (amount == 0) return (ExitKind.Any, 0, 0, ZeroAmount.selector);
        if (amount <= _overflow(device, entry)) return (ExitKind.Overflow, amount, uint64(block.timestamp), 0);
        return (ExitKind.Full, entry.amount, uint64(block.timestamp) + COOLDOWN, _heldBy(device));
    }

    /// @inheritdoc IDeviceStaking
    function overflow(uint256 deviceId) external view returns (uint256) {
        Device storage device = _known(deviceId);
        (, Entry memory entry) = _ownerEntry(device);
        return _overflow(device, entry);
    }

    /// @inheritdoc IDeviceStaking
    function countedStake(uint256 deviceId) external view returns (uint256) {
        Device storage device = _known(deviceId);
        (, Entry memory entry) = _ownerEntry(device);
        return _counted(device, entry);
    }

    /// @inheritdoc IDeviceStaking
    function isEligible(uint256 deviceId) external view returns (bool) {
        return _isEligible(_known(deviceId));
    }

    /// @inheritdoc IDeviceStaking
    function statusOf(uint256 deviceId) external view returns (DeviceStatus) {
        Device storage device = _known(deviceId);
        if (device.terminated) return DeviceStatus.Terminated;
        (, Entry memory entry) = _ownerEntry(device);
        if (entry.kind == EntryKind.None) return DeviceStatus.Unstaked;
        if (entry.kind == EntryKind.StakeExit) return DeviceStatus.InCooldown;

        bool enough = _counted(device, entry) >= _requirement(device);
        if (!device.coStaked) {
            if (_waiting(device) != 0) return DeviceStatus.CoStakerUnstaked;
            if (device.offerOpen) return enough ? DeviceStatus.SufficientWaiting : DeviceStatus.InsufficientWaiting;
            if (_coStakerHasWithdrawn(device)) return DeviceStatus.CoStakerWithdrawn;
            if (device.offerClosed) return DeviceStatus.OfferClosed;
        }
        return enough ? DeviceStatus.Sufficient : DeviceStatus.Insufficient;
    }

    /// @inheritdoc IDeviceStaking
    function rewardsOf(uint256 deviceId, address account) external view returns (uint256) {
        _known(deviceId);
        return _rewards[deviceId][account];
    }

    /// @inheritdoc IDeviceStaking
    function devices(uint256 deviceId) external view returns (DeviceInfo memory info) {
        Device storage device = _known(deviceId);
        info.requirement = _requirement(device);
        info.multiplierBps = device.multiplierBps;
        info.cards = device.cards;
        info.rented = device.rented;
        info.terminated = device.terminated;
        (uint256 stakeId, Entry memory entry) = _ownerEntry(device);
        if (entry.kind == EntryKind.None) return info;
        info.owner = device.owner;
        info.stakeId = stakeId;
        info.stake = _own(entry);
    }

    /// @inheritdoc IDeviceStaking
    function coStakes(uint256 deviceId) external view returns (CoStakeInfo memory info) {
        Device storage device = _known(deviceId);
        if (device.coStaked) {
            info.coStaker = device.coStaker;
            info.coStake = _coStake(device);
            info.coStakeId = _coStakeIdOf(device);
            info.coShareBps = device.coShareBps;
        }
        info.waiting = _waiting(device);
        if (info.waiting != 0) info.waitingUntil = device.waitingUntil;
        info.offerOpen = device.offerOpen;
        info.offerNonce = device.offerNonce;
        info.offerAmount = device.offerAmount;
        info.offerShareBps = device.offerShareBps;
    }

    /// @inheritdoc IDeviceStaking
    function exits(uint256 exitId) external view returns (Exit memory) {
        address account = _ownerOf(exitId);
        Entry memory entry = _entries[exitId];
        if (entry.kind < EntryKind.StakeExit) return Exit(account, 0, 0, 0, false);
        return
            Exit({
                owner: account,
                deviceId: _deviceIds[entry.place],
                amount: entry.amount,
                availableAt: _availableAt(entry),
                coStake: entry.kind == EntryKind.CoStakeExit
            });
    }

    /// @inheritdoc IExitSystem
    function positionsOf(
        address account,
        uint256 offset,
        uint256 limit
    ) external view returns (Position[] memory positions) {
        uint256 last = _accounts[account].lastNumber;
        if (offset >= last) return positions;
        uint256 length = Math.min(limit, last - offset);
        positions = new Position[](length);
        for (uint256 i = 0; i < length; ++i) {
            uint256 id = _idOf(account, offset + i + 1);
            positions[i] = _positionOf(account, id, _entries[id]);
        }
    }

    /* LEAVING */

    /// @dev Lets the owner's whole stake leave, and the co-stake with it.
    function _leave(uint256 deviceId, Device storage device, uint256 exitId, Entry memory entry) private {
        uint64 availableAt = uint64(block.timestamp) + COOLDOWN;
        entry.kind = EntryKind.StakeExit;
        entry.availableAt = SafeCast.toUint40(availableAt);
        _entries[exitId] = entry;
        emit Unstaked(msg.sender, deviceId, exitId, entry.amount, availableAt);

        if (device.coStaked) _leaveCoStake(deviceId, device, uint64(block.timestamp));
        if (block.timestamp < device.waitingUntil) {
            _leftAt[device.place][device.term] = block.timestamp;
            device.term += 1;
            device.waiting = 0;
            device.waitingUntil = 0;
            device.moreWait = false;
            emit WaitEnded(deviceId, availableAt);
        }
        if (device.offerClosed) device.offerClosed = false;
        _forgetCoStaker(device);
    }

    /// @dev Lets the co-stake leave, to cool down from `cooldownFrom` on.
    function _leaveCoStake(
        uint256 deviceId,
        Device storage device,
        uint64 cooldownFrom
    ) private returns (uint256 exitId, uint96 amount) {
        exitId = _coStakeIdOf(device);
        Entry storage entry = _entries[exitId];
        amount = entry.amount;
        uint64 availableAt = cooldownFrom + COOLDOWN;
        entry.kind = EntryKind.CoStakeExit;
        entry.availableAt = SafeCast.toUint40(availableAt);
        device.coStaked = false;
        emit CoUnstaked(device.coStaker, deviceId, exitId, amount, cooldownFrom, availableAt);
    }

    /// @dev Pays a part of the owner's stake at once.
    function _payOverflow(uint256 deviceId, uint256 stakeId, uint256 amount) private {
        Entry storage entry = _entries[stakeId];
        uint96 remaining = entry.amount - amount.toUint96();
        entry.amount = remaining;
        emit OverflowWithdrawn(msg.sender, deviceId, amount, remaining);

        _pay(msg.sender, amount);
    }

    /// @dev Closes an open offer.
    function _closeOffer(uint256 deviceId, Device storage device) private {
        device.offerOpen = false;
        device.offerClosed = true;
        emit OfferClosed(deviceId, device.offerNonce);
    }

    /// @dev Begins anew with what a dashboard says of co-stakers.
    function _forgetCoStaker(Device storage device) private {
        if (device.coStakeNumber == 0) return;
        device.coStaker = address(0);
        device.coStakeNumber = 0;
        device.coShareBps = 0;
    }

    /// @dev From when an exit can be withdrawn: a co-stake waits no longer than its owner's cooldown (D-13).
    function _availableAt(Entry memory entry) private view returns (uint64) {
        if (entry.kind != EntryKind.CoStakeExit) return entry.availableAt;
        uint256 leftAt = _leftAt[entry.place][entry.term];
        if (leftAt == 0) return entry.availableAt;
        return uint64(Math.min(entry.availableAt, leftAt + COOLDOWN));
    }

    /* CHECKS */

    /// @dev A device. Refuses an unknown one.
    function _known(uint256 deviceId) private view returns (Device storage device) {
        device = _devices[deviceId];
        if (device.place == 0) revert UnknownId(deviceId);
    }

    /// @dev The active stake of a device. Refuses everybody but its owner.
    function _ownEntry(
        uint256 deviceId,
        Device storage device
    ) private view returns (uint256 stakeId, Entry memory entry) {
        (stakeId, entry) = _ownerEntry(device);
        if (entry.kind == EntryKind.None) revert NotStaked(deviceId);
        _requireActive(device, stakeId, entry);
    }

    /// @dev Refuses a stake that has left, and everybody but its owner.
    function _requireActive(Device storage device, uint256 stakeId, Entry memory entry) private view {
        if (entry.kind == EntryKind.StakeExit) revert WithdrawFirst(stakeId);
        if (device.owner != msg.sender) revert NotInitialWallet(device.owner, msg.sender);
    }

    /// @dev Refuses a full unstake while the device is rented, or an offer is open that it would leave short (D-14).
    function _requireNotHeld(Device storage device) private view {
        if (device.rented) revert DeviceRented();
        if (device.offerOpen) revert OfferOpen(0, _requirement(device));
    }

    /// @dev The same as a selector.
    function _heldBy(Device storage device) private view returns (bytes4) {
        if (device.rented) return DeviceRented.selector;
        return device.offerOpen ? OfferOpen.selector : bytes4(0);
    }

    /* STAKE */

    /// @dev The position of the owner, and what is in it: nothing if nobody has staked, or all has been withdrawn.
    function _ownerEntry(Device storage device) private view returns (uint256 stakeId, Entry memory entry) {
        uint256 number = device.stakeNumber;
        if (number == 0) return (stakeId, entry);
        stakeId = _idOf(device.owner, number);
        entry = _entries[stakeId];
    }

    /// @dev The position of the co-staker.
    function _coStakeIdOf(Device storage device) private view returns (uint256) {
        return _idOf(device.coStaker, device.coStakeNumber);
    }

    /// @dev What the device requires, in wei (D-1).
    function _requirement(Device storage device) private view returns (uint256) {
        return (BASE_STAKE * Math.max(BPS, device.multiplierBps) * device.cards) / BPS;
    }

    /// @dev What of an owner's entry is staked, in wei.
    function _own(Entry memory entry) private pure returns (uint256) {
        return entry.kind == EntryKind.Stake ? entry.amount : 0;
    }

    /// @dev The co-stake, in wei, unless it has left.
    function _coStake(Device storage device) private view returns (uint256) {
        return device.coStaked ? _entries[_coStakeIdOf(device)].amount : 0;
    }

    /// @dev What co-stakes that have left still count, in wei (D-12).
    function _waiting(Device storage device) private view returns (uint256 amount) {
        if (block.timestamp >= device.waitingUntil) return 0;
        amount = device.waiting;
        if (device.moreWait) {
            Checkpoints.Trace208 storage waits = _waits[device.place];
            amount += waits.latest() - waits.upperLookupRecent(uint48(block.timestamp));
        }
    }

    /// @dev Whether the last co-staker has left and been paid, and no offer has been opened since.
    function _coStakerHasWithdrawn(Device storage device) private view returns (bool) {
        return device.coStakeNumber != 0 && _entries[_coStakeIdOf(device)].kind == EntryKind.None;
    }

    /// @dev What counts toward the requirement, in wei (D-7).
    function _counted(Device storage device, Entry memory entry) private view returns (uint256) {
        return _own(entry) + _coStake(device) + _waiting(device);
    }

    /// @dev What of the owner's stake is more than required, in wei (D-10).
    function _overflow(Device storage device, Entry memory entry) private view returns (uint256) {
        uint256 own = _own(entry);
        return Math.min(own, Math.saturatingSub(own + _coStake(device), _requirement(device)));
    }

    /// @dev Whether the device earns (D-7).
    function _isEligible(Device storage device) private view returns (bool) {
        if (device.terminated) return false;
        (, Entry memory entry) = _ownerEntry(device);
        return entry.kind == EntryKind.Stake && _counted(device, entry) >= _requirement(device);
    }

    /* REWARDS */

    /// @dev Notes down rewards for a device if it is eligible; the co-staker's part is rounded down (D-9).
    /// @return taken What has to be brought in for it, in wei.
    function _credit(uint256 deviceId, uint256 amount) private returns (uint256 taken) {
        Device storage device = _known(deviceId);
        if (amount == 0) revert ZeroAmount();
        if (!_isEligible(device)) {
            emit Skipped(deviceId, amount);
            return 0;
        }
        uint256 coStakerAmount;
        if (device.coStaked) {
            coStakerAmount = Math.mulDiv(amount, device.coShareBps, BPS);
            _rewards[deviceId][device.coStaker] += coStakerAmount;
        }
        _rewards[deviceId][device.owner] += amount - coStakerAmount;
        emit Distributed(deviceId, amount - coStakerAmount, coStakerAmount);
        return amount;
    }

    /* POSITIONS */

    /// @dev An entry in the shape that all systems share. A stake is acted on by its device's id, an exit by its own.
    function _positionOf(
        address account,
        uint256 id,
        Entry memory entry
    ) private view returns (Position memory position) {
        position.id = id;
        position.kind = PositionKind.Exit;
        if (entry.kind == EntryKind.None) {
            position.blockedBy = AlreadyWithdrawn.selector;
            return position;
        }
        uint256 deviceId = _deviceIds[entry.place];
        Device storage device = _devices[deviceId];
        position.amount = entry.amount;
        if (entry.kind == EntryKind.StakeExit || entry.kind == EntryKind.CoStakeExit) {
            position.availableAt = _availableAt(entry);
            bool open = block.timestamp >= position.availableAt;
            position.state = open ? PositionState.Claimable : PositionState.Leaving;
            if (!open) position.blockedBy = CoolingDown.selector;
            if (!_isActiveOn(account, device)) position.rewards = _rewards[deviceId][account];
        } else {
            bool own = entry.kind == EntryKind.Stake;
            position.id = deviceId;
            position.kind = own ? PositionKind.Stake : PositionKind.CoStake;
            if (own) position.blockedBy = _heldBy(device);
            else if (device.rented) position.blockedBy = DeviceRented.selector;
            position.state = position.blockedBy == 0 ? PositionState.Unlocked : PositionState.Locked;
            position.rewards = _rewards[deviceId][account];
        }
    }

    /// @dev Whether an account has a stake or co-stake on the device, which then shows its rewards.
    function _isActiveOn(address account, Device storage device) private view returns (bool) {
        if (device.coStaked && device.coStaker == account) return true;
        if (device.owner != account) return false;
        (, Entry memory entry) = _ownerEntry(device);
        return entry.kind == EntryKind.Stake;
    }
}

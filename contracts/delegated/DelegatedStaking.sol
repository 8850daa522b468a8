// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {Custody} from "../common/Custody.sol";
import {Governed} from "../common/Governed.sol";
import {IExitSystem, Position, PositionKind, PositionState} from "../common/IExitSystem.sol";
import {PositionIds} from "../common/PositionIds.sol";
import {IDelegatedStaking, ProviderInfo, RowStatus, Stake, Ticket} from "./IDelegatedStaking.sol";

/// @title Delegated staking
/// @dev Documented in {IDelegatedStaking}. Rewards are counted by an index for each provider: what one staked wei has
/// earned since the beginning. A lot remembers the index from which it earns, so a distribution touches no
/// lot, and no cost depends on the number of lots, providers or epochs.
contract DelegatedStaking is IDelegatedStaking, Governed, Custody, PositionIds, ReentrancyGuardTransient {
    using SafeCast for uint256;

    /* CONSTANTS */

    /// @notice The length of an epoch, in seconds.
    uint64 public constant EPOCH = 7 days;

    /// @notice How many whole epochs a lot is locked after the one in which it was staked.
    uint64 public constant LOCK_EPOCHS = 12;

    /// @notice How many whole epochs a ticket waits after the one in which it was unstaked.
    uint64 public constant UNDELEGATE_EPOCHS = 1;

    /// @notice The least that can be staked, or stay in a lot, in wei.
    uint256 public constant MIN_STAKE = 1000e18;

    /// @notice The highest commission of a provider, in 1/10 000.
    uint256 public constant MAX_COMMISSION_BPS = 3000;

    /// @dev Parts of a whole in a commission.
    uint256 private constant BPS = 10_000;

    /// @dev Parts of a wei in a reward index.
    uint256 private constant INDEX_SCALE = 1e18;

    /// @dev Unix time began on a Thursday; this many seconds later it was Monday 00:00 UTC.
    uint64 private constant FIRST_MONDAY = 4 days;

    /* STORAGE */

    /// @dev What a numbered entry of an account is at present.
    enum EntryKind {
        None,
        Lot,
        Ticket
    }

    /// @dev A lot until it is unstaked, a ticket until it is claimed. One slot.
    struct Entry {
        uint104 amount; // wei
        uint88 index; // lot: the provider's index up to which its rewards are paid
        uint40 opensAt; // lot: unlocks; ticket: can be claimed
        uint16 provider; // its place in `_providerList`
        EntryKind kind;
    }

    /// @dev Three slots, of which staking writes the first.
    struct Provider {
        uint104 earning; // wei in lots that earn, as of `joiningEpoch`
        uint104 joining; // wei staked during `joiningEpoch`, which earns from the next one on
        uint24 joiningEpoch;
        uint16 place; // in `_providerList`
        bool active;
        uint88 index; // rewards of one staked wei since the beginning, times `INDEX_SCALE`
        uint104 carry; // what the last division left over, times `INDEX_SCALE`
        uint16 commissionBps;
        bool known;
        uint256 commission; // wei that the provider can claim
    }

    /// @inheritdoc IDelegatedStaking
    uint64 public immutable origin;

    /// @inheritdoc IDelegatedStaking
    bool public immutable lockRewards;

    mapping(uint256 id => Entry) private _entries;

    mapping(address provider => Provider) private _providers;

    /// @dev Providers by place, so that an entry needs two bytes for one and not twenty.
    address[] private _providerList;

    /// @dev The index of a provider after the last distribution of an epoch, 0 if there was none in it.
    mapping(address provider => mapping(uint256 epoch => uint256)) private _indexAfter;

    /* CONSTRUCTOR */

    /// @param token_ What is staked, and in which rewards are paid.
    /// @param origin_ The first second of epoch 0: a Monday 00:00 UTC, not in the future.
    /// @param lockRewards_ Whether rewards are locked as long as their lot (E-8).
    /// @param admin The first owner, who starts with all roles.
    constructor(IERC20 token_, uint64 origin_, bool lockRewards_, address admin) Custody(token_) Governed(admin) {
        if (origin_ % EPOCH != FIRST_MONDAY) revert OriginNotMonday(origin_);
        if (origin_ > block.timestamp) revert OriginInFuture(origin_, uint64(block.timestamp));

        origin = origin_;
        lockRewards = lockRewards_;

        _grantRole(REGISTRAR_ROLE, admin);
        _grantRole(REWARDER_ROLE, admin);
    }

    /* STAKER */

    /// @inheritdoc IDelegatedStaking
    function stake(address provider, uint256 amount) external nonReentrant returns (uint256 stakeId) {
        uint64 unlocksAt = previewStake(provider, amount);

        _take(msg.sender, amount);

        stakeId = _openLot(provider, amount, unlocksAt);
    }

    /// @inheritdoc IDelegatedStaking
    function unstake(uint256 stakeId, uint256 amount) external nonReentrant returns (uint256 ticketId) {
        _requireOwner(stakeId);
        (uint256 rewards, uint64 availableAt) = previewUnstake(stakeId, amount);

        Entry storage lot = _entries[stakeId];
        Provider storage provider = _providers[_providerList[lot.provider]];
        uint104 part = amount.toUint104();
        _letJoin(provider);
        provider.earning -= part;
        if (part == lot.amount) {
            ticketId = stakeId;
            lot.opensAt = SafeCast.toUint40(availableAt);
            lot.kind = EntryKind.Ticket;
        } else {
            lot.amount -= part;
            lot.index = provider.index;
            ticketId = _open(
                Entry({
                    amount: part,
                    index: 0,
                    opensAt: SafeCast.toUint40(availableAt),
                    provider: lot.provider,
                    kind: EntryKind.Ticket
                })
            );
        }
        emit Unstaked(msg.sender, stakeId, ticketId, amount, availableAt);

        if (rewards != 0) _payRewards(stakeId, rewards);
    }

    /// @inheritdoc IDelegatedStaking
    function claim(uint256 ticketId) external nonReentrant {
        _requireOwner(ticketId);
        uint256 amount = previewClaim(ticketId);

        delete _entries[ticketId];
        emit Claimed(msg.sender, ticketId, amount);

        _pay(msg.sender, amount);
    }

    /// @inheritdoc IDelegatedStaking
    function claimRewards(uint256 stakeId) external nonReentrant {
        _requireOwner(stakeId);
        uint256 rewards = previewClaimRewards(stakeId);

        Entry storage lot = _entries[stakeId];
        lot.index = _providers[_providerList[lot.provider]].index;

        _payRewards(stakeId, rewards);
    }

    /// @inheritdoc IDelegatedStaking
    function restakeRewards(uint256 stakeId) external nonReentrant returns (uint256 newStakeId) {
        _requireOwner(stakeId);
        (uint256 rewards, uint64 unlocksAt) = previewRestakeRewards(stakeId);

        Entry storage lot = _entries[stakeId];
        address provider = _providerList[lot.provider];
        lot.index = _providers[provider].index;
        newStakeId = _openLot(provider, rewards, unlocksAt);
        emit RewardsRestaked(msg.sender, stakeId, newStakeId, rewards);
    }

    /* PROVIDER AND REWARDER */

    /// @inheritdoc IDelegatedStaking
    function distribute(address provider_, uint256 amount) external onlyRole(REWARDER_ROLE) nonReentrant {
        Provider storage provider = _known(provider_);
        if (amount == 0) revert ZeroAmount();
        _letJoin(provider);
        uint256 earning = provider.earning;
        if (earning == 0) revert NothingStaked();

        _take(msg.sender, amount);

        uint256 epoch = epochAt(block.timestamp);
        uint256 commission = (amount * provider.commissionBps) / BPS;
        uint256 shared = (amount - commission) * INDEX_SCALE + provider.carry;
        uint88 index = (provider.index + shared / earning).toUint88();
        provider.index = index;
        provider.carry = uint104(shared % earning);
        provider.commission += commission;
        _indexAfter[provider_][epoch] = index;
        emit Distributed(provider_, epoch, amount, commission);
    }

    /// @inheritdoc IDelegatedStaking
    function claimCommission() external nonReentrant {
        Provider storage provider = _known(msg.sender);
        uint256 amount = provider.commission;
        if (amount == 0) revert ZeroAmount();

        provider.commission = 0;
        emit CommissionClaimed(msg.sender, amount);

        _pay(msg.sender, amount);
    }

    /* REGISTRAR */

    /// @inheritdoc IDelegatedStaking
    function addProvider(address provider, uint256 commissionBps) external onlyRole(REGISTRAR_ROLE) {
        if (provider == address(0)) revert ZeroAddress();
        if (_providers[provider].known) revert ProviderExists(provider);
        if (commissionBps > MAX_COMMISSION_BPS) revert CommissionTooHigh(commissionBps, MAX_COMMISSION_BPS);

        Provider storage added = _providers[provider];
        added.known = true;
        added.active = true;
        added.commissionBps = uint16(commissionBps);
        added.place = _providerList.length.toUint16();
        _providerList.push(provider);
        emit ProviderAdded(provider, commissionBps);
    }

    /// @inheritdoc IDelegatedStaking
    function setProviderActive(address provider_, bool active) external onlyRole(REGISTRAR_ROLE) {
        Provider storage provider = _known(provider_);

        emit ProviderActiveChanged(provider_, provider.active, active);
        provider.active = active;
    }

    /* VIEWS */

    /// @inheritdoc IDelegatedStaking
    function epochAt(uint256 time) public view returns (uint256) {
        return (time - origin) / EPOCH;
    }

    /// @inheritdoc IDelegatedStaking
    function epochStart(uint256 epoch) public view returns (uint64) {
        return (origin + epoch * EPOCH).toUint64();
    }

    /// @inheritdoc IDelegatedStaking
    function stakes(uint256 stakeId) external view returns (Stake memory) {
        address owner = _ownerOf(stakeId);
        Entry memory entry = _entries[stakeId];
        if (entry.kind != EntryKind.Lot) return Stake(owner, address(0), 0, 0, 0, 0, 0);
        return
            Stake({
                owner: owner,
                provider: _providerList[entry.provider],
                amount: entry.amount,
                rewards: _rewardsOf(entry),
                epoch: uint64(_stakedIn(entry)),
                unlocksAt: entry.opensAt,
                rewardsOpenAt: _rewardsOpenAt(entry)
            });
    }

    /// @inheritdoc IDelegatedStaking
    function tickets(uint256 ticketId) external view returns (Ticket memory) {
        address owner = _ownerOf(ticketId);
        Entry memory entry = _entries[ticketId];
        if (entry.kind != EntryKind.Ticket) return Ticket(owner, 0, 0);
        return Ticket(owner, entry.amount, entry.opensAt);
    }

    /// @inheritdoc IDelegatedStaking
    function providers(address provider_) external view returns (ProviderInfo memory) {
        Provider storage provider = _known(provider_);
        return
            ProviderInfo({
                active: provider.active,
                commissionBps: provider.commissionBps,
                staked: uint256(provider.earning) + provider.joining,
                earning: _joined(provider) ? uint256(provider.earning) + provider.joining : provider.earning,
                commission: provider.commission
            });
    }

    /// @inheritdoc IDelegatedStaking
    function providerRow(
        address account,
        address provider_
    ) external view returns (uint256 total, uint256 unlocked, uint256 locked, RowStatus status) {
        uint16 place = _known(provider_).place;
        uint256 last = _accounts[account].lastNumber;
        for (uint256 number = 1; number <= last; ++number) {
            Entry memory entry = _entries[_idOf(account, number)];
            if (entry.kind != EntryKind.Lot || entry.provider != place) continue;
            if (block.timestamp < entry.opensAt) locked += entry.amount;
            else unlocked += entry.amount;
        }
        total = unlocked + locked;
        if (total == 0) status = RowStatus.None;
        else if (locked == 0) status = RowStatus.Unlocked;
        else if (unlocked == 0) status = RowStatus.Locked;
        else status = RowStatus.PartiallyUnlocked;
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
            positions[i] = _positionOf(id, _entries[id]);
        }
    }

    /* WHAT WOULD HAPPEN */

    /// @inheritdoc IDelegatedStaking
    function previewStake(address provider_, uint256 amount) public view returns (uint64 unlocksAt) {
        _requireNotPaused();
        if (!_known(provider_).active) revert ProviderInactive(provider_);
        if (amount == 0) revert ZeroAmount();
        if (amount < MIN_STAKE) revert BelowMinimum(amount, MIN_STAKE);
        return _opensAfter(LOCK_EPOCHS);
    }

    /// @inheritdoc IDelegatedStaking
    function previewUnstake(
        uint256 stakeId,
        uint256 amount
    ) public view returns (uint256 rewards, uint64 availableAt) {
        Entry memory lot = _lotOf(stakeId);
        if (amount == 0) revert ZeroAmount();
        if (block.timestamp < lot.opensAt) revert StillLocked(lot.opensAt);
        if (amount > lot.amount) revert ExceedsStake(amount, lot.amount);
        uint256 remainder = lot.amount - amount;
        if (remainder != 0 && remainder < MIN_STAKE) revert RemainderBelowMinimum(remainder, MIN_STAKE);
        return (_rewardsOf(lot), _opensAfter(UNDELEGATE_EPOCHS));
    }

    /// @inheritdoc IDelegatedStaking
    function previewClaim(uint256 ticketId) public view returns (uint256 amount) {
        _ownerOf(ticketId);
        Entry memory ticket = _entries[ticketId];
        if (ticket.kind == EntryKind.None) revert AlreadyClaimed(ticketId);
        if (ticket.kind != EntryKind.Ticket) revert UnknownId(ticketId);
        if (block.timestamp < ticket.opensAt) revert StillUndelegating(ticket.opensAt);
        return ticket.amount;
    }

    /// @inheritdoc IDelegatedStaking
    function previewClaimRewards(uint256 stakeId) public view returns (uint256 rewards) {
        Entry memory lot = _lotOf(stakeId);
        uint64 rewardsOpenAt = _rewardsOpenAt(lot);
        if (block.timestamp < rewardsOpenAt) revert StillLocked(rewardsOpenAt);
        rewards = _rewardsOf(lot);
        if (rewards == 0) revert ZeroAmount();
    }

    /// @inheritdoc IDelegatedStaking
    function previewRestakeRewards(uint256 stakeId) public view returns (uint256 amount, uint64 unlocksAt) {
        amount = previewClaimRewards(stakeId);
        unlocksAt = previewStake(_providerList[_entries[stakeId].provider], amount);
    }

    /* ENTRIES */

    /// @dev Refuses everybody but the owner of a position (C-5).
    function _requireOwner(uint256 id) private view {
        address owner = _ownerOf(id);
        if (owner != msg.sender) revert NotYours(owner, msg.sender);
    }

    /// @dev Gives the caller's next id to `entry`.
    function _open(Entry memory entry) private returns (uint256 id) {
        id = _nextId();
        _entries[id] = entry;
    }

    /// @dev Opens a lot of `amount` wei, which are here already, for the caller.
    function _openLot(address provider_, uint256 amount, uint64 unlocksAt) private returns (uint256 stakeId) {
        Provider storage provider = _providers[provider_];
        _letJoin(provider);
        // The sum has to fit too, so that lots can always join those that earn.
        uint104 earning = provider.earning;
        provider.joining = (uint256(earning) + provider.joining + amount).toUint104() - earning;
        provider.joiningEpoch = epochAt(block.timestamp).toUint24();
        stakeId = _open(
            Entry({
                amount: uint104(amount),
                index: provider.index,
                opensAt: SafeCast.toUint40(unlocksAt),
                provider: provider.place,
                kind: EntryKind.Lot
            })
        );
        emit Staked(msg.sender, provider_, stakeId, amount, unlocksAt);
    }

    /// @dev The lot under an id. Refuses an id that was never given out, and a lot of which nothing is left.
    function _lotOf(uint256 stakeId) private view returns (Entry memory lot) {
        _ownerOf(stakeId);
        lot = _entries[stakeId];
        if (lot.kind != EntryKind.Lot) revert AlreadyUnstaked(stakeId);
    }

    /// @dev An entry in the shape that all systems share.
    function _positionOf(uint256 id, Entry memory entry) private view returns (Position memory position) {
        bool open = block.timestamp >= entry.opensAt;
        position.id = id;
        position.amount = entry.amount;
        position.availableAt = entry.opensAt;
        if (entry.kind == EntryKind.Lot) {
            position.kind = PositionKind.Stake;
            position.state = open ? PositionState.Unlocked : PositionState.Locked;
            position.rewards = _rewardsOf(entry);
            position.blockedBy = open ? bytes4(0) : StillLocked.selector;
        } else if (entry.kind == EntryKind.Ticket) {
            position.kind = PositionKind.Exit;
            position.state = open ? PositionState.Claimable : PositionState.Leaving;
            position.blockedBy = open ? bytes4(0) : StillUndelegating.selector;
        } else {
            position.kind = PositionKind.Exit;
            position.state = PositionState.Closed;
            position.blockedBy = AlreadyClaimed.selector;
        }
    }

    /* TIME */

    /// @dev When something opens that waits for the rest of this epoch and `whole` more.
    function _opensAfter(uint64 whole) private view returns (uint64) {
        return epochStart(epochAt(block.timestamp) + whole + 1);
    }

    /// @dev The epoch in which a lot was staked.
    function _stakedIn(Entry memory lot) private view returns (uint256) {
        return epochAt(lot.opensAt) - LOCK_EPOCHS - 1;
    }

    /// @dev From when the rewards of a lot can be claimed: with the lot, or after the first epoch in which it earned.
    function _rewardsOpenAt(Entry memory lot) private view returns (uint64) {
        return lockRewards ? lot.opensAt : epochStart(_stakedIn(lot) + 2);
    }

    /* REWARDS */

    /// @dev Whether what was staked during `joiningEpoch` earns by now.
    function _joined(Provider storage provider) private view returns (bool) {
        return epochAt(block.timestamp) > provider.joiningEpoch;
    }

    /// @dev Lets what was staked in an earlier epoch earn.
    function _letJoin(Provider storage provider) private {
        if (provider.joining == 0 || !_joined(provider)) return;
        provider.earning += provider.joining;
        provider.joining = 0;
    }

    /// @dev What a lot has earned and not been paid, rounded down, in wei. It earns from the index that the provider
    /// had when the lot's own epoch ended: the one it had at the time of staking, or after the last
    /// distribution of that epoch, whichever is later; an index never falls.
    function _rewardsOf(Entry memory lot) private view returns (uint256) {
        address provider = _providerList[lot.provider];
        uint256 paid = Math.max(lot.index, _indexAfter[provider][_stakedIn(lot)]);
        return (lot.amount * (_providers[provider].index - paid)) / INDEX_SCALE;
    }

    /// @dev Pays rewards to the caller.
    function _payRewards(uint256 stakeId, uint256 rewards) private {
        emit RewardsClaimed(msg.sender, stakeId, rewards);

        _pay(msg.sender, rewards);
    }

    /// @dev A provider. Refuses an unknown one.
    function _known(address provider_) private view returns (Provider storage provider) {
        provider = _providers[provider_];
        if (!provider.known) revert UnknownProvider(provider_);
    }
}

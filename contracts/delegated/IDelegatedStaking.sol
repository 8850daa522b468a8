// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IExitSystem} from "../common/IExitSystem.sol";

/// @notice What one provider's row says of an account's lots (E-6).
enum RowStatus {
    None, // no lot with this provider
    Locked, // no lot is unlocked
    PartiallyUnlocked, // some lots are unlocked
    Unlocked // every lot is unlocked
}

/// @notice A lot: one staking transaction, which unlocks by itself (E-2).
/// @param owner Who staked it, and the only one who can unstake it.
/// @param provider With whom it is staked; zero once nothing of the lot is left to unstake.
/// @param amount What is staked, in wei; 0 once it has been unstaked.
/// @param rewards What it has earned and not been paid, in wei.
/// @param epoch The epoch in which it was staked.
/// @param unlocksAt The second from which it can be unstaked.
/// @param rewardsOpenAt The second from which its rewards can be claimed.
struct Stake {
    address owner;
    address provider;
    uint256 amount;
    uint256 rewards;
    uint64 epoch;
    uint64 unlocksAt;
    uint64 rewardsOpenAt;
}

/// @notice A ticket: an amount that has been unstaked and is waiting to be claimed (E-4).
/// @param owner Who gets the money.
/// @param amount What is paid, in wei; 0 once it has been claimed.
/// @param availableAt The second from which it can be claimed.
struct Ticket {
    address owner;
    uint256 amount;
    uint64 availableAt;
}

/// @notice A provider of nodes, with whom people stake.
/// @param active Whether it takes new stakes.
/// @param commissionBps Its part of each distribution, in 1/10 000.
/// @param staked What is staked with it, in wei.
/// @param earning What of that earns at this second, in wei (E-7).
/// @param commission What it has earned and not claimed, in wei.
struct ProviderInfo {
    bool active;
    uint16 commissionBps;
    uint256 staked;
    uint256 earning;
    uint256 commission;
}

/// @title Delegated staking: a lock of 12 epochs, then an undelegation of one
/// @notice How ANKR leaves a stake. Time is cut into epochs of 7 days. Each staking transaction is a lot of its own; it
/// unlocks in the first second of the 13th epoch after its own (84 to 91 days), and what is unstaked can be
/// claimed in the first second of the second epoch after that (7 to 14 days).
/// @dev Ids: an account's positions are numbered 1, 2, 3 … for itself, and an id is the account's address followed by
/// that number, `uint160(account) << 96 | number`. Nobody can therefore add to, or collide with, somebody
/// else's. A lot that is unstaked whole becomes its own ticket under the same id; a part gets a new id.
///
/// What this contract will not do:
/// - stake, unstake or claim for somebody else;
/// - unstake everything in one call (E-5);
/// - shorten or lengthen a lock: origin and length of the epochs never change;
/// - take back rewards that were distributed, or pay out tokens that were sent in uninvited.
interface IDelegatedStaking is IExitSystem {
    /* EVENTS */

    /// @notice `amount` wei were staked with `provider` as a new lot.
    event Staked(
        address indexed account,
        address indexed provider,
        uint256 indexed stakeId,
        uint256 amount,
        uint64 unlocksAt
    );

    /// @notice `amount` wei of a lot were unstaked.
    event Unstaked(
        address indexed account,
        uint256 indexed stakeId,
        uint256 indexed ticketId,
        uint256 amount,
        uint64 availableAt
    );

    /// @notice A ticket was paid.
    event Claimed(address indexed account, uint256 indexed ticketId, uint256 amount);

    /// @notice The rewards of a lot were paid.
    event RewardsClaimed(address indexed account, uint256 indexed stakeId, uint256 amount);

    /// @notice The rewards of a lot became a new lot.
    event RewardsRestaked(
        address indexed account, uint256 indexed stakeId, uint256 indexed newStakeId, uint256 amount
    );

    /// @notice `amount` wei came in for a provider's lots; `commission` of it is the provider's.
    event Distributed(address indexed provider, uint256 indexed epoch, uint256 amount, uint256 commission);

    /// @notice A provider was paid its commission.
    event CommissionClaimed(address indexed provider, uint256 amount);

    /// @notice A provider was added; it is active.
    event ProviderAdded(address indexed provider, uint256 commissionBps);

    /// @notice A provider takes new stakes from now on, or no longer.
    event ProviderActiveChanged(address indexed provider, bool oldActive, bool newActive);

    /* ERRORS */

    /// @notice The lot, or its rewards, cannot leave before this second.
    error StillLocked(uint64 unlocksAt);

    /// @notice The ticket cannot be claimed before this second.
    error StillUndelegating(uint64 availableAt);

    /// @notice What would stay in the lot is under the minimum and not nothing, both in wei.
    error RemainderBelowMinimum(uint256 remainder, uint256 minimum);

    /// @notice More was asked for than is in the lot, both in wei.
    error ExceedsStake(uint256 amount, uint256 staked);

    /// @notice Nothing of this lot is left to unstake.
    error AlreadyUnstaked(uint256 stakeId);

    /// @notice This ticket has been paid.
    error AlreadyClaimed(uint256 ticketId);

    /// @notice No lot of this provider earns at this second.
    error NothingStaked();

    /// @notice There is no such provider.
    error UnknownProvider(address provider);

    /// @notice The provider is there already.
    error ProviderExists(address provider);

    /// @notice The provider takes no new stakes.
    error ProviderInactive(address provider);

    /// @notice The commission is over the maximum, both in 1/10 000.
    error CommissionTooHigh(uint256 commissionBps, uint256 maximum);

    /// @notice Epochs begin on a Monday at 00:00 UTC; this second is not one.
    error OriginNotMonday(uint64 origin);

    /// @notice Epochs cannot begin in the future.
    error OriginInFuture(uint64 origin, uint64 currentTime);

    /* STAKER */

    /// @notice Stakes `amount` wei with `provider` as a new lot.
    /// @return stakeId The id of the lot.
    function stake(address provider, uint256 amount) external returns (uint256 stakeId);

    /// @notice Unstakes `amount` wei of an unlocked lot, and pays the rewards of the whole lot at once (E-9).
    /// @return ticketId What to claim with; the lot's own id if nothing of it remains.
    function unstake(uint256 stakeId, uint256 amount) external returns (uint256 ticketId);

    /// @notice Pays a ticket to its owner.
    function claim(uint256 ticketId) external;

    /// @notice Pays the rewards of a lot to its owner.
    function claimRewards(uint256 stakeId) external;

    /// @notice Makes the rewards of a lot a new lot with a lock of its own (E-10). Open when claiming them is.
    /// @return newStakeId The id of the new lot.
    function restakeRewards(uint256 stakeId) external returns (uint256 newStakeId);

    /* PROVIDER AND REWARDER */

    /// @notice Shares `amount` wei among the lots of `provider` that earn now, after its commission (E-7).
    function distribute(address provider, uint256 amount) external;

    /// @notice Pays the calling provider its commission.
    function claimCommission() external;

    /* REGISTRAR */

    /// @notice Adds a provider, active, with a commission that never changes.
    function addProvider(address provider, uint256 commissionBps) external;

    /// @notice Lets a provider take new stakes, or no longer. Exits are open either way.
    function setProviderActive(address provider, bool active) external;

    /* VIEWS */

    /// @notice The first second of epoch 0, a Monday 00:00 UTC.
    function origin() external view returns (uint64);

    /// @notice Whether rewards are locked as long as the lot is (E-8).
    function lockRewards() external view returns (bool);

    /// @notice The number of the epoch that holds second `time`. Refuses a time before the origin.
    function epochAt(uint256 time) external view returns (uint256);

    /// @notice The first second of an epoch.
    function epochStart(uint256 epoch) external view returns (uint64);

    /// @notice A lot. Refuses an id that never was.
    function stakes(uint256 stakeId) external view returns (Stake memory);

    /// @notice A ticket. Refuses an id that never was.
    function tickets(uint256 ticketId) external view returns (Ticket memory);

    /// @notice A provider. Refuses an unknown one.
    function providers(address provider) external view returns (ProviderInfo memory);

    /// @notice One line of a dashboard: what an account has staked with one provider, in wei (E-6).
    /// @dev Walks through the account's own positions, which nobody else can add to.
    function providerRow(
        address account,
        address provider
    ) external view returns (uint256 total, uint256 unlocked, uint256 locked, RowStatus status);

    /* WHAT WOULD HAPPEN */

    /// @notice What `stake` would do now. Reverts with the same error as it would.
    function previewStake(address provider, uint256 amount) external view returns (uint64 unlocksAt);

    /// @notice What `unstake` by the owner would do now. Reverts with the same error as it would.
    function previewUnstake(
        uint256 stakeId,
        uint256 amount
    ) external view returns (uint256 rewards, uint64 availableAt);

    /// @notice What `claim` by the owner would pay now, in wei. Reverts with the same error as it would.
    function previewClaim(uint256 ticketId) external view returns (uint256 amount);

    /// @notice What `claimRewards` by the owner would pay now, in wei. Reverts with the same error as it would.
    function previewClaimRewards(uint256 stakeId) external view returns (uint256 rewards);

    /// @notice What `restakeRewards` by the owner would do now. Reverts with the same error as it would.
    function previewRestakeRewards(
        uint256 stakeId
    ) external view returns (uint256 amount, uint64 unlocksAt);
}

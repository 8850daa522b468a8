// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IExitSystem} from "../common/IExitSystem.sol";

/// @notice What unstaking an amount comes to (D-11).
enum ExitKind {
    Any, // whatever it comes to
    Overflow, // paid at once, the device goes on
    Full // the whole stake leaves, the device stops
}

/// @notice What a dashboard says of a device, in one word (D-16).
/// @dev When several hold, the first of this order is shown: Terminated, Unstaked or InCooldown, CoStakerUnstaked,
/// InsufficientWaiting or SufficientWaiting, CoStakerWithdrawn, OfferClosed, Insufficient or Sufficient.
enum DeviceStatus {
    Unstaked, // nobody has staked
    Insufficient, // "Insufficient Stake"
    InsufficientWaiting, // "Insufficient Stake (Waiting for Co-Staker)": an offer is open
    Sufficient, // "Sufficient State"
    SufficientWaiting, // "Sufficient State (Waiting for Co-Staker)": an offer is open
    CoStakerUnstaked, // "Co-Staker Unstaked (In Wait Period)", and there is no other co-staker
    InCooldown, // "In Cooldown": the owner has unstaked and not withdrawn
    CoStakerWithdrawn, // "Co-Staker Withdrawn": he has been paid, and no offer has been opened since he came
    OfferClosed, // "Offer Closed": without a co-staker, and no offer has been opened since
    Terminated // "Terminated"
}

/// @notice A device, which people call a worker.
/// @param owner The wallet to which it is bound; zero if nobody has staked.
/// @param stake What the owner has staked and not unstaked, in wei.
/// @param stakeId The owner's position; of an exit, once he has unstaked.
/// @param requirement What has to be staked for it to earn, in wei (D-1).
/// @param multiplierBps Its multiplier, in 1/10 000.
/// @param cards How many cards it has.
/// @param rented Whether it is rented in a cluster.
/// @param terminated Whether it has ended.
struct DeviceInfo {
    address owner;
    uint256 stake;
    uint256 stakeId;
    uint256 requirement;
    uint256 multiplierBps;
    uint256 cards;
    bool rented;
    bool terminated;
}

/// @notice What others have put into a device, or may put into it.
/// @param coStaker Who has; zero if nobody.
/// @param coStake What he has put in and not unstaked, in wei.
/// @param coStakeId His position.
/// @param coShareBps His part of the rewards, in 1/10 000.
/// @param waiting What co-stakers who have unstaked still count together, in wei (D-12).
/// @param waitingUntil From which second none of it counts; 0 if nothing waits.
/// @param offerOpen Whether an offer is open.
/// @param offerNonce The number of the device's last offer.
/// @param offerAmount What that offer asks for, in wei.
/// @param offerShareBps What it gives, in 1/10 000.
struct CoStakeInfo {
    address coStaker;
    uint256 coStake;
    uint256 coStakeId;
    uint256 coShareBps;
    uint256 waiting;
    uint64 waitingUntil;
    bool offerOpen;
    uint256 offerNonce;
    uint256 offerAmount;
    uint256 offerShareBps;
}

/// @notice A stake on its way out.
/// @param owner Who gets the money.
/// @param deviceId Where it was staked.
/// @param amount What is paid, in wei; 0 once it has been withdrawn.
/// @param availableAt The second from which it can be withdrawn.
/// @param coStake Whether it was a co-stake.
struct Exit {
    address owner;
    uint256 deviceId;
    uint256 amount;
    uint64 availableAt;
    bool coStake;
}

/// @title Device staking: a cooldown of 14 days, and a wait of 7 for a co-staker who leaves first
/// @notice How io.net devices are staked and unstaked. One wallet owns the stake of a device, another may add to it.
/// Enough stake makes the device earn; what is more than enough can be taken out at once; everything else cools
/// down for 14 days. A co-staker who leaves before the owner waits 7 days first, during which he counts.
/// @dev An account's positions are numbered 1, 2, 3 … for itself; the id of an exit is the account's address followed by
/// the number that its stake had. In `positionsOf` a stake has the id of its device, which is what its functions
/// take, and an exit its own. Rewards belong to an account at a device (`rewardsOf`): they are shown with its stake
/// there or, when it has none, with its exits from there.
///
/// What this contract will not do:
/// - let anybody unstake, withdraw or claim for somebody else; the one thing a party does to the other's position
///   is to end it with its own, which only ever makes it available earlier;
/// - undo an unstaking, or compound rewards;
/// - hold back an overflow, or an exit that runs, for a rented or terminated device;
/// - unstake for anybody when a device is terminated.
interface IDeviceStaking is IExitSystem {
    /* EVENTS */

    /// @notice `amount` wei were added to the owner's stake, which is `total` now.
    event Staked(address indexed account, uint256 indexed deviceId, uint256 indexed stakeId, uint256 amount, uint256 total);

    /// @notice The owner's whole stake leaves.
    event Unstaked(
        address indexed account, uint256 indexed deviceId, uint256 indexed exitId, uint256 amount, uint64 availableAt
    );

    /// @notice Overflow was paid at once; the owner's stake is `remaining` now.
    event OverflowWithdrawn(address indexed account, uint256 indexed deviceId, uint256 amount, uint256 remaining);

    /// @notice The co-stake leaves: first a wait until `countsUntil`, if that is in the future, then the cooldown.
    event CoUnstaked(
        address indexed account,
        uint256 indexed deviceId,
        uint256 indexed exitId,
        uint256 amount,
        uint64 countsUntil,
        uint64 availableAt
    );

    /// @notice The owner has left while a co-stake waited: none from his time is available later than this.
    event WaitEnded(uint256 indexed deviceId, uint64 availableAt);

    /// @notice An exit was paid.
    event Withdrawn(address indexed account, uint256 indexed exitId, uint256 amount);

    /// @notice Rewards were paid.
    event RewardsClaimed(address indexed account, uint256 indexed deviceId, uint256 amount);

    /// @notice Rewards came in for a device, for its owner and its co-staker.
    event Distributed(uint256 indexed deviceId, uint256 ownerAmount, uint256 coStakerAmount);

    /// @notice A device earned nothing, because it is not eligible; nothing was taken for it.
    event Skipped(uint256 indexed deviceId, uint256 amount);

    /// @notice An offer was opened.
    event OfferOpened(uint256 indexed deviceId, uint256 indexed nonce, uint256 amount, uint256 coShareBps);

    /// @notice An offer was closed without a co-staker.
    event OfferClosed(uint256 indexed deviceId, uint256 indexed nonce);

    /// @notice An offer was accepted.
    event OfferAccepted(
        address indexed account, uint256 indexed deviceId, uint256 indexed coStakeId, uint256 amount, uint256 coShareBps
    );

    /// @notice A device was registered.
    event DeviceRegistered(uint256 indexed deviceId, uint256 multiplierBps, uint256 cards);

    /// @notice What a device requires has changed.
    event RequirementChanged(
        uint256 indexed deviceId,
        uint256 oldMultiplierBps,
        uint256 oldCards,
        uint256 newMultiplierBps,
        uint256 newCards
    );

    /// @notice A device is rented in a cluster, or no longer.
    event RentedChanged(uint256 indexed deviceId, bool oldRented, bool newRented);

    /// @notice A device has ended.
    event DeviceTerminated(uint256 indexed deviceId);

    /* ERRORS */

    /// @notice The device is bound to another wallet, or the exit belongs to it.
    error NotInitialWallet(address expected, address caller);

    /// @notice The stake of this device has been unstaked; it has to be withdrawn before anything else can be done.
    error WithdrawFirst(uint256 exitId);

    /// @notice The exit cannot be withdrawn before this second.
    error CoolingDown(uint64 availableAt);

    /// @notice This exit has been withdrawn.
    error AlreadyWithdrawn(uint256 exitId);

    /// @notice Nobody has staked there.
    error NotStaked(uint256 deviceId);

    /// @notice The device is rented in a cluster: neither party can unstake now.
    error DeviceRented();

    /// @notice With the offer open, the stake cannot fall to `remaining` wei, which is under `minimum`.
    error OfferOpen(uint256 remaining, uint256 minimum);

    /// @notice An offer is open already.
    error OfferExists(uint256 nonce);

    /// @notice No offer is open.
    error NoOffer();

    /// @notice The offer is not, or no longer, the one that was repeated.
    error OfferChanged();

    /// @notice The owner cannot accept his own offer.
    error OwnOffer();

    /// @notice There is a co-staker already.
    error CoStaked(address coStaker);

    /// @notice The wallet has as many co-stakes as it may have.
    error TooManyCoStakes(uint256 held, uint256 maximum);

    /// @notice Unstaking this amount would come to something else than was expected.
    error OutcomeChanged(ExitKind expected, ExitKind actual);

    /// @notice The amount, or share, is over the maximum.
    error AboveMaximum(uint256 amount, uint256 maximum);

    /// @notice The device is registered already.
    error DeviceExists(uint256 deviceId);

    /// @notice The device has ended.
    error DeviceEnded(uint256 deviceId);

    /// @notice The two lists have to be of one length.
    error LengthMismatch(uint256 devices, uint256 amounts);

    /* OWNER */

    /// @notice Stakes `amount` wei on a device. The first stake binds it to the caller (D-2).
    function stake(uint256 deviceId, uint256 amount) external;

    /// @notice Unstakes the owner's whole stake, and the co-stake with it (D-3, D-13).
    /// @return exitId What to withdraw with, 14 days later.
    function unstake(uint256 deviceId) external returns (uint256 exitId);

    /// @notice Takes out `amount` wei at once if that is overflow; else unstakes everything (D-11).
    /// @param expected What the caller expects it to come to.
    /// @return kind What it came to.
    /// @return exitId What to withdraw with; 0 if it was overflow.
    function unstakeAmount(
        uint256 deviceId,
        uint256 amount,
        ExitKind expected
    ) external returns (ExitKind kind, uint256 exitId);

    /// @notice Takes out all overflow at once (D-10).
    function withdrawOverflow(uint256 deviceId) external;

    /// @notice Offers a co-staker to add `amount` wei for a part of the rewards (D-8).
    function openOffer(uint256 deviceId, uint256 amount, uint256 coShareBps) external;

    /// @notice Closes the offer, while nobody has accepted it.
    function closeOffer(uint256 deviceId) external;

    /* CO-STAKER */

    /// @notice Accepts an offer, whose terms are repeated (D-8).
    function acceptOffer(uint256 deviceId, uint256 nonce, uint256 amount, uint256 coShareBps) external;

    /// @notice Unstakes the caller's co-stake (D-12).
    /// @return exitId What to withdraw with, 21 days later, or 14 after the owner unstakes if that is sooner.
    function unstakeCoStake(uint256 deviceId) external returns (uint256 exitId);

    /* BOTH */

    /// @notice Pays an exit to its owner.
    function withdraw(uint256 exitId) external;

    /// @notice Pays the caller's rewards from a device.
    function claimRewards(uint256 deviceId) external;

    /* REWARDER */

    /// @notice Brings in rewards, for eligible devices only; the others are skipped (D-7).
    function distribute(uint256[] calldata deviceIds, uint256[] calldata amounts) external;

    /* REGISTRAR */

    /// @notice Registers a device. `multiplierBps` under 10 000 counts as 10 000 (D-1).
    function registerDevice(uint256 deviceId, uint256 multiplierBps, uint256 cards) external;

    /// @notice Changes what a device requires.
    function setRequirement(uint256 deviceId, uint256 multiplierBps, uint256 cards) external;

    /// @notice Says that a device is rented in a cluster, or no longer.
    function setRented(uint256 deviceId, bool rented) external;

    /// @notice Ends a device for ever. Nothing is unstaked; an open offer is closed (D-15).
    function terminateDevice(uint256 deviceId) external;

    /* VIEWS */

    /// @notice What `unstakeAmount` by the owner would do now, with `ExitKind.Any` (D-11).
    /// @return kind What it would come to.
    /// @return payout What would be paid, now or later, in wei.
    /// @return availableAt From when; this second if it would be paid at once.
    /// @return blockedBy The selector of the error that it would give; 0 if it would succeed. A kind, payout and second
    /// that stand beside an error say what it would come to if that were not in the way.
    function previewUnstake(
        uint256 deviceId,
        uint256 amount
    ) external view returns (ExitKind kind, uint256 payout, uint64 availableAt, bytes4 blockedBy);

    /// @notice What of the owner's stake is more than required, in wei (D-10).
    function overflow(uint256 deviceId) external view returns (uint256);

    /// @notice What counts toward the requirement, in wei (D-7).
    function countedStake(uint256 deviceId) external view returns (uint256);

    /// @notice Whether the device earns (D-7).
    function isEligible(uint256 deviceId) external view returns (bool);

    /// @notice What a dashboard says of the device (D-16).
    function statusOf(uint256 deviceId) external view returns (DeviceStatus);

    /// @notice What an account can claim from a device, in wei.
    function rewardsOf(uint256 deviceId, address account) external view returns (uint256);

    /// @notice A device. Refuses an unknown one.
    function devices(uint256 deviceId) external view returns (DeviceInfo memory);

    /// @notice The co-stake and the offer of a device. Refuses an unknown one.
    function coStakes(uint256 deviceId) external view returns (CoStakeInfo memory);

    /// @notice An exit. Refuses an id that never was.
    function exits(uint256 exitId) external view returns (Exit memory);
}

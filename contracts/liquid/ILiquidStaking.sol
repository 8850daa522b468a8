// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IExitSystem} from "../common/IExitSystem.sol";
import {BondToken} from "./BondToken.sol";
import {CertificateToken} from "./CertificateToken.sol";
import {IValidator} from "./IValidator.sol";

/// @notice In which order requests are paid.
enum PayoutPolicy {
    FirstFit, // the oldest that wholly fits (L-5, L-6)
    PartialFifo // strictly by age, in parts (L-7)
}

/// @notice A request: an amount that has been burnt and waits to be paid.
/// @param owner Who gets the money.
/// @param amount What has not been paid, in wei.
/// @param claimable What of that can be claimed now, in wei.
/// @param requestedAt When it was made.
struct Request {
    address owner;
    uint256 amount;
    uint256 claimable;
    uint64 requestedAt;
}

/// @notice Where the money is, and whose it is (L-10). All in wei.
/// @param delegated Principal with the validators.
/// @param released Principal that has come back from them and has not been spent.
/// @param free Rewards, and what was brought by `topUp`, that have not been spent.
/// @param setAside What is kept for those who have to claim it.
/// @param poolValue What all shares are worth.
/// @param owed What requests wait for.
/// @param claimable What can be claimed; as much as is set aside.
struct Ledger {
    uint256 delegated;
    uint256 released;
    uint256 free;
    uint256 setAside;
    uint256 poolValue;
    uint256 owed;
    uint256 claimable;
}

/// @title Liquid staking: coins in, a token out, and a queue for the way back
/// @notice How staked FTM is unstaked. Coins that are staked go to validators and become shares of a pool, as bonds, whose
/// balance grows, or as certificates, whose value grows. Burning them fixes an amount of coins and puts it into a
/// queue. The queue is paid from what the validators let out when one of their lock-up periods ends.
/// @dev Ids: the address of the account followed by the request's place in the queue, `uint160(account) << 96 | place`.
/// Places are 1, 2, 3 … in the order in which requests were made.
///
/// Rounding: shares are rounded down when they are made and up when an amount of bonds is burnt; amounts are rounded
/// down. Each time, the caller loses less than one share's worth, to the pool. What a share is worth never falls
/// and is never less than a wei. It grows by rewards only while there are `MIN_SHARES` shares or more, so that a share is
/// worth less than 2 + r / 1e15 wei when r wei of rewards have come in since there last were none: 1e9 wei for
/// a million coins; and by rounding, at most a wei each time that all shares but a few are burnt.
///
/// What this contract will not do:
/// - make somebody wait for a receiver that refuses coins, or for a treasury that does;
/// - pay requests from new stakes, which are delegated at once;
/// - take back rewards, a fee, or principal for anything but the queue or the validators;
/// - count coins that were sent in uninvited.
interface ILiquidStaking is IExitSystem {
    /* EVENTS */

    /// @notice `amount` wei were staked for `shares` shares in `token`: bonds or certificates.
    event Staked(address indexed account, address indexed token, uint256 amount, uint256 shares);

    /// @notice `amount` wei of liquidity were brought for `shares` certificates.
    event ToppedUp(address indexed account, uint256 amount, uint256 shares);

    /// @notice `shares` shares became shares in `token`: bonds or certificates.
    event Converted(address indexed account, address indexed token, uint256 shares);

    /// @notice `shares` shares were burnt; `amount` wei are owed for them.
    event Burnt(address indexed account, uint256 indexed requestId, uint256 shares, uint256 amount);

    /// @notice A request was paid to its owner.
    event Paid(address indexed account, uint256 indexed requestId, uint256 amount);

    /// @notice A request's turn came and its owner refused the coins, which he can claim from now on.
    event SetAside(address indexed account, uint256 indexed requestId, uint256 amount);

    /// @notice `settle` served `count` requests (by age in parts: an unknown number, said as 0) with `amount` wei.
    event Settled(uint256 count, uint256 amount, uint256 liquidity);

    /// @notice A request was claimed, or as much of it as there was.
    event Claimed(address indexed account, uint256 indexed requestId, address to, uint256 amount);

    /// @notice `rewards` wei came from a validator; `fee` of it is the treasury's. `treasuryShares` certificates were made
    /// for the treasury, because there were too few shares to give the rest to; what made no whole one is in the fee.
    event Harvested(uint256 indexed validatorIndex, uint256 rewards, uint256 fee, uint256 treasuryShares);

    /// @notice The treasury refused a fee, which it can claim from now on.
    event FeeSetAside(uint256 amount);

    /// @notice The treasury claimed the fees that it had refused.
    event FeesClaimed(address to, uint256 amount);

    /// @notice `amount` wei went to a validator.
    event Delegated(uint256 indexed validatorIndex, uint256 amount);

    /// @notice `amount` wei of principal came back from a validator.
    event Released(uint256 indexed validatorIndex, uint256 amount);

    /// @notice What the next harvest of a validator releases has changed, in wei.
    event ReleaseScheduled(uint256 indexed validatorIndex, uint256 oldAmount, uint256 newAmount);

    /* ERRORS */

    /// @notice The validator's lock-up period runs until this second.
    error LockupRunning(uint64 until);

    /// @notice Nothing of the request can be claimed: `amount` wei of it wait, and this much liquidity is here.
    error StillWaiting(uint256 amount, uint256 liquidity);

    /// @notice The request has been paid.
    error AlreadyPaid(uint256 requestId);

    /// @notice The amount is less than one share, so that nothing would be given for it; in wei.
    error LessThanAShare(uint256 amount, uint256 shareValue);

    /// @notice Shares have been made in this transaction; a harvest has to be in another one.
    error SharesJustMade();

    /// @notice Liquidity stays here while this much is owed, in wei.
    error RequestsWaiting(uint256 owed);

    /// @notice More was asked for than the validator has, both in wei.
    error ExceedsPrincipal(uint256 amount, uint256 principal);

    /// @notice The receiver refuses coins.
    error PaymentRefused(address to);

    /// @notice With the gas that is left, a receiver might not get what is promised to it.
    error GasTooLow(uint256 left, uint256 needed);

    /// @notice A pool has between one validator and this many.
    error ValidatorCount(uint256 count, uint256 maximum);

    /// @notice The validator was named twice.
    error DuplicateValidator(IValidator validator);

    /// @notice Coins come in by staking, or from validators when they are asked.
    error Uninvited(address sender);

    /* STAKER */

    /// @notice Stakes the coins that are sent along, for bonds.
    function stakeForBonds() external payable returns (uint256 shares);

    /// @notice Stakes the coins that are sent along, for certificates.
    function stakeForCertificates() external payable returns (uint256 shares);

    /// @notice Makes the caller's bonds certificates, `shares` shares of them.
    function bondsToCertificates(uint256 shares) external;

    /// @notice Makes the caller's certificates bonds, `shares` shares of them.
    function certificatesToBonds(uint256 shares) external;

    /// @notice Burns bonds for `amount` wei, to be paid when their turn comes (L-4).
    /// @dev When fewer than `MIN_SHARES` shares would be left, the whole value of the burnt shares is owed, which is less
    /// than one share's worth above `amount`: so what is rounded off cannot be heaped on a few shares.
    function burnBonds(uint256 amount) external returns (uint256 requestId);

    /// @notice Burns `shares` certificates for what they are worth, to be paid when their turn comes (L-4).
    function burnCertificates(uint256 shares) external returns (uint256 requestId);

    /// @notice Pays the caller's request, or as much of it as there is for it, to `to`.
    function claim(uint256 requestId, address to) external returns (uint256 amount);

    /* ANYONE */

    /// @notice Takes the rewards of a validator, whose lock-up period has ended (L-3), after what is scheduled to be released.
    /// @dev Refused when nothing has been earned, so that nobody starts a lock-up period for nothing; and in a transaction that
    /// has made shares, so that coins on loan have no part in it.
    function harvest(uint256 validatorIndex) external returns (uint256 rewards);

    /// @notice Pays requests with the liquidity that is here.
    /// @dev First fit: sends the coins, with `SEND_GAS` gas, to the owners of up to `maxRequests` requests. Those who refuse
    /// count as well. In parts by age: fills the queue as far as the liquidity goes, whatever `maxRequests` is.
    /// @return count How many requests were served; 0 in parts by age, where nobody counts them.
    /// @return amount What they got together, in wei.
    function settle(uint256 maxRequests) external returns (uint256 count, uint256 amount);

    /// @notice Delegates all liquidity, when nobody waits (L-9).
    function redelegate() external returns (uint256 amount);

    /// @notice Brings the coins that are sent along as liquidity, for certificates (L-9).
    function topUp() external payable returns (uint256 shares);

    /* TREASURY */

    /// @notice Pays the fees that the treasury refused to where it wants them. Only the treasury can.
    function claimFees(address to) external returns (uint256 amount);

    /* OPERATOR */

    /// @notice Takes back `amount` wei of principal from a validator, whose lock-up period has ended (L-9).
    function release(uint256 validatorIndex, uint256 amount) external;

    /// @notice Lets the next harvest of a validator take back up to `amount` wei of principal first; 0 undoes it.
    /// @dev Anybody can harvest in the first second after a lock-up period, and starts the next one with it. So nobody can
    /// keep the operator from ever releasing anything.
    function scheduleRelease(uint256 validatorIndex, uint256 amount) external;

    /* VIEWS */

    /// @notice In which order requests are paid.
    function policy() external view returns (PayoutPolicy);

    /// @notice Who gets the fees.
    function treasury() external view returns (address);

    /// @notice The token aFTMb.
    function bonds() external view returns (BondToken);

    /// @notice The token aFTMc.
    function certificates() external view returns (CertificateToken);

    /// @notice What all shares are worth, in wei.
    function poolValue() external view returns (uint256);

    /// @notice How many shares there are.
    function totalShares() external view returns (uint256);

    /// @notice How many of them are bonds.
    function bondShares() external view returns (uint256);

    /// @notice What shares are worth, in wei, rounded down.
    function sharesToAmount(uint256 shares) external view returns (uint256);

    /// @notice How many shares an amount buys, rounded down.
    function amountToShares(uint256 amount) external view returns (uint256);

    /// @notice The fewest shares that are worth an amount.
    function amountToSharesUp(uint256 amount) external view returns (uint256);

    /// @notice A request. Refuses an id that never was.
    function requests(uint256 requestId) external view returns (Request memory);

    /// @notice How many requests there have been: the last place in the queue.
    function lastPlace() external view returns (uint256);

    /// @notice What older requests wait for, in wei; 0 for a request that does not wait.
    /// @dev First fit: reads up to 255 requests, and one slot for each 256 places back to the oldest one that waits.
    function queueAhead(uint256 requestId) external view returns (uint256);

    /// @notice Whether a request has waited for `PAYOUT_TARGET` or longer, so that nobody may overtake it (L-6).
    function isOverdue(uint256 requestId) external view returns (bool);

    /// @notice What is here to pay requests with, in wei, whether from rewards, by `topUp` or released.
    function freeLiquidity() external view returns (uint256);

    /// @notice What requests wait for, in wei.
    function owed() external view returns (uint256);

    /// @notice What the treasury can claim, in wei.
    function claimableFees() external view returns (uint256);

    /// @notice Where the money is, and whose it is (L-10).
    function ledger() external view returns (Ledger memory);

    /// @notice How many validators there are.
    function validatorCount() external view returns (uint256);

    /// @notice A validator, what is delegated to it, and what its next harvest releases, in wei.
    function validators(
        uint256 validatorIndex
    ) external view returns (IValidator validator, uint256 principal, uint256 scheduled);

    /* WHAT WOULD HAPPEN */

    /// @notice How many shares staking `amount` wei, or bringing them as liquidity, would give now. Reverts with the same
    /// error as it would.
    function previewStake(uint256 amount) external view returns (uint256 shares);

    /// @notice What burning bonds for `amount` wei would burn and owe now, if the caller has them.
    function previewBurnBonds(uint256 amount) external view returns (uint256 shares, uint256 owedAmount);

    /// @notice What `claim` by the owner would pay now, in wei. Reverts with the same error as it would.
    function previewClaim(uint256 requestId) external view returns (uint256 amount);

    /// @notice What `harvest` would bring now, and the fee in it, in wei. Reverts with the same error as it would.
    function previewHarvest(uint256 validatorIndex) external view returns (uint256 rewards, uint256 fee);
}

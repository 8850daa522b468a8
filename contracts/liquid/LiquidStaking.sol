// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {Governed} from "../common/Governed.sol";
import {IExitSystem, Position, PositionKind, PositionState} from "../common/IExitSystem.sol";
import {BondToken} from "./BondToken.sol";
import {CertificateToken} from "./CertificateToken.sol";
import {FirstFit} from "./FirstFit.sol";
import {ILiquidStaking, Ledger, PayoutPolicy, Request} from "./ILiquidStaking.sol";
import {IValidator} from "./IValidator.sol";
import {PartialFifo} from "./PartialFifo.sol";
import {RequestIds} from "./RequestIds.sol";

/// @title Liquid staking
/// @dev Documented in {ILiquidStaking}. Every wei is in one place of the ledger, and belongs to one of its owners (L-10); all
/// of it is counted in storage. Who is paid next is the business of {FirstFit} or of {PartialFifo}.
contract LiquidStaking is ILiquidStaking, Governed, RequestIds, ReentrancyGuardTransient {
    using SafeCast for uint256;
    using FirstFit for FirstFit.Queue;
    using PartialFifo for PartialFifo.Queue;

    /* CONSTANTS */

    /// @notice The least that can be staked, in wei.
    uint256 public constant MIN_STAKE = 1e18;

    /// @notice The treasury's part of rewards, in 1/10 000.
    uint256 public constant FEE_BPS = 1500;

    /// @notice How long a request can be overtaken, in seconds.
    uint64 public constant PAYOUT_TARGET = 35 days;

    /// @notice With fewer shares than this, rewards go to the treasury, as certificates.
    uint256 public constant MIN_SHARES = 1e15;

    /// @notice How many validators there can be.
    uint256 public constant MAX_VALIDATORS = 16;

    /// @notice What a receiver gets to take its coins with, in gas.
    uint256 public constant SEND_GAS = 50_000;

    /// @dev What has to be left before that, in gas: the receiver gets at most 63/64 of what is left after a call to an
    /// account that does not exist yet has been paid for (36 600).
    uint256 private constant GAS_BEFORE_SEND = (SEND_GAS * 64) / 63 + 40_000;

    /// @dev Parts of a whole in a fee.
    uint256 private constant BPS = 10_000;

    /* STORAGE */

    /// @dev A validator and what is delegated to it. One slot.
    struct Validator {
        IValidator at;
        uint96 principal; // wei
    }

    /// @inheritdoc ILiquidStaking
    PayoutPolicy public immutable policy;

    /// @inheritdoc ILiquidStaking
    address public immutable treasury;

    /// @inheritdoc ILiquidStaking
    BondToken public immutable bonds;

    /// @inheritdoc ILiquidStaking
    CertificateToken public immutable certificates;

    // What shares are worth. One slot.
    uint128 private _poolValue;
    uint128 private _totalShares;

    // What a request and its payment change. One slot.
    uint96 private _owed;
    uint96 private _free;
    uint32 private _lastPlace;

    // Principal. One slot.
    uint96 private _delegated;
    uint96 private _released;
    uint8 private _nextValidator;

    // What has to be claimed; `_fees` of it by the treasury. One slot.
    uint128 private _setAside;
    uint128 private _fees;

    /// @dev Whether this transaction has made shares.
    bool private transient _sharesMade;

    Validator[] private _validators;

    mapping(address account => bool) private _isValidator;

    /// @dev What the next harvest of a validator releases, in wei.
    mapping(uint256 validatorIndex => uint256) private _scheduled;

    FirstFit.Queue private _firstFit;

    PartialFifo.Queue private _partialFifo;

    /* CONSTRUCTOR */

    /// @param validators_ To whom stakes are delegated, in turn.
    /// @param policy_ In which order requests are paid.
    /// @param treasury_ Who gets the fees.
    /// @param admin The first owner, who starts with all roles.
    constructor(
        IValidator[] memory validators_,
        PayoutPolicy policy_,
        address treasury_,
        address admin
    ) Governed(admin) {
        if (treasury_ == address(0)) revert ZeroAddress();
        uint256 count = validators_.length;
        if (count == 0 || count > MAX_VALIDATORS) revert ValidatorCount(count, MAX_VALIDATORS);
        for (uint256 i = 0; i < count; ++i) {
            IValidator validator = validators_[i];
            if (address(validator) == address(0)) revert ZeroAddress();
            if (_isValidator[address(validator)]) revert DuplicateValidator(validator);
            _isValidator[address(validator)] = true;
            _validators.push(Validator(validator, 0));
        }

        policy = policy_;
        treasury = treasury_;
        bonds = new BondToken();
        certificates = new CertificateToken();

        _grantRole(OPERATOR_ROLE, admin);
    }

    /// @notice Takes coins from validators while they are asked for them.
    receive() external payable {
        if (!_reentrancyGuardEntered() || !_isValidator[msg.sender]) revert Uninvited(msg.sender);
    }

    /* STAKER */

    /// @inheritdoc ILiquidStaking
    function stakeForBonds() external payable nonReentrant returns (uint256 shares) {
        shares = _addShares(msg.value);
        bonds.mint(msg.sender, shares, sharesToAmount(shares));
        emit Staked(msg.sender, address(bonds), msg.value, shares);

        _delegate(msg.value);
    }

    /// @inheritdoc ILiquidStaking
    function stakeForCertificates() external payable nonReentrant returns (uint256 shares) {
        shares = _addShares(msg.value);
        certificates.mint(msg.sender, shares);
        emit Staked(msg.sender, address(certificates), msg.value, shares);

        _delegate(msg.value);
    }

    /// @inheritdoc ILiquidStaking
    function bondsToCertificates(uint256 shares) external nonReentrant {
        if (shares == 0) revert ZeroAmount();

        bonds.burn(msg.sender, shares, sharesToAmount(shares));
        certificates.mint(msg.sender, shares);
        emit Converted(msg.sender, address(certificates), shares);
    }

    /// @inheritdoc ILiquidStaking
    function certificatesToBonds(uint256 shares) external nonReentrant {
        if (shares == 0) revert ZeroAmount();

        certificates.burn(msg.sender, shares);
        bonds.mint(msg.sender, shares, sharesToAmount(shares));
        emit Converted(msg.sender, address(bonds), shares);
    }

    /// @inheritdoc ILiquidStaking
    function burnBonds(uint256 amount) external nonReentrant returns (uint256 requestId) {
        (uint256 shares, uint256 owedAmount) = previewBurnBonds(amount);

        bonds.burn(msg.sender, shares, amount);
        requestId = _request(shares, owedAmount);
    }

    /// @inheritdoc ILiquidStaking
    function burnCertificates(uint256 shares) external nonReentrant returns (uint256 requestId) {
        if (shares == 0) revert ZeroAmount();

        certificates.burn(msg.sender, shares);
        requestId = _request(shares, sharesToAmount(shares));
    }

    /// @inheritdoc ILiquidStaking
    function claim(uint256 requestId, address to) external nonReentrant returns (uint256 amount) {
        address owner = requests(requestId).owner;
        if (owner != msg.sender) revert NotYours(owner, msg.sender);
        if (to == address(0)) revert ZeroAddress();
        previewClaim(requestId);

        if (policy == PayoutPolicy.FirstFit) {
            uint256 place = _placeOf(requestId);
            amount = _firstFit.setAside[place];
            _firstFit.setAside[place] = 0;
        } else {
            amount = _partialFifo.take(requestId);
        }
        _setAside -= amount.toUint128();
        emit Claimed(msg.sender, requestId, to, amount);

        _sendAll(to, amount);
    }

    /* ANYONE */

    /// @inheritdoc ILiquidStaking
    function harvest(uint256 validatorIndex) external nonReentrant returns (uint256 rewards) {
        previewHarvest(validatorIndex);
        uint256 scheduled = Math.min(_scheduled[validatorIndex], _validators[validatorIndex].principal);
        if (scheduled != 0) {
            _schedule(validatorIndex, 0);
            _release(validatorIndex, scheduled);
        }

        uint256 before = address(this).balance;
        _validators[validatorIndex].at.claimRewards();
        rewards = address(this).balance - before;

        (uint256 fee, uint256 treasuryShares) = _split(rewards);
        uint256 net = rewards - fee;
        _poolValue += net.toUint128();
        _totalShares += treasuryShares.toUint128();
        _free += net.toUint96();
        if (treasuryShares != 0) certificates.mint(treasury, treasuryShares);
        emit Harvested(validatorIndex, rewards, fee, treasuryShares);

        if (fee != 0 && !_trySend(treasury, fee)) {
            _fees += fee.toUint128();
            _setAside += fee.toUint128();
            emit FeeSetAside(fee);
        }
    }

    /// @inheritdoc ILiquidStaking
    function settle(uint256 maxRequests) external nonReentrant returns (uint256 count, uint256 amount) {
        if (maxRequests == 0) revert ZeroAmount();

        if (policy == PayoutPolicy.FirstFit) {
            (count, amount) = _payOut(maxRequests);
        } else {
            amount = _partialFifo.fill(freeLiquidity());
            _owed -= amount.toUint96();
            _spend(amount);
            _setAside += amount.toUint128();
        }
        emit Settled(count, amount, freeLiquidity());
    }

    /// @inheritdoc ILiquidStaking
    function redelegate() external nonReentrant returns (uint256 amount) {
        if (_owed != 0) revert RequestsWaiting(_owed);
        amount = freeLiquidity();
        if (amount == 0) revert ZeroAmount();

        _spend(amount);
        _delegate(amount);
    }

    /// @inheritdoc ILiquidStaking
    function topUp() external payable nonReentrant returns (uint256 shares) {
        shares = _addShares(msg.value);
        _free += msg.value.toUint96();
        certificates.mint(msg.sender, shares);
        emit ToppedUp(msg.sender, msg.value, shares);
    }

    /* TREASURY */

    /// @inheritdoc ILiquidStaking
    function claimFees(address to) external nonReentrant returns (uint256 amount) {
        if (msg.sender != treasury) revert NotYours(treasury, msg.sender);
        if (to == address(0)) revert ZeroAddress();
        amount = _fees;
        if (amount == 0) revert ZeroAmount();

        _fees = 0;
        _setAside -= uint128(amount);
        emit FeesClaimed(to, amount);

        _sendAll(to, amount);
    }

    /* OPERATOR */

    /// @inheritdoc ILiquidStaking
    function release(uint256 validatorIndex, uint256 amount) external onlyRole(OPERATOR_ROLE) nonReentrant {
        _requireUnlocked(validatorIndex);
        if (amount == 0) revert ZeroAmount();

        _release(validatorIndex, amount);
    }

    /// @inheritdoc ILiquidStaking
    function scheduleRelease(
        uint256 validatorIndex,
        uint256 amount
    ) external onlyRole(OPERATOR_ROLE) nonReentrant {
        _requireValidator(validatorIndex);

        _schedule(validatorIndex, amount);
    }

    /* VIEWS */

    /// @inheritdoc ILiquidStaking
    function poolValue() external view returns (uint256) {
        return _poolValue;
    }

    /// @inheritdoc ILiquidStaking
    function totalShares() external view returns (uint256) {
        return _totalShares;
    }

    /// @inheritdoc ILiquidStaking
    function bondShares() external view returns (uint256) {
        return _totalShares - certificates.totalSupply();
    }

    /// @inheritdoc ILiquidStaking
    function sharesToAmount(uint256 shares) public view returns (uint256) {
        uint256 total = _totalShares;
        return total == 0 ? shares : Math.mulDiv(shares, _poolValue, total);
    }

    /// @inheritdoc ILiquidStaking
    function amountToShares(uint256 amount) public view returns (uint256) {
        uint256 value = _poolValue;
        return value == 0 ? amount : Math.mulDiv(amount, _totalShares, value);
    }

    /// @inheritdoc ILiquidStaking
    function amountToSharesUp(uint256 amount) public view returns (uint256) {
        uint256 value = _poolValue;
        return value == 0 ? amount : Math.mulDiv(amount, _totalShares, value, Math.Rounding.Ceil);
    }

    /// @inheritdoc ILiquidStaking
    function requests(uint256 requestId) public view returns (Request memory request) {
        uint256 requestedAt = _requestedAt(requestId);
        if (requestedAt == 0) revert UnknownId(requestId);
        request.owner = _accountOf(requestId);
        request.requestedAt = uint64(requestedAt);
        if (policy == PayoutPolicy.FirstFit) {
            uint256 place = _placeOf(requestId);
            request.claimable = _firstFit.setAside[place];
            request.amount = _firstFit.requests[place].amount + request.claimable;
        } else {
            request.claimable = _partialFifo.filledOf(requestId);
            request.amount = _partialFifo.requests[requestId].amount;
        }
    }

    /// @inheritdoc ILiquidStaking
    function lastPlace() external view returns (uint256) {
        return _lastPlace;
    }

    /// @inheritdoc ILiquidStaking
    function queueAhead(uint256 requestId) external view returns (uint256) {
        if (!_waits(requests(requestId))) return 0;
        return
            policy == PayoutPolicy.FirstFit
                ? _firstFit.ahead(_placeOf(requestId))
                : _partialFifo.ahead(requestId);
    }

    /// @inheritdoc ILiquidStaking
    function isOverdue(uint256 requestId) external view returns (bool) {
        Request memory request = requests(requestId);
        return _waits(request) && _isPastTarget(request.requestedAt);
    }

    /// @inheritdoc ILiquidStaking
    function freeLiquidity() public view returns (uint256) {
        return uint256(_free) + _released;
    }

    /// @inheritdoc ILiquidStaking
    function owed() external view returns (uint256) {
        return _owed;
    }

    /// @inheritdoc ILiquidStaking
    function claimableFees() external view returns (uint256) {
        return _fees;
    }

    /// @inheritdoc ILiquidStaking
    function ledger() external view returns (Ledger memory) {
        return Ledger(_delegated, _released, _free, _setAside, _poolValue, _owed, _setAside);
    }

    /// @inheritdoc IExitSystem
    function assets() external view returns (uint256) {
        return _delegated + freeLiquidity() + _setAside;
    }

    /// @inheritdoc IExitSystem
    function liabilities() external view returns (uint256) {
        return uint256(_poolValue) + _owed + _setAside;
    }

    /// @inheritdoc ILiquidStaking
    function validatorCount() external view returns (uint256) {
        return _validators.length;
    }

    /// @inheritdoc ILiquidStaking
    function validators(
        uint256 validatorIndex
    ) external view returns (IValidator validator, uint256 principal, uint256 scheduled) {
        _requireValidator(validatorIndex);
        Validator memory found = _validators[validatorIndex];
        return (found.at, found.principal, _scheduled[validatorIndex]);
    }

    /// @inheritdoc IExitSystem
    function positionsOf(
        address account,
        uint256 offset,
        uint256 limit
    ) external view returns (Position[] memory positions) {
        uint256[] memory ids = _idsOf(account, offset, limit);
        positions = new Position[](ids.length);
        for (uint256 i = 0; i < ids.length; ++i) {
            Request memory request = requests(ids[i]);
            positions[i].id = ids[i];
            positions[i].kind = PositionKind.Exit;
            positions[i].amount = request.amount;
            if (request.amount == 0) {
                positions[i].state = PositionState.Closed;
                positions[i].blockedBy = AlreadyPaid.selector;
            } else if (request.claimable == 0) {
                positions[i].state = PositionState.Leaving;
                positions[i].blockedBy = StillWaiting.selector;
            } else {
                positions[i].state = PositionState.Claimable;
            }
        }
    }

    /* WHAT WOULD HAPPEN */

    /// @inheritdoc ILiquidStaking
    function previewStake(uint256 amount) public view returns (uint256 shares) {
        _requireNotPaused();
        if (amount == 0) revert ZeroAmount();
        if (amount < MIN_STAKE) revert BelowMinimum(amount, MIN_STAKE);
        shares = amountToShares(amount);
        if (shares == 0) revert LessThanAShare(amount, sharesToAmount(1));
    }

    /// @inheritdoc ILiquidStaking
    function previewBurnBonds(uint256 amount) public view returns (uint256 shares, uint256 owedAmount) {
        if (amount == 0) revert ZeroAmount();
        shares = amountToSharesUp(amount);
        uint256 total = _totalShares;
        bool fewLeft = shares <= total && total - shares < MIN_SHARES;
        owedAmount = fewLeft ? sharesToAmount(shares) : amount;
    }

    /// @inheritdoc ILiquidStaking
    function previewClaim(uint256 requestId) public view returns (uint256 amount) {
        Request memory request = requests(requestId);
        if (request.amount == 0) revert AlreadyPaid(requestId);
        if (request.claimable == 0) revert StillWaiting(request.amount, freeLiquidity());
        return request.claimable;
    }

    /// @inheritdoc ILiquidStaking
    function previewHarvest(uint256 validatorIndex) public view returns (uint256 rewards, uint256 fee) {
        _requireUnlocked(validatorIndex);
        rewards = _validators[validatorIndex].at.pendingRewards();
        if (rewards == 0) revert ZeroAmount();
        // Otherwise coins that are borrowed for one transaction would take the rewards of a whole period.
        if (_sharesMade) revert SharesJustMade();
        (fee, ) = _split(rewards);
    }

    /* SHARES AND REQUESTS */

    /// @dev What of rewards is the treasury's: as a fee, and, while there are too few shares to give the rest to, as shares
    /// that leave the rate where it is. What does not make a whole share is a fee then, too.
    function _split(uint256 rewards) private view returns (uint256 fee, uint256 treasuryShares) {
        fee = (rewards * FEE_BPS) / BPS;
        uint256 total = _totalShares;
        if (total == 0) {
            treasuryShares = rewards - fee;
        } else if (total < MIN_SHARES) {
            treasuryShares = amountToShares(rewards - fee);
            fee = rewards - Math.mulDiv(treasuryShares, _poolValue, total, Math.Rounding.Ceil);
        }
    }

    /// @dev Counts new shares for `amount` wei, which have come in.
    function _addShares(uint256 amount) private returns (uint256 shares) {
        shares = previewStake(amount);
        _sharesMade = true;
        _poolValue += amount.toUint128();
        _totalShares += shares.toUint128();
    }

    /// @dev Makes `shares` shares of the caller's, which are burnt, a request for `amount` wei.
    function _request(uint256 shares, uint256 amount) private returns (uint256 requestId) {
        (_poolValue, _totalShares) = (_poolValue - amount.toUint128(), _totalShares - shares.toUint128());
        uint256 place = uint256(_lastPlace) + 1;
        (_owed, _lastPlace) = (_owed + amount.toUint96(), place.toUint32());
        requestId = _idOf(msg.sender, place);
        _list(msg.sender, place);
        if (policy == PayoutPolicy.FirstFit) _firstFit.push(place, msg.sender, amount);
        else _partialFifo.push(requestId, amount);
        emit Burnt(msg.sender, requestId, shares, amount);
    }

    /// @dev Pays requests, first fit, until none fits, `maxRequests` have been paid, or the oldest is overdue (L-5, L-6).
    function _payOut(uint256 maxRequests) private returns (uint256 count, uint256 amount) {
        uint256 last = _lastPlace;
        uint256 place;
        uint256 passed;
        bool inOrder = true;
        while (count < maxRequests) {
            (place, passed) = _firstFit.nextPayable(place, last, freeLiquidity(), inOrder);
            if (passed != 0) {
                if (_isPastTarget(_requestedAt(_idOf(_firstFit.requests[passed].owner, passed)))) break;
                inOrder = false;
            }
            if (place == 0) break;
            amount += _payRequest(place);
            ++count;
        }
    }

    /// @dev Pays the request at a place; keeps the coins for its owner if he refuses them.
    function _payRequest(uint256 place) private returns (uint256 amount) {
        address owner;
        (owner, amount) = _firstFit.take(place);
        _owed -= uint96(amount);
        _spend(amount);

        if (_trySend(owner, amount)) {
            emit Paid(owner, _idOf(owner, place), amount);
        } else {
            _firstFit.setAside[place] = amount;
            _setAside += uint128(amount);
            emit SetAside(owner, _idOf(owner, place), amount);
        }
    }

    /// @dev Whether something of a request waits for liquidity.
    function _waits(Request memory request) private pure returns (bool) {
        return request.amount > request.claimable;
    }

    /// @dev Whether a request of that time may not be overtaken any more, if it waits.
    function _isPastTarget(uint256 requestedAt) private view returns (bool) {
        return block.timestamp >= requestedAt + PAYOUT_TARGET;
    }

    /* COINS */

    /// @dev Takes `amount` out of the liquidity: rewards first, released principal when they are used up.
    function _spend(uint256 amount) private {
        uint256 fromFree = Math.min(amount, _free);
        _free -= uint96(fromFree);
        if (amount != fromFree) _released -= (amount - fromFree).toUint96();
    }

    /// @dev Delegates `amount`, which is here and belongs to the pool, to the validator whose turn it is.
    function _delegate(uint256 amount) private {
        uint256 index = _nextValidator;
        Validator storage validator = _validators[index];
        _nextValidator = uint8((index + 1) % _validators.length);
        _delegated += amount.toUint96();
        validator.principal += uint96(amount);
        emit Delegated(index, amount);

        validator.at.delegate{value: amount}();
    }

    /// @dev Takes principal back from a validator.
    function _release(uint256 index, uint256 amount) private {
        Validator storage validator = _validators[index];
        if (amount > validator.principal) revert ExceedsPrincipal(amount, validator.principal);

        validator.principal -= uint96(amount);
        _delegated -= uint96(amount);
        _released += uint96(amount);
        emit Released(index, amount);

        uint256 before = address(this).balance;
        validator.at.release(amount);
        uint256 received = address(this).balance - before;
        if (received < amount) revert TransferShortfall(amount, received);
    }

    /// @dev Sets what the next harvest of a validator releases.
    function _schedule(uint256 index, uint256 amount) private {
        emit ReleaseScheduled(index, _scheduled[index], amount);
        _scheduled[index] = amount;
    }

    /// @dev Sends coins with little gas, and without looking at what comes back. Refuses to try with less gas than promised:
    /// nobody can make a payment fail by calling with too little.
    function _trySend(address to, uint256 amount) private returns (bool sent) {
        if (gasleft() < GAS_BEFORE_SEND) revert GasTooLow(gasleft(), GAS_BEFORE_SEND);
        assembly ("memory-safe") {
            sent := call(SEND_GAS, to, amount, 0, 0, 0, 0)
        }
    }

    /// @dev Sends coins to where their owner wants them.
    function _sendAll(address to, uint256 amount) private {
        (bool sent, ) = to.call{value: amount}("");
        if (!sent) revert PaymentRefused(to);
    }

    /* CHECKS */

    function _requireValidator(uint256 index) private view {
        if (index >= _validators.length) revert UnknownId(index);
    }

    function _requireUnlocked(uint256 index) private view {
        _requireValidator(index);
        uint64 until = _validators[index].at.lockedUntil();
        if (block.timestamp < until) revert LockupRunning(until);
    }
}

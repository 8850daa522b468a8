// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {BondToken} from "unbond/liquid/BondToken.sol";
import {CertificateToken} from "unbond/liquid/CertificateToken.sol";
import {PayoutPolicy, Request} from "unbond/liquid/ILiquidStaking.sol";
import {IValidator} from "unbond/liquid/IValidator.sol";
import {LiquidStaking} from "unbond/liquid/LiquidStaking.sol";
import {LockupValidator} from "unbond/liquid/LockupValidator.sol";

import {Proof} from "./Proof.sol";

/// @notice A validator with any rewards and any period, which pays what it says.
contract AnyValidator is IValidator {
    uint64 public lockedUntil;
    uint256 public pendingRewards;

    function delegate() external payable {}

    function claimRewards() external {
        (bool ok, ) = msg.sender.call{value: pendingRewards}("");
        require(ok);
    }

    function release(uint256 amount) external {
        (bool ok, ) = msg.sender.call{value: amount}("");
        require(ok);
    }
}

/// @title What is proved of liquid staking
contract LiquidProofs is Proof {
    /// @dev Slots of the storage.
    uint256 private constant LISTS = 4;
    uint256 private constant POOL = 5;
    uint256 private constant FLOWS = 6;
    uint256 private constant PRINCIPAL = 7;
    uint256 private constant SET_ASIDE = 8;
    uint256 private constant VALIDATORS = 9;
    uint256 private constant LINE = 16;

    LiquidStaking private _staking;
    BondToken private _bonds;
    CertificateToken private _certificates;
    AnyValidator private _validator;

    /// @dev What the pool holds and owes, and what a person has of it.
    struct State {
        uint256 value;
        uint256 shares;
        uint256 owed;
        uint256 bonds;
        uint256 certificates;
    }

    /* SHARES */

    /// @notice L-1: whoever stakes or tops up gets no more shares than his coins are worth, and all of them go to him.
    function check_stake(address caller, uint256 amount, uint256 how) external {
        _any(PayoutPolicy.PartialFifo);
        State memory before = _state(caller);
        VM.assume(amount < MANY && before.value != 0);
        VM.assume(mulmod(amount, before.shares, type(uint256).max) == amount * before.shares);
        VM.deal(caller, amount);
        uint256 shares;
        uint256 held = _staking.assets();
        VM.prank(caller);
        if (how == 0) shares = _staking.stakeForBonds{value: amount}();
        else if (how == 1) shares = _staking.stakeForCertificates{value: amount}();
        else shares = _staking.topUp{value: amount}();
        State memory now_ = _state(caller);
        assert(now_.value == before.value + amount && now_.shares == before.shares + shares && shares != 0);
        assert(now_.bonds == before.bonds + (how == 0 ? shares : 0));
        assert(now_.certificates == before.certificates + (how == 0 ? 0 : shares));
        assert(shares == (amount * before.shares) / before.value && _staking.assets() == held + amount);
    }

    /// @notice L-2, L-10: bonds and certificates change into each other share for share; what the pool has and owes stays.
    function check_convert(address caller, uint256 shares, bool toBonds) external {
        _any(PayoutPolicy.PartialFifo);
        State memory before = _state(caller);
        VM.prank(caller);
        if (toBonds) _staking.certificatesToBonds(shares);
        else _staking.bondsToCertificates(shares);
        State memory now_ = _state(caller);
        assert(shares != 0 && now_.value == before.value && now_.shares == before.shares && now_.owed == before.owed);
        assert(before.bonds + before.certificates == now_.bonds + now_.certificates);
        assert(toBonds ? now_.bonds == before.bonds + shares : now_.bonds + shares == before.bonds);
        assert(_isEven());
    }

    /// @notice L-1, L-4, L-10: burning certificates owes what the shares are worth, rounded down, and takes just that out of the pool.
    function check_burn(address caller, uint256 shares) external {
        _any(PayoutPolicy.PartialFifo);
        State memory before = _state(caller);
        VM.assume(before.shares != 0 && before.shares >= shares);
        VM.assume(mulmod(shares, before.value, type(uint256).max) == shares * before.value);
        VM.prank(caller);
        _staking.burnCertificates(shares);
        State memory now_ = _state(caller);
        assert(now_.certificates + shares == before.certificates && now_.shares + shares == before.shares);
        assert(now_.owed - before.owed == before.value - now_.value);
        assert(now_.owed - before.owed == (shares * before.value) / before.shares);
        assert(_isEven());
    }

    /// @notice L-1, L-4: burning bonds owes no more than was asked for and as much as leaves the pool.
    function check_burnBonds(address caller, uint256 amount) external {
        _any(PayoutPolicy.PartialFifo);
        State memory before = _state(caller);
        VM.assume(before.value != 0 && before.shares >= 2 * 1e15 && amount < MANY);
        (uint256 shares, uint256 owed) = _staking.previewBurnBonds(amount);
        uint256 held = _staking.assets();
        VM.prank(caller);
        _staking.burnBonds(amount);
        State memory now_ = _state(caller);
        assert(now_.bonds + shares == before.bonds && now_.shares + shares == before.shares);
        assert(now_.owed == before.owed + owed && now_.value + owed == before.value && _staking.assets() == held);
    }

    /* VALIDATORS */

    /// @notice L-3: rewards cannot be harvested before the period has ended; 15 % go to the treasury, rounded down.
    function check_harvest(address caller, uint256 time) external {
        _any(PayoutPolicy.PartialFifo);
        VM.warp(time);
        State memory before = _state(caller);
        uint256 rewards = _validator.pendingRewards();
        VM.assume(before.shares >= 1e15 && rewards < MANY);
        uint256 free = _free();
        uint256 principal = _principal();
        VM.prank(caller);
        uint256 came = _staking.harvest(0);
        assert(time >= _validator.lockedUntil() && came == rewards);
        assert(_state(caller).value - before.value == rewards - (rewards * 1500) / 10_000);
        assert(_state(caller).shares == before.shares);
        assert(_free() - free == rewards - (rewards * 1500) / 10_000 && _principal() == principal);
    }

    /// @notice L-3, L-9: a validator lets nothing out before its period has ended, and to nobody but its pool.
    function check_lockup(address caller, uint64 period, uint256 time, uint256 amount, bool release) external {
        VM.assume(time < 2 ** 32 && period < 2 ** 32);
        LockupValidator validator = new LockupValidator(period, 1000);
        SVM.enableSymbolicStorage(address(validator));
        VM.warp(time);
        uint256 until = validator.lockedUntil();
        VM.assume(caller != address(validator));
        VM.prank(caller);
        if (release) validator.release(amount);
        else validator.claimRewards();
        assert(time >= until && caller == validator.pool());
        if (release) assert(validator.lockedUntil() == until);
        else assert(validator.lockedUntil() == time + period);
    }

    /// @notice L-9, C-7: only the operator releases, and not before the period has ended; it becomes free.
    function check_release(address caller, uint256 time, uint256 amount) external {
        _any(PayoutPolicy.PartialFifo);
        VM.warp(time);
        uint256 free = _staking.freeLiquidity();
        VM.prank(caller);
        _staking.release(0, amount);
        assert(_staking.hasRole(_staking.OPERATOR_ROLE(), caller));
        assert(time >= _validator.lockedUntil());
        assert(_staking.freeLiquidity() == free + amount && amount != 0);
        assert(_isEven());
    }

    /// @notice L-3, L-10: the treasury alone takes the fees that it refused, once.
    function check_claimFees(address caller, address to) external {
        _any(PayoutPolicy.PartialFifo);
        uint256 fees = _staking.claimableFees();
        VM.prank(caller);
        uint256 amount = _staking.claimFees(to);
        assert(caller == _staking.treasury() && amount == fees && amount != 0 && _staking.claimableFees() == 0);
        assert(_isEven());
    }

    /* PAYOUTS */

    /// @notice L-7, L-10: in parts by age, as much is paid as there is and is waited for; it is kept for its owners from then on.
    function check_settle(address caller, uint256 maxRequests) external {
        _any(PayoutPolicy.PartialFifo);
        State memory before = _state(caller);
        uint256 free = _staking.freeLiquidity();
        uint256 kept = _kept();
        VM.assume(_waiting() == before.owed);
        VM.prank(caller);
        (, uint256 amount) = _staking.settle(maxRequests);
        State memory now_ = _state(caller);
        assert(amount == _pick(free < before.owed, free, before.owed));
        assert(now_.owed + amount == before.owed && _kept() == kept + amount && _waiting() == now_.owed);
        assert(_staking.freeLiquidity() + amount == free && now_.value == before.value && now_.shares == before.shares);
    }

    /// @notice C-5, L-7, L-8: only its owner takes what a request was paid, once, wherever he wants it; the rest goes on waiting.
    function check_claim(address caller, uint256 id, address to) external {
        _any(PayoutPolicy.PartialFifo);
        VM.assume(to != address(_staking));
        VM.store(address(_staking), _list(id >> 96), bytes32(_bits(_load(address(_staking), _list(id >> 96)), 64, 192) << 64 | 3));
        Request memory before = _staking.requests(id);
        uint256 kept = _kept();
        uint256 had = to.balance;
        VM.prank(caller);
        uint256 amount = _staking.claim(id, to);
        Request memory now_ = _staking.requests(id);
        assert(caller == address(uint160(id >> 96)) && amount == before.claimable && amount != 0);
        assert(now_.claimable == 0 && now_.amount + amount == before.amount);
        assert(_kept() + amount == kept && to.balance == had + amount);
        assert(_isEven());
    }

    /// @notice L-2, L-9, L-10: free coins go back to a validator only while nobody waits, and all of them.
    function check_redelegate(address caller) external {
        _any(PayoutPolicy.PartialFifo);
        State memory before = _state(caller);
        uint256 free = _staking.freeLiquidity();
        VM.prank(caller);
        uint256 amount = _staking.redelegate();
        State memory now_ = _state(caller);
        assert(before.owed == 0 && amount == free && amount != 0 && _staking.freeLiquidity() == 0);
        assert(now_.value == before.value && now_.shares == before.shares);
        assert(_isEven());
    }

    /// @notice L-2: of three validators, the one whose turn it is gets all of it, the others nothing, and the next is the next.
    /// @custom:halmos --loop 4
    function check_turns(address caller, uint256 turn) external {
        _any(PayoutPolicy.PartialFifo);
        VM.assume(turn < 3);
        VM.store(address(_staking), bytes32(VALIDATORS), bytes32(uint256(3)));
        uint256[3] memory before;
        for (uint256 i = 0; i < 3; ++i) {
            before[i] = SVM.createUint(90, "principal");
            bytes32 word = bytes32((before[i] << 160) | uint160(address(_validator)));
            VM.store(address(_staking), bytes32(uint256(keccak256(abi.encode(VALIDATORS))) + i), word);
        }
        uint256 principal = _bits(_load(address(_staking), bytes32(PRINCIPAL)), 0, 192);
        VM.store(address(_staking), bytes32(PRINCIPAL), bytes32((turn << 192) | principal));
        uint256 free = _staking.freeLiquidity();
        VM.assume(free < 2 ** 90);
        VM.prank(caller);
        _staking.redelegate();
        for (uint256 i = 0; i < 3; ++i) {
            (, uint256 now_, ) = _staking.validators(i);
            assert(now_ == before[i] + (i == turn ? free : 0));
        }
        assert(_bits(_load(address(_staking), bytes32(PRINCIPAL)), 192, 8) == (turn + 1) % 3);
    }

    /// @dev What is set aside, in wei.
    function _kept() private view returns (uint256) {
        return _bits(_load(address(_staking), bytes32(SET_ASIDE)), 0, 128);
    }

    /// @dev What came as rewards and is free, in wei.
    function _free() private view returns (uint256) {
        return _bits(_load(address(_staking), bytes32(FLOWS)), 96, 96);
    }

    /// @dev What is delegated, and what has been released, in wei.
    function _principal() private view returns (uint256) {
        uint256 word = _load(address(_staking), bytes32(PRINCIPAL));
        return _bits(word, 0, 96) + _bits(word, 96, 96);
    }

    /// @dev How far the line has been filled less than it is long, in wei.
    function _waiting() private view returns (uint256) {
        uint256 line = _load(address(_staking), bytes32(LINE));
        return _bits(line, 0, 128) - _bits(line, 128, 128);
    }

    /// @dev Where an account's list of requests begins.
    function _list(uint256 account) private pure returns (bytes32) {
        return _slot(uint256(_slot(LISTS, account)), 0);
    }

    /* STATE */

    /// @dev Any state with one validator, at any second of which nothing is said.
    function _any(PayoutPolicy policy) private {
        VM.warp(START);
        _validator = new AnyValidator();
        IValidator[] memory validators = new IValidator[](1);
        validators[0] = _validator;
        _staking = new LiquidStaking(validators, policy, address(0x7EA), address(this));
        _bonds = _staking.bonds();
        _certificates = _staking.certificates();
        SVM.enableSymbolicStorage(address(_staking));
        SVM.enableSymbolicStorage(address(_bonds));
        SVM.enableSymbolicStorage(address(_certificates));
        SVM.enableSymbolicStorage(address(_validator));
        VM.deal(address(_validator), MANY);
        VM.deal(address(_staking), 4 * MANY);
        uint256 principal = SVM.createUint(96, "principal");
        VM.store(address(_staking), bytes32(VALIDATORS), bytes32(uint256(1)));
        VM.store(
            address(_staking),
            keccak256(abi.encode(VALIDATORS)),
            bytes32((principal << 160) | uint160(address(_validator)))
        );
        uint256 word = _load(address(_staking), bytes32(PRINCIPAL));
        VM.store(address(_staking), bytes32(PRINCIPAL), bytes32(_bits(word, 0, 192)));
        VM.assume(principal == _bits(word, 0, 96));
        VM.assume(_isEven());
    }

    /// @dev L-10: what the ledger holds is what it owes, to the wei.
    function _isEven() private view returns (bool) {
        uint256 pool = _load(address(_staking), bytes32(POOL));
        uint256 flows = _load(address(_staking), bytes32(FLOWS));
        // What is set aside stands on both sides.
        return _principal() + _free() == _bits(pool, 0, 128) + _bits(flows, 0, 96);
    }

    function _state(address account) private view returns (State memory state) {
        uint256 word = _load(address(_staking), bytes32(POOL));
        state.value = _bits(word, 0, 128);
        state.shares = _bits(word, 128, 128);
        state.owed = _bits(_load(address(_staking), bytes32(FLOWS)), 0, 96);
        state.bonds = _bonds.sharesOf(account);
        state.certificates = _certificates.balanceOf(account);
        VM.assume(_and(_and(state.value < MANY, state.shares < MANY), _and(state.bonds < MANY, state.certificates < MANY)));
    }
}

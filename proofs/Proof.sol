// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {StakeToken} from "unbond/common/StakeToken.sol";

/// @notice What a proof asks of the machine on which it runs, as a test would.
interface Vm {
    function assume(bool condition) external pure;
    function warp(uint256 time) external;
    function prank(address sender) external;
    function deal(address account, uint256 balance) external;
    function load(address account, bytes32 slot) external view returns (bytes32);
    function store(address account, bytes32 slot, bytes32 value) external;
}

/// @notice What only a symbolic machine has: values that stand for all values.
interface Svm {
    function createUint(uint256 bits, string calldata name) external pure returns (uint256);
    function createAddress(string calldata name) external pure returns (address);
    function createCalldata(string calldata contractName) external pure returns (bytes memory);
    function enableSymbolicStorage(address account) external;
}

/// @title What all proofs share
/// @notice A proof is a function named `check_…`: what it asserts holds for all of its arguments, all that it draws, and every
/// storage of the contracts that it calls, as far as it assumes nothing of them.
abstract contract Proof {
    Vm internal constant VM = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));
    Svm internal constant SVM = Svm(address(uint160(uint256(keccak256("svm cheat code")))));

    /// @dev The largest amount that is looked at, in wei, where one is bounded: 2^96, as an entry holds.
    uint256 internal constant MANY = 2 ** 96;

    /// @dev A Monday 00:00 UTC, when contracts are deployed if nothing else is said.
    uint64 internal constant START = 1893974400;

    /// @dev What remains of a slot: all bits from one on.
    function _bits(uint256 word, uint256 offset, uint256 size) internal pure returns (uint256) {
        return (word >> offset) & ((1 << size) - 1);
    }

    /// @dev Both, without a branch: each branch doubles what has to be looked at.
    function _and(bool one, bool other) internal pure returns (bool both) {
        assembly ("memory-safe") {
            both := and(one, other)
        }
    }

    /// @dev One or the other, without a branch.
    function _or(bool one, bool other) internal pure returns (bool either) {
        assembly ("memory-safe") {
            either := or(one, other)
        }
    }

    /// @dev The one if it holds, else the other, without a branch.
    function _pick(bool which, uint256 one, uint256 other) internal pure returns (uint256 picked) {
        assembly ("memory-safe") {
            picked := xor(other, mul(xor(one, other), which))
        }
    }

    /// @dev The slot of a value of a mapping.
    function _slot(uint256 mapping_, uint256 key) internal pure returns (bytes32) {
        return keccak256(abi.encode(key, mapping_));
    }

    /// @dev A word in the storage of a contract.
    function _load(address account, bytes32 slot) internal view returns (uint256) {
        return uint256(VM.load(account, slot));
    }

    /// @dev A call as anybody, with anything. Paths on which it is refused end here.
    function _any(address sender, address target, bytes memory data) internal {
        VM.prank(sender);
        (bool ok, ) = target.call(data);
        VM.assume(ok);
    }

    /// @dev The selector, and the first argument, of a call.
    function _head(bytes memory data) internal pure returns (bytes4 selector, uint256 first) {
        assembly ("memory-safe") {
            selector := mload(add(data, 32))
            first := mload(add(data, 36))
        }
    }

    /// @dev A token in which everybody may hold, and have allowed, anything.
    function _token() internal returns (StakeToken token) {
        token = new StakeToken("Token", "TOKEN", address(this));
        SVM.enableSymbolicStorage(address(token));
    }

    /// @dev The balance of an account, which is less than `MANY`, as all balances together are in a token.
    function _balance(StakeToken token, address account) internal view returns (uint256 balance) {
        balance = token.balanceOf(account);
        VM.assume(balance < MANY);
    }
}

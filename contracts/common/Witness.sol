// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title Many views in one call, for harnesses
/// @notice Takes any number of questions one after another, each as the address to ask (20 bytes), the length of its
/// call data (2 bytes) and that call data; answers with what each of them returned, one after another.
/// Reverts with nothing if one of them does.
contract Witness {
    fallback() external {
        assembly ("memory-safe") {
            let out := mload(0x40)
            let end := out
            for {
                let at := 0
            } lt(at, calldatasize()) {} {
                let head := calldataload(at)
                let size := and(shr(80, head), 0xffff)
                calldatacopy(end, add(at, 22), size)
                if iszero(staticcall(gas(), shr(96, head), end, size, 0, 0)) { revert(0, 0) }
                returndatacopy(end, 0, returndatasize())
                end := add(end, returndatasize())
                at := add(at, add(22, size))
            }
            return(out, sub(end, out))
        }
    }
}

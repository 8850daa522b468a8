// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

contract Assembly {
    uint256 public stored;

    function flow(uint256 a) external returns (uint256 result) {
        assembly {
            function triple(x) -> y {
                y := mul(x, 3)
            }
            function capped(x, limit) -> y {
                y := limit
                if gt(x, limit) {
                    leave
                }
                y := triple(x)
            }
            if gt(a, 3) {
                result := 1
            }
            switch a
            case 0 {
                result := 5
            }
            case 4 {
                result := add(result, triple(2))
            }
            default {
                result := add(result, capped(a, 9))
            }
            for { let i := 0 } lt(i, a) { i := add(i, 1) } {
                if eq(i, 2) {
                    continue
                }
                if eq(i, 5) {
                    break
                }
                result := add(result, i)
            }
            sstore(stored.slot, result)
            if iszero(result) {
                mstore(0, 0x20)
                revert(0, 0x20)
            }
        }
        result += 1;
    }

    function single(uint256 a) external view returns (bytes32 result) {
        assembly ("memory-safe") { result := add(sload(stored.slot), a) }
    }

    function onlyDefault(uint256 a) external pure returns (uint256 result) {
        assembly {
            let b := a
            switch gt(b, 1)
            case 1 { result := b }
            default {}
        }
    }

    function mixed(uint256 a) external returns (uint256) {
        for (uint256 i; i < a; ++i) {
            uint256 square = inner(i);
            assembly {
                sstore(stored.slot, add(sload(stored.slot), square))
            }
        }
        return inner(inner(a));
    }

    function inner(uint256 a) private pure returns (uint256 square) {
        assembly {
            square := mul(a, a)
        }
    }
}

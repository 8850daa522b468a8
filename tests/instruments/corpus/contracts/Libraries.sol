// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

type Amount is uint256;

using {plus as +, isLess as <, Amounts.unwrap} for Amount global;

function plus(Amount a, Amount b) pure returns (Amount) {
    return Amount.wrap(Amount.unwrap(a) + Amount.unwrap(b));
}

function isLess(Amount a, Amount b) pure returns (bool) {
    return Amount.unwrap(a) < Amount.unwrap(b);
}

function limited(uint256 a) pure returns (uint256) {
    if (a > 10) {
        return 10;
    }
    return a;
}

library Amounts {
    function unwrap(Amount a) internal pure returns (uint256) {
        return Amount.unwrap(a);
    }

    function smaller(Amount a, Amount b) internal pure returns (Amount) {
        return a < b ? a : b;
    }
}

library Lists {
    struct List {
        uint256[] all;
    }

    function insert(List storage list, uint256 a) external returns (uint256) {
        if (a == 0) {
            revert("zero");
        }
        list.all.push(a);
        return shared(a);
    }

    function total(List storage list) public view returns (uint256 sum) {
        for (uint256 i; i < list.all.length; ++i) {
            sum += list.all[i];
        }
    }

    // Both inside the library itself and inside of who uses it.
    function shared(uint256 a) internal pure returns (uint256) {
        return a + limited(a);
    }
}

contract User {
    using Lists for Lists.List;
    using Amounts for Amount;

    Lists.List internal list;

    function add(uint256 a) external returns (uint256) {
        return list.insert(a) + Lists.shared(a);
    }

    function sum() external view returns (uint256) {
        return list.total() + list.total();
    }

    function compare(uint256 a, uint256 b) external pure returns (uint256) {
        Amount both = Amount.wrap(a) + Amount.wrap(b);
        if (both < Amount.wrap(10)) return 1;
        return both.smaller(Amount.wrap(a)).unwrap();
    }
}

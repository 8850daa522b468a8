// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

abstract contract Guarded {
    uint256 internal depth;
    uint256 internal count;

    error Deep(uint256 depth);

    modifier counted() {
        count++;
        _;
        count += 10;
    }

    modifier atMost(uint256 limit) virtual {
        require(depth < limit, Deep(depth));
        depth++;
        _;
        depth--;
    }

    modifier only(bool allowed) {
        if (allowed) {
            _;
        } else {
            count += 1000;
        }
    }

    modifier twice() {
        _;
        _;
    }

    modifier checked(uint256 amount) {
        _check(amount);
        _;
    }

    modifier early(uint256 amount) {
        if (amount == 0) return;
        _;
        if (amount > 50) count = _halved(count);
    }

    modifier unused() {
        count = 0;
        _;
    }

    function _check(uint256 amount) internal view virtual {
        if (amount > 99) {
            revert Deep(depth);
        }
    }

    function _halved(uint256 amount) internal pure returns (uint256) {
        return amount / 2;
    }
}

contract Modifiers is Guarded {
    modifier atMost(uint256 limit) override {
        require(depth <= limit, "too deep");
        _;
    }

    function plain() external counted {
        count += 100;
    }

    function withReturn(uint256 amount) external counted returns (uint256) {
        if (amount > 5) return amount;
        return count;
    }

    function limited(uint256 amount) external atMost(amount / 2) counted {
        count += amount;
    }

    function empty() external counted {}

    function some(bool allowed) external only(allowed) {
        count += 5;
    }

    function repeated() external twice {
        count += 1;
    }

    function several(uint256 amount) public counted checked(amount) only(amount != 3) early(amount) {
        count += amount;
    }

    function inner(uint256 amount) external twice counted {
        several(amount);
    }

    function _helper(uint256 amount) private checked(amount) returns (uint256) {
        return amount + count;
    }

    function nested(uint256 amount) external checked(amount) returns (uint256) {
        return _helper(amount + 1) + _helper(_helper(amount));
    }

    function recursive(uint256 amount) public checked(amount) returns (uint256) {
        if (amount == 0) return 0;
        return 1 + recursive(amount - 1);
    }
}

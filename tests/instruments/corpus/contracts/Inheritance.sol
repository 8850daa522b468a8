// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

interface Named {
    function name() external view returns (string memory);
}

abstract contract Ground is Named {
    uint256 public visits;

    function visit(uint256 amount) public virtual returns (uint256) {
        visits += amount;
        return 1;
    }

    function hook(uint256 amount) internal virtual returns (uint256);

    function use(uint256 amount) external returns (uint256 result) {
        result = hook(amount);
        result += visit(result);
    }

    function replaced() public pure virtual returns (uint256) {
        return 1;
    }

    function _never(uint256 amount) internal pure returns (uint256) {
        if (amount > 1) return 2;
        return amount;
    }
}

abstract contract Left is Ground {
    function visit(uint256 amount) public virtual override returns (uint256) {
        return super.visit(amount + 1) + 10;
    }
}

abstract contract Right is Ground {
    function visit(uint256 amount) public virtual override returns (uint256) {
        if (amount > 2) {
            return super.visit(amount) + 100;
        }
        return super.visit(amount + 5);
    }
}

contract Bottom is Left, Right {
    function name() external pure override returns (string memory) {
        return unicode"Grüße";
    }

    function visit(uint256 amount) public override(Left, Right) returns (uint256) {
        return super.visit(amount) + Right.visit(amount);
    }

    function hook(uint256 amount) internal pure override returns (uint256) {
        return replaced() * amount;
    }

    function replaced() public pure override returns (uint256) {
        return 2;
    }
}

contract Other is Ground {
    string public override name = unicode"ü – ö";

    function hook(uint256) internal override returns (uint256) {
        return visits++;
    }
}

// What no contract has.
abstract contract Abandoned {
    uint256 internal amount;

    constructor() {
        amount = 1;
    }

    function lost() external {
        if (amount > 0) amount--;
        else amount++;
        require(amount > 5);
    }
}

library Unneeded {
    function forgotten(uint256 amount) internal pure returns (uint256) {
        return amount > 1 ? 1 : 2;
    }
}

function nowhere(uint256 amount) pure returns (uint256) {
    return amount;
}

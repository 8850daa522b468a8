// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

// What runs when a contract is made: bases, arguments, initial values – “once each”, in Greek ἅπαξ.

uint256 constant LARGE = 70;

function doubled(uint256 amount) pure returns (uint256) {
    return amount * 2;
}

contract Root {
    uint256 public first = doubled(4);
    uint256 public immutable ROOT;

    error TooLarge(uint256 amount);

    modifier small(uint256 amount) {
        if (amount > 100) revert TooLarge(amount);
        _;
    }

    constructor(uint256 amount) small(amount) {
        ROOT = amount;
    }
}

contract Side {
    uint256[] internal entries = [1, 2, 3];

    constructor() {
        entries.push(4);
    }
}

contract Middle is Root, Side {
    uint256 internal middle = first + 1;

    constructor(uint256 amount) Root(amount + 1) {
        if (amount == 7) middle = 0;
        middle += doubled(amount);
    }
}

contract Leaf is Middle {
    uint256 public immutable LEAF;
    address internal immutable MAKER = msg.sender;

    constructor(uint256 amount, uint256 rest) Middle(doubled(rest)) {
        for (uint256 i = 0; i < rest; i++) {
            entries.push(i);
        }
        LEAF = amount;
    }

    function sum() external view returns (uint256 total) {
        for (uint256 i = 0; i < entries.length; ++i) {
            total += entries[i];
        }
        total += middle + LEAF + ROOT;
        require(MAKER != address(0));
    }
}

// No constructor of its own.
contract Bare is Side {
    uint256 internal constant STEP = 2 ** 3 - 1;
    uint256 internal constant LIMIT = LARGE / STEP;

    function size() external view returns (uint256) {
        return LIMIT + entries.length * LIMIT + STEP;
    }

    function even() external view returns (uint256 result) {
        result = entries.length;
        if (result % STEP == LIMIT % 2) return LIMIT;
        result += LARGE;
    }
}

// Constructors that begin with a loop, or have nothing to do.
contract Loop is Root {
    constructor(uint256 size) Root(doubled(size)) {
        while (size > 1) {
            first += --size;
        }
    }
}

contract Empty is Loop {
    constructor() small(1) Loop(3) {}
}

contract Factory {
    Leaf[] public leaves;

    event Made(Leaf leaf);

    function make(uint256 amount, uint256 rest) external returns (Leaf leaf) {
        leaf = new Leaf(amount, rest);
        leaves.push(leaf);
        emit Made(leaf);
    }

    function tryMake(uint256 amount) external returns (bool) {
        try new Leaf{salt: bytes32(amount)}(amount, amount) returns (Leaf leaf) {
            leaves.push(leaf);
            return true;
        } catch (bytes memory reason) {
            return reason.length == 0;
        }
    }

    function clone(address implementation) external returns (address made) {
        bytes20 there = bytes20(implementation);
        assembly {
            let memo := mload(0x40)
            mstore(memo, 0x3d602d80600a3d3981f3363d3d373d3d3d363d73000000000000000000000000)
            mstore(add(memo, 0x14), there)
            mstore(add(memo, 0x28), 0x5af43d82803e903d91602b57fd5bf30000000000000000000000000000000000)
            made := create(0, memo, 0x37)
        }
        Cell(made).put(5);
    }
}

contract Cell {
    uint256 public content;

    function put(uint256 next) external {
        if (next > content) {
            content = next;
        } else {
            content -= next;
        }
    }
}

contract Proxy {
    uint256 private _unused;
    address private immutable _IMPLEMENTATION;

    constructor(address implementation) {
        _IMPLEMENTATION = implementation;
    }

    fallback() external payable {
        (bool done, bytes memory answer) = _IMPLEMENTATION.delegatecall(msg.data);
        if (!done) {
            assembly {
                revert(add(answer, 32), mload(answer))
            }
        }
        assembly {
            return(add(answer, 32), mload(answer))
        }
    }
}

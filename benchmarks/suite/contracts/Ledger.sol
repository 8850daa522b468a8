// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title A token with a vault in it, for measuring test runs
contract Ledger {
    struct Lot {
        uint128 amount;
        uint64 since;
    }

    mapping(address => uint256) public balanceOf;
    mapping(address => Lot[]) private _lots;
    uint256 public total;

    event Moved(address indexed from, address indexed to, uint256 amount);
    event Put(address indexed account, uint256 lot, uint256 amount);
    event Taken(address indexed account, uint256 lot, uint256 amount);

    error TooLittle(uint256 held, uint256 asked);
    error TooEarly(uint256 since, uint256 until);

    constructor(uint256 supply) {
        balanceOf[msg.sender] = supply;
    }

    function move(address to, uint256 amount) external {
        _take(msg.sender, amount);
        balanceOf[to] += amount;
        emit Moved(msg.sender, to, amount);
    }

    function put(uint128 amount) external returns (uint256 lot) {
        _take(msg.sender, amount);
        lot = _lots[msg.sender].length;
        _lots[msg.sender].push(Lot(amount, uint64(block.timestamp)));
        total += amount;
        emit Put(msg.sender, lot, amount);
    }

    function take(uint256 lot) external {
        Lot memory held = _lots[msg.sender][lot];
        uint256 until = held.since + 14 days;
        if (block.timestamp < until) revert TooEarly(held.since, until);
        delete _lots[msg.sender][lot];
        total -= held.amount;
        balanceOf[msg.sender] += held.amount;
        emit Taken(msg.sender, lot, held.amount);
    }

    function lots(address account) external view returns (Lot[] memory) {
        return _lots[account];
    }

    function _take(address from, uint256 amount) private {
        uint256 held = balanceOf[from];
        if (amount > held) revert TooLittle(held, amount);
        balanceOf[from] = held - amount;
    }
}

// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

interface IPool {
    function burnCertificates(uint256 shares) external returns (uint256);

    function assets() external view returns (uint256);

    function liabilities() external view returns (uint256);
}

/// @title A contract in the place of a person who stakes coins
/// @notice Does what it is told, by anybody, and takes coins as it is told.
contract Patron {
    /// @notice How coins are taken.
    enum Manner {
        Take, // gladly
        Refuse, // not at all
        BurnGas, // by using up whatever gas there is
        Bomb, // not at all, with as long a reason as the gas allows
        Work, // with some work: two new slots, 46 000 gas or so
        Enter // by calling `target` with `prepared` first
    }

    Manner public manner;
    address public target;
    bytes public prepared;

    /// @notice What came of the last call out of `receive`.
    bool public entered;
    bytes public answer;

    /// @notice Whether the pool's books balanced then.
    bool public balanced;

    uint256[16] private _work;

    /// @notice Take coins in this manner from now on.
    function behave(Manner manner_) external {
        manner = manner_;
    }

    /// @notice Call `target_` with `data` from now on when coins come.
    function arm(address target_, bytes calldata data) external {
        (manner, target, prepared) = (Manner.Enter, target_, data);
    }

    /// @notice Calls `target_` once with `value` wei. Reverts as the call does.
    function act(address target_, bytes calldata data, uint256 value) external payable returns (bytes memory) {
        (bool succeeded, bytes memory result) = target_.call{value: value}(data);
        if (succeeded) return result;
        assembly {
            revert(add(result, 32), mload(result))
        }
    }

    /// @notice Makes a request for each of these.
    function burnAll(IPool pool, uint256[] calldata shares) external {
        for (uint256 i = 0; i < shares.length; ++i) pool.burnCertificates(shares[i]);
    }

    /// @notice Makes `times` requests for `shares` shares each.
    function burnAgain(IPool pool, uint256 shares, uint256 times) external {
        for (uint256 i = 0; i < times; ++i) pool.burnCertificates(shares);
    }

    /// @notice Sends coins to somebody who does not take any.
    function force(address to) external payable {
        new Coffin{value: msg.value}(to);
    }

    receive() external payable {
        if (manner == Manner.Refuse) revert("no coins");
        if (manner == Manner.BurnGas) while (true) _work[0] += 1;
        if (manner == Manner.Bomb) {
            assembly {
                revert(0, 1000000)
            }
        }
        if (manner == Manner.Work) (_work[1], _work[2]) = (gasleft(), gasleft());
        if (manner == Manner.Enter) {
            balanced = IPool(target).assets() == IPool(target).liabilities();
            (entered, answer) = target.call(prepared);
        }
    }
}

/// @title Ends at once and leaves its coins to somebody
contract Coffin {
    constructor(address to) payable {
        selfdestruct(payable(to));
    }
}

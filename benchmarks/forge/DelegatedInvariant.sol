// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {StakeToken} from "unbond/common/StakeToken.sol";
import {DelegatedStaking} from "unbond/delegated/DelegatedStaking.sol";

import {DelegatedHandler, Vm} from "./DelegatedHandler.sol";

/// @title Delegated staking never owes more than it holds: forge's side of the comparison
contract DelegatedInvariant {
    Vm private constant VM = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    /// @dev 2030-01-07 00:00:00 UTC, a Monday, as in the campaign.
    uint64 private constant START = 1893974400;

    DelegatedStaking private _staking;
    DelegatedHandler private _handler;

    function setUp() external {
        VM.warp(START + 3600);
        StakeToken token = new StakeToken("ANKR", "ANKR", address(this));
        _staking = new DelegatedStaking(IERC20(address(token)), START, true, address(this));
        address[] memory people = new address[](6);
        for (uint160 i = 0; i < people.length; ++i) people[i] = address(0x1000 + i);
        uint256[4] memory funds = [uint256(1e27), 200_000e18, 20_000e18 + 1, 2500e18];
        for (uint256 i = 0; i < people.length; ++i) {
            if (i < funds.length) token.mint(people[i], funds[i]);
            VM.prank(people[i]);
            token.approve(address(_staking), type(uint256).max);
        }
        _staking.addProvider(people[4], 500);
        _staking.addProvider(people[5], 333);
        _staking.grantRole(_staking.REGISTRAR_ROLE(), people[0]);
        _staking.grantRole(_staking.REWARDER_ROLE(), people[0]);
        _staking.grantRole(_staking.PAUSER_ROLE(), people[0]);
        _handler = new DelegatedHandler(_staking, token, people);
    }

    /// @notice What forge calls.
    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_handler);
    }

    function invariant_holdsWhatItOwes() external view {
        require(_staking.assets() >= _staking.liabilities(), "insolvent");
    }
}

// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {OpenToken} from "./OpenToken.sol";
import {Puppet} from "./Puppet.sol";

/// @title A token that calls one account back, before and after that account's money has moved
/// @notice As tokens with hooks of the ERC-777 kind do.
contract HookedToken is OpenToken {
    Puppet public listener;

    /// @notice Call `listener_` from now on whenever it sends or gets tokens.
    function tell(Puppet listener_) external {
        listener = listener_;
    }

    function _move(address from, address to, uint256 amount) internal override {
        bool concerned = from == address(listener) || to == address(listener);
        if (concerned) listener.onTransfer();
        super._move(from, to, amount);
        if (concerned) listener.onTransfer();
    }
}

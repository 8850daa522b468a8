// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

interface IHarvested {
    function topUp() external payable returns (uint256 shares);

    function stakeForCertificates() external payable returns (uint256 shares);

    function harvest(uint256 validatorIndex) external returns (uint256 rewards);

    function burnCertificates(uint256 shares) external returns (uint256 requestId);

    function settle(uint256 maxRequests) external returns (uint256 count, uint256 amount);

    function claim(uint256 requestId, address to) external returns (uint256 amount);
}

/// @title Somebody with coins that have to be given back at once
contract Borrower {
    /// @notice What is left after a loan of one transaction does not suffice to give it back, both in wei.
    error CannotRepay(uint256 left, uint256 loan);

    receive() external payable {}

    /// @notice Brings the loan in for one harvest, takes out what it can, and gives the loan back. Reverts if it cannot.
    /// @param stakes Whether it stakes the loan, and does not bring it as liquidity.
    /// @param parts Whether requests are paid in parts, so that it has to claim.
    function borrow(IHarvested pool, bool stakes, bool parts) external payable {
        uint256 shares = stakes ? pool.stakeForCertificates{value: msg.value}() : pool.topUp{value: msg.value}();
        pool.harvest(0);
        uint256 request = pool.burnCertificates(shares);
        pool.settle(9);
        if (parts) pool.claim(request, address(this));
        if (address(this).balance < msg.value) revert CannotRepay(address(this).balance, msg.value);
        (bool sent, ) = msg.sender.call{value: address(this).balance}("");
        require(sent);
    }
}

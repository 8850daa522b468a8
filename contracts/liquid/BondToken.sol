// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";

import {ILiquidStaking} from "./ILiquidStaking.sol";

/// @title aFTMb: the pool's shares as bonds
/// @notice A balance is what the holder's shares are worth in wei, rounded down: it grows with every harvest, without an
/// event. Amounts and allowances are in wei.
/// @dev A transfer moves the fewest shares that are worth the amount. The receiver's balance grows by the amount at
/// least, and by less than that, one share's worth and a wei at most. A share is never worth less than a wei, so
/// that whoever sends his whole balance sends all his shares. An allowance bounds each transfer, and their sum up to one
/// share for each of them.
contract BondToken is IERC20Metadata, IERC20Errors {
    /// @notice `shares` shares changed hands; follows every `Transfer`.
    event TransferShares(address indexed from, address indexed to, uint256 shares);

    /// @notice Only the pool can do this.
    error NotThePool(address pool, address caller);

    /// @notice Who makes and destroys bonds, and knows what a share is worth.
    ILiquidStaking public immutable pool;

    /// @inheritdoc IERC20Metadata
    string public constant name = "FTM staking bond";

    /// @inheritdoc IERC20Metadata
    string public constant symbol = "aFTMb";

    /// @inheritdoc IERC20Metadata
    uint8 public constant decimals = 18;

    /// @notice How many shares an account holds as bonds.
    mapping(address account => uint256) public sharesOf;

    /// @inheritdoc IERC20
    mapping(address owner => mapping(address spender => uint256)) public allowance;

    /// @dev Whoever deploys the token is its pool.
    constructor() {
        pool = ILiquidStaking(msg.sender);
    }

    modifier onlyPool() {
        if (msg.sender != address(pool)) revert NotThePool(address(pool), msg.sender);
        _;
    }

    /* HOLDER */

    /// @inheritdoc IERC20
    function transfer(address to, uint256 amount) external returns (bool) {
        _transfer(msg.sender, to, amount);
        return true;
    }

    /// @notice Sends an exact number of shares. Returns what they are worth, in wei, rounded down.
    function transferShares(address to, uint256 shares) external returns (uint256 amount) {
        amount = pool.sharesToAmount(shares);
        _move(msg.sender, to, shares, amount);
    }

    /// @inheritdoc IERC20
    function approve(address spender, uint256 amount) external returns (bool) {
        if (spender == address(0)) revert ERC20InvalidSpender(spender);

        allowance[msg.sender][spender] = amount;
        emit Approval(msg.sender, spender, amount);
        return true;
    }

    /// @inheritdoc IERC20
    function transferFrom(address from, address to, uint256 amount) external returns (bool) {
        uint256 allowed = allowance[from][msg.sender];
        if (allowed < amount) revert ERC20InsufficientAllowance(msg.sender, allowed, amount);

        if (allowed != type(uint256).max) allowance[from][msg.sender] = allowed - amount;
        _transfer(from, to, amount);
        return true;
    }

    /* POOL */

    /// @notice Makes bonds of `shares` shares, worth `amount` wei, for `to`.
    function mint(address to, uint256 shares, uint256 amount) external onlyPool {
        sharesOf[to] += shares;
        emit Transfer(address(0), to, amount);
        emit TransferShares(address(0), to, shares);
    }

    /// @notice Destroys bonds of `shares` shares, worth `amount` wei, of `from`.
    function burn(address from, uint256 shares, uint256 amount) external onlyPool {
        _give(from, shares, amount);
        emit Transfer(from, address(0), amount);
        emit TransferShares(from, address(0), shares);
    }

    /* VIEWS */

    /// @inheritdoc IERC20
    function totalSupply() external view returns (uint256) {
        return pool.sharesToAmount(pool.bondShares());
    }

    /// @inheritdoc IERC20
    function balanceOf(address account) public view returns (uint256) {
        return pool.sharesToAmount(sharesOf[account]);
    }

    /* INTERNALS */

    /// @dev Moves the fewest shares that are worth `amount`.
    function _transfer(address from, address to, uint256 amount) private {
        _move(from, to, pool.amountToSharesUp(amount), amount);
    }

    /// @dev Moves shares, which are told as `amount`.
    function _move(address from, address to, uint256 shares, uint256 amount) private {
        if (to == address(0)) revert ERC20InvalidReceiver(to);

        _give(from, shares, amount);
        sharesOf[to] += shares;
        emit Transfer(from, to, amount);
        emit TransferShares(from, to, shares);
    }

    /// @dev Takes shares out of an account.
    function _give(address from, uint256 shares, uint256 amount) private {
        uint256 held = sharesOf[from];
        if (shares > held) revert ERC20InsufficientBalance(from, balanceOf(from), amount);

        sharesOf[from] = held - shares;
    }
}

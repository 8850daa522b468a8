// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

contract Receiver {
    uint256 public received;
    uint256 public strange;
    mapping(address => uint256[]) public gifts;
    uint256 public constant LIMIT = 5;

    receive() external payable {
        received += msg.value;
        if (msg.value > LIMIT) {
            strange++;
        }
    }

    fallback(bytes calldata data) external payable returns (bytes memory) {
        gifts[msg.sender].push(data.length);
        return data;
    }

    function give() external payable {
        gifts[msg.sender].push(msg.value);
    }
}

contract Simple {
    uint256 internal count;

    modifier counted() {
        count++;
        _;
    }

    fallback() external counted {
        while (count % 4 != 0) count++;
        count += 10;
    }
}

contract Sender {
    receive() external payable {}

    function push(address payable to, uint256 a) external payable {
        to.transfer(a);
    }

    function send(address payable to, uint256 a) external payable returns (bool done) {
        done = to.send(a);
        if (!done) (done, ) = to.call{value: a}("");
        (bool more, ) = to.call{value: a}(hex"0102030405");
        if (done && more) {
            Receiver(to).give{value: 1}();
        }
    }

    function look(Receiver at) external view returns (uint256) {
        (, bytes memory answer) = address(at).staticcall(abi.encodeCall(at.received, ()));
        return abi.decode(answer, (uint256)) + at.LIMIT() + at.gifts(address(this), 0);
    }

    function starve(address to) external returns (bool done) {
        (done, ) = to.call{gas: 3}(hex"01");
    }
}

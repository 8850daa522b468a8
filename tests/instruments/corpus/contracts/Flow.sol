// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

contract Loops {
    uint256 public total;

    function each(uint256 size) external {
        for (uint256 i = 0; i < size; i++) {
            total += i;
        }
    }

    function eachWithout(uint256 size) external {
        uint256 i;
        for (; ; ) {
            if (i == size) break;
            i++;
        }
        total += i;
    }

    function single(uint256 size) external {
        for (uint256 i; i < size; ) ++i;
        while (next(size)) {}
    }

    function next(uint256 limit) internal returns (bool) {
        return ++total < limit;
    }

    function some(uint256 size) external {
        for (uint256 i = 0; i < size; i++) {
            if (i == 1) continue;
            if (i > 4) {
                total += 100;
                break;
            }
            total += i;
        }
    }

    function down(uint256 size) external {
        while (size > 0) {
            size -= 1;
            if (size == 3) {
                continue;
            } else if (size == 7) {
                total = 0;
            } else {
                total += size;
            }
        }
    }

    function once(uint256 size) external {
        do {
            total += size;
            if (size > 8) break;
            size++;
        } while (size < 6);
        do total++; while (total < 3);
    }

    function grid(uint256 width, uint256 height) external {
        for (uint256 x = 0; x < width; x++)
            for (uint256 y = 0; y < height; y++)
                if (x == y) total++;
                else total += cell(x, y);
    }

    function within(uint256 size) external {
        if (size > 2) {
            while (size > 0) {
                size--;
                if (size == 4) continue;
                if (size == 1) break;
            }
        } else {
            for (; size < 4; size++) total++;
        }
        if (size == 0) do size++; while (size < 3);
    }

    function cell(uint256 x, uint256 y) internal pure returns (uint256) {
        unchecked {
            x += y;
            if (x > 3) return x - y;
        }
        return x * y;
    }
}

contract Expressions {
    uint256 internal store;
    mapping(uint256 => uint256) public kept;
    function(uint256) internal returns (uint256) internal chosen;

    struct Pair {
        uint256 left;
        uint256 right;
    }

    event Told(uint256 indexed what, uint256 more);

    function one(uint256 a) internal returns (uint256) {
        store += a;
        return a + 1;
    }

    function other(uint256 a) internal pure returns (uint256) {
        return a;
    }

    function nest(uint256 a) external returns (uint256) {
        return one(one(a) + other(one(a))) + other(a);
    }

    function fibonacci(uint256 n) public returns (uint256) {
        if (n < 2) {
            return n;
        }
        return fibonacci(n - 1) + fibonacci(n - 2);
    }

    function short(uint256 n) public pure returns (uint256) {
        return n == 0 ? 0 : 1 + short(n - 1);
    }

    function even(uint256 n) public pure returns (bool) {
        return n == 0 || odd(n - 1);
    }

    function odd(uint256 n) public pure returns (bool) {
        return n != 0 && even(n - 1);
    }

    function choice(uint256 a) external returns (uint256 result) {
        result = a > 3 ? one(a) : a > 1 ? other(a) : 9;
        result += (a % 2 == 0 ? 1 : 2) * (a == 3 ? other(1) : one(2));
    }

    function point(bool first, uint256 a) external returns (uint256) {
        chosen = first ? one : twice;
        return chosen(a) + thrice(first ? twice : other, a);
    }

    function twice(uint256 a) internal pure returns (uint256) {
        return other(a) + other(a);
    }

    function thrice(function(uint256) internal pure returns (uint256) how, uint256 a) internal pure returns (uint256) {
        return how(how(a));
    }

    function tell(uint256 a) external {
        emit Told(one(a), other(a));
        emit Told({more: 1, what: 2});
        Pair memory pair = Pair(one(a), 2);
        (uint256 left, uint256 right) = (pair.left, pair.right);
        (left, right) = swap(left, right);
        kept[left] = right; kept[right] = left;
        delete kept[left];
    }

    function swap(uint256 a, uint256 b) private pure returns (uint256, uint256) { return (b, a); }

    function bytesOf(string calldata text) external pure returns (uint256 many) {
        bytes memory all = bytes(text);
        for (uint256 i; i < all.length; ++i) { if (all[i] > 0x7f) ++many; }
    }

    function self(uint256 a) external returns (uint256) {
        return this.fibonacci(a) + this.short(a);
    }

    function overloaded(uint256 a) external pure returns (uint256) {
        return a;
    }

    function overloaded(uint256 a, uint256 b) external pure returns (uint256) {
        return a + b;
    }

    function overloaded(bool a) external pure returns (bool) {
        return !a;
    }

    function wide(
        uint256 a,
        uint256 b
    )
        external
        returns (uint256 result)
    {
        result = one(
            a
        ) + other(
            b
        );
        if (
            a > b &&
            one(b) > 3
        ) {
            result = other(
                one(a)
            );
        }
    }
}

contract Checks {
    uint256 public seen;

    error Wrong(uint256 a, address who);
    error Bare();

    function text(uint256 a) external {
        require(a > 3, "too small");
        seen++;
    }

    function plain(uint256 a) external {
        require(a > 3);
        seen++;
    }

    function custom(uint256 a) external {
        require(ok(a), Wrong(a, msg.sender));
        seen++;
    }

    function several(uint256 a) external {
        require(a > 1 && a < 9, string.concat("a", label(a)));
        require(a != 5);
        assert(a != 7);
        seen++;
    }

    function ok(uint256 a) internal pure returns (bool) {
        return a % 2 == 0;
    }

    function label(uint256 a) internal pure returns (string memory) {
        return a == 1 ? "one" : "many";
    }

    function reverts(uint256 a) external {
        seen++;
        if (a == 1) revert();
        if (a == 2) revert("two");
        if (a == 3) revert Bare();
        if (a == 4) {
            revert Wrong({a: a, who: address(this)});
        }
        seen += 2;
    }

    function panics(uint256 a) external returns (uint256) {
        uint256[] memory row = new uint256[](3);
        row[a] = 5;
        seen += 10 / a;
        return seen - 8;
    }

    function unreachable(uint256 a) external returns (uint256) {
        if (a > 1) {
            return a;
        } else {
            return seen;
        }
        seen++;
    }

    function unreachableToo(uint256 a) external returns (uint256) {
        while (a > 0) {
            if (a == 3) {
                revert("three");
                a = 5;
            }
            a--;
            continue;
            seen++;
        }
        return seen;
    }
}

contract Attempts {
    Checks internal immutable CHECKS;
    uint256 public failures;
    uint256 public successes;

    constructor(Checks checks) {
        CHECKS = checks;
    }

    function plain(uint256 a) external {
        try CHECKS.text(a) {
            successes++;
        } catch {
            failures++;
        }
    }

    function told(uint256 a) external returns (uint256) {
        try CHECKS.panics(a) returns (uint256 got) {
            return got;
        } catch Error(string memory) {
            failures += 1;
        } catch Panic(uint256 code) {
            failures += code;
        } catch (bytes memory) {
            failures += 100;
        }
        return 0;
    }

    function reasons(uint256 a) external {
        try CHECKS.reverts(argument(a)) {
            successes++;
        } catch Error(string memory reason) {
            failures += bytes(reason).length;
        } catch (bytes memory) {
            failures += 100;
        }
    }

    function argument(uint256 a) internal returns (uint256) {
        successes += 10;
        return a;
    }

    function low(uint256 a) external returns (bool done) {
        (done, ) = address(CHECKS).call(abi.encodeCall(Checks.custom, (a)));
        if (!done) failures++;
    }

    function uncaught(uint256 a) external {
        try CHECKS.custom(a) {} catch Error(string memory) {
            failures++;
        }
    }

    function looped(uint256 size) external {
        for (uint256 i; i < size; ++i) {
            try CHECKS.plain(i) {
                continue;
            } catch {
                if (i == 2) break;
            }
            failures++;
        }
    }
}

// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title Many questions in one call, so that a test can look at everything often
contract Questions {
    struct Question {
        address target;
        bytes data;
    }

    /// @notice What each view answers, in order. All of them have to.
    function ask(Question[] calldata questions) external view returns (bytes[] memory answers) {
        answers = new bytes[](questions.length);
        for (uint256 i = 0; i < questions.length; ++i) {
            bool succeeded;
            (succeeded, answers[i]) = questions[i].target.staticcall(questions[i].data);
            require(succeeded);
        }
    }
}

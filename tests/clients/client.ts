// A front-end's way through delegated staking, with nothing but viem and what was exported.
import { BaseError, ContractFunctionRevertedError, createTestClient, encodeFunctionData, http, parseEther, parseEventLogs, publicActions, walletActions } from "viem";
import type { Hex } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { chain, delegated, delegatedAnkr } from "./unbond.js";

declare const process: { argv: string[] };

const [key, provider] = process.argv.slice(2) as [Hex, Hex];
const account = privateKeyToAccount(key);
const client = createTestClient({ mode: "anvil", chain, account, transport: http() })
  .extend(publicActions)
  .extend(walletActions);
const amount = parseEther("1000");

// An estimate is exact for its own second, so this asks for a quarter more, as wallets do.
async function send(to: Hex, data: Hex) {
  const gas = await client.estimateGas({ account, to, data });
  const hash = await client.sendTransaction({ to, data, gas: (gas * 5n) / 4n });
  const receipt = await client.waitForTransactionReceipt({ hash, pollingInterval: 20 });
  if (receipt.status !== "success") throw new Error(`${hash} was reverted`);
  return receipt;
}

// Somebody else may have gone there, or further, in the meantime.
async function wait(until: bigint) {
  while ((await client.getBlock()).timestamp < until) {
    try {
      await client.setNextBlockTimestamp({ timestamp: until });
      await client.mine({ blocks: 1 });
    } catch (error) {
      if ((await client.getBlock()).timestamp < until) throw error;
    }
  }
}

async function balance(): Promise<bigint> {
  return client.readContract({ ...delegatedAnkr, functionName: "balanceOf", args: [account.address] });
}

// What follows looks at a block that is over, since somebody else may let time pass.
async function last(blockNumber: bigint) {
  const rows = await client.readContract({
    ...delegated,
    functionName: "positionsOf",
    args: [account.address, 0n, 100n],
    blockNumber,
  });
  return rows.at(-1)!;
}

async function refusal(stake: bigint, blockNumber: bigint): Promise<string> {
  try {
    await client.simulateContract({ ...delegated, functionName: "unstake", args: [stake, amount], blockNumber });
    return "none";
  } catch (error) {
    if (!(error instanceof BaseError)) throw error;
    const reverted = error.walk((one) => one instanceof ContractFunctionRevertedError);
    return reverted instanceof ContractFunctionRevertedError ? String(reverted.data?.errorName) : error.message;
  }
}

const before = await balance();
await send(delegatedAnkr.address, encodeFunctionData({ ...delegatedAnkr, functionName: "approve", args: [delegated.address, amount] }));
const staked = await send(delegated.address, encodeFunctionData({ ...delegated, functionName: "stake", args: [provider, amount] }));
const [{ args: lot }] = parseEventLogs({ abi: delegated.abi, logs: staked.logs, eventName: "Staked" });
const locked = await last(staked.blockNumber);
const early = await refusal(lot.stakeId, staked.blockNumber);

await wait(lot.unlocksAt);
const left = await send(delegated.address, encodeFunctionData({ ...delegated, functionName: "unstake", args: [lot.stakeId, amount] }));
const [{ args: ticket }] = parseEventLogs({ abi: delegated.abi, logs: left.logs, eventName: "Unstaked" });
await wait(ticket.availableAt);
const paid = await send(delegated.address, encodeFunctionData({ ...delegated, functionName: "claim", args: [ticket.ticketId] }));

console.log(
  JSON.stringify({
    lot: String(lot.stakeId),
    unlocksAt: Number(lot.unlocksAt),
    locked: { id: String(locked.id), state: locked.state, amount: String(locked.amount) },
    early,
    availableAt: Number(ticket.availableAt),
    closed: (await last(paid.blockNumber)).state,
    lost: String(before - (await balance())),
  }),
);

// A front-end's way through delegated staking, with nothing but viem and what was exported.
import { BaseError, ContractFunctionRevertedError, createTestClient, http, parseEther, parseEventLogs, publicActions, walletActions } from "viem";
import type { Hash, Hex } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { chain, delegated, delegatedAnkr } from "./unbond.js";

declare const process: { argv: string[] };

const [key, provider] = process.argv.slice(2) as [Hex, Hex];
const account = privateKeyToAccount(key);
const client = createTestClient({ mode: "anvil", chain, account, transport: http() })
  .extend(publicActions)
  .extend(walletActions);
const amount = parseEther("1000");

async function landed(hash: Hash) {
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

async function positions() {
  return client.readContract({ ...delegated, functionName: "positionsOf", args: [account.address, 0n, 100n] });
}

async function refusal(stake: bigint): Promise<string> {
  try {
    await client.simulateContract({ ...delegated, functionName: "unstake", args: [stake, amount] });
    return "none";
  } catch (error) {
    if (!(error instanceof BaseError)) throw error;
    const reverted = error.walk((one) => one instanceof ContractFunctionRevertedError);
    return reverted instanceof ContractFunctionRevertedError ? String(reverted.data?.errorName) : error.message;
  }
}

const before = await balance();
await landed(await client.writeContract({ ...delegatedAnkr, functionName: "approve", args: [delegated.address, amount] }));
const staked = await landed(await client.writeContract({ ...delegated, functionName: "stake", args: [provider, amount] }));
const [{ args: lot }] = parseEventLogs({ abi: delegated.abi, logs: staked.logs, eventName: "Staked" });
const locked = (await positions()).at(-1)!;
const early = await refusal(lot.stakeId);

await wait(lot.unlocksAt);
const left = await landed(await client.writeContract({ ...delegated, functionName: "unstake", args: [lot.stakeId, amount] }));
const [{ args: ticket }] = parseEventLogs({ abi: delegated.abi, logs: left.logs, eventName: "Unstaked" });
await wait(ticket.availableAt);
await landed(await client.writeContract({ ...delegated, functionName: "claim", args: [ticket.ticketId] }));

console.log(
  JSON.stringify({
    lot: String(lot.stakeId),
    unlocksAt: Number(lot.unlocksAt),
    locked: { id: String(locked.id), state: locked.state, amount: String(locked.amount) },
    early,
    availableAt: Number(ticket.availableAt),
    closed: (await positions()).at(-1)!.state,
    lost: String(before - (await balance())),
  }),
);

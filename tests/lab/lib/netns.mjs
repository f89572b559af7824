// Network namespaces with names of their own, the programs in them, and their end.
//
// A name is tw-PID-NUMBER-ROLE; PID is the process that made it. However that process ends, its programs die with it, and
// namespaces that a killed process left behind are removed by the next one.

import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Program as BareProgram } from '../../browser/lib/program.mjs';
import { until } from '../../browser/lib/wait.mjs';

const kPrefix = 'tw';
const kFolder = '/run/netns';
const kOwned = new RegExp(`^${kPrefix}-(\\d+)-\\d+-`);
const kOwnedFolder = /^tidewire-lab-(\d+)-\w{6}$/;

// Runs something short to its end; its output, or an error with what it said.
export function run(command, args, { input = '' } = {}) {
  const { status, signal, stdout, stderr, error } = spawnSync(command, args, { input, encoding: 'utf8' });
  if (error) throw error;
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status ?? signal}: ${stderr.trim()}`);
  return stdout;
}

export const runIn = (ns, command, args = [], options) => run('ip', ['netns', 'exec', ns, command, ...args], options);

// Why there can be no lab here, or false.
export function unavailable() {
  if (process.platform !== 'linux') return 'namespaces are a thing of Linux';
  if (process.getuid() !== 0) return 'network namespaces need root';
  for (const tool of ['ip', 'nft', 'conntrack', 'setpriv', 'openssl', 'turnserver']) {
    if (spawnSync('which', [tool]).status !== 0) return `${tool} is not installed (tools/install-dependencies test)`;
  }
  const probe = `${kPrefix}-${process.pid}-0-probe`;
  try {
    run('ip', ['netns', 'add', probe]);
    run('ip', ['-n', probe, 'link', 'add', 'veth0', 'type', 'veth', 'peer', 'name', 'veth1']);
    runIn(probe, 'nft', ['-f', '-'], { input: `table ip t {
  chain c {
    type nat hook postrouting priority srcnat;
    masquerade fully-random
  }
}
` });
    runIn(probe, 'conntrack', ['-L']);
    return false;
  } catch (error) {
    return `this kernel or container allows no namespaces with nftables (${error.message.split('\n')[0]})`;
  } finally {
    spawnSync('ip', ['netns', 'del', probe]);
  }
}

// A zombie is not: it may stay for as long as its parent likes.
function alive(pid) {
  try {
    return !/^State:\s*[ZX]/m.test(fs.readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

function leftBehind(folder, pattern) {
  const names = fs.existsSync(folder) ? fs.readdirSync(folder) : [];
  return names.filter((name) => pattern.test(name) && !alive(pattern.exec(name)[1]));
}

// Removes what processes that are gone left behind. Called before the first lab.
export function sweep() {
  for (const name of leftBehind(kFolder, kOwned)) {
    const left = spawnSync('ip', ['netns', 'pids', name], { encoding: 'utf8' }).stdout ?? '';
    for (const pid of left.split('\n').filter(Boolean)) process.kill(Number(pid), 'SIGKILL');
    spawnSync('ip', ['netns', 'del', name]);
  }
  for (const name of leftBehind(os.tmpdir(), kOwnedFolder)) fs.rmSync(path.join(os.tmpdir(), name), { recursive: true, force: true });
}

// For the files of a lab.
export const makeFolder = () => fs.mkdtempSync(path.join(os.tmpdir(), `tidewire-lab-${process.pid}-`));

let labs = 0;

// Gives names that no other process uses.
export function naming() {
  const number = ++labs;
  return (role) => `${kPrefix}-${process.pid}-${number}-${role}`;
}

// ---- programs

// Waits for what a program shall do; an error with all it said if it ends first, or takes too long.
export async function ready(program, what, condition, options) {
  try {
    await until(what, () => !program.running || condition(), options);
  } catch (error) {
    throw new Error(`${error.message}\n${program.said}`);
  }
  if (!program.running) throw new Error(`it ended while waited for ${what}:\n${program.said}`);
}

// One program that runs, in a namespace if one is given. Its input stays open, and silent.
export class Program extends BareProgram {
  constructor(ns, command, args, { env = process.env } = {}) {
    // The kernel kills it when this process dies, whatever of.
    const guarded = ['setpriv', '--pdeathsig', 'KILL', command, ...args];
    const whole = ns ? ['ip', 'netns', 'exec', ns, ...guarded] : guarded;
    super(whole, { shown: [command, ...args].join(' '), stdin: 'pipe', env });
  }
}

// A lab to look around in.

import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { BIN } from '../../browser/lib/tidewire.mjs';
import { USER, urls } from './coturn.mjs';
import { Lab } from './lab.mjs';
import { unavailable } from './netns.mjs';
import { namespacesOf } from './plan.mjs';

const kHelp = `usage: tests/lab/shell [--script] [a.KEY=VALUE | b.KEY=VALUE]...

  KEY        VALUE
  nat        none, full-cone, address-restricted, port-restricted, symmetric
  firewall   none, udp-blocked, only-443
  family     v4, v6, both
  carrier    true: one more NAT in the path
  second     the nat of a second interface

  --script   print the commands that build the lab, and do nothing

for example: tests/lab/shell a.nat=symmetric b.nat=port-restricted b.firewall=udp-blocked`;

function sidesOf(args) {
  const sides = { a: {}, b: {} };
  for (const arg of args) {
    const [, side, key, value] = /^([ab])\.(\w+)=(.+)$/.exec(arg) ?? [];
    if (!side) throw new Error(`${arg} is not understood\n\n${kHelp}`);
    sides[side][key] = key === 'second' ? { nat: value } : key === 'carrier' ? value === 'true' : value;
  }
  return sides;
}

// What the shell knows: a command for each namespace, and what one types again and again.
function startFile(lab) {
  const { stun, udp, tcp, tls, https } = urls();
  const lines = namespacesOf([lab.a, lab.b]).map((role) => `${role}() { ip netns exec ${lab.ns(role)} "$@"; }`);
  for (const side of [lab.a, lab.b]) lines.push(`ROOM_${side.letter}='${lab.roomUrl(side)}'`);
  lines.push(`TIDEWIRE='${BIN}'`, `TURN='--ice-username ${USER.username} --ice-credential ${USER.credential} --tls-ca ${lab.ca}'`,
    `COTURN_LOG='${path.join(lab.folder, 'coturn.txt')}'`, "PS1='(lab) \\w\\$ '");
  const help = `
namespaces, each a command that runs another one in it:  ${namespacesOf([lab.a, lab.b]).join('  ')}
servers: ${[stun, udp, tcp, tls, https].map((url) => `--ice-server '${url}'`).join(' ')}
coturn's log: \\$COTURN_LOG

  labA \\$TIDEWIRE call \\$ROOM_A --name A --play none --ice-server ${stun} --ice-server '${udp}' \\$TURN
  labB ip address;  natA nft list ruleset;  natA conntrack -L;  natA conntrack -F;  labA ip link set eth0 down
  exit ends the lab`;
  lines.push(`cat <<HELP\n${help}\n\nHELP`);
  return `${lines.join('\n')}\n`;
}

async function main(args) {
  if (args.includes('--help') || args.includes('-h')) return console.log(kHelp);
  const sides = sidesOf(args.filter((arg) => arg !== '--script'));
  if (args.includes('--script')) {
    const lab = new Lab(sides.a, sides.b);
    console.log(lab.script);
    return lab.closeAtOnce();
  }
  const reason = unavailable();
  if (reason) throw new Error(reason);
  const lab = await Lab.open(sides);
  const log = setInterval(() => fs.writeFileSync(path.join(lab.folder, 'coturn.txt'), lab.coturn.stdout), 500);
  const file = path.join(lab.folder, 'bashrc');
  fs.writeFileSync(file, startFile(lab));
  const shell = spawn('bash', ['--noprofile', '--rcfile', file, '-i'], { stdio: 'inherit' });
  process.removeAllListeners('SIGINT'); // Ctrl-C is for what runs in the shell
  process.on('SIGINT', () => {});
  await new Promise((resolve) => shell.on('exit', resolve));
  clearInterval(log);
  await lab.close();
}

await main(process.argv.slice(2)).catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});

// The addresses of a lab, and the shell script that builds it.
//
//   labA ── natA ── [cgnA] ── pub ── [cgnB] ── natB ── labB        a second uplink of A goes through natA2 likewise
//
// Everything here is text; netns.mjs runs it.

import { natRules } from './nat.mjs';

export const PUB = { v4: '10.77.0.1', v6: '2001:db8:77::1', other: '10.77.0.2' }; // `other`: signaling on port 443

// "10.77.1.2" of "10.77.1.2:4711" and "2001:db8::1" of "[2001:db8::1]:4711".
export const addressOf = (endpoint) => endpoint.slice(0, endpoint.lastIndexOf(':')).replace(/[[\]]/g, '');
export const portOf = (endpoint) => Number(endpoint.slice(endpoint.lastIndexOf(':') + 1));

const kNats = ['none', 'full-cone', 'address-restricted', 'port-restricted', 'symmetric'];
const kFirewalls = ['none', 'udp-blocked', 'only-443'];
const kFamilies = ['v4', 'v6', 'both'];
const kTunQueue = 10000; // packets

// What a side of the lab is when nothing is said: one interface with a public IPv4 address.
const kSide = { nat: 'none', firewall: 'none', family: 'v4', carrier: false, second: null, link: null };

function known(what, value, list) {
  if (!list.includes(value)) throw new Error(`${what} is ${value}; it can be ${list.join(', ')}`);
}

function completed(options) {
  const side = { ...kSide, ...options };
  for (const key of Object.keys(side)) if (!(key in kSide)) throw new Error(`a side of the lab has no option ${key}`);
  known('nat', side.nat, kNats);
  known('firewall', side.firewall, kFirewalls);
  known('family', side.family, kFamilies);
  if (side.firewall !== 'none' && side.nat === 'none') throw new Error('a firewall needs a router: choose a nat');
  if (side.family !== 'v4' && side.carrier) throw new Error('a second NAT in the path is for IPv4 only');
  return side;
}

// The way from one client interface to pub: its routers from pub to the client, and the net in front of each of them.
function uplink(letter, number, which, { nat, firewall, carrier, link }) {
  const n = number + 10 * which;
  const word = `${letter}${which ? which + 1 : ''}`;
  const routers = [];
  if (nat !== 'none' && carrier) routers.push({ name: `cgn${word}`, nat: 'port-restricted', firewall: 'none' });
  if (nat !== 'none') routers.push({ name: `nat${word}`, nat, firewall });
  const nets = [{ v4: `10.77.${n}`, v6: `2001:db8:77:${n}:` }];
  if (routers.length === 2) nets.push({ v4: `100.64.${n}`, v6: `2001:db8:64:${n}:` });
  if (routers.length > 0) nets.push({ v4: `10.${n}.0`, v6: `2001:db8:${n}:` });
  return {
    interface: `eth${which}`, lab: `lab${letter}`, nearPub: `p${word}`, link, routers, nets, metric: 100 * (which + 1), table: 100 + which,
    public: { v4: `${nets[0].v4}.2`, v6: `${nets.at(-1).v6}:2` }, // IPv6 is not translated
    own: { v4: `${nets.at(-1).v4}.2`, v6: `${nets.at(-1).v6}:2` },
  };
}

export function planSide(letter, number, options = {}) {
  const side = completed(options);
  const uplinks = [uplink(letter, number, 0, side)];
  if (side.second) uplinks.push(uplink(letter, number, 1, completed({ ...side.second, family: side.family })));
  return { ...side, letter, lab: `lab${letter}`, uplinks };
}

export const namespacesOf = (sides) =>
  ['pub', ...sides.flatMap((side) => [...side.uplinks.flatMap((up) => up.routers.map((r) => r.name)), side.lab])];

// ---- the script

const kSysctls = [ // the defaults of a new namespace may be those of the machine
  'net/ipv4/conf/all/rp_filter=0', 'net/ipv4/conf/default/rp_filter=0', 'net/ipv4/ip_forward=1',
];

function sysctls(ns, settings) {
  const lines = settings.map((s) => `echo ${s.split('=')[1]} > /proc/sys/${s.split('=')[0]}`);
  return `ip netns exec ${ns} sh -ec '${lines.join('; ')}'`;
}

function namespace(ns, { v6, forwards = true }) {
  const settings = forwards ? [...kSysctls] : kSysctls.slice(0, 2);
  // An IPv4-only machine shall have no link-local IPv6 address to offer either.
  const off = v6 ? 0 : 1;
  settings.push(`net/ipv6/conf/all/disable_ipv6=${off}`, `net/ipv6/conf/default/disable_ipv6=${off}`);
  // Duplicate address detection (RFC 4862 §5.4) keeps link-local addresses tentative for up to two seconds, longer on a busy
  // machine, and without one a router asks for no neighbour: it answers "no route to host".
  settings.push('net/ipv6/conf/all/accept_dad=0', 'net/ipv6/conf/default/accept_dad=0');
  if (v6 && forwards) settings.push('net/ipv6/conf/all/forwarding=1');
  return [`ip netns add ${ns}`, sysctls(ns, settings), `ip -n ${ns} link set lo up`];
}

// pub routes between the sides. What it has no route for goes nowhere, silently, as on the Internet: without this sink a
// TURN server that shall send to somebody's private address gets an error from its own kernel. What comes from a side with an
// address that is not of that side is dropped, as providers do (RFC 2827).
function pubScript(ns) {
  return [
    ...namespace(ns, { v6: true }),
    `ip -n ${ns} addr add ${PUB.v4}/32 dev lo`, `ip -n ${ns} addr add ${PUB.other}/32 dev lo`,
    `ip -n ${ns} addr add ${PUB.v6}/128 dev lo nodad`,
    `ip -n ${ns} route add default dev lo`, `ip -n ${ns} -6 route add default dev lo`,
    `ip netns exec ${ns} nft -f - <<'NFT'`,
    'table inet sink {', '  chain prerouting {', '    type filter hook prerouting priority raw;',
    '    iifname "lo" fib daddr type != local drop',
    '    iifname != "lo" meta l4proto != ipv6-icmp fib saddr . iif oif missing drop', '  }', '}', 'NFT',
  ];
}

// Two TUN devices for lab_link. Their queues are long: what is lost, the line loses.
const bareEnds = (ends) => ends.flatMap(([ns, name]) =>
  [`ip -n ${ns} tuntap add ${name} mode tun`, `ip -n ${ns} link set ${name} txqueuelen ${kTunQueue}`]);

// The ends of the way from a client to its first router, or to pub: [role, interface] of the outer one and of the client's.
export function lastMile(up) {
  return [up.routers.length > 0 ? [up.routers.at(-1).name, 'lan'] : ['pub', up.nearPub], [up.lab, up.interface]];
}

// A veth pair, or two TUN devices, in two namespaces, with the addresses .1 and .2 of a net.
function cable(outer, outerName, inner, innerName, net, { v4, v6 }, link = null) {
  const lines = link ? bareEnds([[outer, outerName], [inner, innerName]])
    : [`ip link add ${outerName} netns ${outer} type veth peer name ${innerName} netns ${inner}`];
  for (const [ns, name, last] of [[outer, outerName, 1], [inner, innerName, 2]]) {
    if (v4) lines.push(`ip -n ${ns} addr add ${net.v4}.${last}/24 dev ${name}`);
    if (v6) lines.push(`ip -n ${ns} addr add ${net.v6}:${last}/64 dev ${name} nodad`);
    lines.push(`ip -n ${ns} link set ${name} up`);
  }
  return lines;
}

// The client's default routes, and one table for each interface, so that what is sent from its address leaves through it.
function clientRoutes(ns, up, { v4, v6 }) {
  const lines = [];
  const net = up.nets.at(-1);
  for (const [flag, gateway, own, wanted] of [['-4', `${net.v4}.1`, up.own.v4, v4], ['-6', `${net.v6}:1`, up.own.v6, v6]]) {
    if (!wanted) continue;
    const dev = `dev ${up.interface}`;
    lines.push(`ip -n ${ns} ${flag} route add default via ${gateway} ${dev} metric ${up.metric}`);
    lines.push(`ip -n ${ns} ${flag} route add default via ${gateway} ${dev} table ${up.table}`);
    lines.push(`ip -n ${ns} ${flag} rule add from ${own} lookup ${up.table}`);
  }
  return lines;
}

function uplinkScript(full, up, families) {
  const lines = [];
  let outer = full('pub');
  let outerName = up.nearPub;
  up.routers.forEach((router, i) => {
    const ns = full(router.name);
    lines.push(...namespace(ns, { v6: families.v6 }), ...cable(outer, outerName, ns, 'wan', up.nets[i], families));
    if (families.v4) lines.push(`ip -n ${ns} route add default via ${up.nets[i].v4}.1`);
    if (families.v6) lines.push(`ip -n ${ns} -6 route add default via ${up.nets[i].v6}:1`);
    if (families.v6) lines.push(`ip -n ${outer} -6 route add ${up.nets[i + 1].v6}:/64 via ${up.nets[i].v6}:2`);
    lines.push(`ip netns exec ${ns} nft -f - <<'NFT'`, natRules(router, up.nets[i + 1].v4), 'NFT');
    outer = ns;
    outerName = 'lan';
  });
  const lab = full(up.lab);
  return [...lines, ...cable(outer, outerName, lab, up.interface, up.nets.at(-1), families, up.link), ...clientRoutes(lab, up, families)];
}

// `full` gives the unique name of a namespace.
export function buildScript(full, sides) {
  const lines = ['set -e', ...pubScript(full('pub'))];
  for (const side of sides) {
    const families = { v4: side.family !== 'v6', v6: side.family !== 'v4' };
    lines.push(...namespace(full(side.lab), { v6: families.v6, forwards: false }));
    for (const up of side.uplinks) lines.push(...uplinkScript(full, up, families));
  }
  return `${lines.join('\n')}\n`;
}

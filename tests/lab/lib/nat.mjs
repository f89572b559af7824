// What each kind of NAT is in nftables, and how near that comes to its name (RFC 4787 §4 and §5; README.md has the table).
//
// Linux translates per connection: a mapping belongs to one pair of endpoints. `masquerade` keeps the client's port as long
// as that is free, and with one client behind each router it always is; so all mappings of one socket look alike, and the
// mapping is endpoint-independent in effect. `fully-random` takes a new port for each connection: endpoint-dependent.

// Inbound packets that no connection accounts for. Which of the client's ports are open, and to whom, is learned from what it
// sends; RFC 4787 §4.3 wants two minutes at least.
const kOpen = {
  'full-cone': { type: 'inet_service', key: 'udp sport', match: 'udp dport @open' },
  'address-restricted': { type: 'ipv4_addr . inet_service', key: 'ip daddr . udp sport', match: 'ip saddr . udp dport @open' },
};
const kLearned = '120s';

const kFirewalls = {
  none: '',
  'udp-blocked': '    meta l4proto udp drop\n',
  'only-443': '    iifname "lan" tcp dport != 443 drop\n    meta l4proto udp drop\n',
};

function translation(nat, client) {
  const open = kOpen[nat];
  const learning = open ? `  set open {
    type ${open.type}
    flags dynamic,timeout
    timeout ${kLearned}
  }
  chain learn {
    type filter hook forward priority -10;
    iifname "lan" oifname "wan" update @open { ${open.key} }
  }
  chain prerouting {
    type nat hook prerouting priority dstnat;
    iifname "wan" ${open.match} dnat to ${client}
  }
` : '';
  return `table ip nat {
${learning}  chain postrouting {
    type nat hook postrouting priority srcnat;
    ${masquerade(nat)}
  }
}
`;
}

const masquerade = (nat) => `oifname "wan" masquerade${nat === 'symmetric' ? ' fully-random' : ''}`;

// The rules of a router between `wan` and `lan`. The input chain keeps early inbound checks from making connections of the
// router's own, whose ports would then be taken when the client's packets come to be translated. What does not come from the
// LAN's own addresses is not let out: a client whose other interface is gone shall not get through by a wrong source.
// `net` is the one behind the router: "10.1.0".
export function natRules({ nat, firewall }, net) {
  return `${translation(nat, `${net}.2`)}table inet filter {
  chain input {
    type filter hook input priority filter;
    meta l4proto ipv6-icmp accept
    iifname "wan" ct state new drop
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
${kFirewalls[firewall]}    ct state established,related accept
    iifname "wan" ct status dnat accept
    iifname "lan" ip saddr ${net}.0/24 accept
    iifname "lan" meta nfproto ipv6 accept
  }
}`;
}

// Replaces the translation by one to other ports. Connections that exist keep theirs until conntrack forgets them.
export function otherPorts(nat, first, last) {
  const random = nat === 'symmetric' ? ' fully-random' : '';
  return `flush chain ip nat postrouting
add rule ip nat postrouting oifname "wan" meta l4proto { tcp, udp } masquerade to :${first}-${last}${random}
add rule ip nat postrouting ${masquerade(nat)}
`;
}

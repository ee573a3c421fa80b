"""What `aifctl inventory template` prints: every key once, in an inventory that checks clean."""

from __future__ import annotations

TEMPLATE = """\
# An aifctl inventory. A file, or a directory of YAML files, is one fleet; files are read in order of their names and
# taken together. `aifctl inventory check` reports every mistake with file and line.
#
# Names stand for many nodes:      r[01-12]n[1-4]      ranges, padding, steps (n[1-31/2]), lists (n[1,3,5-8])
# Values follow from names:        10.1.{rack#}.{node#+100}
#     {site} {hall} {su} {rack} {node}     the name           {rack#} …    the last number in that name
#     {su#*8-7:04}                         + - * / % ( ), and how to write the number: :04 :02x     {{ is a brace
# What stands on a level holds for all nodes below it; the nearest wins, groups add up, ~ takes away what stands above.

site: lab

defaults:                       # for every node, whatever file it stands in
  user: ops
  sku: h100-sxm5-8
  address: "10.1.{rack#}.{node#}"         # without one, the node's name is dialled
  # port: 22
  # identity: [/etc/aifctl/id_ed25519]    # private key files, by path; never the key itself
  # jump: ["ops@jump1:2222", "ops@jump2"] # one is chosen; a chain is written a,b
  # ssh: {ServerAliveInterval: "15"}      # further ssh options
  # host_keys: ["ssh-ed25519 AAAA…"]      # public keys that this inventory vouches for
  bmc: {address: "10.2.{rack#}.{node#}", kind: redfish, user: admin}   # kind: redfish or console; no password here
  feeds: ["A{su#}", "B{su#}"]             # power feeds
  unit: "{node#*10-8}"                    # lowest rack unit
  height: 8                               # units it occupies
  rack_height: 48
  rails:
    0-7: {hca: "mlx5_{rail}", leaf: "l{su#}-r{rail}", port: "{(rack#-1)%8*4+node#}"}

halls:
  h1:
    sus:
      su[1-2]:
        racks:
          r[{su#*8-7:02}-{su#*8:02}]:     # r01-r08 in su1, r09-r16 in su2
            nodes: "{rack}n[1-4]"

nodes:                          # nodes may stand anywhere: at the top, in a hall, an su, a rack
  login[1-2]:
    sku: cpu
    address: "10.1.250.{node#}"
    bmc: ~
    unit: ~
    feeds: ~
    rails: ~
    groups: [service]
    labels: {owner: platform}
    each:                       # one value for each node, in order, where no pattern says it; ~ for none
      serial: [LX0311, LX0297]
      mac: ["0c:42:a1:00:00:01", ~]

leaves:                         # leaf switches; where this section stands, every rail's leaf must be in it
  l[1-2]-r[0-7]: {ports: 32, spines: "s[1-4]"}

groups:                         # @canary, @train: nodesets or selectors
  canary: r01n1,r09n1
  train: "@sku:h100-sxm5-8 ! @canary"

overrides:                      # any single node, anything; also a good file of its own
  r02n3: {state: repair, labels: {ticket: RMA-17}}    # state: new provisioned … ready … drained repair retired
  r16n4: {off: true}                                  # powered down on purpose
  r01n1: {serials: {board: PB0042, gpu0: "1652223"}, slurm_name: gpu-01-1}

policy:
  # max_nodes: 512              # most nodes of one guarded run
  max_nodes_per: {rack: 4, leaf: 32}
  protected: "@canary"          # guarded verbs refuse these
  # guarded: [run, script]      # verbs that need confirmation here although they don't elsewhere
  max_width: 256                # most nodes connected at once
  drain_max_nodes: 50           # no more stand drained when `sweep --act` drains another one; people may drain more
  drain_max_share: 2%
  drain_max_nodes_per: {rack: 2, leaf: 4}
  # control_hosts: [ctl1, ctl2]  # all hosts that run aifctl here; they share one PostgreSQL, and doctor says when they don't
  # stale_after: 30d            # older than that, changing verbs refuse this inventory
"""

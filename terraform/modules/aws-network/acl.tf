# What the subnets let pass, whatever their security groups say. AWS never filters its resolver, its time service and the
# metadata service here.

locals {
  private_ranges = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16"]
  internet       = "0.0.0.0/0"
  # The ports that Linux connects from (ip_local_port_range), which answers come back to.
  answers = { from = 32768, to = 60999 }
  # Beyond the network: security groups decide who connects.
  outside = distinct(concat(var.peer_cidrs, flatten([for destination in var.destinations : destination.cidrs])))

  # Packets to machines and answers to clients, if there is UDP at all.
  edge_udp = length(var.edge_udp_ports) == 0 ? [] : [
    { number = 110, action = "allow", protocol = "udp", cidr = var.cidr, from = 1, to = 65535 },
    { number = 310, action = "allow", protocol = "udp", cidr = local.internet, from = 1024, to = 65535 },
  ]
  answers_udp = length(var.udp_ports) == 0 ? [] : [
    { number = 210, action = "allow", protocol = "udp", cidr = local.internet, from = 1024, to = 65535 },
  ]

  # Rule numbers are the order in which AWS looks; the first that matches decides.
  acl = {
    machines = {
      ingress = concat(
        [for index, cidr in concat([var.cidr], local.outside) : { number = 100 + index, action = "allow", protocol = "-1", cidr = cidr, from = 0, to = 0 }],
        # Answers of S3, whose endpoint has public addresses.
        [{ number = 200, action = "allow", protocol = "tcp", cidr = local.internet, from = local.answers.from, to = local.answers.to }],
        # Packets of clients, which public load balancers pass on as they are.
        [for index, port in var.udp_ports : { number = 210 + index, action = "allow", protocol = "udp", cidr = local.internet, from = port, to = port }],
      )
      egress = concat(
        [for index, cidr in concat([var.cidr], local.outside) : { number = 100 + index, action = "allow", protocol = "-1", cidr = cidr, from = 0, to = 0 }],
        # S3. Only its prefix list has a route.
        [{ number = 200, action = "allow", protocol = "tcp", cidr = local.internet, from = 443, to = 443 }],
        # Answers to clients. There is no route but the load balancer's.
        local.answers_udp,
      )
    }
    proxy = {
      ingress = concat(
        # Whoever uses the proxy, unless the next rule has that port.
        [for port in [var.proxy_port] : { number = 99, action = "allow", protocol = "tcp", cidr = var.cidr, from = port, to = port } if port < 1024],
        [
          # Whoever uses the proxy, and answers to the load balancer, which connects from any of these ports. The security groups
          # allow no more than that.
          { number = 100, action = "allow", protocol = "tcp", cidr = var.cidr, from = 1024, to = 65535 },
          # Answers of endpoints and of the internet.
          { number = 200, action = "allow", protocol = "tcp", cidr = local.internet, from = local.answers.from, to = local.answers.to },
        ],
      )
      egress = concat(
        [
          # Endpoints, and answers to whoever uses the proxy.
          { number = 100, action = "allow", protocol = "tcp", cidr = var.cidr, from = 443, to = 443 },
          { number = 101, action = "allow", protocol = "tcp", cidr = var.cidr, from = 1024, to = 65535 },
        ],
        # The proxy must not be a way to other private networks.
        [for index, cidr in local.private_ranges : { number = 200 + index, action = "deny", protocol = "-1", cidr = cidr, from = 0, to = 0 }],
        [{ number = 300, action = "allow", protocol = "tcp", cidr = local.internet, from = 443, to = 443 }],
      )
    }
    edge = {
      ingress = concat(
        # Answers of machines.
        [{ number = 100, action = "allow", protocol = "tcp", cidr = var.cidr, from = 1024, to = 65535 }],
        [for index, port in var.edge_ports : { number = 200 + index, action = "allow", protocol = "tcp", cidr = local.internet, from = port, to = port }],
        [for rule in local.edge_udp : merge(rule, { from = 1024, to = 65535 }) if rule.cidr == var.cidr],
        [for index, port in var.edge_udp_ports : { number = 300 + index, action = "allow", protocol = "udp", cidr = local.internet, from = port, to = port }],
      )
      egress = concat(
        [
          { number = 100, action = "allow", protocol = "tcp", cidr = var.cidr, from = 1, to = 65535 },
          { number = 200, action = "allow", protocol = "tcp", cidr = local.internet, from = 1024, to = 65535 },
        ],
        local.edge_udp,
      )
    }
  }

  acl_subnets = { machines = local.private, proxy = local.by_tier.proxy, edge = local.by_tier.edge }
}

resource "aws_network_acl" "this" {
  for_each = { for tier, subnets in local.acl_subnets : tier => subnets if length(subnets) > 0 }

  vpc_id     = aws_vpc.this.id
  subnet_ids = [for key in keys(each.value) : aws_subnet.this[key].id]
  tags       = merge(local.tags, { Name = "${var.name}-${each.key}" })

  ingress = [for rule in local.acl[each.key].ingress : {
    rule_no         = rule.number
    action          = rule.action
    protocol        = rule.protocol
    cidr_block      = rule.cidr
    from_port       = rule.from
    to_port         = rule.to
    icmp_code       = null
    icmp_type       = null
    ipv6_cidr_block = null
  }]

  egress = [for rule in local.acl[each.key].egress : {
    rule_no         = rule.number
    action          = rule.action
    protocol        = rule.protocol
    cidr_block      = rule.cidr
    from_port       = rule.from
    to_port         = rule.to
    icmp_code       = null
    icmp_type       = null
    ipv6_cidr_block = null
  }]
}

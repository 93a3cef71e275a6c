# A network without a way in, and with one way out: the subnets of the egress proxy. No subnet has a route to the internet
# gateway except those of public load balancers, if there are any.

locals {
  tags = merge(var.tags, { network = var.name })

  by_tier = { for tier in ["machines", "build", "proxy", "edge", "runner"] : tier => { for key, subnet in var.subnets : key => subnet if subnet.tier == tier } }
  # Machines, builds and runners share routes and rules; the tag `tier` and the security groups tell them apart.
  private  = merge(local.by_tier.machines, local.by_tier.build, local.by_tier.runner)
  has_edge = length(local.by_tier.edge) > 0
}

resource "aws_vpc" "this" {
  cidr_block = var.cidr
  # Both are necessary for the private names of endpoints.
  enable_dns_support   = true
  enable_dns_hostnames = true
  tags                 = merge(local.tags, { Name = var.name })
}

resource "aws_subnet" "this" {
  for_each = var.subnets

  vpc_id                  = aws_vpc.this.id
  cidr_block              = each.value.cidr
  availability_zone       = each.value.zone
  map_public_ip_on_launch = false
  # Builds find their subnets by this name, and groups theirs by the tier.
  tags = merge(local.tags, { Name = "${var.name}-${each.key}", tier = each.value.tier })
}

# What AWS creates with a VPC lets everything pass. Nothing uses it.
resource "aws_default_security_group" "this" {
  vpc_id = aws_vpc.this.id
  tags   = merge(local.tags, { Name = "${var.name}-unused" })
}

resource "aws_default_network_acl" "this" {
  default_network_acl_id = aws_vpc.this.default_network_acl_id
  tags                   = merge(local.tags, { Name = "${var.name}-unused" })

  lifecycle {
    # AWS puts a subnet here before it gets the list of its tier.
    ignore_changes = [subnet_ids]
  }
}

resource "aws_default_route_table" "this" {
  default_route_table_id = aws_vpc.this.default_route_table_id
  route                  = []
  tags                   = merge(local.tags, { Name = "${var.name}-unused" })
}

# Without peers and destinations, it has no route out of the VPC but the one to S3.
resource "aws_route_table" "private" {
  vpc_id = aws_vpc.this.id
  tags   = merge(local.tags, { Name = "${var.name}-private", tier = "private" })
}

resource "aws_route_table_association" "private" {
  for_each = local.private

  subnet_id      = aws_subnet.this[each.key].id
  route_table_id = aws_route_table.private.id
}

# To what is outside the fleet. Each gateway is attached to the VPC already.
resource "aws_route" "destination" {
  for_each = merge([
    for destination in var.destinations : {
      for cidr in destination.cidrs : cidr => destination.gateway if destination.gateway != null
    }
  ]...)

  route_table_id            = aws_route_table.private.id
  destination_cidr_block    = each.key
  transit_gateway_id        = startswith(each.value, "tgw-") ? each.value : null
  gateway_id                = startswith(each.value, "vgw-") ? each.value : null
  vpc_peering_connection_id = startswith(each.value, "pcx-") ? each.value : null
}

resource "aws_internet_gateway" "this" {
  vpc_id = aws_vpc.this.id
  tags   = merge(local.tags, { Name = var.name })
}

# A regional gateway has no subnet, so no subnet of the proxy has to be public.
# https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateways-regional.html
resource "aws_nat_gateway" "this" {
  vpc_id            = aws_vpc.this.id
  availability_mode = "regional"
  connectivity_type = "public"
  tags              = merge(local.tags, { Name = var.name })

  depends_on = [aws_internet_gateway.this]
}

resource "aws_route_table" "proxy" {
  vpc_id = aws_vpc.this.id
  tags   = merge(local.tags, { Name = "${var.name}-proxy" })
}

resource "aws_route" "proxy_to_internet" {
  route_table_id         = aws_route_table.proxy.id
  destination_cidr_block = "0.0.0.0/0"
  nat_gateway_id         = aws_nat_gateway.this.id
}

resource "aws_route_table_association" "proxy" {
  for_each = local.by_tier.proxy

  subnet_id      = aws_subnet.this[each.key].id
  route_table_id = aws_route_table.proxy.id
}

resource "aws_route_table" "edge" {
  count = local.has_edge ? 1 : 0

  vpc_id = aws_vpc.this.id
  tags   = merge(local.tags, { Name = "${var.name}-edge" })
}

resource "aws_route" "edge_to_internet" {
  count = local.has_edge ? 1 : 0

  route_table_id         = aws_route_table.edge[0].id
  destination_cidr_block = "0.0.0.0/0"
  gateway_id             = aws_internet_gateway.this.id
}

resource "aws_route_table_association" "edge" {
  for_each = local.by_tier.edge

  subnet_id      = aws_subnet.this[each.key].id
  route_table_id = aws_route_table.edge[0].id
}

# Where machines find the proxy, by a name that does not depend on AWS.
resource "aws_route53_zone" "this" {
  # checkov:skip=CKV2_AWS_38: DNSSEC is for public zones. This one is private.
  # checkov:skip=CKV2_AWS_39: Query logs are for public zones. The resolver logs the queries of the network.
  name    = var.zone_name
  comment = "Private names of ${var.name}"
  tags    = merge(local.tags, { Name = var.name })

  vpc {
    vpc_id = aws_vpc.this.id
  }
}

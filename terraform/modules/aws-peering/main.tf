# A peering of two networks of one account: the connection, its acceptance, and the routes of machines and builds on both
# sides. Proxies and public load balancers get none.

locals {
  tags = merge(var.tags, { Name = "${var.name}-${var.peer.name}" })
}

data "aws_vpc" "peer" {
  region = var.peer.region
  tags   = { Name = var.peer.name }
}

data "aws_route_table" "peer" {
  region = var.peer.region
  vpc_id = data.aws_vpc.peer.id
  tags   = { network = var.peer.name, tier = "private" }
}

resource "aws_vpc_peering_connection" "this" {
  vpc_id      = var.vpc_id
  peer_vpc_id = data.aws_vpc.peer.id
  peer_region = var.peer.region
  tags        = local.tags
}

resource "aws_vpc_peering_connection_accepter" "this" {
  region                    = var.peer.region
  vpc_peering_connection_id = aws_vpc_peering_connection.this.id
  auto_accept               = true
  tags                      = local.tags
}

resource "aws_route" "to_peer" {
  route_table_id            = var.route_table_id
  destination_cidr_block    = var.peer.cidr
  vpc_peering_connection_id = aws_vpc_peering_connection_accepter.this.vpc_peering_connection_id
}

resource "aws_route" "from_peer" {
  region                    = var.peer.region
  route_table_id            = data.aws_route_table.peer.id
  destination_cidr_block    = var.cidr
  vpc_peering_connection_id = aws_vpc_peering_connection_accepter.this.vpc_peering_connection_id
}

# The security group of machines that build images. It lets nothing in: Packer's session starts from the machine.

data "aws_ec2_managed_prefix_list" "s3" {
  count = local.builds ? 1 : 0

  name = "com.amazonaws.${var.region}.s3"
}

locals {
  builds = length(local.by_tier.build) > 0
  build_egress = local.builds ? {
    endpoints = { description = "Endpoints", port = 443, cidr = var.cidr, prefix_list = null }
    proxy     = { description = "The proxy", port = var.proxy_port, cidr = var.cidr, prefix_list = null }
    s3        = { description = "S3, through its endpoint", port = 443, cidr = null, prefix_list = data.aws_ec2_managed_prefix_list.s3[0].id }
  } : {}
}

resource "aws_security_group" "build" {
  # checkov:skip=CKV2_AWS_5: Packer attaches it to the machines that it starts.
  count = local.builds ? 1 : 0

  # Templates of image builds name it.
  name        = "${var.name}-build"
  description = "Machines that build images in ${var.name}"
  vpc_id      = aws_vpc.this.id
  tags        = merge(local.tags, { Name = "${var.name}-build" })
}

resource "aws_vpc_security_group_egress_rule" "build" {
  for_each = local.build_egress

  security_group_id = aws_security_group.build[0].id
  description       = each.value.description
  ip_protocol       = "tcp"
  from_port         = each.value.port
  to_port           = each.value.port
  cidr_ipv4         = each.value.cidr
  prefix_list_id    = each.value.prefix_list
  tags              = local.tags
}
